"""What is searched: products, each seen as words, picture and sound, and catalogues of them."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from numbers import Integral
from pathlib import Path
from typing import Any, no_type_check, overload

import numpy as np

from crossmodal_edu.amounts import column_of_numbers
from crossmodal_edu.attachments import Attachments, Media
from crossmodal_edu.columns import COLUMNS
from crossmodal_edu.errors import TableError
from crossmodal_edu.filters import passing
from crossmodal_edu.markup import plain_words
from crossmodal_edu.modality import Modality
from crossmodal_edu.tables import Cell, RowProblem, Table, read_own_table, read_table, write_table

_WORDS = ("title", "description", "title_zh", "description_zh")
_TEXTS = ("id", *_WORDS, "split")
_MOST_BITS = 4_000  # of a whole number; Python writes and reads some 14,000


@no_type_check  # it checks itself, and says what to do
@dataclass(frozen=True)
class Product:
    """One product of a shop, as words, picture and sound; any of the three may be missing.

    ``attributes`` holds what is known of it in fixed terms (type, colour, price …), as numbers
    and texts. ``captions`` are further descriptions, as people would give them. ``split`` is
    "train", "validation", "test" or empty. ``line`` is that of the table it came from.

    Raises
    ------
    TableError
        If a value is of another type, or one that could not be saved and read back the same.

    Examples
    --------
    >>> bag = Product("7", title="Red handbag", attributes={"colour": "red", "price": 49})
    >>> bag.text, bag.modalities
    ('Red handbag', (<Modality.TEXT: 'text'>,))
    """

    id: str
    title: str = ""
    description: str = ""
    image: Media | None = None
    audio: Media | None = None
    attributes: Mapping[str, str | int | float] = field(default_factory=dict, hash=False)
    title_zh: str = ""
    description_zh: str = ""
    captions: tuple[str, ...] = ()
    split: str = ""
    line: int | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        _check_product(self)

    @property
    def text(self) -> str:
        """Title and description, which together are what the product is as words; without any HTML."""
        return _sentences(plain_words(self.title), plain_words(self.description))

    @property
    def text_zh(self) -> str:
        """The same in Chinese; empty if the shop has no Chinese texts."""
        return _sentences(plain_words(self.title_zh), plain_words(self.description_zh))

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The ways in which this product can be found."""
        words = self.text or self.text_zh or None
        sides = {Modality.TEXT: words, Modality.IMAGE: self.image, Modality.AUDIO: self.audio}
        return tuple(kind for kind, side in sides.items() if side is not None)


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
            problem, remedy = f"Two products have the id {twice!r}.", "Give one of them another id."
            raise TableError(problem, accepted="products with distinct ids.", remedy=remedy)

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
            known = f"ids such as {self._products[0].id!r}." if self else "none: the catalogue is empty."
            remedy = "Look the id up in the table."
            raise TableError(f"No product has the id {id!r}.", accepted=known, remedy=remedy) from None

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
        positions = [position for position, product in enumerate(self) if product.split == name]
        if not positions:
            known = sorted({product.split for product in self} - {""}) or ["this catalogue has no splits"]
            remedy = 'Fill the column "split" of the table, or use the whole catalogue.'
            raise TableError.unknown(f"No product is in the split {name!r}.", known, remedy)
        return self.take(positions)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The names of all attributes, in the order in which they first appear."""
        return tuple(dict.fromkeys(name for product in self._products for name in product.attributes))

    def where(self, filters: Mapping[str, object]) -> list[int]:
        """The positions of the products that pass every filter, in catalogue order.

        Parameters
        ----------
        filters : mapping from attribute to what it must be
            A value: equal to it, for texts without regard to upper and lower case, and
            "49", 49 and 49.0 are equal. A set or list: one of its values, so ``[10, 20]`` is
            10 or 20. A pair of numbers ``(10, 20)``: between them, both included; ``None``
            leaves a side open, and a text does not pass. ``Not("red", "blue")`` from
            :mod:`.filters`: none of these. A function: true for the value. A product without
            the attribute passes ``Not`` alone.

        Raises
        ------
        TableError
            If an attribute is unknown, or a range is asked of one without any number.

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
        return passing(filters, self)

    @classmethod
    def from_table(
        cls,
        path: str | Path,
        media_root: str | Path | None = None,
        columns: Mapping[str, str] | None = None,
        *,
        own: bool = False,
    ) -> Catalog:
        """Read a table of products, keep the good rows, and report each bad one.

        Parameters
        ----------
        path : str or Path
            A CSV file in UTF-8 with a header, separated by commas, semicolons, tabs or bars; or
            a Parquet file. All columns are optional but one of title, description, image and
            audio:

            - ``id``: distinct. Without this column a product's id is its line number.
            - ``title``, ``description``, ``title_zh``, ``description_zh``: words, also in HTML.
            - ``image``, ``audio``: a file's name, relative to the table's folder; of several
              the first that can be used. The file must be an ordinary one in this folder or
              in ``media_root``; otherwise the problem is reported, and the product is kept
              without it if it can still be found by something else. Content itself is also
              taken: a ``data:`` address, and the bytes in a Parquet file.
            - ``captions``: several, separated by " | ". ``split``: train, validation or test.
            - Any other column is an attribute: of numbers if more than half of its filled
              cells are some. Then each other cell is reported; one like "n/a" counts as
              empty, and any other stays a text. Currencies, per cent, decimal commas and
              separated thousands are understood, if the column leaves no doubt. Whole
              numbers are exact. One code with leading zeros makes a column one of texts.
              Parquet says itself what is a number. Empty cells are left out.
        media_root : str or Path, optional
            Another folder whose files may be used.
        columns : mapping, optional
            Which column is what, where the names do not say: ``{"title": "Bezeichnung"}``. The names
            of common exports are known (``productDisplayName``, ``Handle``, ``Body (HTML)`` …).
        own : bool
            The file was written by :meth:`to_table` as Parquet. It may have any size, comes back
            exactly, and no file is looked for: only pictures and sounds inside it count.

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
        if own:
            return cls(map(_own_product, read_own_table(path)), path.stem)
        table = read_table(path, columns)
        attachments = Attachments(path.parent, None if media_root is None else Path(media_root))
        products, problems = _products(table, attachments)
        problems = sorted([*table.problems, *problems], key=lambda problem: problem.line or 0)
        if not products:
            why = f"the first problem is in {problems[0]}" if problems else "it is a header and nothing else"
            raise TableError(
                f"No row of {path.name!r} can be used; {why}.",
                accepted="rows with at least a title, a picture or a sound.",
                remedy="Correct that row and look whether the others have the same problem.",
            )
        return cls(products, path.stem, problems)

    def to_table(self, path: str | Path) -> Path:
        """Write the catalogue as CSV or, if the name ends in .parquet, as Parquet.

        Files are named relative to the table. Pictures and sounds in memory can only be written
        as Parquet. Read back, the products are the same; out of a CSV, attributes of text which
        look like numbers come as numbers.

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
        typed = path.suffix.lower() == ".parquet"
        columns = {name: [getattr(product, name) for product in self] for name in COLUMNS}
        for side in ("image", "audio"):
            columns[side] = _files(side, columns[side], path.parent, typed)
        if not typed:
            columns["captions"] = [" | ".join(captions) for captions in columns["captions"]]
        columns |= {name: [product.attributes.get(name) for product in self] for name in self.attributes}
        write_table(path, columns)
        return path


