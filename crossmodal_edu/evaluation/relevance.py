"""Where the relevant items are: all that any measure of a ranking needs to know.

A ranking comes as one of three things (``Ranked``):

- a :class:`~crossmodal_edu.retrieval.ranking.Ranking`, or
- an integer array (q, k) of gallery positions, best first, or
- :class:`RelevantRanks`, made by :func:`rank_of_relevant` or
  :func:`rank_relevant` over a whole gallery without sorting it.

``Relevance`` is a sequence with one entry per query: a set (or list) of the
positions that are right, or a mapping from position to a grade above 0. A query
without a relevant item has no recall; it is refused, not counted as 0 or 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from crossmodal_edu.errors import MetricError
from crossmodal_edu.retrieval.ranking import Ranking, cosine_similarity

Relevance = Sequence[Collection[int | np.integer] | Mapping[int | np.integer, float]]


@dataclass(frozen=True, eq=False)
class RelevantRanks:
    """The places of the relevant items in rankings that go on to the gallery's end.

    One row per pair of a query and an item that is relevant to it, ordered by
    query, then by item.

    Parameters
    ----------
    queries, items : (m,)
        Which query, and which gallery position.
    ranks : (m,)
        The item's place, counted from 1.
    n_queries, depth : int
        How many queries there are, and how long each ranking is (the gallery).

    Notes
    -----
    Used in Chapter 16.
    """

    queries: Int[np.ndarray, "m"]
    items: Int[np.ndarray, "m"]
    ranks: Int[np.ndarray, "m"]
    n_queries: int
    depth: int


Ranked = Ranking | Int[np.ndarray, "q k"] | RelevantRanks


def rank_of_relevant(scores: Float[np.ndarray, "q n"], relevant: Relevance) -> RelevantRanks:
    """The ranks of the relevant items, by counting who is ahead of them.

    An item's rank is 1, plus how many items have a higher score, plus how many
    with the same score come before it in the gallery. Nothing is sorted: a
    query with few relevant items costs O(n) for each of them.

    Parameters
    ----------
    scores : (q, n)
        Larger is better; one column for each item of the gallery.
    relevant : one entry per query
        Positions, or positions with grades.

    Returns
    -------
    RelevantRanks
        To be given to any measure of this module in place of a ranking.

    Raises
    ------
    MetricError
        If a score is NaN, a query has no relevant item, or a position is outside the gallery.

    Notes
    -----
    Used in Chapter 16.

    Examples
    --------
    >>> rank_of_relevant(np.array([[0.9, 0.5, 0.7, 0.5]]), [{0, 3}]).ranks
    array([1, 4])
    """
    queries, items, _ = _pairs(relevant)
    if scores.ndim != 2 or len(scores) != len(relevant) or np.isnan(scores).any():
        told = f"Scores of shape {scores.shape} for {len(relevant)} queries, or some of them NaN."
        raise MetricError(told, accepted="one row of numbers per query, one column per gallery item.")
    n = scores.shape[1]
    if items.max(initial=0) >= n:
        told = f"Item {items.max()} is called relevant, the gallery has {n}."
        raise MetricError(told, accepted=f"positions from 0 to {n - 1}.")
    ranks = np.empty(len(items), dtype=np.int64)
    bounds = np.searchsorted(queries, np.arange(len(relevant) + 1))
    for row, start, end in zip(scores, bounds[:-1], bounds[1:], strict=True):
        mine = items[start:end]
        if len(mine) > 30:  # beyond this, one sort is cheaper than so many counts
            places = np.empty(n, dtype=np.int64)
            places[np.argsort(-row, kind="stable")] = np.arange(1, n + 1)
            ranks[start:end] = places[mine]
        else:
            ranks[start:end] = [
                1 + np.count_nonzero(row > row[item]) + np.count_nonzero(row[:item] == row[item])
                for item in mine
            ]
    return RelevantRanks(queries, items, ranks, len(relevant), n)


def rank_relevant(
    queries: Float[Tensor, "q d"], gallery: Float[Tensor, "n d"], relevant: Relevance, chunk: int = 256
) -> RelevantRanks:
    """The ranks of the relevant items by cosine, some queries at a time.

    Parameters
    ----------
    queries, gallery : (q, d), (n, d)
        Vectors of one space, of any length.
    relevant : one entry per query
        Positions, or positions with grades.
    chunk : int
        Queries at a time; chunk × n scores are in memory (256 × 41,323 are 42 MB).

    Returns
    -------
    RelevantRanks
        As :func:`rank_of_relevant` of all the cosines.

    Raises
    ------
    MetricError
        As :func:`rank_of_relevant`, or if ``chunk`` is below 1.
    RankingError
        As :func:`~crossmodal_edu.retrieval.ranking.cosine_similarity`.

    Notes
    -----
    Used in Chapter 16.

    Examples
    --------
    >>> import torch
    >>> rank_relevant(torch.tensor([[1.0, 0.0]]), torch.eye(2), [{1}]).ranks
    array([2])
    """
    if len(queries) != len(relevant) or chunk < 1:
        told = f"{len(queries)} queries, relevance for {len(relevant)}, {chunk} at a time."
        raise MetricError(told, accepted="one entry of relevance per query, 1 or more at a time.")
    rows, items, _ = _pairs(relevant)  # refuses an unusable entry by its own number, before the long work
    parts = []
    for start in range(0, len(queries), chunk):
        cosines = cosine_similarity(queries[start : start + chunk].detach(), gallery.detach())
        parts.append(rank_of_relevant(cosines.cpu().numpy(), relevant[start : start + chunk]))
    ranks = np.concatenate([part.ranks for part in parts])
    return RelevantRanks(rows, items, ranks, len(queries), len(gallery))


@dataclass(frozen=True, eq=False)
class Located:
    """The relevant items of all queries: where they were found, and their grades.

    One row per pair of a query and an item relevant to it, ordered by query.

    Parameters
    ----------
    queries : (m,)
        Which query, in ascending order.
    ranks : (m,)
        The item's place, counted from 1; infinity if it is not among the first k.
    grades : (m,)
        Above 0; 1 where none was given.
    n_relevant : (q,)
        How many relevant items each query has.
    k : int
        How many places were looked at.

    Notes
    -----
    Chapter 16.
    """

    queries: Int[np.ndarray, "m"]
    ranks: Float[np.ndarray, "m"]
    grades: Float[np.ndarray, "m"]
    n_relevant: Int[np.ndarray, "q"]
    k: int

    @property
    def n_found(self) -> Float[np.ndarray, "q"]:
        """How many relevant items of each query are among the first k."""
        return self.sums((self.ranks <= self.k).astype(np.float64))

    def sums(self, values: Float[np.ndarray, "m"]) -> Float[np.ndarray, "q"]:
        """The sum of a value over each query's relevant items."""
        return np.bincount(self.queries, weights=values, minlength=len(self.n_relevant))

    def order_by(self, keys: Float[np.ndarray, "m"]) -> Int[np.ndarray, "m"]:
        """Each item's place, from 1, among its query's relevant items, the smallest key first."""
        order = np.lexsort((keys, self.queries))
        starts = np.cumsum(self.n_relevant) - self.n_relevant
        places = np.empty(len(keys), dtype=np.int64)
        places[order] = np.arange(len(keys)) - np.repeat(starts, self.n_relevant) + 1
        return places


