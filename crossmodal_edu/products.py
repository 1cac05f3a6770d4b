"""What is searched: products, each seen as words, picture and sound, and catalogues of them."""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import TypeAlias, overload

import pyarrow as pa

from crossmodal_edu.errors import TableError
from crossmodal_edu.modality import Modality
from crossmodal_edu.tables import Cell, RowProblem, Table, read_table, write_table

Media: TypeAlias = Path | bytes
"""A picture or a sound: where its file is, or the content of that file."""

COLUMNS = (
    "id", "title", "description", "image", "audio", "title_zh", "description_zh", "captions", "split",
)  # fmt: skip
"""The columns of a product table that have a meaning; every other column is an attribute."""

_WORDS = ("title", "description", "title_zh", "description_zh")
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)?(\.\d+)?([eE][+-]?\d{1,3})?")


@dataclass(frozen=True)
class Product:
    """One product of a shop, as words, picture and sound; any of the three may be missing.

    ``attributes`` holds what is known of it in fixed terms (type, colour, price …): numbers as
    float, everything else as text. ``captions`` are further descriptions, as people would give
    them. ``split`` is "train", "validation", "test" or empty.

    Examples
    --------
    >>> bag = Product("7", title="Red handbag", attributes={"colour": "red", "price": 49.0})
    >>> bag.text, bag.modalities
    ('Red handbag', (<Modality.TEXT: 'text'>,))
    """

    id: str
    title: str = ""
    description: str = ""
    image: Media | None = None
    audio: Media | None = None
    attributes: Mapping[str, str | float] = field(default_factory=dict, hash=False)
    title_zh: str = ""
    description_zh: str = ""
    captions: tuple[str, ...] = ()
    split: str = ""

    @property
    def text(self) -> str:
        """Title and description, which together are what the product is as words."""
        return _sentences(self.title, self.description)

    @property
    def text_zh(self) -> str:
        """The same in Chinese; empty if the shop has no Chinese texts."""
        return _sentences(self.title_zh, self.description_zh)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The ways in which this product can be found."""
        there = {
            Modality.TEXT: self.text or self.text_zh,
            Modality.IMAGE: self.image is not None,
            Modality.AUDIO: self.audio is not None,
        }
        return tuple(modality for modality, has in there.items() if has)


class Catalog(Sequence[Product]):
    """Products in a fixed order; a position in the catalogue is a position in every ranking of it.

    A catalogue does not change. Slicing, :meth:`split` and :meth:`take` make smaller ones.

    Parameters
    ----------
    products : iterable of Product
        With distinct ids.
    name : str
    problems : sequence of RowProblem
        What was wrong with the table that the products came from.

    Raises
    ------
    TableError
        If two products have the same id.

    Notes
    -----
    Chapter 01.

    Examples
    --------
    >>> shop = Catalog([Product("a", title="Red bag", attributes={"price": 20.0}),
    ...                 Product("b", title="Blue bag", attributes={"price": 30.0})])
    >>> len(shop), shop[1].title, shop.get("a").title
    (2, 'Blue bag', 'Red bag')
    >>> shop.where({"price": (25, None)})
    [1]
    """

    def __init__(self, products: Iterable[Product], name: str = "", problems: Sequence[RowProblem] = ()):
        self._products = tuple(products)
        self.name = name
        self.problems = tuple(problems)
        if len(self._positions) < len(self._products):
            twice, _ = Counter(product.id for product in self._products).most_common(1)[0]
            raise TableError(
                f"Two products have the id {twice!r}.",
                accepted="products with distinct ids.",
                remedy="Give one of them another id.",
            )

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {product.id: position for position, product in enumerate(self._products)}

    def __len__(self) -> int:
        return len(self._products)

    def __iter__(self) -> Iterator[Product]:
        return iter(self._products)

    @overload
    def __getitem__(self, position: int) -> Product: ...
    @overload
    def __getitem__(self, position: slice) -> Catalog: ...
    def __getitem__(self, position: int | slice) -> Product | Catalog:
        if isinstance(position, slice):
            return Catalog(self._products[position], self.name)
        return self._products[position]

    def __repr__(self) -> str:
        return f"Catalog({self.name or 'unnamed'!r}, {len(self):,} products)"

    def get(self, id: str) -> Product:
        """The product with this id."""
        return self._products[self.position(id)]

    def position(self, id: str) -> int:
        """Where the product with this id stands.

        Raises
        ------
        TableError
            If there is none.
        """
        try:
            return self._positions[id]
        except (KeyError, TypeError):
            raise TableError(
                f"No product has the id {id!r}.",
                accepted="ids of this catalogue"
                + (f", such as {self._products[0].id!r}." if self else "; it is empty."),
                remedy="Look the id up in the table.",
            ) from None

    def take(self, positions: Iterable[int]) -> Catalog:
        """The products at these positions, in this order."""
        return Catalog([self._products[position] for position in positions], self.name)

    def split(self, name: str) -> Catalog:
        """The products of one split: "train", "validation" or "test".

        Raises
        ------
        TableError
            If no product is in it.
        """
        products = [product for product in self._products if product.split == name]
        if not products:
            known = sorted({product.split for product in self._products if product.split})
            raise TableError(
                f"No product is in the split {name!r}.",
                accepted=", ".join(known) + "." if known else "this catalogue has no splits.",
                remedy='Fill the column "split" of the table, or use the whole catalogue.',
            )
        return Catalog(products, self.name)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The names of all attributes, in the order in which they first appear."""
        return tuple(dict.fromkeys(name for product in self._products for name in product.attributes))

    def where(self, filters: Mapping[str, object]) -> list[int]:
        """The positions of the products that pass every filter, in catalogue order.

        Parameters
        ----------
        filters : mapping from attribute to what it must be
            A value: equal to it, for texts without regard to upper and lower case. A set or
            list: one of its values. A pair of numbers ``(low, high)``: between them, both
            included; ``None`` leaves a side open. A product without the attribute fails.

        Raises
        ------
        TableError
            If an attribute is unknown, or a range is asked of one that is not a number.

        Examples
        --------
        >>> colours = {"a": "Red", "b": "Blue"}
        >>> shop = Catalog(Product(id, attributes={"colour": colours[id]}) for id in colours)
        >>> shop.where({"colour": "red"})
        [0]
        >>> shop.where({"size": "M"})
        Traceback (most recent call last):
        crossmodal_edu.errors.TableError: The products have no attribute 'size'.
          accepted: colour.
          what to do: Use one of these names.
        """
        for name in filters:
            if name not in self.attributes:
                raise TableError(
                    f"The products have no attribute {name!r}.",
                    accepted=(", ".join(self.attributes) or "no filter: there are no attributes") + ".",
                    remedy="Use one of these names.",
                )
        tests = [(name, _filter(name, wanted)) for name, wanted in filters.items()]
        return [
            position
            for position, product in enumerate(self._products)
            if all(name in product.attributes and test(product.attributes[name]) for name, test in tests)
        ]

    @classmethod
    def from_table(cls, path: str | Path) -> Catalog:
        """Read a table of products, keep the good rows, and report each bad one.

        Parameters
        ----------
        path : str or Path
            A CSV file in UTF-8 with a header, separated by commas, semicolons, tabs or bars; or
            a Parquet file. All columns are optional but one of title, description, image and
            audio:

            - ``id``: distinct. Without this column a product's id is its line number.
            - ``title``, ``description``, ``title_zh``, ``description_zh``: words.
            - ``image``, ``audio``: file names, relative to the table's folder. A file must
              exist; otherwise the problem is reported, and the product is kept without it if
              it can still be found by something else.
            - ``captions``: several, separated by " | ". ``split``: train, validation or test.
            - Any other column is an attribute: of numbers if every filled cell of the column
              is one, else of text. Empty cells are left out. A number with leading zeros is
              a text.

        Returns
        -------
        Catalog
            Named after the file. ``problems`` lists what was wrong, by line of the file (the
            first line of a row that spans several) or, in Parquet, by row counted from 1.

        Raises
        ------
        TableError
            If the file is no such table, or no row of it can be used.

        Notes
        -----
        Chapter 01.
        """
        path = Path(path)
        table = read_table(path, COLUMNS)
        products, problems = _products(table, path.parent)
        problems = sorted([*table.problems, *problems], key=lambda problem: problem.line)
        if not products:
            what = (
                f"the first problem is in {problems[0]}" if problems else "there is a header and nothing else"
            )
            raise TableError(
                f"No row of {path.name!r} can be used; {what}.",
                accepted="rows with at least a title, a picture or a sound.",
                remedy="Correct that row and look whether the others have the same problem.",
            )
        return cls(products, path.stem, problems)

    def to_table(self, path: str | Path) -> Path:
        """Write the catalogue as CSV or, if the name ends in .parquet, as Parquet.

        Files are named relative to the table. Pictures and sounds in memory can only be written
        as Parquet. Read back, the products are the same, but that attributes of text which look
        like numbers come out of a CSV as numbers.

        Returns
        -------
        Path
            The table.

        Raises
        ------
        StorageError
            If it cannot be written there.
        """
        path = Path(path)
        names = [*COLUMNS, *self.attributes]
        typed = path.suffix.lower() == ".parquet"
        write_table(path, {name: _column(self, name, path.parent, typed) for name in names})
        return path


