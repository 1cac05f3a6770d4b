"""Small tables of kinds that people report to go wrong: the right value of each."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from crossmodal_edu.filters import parse_filters
from crossmodal_edu.products import Catalog


def _table(folder: Path, text: str) -> Catalog:
    path = folder / "products.csv"
    path.write_text(text, encoding="utf-8")
    return Catalog.from_table(path)


def _column(catalog: Catalog, name: str) -> list:
    return [product.attributes.get(name) for product in catalog]


def test_one_odd_price_is_named_and_the_others_stay_numbers(tmp_path):
    catalog = _table(tmp_path, "id,title,price\n1,red bag,19.99\n2,blue bag,n/a\n3,green bag,60\n")
    assert _column(catalog, "price") == [19.99, None, 60]
    assert catalog.where({"price": (None, 50)}) == [0]
    (problem,) = catalog.problems
    assert str(problem).startswith(
        "line 3: price: 'n/a' is not a number, as the other 2 values of the column are"
    )


def test_an_odd_text_in_a_column_of_numbers_is_kept_and_passes_no_range(tmp_path):
    catalog = _table(tmp_path, "id,title,price\n1,a,19.99\n2,b,on request\n3,c,60\n")
    assert _column(catalog, "price") == [19.99, "on request", 60]
    assert catalog.where({"price": (0, None)}) == [0, 2]
    assert catalog.where({"price": "on request"}) == [1]


def test_decimal_commas(tmp_path):
    catalog = _table(tmp_path, "id;title;price\n1;red bag;19,90\n2;blue bag;129,00\n")
    assert (_column(catalog, "price"), catalog.problems) == ([19.9, 129.0], ())


def test_thousands_that_may_be_fractions_stay_text_and_are_said_once(tmp_path):
    catalog = _table(tmp_path, "id;title;price\n1;red bag;1.299\n2;blue bag;2.499\n")
    assert _column(catalog, "price") == ["1.299", "2.499"]
    assert [problem.line for problem in catalog.problems] == [2]
    catalog = _table(tmp_path, "id,title,price\n1,red bag,1.299\n2,blue bag,2.499\n")
    assert (_column(catalog, "price"), catalog.problems) == ([1.299, 2.499], ())


def test_long_numbers_are_exact(tmp_path):
    catalog = _table(
        tmp_path,
        "id,title,price,ean\n"
        "1,red sofa,1250000,4006381333931\n"
        "2,blue sofa,12345.67,4006381333948\n"
        "3,green sofa,1299999,12345678901234567890\n"
        "4,grey sofa,999,12345678901234567891\n",
    )
    assert list(map(str, _column(catalog, "price"))) == ["1250000", "12345.67", "1299999", "999"]
    for ean, position in ((12345678901234567890, 2), ("12345678901234567891", 3)):
        assert catalog.where({"ean": ean}) == [position]
        assert catalog.where(parse_filters([f"ean={ean}"], catalog)) == [position]
    again = Catalog.from_table(catalog.to_table(tmp_path / "again.parquet"))
    assert list(again) == list(catalog)
    assert _column(again, "ean") == _column(catalog, "ean")


@pytest.mark.parametrize(
    "filter", ["brand=Smith, Sons & Co", 'brand="Smith, Sons & Co"', "size=1..2", 'size="1..2"', "note=x=y"]
)
def test_a_value_is_a_value_whatever_signs_it_holds(tmp_path, filter):
    catalog = _table(
        tmp_path,
        "id,title,colour,brand,size,note\n"
        '1,红色皮手袋 “Ĳssel” ✓,red,"Smith, Sons & Co",1..2,x=y\n'
        "2,blue bag,blue,Acme,3,\n",
    )
    assert catalog.where(parse_filters([filter], catalog)) == [0]


def test_a_filter_that_is_repeated(tmp_path):
    catalog = _table(
        tmp_path, "id,title,colour,price\n1,red bag,red,10\n2,blue bag,blue,30\n3,green bag,green,60\n"
    )
    for texts, positions in (
        (["colour=red", "colour=blue"], [0, 1]),
        (["price=20..", "price=..40"], [1]),
        (["colour=red", "price=20.."], []),
    ):
        assert catalog.where(parse_filters(texts, catalog)) == positions


def test_html_does_not_count_as_words(tmp_path):
    catalog = _table(
        tmp_path,
        'id,title,description\n1,red bag,"<p>Soft <b>leather</b> &amp; brass</p>"\n2,blue bag,wood\n',
    )
    assert catalog[0].text == "red bag. Soft leather & brass"
    assert catalog[0].description == "<p>Soft <b>leather</b> &amp; brass</p>"


def test_pictures_as_suppliers_name_them(tmp_path):
    (tmp_path / "img").mkdir()
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    for name in ("a.png", "img/a.png"):
        (tmp_path / name).write_bytes(picture.getvalue())
    inside = base64.b64encode(picture.getvalue()).decode()
    catalog = _table(
        tmp_path,
        "id,title,image\n"
        '1,red bag,"a.png, b.png"\n'
        "2,blue bag,https://example.com/x.jpg\n"
        "3,green bag,//cdn.example.com/y.jpg\n"
        "4,grey bag,C:\\pics\\z.jpg\n"
        f"5,black bag,data:image/png;base64,{inside}\n"
        "6,pink bag,img\\a.png\n"
        "7,white bag,IMG/A.PNG\n"
        "8,brown bag,../a.png\n",
    )
    assert [product.image and getattr(product.image, "name", "bytes") for product in catalog] == [
        "a.png", None, None, None, "bytes", "a.png", "a.png", None,
    ]  # fmt: skip
    assert [problem.line for problem in catalog.problems] == [2, 3, 4, 5, 9]
    assert [product.line for product in catalog] == [2, 3, 4, 5, 6, 7, 8, 9]


def test_the_line_of_a_product_is_that_of_the_file(tmp_path):
    """Blank lines, rows that are left out and cells of several lines do not move it."""
    catalog = _table(tmp_path, 'id,title\n1,red bag\n\n2,\n3,"green\nbag"\n4,grey bag\n')
    assert [(product.id, product.line) for product in catalog] == [("1", 2), ("3", 5), ("4", 7)]
    assert [product.line for product in catalog[1:]] == [5, 7]
    assert [product.line for product in catalog.take([2, 0])] == [7, 2]
