"""One space for all modalities without a network: directions that vary together, and ridge regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.linear import LinearSpace
from crossmodal_edu.spaces.space import Features, check_fitted, paired


def whiten(
    vectors: Float[Tensor, "n d"], regularisation: float
) -> tuple[Float[Tensor, "n r"], Float[Tensor, "d r"]]:
    """Turn a centred table and stretch it, so that its columns are uncorrelated and vary alike.

    Parameters
    ----------
    vectors : (n, d)
        Each column with the mean 0; n may be less than d.
    regularisation : float
        Added to the variance of each direction, in units of the mean variance of a column. At 0 a
        direction in which the vectors hardly vary comes out as strong as any other; the larger the
        number, the weaker it stays.

    Returns
    -------
    whitened, matrix
        The table in r columns, as many as there are directions in which it varies, and the matrix
        with which it was multiplied.

    Notes
    -----
    Chapter 09. Vinod (1976) for the constant that is added.

    Examples
    --------
    >>> table = torch.tensor([[3.0, 1.0], [3.0, -1.0], [-3.0, 1.0], [-3.0, -1.0]])
    >>> white, matrix = whiten(table, 0.0)
    >>> torch.allclose(white.T @ white, torch.eye(2), atol=1e-5)
    True
    """
    left, strengths, directions = torch.linalg.svd(vectors, full_matrices=False)
    varies = strengths > 1e-6 * strengths[0]
    variances = strengths[varies] ** 2  # n times
    added = regularisation * variances.sum() / vectors.shape[1]
    scale = 1 / (variances + added).sqrt()
    matrix = directions[varies].T * scale  # (d, r)
    return left[:, varies] * strengths[varies] * scale, matrix


def centred(
    features: Mapping[Modality, Features],
) -> tuple[dict[Modality, Float[Tensor, "1 _"]], dict[Modality, Float[Tensor, "n _"]]]:
    """The means of the products that have all modalities, and their vectors less these.

    Returns
    -------
    means, tables
        (1, d) and (n, d) for each modality; the tables in double precision, row i of all the same product.

    Raises
    ------
    SpaceError
        If there are fewer than two modalities, or as :func:`~crossmodal_edu.spaces.space.paired`.

    Notes
    -----
    Chapter 09.
    """
    _check_modalities(features)
    _, vectors = paired(features)
    means = {side: some.mean(dim=0, keepdim=True) for side, some in vectors.items()}
    tables = {side: some.double() - means[side].double() for side, some in vectors.items()}
    return means, tables


class CorrelationSpace(LinearSpace):
    """The directions along which modalities vary together: CCA for two, MAXVAR for more.

    Component j of two modalities is what they agree on best among all that is uncorrelated with the
    components before it. A component counts as much as it is correlated.

    Parameters
    ----------
    dimensions : int
        Components, at most as many as the vectors of each modality vary in.
    regularisation : float
        As for :func:`whiten`. At 0, few products in many dimensions are correlated perfectly, and new
        ones not at all.

    Raises
    ------
    SpaceError
        If the regularisation is negative.

    Notes
    -----
    Chapter 09. Hotelling (1936) for two modalities, Kettenring (1971) for more;
    ``correlations`` holds those of the components, after fitting.

    Examples
    --------
    >>> hidden = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    >>> ids = [f"p{i}" for i in range(20)]
    >>> words, pictures = Features(hidden, ids), Features(hidden.cumsum(1), ids)
    >>> space = CorrelationSpace(2, 0.0).fit({Modality.TEXT: words, Modality.IMAGE: pictures})
    >>> same = space.embed(Modality.TEXT, words.vectors) - space.embed(Modality.IMAGE, pictures.vectors)
    >>> bool(same.abs().max() < 1e-3)
    True
    """

    def __init__(self, dimensions: int, regularisation: float = 0.1):
        super().__init__(dimensions)
        _check_not_negative("regularisation", regularisation)
        self.regularisation = regularisation

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> CorrelationSpace:
        """Whiten each modality, then find what the whitened ones share by one decomposition.

        Raises
        ------
        SpaceError
            If there are fewer than two modalities, too few products, or fewer directions in one of
            the modalities than components are asked for.
        """
        self.means, tables = centred(features)
        white, matrices = {}, {}
        for side, table in tables.items():
            white[side], matrices[side] = whiten(table, self.regularisation)
            _check_directions(side, matrices[side], self.dimensions)
        if len(white) == 2:
            one, other = white.values()
            left, correlations, right = torch.linalg.svd(one.T @ other, full_matrices=False)
            turns = dict(zip(white, (left, right.T), strict=True))
        else:
            stacked = torch.cat(list(white.values()), dim=1)  # (n, all r)
            _, strengths, right = torch.linalg.svd(stacked, full_matrices=False)
            widths = [table.shape[1] for table in white.values()]
            turns = dict(zip(white, right.T.split(widths), strict=True))
            own = sum((white[side] @ turns[side]).square().sum(dim=0) for side in white)
            correlations = (strengths**2 - own).clamp(min=0) / (len(white) - 1)
        self.correlations = correlations[: self.dimensions]
        for side, turn in turns.items():
            components = matrices[side] @ turn[:, : self.dimensions]
            self.maps[side] = (components * self.correlations).float()
        return self


class RidgeSpace(LinearSpace):
    """The space of one modality, into which a matrix for each other one predicts.

    Parameters
    ----------
    target : Modality
        Whose vectors are predicted; they themselves are only centred.
    penalty : float
        As the regularisation of :func:`whiten`: the larger, the more careful the predictions.

    Raises
    ------
    SpaceError
        If the penalty is negative.

    Notes
    -----
    Chapter 09. Hoerl and Kennard (1970), equation 2.1. ``dimensions`` are the target's, known after fitting.

    Examples
    --------
    >>> ids = ["a", "b", "c"]
    >>> words = Features(torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]]), ids)
    >>> pictures = Features(10 * words.vectors.flip(1), ids)
    >>> space = RidgeSpace(Modality.TEXT, 0.0).fit({Modality.TEXT: words, Modality.IMAGE: pictures})
    >>> same = space.embed(Modality.TEXT, words.vectors) - space.embed(Modality.IMAGE, pictures.vectors)
    >>> bool(same.abs().max() < 1e-3)
    True
    """

    def __init__(self, target: Modality = Modality.TEXT, penalty: float = 0.1):
        super().__init__(1)
        _check_not_negative("penalty", penalty)
        self.target, self.penalty = target, penalty

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> RidgeSpace:
        """Find the matrices that predict the target best, by least squares with a penalty on their size.

        Raises
        ------
        SpaceError
            If there are fewer than two modalities, the target is none of them, or too few products.
        """
        check_fitted(self.target, features)
        self.means, tables = centred(features)
        goal = tables[self.target]
        self.dimensions = goal.shape[1]
        for side, table in tables.items():
            if side == self.target:
                self.maps[side] = torch.eye(self.dimensions)
            else:
                white, matrix = whiten(table, self.penalty)
                self.maps[side] = (matrix @ (white.T @ goal)).float()
        return self


def _check_modalities(features: Mapping[Modality, Features]) -> None:
    if len(features) < 2:
        raise SpaceError(
            f"Features of {len(features)} modality were given.",
            accepted="two modalities or more: a common space is learned from what they share.",
        )


def _check_not_negative(name: str, value: float) -> None:
    if not value >= 0:  # NaN is not either
        raise SpaceError(f"The {name} is {value}.", accepted="0 or more; 0.1 is a good start.")


def _check_directions(modality: Modality, matrix: Tensor, dimensions: int) -> None:
    if matrix.shape[1] < dimensions:
        raise SpaceError(
            f"{dimensions} components were asked for, and the vectors of {modality.value} vary in "
            f"{matrix.shape[1]} directions.",
            accepted=f"1 to {matrix.shape[1]}." if matrix.shape[1] else "vectors that are not all the same.",
            remedy="Ask for fewer, or fit on more products.",
        )
