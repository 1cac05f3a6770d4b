"""The seam *space*: vectors of several modalities become vectors that can be compared, or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.saving import reading


@dataclass(frozen=True, eq=False)
class Features:
    """What an encoder made of one modality, and of which product each row is.

    Parameters
    ----------
    vectors : (n, d)
    ids : n of str
        Products may be missing, and have several rows, as several captions of one picture.

    Raises
    ------
    SpaceError
        If the two are not of one length.

    Notes
    -----
    Used in Chapter 09.
    """

    vectors: Float[Tensor, "n d"]
    ids: Sequence[str]

    def __post_init__(self) -> None:
        if len(self.vectors) != len(self.ids):
            raise SpaceError(
                f"{len(self.vectors)} vectors came with {len(self.ids)} ids.",
                accepted="one id for each vector, that of its product.",
            )


@runtime_checkable
class EmbeddingSpace(Protocol):
    """Whatever brings the vectors of several encoders to where they can be compared.

    ``fit(features, labels=None)`` learns from products that have several modalities, and returns
    the space; ``labels`` may hold a kind for each id. ``embed(modality, vectors)`` takes (n, d) of
    one encoder and gives (n, dimensions) of length one (or zero). ``aligned(one, other)`` says
    whether vectors of two modalities may be compared, or of one with itself.

    One that is to be saved has ``save(folder)`` and a class method ``load(folder)`` as well.

    Notes
    -----
    Used in Chapter 09.
    """

    @property
    def dimensions(self) -> int: ...
    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> EmbeddingSpace: ...
    def embed(self, modality: Modality, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]: ...
    def aligned(self, one: Modality, other: Modality) -> bool: ...


class SharedSpace:
    """The space of encoders that were trained together: nothing is left to do but the length.

    Parameters
    ----------
    dimensions : int
        Numbers per vector, the same for all encoders.

    Notes
    -----
    Used in Chapter 12.

    Examples
    --------
    >>> import torch
    >>> SharedSpace(2).embed(Modality.TEXT, torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """

    def __init__(self, dimensions: int):
        self.dimensions = dimensions

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> SharedSpace:
        """Itself: its encoders have learned already."""
        return self

    def embed(self, modality: Modality, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """The same directions, at length one."""
        check_dimensions(modality, vectors, self.dimensions)
        return F.normalize(vectors)

    def aligned(self, one: Modality, other: Modality) -> bool:
        """All modalities may be compared."""
        return True

    def save(self, folder: Path) -> None:
        """Write how many dimensions it has."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dimensions.txt").write_text(f"{self.dimensions}\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SharedSpace:
        """Read what :meth:`save` wrote."""
        with reading(
            folder, f"a {cls.__name__}", "what one save() wrote.", "Fit and save it again.", SpaceError
        ):
            return cls(int((folder / "dimensions.txt").read_text(encoding="utf-8")))


def paired(
    features: Mapping[Modality, Features], least: int = 2
) -> tuple[list[str], dict[Modality, Float[Tensor, "n _"]]]:
    """Rows that belong together: row i of all modalities is the same product.

    A product that lacks one of the modalities is left out. Where it has several vectors of one, as
    five captions of a picture, it has as many rows, and its vectors of the others come again.

    Parameters
    ----------
    features : mapping of Modality to Features
    least : int
        How many products there have to be.

    Returns
    -------
    ids, vectors
        The product of each row, and for each modality (n, d) in single precision.

    Raises
    ------
    SpaceError
        If there are fewer products that have all modalities, or a vector holds NaN or infinity.

    Notes
    -----
    Used in Chapter 09.

    Examples
    --------
    >>> words = Features(torch.tensor([[1.0], [2.0], [3.0]]), ["bag", "bag", "shoe"])
    >>> pictures = Features(torch.tensor([[7.0], [8.0], [9.0]]), ["shoe", "bag", "hat"])
    >>> ids, vectors = paired({Modality.TEXT: words, Modality.IMAGE: pictures})
    >>> ids, vectors[Modality.IMAGE].flatten()
    (['bag', 'bag', 'shoe'], tensor([8., 8., 7.]))
    """
    rows: dict[Modality, dict[str, list[int]]] = {}
    for modality, given in features.items():
        if given.vectors.ndim != 2 or not torch.isfinite(given.vectors).all():
            raise SpaceError(
                f"The vectors of {modality.value}, {tuple(given.vectors.shape)}, are no table, or hold NaN.",
                accepted="finite numbers of shape (n, d).",
                remedy="Look at what the encoder was given: an empty picture, a silent sound.",
            )
        rows[modality] = {}
        for row, id in enumerate(given.ids):
            rows[modality].setdefault(id, []).append(row)
    common = [id for id in next(iter(rows.values()), {}) if all(id in some for some in rows.values())]
    if len(common) < least:
        told = ", ".join(f"{len(some)} of {modality.value}" for modality, some in rows.items())
        raise SpaceError(
            f"{len(common)} products have all modalities, of {told or 'none'}.",
            accepted=f"{least} products or more; a product has the same id in each modality.",
            remedy="Give the ids of products, and fit on more of them.",
        )
    times = {id: max(len(some[id]) for some in rows.values()) for id in common}
    ids = list(Counter(times).elements())
    vectors = {
        modality: features[modality]
        .vectors[[some[id][i % len(some[id])] for id in common for i in range(times[id])]]
        .float()
        for modality, some in rows.items()
    }
    return ids, vectors


def check_fitted(modality: Modality, fitted: Collection[Any]) -> None:
    """Refuse a modality that a space was never fitted on.

    Raises
    ------
    SpaceError
        With those that it knows.

    Notes
    -----
    Used in Chapter 09.
    """
    if modality not in fitted:
        raise SpaceError.unknown(
            f"The space was not fitted on {modality.value}.",
            map(str, fitted),
            "Give fit() features of this modality too.",
        )


def check_dimensions(modality: Modality, vectors: Tensor, dimensions: int) -> None:
    """Refuse vectors that another encoder made.

    Raises
    ------
    SpaceError
        If they have another number of columns.

    Notes
    -----
    Used in Chapter 09.
    """
    if vectors.ndim != 2 or vectors.shape[1] != dimensions:
        raise SpaceError(
            f"Vectors of shape {tuple(vectors.shape)} came as those of {modality.value}.",
            accepted=f"shape (n, {dimensions}).",
            remedy="Embed them by the encoder with which the space was fitted.",
        )
