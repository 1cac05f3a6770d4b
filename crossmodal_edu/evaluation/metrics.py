"""Measures of a ranking, one value per query: precision, recall, F1, MRR, mAP, nDCG.

All of them follow from the ranks of the relevant items, which
:mod:`crossmodal_edu.evaluation.relevance` finds. Every measure but nDCG takes a
grade above 0 as relevant. They return one value per query, so that an interval
can be taken over the queries.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

from crossmodal_edu.errors import MetricError
from crossmodal_edu.evaluation.relevance import Ranked, Relevance, locate


def precision_at_k(ranking: Ranked, relevant: Relevance, k: int) -> Float[np.ndarray, "q"]:
    """The share of the first k items that is relevant.

    Divides by k, also where fewer than k items are relevant: a query with one
    relevant item reaches 1/k at best.

    Parameters
    ----------
    ranking : Ranking, (q, k') positions, or RelevantRanks
        Best first.
    relevant : one entry per query
        Positions, or positions with grades.
    k : int
        How many of the first items to look at, 1 ≤ k ≤ k'.

    Returns
    -------
    (q,)
        From 0 to 1.

    Raises
    ------
    MetricError
        If a query has no relevant item, ``k`` is out of range, or a ranking names an item twice.

    Notes
    -----
    Chapter 16. Manning, Raghavan, Schütze (2008), section 8.4.

    Examples
    --------
    >>> precision_at_k(np.array([[4, 1, 3]]), [{1, 3, 8}], k=2)
    array([0.5])
    """
    found = locate(ranking, relevant, k)
    return found.n_found / k


def recall_at_k(ranking: Ranked, relevant: Relevance, k: int) -> Float[np.ndarray, "q"]:
    """R@K: the share of a query's relevant items that is among the first k.

    Divides by the number of relevant items, also where it exceeds k. Papers that
    have one relevant item per query call :func:`hit_at_k` by this name; with one
    relevant item the two agree.

    Parameters
    ----------
    ranking, relevant, k
        As :func:`precision_at_k`.

    Returns
    -------
    (q,)
        From 0 to 1.

    Raises
    ------
    MetricError
        As :func:`precision_at_k`.

    Notes
    -----
    Chapter 16. Manning, Raghavan, Schütze (2008), section 8.4.

    Examples
    --------
    >>> recall_at_k(np.array([[4, 1, 3]]), [{1, 3, 8, 9}], k=2)
    array([0.25])
    """
    found = locate(ranking, relevant, k)
    return found.n_found / found.n_relevant


def hit_at_k(ranking: Ranked, relevant: Relevance, k: int) -> Float[np.ndarray, "q"]:
    """Hit@K: 1 if any relevant item is among the first k, else 0.

    Parameters
    ----------
    ranking, relevant, k
        As :func:`precision_at_k`.

    Returns
    -------
    (q,)
        0 or 1.

    Raises
    ------
    MetricError
        As :func:`precision_at_k`.

    Notes
    -----
    Chapter 16.

    Examples
    --------
    >>> hit_at_k(np.array([[4, 1, 3]]), [{1, 3, 8}], k=2)
    array([1.])
    """
    found = locate(ranking, relevant, k)
    return (found.n_found > 0).astype(np.float64)


def f1_at_k(ranking: Ranked, relevant: Relevance, k: int) -> Float[np.ndarray, "q"]:
    """The harmonic mean of precision and recall at k: 2 · found / (k + relevant).

    Parameters
    ----------
    ranking, relevant, k
        As :func:`precision_at_k`.

    Returns
    -------
    (q,)
        From 0 to 1; 0 where nothing relevant is found.

    Raises
    ------
    MetricError
        As :func:`precision_at_k`.

    Notes
    -----
    Chapter 16. Van Rijsbergen (1979), chapter 7.

    Examples
    --------
    >>> f1_at_k(np.array([[4, 1, 3]]), [{1, 3}], k=2)
    array([0.5])
    """
    found = locate(ranking, relevant, k)
    return 2 * found.n_found / (k + found.n_relevant)


def accuracy_at_k(ranking: Ranked, relevant: Relevance, k: int, n_gallery: int) -> Float[np.ndarray, "q"]:
    """The share of all n yes-or-no decisions that are right, when the first k are called relevant.

    Counts true positives and true negatives over the whole gallery. With one
    right product in 40,000 it is 0.9998 for a search that never finds it, which
    is why nobody should measure a search by it.

    Parameters
    ----------
    ranking, relevant, k
        As :func:`precision_at_k`.
    n_gallery : int
        Items in the gallery.

    Returns
    -------
    (q,)
        From 0 to 1.

    Raises
    ------
    MetricError
        As :func:`precision_at_k`, or if the gallery is smaller than ``k`` or
        than a query's relevant items.

    Notes
    -----
    Used in Chapter 16.

    Examples
    --------
    >>> accuracy_at_k(np.array([[4, 1, 3]]), [{2}], k=3, n_gallery=40_000)
    array([0.9999])
    """
    found = locate(ranking, relevant, k)
    if n_gallery < max(k, int(found.n_relevant.max())):
        told = f"The gallery is said to have {n_gallery} items, fewer than are ranked or relevant."
        raise MetricError(told, accepted="the number of items that were searched.")
    right = found.n_found
    wrong = (k - right) + (found.n_relevant - right)  # called relevant and is not; is relevant and was missed
    return 1 - wrong / n_gallery


def reciprocal_rank(ranking: Ranked, relevant: Relevance, k: int | None = None) -> Float[np.ndarray, "q"]:
    """One over the rank of the first relevant item; its mean over queries is MRR.

    Parameters
    ----------
    ranking, relevant
        As :func:`precision_at_k`.
    k : int, optional
        Look at the first k items only; without it, at all that are ranked.

    Returns
    -------
    (q,)
        1 for the first place, 1/2 for the second …; 0 where no relevant item is
        within reach. On a list cut at 10 the mean is therefore MRR@10.

    Raises
    ------
    MetricError
        As :func:`precision_at_k`.

    Notes
    -----
    Chapter 16. Voorhees (1999), "The TREC-8 question answering track report".

    Examples
    --------
    >>> reciprocal_rank(np.array([[4, 1, 3], [0, 1, 2]]), [{1, 3}, {9}])
    array([0.5, 0. ])
    """
    found = locate(ranking, relevant, k)
    first = np.full(len(found.n_relevant), np.inf)
    np.minimum.at(first, found.queries, found.ranks)
    return 1 / first


def average_precision(ranking: Ranked, relevant: Relevance, k: int | None = None) -> Float[np.ndarray, "q"]:
    """The mean of the precisions at each relevant item; its mean over queries is mAP.

    Divides by the number of all relevant items, so that each one not found
    counts as a precision of 0. (Some libraries divide by those found, or by k.)

    Parameters
    ----------
    ranking, relevant
        As :func:`precision_at_k`.
    k : int, optional
        Look at the first k items only; without it, at all that are ranked.

    Returns
    -------
    (q,)
        From 0 to 1.

    Raises
    ------
    MetricError
        As :func:`precision_at_k`.

    Notes
    -----
    Chapter 16. Manning, Raghavan, Schütze (2008), equation 8.8.

    Examples
    --------
    >>> average_precision(np.array([[1, 4, 3]]), [{1, 3, 8}])  # (1/1 + 2/3 + 0) / 3
    array([0.55555556])
    """
    found = locate(ranking, relevant, k)
    # The i-th relevant item, found at rank r, has i relevant ones among the first r.
    precisions = found.order_by(found.ranks) / found.ranks
    return found.sums(precisions) / found.n_relevant


def ndcg_at_k(
    ranking: Ranked,
    relevant: Relevance,
    k: int | None = None,
    gain: Literal["linear", "exponential"] = "linear",
) -> Float[np.ndarray, "q"]:
    """nDCG: the grades found, discounted by rank, over the best that were possible.

    DCG is the sum of gain / log₂(1 + rank) over the first k. It is divided by the
    DCG of the ideal ranking: all relevant items, the highest grade first, cut at
    k as well.

    Parameters
    ----------
    ranking, relevant
        As :func:`precision_at_k`. A set gives every item the grade 1.
    k : int, optional
        Look at the first k items only; without it, at all that are ranked.
    gain : {"linear", "exponential"}
        The gain of a grade g: g itself (Järvelin and Kekäläinen), or 2ᵍ − 1
        (Burges), which favours the highest grades.

    Returns
    -------
    (q,)
        From 0 to 1.

    Raises
    ------
    MetricError
        As :func:`precision_at_k`, or for another ``gain``.

    Notes
    -----
    Chapter 16. Järvelin and Kekäläinen (2002), ACM TOIS 20(4), with the discount
    of Burges et al. (2005), which discounts the second place, too.

    Examples
    --------
    >>> ndcg_at_k(np.array([[4, 1, 3]]), [{1: 1.0, 3: 0.5}])  # (1/1.585 + 0.5/2) / (1/1 + 0.5/1.585)
    array([0.66967182])
    """
    if gain not in ("linear", "exponential"):
        raise MetricError(f"The gain is {gain!r}.", accepted='"linear" or "exponential".')
    found = locate(ranking, relevant, k)
    gains = found.grades if gain == "linear" else np.exp2(found.grades) - 1
    reached = found.sums(gains / np.log2(1 + found.ranks))
    ideal_ranks = found.order_by(-found.grades).astype(np.float64)
    ideal_ranks[ideal_ranks > found.k] = np.inf
    return reached / found.sums(gains / np.log2(1 + ideal_ranks))
