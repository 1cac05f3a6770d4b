"""Products and catalogues: rows of real tables, good and bad, and what can be asked of them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from crossmodal_edu.errors import StorageError, TableError
from crossmodal_edu.modality import Modality
from crossmodal_edu.products import COLUMNS, Catalog, Product


def _table(folder, text, name="products.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


SHOP = Catalog(
    [
        Product("a", title="Red bag", attributes={"colour": "Red", "price": 20.0}, split="train"),
        Product("b", title="Blue bag", attributes={"colour": "Blue", "price": 30.0}, split="test"),
        Product("c", title="Cap", attributes={"colour": "Light  Blue"}, split="test"),
    ],
    name="shop",
)


def test_a_catalogue_is_a_sequence_with_names():
    assert [product.id for product in SHOP] == ["a", "b", "c"]
    assert isinstance(SHOP[1:], Catalog)
    assert [product.id for product in SHOP[1:]] == ["b", "c"]
    assert SHOP.get("b") is SHOP[1]
    assert SHOP.position("c") == 2
    assert [product.id for product in SHOP.take([2, 0])] == ["c", "a"]
    assert [product.id for product in SHOP.split("test")] == ["b", "c"]
    assert SHOP.attributes == ("colour", "price")
    assert list(pickle.loads(pickle.dumps(SHOP))) == list(SHOP)
    for mistake in (
        lambda: SHOP.get("z"),
        lambda: SHOP.split("holiday"),
        lambda: Catalog([SHOP[0], SHOP[0]]),
    ):
        with pytest.raises(TableError):
            mistake()


@pytest.mark.parametrize(
    ("filters", "positions"),
    [
        ({}, [0, 1, 2]),
        ({"colour": "red"}, [0]),
        ({"colour": "light blue"}, [2]),
        ({"colour": ["RED", "blue"]}, [0, 1]),
        ({"colour": ("red", "blue")}, [0, 1]),
        ({"price": 30}, [1]),
        ({"price": "30"}, [1]),
        ({"price": {20, 30}}, [0, 1]),
        ({"price": (20, 29.9)}, [0]),
        ({"price": (None, 30)}, [0, 1]),
        ({"price": (25, None), "colour": "blue"}, [1]),
        ({"price": (25, None), "colour": "red"}, []),
    ],
)
def test_filters(filters, positions):
    assert SHOP.where(filters) == positions


@pytest.mark.parametrize(
    "filters", [{"size": "M"}, {"price": (3, 2)}, {"price": (float("nan"), 2)}, {"colour": (1, 2)}]
)
def test_filters_that_make_no_sense_are_refused(filters):
    with pytest.raises(TableError):
        SHOP.where(filters)


def test_text_and_modalities_of_a_product():
    product = Product(
        "1", title="Red bag", description="Of leather.", title_zh="红包", description_zh="皮革。", image=b"x"
    )
    assert product.text == "Red bag. Of leather."
    assert product.text_zh == "红包。 皮革。"
    assert product.modalities == (Modality.TEXT, Modality.IMAGE)
    assert Product("2", audio=b"x").modalities == (Modality.AUDIO,)
    assert Product("3", title="Cap").text == "Cap"
    assert hash(product) == hash(product)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_table_of_any_spreadsheet(tmp_path, delimiter, encoding, ending):
    Image.new("RGB", (3, 3)).save(tmp_path / "1.png")
    rows = ["ID,Title,image,price,Brand,code,", "7,红色 bag,1.png,19.5,Öl,007,", "8,Cap,,3,,12,", ",,,,,,"]
    text = ending.join(rows).replace(",", delimiter)
    catalog = Catalog.from_table(_table(tmp_path, text, encoding=encoding))
    assert catalog.problems == ()
    assert catalog.name == "products"
    assert catalog[0] == Product(
        "7", "红色 bag", image=tmp_path / "1.png", attributes={"price": 19.5, "Brand": "Öl", "code": "007"}
    )
    assert catalog[1] == Product("8", "Cap", attributes={"price": 3.0, "code": "12"})


def test_every_bad_row_is_reported_with_its_line_and_the_good_rows_are_kept(tmp_path):
    text = (
        "id,title,description,image,audio\n"  # 1
        '1,Bag,"of leather\nand\nlined",,\n'  # 2 to 4
        "2,Cap,,no.jpg,no.wav\n"  # 5: kept without them
        "3,,,no.jpg,\n"  # 6: nothing left
        "4,Hat\n"  # 7
        "5,Hat,,,,,more\n"  # 8
        "\n"  # 9
        '6,"5" heel",,,\n'  # 10
        "1,Again,,,\n"  # 11
        ",Nameless,,,\n"  # 12
        "7,a\0b,,,\n"  # 13
        "8,,,http://localhost/a.jpg,\n"  # 14
        '9,"never closed,,,\n'  # 15
        "10,Last,,,\n"  # 16
    )
    catalog = Catalog.from_table(_table(tmp_path, text))
    assert [product.id for product in catalog] == ["1", "2", "10"]
    assert catalog[0].description == "of leather\nand\nlined"
    assert [problem.line for problem in catalog.problems] == [5, 5, 6, 6, 7, 8, 10, 11, 12, 13, 14, 14, 15]
    reports = [str(problem) for problem in catalog.problems]
    assert reports[0] == "line 5: image: there is no file 'no.jpg' in the table's folder"
    assert reports[4] == "line 7: it has 2 cells, the header has 5; the row is left out"
    assert reports[7] == "line 11: the id '1' is that of line 2; the row is left out"
    assert "never closed" in reports[-1]


def test_without_ids_the_line_is_the_id(tmp_path):
    catalog = Catalog.from_table(_table(tmp_path, 'title\n"Red\nbag"\nCap\n'))
    assert [product.id for product in catalog] == ["2", "4"]


def test_files_are_found_beside_the_table_wherever_it_was_written(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "pictures").mkdir()
    picture = tmp_path / "pictures" / "1.png"
    Image.new("RGB", (3, 3)).save(picture)
    cells = ["../pictures/1.png", "..\\pictures\\1.png", str(picture)]
    table = _table(tmp_path / "shop", "image\n" + "\n".join(cells))
    catalog = Catalog.from_table(table, media_root=tmp_path / "pictures")
    assert catalog.problems == ()
    assert all(product.image.samefile(picture) for product in catalog)
    with pytest.raises(TableError, match="out of the table's folder"):
        Catalog.from_table(table)


@pytest.mark.parametrize(
    ("text", "encoding", "what"),
    [
        ("", "utf-8", "is empty"),
        ("id,title\n", "utf-8", "a header and nothing else"),
        ("code,kind\n1,Bag\n", "utf-8", "No column is taken as the title.*the columns are code, kind"),
        ("title,Title\nBag,Cap\n", "utf-8", "twice"),
        ("id,title\n1,红包\n", "gbk", r"not UTF-8 \(line 2"),
        ("id,title\n1,café\n", "latin-1", r"not UTF-8 \(line 2, byte 0xe9"),
        ("id,title\n1,Bag\n", "utf-16", "UTF-16"),
        ("id,title\n1\n2\n", "utf-8", "the first problem is in line 2: it has 1 cells"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path, text, encoding, what):
    with pytest.raises(TableError, match=what) as caught:
        Catalog.from_table(_table(tmp_path, text, encoding=encoding))
    assert caught.value.remedy


def test_parquet_with_pictures_inside(tmp_path):
    path = tmp_path / "shop.parquet"
    columns = {
        "id": [1.0, 2.0, 2.0],
        "title": ["Bag", None, "Cap"],
        "image": [{"bytes": b"x", "path": "1.jpg"}, {"bytes": None, "path": "no.jpg"}, None],
        "captions": [["a bag", "one bag"], [], []],
        "year": ["2019", "2020", None],
        "price": [5, None, 7],
    }
    pa.parquet.write_table(pa.table(columns), path)
    catalog = Catalog.from_table(path)
    attributes = {"year": "2019", "price": 5.0}
    assert catalog[0] == Product("1", "Bag", image=b"x", captions=("a bag", "one bag"), attributes=attributes)
    assert [product.id for product in catalog] == ["1", "2"]
    assert [problem.line for problem in catalog.problems] == [2, 2]


def test_a_written_table_reads_back_the_same(tmp_path):
    Image.new("RGB", (3, 3)).save(tmp_path / "1.png")
    products = [
        Product(
            "1",
            'A "red" bag; large',
            "Two\nlines",
            tmp_path / "1.png",
            attributes={"price": 2.5, "colour": "red"},
        ),
        Product("2", "Cap", title_zh="帽子", description_zh="红", captions=("a cap", "红帽"), split="test"),
    ]
    for name in ("table.csv", "deeper/table.csv", "table.parquet"):
        path = Catalog(products).to_table(tmp_path / name)
        read = Catalog.from_table(path, media_root=tmp_path)
        assert read.problems == ()
        assert [p.image and p.image.resolve() for p in read] == [p.image for p in products]
        assert [(p.id, p.text, p.text_zh, p.captions, p.split, p.attributes) for p in read] == [
            (p.id, p.text, p.text_zh, p.captions, p.split, p.attributes) for p in products
        ]
    assert not list(tmp_path.rglob("*.partial"))
    in_memory = Catalog([Product("1", image=b"x", attributes={"year": "2019"})])
    assert list(Catalog.from_table(in_memory.to_table(tmp_path / "memory.parquet"))) == list(in_memory)
    with pytest.raises(TableError, match="CSV holds none"):
        in_memory.to_table(tmp_path / "memory.csv")
    with pytest.raises(StorageError, match="cannot be written"):
        in_memory.to_table(tmp_path / "1.png" / "table.parquet")


@pytest.mark.parametrize(
    ("given", "name", "advice"),
    [
        ({"id": 7}, "id", "str"),
        ({"id": ""}, "id", "another id"),
        ({"id": "A-1 "}, "id", "another id"),
        ({"title": None}, "title", "Leave it out or give ''"),
        ({"description": 3.0}, "description", "str"),
        ({"title": float("nan")}, "title", "str"),
        ({"title_zh": b"x"}, "title_zh", "str"),
        ({"split": None}, "split", "Leave it out"),
        ({"title": "a\0b"}, "title", "without them"),
        ({"title": "a\ud800b"}, "title", "without them"),
        ({"captions": "a bag"}, "captions", "('first', 'second')"),
        ({"captions": ["a bag"]}, "captions", "('first', 'second')"),
        ({"captions": ("a bag", None)}, "captions", "Leave it out"),
        ({"image": "a.png"}, "image", "Path('…')"),
        ({"audio": bytearray(b"x")}, "audio", "the bytes"),
        ({"attributes": {"Title": "x"}}, "name of an attribute", "another name"),
        ({"attributes": {"": "x"}}, "name of an attribute", "another name"),
        ({"attributes": {" size": "x"}}, "name of an attribute", "another name"),
        ({"attributes": {3: "x"}}, "name of an attribute", "another name"),
        ({"attributes": {"size\0": "x"}}, "name of an attribute", "another name"),
        ({"attributes": {"size": "x\0"}}, "size", "without them"),
        ({"attributes": {"price": float("nan")}}, "price", "Leave it out"),
        ({"attributes": {"price": np.float32("inf")}}, "price", "Leave it out"),
        ({"attributes": {"price": Decimal("1.5")}}, "price", "Give str"),
        ({"attributes": {"price": Fraction(1, 3)}}, "price", "Give str"),
        ({"attributes": {"price": None}}, "price", "Leave it out"),
        ({"attributes": {"price": 10**5_000}}, "price", "Leave it out"),
        ({"attributes": {"sale": True}}, "sale", "'yes' and 'no'"),
        ({"attributes": {"sale": np.bool_(True)}}, "sale", "'yes' and 'no'"),
        ({"attributes": {"sizes": ["S", "M"]}}, "sizes", "str"),
    ],
)
def test_a_product_refuses_what_could_not_be_saved(given, name, advice):
    with pytest.raises(TableError) as caught:
        Product(**{"id": "1", "title": "bag"} | given)
    assert f"The {name} of " in caught.value.problem
    assert caught.value.accepted
    assert advice in caught.value.remedy
    str(caught.value).encode()


def test_numbers_of_numpy_become_those_of_python():
    given = {
        "price": np.float32(0.1),
        "stock": np.int64(2**60 + 1),
        "weight": np.float64(2.5),
        "size": np.str_("M"),
    }
    product = Product("1", attributes=given)
    assert product.attributes == {"price": 0.1, "stock": 2**60 + 1, "weight": 2.5, "size": "M"}
    assert [type(product.attributes[name]) for name in ("price", "stock", "weight")] == [float, int, float]
    assert type(given["price"]) is np.float32


def test_the_line_is_for_messages_alone():
    one, other = Product("1", "bag", line=3), Product("1", "bag")
    assert one == other and hash(one) == hash(other) and repr(one) == repr(other)
    assert replace(one, image=b"x").line == 3


def test_a_product_with_nothing_but_tags_is_left_out(tmp_path):
    catalog = Catalog.from_table(_table(tmp_path, "id,title\n1,<p></p>\n2,<p>Bag</p>\n"))
    assert [product.text for product in catalog] == ["Bag"]
    assert [problem.line for problem in catalog.problems] == [2]


def test_parquet_with_lists_of_pictures_and_columns_of_bytes(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    columns = {
        "title": ["Bag", "Cap", "Hat", "Tie"],
        "image": pa.array([[{"bytes": b"1", "path": None}, {"bytes": b"2", "path": None}],
                           [{"bytes": None, "path": "no.png"}, {"bytes": None, "path": "a.png"}], [], None]),
        "audio": [[b"1"], [b"1", b"2", b"3"], None, None],
        "thumb": [b"\xff\x00", None, None, None],
        "maker": [b"Acme", b"caf\xc3\xa9", None, None],
        "tags": [["x", "y"], [], None, ["z"]],
    }  # fmt: skip
    pa.parquet.write_table(pa.table(columns), tmp_path / "shop.parquet")
    catalog = Catalog.from_table(tmp_path / "shop.parquet")
    assert [product.image for product in catalog] == [b"1", tmp_path / "a.png", None, None]
    assert [product.audio for product in catalog] == [b"1", b"1", None, None]
    assert catalog.attributes == ("maker", "tags")
    assert [dict(p.attributes) for p in catalog[:2]] == [
        {"maker": "Acme", "tags": "x | y"},
        {"maker": "café"},
    ]
    assert list(map(str, catalog.problems)) == [
        "line 1: the column 'thumb' is no attribute; it is left out",
        "line 1: image: it has 2, of which one is taken",
        "line 2: image: it has 2, of which 'a.png' is taken",
        "line 2: audio: it has 3, of which one is taken",
    ]


def test_a_link_to_a_file_elsewhere_never_gets_into_a_catalogue(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    try:
        (tmp_path / "shop" / "a.png").symlink_to(tmp_path / "secret.txt")
    except OSError:
        pytest.skip("no links on this system")
    catalog = Catalog.from_table(_table(tmp_path / "shop", "title,image\nbag,a.png\n"))
    assert catalog[0].image is None
    assert "is a link that leads out of the table's folder" in str(catalog.problems[0])


# Our own files

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_ODD = st.sampled_from(["007", "1e5", "nan", "n/a", "", " x ", "a | b", "👜\n包", "x" * 3_000, "1,299", "-"])
_NUMBER = st.one_of(
    st.integers(),
    st.sampled_from([2**60 + 1, 10**30, -(10**300)]),
    st.floats(allow_nan=False, allow_infinity=False),
)
_ID = _TEXT.map(str.strip).filter(bool) | st.sampled_from(["a b", "a\u3000b", "a\nb", "nan", "1.0"])
_NAME = _TEXT.map(str.strip).filter(lambda name: name and name.lower() not in COLUMNS)
_PRODUCT = st.builds(
    Product,
    id=_ID,
    title=_TEXT | _ODD,
    description=_TEXT,
    image=st.none() | st.binary(max_size=9),
    audio=st.none() | st.binary(max_size=9),
    attributes=st.dictionaries(
        _NAME | st.sampled_from(["price", "Größe"]), _NUMBER | _TEXT | _ODD, max_size=4
    ),
    title_zh=_TEXT,
    captions=st.lists(_TEXT | _ODD, max_size=3).map(tuple),
    split=_TEXT,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(products=st.lists(_PRODUCT, max_size=5, unique_by=lambda product: product.id))
@example(products=[Product("a", attributes={"n": 1}), Product("b", attributes={"n": "1"})])
@example(products=[Product("a", attributes={"n": 2**63}), Product("b", attributes={"n": 0.5})])
def test_what_a_catalogue_wrote_comes_back_exactly(tmp_path, products):
    path = Catalog(products).to_table(tmp_path / "own.parquet")
    read = Catalog.from_table(path, own=True)
    assert list(read) == products
    for before, after in zip(products, read, strict=True):
        assert before.image == after.image and before.audio == after.audio
        kinds = [{name: isinstance(v, str) for name, v in p.attributes.items()} for p in (before, after)]
        assert kinds[0] == kinds[1]
    assert read.problems == ()
    assert read.name == "own"


def test_our_own_file_may_have_any_size_and_leads_to_no_file(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"x")
    products = [Product("a", image=tmp_path / "a.png"), Product("b", image=b"x" * 5_000), Product("c")]
    path = Catalog(products).to_table(tmp_path / "own.parquet")
    monkeypatch.setattr("crossmodal_edu.tables._MAX_BYTES", 1_000)
    assert [product.image for product in Catalog.from_table(path, own=True)] == [None, b"x" * 5_000, None]
    with pytest.raises(TableError, match="more than 1,000"):
        Catalog.from_table(path)


def test_mixed_columns_of_a_written_parquet_are_read_by_anybody_the_same(tmp_path):
    values = [1, "n/a", 2.5, 10**30, "007"]
    shop = Catalog(Product(str(i), "bag", attributes={"v": value}) for i, value in enumerate(values))
    path = shop.to_table(tmp_path / "shop.parquet")
    read = Catalog.from_table(path)
    assert [product.attributes["v"] for product in read] == values
    assert [product.line for product in read] == [1, 2, 3, 4, 5]
    assert Path(path).exists()
