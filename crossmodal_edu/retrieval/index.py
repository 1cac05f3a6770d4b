"""The seam *index*: vectors with names, searched by cosine; and the exact one, a single matrix product."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor

from crossmodal_edu.errors import RankingError
from crossmodal_edu.retrieval.ranking import Found, as_tensor, check_k, nearest, normalise
from crossmodal_edu.saving import reading, written_aside

_FORMAT = 1
REBUILD = "Build the index again and save it."


@runtime_checkable
class Index(Protocol):
    """Named unit vectors of one size, searched by cosine.

    ``ids`` are the names in the order of adding. ``add(ids, vectors)`` appends all or none, and
    refuses a name that is there; ``remove(ids)`` takes all out or none, and refuses one that is not
    there; ``get(ids)`` gives (n, dimension) unit vectors in the order asked for.
    ``search(vectors, k, allowed=None)`` gives for each of (q, dimension) vectors the
    min(k, candidates) nearest, best first, and their cosines; ``allowed`` are the names that are
    candidates. Equal scores may come in any order. ``save(folder)`` writes to a folder, and the
    class method ``load(folder)`` reads it. What cannot be done raises RankingError, a folder that
    cannot be read StorageError.

    Notes
    -----
    Used in Chapter 14.
    """

    @property
    def dimension(self) -> int: ...
    @property
    def ids(self) -> tuple[str, ...]: ...
    def __len__(self) -> int: ...
    def __contains__(self, name: object, /) -> bool: ...
    def add(self, ids: Sequence[str], vectors: Float[Tensor, "n d"]) -> None: ...
    def remove(self, ids: Sequence[str]) -> None: ...
    def get(self, ids: Sequence[str]) -> Float[Tensor, "n d"]: ...
    def search(
        self, vectors: Float[Tensor, "q d"], k: int, allowed: Collection[str] | None = None
    ) -> Found: ...
    def save(self, folder: Path) -> None: ...
    @classmethod
    def load(cls, folder: Path) -> Index: ...


class Named:
    """What the indexes of this package share: their names, each with a number, and what they refuse.

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
    Used in Chapter 14.
    """

    def __init__(self, dimension: int):
        if dimension < 1:
            raise RankingError(f"The dimension is {dimension}.", accepted="1 or more numbers per vector.")
        self.dimension = dimension
        self._number: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._number)

    def __contains__(self, name: object) -> bool:
        return name in self._number

    @property
    def ids(self) -> tuple[str, ...]:
        """The names, in the order of adding."""
        return tuple(self._number)

    def _names(self, ids: Sequence[str], held: bool) -> list[str]:
        """Names, each of which the index holds, or none."""
        if isinstance(ids, str) or not all(isinstance(name, str) for name in ids):
            told = "Names are given as one string, or are not all strings."
            raise RankingError(told, accepted='a list of strings, such as ["p-001", "p-002"].')
        if len(set(ids)) < len(ids):
            twice = next(name for position, name in enumerate(ids) if name in ids[:position])
            raise RankingError(f"The name {twice!r} is given twice.", accepted="every name once.")
        wrong = [name for name in ids if (name in self) != held]
        if wrong:
            more = f" and {len(wrong) - 1} more." if wrong[1:] else "."
            raise RankingError(
                f"The index {'does not hold' if held else 'already holds'} {wrong[0]!r}{more}",
                accepted=f"names that are {'' if held else 'not '}in the index.",
                remedy="Look in index.ids." if held else "Remove them first to replace them.",
            )
        return list(ids)

    def _units(self, vectors: Any, ids: Sequence[str] | None = None) -> Float[Tensor, "n d"]:
        """Vectors in single precision at length one, if they fit the index and each name has one."""
        vectors = as_tensor(vectors)
        n = "q" if ids is None else len(ids)
        if vectors.shape[1:] != (self.dimension,) or n not in ("q", len(vectors)):
            given = "The queries are" if ids is None else f"{n} names came with vectors"
            raise RankingError(
                f"{given} of shape {tuple(vectors.shape)}.",
                accepted=f"shape ({n}, {self.dimension}), one row for each.",
                remedy="Embed them with the space that this index was made for.",
            )
        return normalise(vectors.detach().to("cpu", torch.float32))


class ExactIndex(Named):
    """Vectors with names, searched exactly by cosine.

    Equal vectors have equal cosines, and come in the order in which they were added.

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
    >>> index = ExactIndex(dimension=2)
    >>> index.add(["bag", "boot", "belt"], torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]))
    >>> index.search(torch.tensor([[0.1, 1.0]]), k=2).ids
    (('boot', 'belt'),)
    >>> index.remove(["bag"])
    >>> index.ids
    ('boot', 'belt')
    """

    def __init__(self, dimension: int):
        super().__init__(dimension)
        self._vectors = torch.empty(0, dimension)  # the first len(self) rows are in use, the rest is room

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
        """
        units = self._units(vectors, self._names(ids, held=False))
        old, new = len(self), len(self) + len(ids)
        if new > len(self._vectors):
            grown = torch.empty(max(new, 2 * len(self._vectors)), self.dimension)
            grown[:old] = self._vectors[:old]
            self._vectors = grown
        self._vectors[old:new] = units
        self._number.update(zip(ids, range(old, new), strict=True))

    def remove(self, ids: Sequence[str]) -> None:
        """Takes named vectors out; the others keep their order and close ranks.

        Raises
        ------
        RankingError
            If a name is given twice or is not in the index, which then stays as it was.
        """
        gone = set(self._names(ids, held=True))
        kept = {name: row for name, row in self._number.items() if name not in gone}
        self._vectors = self._vectors[list(kept.values())]
        self._number = {name: row for row, name in enumerate(kept)}

    def get(self, ids: Sequence[str]) -> Float[Tensor, "n d"]:
        """The unit vectors of some names, in their order.

        Raises
        ------
        RankingError
            If a name is given twice or is not in the index.
        """
        return self._vectors[[self._number[name] for name in self._names(ids, held=True)]]

    def search(self, vectors: Float[Tensor, "q d"], k: int, allowed: Collection[str] | None = None) -> Found:
        """The k nearest vectors of each query by cosine, best first.

        Parameters
        ----------
        vectors : (q, d)
            Any lengths.
        k : int
            How many, 1 or more. Where there are fewer candidates, all of them come.
        allowed : names, optional
            Only these are candidates, as left by a filter; those that the index does not hold are
            passed over. An item scores the same with a filter as without.

        Returns
        -------
        Found

        Raises
        ------
        RankingError
            If ``k`` is below 1, or the queries have another dimension or numbers that are NaN or
            infinite.
        """
        check_k(k)
        units, names, gallery = self._units(vectors), self.ids, self._vectors[: len(self)]
        if allowed is not None:
            rows = sorted(self._number[name] for name in set(allowed) if name in self._number)
            names, gallery = [names[row] for row in rows], gallery[rows]
        if not len(gallery) or not len(units):
            return Found(((),) * len(units), torch.empty(len(units), 0))
        ranking = nearest(units, gallery, min(k, len(gallery)))
        return Found(tuple(tuple(names[i] for i in row) for row in ranking.indices.tolist()), ranking.scores)

    def save(self, folder: Path) -> None:
        """Writes ``ids.json`` and ``vectors.safetensors``.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        content = {"format": _FORMAT, "dimension": self.dimension, "ids": self.ids}
        with written_aside(folder / "ids.json") as fresh:
            fresh.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        with written_aside(folder / "vectors.safetensors") as fresh:
            save_file({"vectors": self._vectors[: len(self)].contiguous()}, fresh)

    @classmethod
    def load(cls, folder: Path) -> ExactIndex:
        """Reads what :meth:`save` wrote.

        Raises
        ------
        StorageError
            If a file is missing, is not what its name says, or the two do not fit together.
        """
        with reading(folder, "an index that can be read", "ids.json and vectors.safetensors.", REBUILD):
            content = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
            vectors = load_file(folder / "vectors.safetensors")["vectors"]
            if content["format"] != _FORMAT:
                raise ValueError(f"its format is {content['format']!r}, this version reads {_FORMAT}")
            ids, shape = content["ids"], (len(content["ids"]), content["dimension"])
            if tuple(vectors.shape) != shape or vectors.dtype != torch.float32:
                raise ValueError(f"ids.json asks for {shape}, the vectors are {tuple(vectors.shape)}")
            index = cls(content["dimension"])
            index.add(ids, vectors)
            index._vectors = vectors  # to the bit as saved: a second normalising may move the last digit
        return index
