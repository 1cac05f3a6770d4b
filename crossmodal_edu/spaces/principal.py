"""Principal components of each modality alone: a smaller space for each, and no two of them aligned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.saving import written_aside
from crossmodal_edu.spaces.space import Features, check_dimensions


class PrincipalComponents:
    """The directions in which the vectors of a modality differ most, found for each modality alone.

    Words find words and pictures find pictures; the first component of words has nothing to do
    with that of pictures, so the two cannot be compared.

    Parameters
    ----------
    dimensions : int
        Components that are kept, at most as many as each modality has numbers and rows.

    Notes
    -----
    Used in Chapter 09. Pearson (1901); Hotelling (1933).

    Examples
    --------
    >>> rows = torch.tensor([[0.0, 0.0], [2.0, 0.1], [4.0, -0.1]])
    >>> space = PrincipalComponents(1).fit({Modality.TEXT: Features(rows, ["a", "b", "c"])})
    >>> space.embed(Modality.TEXT, rows[[0, 2]])[:, 0].prod()  # the two ends lie in opposite directions
    tensor(-1.)
    >>> space.aligned(Modality.TEXT, Modality.IMAGE)
    False
    """

    def __init__(self, dimensions: int):
        self.dimensions = dimensions
        self.means: dict[Modality, Float[Tensor, "1 d"]] = {}
        self.directions: dict[Modality, Float[Tensor, "d k"]] = {}

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> PrincipalComponents:
        """Centre each modality, and find its directions by one decomposition.

        Raises
        ------
        SpaceError
            If a modality has fewer numbers or rows than components are asked for.
        """
        for modality, given in features.items():
            if min(given.vectors.shape) < self.dimensions or self.dimensions < 1:
                raise SpaceError(
                    f"{self.dimensions} components were asked for of {modality.value}, whose vectors are "
                    f"{tuple(given.vectors.shape)}.",
                    accepted="from 1 to the smaller of the two.",
                    remedy="Ask for fewer, or fit on more products.",
                )
            mean = given.vectors.mean(dim=0, keepdim=True)
            _, _, directions = torch.linalg.svd(given.vectors - mean, full_matrices=False)  # rows of (r, d)
            self.means[modality], self.directions[modality] = mean, directions[: self.dimensions].T
        return self

    def embed(self, modality: Modality, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Where vectors lie along the directions, at length one.

        Raises
        ------
        SpaceError
            If the space was not fitted on the modality, or on vectors of another size.
        """
        if modality not in self.means:
            raise SpaceError(
                f"The space was not fitted on {modality.value}.",
                accepted=", ".join(self.means) + ".",
                remedy="Give fit() features of this modality too.",
            )
        check_dimensions(modality, vectors, self.means[modality].shape[1])
        return F.normalize((vectors - self.means[modality]) @ self.directions[modality])

    def aligned(self, one: Modality, other: Modality) -> bool:
        """Only a modality with itself."""
        return one == other

    def save(self, folder: Path) -> None:
        """Write the means and the directions."""
        parts = {f"{side}.mean": mean for side, mean in self.means.items()}
        parts |= {f"{side}.directions": some.contiguous() for side, some in self.directions.items()}
        with written_aside(folder / "components.safetensors") as fresh:
            save_file(parts, fresh)

    @classmethod
    def load(cls, folder: Path) -> PrincipalComponents:
        """Read what :meth:`save` wrote.

        Raises
        ------
        SpaceError
            If it is not there, or damaged.
        """
        try:
            parts = load_file(folder / "components.safetensors")
            sides = [Modality(name.removesuffix(".mean")) for name in parts if name.endswith(".mean")]
            space = cls(parts[f"{sides[0]}.directions"].shape[1])
            for side in sides:
                space.means[side] = parts[f"{side}.mean"]
                space.directions[side] = parts[f"{side}.directions"]
        except (OSError, ValueError, IndexError, KeyError, SafetensorError) as error:
            raise SpaceError(f"{folder} does not hold principal components: {error}") from error
        return space
