"""Filters from Python and from a command line: exact, never silently of no effect, and told in words."""

from __future__ import annotations

import numpy as np
import pytest

from crossmodal_edu.errors import TableError
from crossmodal_edu.filters import Not, parse_filters, unmatched
from crossmodal_edu.products import Catalog, Product

BIG = 12345678901234567890
SHOP = Catalog(
    Product(str(i), title="x", attributes=attributes)
    for i, attributes in enumerate(
        [
            {"colour": "Red", "price": 20, "ean": BIG, "brand": "Smith, Sons & Co", "size": "1..2"},
            {"colour": "blue", "price": 30.5, "ean": BIG + 1, "brand": "Acme", "size": "1.1"},
            {"colour": "green", "price": "on request", "ean": BIG + 2, "brand": "x=y", "size": "1.10"},
            {"colour": "light  Blue", "price": 49, "ean": float(BIG), "a=b": "c", "size": "007"},
            {"price": 5, "brand": "Sons", "size": 'say "5"'},
        ]
    )
)


@pytest.mark.parametrize(
    ("filters", "positions"),
    [
        ({"ean": BIG}, [0]),  # and not the float next to it
        ({"ean": BIG + 1}, [1]),
        ({"ean": str(BIG + 2)}, [2]),
        ({"ean": (BIG + 1, BIG + 2)}, [1, 2]),
        ({"price": "49"}, [3]),
        ({"price": 49.0}, [3]),
        ({"price": "49.0"}, [3]),
        ({"price": np.int64(49)}, [3]),
        ({"price": (None, 40)}, [0, 1, 4]),
        ({"price": (20, None)}, [0, 1, 3]),
        ({"price": [20, 49]}, [0, 3]),
        ({"price": "ON  request"}, [2]),
        ({"size": "1.1"}, [1]),  # texts are not compared as numbers
        ({"size": 1.1}, [1, 2]),
        ({"size": 7}, []),
        ({"size": "007"}, [3]),
        ({"colour": "Light Blue"}, [3]),
        ({"colour": {"red", "BLUE"}}, [0, 1]),
        ({"colour": Not("red", "blue")}, [2, 3, 4]),
        ({"price": Not(20), "colour": Not("green")}, [1, 3, 4]),
        ({"price": lambda price: price in (20, 49)}, [0, 3]),
        ({"colour": str.islower}, [1, 2]),
        ({"colour": []}, []),
    ],
)
def test_filters_of_python(filters, positions):
    assert SHOP.where(filters) == positions


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"sice": 1}, "no attribute 'sice'.*accepted: colour, price, ean, brand, size, a=b"),
        ({"colour": (1, 2)}, "'colour' has no numbers, only texts such as 'Red'"),
        ({"price": (3, 2)}, "empty"),
        ({"price": (float("nan"), None)}, "empty"),
        ({"price": None}, "The filter of 'price' is None"),
        ({"price": ["1", None]}, "The filter of 'price' is None"),
        ({"price": {"low": 3}}, "The filter of 'price' is {'low': 3}"),
    ],
)
def test_filters_that_make_no_sense(filters, message):
    with pytest.raises(TableError, match=f"(?s){message}"):
        SHOP.where(filters)


@pytest.mark.parametrize(
    ("texts", "filters"),
    [
        ([], {}),
        (["colour=red"], {"colour": ["red"]}),
        ([" Colour = red "], {"colour": ["red"]}),
        (["colour=red,blue"], {"colour": ["red", "blue"]}),
        (["colour=red", "colour=blue, green"], {"colour": ["red", "blue", "green"]}),
        (["colour!=red", "COLOUR!=blue"], {"colour": Not("red", "blue")}),
        (["price=20..50"], {"price": (20, 50)}),
        (["price=..50"], {"price": (None, 50)}),
        (["price=20.."], {"price": (20, None)}),
        (["price=-1.5 .. 2.5"], {"price": (-1.5, 2.5)}),
        (["price=20..", "price=..40"], {"price": (20, 40)}),
        (["price=10..40", "price=20..50", "price=..45"], {"price": (20, 40)}),
        ([f"ean={BIG}..{BIG + 1}"], {"ean": (BIG, BIG + 1)}),
        (["brand=Smith, Sons & Co"], {"brand": ["Smith, Sons & Co"]}),
        (['brand="Smith, Sons & Co",Acme'], {"brand": ["Smith, Sons & Co", "Acme"]}),
        (["brand=Smith, Sons"], {"brand": ["Smith", "Sons"]}),
        (["brand=x=y"], {"brand": ["x=y"]}),
        (["size=1..2"], {"size": ["1..2"]}),
        (['size="1..3"'], {"size": ["1..3"]}),
        (['price="1..3"'], {"price": ["1..3"]}),
        (['size=say "5"'], {"size": ['say "5"']}),
        (['size="say ""5"""'], {"size": ['say "5"']}),
        (["colour=red..blue"], {"colour": ["red..blue"]}),
        (["a=b=c"], {"a=b": ["c"]}),
        (['"a=b"=c'], {"a=b": ["c"]}),
        (['"a=b"!="c,d"'], {"a=b": Not("c,d")}),
    ],
)
def test_filters_of_a_command_line(texts, filters):
    assert parse_filters(texts, SHOP) == filters


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["price"], "'price' cannot be read"),
        (["price="], "cannot be read"),
        (["=3"], "cannot be read"),
        (["price=a..b"], "the ends of a range are numbers"),
        (["price=20..b"], "the ends of a range are numbers"),
        (["price=20..50,70"], "the ends of a range are numbers"),
        (["price=.."], "the ends of a range are numbers"),
        (["colour=,"], "there is no value"),
        (["price=20..50", "price=30"], "another kind of filter"),
        (["price=20", "price=30.."], "another kind of filter"),
        (["colour=red", "colour!=blue"], "another kind of filter"),
        (["price=20..", "price=..10"], "no number lies in this range of 'price' and in the one before"),
        (["price!=20..30"], "a range cannot be excluded"),
        (["nothing=3"], "no attribute 'nothing'.*accepted: colour, price"),
        (["x=y=z"], "no attribute 'x'"),
    ],
)
def test_filters_of_a_command_line_that_cannot_be_read(texts, message):
    with pytest.raises(TableError, match=f"(?s){message}") as caught:
        parse_filters(texts, SHOP)
    assert caught.value.accepted and caught.value.remedy


def test_names_that_differ_only_in_case_are_not_guessed():
    shop = Catalog([Product("a", "x", attributes={"Size": "S", "size": "M"})])
    assert parse_filters(["size=M"], shop) == {"size": ["M"]}
    with pytest.raises(TableError, match="Size or size"):
        parse_filters(["SIZE=M"], shop)


def test_what_no_product_has_is_told_with_what_there_is():
    assert unmatched({"colour": ["red", "purple"]}, SHOP) == [
        "No product has colour 'purple'; there are Red, blue, green, light  Blue."
    ]
    assert unmatched({"price": 21, "colour": "RED"}, SHOP) == [
        "No product has price 21; there are 20, 30.5, on request, 49, 5."
    ]
    for filters in (
        {"price": "49.0"},
        {"price": (1, 2)},
        {"colour": Not("x")},
        {"colour": bool},
        {"nothing": "x"},
        {},
    ):
        assert unmatched(filters, SHOP) == []
    many = Catalog(Product(str(i), "x", attributes={"n": str(min(i, 10))}) for i in range(13))
    assert unmatched({"n": "x"}, many) == [
        "No product has n 'x'; there are 10, 0, 1, 2, 3, 4, 5, 6 and 3 more."
    ]
