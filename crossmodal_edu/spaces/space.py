"""The seam *space*: vectors of several modalities become vectors that can be compared, or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality


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
        try:
            return cls(int((folder / "dimensions.txt").read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise SpaceError(f"{folder} does not hold a space: {error}") from error


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
