"""Principal components of each modality alone: a smaller space for each, and no two of them aligned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.linear import LinearSpace
from crossmodal_edu.spaces.space import Features, paired


class PrincipalComponents(LinearSpace):
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

    joint: ClassVar[bool] = False

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> PrincipalComponents:
        """Centre each modality, and find its directions by one decomposition.

        Raises
        ------
        SpaceError
            If a modality has fewer numbers or rows than components are asked for, or holds NaN.
        """
        for modality, given in features.items():
            vectors = paired({modality: given})[1][modality]
            if min(vectors.shape) < self.dimensions:
                raise SpaceError(
                    f"{self.dimensions} components were asked for of {modality.value}, whose vectors are "
                    f"{tuple(vectors.shape)}.",
                    accepted="from 1 to the smaller of the two.",
                    remedy="Ask for fewer, or fit on more products.",
                )
            mean = vectors.mean(dim=0, keepdim=True)
            _, _, directions = torch.linalg.svd(vectors - mean, full_matrices=False)  # rows of (r, d)
            self.means[modality], self.maps[modality] = mean, directions[: self.dimensions].T
        return self
