"""Which products pass: what may be asked of their attributes, from Python and from a command line."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol, TypeAlias, runtime_checkable

from crossmodal_edu.amounts import to_number
from crossmodal_edu.errors import TableError

Value: TypeAlias = str | int | float

_MOST_LISTED = 8
_PART = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)')
_FORMS = 'colour=red, colour=red,blue, colour!=red, price=20..50, price=..50 or brand="Smith, Sons".'


@runtime_checkable
class HasAttributes(Protocol):
    """A catalogue, as far as a filter is concerned: products, and the names of their attributes."""

    attributes: Any  # a sequence of str, as a property or not

    def __iter__(self) -> Any: ...


@dataclass(frozen=True)
class Not:
    """A filter that a product passes unless its attribute has one of these values.

    Examples
    --------
    >>> Not("red", "blue").values
    ('red', 'blue')
    """

    values: tuple[Value, ...]

    def __init__(self, *values: Value):
        object.__setattr__(self, "values", values)


def passing(filters: Mapping[str, object], catalog: HasAttributes) -> list[int]:
    """The positions of the products that pass every filter; see :meth:`Catalog.where`.

    Raises
    ------
    TableError
        If an attribute is unknown, a filter is none, or a range is asked of an attribute
        without any number.

    Notes
    -----
    Used in Chapter 01.
    """
    tests = []
    for name, wanted in filters.items():
        if name not in catalog.attributes:
            raise TableError.unknown(f"The products have no attribute {name!r}.", catalog.attributes)
        if _is_range(wanted) and all(isinstance(value, str) for value in _values_of(name, catalog)):
            raise TableError(
                f"{name!r} has no numbers, only texts such as {_values_of(name, catalog)[0]!r:.80}.",
                accepted="a value or a list of values.",
                remedy="Filter by a value, or write numbers into the column.",
            )
        tests.append((name, _test(name, wanted), isinstance(wanted, Not)))
    return [
        position
        for position, product in enumerate(catalog)
        if all(
            test(product.attributes[name]) if name in product.attributes else without
            for name, test, without in tests
        )
    ]


def parse_filters(texts: Sequence[str], catalog: HasAttributes) -> dict[str, object]:
    """Filters as they are written on a command line, for :func:`passing`.

    Parameters
    ----------
    texts : sequence of str
        ``name=value``; ``name=one,other``: either; ``name!=value``: anything else; ``name=20..50``,
        ``name=20..`` or ``name=..50``: a range. Of the same attribute again, values are
        alternatives and ranges hold together. A value that some product has is taken as it is,
        whatever signs it holds, and double quotes keep any value, and any name, together.
        Names are found in upper and lower case, unless that is ambiguous.
    catalog : Catalog
        Whose attributes and values are meant.

    Raises
    ------
    TableError
        If a text cannot be read, an attribute is unknown, or values and ranges of one attribute
        are mixed.

    Examples
    --------
    >>> from crossmodal_edu.products import Catalog, Product
    >>> shop = Catalog([Product("a", "Bag", attributes={"price": 20, "brand": "Smith, Sons"})])
    >>> parse_filters(["price=..50", "Price=10..", "brand=Smith, Sons", "brand=Acme,Bell"], shop)
    {'price': (10, 50), 'brand': ['Smith, Sons', 'Acme', 'Bell']}
    """
    parsed: dict[str, object] = {}
    for text in texts:
        name, excludes, written = _split(text, catalog.attributes)
        wanted = _wanted(text, name, written, catalog)
        if excludes:
            if _is_range(wanted):
                raise _unreadable(text, "a range cannot be excluded", "Ask for the range on the other side.")
            wanted = Not(*wanted)
        before = parsed.get(name)
        parsed[name] = wanted if before is None else _both(text, name, before, wanted)
    return parsed


def unmatched(filters: Mapping[str, object], catalog: HasAttributes) -> list[str]:
    """For each value asked for that no product has, a sentence that says which there are.

    Examples
    --------
    >>> from crossmodal_edu.products import Catalog, Product
    >>> shop = Catalog(Product(c, "Bag", attributes={"colour": c}) for c in ("red", "blue"))
    >>> unmatched({"colour": ["red", "purple"]}, shop)
    ["No product has colour 'purple'; there are red, blue."]
    """
    sentences = []
    for name, wanted in filters.items():
        if name not in catalog.attributes or _is_range(wanted) or callable(wanted) or isinstance(wanted, Not):
            continue
        counts = Counter(_values_of(name, catalog))
        listed = ", ".join(str(value) for value, _ in counts.most_common(_MOST_LISTED))
        more = f" and {len(counts) - _MOST_LISTED:,} more" if len(counts) > _MOST_LISTED else ""
        sentences += [
            f"No product has {name} {value!r}; there are {listed}{more}."
            for value in _values(wanted)
            if not any(map(_equal_to_one_of(name, [value]), counts))
        ]
    return sentences


def _test(name: str, wanted: object) -> Callable[[Value], bool]:
    """What a value of the attribute must fulfil."""
    if isinstance(wanted, tuple) and _is_range(wanted):
        low, high = wanted
        low, high = -math.inf if low is None else low, math.inf if high is None else high
        if not low <= high:
            accepted = "(low, high) with low ≤ high; None leaves a side open."
            problem = f"The range {wanted} of {name!r} is empty."
            raise TableError(problem, accepted=accepted, remedy="Exchange the two.")
        return lambda value: not isinstance(value, str) and low <= value <= high
    if isinstance(wanted, Not):
        one_of = _equal_to_one_of(name, wanted.values)
        return lambda value: not one_of(value)
    return wanted if callable(wanted) else _equal_to_one_of(name, _values(wanted))


def _is_range(wanted: object) -> bool:
    pair = wanted if isinstance(wanted, tuple) and len(wanted) == 2 else ("",)
    return all(bound is None or isinstance(bound, Real) for bound in pair)


def _values(wanted: object) -> Sequence[object]:
    return list(wanted) if isinstance(wanted, (set, frozenset, list, tuple)) else [wanted]


def _equal_to_one_of(name: str, wanted: Sequence[object]) -> Callable[[Value], bool]:
    """Texts are compared without case, and numbers as numbers: "49", 49 and 49.0 are one.

    Python compares whole numbers and fractions exactly, so that no long id is rounded. Two
    texts are never compared as numbers: the sizes "1.1" and "1.10" of a column of texts differ.
    """
    texts, numbers, written = set(), set(), set()
    for value in wanted:
        if isinstance(value, (str, bool)):
            texts.add(_folded(str(value)))  # True as tables have it
            written.add(to_number(str(value)))
        elif isinstance(value, Real):
            numbers.add(value)
        else:
            raise TableError(
                f"The filter of {name!r} is {value!r:.80}.",
                accepted="a text, a number, a list or set of them, (low, high), or a function of the value.",
                remedy="For products without the attribute, look through the catalogue.",
            )

    def test(value: Value) -> bool:
        if isinstance(value, str):
            return _folded(value) in texts or (bool(numbers) and to_number(value) in numbers)
        return value in numbers or value in written

    return test


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _values_of(name: str, catalog: HasAttributes) -> list[Value]:
    return [product.attributes[name] for product in catalog if name in product.attributes]


def _unreadable(text: str, why: str, remedy: str) -> TableError:
    return TableError(f"The filter {text!r:.120} cannot be read: {why}.", accepted=_FORMS, remedy=remedy)


# On a command line


def _split(text: str, known: Sequence[str]) -> tuple[str, bool, str]:
    """The attribute, whether its value is excluded, and the value as it is written."""
    quoted = re.match(r'\s*"((?:[^"]|"")*)"\s*(!?)=', text)
    places = [quoted] if quoted else re.finditer(r"(!?)=", text)
    written = []
    for place in places:
        name = quoted[1].replace('""', '"') if quoted else text[: place.start()].strip()
        written.append((name, bool(place[2 if quoted else 1]), text[place.end() :].strip()))
    if not written or not written[0][0] or not written[0][2]:
        raise _unreadable(text, "a name or a value is missing", "Write name=value.")
    # A name may hold "=": the first part that is a name is one.
    for name, excludes, value in written:
        alike = [name] if name in known else [one for one in known if _folded(one) == _folded(name)]
        if len(alike) == 1 and value:
            return alike[0], excludes, value
        if len(alike) > 1:
            raise _unreadable(text, f"it may mean {' or '.join(alike)}", "Write the name as the table does.")
    raise TableError.unknown(f"The products have no attribute {written[0][0]!r}.", known)


def _wanted(text: str, name: str, written: str, catalog: HasAttributes) -> Any:
    """A list of values, or a range."""
    values = set(_values_of(name, catalog))
    if any(map(_equal_to_one_of(name, [written]), values)):
        return [written]
    parts = [(match[1], match[2]) for match in _PART.finditer(written)]
    if ".." in written and all(quoted is None for quoted, _ in parts):
        ends = [end.strip() for end in written.split("..", 1)]
        low, high = map(to_number, ends)
        # An open end is no number, and neither is one that cannot be read.
        if any(ends) and (low is None, high is None) == (not ends[0], not ends[1]):
            return low, high
        if not all(isinstance(value, str) for value in values):
            raise _unreadable(text, "the ends of a range are numbers", "Write 20..50, 20.. or ..50.")
    chosen = [
        plain.strip() if quoted is None else quoted.replace('""', '"')
        for quoted, plain in parts
        if quoted is not None or plain.strip()
    ]
    if not chosen:
        raise _unreadable(text, "there is no value", "Write name=value.")
    return chosen


def _both(text: str, name: str, before: Any, wanted: Any) -> object:
    """Two filters of one attribute as one."""
    if type(before) is not type(wanted):
        why = f"{name!r} was given another kind of filter before"
        raise _unreadable(text, why, "Give values, exclusions or ranges.")
    if isinstance(wanted, Not):
        return Not(*before.values, *wanted.values)
    if isinstance(wanted, list):
        return before + wanted
    ends = ([bound for bound in pair if bound is not None] for pair in zip(before, wanted, strict=True))
    low, high = max(next(ends), default=None), min(next(ends), default=None)
    if low is not None and high is not None and low > high:
        why = f"no number lies in this range of {name!r} and in the one before"
        raise _unreadable(text, why, "Leave one of them out.")
    return low, high
