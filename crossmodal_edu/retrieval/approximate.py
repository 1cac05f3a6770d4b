"""An index of FAISS behind the seam: exact as it stands, and the door to approximate ones."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.errors import extra
from crossmodal_edu.retrieval.index import REBUILD, Named
from crossmodal_edu.retrieval.ranking import Found, check_k
from crossmodal_edu.saving import reading, written_aside

with extra("scale"):
    import faiss as _faiss

faiss: Any = _faiss  # its own types do not know its own arguments


class FaissIndex(Named):
    """Vectors with names in an index of FAISS.

    Parameters
    ----------
    dimension : int
        Numbers per vector.

    Notes
    -----
    Used in Chapter 14. Douze et al. (2024), "The Faiss library".

    Examples
    --------
    >>> index = FaissIndex(dimension=2)
    >>> index.add(["bag", "boot"], torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
    >>> index.search(torch.tensor([[0.1, 1.0]]), k=1).ids
    (('boot',),)
    """

    def __init__(self, dimension: int):
        super().__init__(dimension)
        # FAISS knows numbers, not names; a number is never given twice.
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._name: dict[int, str] = {}

    def add(self, ids: Sequence[str], vectors: Float[Tensor, "n d"]) -> None:
        """Appends named vectors; as :meth:`ExactIndex.add`."""
        units = self._units(vectors, self._names(ids, held=False))
        if len(ids):
            first = 1 + max(self._number.values(), default=-1)
            numbers = np.arange(first, first + len(ids))
            self._index.add_with_ids(units.numpy(), numbers)
            self._number.update(zip(ids, numbers.tolist(), strict=True))
            self._name.update(zip(numbers.tolist(), ids, strict=True))

    def remove(self, ids: Sequence[str]) -> None:
        """Takes named vectors out; as :meth:`ExactIndex.remove`."""
        gone = [self._number[name] for name in self._names(ids, held=True)]
        self._index.remove_ids(np.array(gone, dtype=np.int64))
        for name in ids:
            del self._name[self._number.pop(name)]

    def get(self, ids: Sequence[str]) -> Float[Tensor, "n d"]:
        """The unit vectors of some names, in their order."""
        rows = [self._index.reconstruct(self._number[name]) for name in self._names(ids, held=True)]
        return torch.from_numpy(np.stack(rows)) if rows else torch.empty(0, self.dimension)

    def search(self, vectors: Float[Tensor, "q d"], k: int, allowed: Collection[str] | None = None) -> Found:
        """The k nearest vectors of each query; as :meth:`ExactIndex.search`."""
        check_k(k)
        units = self._units(vectors)
        k, selected = min(k, len(self)), None
        if allowed is not None:
            numbers = np.array([self._number[n] for n in set(allowed) if n in self._number], dtype=np.int64)
            k, selected = min(k, len(numbers)), faiss.SearchParameters(sel=faiss.IDSelectorBatch(numbers))
        if not k or not len(units):
            return Found(((),) * len(units), torch.empty(len(units), 0))
        scores, found = self._index.search(units.numpy(), k, params=selected)
        ids = tuple(tuple(self._name[number] for number in row) for row in found.tolist())
        return Found(ids, torch.from_numpy(scores).clamp(-1, 1))

    def save(self, folder: Path) -> None:
        """Writes ``numbers.json`` and ``index.faiss``."""
        with written_aside(folder / "numbers.json") as fresh:
            fresh.write_text(json.dumps(self._number, ensure_ascii=False), encoding="utf-8")
        with written_aside(folder / "index.faiss") as fresh:
            faiss.serialize_index(self._index).tofile(fresh)

    @classmethod
    def load(cls, folder: Path) -> FaissIndex:
        """Reads what :meth:`save` wrote.

        Raises
        ------
        StorageError
            If a file is missing, is not what its name says, or the two do not fit together.
        """
        with reading(folder, "an index that can be read", "numbers.json and index.faiss.", REBUILD):
            numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
            found = faiss.deserialize_index(np.fromfile(folder / "index.faiss", dtype=np.uint8))
            if set(faiss.vector_to_array(found.id_map).tolist()) != set(numbers.values()):
                raise ValueError("numbers.json does not fit index.faiss")
            index = cls(found.d)
            index._index, index._number = found, numbers
            index._name = {number: name for name, number in numbers.items()}
        return index
