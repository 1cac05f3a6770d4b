"""What the cells of a table are worth as numbers, decided for a column with all of them in view."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Number: TypeAlias = int | float

_NOTHING = frozenset(
    {"n/a", "#n/a", "n.a.", "na", "nan", "none", "null", "nil", "-", "--", "—", "–", "?", "無", "无", "暂无"}
)
_SIGNS = str.maketrans(
    "０１２３４５６７８９，．＋－−﹣％＄￥￡￠’\u00a0\u202f\u2009\u3000", "0123456789,.+---%$¥£¢'    "
)
# The unit of an amount, however it is written. ¥ is taken for yuan, which is what 元 says.
_UNITS = {
    "%": "%", "€": "€", "eur": "€", "euro": "€", "$": "$", "us$": "$", "usd": "$", "£": "£", "gbp": "£",
    "¥": "¥", "元": "¥", "cny": "¥", "rmb": "¥", "円": "円", "jpy": "円", "₹": "₹", "inr": "₹", "₩": "₩",
    "krw": "₩", "₽": "₽", "rub": "₽", "zł": "zł", "pln": "zł", "kr": "kr", "chf": "chf",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_AMOUNT = re.compile(
    rf"(?P<sign>[+-]?) ?(?P<before>{_UNIT})? ?(?P<inner>[+-]?)(?P<digits>[\d.,][\d., 'e+-]*?)"
    rf" ?(?P<after>{_UNIT})?",
    re.IGNORECASE | re.ASCII,
)
# An exponent has a sign or follows a fraction, as programs write it; 1E5 is a code.
_DIGITS = {
    decimal: re.compile(
        rf"(0|[1-9]\d*|[1-9]\d{{0,2}}([{group} '])\d{{3}}(\2\d{{3}})*)?"
        rf"(\{decimal}\d+(e[+-]?\d{{1,3}})?|e[+-]\d{{1,3}})?",
        re.IGNORECASE | re.ASCII,
    )
    for decimal, group in ((".", ","), (",", "."))
}
_CODE = re.compile(r"[+-]?0\d+", re.ASCII)
_MOST_DIGITS = 300  # beyond that even a float ends
_EXACT = 2**53  # the whole numbers up to here are floats, too


def to_number(text: str) -> Number | None:
    """A number as programs write it, with a decimal point and nothing around it; None for any other text.

    Whole numbers are exact, whatever their length. With leading zeros a text is a code.

    Examples
    --------
    >>> to_number("12345678901234567891"), to_number("19.90"), to_number("007"), to_number("1E5")
    (12345678901234567891, 19.9, None, None)
    """
    text = text.strip()
    sign = -1 if text[:1] == "-" else 1
    digits = text[1:] if text[:1] in ("-", "+") else text
    return None if "," in digits or " " in digits or "'" in digits else _value(sign, digits, ".")


def column_of_numbers(
    cells: Sequence[tuple[int, str]], name: str, point_is_decimal: bool
) -> tuple[dict[str, Number | None], list[tuple[int, str]]]:
    """Read a column of texts as numbers, if more than half of its cells are some.

    Signs of nothing, such as "n/a", do not count as cells. Decimal comma or decimal point is
    decided for the whole column: by the cells that can only be read one way, and by their
    majority. The same goes for the currency; percentages and plain numbers are not mixed. One
    code with leading zeros makes the column one of codes.

    Parameters
    ----------
    cells : sequence of (line, text)
        Those that are not empty.
    name : str
        Of the column, for the notices.
    point_is_decimal : bool
        What to think of a column in which 1.299 can be 1.299 as well as 1299: a table of
        programs, whose cells are separated by commas, has decimal points. Of 1,299 nobody
        can tell; it stays text.

    Returns
    -------
    dict from text to number, and notices as (line, sentence)
        Texts that are missing stay texts; None stands for nothing.

    Examples
    --------
    >>> column_of_numbers([(2, "1.299,00 €"), (3, "19,90 €"), (4, "n/a")], "price", True)[0]
    {'1.299,00 €': 1299.0, '19,90 €': 19.9, 'n/a': None}
    """
    counts = Counter(text for _, text in cells)
    filled = {text: n for text, n in counts.items() if text.casefold() not in _NOTHING}
    amounts = {text: amount for text in filled if (amount := _Amount.of(text))}
    if any(_CODE.fullmatch(text.translate(_SIGNS)) for text in filled):
        return {}, []
    half = sum(filled.values()) / 2
    if sum(filled[text] for text in amounts) <= half:
        return {}, []
    unit = _majority({text: amount.unit for text, amount in amounts.items()}, filled)
    fitting = {text: amount for text, amount in amounts.items() if amount.unit in unit}
    decimal = _decimal_sign(fitting, filled, point_is_decimal)
    numbers = {
        text: amount.readings[decimal] for text, amount in fitting.items() if decimal in amount.readings
    }
    n = sum(filled[text] for text in numbers)
    unclear = {text for text, amount in fitting.items() if decimal == "" and len(amount.readings) == 2}
    notices = []
    if unclear:
        line, text = next(cell for cell in cells if cell[1] in unclear)
        either = f"may be {fitting[text].readings['.']} or {fitting[text].readings[',']}"
        notices.append((line, f"{name}: {text[:80]!r} {either}, and no other value tells; it stays text"))
    elif n <= half:
        line, odd = next(cell for cell in cells if cell[1] in amounts.keys() - numbers.keys())
        other = next(text for _, text in cells if text in amounts and text != odd)
        kinds = f"{odd[:80]!r} and {other[:80]!r} are not numbers of one kind"
        notices.append((line, f"{name}: {kinds}; the column stays text"))
    if n <= half:
        return {}, notices
    others = "the other value of the column is" if n == 1 else f"the other {n:,} values of the column are"
    for line, text in cells:
        if text not in numbers and text not in unclear:
            fate = "stays text" if text in filled else "counts as empty"
            notices.append((line, f"{name}: {text[:80]!r} is not a number, as {others}; it {fate}"))
    return numbers | {text: None for text in counts if text not in filled}, notices


@dataclass(frozen=True)
class _Amount:
    """A cell that looks like a number: its unit, and what it is with a decimal point or comma.

    A number without such a sign has the reading "" as well, since it needs no decision.
    """

    unit: str
    readings: dict[str, Number]

    @classmethod
    def of(cls, text: str) -> _Amount | None:
        match = _AMOUNT.fullmatch(text.translate(_SIGNS)) if len(text) <= 2 * _MOST_DIGITS else None
        if match is None or (match["sign"] and match["inner"]):
            return None
        units = {_UNITS[unit.casefold()] for unit in (match["before"], match["after"]) if unit}
        sign = -1 if "-" in (match["sign"], match["inner"]) else 1
        values = {decimal: _value(sign, match["digits"], decimal) for decimal in _DIGITS}
        readings = {decimal: value for decimal, value in values.items() if value is not None}
        if not readings or len(units) > 1:
            return None
        if len(readings) == 2 and readings["."] == readings[","]:
            readings[""] = readings["."]
        return cls("".join(units), readings)


def _value(sign: int, digits: str, decimal: str) -> Number | None:
    match = _DIGITS[decimal].fullmatch(digits) if 0 < len(digits) <= _MOST_DIGITS else None
    if match is None:
        return None
    whole, fraction = re.sub(r"[ ',.]", "", match[1] or "0"), (match[4] or "").replace(",", ".")
    if not fraction:
        return sign * int(whole)
    value = sign * float(whole + fraction)
    if not math.isfinite(value):
        return None
    # Of 1e+06 a whole number comes back, since that is what a spreadsheet made it from.
    return int(value) if fraction[0] in "eE" and value.is_integer() and abs(value) <= _EXACT else value


def _majority(units: dict[str, str], counts: dict[str, int]) -> set[str]:
    """The units that may stand in the column: one currency and none at all, or per cent."""
    votes = Counter(unit for text, unit in units.items() for _ in range(counts[text]))
    if 2 * votes["%"] > votes.total():
        return {"%"}
    currencies = [unit for unit, _ in votes.most_common() if unit not in ("", "%")]
    return {"", *currencies[:1]}


def _decimal_sign(amounts: dict[str, _Amount], counts: dict[str, int], point_is_decimal: bool) -> str:
    """Point or comma, or "" where nothing tells."""
    clear = {text: amount.readings for text, amount in amounts.items() if len(amount.readings) == 1}
    sure = Counter(decimal for text in clear for decimal in clear[text] for _ in range(counts[text]))
    if sure["."] != sure[","]:
        return max(sure, key=sure.__getitem__)
    unclear = [text.translate(_SIGNS) for text, amount in amounts.items() if len(amount.readings) == 2]
    return "." if not sure and unclear and point_is_decimal and all("." in text for text in unclear) else ""
