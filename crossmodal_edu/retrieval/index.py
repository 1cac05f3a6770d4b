"""An exact index: unit vectors in one matrix, searched by one matrix product."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from crossmodal_edu.errors import RankingError, StorageError
from crossmodal_edu.retrieval.ranking import Ranking, as_tensor, check_k, nearest, normalise
from crossmodal_edu.saving import new_generation, read_generation

_FORMAT = 1
_CHUNK = 256  # queries at a time: 256 × 41,323 scores are 42 MB


class Index:
    """Vectors with names, searched exactly by cosine.

    Positions count from 0 in the order of adding; removing moves the later ones up.

    Parameters
    ----------
    dimension : int
        Numbers per vector.

    Raises
    ------
    RankingError
        If ``dimension`` is below 1.

    Notes
    -----
    Chapter 14.

    Examples
    --------
    >>> index = Index(dimension=2)
    >>> index.add(["bag", "boot", "belt"], torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]))
    >>> index.search(torch.tensor([[0.1, 1.0]]), k=2).indices
    tensor([[1, 2]])
    >>> index.remove(["bag"])
    >>> index.ids
    ('boot', 'belt')
    """

    def __init__(self, dimension: int):
        if dimension < 1:
            raise RankingError(f"The dimension is {dimension}.", accepted="1 or more numbers per vector.")
        self._ids: dict[str, None] = {}  # a set that keeps its order
        self._names: tuple[str, ...] | None = ()
        self._rows = torch.empty(0, dimension)  # the first len(self) are in use, the rest is room to grow

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, name: str) -> bool:
        return name in self._ids

    @property
    def dimension(self) -> int:
        """Numbers per vector."""
        return self._rows.shape[1]

    @property
    def ids(self) -> tuple[str, ...]:
        """The names, by position."""
        if self._names is None:
            self._names = tuple(self._ids)
        return self._names

    @property
    def vectors(self) -> Float[Tensor, "n d"]:
        """The unit vectors, by position; to read, not to write."""
        return self._rows[: len(self)]

    def add(self, ids: Sequence[str], vectors: Float[Tensor, "n d"]) -> None:
        """Appends named vectors; either all of them or, on an error, none.

        The matrix doubles when it is full, so that adding n vectors one by one
        copies each of them about twice and not n times.

        Parameters
        ----------
        ids : n names
            Each once, and none that the index holds already.
        vectors : (n, d)
            Any lengths; stored as float32 at length one. A zero vector is
            allowed and scores 0 against everything.

        Raises
        ------
        RankingError
            For a name twice, a wrong shape, or numbers that are NaN or infinite.

        Notes
        -----
        Chapter 14.
        """
        names, vectors = _checked_names(ids), as_tensor(vectors)
        if vectors.shape != (len(names), self.dimension):
            raise RankingError(
                f"{len(names)} names came with vectors of shape {tuple(vectors.shape)}.",
                accepted=f"shape ({len(names)}, {self.dimension}), one row per name.",
                remedy="Embed the products with the space that this index was made for.",
            )
        held = [name for name in names if name in self._ids]
        if held:
            raise RankingError(
                f"The index already holds {held[0]!r}" + (f" and {len(held) - 1} more." if held[1:] else "."),
                accepted="names that are not in the index.",
                remedy="Remove them first to replace them.",
            )
        if not names:
            return
        units = normalise(vectors.detach().to("cpu", torch.float32))
        old, new = len(self), len(self) + len(names)
        if new > len(self._rows):
            grown = torch.empty(max(new, 2 * len(self._rows)), self.dimension)
            grown[:old] = self._rows[:old]
            self._rows = grown
        self._rows[old:new] = units
        self._ids.update(dict.fromkeys(names))
        self._names = None

    def remove(self, ids: Sequence[str]) -> None:
        """Takes named vectors out; the others keep their order and close ranks.

        Parameters
        ----------
        ids : names
            Each once, all of them in the index.

        Raises
        ------
        RankingError
            If a name is not in the index, which then stays as it was.

        Notes
        -----
        Chapter 14.
        """
        names = _checked_names(ids)
        unknown = [name for name in names if name not in self._ids]
        if unknown:
            raise RankingError(
                f"The index does not hold {unknown[0]!r}"
                + (f" nor {len(unknown) - 1} more." if unknown[1:] else "."),
                accepted="names in the index.",
                remedy="Look in index.ids.",
            )
        gone = set(names)
        keep = torch.tensor([name not in gone for name in self._ids], dtype=torch.bool)
        self._rows = self.vectors[keep]
        self._ids = {name: None for name in self._ids if name not in gone}
        self._names = None

    def search(
        self,
        queries: Float[Tensor, "q d"],
        k: int,
        among: Sequence[int] | Int[np.ndarray, "m"] | Int[Tensor, "m"] | None = None,
    ) -> Ranking:
        """The k nearest vectors of each query by cosine, best first.

        Parameters
        ----------
        queries : (q, d)
            Any lengths.
        k : int
            How many, 1 or more. Where there are fewer candidates, all of them
            come: the result has min(k, candidates) columns, none for an empty index.
        among : positions, optional
            Only these are candidates, as left by a filter; order and repetition
            do not matter. An item scores the same with a filter as without.

        Returns
        -------
        Ranking
            Positions in the index and cosines; equal cosines in the order of
            positions. Equal vectors have equal cosines.

        Raises
        ------
        RankingError
            If ``k`` is below 1, a position does not exist, or the queries have
            another dimension or numbers that are NaN or infinite.

        Notes
        -----
        Chapter 14.
        """
        queries = as_tensor(queries)
        if queries.ndim != 2 or queries.shape[1] != self.dimension:
            raise RankingError(
                f"Queries of shape {tuple(queries.shape)} do not fit this index.",
                accepted=f"shape (q, {self.dimension}).",
                remedy="Embed the query with the space that this index was made for.",
            )
        check_k(k)
        columns = None if among is None else self._candidates(among)
        candidates = len(self) if columns is None else len(columns)
        if not candidates or not len(queries):
            nothing = torch.empty(len(queries), min(k, candidates))
            return Ranking(nothing.to(torch.int64), nothing)
        units = normalise(queries.detach().to("cpu", torch.float32))
        if columns is None:
            return nearest(units, self.vectors, min(k, candidates), _CHUNK)
        found = nearest(units, self.vectors[columns], min(k, candidates), _CHUNK)
        return Ranking(columns[found.indices], found.scores)

    def save(self, folder: str | Path) -> None:
        """Saves to a folder; killed at any moment, the folder still holds what it held before.

        Parameters
        ----------
        folder : path
            Made if it does not exist.

        Raises
        ------
        StorageError
            If the disk refuses.

        Notes
        -----
        Chapter 14.
        """
        with new_generation(folder, check=self.read) as fresh:
            self.write(fresh)

    @classmethod
    def load(cls, folder: str | Path) -> Index:
        """Loads what :meth:`save` saved.

        Parameters
        ----------
        folder : path
            As given to :meth:`save`.

        Raises
        ------
        StorageError
            If nothing is there, or it was altered, cut short, or made by a newer version.

        Notes
        -----
        Chapter 14.
        """
        return read_generation(folder, cls.read)

    def write(self, folder: str | Path) -> None:
        """Writes ``vectors.safetensors`` and ``ids.json`` plainly, as part of a larger save.

        Parameters
        ----------
        folder : path
            Made if it does not exist; usually inside a :func:`new_generation`.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        folder = Path(folder)
        content = {"format": _FORMAT, "dimension": self.dimension, "ids": self.ids}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "ids.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            save_file({"vectors": self.vectors.contiguous()}, folder / "vectors.safetensors")
        except (OSError, SafetensorError, UnicodeEncodeError) as error:
            raise StorageError(
                f"The index cannot be written to {folder}: {error}.",
                accepted="a folder with permission to write and enough space.",
                remedy="Choose another folder, or make room.",
            ) from error

    @classmethod
    def read(cls, folder: str | Path) -> Index:
        """Reads what :meth:`write` wrote.

        Parameters
        ----------
        folder : path
            As given to :meth:`write`.

        Raises
        ------
        StorageError
            If a file is missing, is not what its name says, or the two do not fit together.
        """
        folder = Path(folder)
        try:
            content = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
            vectors = load_file(folder / "vectors.safetensors")["vectors"]
            if content["format"] != _FORMAT:
                raise ValueError(f"its format is {content['format']!r}, this version reads {_FORMAT}")
            ids, shape = content["ids"], (len(content["ids"]), content["dimension"])
            if tuple(vectors.shape) != shape or vectors.dtype != torch.float32:
                raise ValueError(f"ids.json asks for {shape}, the vectors are {tuple(vectors.shape)}")
            index = cls(content["dimension"])
            index.add(ids, vectors)
            index._rows = vectors  # to the bit as saved: a second normalising may move the last digit
        except (
            OSError,
            SafetensorError,
            ValueError,
            KeyError,
            TypeError,
            RankingError,
            RecursionError,
        ) as error:
            raise StorageError(
                f"{folder} does not hold an index that can be read: {error}",
                accepted="ids.json and vectors.safetensors as they were saved.",
                remedy="Build the index again and save it.",
            ) from error
        return index

    def _candidates(self, among: Sequence[int] | np.ndarray | Tensor) -> Int[Tensor, "m"]:
        positions = np.asarray(among.cpu() if isinstance(among, Tensor) else among)
        if not positions.size:
            return torch.empty(0, dtype=torch.int64)
        whole = positions.ndim == 1 and np.issubdtype(positions.dtype, np.integer)
        if not whole or positions.min() < 0 or positions.max() >= len(self):
            raise RankingError(
                "The positions to search among do not all exist in this index.",
                accepted=f"whole numbers from 0 to {len(self) - 1}." if len(self) else "an index with items.",
                remedy="Positions change when items are removed: take them anew. "
                "Of a mask take np.flatnonzero(mask).",
            )
        # In ascending order, so that equal scores keep the order of the gallery.
        return torch.from_numpy(np.unique(positions).astype(np.int64))


def _checked_names(ids: Sequence[str]) -> list[str]:
    if isinstance(ids, str) or not all(isinstance(name, str) for name in ids):
        raise RankingError(
            "Names are given as one string, or are not all strings.",
            accepted='a list of strings, such as ["p-001", "p-002"].',
        )
    if len(set(ids)) < len(ids):
        twice = next(name for position, name in enumerate(ids) if name in ids[:position])
        raise RankingError(f"The name {twice!r} is given twice.", accepted="every name once.")
    return list(ids)
