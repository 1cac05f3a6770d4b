"""How far to trust a mean over queries: the bootstrap, paired differences, and chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from crossmodal_edu.errors import MetricError

_BLOCK = 4_000_000  # values drawn at a time: 32 MB


@dataclass(frozen=True)
class Estimate:
    """A mean and the interval it may lie in.

    Parameters
    ----------
    value : float
        The mean over the queries.
    low, high : float
        The ends of the interval.
    n : int
        How many queries it rests on.

    Notes
    -----
    Used in Chapter 16.

    Examples
    --------
    >>> print(Estimate(0.8231, 0.8012, 0.8449, 500))
    0.823 (0.801–0.845)
    >>> print(Estimate(-0.012, -0.030, 0.006, 500))
    -0.012 (-0.030 to 0.006)
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        between = "–" if self.low >= 0 else " to "
        return f"{self.value:.3f} ({self.low:.3f}{between}{self.high:.3f})"


def bootstrap_interval(
    values: Float[np.ndarray, "q"],
    confidence: float = 0.95,
    samples: int = 1000,
    rng: np.random.Generator | int = 0,
) -> Estimate:
    """The mean of a measure over queries, with its percentile bootstrap interval.

    Draws q queries with replacement, takes their mean, does so ``samples``
    times, and cuts off the same share of the means at both ends. It says how
    much the mean would move with other queries of the same kind; not what other
    products, or another training run, would do.

    Parameters
    ----------
    values : (q,)
        One value per query, q ≥ 2.
    confidence : float
        The share of the means inside, between 0 and 1.
    samples : int
        How often to draw; 1,000 place the ends of a 95 % interval to within
        about a tenth of its width.
    rng : Generator or int
        Where the draws come from; the same seed gives the same interval.

    Returns
    -------
    Estimate
        The mean of ``values`` itself, and the interval.

    Raises
    ------
    MetricError
        For fewer than two values, a NaN or infinite one, or a confidence outside 0…1.

    Notes
    -----
    Used in Chapter 16. Efron and Tibshirani (1993), chapter 13.

    Examples
    --------
    >>> print(bootstrap_interval(np.array([1.0, 0.0, 1.0, 1.0] * 250)))
    0.750 (0.723–0.777)
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise MetricError(
            f"No interval can be taken over values of shape {values.shape}, too few, NaN or infinite.",
            accepted="one finite number per query, two queries or more.",
            remedy="Evaluate on more queries, and leave out those without a relevant item.",
        )
    if not 0 < confidence < 1 or samples < 1:
        told = f"The confidence is {confidence}, the number of samples {samples}."
        raise MetricError(told, accepted="a confidence between 0 and 1, such as 0.95, and 1 sample or more.")
    generator = np.random.default_rng(rng)
    means = np.empty(samples)
    block = max(1, _BLOCK // len(values))
    for start in range(0, samples, block):
        some = means[start : start + block]
        some[:] = values[generator.integers(len(values), size=(len(some), len(values)))].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(float(values.mean()), float(low), float(high), len(values))


def paired_difference(
    first: Float[np.ndarray, "q"],
    second: Float[np.ndarray, "q"],
    confidence: float = 0.95,
    samples: int = 1000,
    rng: np.random.Generator | int = 0,
) -> Estimate:
    """How much better the first of two systems is on the same queries.

    A hard query is hard for both. Taking the difference query by query removes
    that shared part, so that this interval is often much narrower than those of
    the two means. The systems differ, at this confidence, if it leaves out 0.

    Parameters
    ----------
    first, second : (q,)
        The same measure of the same queries in the same order.
    confidence, samples, rng
        As :func:`bootstrap_interval`.

    Returns
    -------
    Estimate
        The mean of ``first − second``, and its interval.

    Raises
    ------
    MetricError
        If the two are not of one shape, or as :func:`bootstrap_interval`.

    Notes
    -----
    Used in Chapter 16. Sakai (2006), "Evaluating evaluation metrics based on the bootstrap", SIGIR.

    Examples
    --------
    >>> before = np.linspace(0.1, 0.7, 50)
    >>> print(paired_difference(before + 0.25, before))
    0.250 (0.250–0.250)
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape:
        told = f"Values of shapes {first.shape} and {second.shape} are not pairs."
        raise MetricError(told, accepted="two measurements of the same queries, in the same order.")
    return bootstrap_interval(first - second, confidence, samples, rng)


def chance_recall_at_k(n_gallery: int, k: int) -> float:
    """The R@K of a ranking by dice: k / n.

    How many items are relevant makes no difference, since R@K is the share of
    them that is found.

    Parameters
    ----------
    n_gallery : int
        Items in the gallery.
    k : int
        Items looked at, 1 ≤ k ≤ n.

    Returns
    -------
    float
        The expected R@K.

    Raises
    ------
    MetricError
        If ``k`` is outside 1…n.

    Notes
    -----
    Chapter 16.

    Examples
    --------
    >>> chance_recall_at_k(500, 10)
    0.02
    """
    _check_counts(n_gallery, k, 1)
    return k / n_gallery


def chance_hit_at_k(n_gallery: int, k: int, n_relevant: int = 1) -> float:
    """The Hit@K of a ranking by dice: 1 − C(n − m, k) / C(n, k).

    Parameters
    ----------
    n_gallery : int
        Items in the gallery, n.
    k : int
        Items looked at, 1 ≤ k ≤ n.
    n_relevant : int
        Relevant items of the query, m, 1 ≤ m ≤ n.

    Returns
    -------
    float
        The probability that at least one relevant item is among the first k.

    Raises
    ------
    MetricError
        If ``k`` or ``n_relevant`` is outside 1…n.

    Notes
    -----
    Chapter 16. The hypergeometric distribution.

    Examples
    --------
    >>> round(chance_hit_at_k(10, 2, n_relevant=3), 4)
    0.5333
    """
    _check_counts(n_gallery, k, n_relevant)
    # One factor per relevant item: it, too, lies among the n − k places not looked at.
    places = n_gallery - np.arange(n_relevant)
    return float(1 - np.prod(np.maximum(places - k, 0) / places))


def chance_average_precision(n_gallery: int, n_relevant: int = 1) -> float:
    """The average precision of a ranking by dice.

    It is (H + (m − 1) / (n − 1) · (n − H)) / n, with H = 1 + 1/2 + … + 1/n; for one
    relevant item H / n, which is the chance MRR, too.

    Parameters
    ----------
    n_gallery : int
        Items in the gallery, n.
    n_relevant : int
        Relevant items of the query, m, 1 ≤ m ≤ n.

    Returns
    -------
    float
        The expected average precision over the whole gallery.

    Raises
    ------
    MetricError
        If ``n_relevant`` is outside 1…n.

    Notes
    -----
    Chapter 16. Bestgen (2015), "Exact expected average precision of the random baseline".

    Examples
    --------
    >>> round(chance_average_precision(2), 4)
    0.75
    """
    _check_counts(n_gallery, 1, n_relevant)
    harmonic = float(np.sum(1 / np.arange(1, n_gallery + 1)))
    others = (n_relevant - 1) / (n_gallery - 1) if n_gallery > 1 else 0.0
    return (harmonic + others * (n_gallery - harmonic)) / n_gallery


def _check_counts(n_gallery: int, k: int, n_relevant: int) -> None:
    if not (1 <= k <= n_gallery and 1 <= n_relevant <= n_gallery):
        told = f"{n_gallery} items in the gallery, {n_relevant} relevant, {k} looked at: that cannot be."
        raise MetricError(told, accepted="at least one of each, and no more than the gallery holds.")
