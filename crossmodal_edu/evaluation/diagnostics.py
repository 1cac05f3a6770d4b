"""What a space looks like from outside: matching pairs, the gap between modalities, hubs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from crossmodal_edu.errors import MetricError
from crossmodal_edu.retrieval.ranking import Ranking, normalise


@dataclass(frozen=True, eq=False)
class PairCosines:
    """The cosines of pairs that belong together, and of pairs that do not.

    Parameters
    ----------
    matching : (n,)
        One cosine per pair, in the order of the pairs.
    random : (m,)
        The cosines of pairs drawn from different products.

    Notes
    -----
    Chapter 02.

    Examples
    --------
    >>> pairs = PairCosines(np.array([0.9, 0.7]), np.array([0.1, 0.8]))
    >>> round(pairs.mean_matching, 3), round(pairs.mean_random, 3), pairs.auc
    (0.8, 0.45, 0.75)
    """

    matching: Float[np.ndarray, "n"]
    random: Float[np.ndarray, "m"]

    @property
    def mean_matching(self) -> float:
        """The mean cosine of matching pairs."""
        return float(self.matching.mean())

    @property
    def mean_random(self) -> float:
        """The mean cosine of random pairs."""
        return float(self.random.mean())

    @property
    def auc(self) -> float:
        """The probability that a matching pair is nearer than a random one; 0.5 is chance.

        A tie counts half (Mann and Whitney, 1947).
        """
        ordered = np.sort(self.random)
        below = np.searchsorted(ordered, self.matching, side="left")
        not_above = np.searchsorted(ordered, self.matching, side="right")
        return float((below + not_above).mean() / 2 / len(ordered))


def matching_and_random(
    first: Float[Tensor, "n d"],
    second: Float[Tensor, "n d"],
    draws: int = 20_000,
    rng: np.random.Generator | int = 0,
) -> PairCosines:
    """Are the two sides of a pair nearer to each other than to anyone else?

    Parameters
    ----------
    first, second : (n, d)
        Row i of both is the same product in two modalities; any lengths, n ≥ 2.
    draws : int
        How many random pairs (i, j), i ≠ j, to look at.
    rng : Generator or int
        Where the draws come from.

    Returns
    -------
    PairCosines
        The cosines, their means, and the AUC.

    Raises
    ------
    MetricError
        If the two are not of one shape, or have fewer than two rows.

    Notes
    -----
    Chapter 02. Two products that look and read alike count as a random pair here;
    where there are many, the AUC of a perfect space stays below 1.

    Examples
    --------
    >>> import torch
    >>> words = torch.eye(3)
    >>> matching_and_random(words, words).auc
    1.0
    """
    _check_pairs(first, second, draws)
    generator = np.random.default_rng(rng)
    first, second = (normalise(side.detach().cpu().double()) for side in (first, second))
    rows = generator.integers(len(first), size=draws)
    # A step of 1 to n − 1 around the circle of products ends at any product but the same one.
    others = (rows + generator.integers(1, len(first), size=draws)) % len(first)
    return PairCosines(
        matching=(first * second).sum(dim=1).numpy(),
        random=(first[rows] * second[others]).sum(dim=1).numpy(),
    )


def modality_gap(first: Float[Tensor, "n d"], second: Float[Tensor, "m d"]) -> float:
    """How far apart two modalities lie as clouds, whatever their pairs do.

    Parameters
    ----------
    first, second : (n, d), (m, d)
        The embeddings of two modalities; any lengths, brought to length one here.

    Returns
    -------
    float
        The distance between the two centroids, 0 (the clouds share a centre)
        to 2 (each is a single point, opposite the other).

    Raises
    ------
    MetricError
        If the dimensions differ, or one side is empty.

    Notes
    -----
    Chapter 02. Liang, Zhang, Kwon, Yeung, Zou (2022), "Mind the gap", NeurIPS, section 4.1.

    Examples
    --------
    >>> import torch
    >>> modality_gap(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]]))
    1.414...
    """
    _check_one_space(first, second)
    centres = [normalise(side.detach().double()).mean(dim=0) for side in (first, second)]
    return float((centres[0] - centres[1]).norm())


@dataclass(frozen=True, eq=False)
class Hubness:
    """How unevenly gallery items turn up in the answers.

    Parameters
    ----------
    occurrences : (n,)
        How many of the queries have each item among their first k.
    skewness : float
        The third standardised moment of ``occurrences``: near 0 when all items
        turn up about equally often, large when a few hubs turn up everywhere.

    Notes
    -----
    Used in Chapter 09.
    """

    occurrences: Int[np.ndarray, "n"]
    skewness: float

    @property
    def never(self) -> float:
        """The share of the gallery that no query finds."""
        return float((self.occurrences == 0).mean())


def hubness(ranking: Ranking, n: int) -> Hubness:
    """Do a few gallery items turn up for every query?

    In many dimensions some vectors are near to everything. They push right
    answers out of the first k.

    Parameters
    ----------
    ranking : Ranking
        The first k of each query.
    n : int
        Items in the gallery.

    Returns
    -------
    Hubness
        The k-occurrences and their skewness (0 when all are equal).

    Raises
    ------
    MetricError
        If the ranking is empty, or names a position outside 0…n − 1.

    Notes
    -----
    Used in Chapter 09. Radovanović, Nanopoulos, Ivanović (2010), "Hubs in space", JMLR 11, equation 1.

    Examples
    --------
    >>> import torch
    >>> everyone_finds_item_0 = Ranking(torch.zeros(5, 1, dtype=torch.int64), torch.ones(5, 1))
    >>> result = hubness(everyone_finds_item_0, n=4)
    >>> result.occurrences, round(result.skewness, 3), result.never
    (array([5, 0, 0, 0]), 1.155, 0.75)
    """
    found = ranking.indices.cpu().numpy().ravel()
    _check_positions(found, n)
    occurrences = np.bincount(found, minlength=n)
    deviation = occurrences - occurrences.mean()
    spread = np.sqrt((deviation**2).mean())
    skewness = float((deviation**3).mean() / spread**3) if spread > 0 else 0.0
    return Hubness(occurrences, skewness)


def _check_pairs(first: Tensor, second: Tensor, draws: int) -> None:
    if first.ndim != 2 or first.shape != second.shape or len(first) < 2 or draws < 1:
        shapes = f"{tuple(first.shape)} and {tuple(second.shape)}"
        accepted = "two tables of one shape (n, d), n ≥ 2, and 1 draw or more."
        raise MetricError(f"Vectors of shapes {shapes} are not pairs to compare.", accepted=accepted)


def _check_one_space(first: Tensor, second: Tensor) -> None:
    tables = first.ndim == second.ndim == 2
    if not tables or first.shape[1] != second.shape[1] or not len(first) or not len(second):
        told = f"No gap can be measured between shapes {tuple(first.shape)} and {tuple(second.shape)}."
        raise MetricError(told, accepted="two tables (n, d) and (m, d) with the same d, neither empty.")


def _check_positions(found: Int[np.ndarray, "qk"], n: int) -> None:
    if not found.size or found.min() < 0 or found.max() >= n:
        told = f"The ranking is empty, or names items outside a gallery of {n}."
        raise MetricError(told, accepted=f"positions from 0 to {n - 1}, in the gallery that was searched.")