def _sentences(first: str, second: str) -> str:
    if first and second and first[-1] not in ".!?。！？":
        return f"{first}{'。' if ord(first[-1]) > 0x2E80 else '.'} {second}"
    return f"{first} {second}".strip()


# Filters


def _filter(name: str, wanted: object) -> Callable[[str | float], bool]:
    if isinstance(wanted, tuple) and len(wanted) == 2 and all(_is_bound(bound) for bound in wanted):
        low = -float("inf") if wanted[0] is None else wanted[0]
        high = float("inf") if wanted[1] is None else wanted[1]
        if not low <= high:
            raise TableError(
                f"The range {wanted} of {name!r} is empty.",
                accepted="(low, high) with low ≤ high; None leaves a side open.",
                remedy="Exchange the two.",
            )

        def between(value: str | float) -> bool:
            if isinstance(value, str):
                raise TableError(
                    f"{name!r} is a text ({value!r}), which has no range.",
                    accepted="a value or a list of values.",
                    remedy="Filter by a value, or make the whole column numbers.",
                )
            return low <= value <= high

        return between
    if isinstance(wanted, (set, frozenset, list, tuple)):
        values = {_comparable(value) for value in wanted}
        return lambda value: _comparable(value) in values
    wanted = _comparable(wanted)
    return lambda value: _comparable(value) == wanted


