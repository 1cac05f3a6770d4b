"""Spaces that are made of matrices: each modality less its mean, times a matrix of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.saving import reading, written_aside
from crossmodal_edu.spaces.space import Features, check_dimensions, check_fitted


class LinearSpace:
    """What spaces of matrices share; each has a ``fit`` of its own, which fills ``means`` and ``maps``.

    ``joint`` says whether vectors of different modalities may be compared.

    Parameters
    ----------
    dimensions : int
        Numbers per vector of the space.

    Raises
    ------
    SpaceError
        If that is no number from 1 on.

    Notes
    -----
    Used in Chapter 09.
    """

    joint: ClassVar[bool] = True

    def __init__(self, dimensions: int):
        if dimensions < 1:
            raise SpaceError(f"{dimensions} dimensions were asked for.", accepted="1 or more.")
        self.dimensions = dimensions
        self.means: dict[Modality, Float[Tensor, "1 d"]] = {}
        self.maps: dict[Modality, Float[Tensor, "d k"]] = {}

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> LinearSpace:
        """Learn a mean and a matrix for each modality."""
        raise NotImplementedError

    def embed(self, modality: Modality, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Where vectors of a modality lie in the space, at length one.

        Raises
        ------
        SpaceError
            If the space was not fitted on the modality, or on vectors of another size.
        """
        check_fitted(modality, self.maps)
        check_dimensions(modality, vectors, len(self.maps[modality]))
        return F.normalize((vectors.float() - self.means[modality]) @ self.maps[modality])

    def aligned(self, one: Modality, other: Modality) -> bool:
        """A modality with itself, and if the space is joint, each that it was fitted on with each other."""
        return one == other or (self.joint and {one, other} <= self.maps.keys())

    def save(self, folder: Path) -> None:
        """Write the means and the matrices."""
        parts = {f"{side}.mean": mean.contiguous() for side, mean in self.means.items()}
        parts |= {f"{side}.map": matrix.contiguous() for side, matrix in self.maps.items()}
        parts["dimensions"] = torch.tensor(self.dimensions)
        with written_aside(folder / "space.safetensors") as fresh:
            save_file(parts, fresh)

    @classmethod
    def load(cls, folder: Path) -> LinearSpace:
        """Read what :meth:`save` wrote.

        Raises
        ------
        SpaceError
            If it is not there, or damaged.
        """
        space = cls.__new__(cls)  # what only fit() needs is not kept
        with reading(
            folder, f"a {cls.__name__}", "what one save() wrote.", "Fit and save it again.", SpaceError
        ):
            parts = load_file(folder / "space.safetensors")
            LinearSpace.__init__(space, int(parts.pop("dimensions")))
            for name, value in parts.items():
                side, kind = name.split(".")
                {"mean": space.means, "map": space.maps}[kind][Modality(side)] = value
        return space
