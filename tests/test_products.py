"""Products and catalogues: rows of real tables, good and bad, and what can be asked of them."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from crossmodal_edu.errors import StorageError, TableError
from crossmodal_edu.modality import Modality
from crossmodal_edu.products import Catalog, Product


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
    catalog = Catalog.from_table(_table(tmp_path / "shop", "image\n" + "\n".join(cells)))
    assert catalog.problems == ()
    assert all(product.image.samefile(picture) for product in catalog)


@pytest.mark.parametrize(
    ("text", "encoding", "what"),
    [
        ("", "utf-8", "is empty"),
        ("id,title\n", "utf-8", "a header and nothing else"),
        ("sku,name\n1,Bag\n", "utf-8", "none of the expected columns"),
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
        read = Catalog.from_table(path)
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
