"""``fashion``: 41,323 real products of an online shop, each with a small photo and a title.

The table has the columns of the public "Fashion Product Images (Small)" set: ``id``,
``masterCategory``, ``subCategory``, ``articleType``, ``baseColour``, ``season``, ``usage``,
``productDisplayName`` and ``image`` (60×80, as ``{"bytes", "path"}``), in one Parquet file
or several. It does not ship with the package, as its terms of redistribution are unclear.

**The split.** The shop sells the same thing under several numbers: 41,323 products share 28,625
distinct titles (upper and lower case and spaces aside), and 1,291 photos are byte-equal
to another. A model that has seen one of them has seen them all. So products are tied together
when they share a title or a photo, also through others, and each such group goes to one side,
chosen by a hash of its titles: 7.3 % test, 2 % validation, the rest train. The test side is
as large as it must be to hold the 2,000 distinct titles that ``classroom/fashion_queries.py``
draws; no title and no photo on it occurs in training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from jaxtyping import Int

from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.sources import FASHION_COLUMNS, spoilt
from crossmodal_edu.errors import first_line
from crossmodal_edu.products import Catalog, Product

ATTRIBUTES = {
    "category": "masterCategory",
    "subcategory": "subCategory",
    "type": "articleType",
    "colour": "baseColour",
    "season": "season",
    "usage": "usage",
}
"""The attributes of a product and the columns they are read from."""

_TEST, _VALIDATION = 0.073, 0.02  # shares of the groups; the rest is to learn from


def load_fashion(folder: str | Path | None = None) -> Catalog:
    """The catalogue, with its split; photos stay compressed in memory (59 MB).

    Parameters
    ----------
    folder : str or Path, optional
        Where the Parquet files are; without it, :func:`~crossmodal_edu.datasets.folders.find`
        looks for the data set "fashion".

    Returns
    -------
    Catalog
        In the order of the files; each product with title, image (bytes), :data:`ATTRIBUTES`
        and split.

    Raises
    ------
    DataMissingError
        If the data set is not on this machine.
    TableError
        If a file is damaged or lacks a column.

    Notes
    -----
    Chapter 01.
    """
    folder = folders.find("fashion") if folder is None else Path(folder)
    files = sorted(folder.glob("**/*.parquet"))
    if not files:
        accepted = "a folder with train-00000-of-00002.parquet and the like"
        raise spoilt("fashion", f"There is no Parquet file in {folder.name!r}", accepted)
    rows = [row for file in files for row in _read(file)]
    titles = [row["productDisplayName"] or "" for row in rows]
    images = [row["image.bytes"] for row in rows]
    splits = _splits(titles, same_product(titles, images))
    products = (
        Product(
            id=str(row["id"]),
            title=" ".join(title.split()),
            image=image,
            attributes={name: row[column] for name, column in ATTRIBUTES.items() if row[column]},
            split=split,
        )
        for row, title, image, split in zip(rows, titles, images, splits, strict=True)
    )
    return Catalog(products, name="fashion")


def normalised(title: str) -> str:
    """A title without regard to upper and lower case and to spaces; two equal ones are one title.

    Examples
    --------
    >>> normalised("Catwalk Women  Black Heels")
    'catwalk women black heels'
    """
    return " ".join(title.casefold().split())


def same_product(titles: Sequence[str], images: Sequence[bytes | None]) -> Int[np.ndarray, "n"]:
    """Number the groups of products that share a title or a byte-equal picture, also through others.

    Parameters
    ----------
    titles : sequence of n str
        Compared by :func:`normalised`; an empty title is shared with nobody.
    images : sequence of n bytes or None

    Returns
    -------
    (n,) array of int
        The group of each product.

    Notes
    -----
    Chapter 01. The groups are the connected components of the graph whose nodes are products,
    titles and pictures, found by joining trees.

    Examples
    --------
    >>> same_product(["Red bag", "red  bag", "Blue bag", "Cap"], [b"1", b"2", b"2", b"3"]).tolist()
    [0, 0, 0, 1]
    """
    parent = list(range(len(titles)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    first: dict[object, int] = {}  # the product that bore a title or a picture first
    for i, (title, image) in enumerate(zip(titles, images, strict=True)):
        keys = [normalised(title)] if title.strip() else []
        keys += [hashlib.sha256(image).digest()] if image else []
        for key in keys:
            one, other = root(i), root(first.setdefault(key, i))
            parent[max(one, other)] = min(one, other)
    return np.unique([root(i) for i in range(len(titles))], return_inverse=True)[1]


def _read(file: Path) -> list[dict[str, Any]]:
    """The rows of one file, with the photo as "image.bytes"."""
    try:
        missing = set(FASHION_COLUMNS) - set(pa.parquet.read_schema(file).names)
        if missing:
            what = f"{file.name!r} lacks the columns {', '.join(sorted(missing))}"
            raise spoilt("fashion", what, f"the columns {', '.join(FASHION_COLUMNS)}")
        return pa.parquet.read_table(file, columns=list(FASHION_COLUMNS)).flatten().to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise spoilt("fashion", f"{file.name!r} cannot be read ({first_line(error)})") from None


def _splits(titles: Sequence[str], groups: Int[np.ndarray, "n"]) -> list[str]:
    """The side of each product, by a hash of the first title of its group in alphabetical order."""
    first: dict[int, str] = {}
    for title, group in zip(map(normalised, titles), groups.tolist(), strict=True):
        first[group] = min(first.get(group, title), title)
    side = {group: _side(share(title)) for group, title in first.items()}
    return [side[group] for group in groups.tolist()]


def share(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    digest = hashlib.sha256(f"fashion|{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _side(place: float) -> str:
    return "test" if place < _TEST else "validation" if place < _TEST + _VALIDATION else "train"
