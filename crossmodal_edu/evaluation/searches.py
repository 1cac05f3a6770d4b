"""Own queries, with their right answers, measured through the search that people use."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from crossmodal_edu.errors import MetricError, TableError
from crossmodal_edu.evaluation.report import Report, evaluate_ranking


def evaluate_searches(
    engine: Any, queries: Iterable[tuple[Any, Collection[str]]], depth: int = 100, control: bool = False
) -> Report:
    """How well an engine answers queries whose right products are known.

    Parameters
    ----------
    engine : SearchEngine
    queries : iterable of (query, ids)
        Whatever :meth:`SearchEngine.search` takes, and the ids of all products that are right.
    depth : int
        How far each list of results is looked at, 10 or more; in MRR@100, what is behind it counts 0.
    control : bool
        Exchange the right answers among the queries: the result should be about chance.

    Returns
    -------
    Report

    Raises
    ------
    MetricError
        If there are fewer than two queries, or a right product is not in the catalogue.

    Notes
    -----
    Used in Chapter 16.
    """
    asked, right, known = [], [], {product.id for product in engine.catalog}
    for query, ids in queries:
        unknown = [id for id in ids if id not in known]
        if unknown or not ids:
            which = f"the right product is {repr(unknown[0]) if unknown else 'missing'}"
            accepted = "one id or more, each of a product of the catalogue."
            raise MetricError(f"For the query {query!r:.60} {which}.", accepted=accepted)
        asked.append(query)
        right.append({engine.catalog.position(id) for id in ids})
    if len(asked) < 2:
        raise MetricError(f"There are {len(asked)} queries.", accepted="2 or more: one has no interval.")
    depth = min(max(depth, 10), len(engine))
    found = [[engine.catalog.position(id) for id in engine.search(query, depth).ids] for query in asked]
    if control:
        right = [right[i] for i in np.roll(np.random.default_rng(0).permutation(len(right)), 1)]
    # A search may find less than asked for: behind its end stand positions that no product has.
    nothing = range(len(engine), len(engine) + depth)
    ranking = np.array([[*row, *nothing[: depth - len(row)]] for row in found])
    return evaluate_ranking(ranking, right, ks=[k for k in (1, 5, 10) if k <= depth], n_gallery=len(engine))


def read_queries(path: Path) -> list[tuple[str, list[str]]]:
    """Queries of words out of a CSV file with the columns query and id, a row for each right product.

    Raises
    ------
    TableError
        If it cannot be read, or lacks one of the two.

    Notes
    -----
    Used in Chapter 16.
    """
    queries: dict[str, list[str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                queries.setdefault(row["query"].strip(), []).append(row["id"].strip())
    except (OSError, ValueError, KeyError, AttributeError, csv.Error) as error:
        told = f"The queries in {path.name!r} cannot be read: {error}."
        raise TableError(told, accepted="a CSV file in UTF-8 with the columns query and id.") from None
    return list(queries.items())