def depth_of(ranking: Ranked) -> int:
    """How many items each query's ranking holds.

    Notes
    -----
    Used in Chapter 16.

    Examples
    --------
    >>> depth_of(np.array([[4, 1, 3]]))
    3
    """
    if isinstance(ranking, RelevantRanks):
        return ranking.depth
    return ranking.k if isinstance(ranking, Ranking) else ranking.shape[-1]


def locate(ranking: Ranked, relevant: Relevance, k: int | None = None) -> Located:
    """Looks every relevant item up in the ranking, after checking both.

    Parameters
    ----------
    ranking : Ranking, (q, k') positions, or RelevantRanks
        Best first.
    relevant : one entry per query
        Positions, or positions with grades.
    k : int, optional
        Look at the first k items only, 1 ≤ k ≤ k'; without it, at all.

    Returns
    -------
    Located
        The rank and the grade of each relevant item.

    Raises
    ------
    MetricError
        If a query has no relevant item, ``k`` is out of range, a ranking names an
        item twice or a negative position, a grade is not above 0, or the numbers
        of queries differ.

    Notes
    -----
    Used in Chapter 16.

    Examples
    --------
    >>> locate(np.array([[4, 1, 3]]), [{1: 0.5, 8: 1.0}]).ranks
    array([ 2., inf])
    """
    queries, items, grades = _pairs(relevant)
    depth = depth_of(ranking)
    if k is None:
        k = depth
    if not 1 <= k <= depth:
        raise MetricError(
            f"k is {k}, the ranking holds {depth} items per query.",
            accepted=f"1 to {depth}.",
            remedy="Rank more items, or measure at a smaller k.",
        )
    listed = ranking if isinstance(ranking, RelevantRanks) else _listed(ranking, k)
    if listed.n_queries != len(relevant):
        told = f"{listed.n_queries} rankings came with relevance for {len(relevant)} queries."
        raise MetricError(told, accepted="one entry of relevance per query, in the order of the queries.")
    # Query and item as one number, so that all pairs are looked up at once.
    width = 1 + max(int(listed.items.max(initial=0)), int(items.max(initial=0)))
    pairs = listed.queries * width + listed.items, queries * width + items
    _, places, known = np.intersect1d(*pairs, assume_unique=True, return_indices=True)
    ranks = np.full(len(items), np.inf)
    ranks[known] = listed.ranks[places]
    if listed is ranking and np.isinf(ranks).any():
        first = int(np.isinf(ranks).argmax())
        raise MetricError(
            f"The rank of item {items[first]} for query {queries[first]} is not known.",
            accepted="relevant items whose ranks were computed.",
            remedy="Give rank_of_relevant or rank_relevant all items that any measure counts.",
        )
    ranks[ranks > k] = np.inf
    return Located(queries, ranks, grades, np.bincount(queries, minlength=listed.n_queries), k)