def _sentences(first: str, second: str) -> str:
    if first and second and first[-1] not in ".!?。！？":
        return f"{first}{'。' if ord(first[-1]) > 0x2E80 else '.'} {second}"
    return f"{first} {second}".strip()


# What a product may hold


def _check_product(product: Product) -> None:
    """Refuse what could not be saved and read back; numbers of NumPy become Python's.

    A catalogue makes its products by the ten thousand: all texts are looked at as one, and
    one by one only to say which of them is wrong.
    """
    captions, attributes = product.captions, product.attributes
    for side, media in (("image", product.image), ("audio", product.audio)):
        if media is not None and not isinstance(media, (bytes, Path)):
            given = "Give Path('…') or the bytes."
            raise _refused(product, side, media, "a Path, the bytes of a file, or None", given)
    if not isinstance(captions, tuple):
        raise _refused(product, "captions", captions, "a tuple of texts", "Give ('first', 'second').")
    for name in _unusable(tuple(attributes)):
        accepted = f"a text without spaces at its ends, none of {', '.join(COLUMNS)}"
        raise _refused(product, "name of an attribute", name, accepted, "Give it another name.")
    numbers = {name: _number(product, name, v) for name, v in attributes.items() if not isinstance(v, str)}
    if any(type(value) is not type(attributes[name]) for name, value in numbers.items()):
        object.__setattr__(product, "attributes", {**attributes, **numbers})
    named = [(name, getattr(product, name)) for name in _TEXTS]
    named += [("captions", caption) for caption in captions]
    named += [(name, value) for name, value in attributes.items() if name not in numbers]
    if not _are_sound([text for _, text in named]):
        name, text = next(pair for pair in named if not _are_sound([pair[1]]))
        remedy = "Leave it out or give ''." if text is None else "Give str(…) of it, without them."
        raise _refused(product, name, text, "a text without NUL and lone surrogates", remedy)
    if not product.id or product.id != product.id.strip():
        accepted = "a text without spaces at its ends, not empty"
        raise _refused(product, "id", product.id, accepted, "Give another id.")


