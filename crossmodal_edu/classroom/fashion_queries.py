"""``fashion`` asked: held-out titles as queries against all of its products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.fashion import normalised, share
from crossmodal_edu.errors import TableError
from crossmodal_edu.products import Catalog


@dataclass(frozen=True)
class TitleQuery:
    """A held-out title as a query, and the positions of all products that are right for it."""

    title: str
    relevant: tuple[int, ...]


def fashion_queries(catalog: Catalog, n: int = 2_000) -> tuple[TitleQuery, ...]:
    """Titles of the test side as queries against *all* products, with all right answers of each.

    Right for a title are the products that bear it, upper and lower case and spaces aside, and those
    whose photo is byte-equal to the photo of one that does. The titles are a fixed sample: the first
    ``n`` of the test side in the order of a hash, so that a smaller ``n`` is a part of a larger.

    Parameters
    ----------
    catalog : Catalog
        Of ``load_fashion()``, whole: positions in it are what is returned.
    n : int

    Returns
    -------
    tuple of n TitleQuery

    Raises
    ------
    TableError
        If the test side has fewer titles.

    Notes
    -----
    Measured by ``benchmarks/fashion.py``.
    """
    by_title: dict[str, list[int]] = defaultdict(list)
    by_image: dict[bytes, list[int]] = defaultdict(list)
    for position, product in enumerate(catalog):
        by_title[normalised(product.title)].append(position)
        if isinstance(product.image, bytes):
            by_image[product.image].append(position)
    held_out = [title for title, (first, *_) in by_title.items() if title and catalog[first].split == "test"]
    if not 0 < n <= len(held_out):
        raise TableError(
            f"{n:,} test queries were asked for; the test side has {len(held_out):,} distinct titles.",
            accepted=f"1 to {len(held_out):,}.",
            remedy="Ask for fewer, and give the whole catalogue of load_fashion().",
        )
    queries = []
    # Not the hash that chose the side: of that, groups of several titles have other values.
    for title in sorted(held_out, key=lambda title: share(f"query|{title}"))[:n]:
        bearers = by_title[title]
        relevant = set(bearers).union(*(by_image.get(catalog[position].image, ()) for position in bearers))
        queries.append(TitleQuery(catalog[bearers[0]].title, tuple(sorted(relevant))))
    return tuple(queries)


def sampled_gallery(
    catalog: Catalog, queries: Sequence[TitleQuery], n: int = 4_000
) -> tuple[Catalog, list[set[int]]]:
    """All products that are right for some queries, and others drawn at random, and who is right.

    Parameters
    ----------
    catalog : Catalog
        The one that the queries were made for, whole.
    queries : sequence of TitleQuery
    n : int
        Products in the sample, as many as are right or more.

    Returns
    -------
    (Catalog, list of set of int)
        The sample, the right ones first; and for each query the positions in it that are right.

    Raises
    ------
    TableError
        If ``n`` products cannot be taken.

    Notes
    -----
    Used in Chapter 16. A sample has fewer rivals than the whole: what is measured on it is too good.
    """
    needed = sorted({position for query in queries for position in query.relevant})
    if not len(needed) <= n <= len(catalog):
        told = f"A sample of {n:,} products was asked for; {len(needed):,} are right for a query."
        raise TableError(told, accepted=f"{len(needed):,} to {len(catalog):,}.")
    others = np.random.default_rng(0).permutation(np.setdiff1d(np.arange(len(catalog)), needed))
    rows = {position: row for row, position in enumerate(needed)}
    sample = catalog.take([*needed, *others[: n - len(needed)].tolist()])
    return sample, [{rows[position] for position in query.relevant} for query in queries]


def stored_figures() -> dict[str, str]:
    """MRR@10 on the whole gallery by query or published model, as ``benchmarks/fashion.py`` stored it.

    Notes
    -----
    Used in Chapter 16.

    Examples
    --------
    >>> "title" in stored_figures()
    True
    """
    text = (folders.shipped("models/fashion") / "metrics.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {name.strip(): last.strip() for name, *_, last in rows if last.strip().startswith(("0", "."))}
