"""Columns of numbers as people write them: read, or left as text with one notice, never guessed two ways."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossmodal_edu.amounts import column_of_numbers, to_number


def _read(*texts, point_is_decimal=True):
    """The column as it comes out, and the notices as "line: sentence"."""
    cells = list(enumerate(texts, start=2))
    numbers, notices = column_of_numbers(cells, "price", point_is_decimal)
    return [numbers.get(text, text) for text in texts], [f"{line}: {notice}" for line, notice in notices]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["19.99", "60", "-3", "+5", ".5", "0.125"], [19.99, 60, -3, 5, 0.5, 0.125]),
        (["19,90", "129,00", "60"], [19.9, 129.0, 60]),
        (["1,299.00", "1,299", "999"], [1299.0, 1299, 999]),
        (["1.299,00", "1.299", "999"], [1299.0, 1299, 999]),
        (["1.299.000", "2,5"], [1299000, 2.5]),
        (["1 299,00", "1\u202f299,00", "1\u00a0299", "2\u2009500"], [1299.0, 1299.0, 1299, 2500]),
        (["1'299.00", "1’299"], [1299.0, 1299]),
        (["€ 19.90", "19.90€", "19.90 EUR", "eur 19.90", "20"], [19.9, 19.9, 19.9, 19.9, 20]),
        (["$5", "US$ 6", "7 USD", "$ 8 USD", "-$9", "$-9.5"], [5, 6, 7, 8, -9, -9.5]),
        (["￥5", "6元", "CNY 7"], [5, 6, 7]),
        (["１９．５", "４２", "−３", "－４"], [19.5, 42, -3, -4]),
        (["20%", "30 %", "12.5％"], [20, 30, 12.5]),
        (["1e+06", "1.5E3", "2e-3", "7"], [1_000_000, 1500.0, 0.002, 7]),
        (["12345678901234567890", "12345678901234567891"], [12345678901234567890, 12345678901234567891]),
        (["0", "-0", "10"], [0, 0, 10]),
    ],
)
def test_columns_of_numbers(texts, numbers):
    assert _read(*texts) == (numbers, [])


@pytest.mark.parametrize(
    "texts",
    [
        ["007", "12", "99"],  # codes, as one of them tells
        ["００７", "12"],
        ["1E5", "2E7", "3A1"],
        ["1E5", "2E7"],
        ["S", "M", "40"],
        ["red", "n/a"],
        ["2024-01-01", "2024-01-02"],
        ["1.2.3", "1.10.0"],
        ["12:30", "10-20", "1/2", "٣"],
        ["inf", "1e999", "1_000"],
        ["n/a", "-", ""],
        ["5.", ".", ",", "--5", "+-5", "1,29,9"],
        ["1 29", "12 3456", "1,2345,678", "$5€"],
    ],
)
def test_columns_of_text_without_a_notice(texts):
    assert _read(*texts) == (texts, [])


def test_each_odd_cell_of_a_column_of_numbers_is_named_with_its_line():
    values, notices = _read("19.99", "n/a", "60", "on request", "#N/A", "5", "–", "7", "1E5")
    assert values == [19.99, None, 60, "on request", None, 5, None, 7, "1E5"]
    as_others = "is not a number, as the other 4 values of the column are; it"
    assert notices == [
        f"3: price: 'n/a' {as_others} counts as empty",
        f"5: price: 'on request' {as_others} stays text",
        f"6: price: '#N/A' {as_others} counts as empty",
        f"8: price: '–' {as_others} counts as empty",
        f"10: price: '1E5' {as_others} stays text",
    ]
    assert _read("5", "n/a")[1] == [
        "3: price: 'n/a' is not a number, as the other value of the column is; it counts as empty"
    ]


def test_what_is_too_large_for_a_float_stays_text():
    assert _read("1", "2", "1.5e999", "9" * 301, "3")[0] == [1, 2, "1.5e999", "9" * 301, 3]
    assert to_number("9" * 300) == int("9" * 300)


def test_half_numbers_are_no_column_of_numbers():
    assert _read("5", "red") == (["5", "red"], [])
    assert _read("5", "6", "red")[0] == [5, 6, "red"]


def test_what_cannot_be_decided_stays_text_and_is_said_once():
    values, notices = _read("1,299", "2,499", "3,100")
    assert values == ["1,299", "2,499", "3,100"]
    assert notices == ["2: price: '1,299' may be 1299 or 1.299, and no other value tells; it stays text"]
    values, notices = _read("20", "1,299", "30", "2,499", "40")
    assert values == [20, "1,299", 30, "2,499", 40]
    assert len(notices) == 1 and notices[0].startswith("3: ")


def test_a_point_before_three_digits_is_what_the_table_suggests():
    """Tables with semicolons come from where the comma is decimal; those with commas from programs."""
    assert _read("1.299", "2.499") == ([1.299, 2.499], [])
    values, notices = _read("1.299", "2.499", point_is_decimal=False)
    assert values == ["1.299", "2.499"] and len(notices) == 1
    assert _read("1.299", "2.5", point_is_decimal=False) == ([1.299, 2.5], [])
    assert _read("1.299", "2,5") == ([1299, 2.5], [])


def test_a_column_is_read_one_way_by_its_majority():
    values, notices = _read("19.90", "20.10", "19,90", "1,299")
    assert values == [19.9, 20.1, "19,90", 1299]
    assert len(notices) == 1 and notices[0].startswith("4: price: '19,90' is not a number")
    assert _read("€5", "€6", "$7")[0] == [5, 6, "$7"]
    assert _read("0.2", "0.3", "20%")[0] == [0.2, 0.3, "20%"]
    assert _read("20%", "30%", "0.2")[0] == [20, 30, "0.2"]
    for tie in (("19.90", "19,90"), ("€5", "$5"), ("20%", "0.2")):
        values, notices = _read(*tie)
        assert values == list(tie)
        assert len(notices) == 1 and "not numbers of one kind; the column stays text" in notices[0]


_DIGITY = st.text("0123456789.,' e+-€$%", min_size=1, max_size=9).map(str.strip).filter(bool)


@given(st.lists(_DIGITY, min_size=1, max_size=6), st.booleans())
@example(["20%", "0.3"], True)
def test_anything_ends_in_numbers_or_texts(texts, point_is_decimal):
    values, notices = _read(*texts, point_is_decimal=point_is_decimal)
    for text, value in zip(texts, values, strict=True):
        assert value is None or value == text or isinstance(value, (int, float))
        if value is None:
            assert not any(sign.isdigit() for sign in text)
    assert len(notices) <= len(texts)


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
@example(10**299)
@example(-(2**60) - 1)
def test_what_python_writes_is_read_exactly(number):
    if len(str(number)) <= 300:
        assert to_number(str(number)) == number
        assert type(to_number(str(number))) is type(number) or "e" in str(number)
    assert to_number(f" {number} ") == to_number(str(number))
    assert to_number(f"x{number}") is None
    if str(number)[0] != "-":
        assert to_number(f"0{number}") is None