def _are_sound(texts: list[Any]) -> bool:
    """Whether all are texts, which UTF-8 and a CSV can hold."""
    try:
        joined = "".join(texts)
        return "\0" not in joined and (joined.isascii() or bool(joined.encode()))
    except (TypeError, UnicodeEncodeError):
        return False


@lru_cache(maxsize=4_096)
def _unusable(names: tuple[Any, ...]) -> list[Any]:
    """Those that are no names of attributes."""
    return [n for n in names if not _are_sound([n]) or not n or n != n.strip() or n.lower() in COLUMNS]


def _number(product: Product, name: str, value: Any) -> int | float:
    """What is no text has to be a number that can be written, and becomes one of Python's."""
    remedy = "Give str(…) of it."
    if isinstance(value, (bool, np.bool_)):
        remedy = "Give 'yes' and 'no', or 1 and 0."
    elif isinstance(value, Integral) and int(value).bit_length() <= _MOST_BITS:
        return int(value)
    elif isinstance(value, (float, np.floating)) and math.isfinite(value):
        return value if type(value) is float else float(str(value))  # np.float32(0.1) is 0.1
    elif value is None or isinstance(value, (int, float, np.number)):
        remedy = "Leave it out."
    raise _refused(product, name, value, "a text or a finite number", remedy)


def _refused(product: Product, name: str, value: object, accepted: str, remedy: str) -> TableError:
    of = f" of the product {product.id!r:.80}" if name != "id" else " of a product"
    long = isinstance(value, int) and value.bit_length() > _MOST_BITS  # which Python does not print
    shown = "longer than a thousand digits" if long else f"{value!r:.80}"
    return TableError(f"The {name}{of} is {shown}.", accepted=f"{accepted}.", remedy=remedy)


# Rows and products