def _is_bound(bound: object) -> bool:
    return bound is None or isinstance(bound, Real)


def _comparable(value: object) -> object:
    """Texts without case, and numbers however they are written: "49" from a command line is 49.0."""
    if isinstance(value, str):
        return float(value) if _is_number(value.strip()) else " ".join(value.casefold().split())
    return float(value) if isinstance(value, Real) else str(value)


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and any(c.isdigit() for c in text) and text[0] not in "eE"


# Rows and products


def _products(table: Table, folder: Path) -> tuple[list[Product], list[RowProblem]]:
    numeric = _numeric_attributes(table)
    products: list[Product] = []
    problems: list[RowProblem] = []
    first_line: dict[str, int] = {}
    for line, row in table.rows:
        id = _words(row["id"]) if "id" in row else str(line)
        if not id or id in first_line:
            what = f"the id {id!r} is that of line {first_line[id]}" if id else "the id is empty"
            problems.append(RowProblem(line, f"{what}; the row is left out"))
            continue
        media: dict[str, Media | None] = {}
        for side in ("image", "audio"):
            media[side], problem = _media(row.get(side, ""), folder)
            if problem:
                problems.append(RowProblem(line, f"{side}: {problem}"))
        words = {name: _words(row.get(name, "")) for name in _WORDS}
        if not any(words.values()) and not any(media.values()):
            problems.append(RowProblem(line, "it has no words, picture or sound; the row is left out"))
            continue
        first_line[id] = line
        captions = _words(row.get("captions", "")).split("|")
        attributes = {
            name: float(cell) if name in numeric else _words(cell)
            for name, cell in row.items()
            if name not in COLUMNS and cell != ""
        }
        products.append(
            Product(
                id=id,
                **words,
                **media,
                attributes=attributes,
                captions=tuple(caption.strip() for caption in captions if caption.strip()),
                split=_words(row.get("split", "")).lower(),
            )
        )
    return products, problems


def _numeric_attributes(table: Table) -> set[str]:
    """The attributes of which every filled cell is a number."""

    def is_number(cell: Cell) -> bool:
        return isinstance(cell, (int, float)) or (
            not table.typed and isinstance(cell, str) and _is_number(cell)
        )

    names = {name for _, row in table.rows for name in row if name not in COLUMNS}
    return {name for name in names if all(row[name] == "" or is_number(row[name]) for _, row in table.rows)}


def _words(cell: Cell) -> str:
    """A cell as text; the id 7.0 in a column of floats is "7"."""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace").strip()
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _media(cell: Cell, folder: Path) -> tuple[Media | None, str]:
    if isinstance(cell, bytes) or not cell:
        return cell or None, ""
    name = str(cell)
    if re.match(r"\w{2,}://", name):
        return None, f"{name[:80]!r} is an address; download it and give the file's name"
    for written in (name, name.replace("\\", "/")):  # a table written on Windows
        with contextlib.suppress(OSError, ValueError):  # too long for a name, or not a name
            if (folder / written).is_file():
                return folder / written, ""
    return None, f"there is no file {name[:80]!r} in the table's folder"


def _column(catalog: Catalog, name: str, folder: Path, typed: bool) -> list[Cell] | pa.Array:
    """A column of a table: cells of a CSV, or an array of Parquet, which knows its type."""
    if name not in COLUMNS:
        values = [product.attributes.get(name) for product in catalog]
        if not typed:
            return ["" if value is None else value for value in values]
        if all(value is None or isinstance(value, Real) for value in values):
            return pa.array(values, pa.float64())
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    values = [getattr(product, name) for product in catalog]
    if name == "captions":
        values = [" | ".join(captions) for captions in values]
    if name not in ("image", "audio"):
        return pa.array(values, pa.string()) if typed else values
    # The form of Hugging Face's datasets; a CSV has the path alone.
    files = [
        None if media is None
        else {"bytes": media, "path": None} if isinstance(media, bytes)
        else {"bytes": None, "path": Path(os.path.relpath(media, folder)).as_posix()}
        for media in values
    ]  # fmt: skip
    if typed:
        return pa.array(files, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    if any(file and file["bytes"] for file in files):
        raise TableError(
            f"The {name} of some products is in memory, and a CSV holds none.",
            accepted="a name that ends in .parquet, which holds them.",
            remedy="Write a Parquet file, or save the files and give their paths.",
        )
    return [file["path"] if file else "" for file in files]
