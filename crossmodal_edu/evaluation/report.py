"""One table of all measures, each with its interval and beside chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from crossmodal_edu.evaluation import intervals, metrics
from crossmodal_edu.evaluation.intervals import Estimate
from crossmodal_edu.evaluation.relevance import Ranked, Relevance, RelevantRanks, depth_of


@dataclass(frozen=True)
class Report:
    """What was measured, each with its interval, and what chance would give.

    Parameters
    ----------
    measures : mapping of name to Estimate
        "R@1", "Hit@1", …, "MRR", "mAP", "nDCG@10".
    chance : mapping of name to float
        The same measures for a ranking by dice, where there is a formula and
        the size of the gallery is known.
    n_queries : int
        How many queries.
    n_gallery : int or None
        Items in the gallery, if known.

    Notes
    -----
    Used in Chapter 16.
    """

    measures: Mapping[str, Estimate]
    chance: Mapping[str, float]
    n_queries: int
    n_gallery: int | None

    def __getitem__(self, name: str) -> Estimate:
        return self.measures[name]

    def __str__(self) -> str:
        lines = [
            f"{name:<8} {estimate}" + (f"   chance {self.chance[name]:.4f}" if name in self.chance else "")
            for name, estimate in self.measures.items()
        ]
        return "\n".join(lines)


def evaluate_ranking(
    ranking: Ranked,
    relevant: Relevance,
    grades: Relevance | None = None,
    ks: Sequence[int] = (1, 5, 10),
    n_gallery: int | None = None,
    confidence: float = 0.95,
    samples: int = 1000,
    rng: int = 0,
) -> Report:
    """R@K, Hit@K, MRR, mAP and nDCG@10, each with a bootstrap interval over queries.

    Parameters
    ----------
    ranking : Ranking, (q, k) positions, or RelevantRanks
        Best first, at least ``max(10, *ks)`` items long. MRR and mAP look at all
        of it: where it is cut at 100 they are named MRR@100 and mAP@100. For a
        whole gallery without sorting it, give :func:`rank_relevant`, of
        ``grades`` if there are any.
    relevant : one entry per query
        Positions that are right.
    grades : one entry per query, optional
        Position → grade, for nDCG alone; without it, ``relevant`` is used.
    ks : ints
        The cut-offs of R@K and Hit@K.
    n_gallery : int, optional
        Items in the gallery, for the chance values; known already if
        ``ranking`` is a RelevantRanks.
    confidence, samples : float, int
        As :func:`~crossmodal_edu.evaluation.intervals.bootstrap_interval`.
    rng : int
        Seed; every measure draws the same queries.

    Returns
    -------
    Report
        ``report["R@10"].value`` and so on; printing it gives a table.

    Raises
    ------
    MetricError
        As the measures and :func:`~crossmodal_edu.evaluation.intervals.bootstrap_interval`.

    Notes
    -----
    Used in Chapter 16.

    Examples
    --------
    >>> right = [{item} for item in range(20)]
    >>> first_two_swapped = np.array([[(item + 1) % 20, item, *(np.arange(item + 2, item + 20) % 20)]
    ...                               for item in range(20)])
    >>> report = evaluate_ranking(first_two_swapped, right, ks=(1, 10), n_gallery=20)
    >>> print(report)
    R@1      0.000 (0.000–0.000)   chance 0.0500
    Hit@1    0.000 (0.000–0.000)   chance 0.0500
    R@10     1.000 (1.000–1.000)   chance 0.5000
    Hit@10   1.000 (1.000–1.000)   chance 0.5000
    MRR      0.500 (0.500–0.500)
    mAP      0.500 (0.500–0.500)   chance 0.1799
    nDCG@10  0.631 (0.631–0.631)
    """
    depth = depth_of(ranking)
    if isinstance(ranking, RelevantRanks):
        n_gallery = depth
    cut = "" if depth == n_gallery else f"@{depth}"
    counts = [len(entry) for entry in relevant]
    values: dict[str, np.ndarray] = {}
    chance: dict[str, float] = {}
    for k in ks:
        values[f"R@{k}"] = metrics.recall_at_k(ranking, relevant, k)
        values[f"Hit@{k}"] = metrics.hit_at_k(ranking, relevant, k)
        if n_gallery is not None:
            chance[f"R@{k}"] = intervals.chance_recall_at_k(n_gallery, k)
            chance[f"Hit@{k}"] = _mean_by_count(counts, partial(intervals.chance_hit_at_k, n_gallery, k))
    values[f"MRR{cut}"] = metrics.reciprocal_rank(ranking, relevant)
    values[f"mAP{cut}"] = metrics.average_precision(ranking, relevant)
    # A gallery of fewer than ten is seen whole, and so the same measure.
    most = 10 if cut else min(10, depth)
    values["nDCG@10"] = metrics.ndcg_at_k(ranking, relevant if grades is None else grades, most)
    if not cut:
        chance["mAP"] = _mean_by_count(counts, partial(intervals.chance_average_precision, depth))
    settings = confidence, samples, rng
    measures = {name: intervals.bootstrap_interval(value, *settings) for name, value in values.items()}
    return Report(measures, chance, len(relevant), n_gallery)


def _mean_by_count(counts: list[int], chance: Callable[[int], float]) -> float:
    different, times = np.unique(counts, return_counts=True)
    return float(np.average([chance(int(count)) for count in different], weights=times))