def _products(table: Table, attachments: Attachments) -> tuple[list[Product], list[RowProblem]]:
    attributes, problems = _attributes(table)
    products: list[Product] = []
    first_line: dict[str, int] = {}
    for (line, row), known in zip(table.rows, attributes, strict=True):
        try:
            id = _words(row["id"]) if "id" in row else str(line)
            if not id or id in first_line:
                raise TableError(
                    f"the id {id!r} is that of line {first_line[id]}" if id else "the id is empty"
                )
            values: dict[str, Any] = {name: _words(row.get(name, "")) for name in (*_WORDS, "split")}
            for side in ("image", "audio"):
                values[side], problem = attachments.find(row.get(side, ""))
                if problem:
                    problems.append(RowProblem(line, f"{side}: {problem}"))
            values |= {"captions": _captions(row.get("captions", "")), "split": values["split"].lower()}
            product = Product(id, **values, attributes=known, line=line)
            if not product.modalities:
                raise TableError("it has no words, picture or sound")
        except TableError as error:
            problems.append(RowProblem(line, f"{error.problem.rstrip('.')}; the row is left out"))
        else:
            first_line[id] = line
            products.append(product)
    return products, problems


def _attributes(table: Table) -> tuple[list[dict[str, str | int | float]], list[RowProblem]]:
    """The attributes of each row, and what was odd about their columns."""
    attributes: list[dict[str, str | int | float]] = [{} for _ in table.rows]
    problems: list[RowProblem] = []
    for name in table.rows[0][1] if table.rows else ():
        cells = [(line, row[name]) for line, row in table.rows if row[name] != ""]
        if name in COLUMNS or not cells:
            continue
        if _unusable((name,)) or not (table.delimiter or all(_is_no_junk(cell) for _, cell in cells)):
            why = f"the column {name[:40]!r} is no attribute; it is left out"
            problems.append(RowProblem(cells[0][0], why))
            continue
        numbers, odd = column_of_numbers(cells, name, table.delimiter != ";") if table.delimiter else ({}, [])
        problems += [RowProblem(line, problem) for line, problem in odd]
        for known, (_, row) in zip(attributes, table.rows, strict=True):
            cell = row[name]
            if cell != "" and (value := numbers.get(cell, cell)) is not None:
                known[name] = value if isinstance(value, (str, int, float)) else _words(value)
    return attributes, problems


def _is_no_junk(cell: Cell) -> bool:
    """Whether a cell of Parquet is a number or a text, if in bytes."""
    return not isinstance(cell, bytes) or _are_sound([cell.decode("utf-8", "surrogateescape")])


def _words(cell: Cell) -> str:
    """A cell as text; the id 7.0 in a column of floats is "7"."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace").strip()
    if isinstance(cell, tuple):
        return " | ".join(map(_words, cell))
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _captions(cell: Cell) -> tuple[str, ...]:
    parts = map(_words, cell) if isinstance(cell, tuple) else _words(cell).split("|")
    return tuple([stripped for part in parts if (stripped := part.strip())])


def _own_product(row: Mapping[str, Any]) -> Product:
    """A product as it was written, without the files that lay beside it."""
    known = {name: row[name] for name in COLUMNS if row.get(name) is not None}
    known |= {side: known[side]["bytes"] for side in ("image", "audio") if side in known}
    known["captions"] = tuple(known.get("captions", ()))
    others = {name: value for name, value in row.items() if name not in COLUMNS and value is not None}
    return Product(**known, attributes=others)


def _files(side: str, files: Sequence[Media | None], folder: Path, typed: bool) -> list[Any]:
    """A column of pictures or sounds: in a CSV their paths, in Parquet also their bytes."""
    cells: list[Any] = []
    for file in files:
        path = Path(os.path.relpath(file, folder)).as_posix() if isinstance(file, Path) else None
        if typed and file is not None:
            cells.append({"bytes": None if path else file, "path": path})
        elif isinstance(file, bytes):
            raise TableError(
                f"The {side} of some products is in memory, and a CSV holds none.",
                accepted="a name that ends in .parquet, which holds them.",
                remedy="Write a Parquet file, or save the files and give their paths.",
            )
        else:
            cells.append(path)
    return cells
