"""``grocery``: 81 products of a supermarket, each with a shop picture and photos taken by phone.

The Grocery Store Dataset of Klasson, Zhang and Kjellström (WACV 2019), with its own split into train,
validation and test. The photos show what a shopper would hold up: shelves, hands, bad light.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.sources import spoilt
from crossmodal_edu.errors import TableError
from crossmodal_edu.products import Catalog, Product

_LISTS = {"train": "train.txt", "validation": "val.txt", "test": "test.txt"}


@dataclass(frozen=True)
class Photo:
    """One photo taken in a shop, and what it shows: ``product`` and ``category`` are class numbers."""

    path: Path
    product: int
    category: int
    split: str


@dataclass(frozen=True)
class Grocery:
    """The products, and the photos of them.

    ``products[i]`` is class i; its attributes hold the ``category`` (43 of them, such as "Apple")
    and the ``department`` ("Fruit", "Vegetables" or "Packages"). ``categories[j]`` is the name of
    category j.
    """

    products: Catalog
    categories: tuple[str, ...]
    photos: tuple[Photo, ...]

    def split(self, name: str) -> tuple[Photo, ...]:
        """The photos of "train" (2,640), "validation" (296) or "test" (2,485), in the official order.

        Raises
        ------
        TableError
            If there is no such split.
        """
        if name not in _LISTS:
            raise TableError.unknown(f"There is no split {name!r}.", _LISTS)
        return tuple(photo for photo in self.photos if photo.split == name)


def load_grocery(folder: str | Path | None = None) -> Grocery:
    """The data set as it was published; no picture is opened yet.

    Parameters
    ----------
    folder : str or Path, optional
        The folder that holds ``dataset/``; without it,
        :func:`~crossmodal_edu.datasets.folders.find` looks for the data set "grocery".

    Returns
    -------
    Grocery

    Raises
    ------
    DataMissingError
        If the data set is not on this machine.
    TableError
        If one of its lists is missing or has a line that cannot be read.

    Notes
    -----
    Used in Chapter 07. Klasson, Zhang, Kjellström (2019).
    """
    root = (folders.find("grocery") if folder is None else Path(folder)) / "dataset"
    rows = list(_rows(root / "classes.csv", ",", 6))[1:]
    categories: dict[int, str] = {}
    products = []
    for name, number, category, category_number, picture, description in rows:
        categories[int(category_number)] = category
        title, text = name.replace("-", " "), _text(root / description.lstrip("/"))
        attributes = {"category": category, "department": Path(picture).parts[2]}
        products.append(Product(number, title, text, root / picture.lstrip("/"), attributes=attributes))
    photos = tuple(
        Photo(root / path, int(product), int(category), split)
        for split, file in _LISTS.items()
        for path, product, category in _rows(root / file, ", ", 3)
    )
    names = tuple(categories[number] for number in sorted(categories))
    return Grocery(Catalog(products, name="grocery"), names, photos)


def _rows(path: Path, separator: str, columns: int) -> Iterator[list[str]]:
    for number, line in enumerate(_text(path).splitlines(), start=1):
        cells = line.split(separator)
        if len(cells) != columns:
            what = f"Line {number} of {path.name} has {len(cells)} columns"
            raise spoilt("grocery", what, f"{columns} columns, as in the published data set")
        yield cells


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise spoilt("grocery", f"{path.name} cannot be read: {error}") from error
