"""``fashion`` asked: held-out titles as queries against all of its products."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

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