def _listed(ranking: Ranking | np.ndarray, k: int) -> RelevantRanks:
    """The first k of each query, as if all of them were relevant."""
    table = ranking.indices.cpu().numpy() if isinstance(ranking, Ranking) else ranking
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.integer) or (table < 0).any():
        raise MetricError(
            f"The ranking is of shape {table.shape} and type {table.dtype}, or names negative positions.",
            accepted="a table (q, k) of gallery positions from 0 on, best first.",
        )
    ordered = np.sort(table, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if twice.any():
        told = f"The ranking of query {int(np.argmax(twice))} names an item twice."
        raise MetricError(told, accepted="every item at most once; twice would count it twice.")
    rows, columns = np.indices((len(table), k)).reshape(2, -1)
    return RelevantRanks(rows, table[:, :k].ravel().astype(np.int64), columns + 1, len(table), k)


def _pairs(relevant: Relevance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relevance as three columns: query, item, grade; ordered by query, then by item."""
    if not len(relevant):
        raise MetricError("There are no queries.", accepted="relevance for one query or more.")
    graded = [entry if isinstance(entry, Mapping) else dict.fromkeys(entry, 1) for entry in relevant]
    counts = np.array([len(entry) for entry in graded])
    if not counts.all():
        raise MetricError(
            f"Query {int(np.argmin(counts))} has no relevant item, so that its recall would be 0 / 0.",
            accepted="at least one relevant item per query.",
            remedy="Leave such queries out of the ranking and of the relevance, and say how many they were.",
        )
    if any(counts != [len(entry) for entry in relevant]):
        raise MetricError("A query names the same relevant item twice.", accepted="every item once.")
    queries = np.repeat(np.arange(len(relevant)), counts)
    items = np.array([item for entry in graded for item in entry])
    grades = np.array([grade for entry in graded for grade in entry.values()], dtype=np.float64)
    if not np.issubdtype(items.dtype, np.integer) or (items < 0).any():
        told = "A relevant item is not named by a whole number from 0 on."
        raise MetricError(told, accepted="positions in the gallery, not ids of products.")
    if not ((grades > 0) & np.isfinite(grades)).all():
        told = "A relevant item has a grade that is not above 0."
        raise MetricError(told, accepted="finite grades above 0; what has 0 is not relevant: leave it out.")
    order = np.lexsort((items, queries))
    return queries[order], items[order], grades[order]
