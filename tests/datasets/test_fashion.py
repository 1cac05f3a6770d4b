"""The fashion catalogue: its columns, its split, and its queries."""

from __future__ import annotations

import hashlib
from collections import defaultdict

import pyarrow as pa
import pyarrow.parquet
import pytest

from crossmodal_edu.classroom.fashion_queries import fashion_queries, sampled_gallery, stored_figures
from crossmodal_edu.datasets.fashion import ATTRIBUTES, load_fashion, normalised, same_product
from crossmodal_edu.errors import TableError
from crossmodal_edu.modality import open_image
from crossmodal_edu.products import Catalog, Product


def test_products_are_tied_by_title_or_picture_also_through_others():
    titles = ["Red Bag", "red  bag", "Blue bag", "Cap", "", "", "Hat"]
    images = [b"1", b"2", b"2", b"3", None, None, b"1"]
    groups = same_product(titles, images).tolist()
    assert groups == [0, 0, 0, 1, 2, 3, 0]


def test_a_query_is_answered_by_its_title_and_by_the_same_photo():
    catalog = Catalog(
        [
            Product("1", "Red Bag", image=b"1", split="test"),
            Product("2", "red bag", image=b"2", split="test"),
            Product("3", "Bag, red", image=b"2", split="test"),
            Product("4", "Cap", image=b"3", split="train"),
        ]
    )
    queries = {query.title: query.relevant for query in fashion_queries(catalog, 2)}
    assert queries == {"Red Bag": (0, 1, 2), "Bag, red": (1, 2)}
    for n in (0, 3):
        with pytest.raises(TableError):
            fashion_queries(catalog, n)


def test_a_folder_with_other_files_is_refused(tmp_path):
    with pytest.raises(TableError, match="no Parquet file"):
        load_fashion(tmp_path)
    pa.parquet.write_table(pa.table({"id": [1]}), tmp_path / "a.parquet")
    with pytest.raises(TableError, match="lacks the columns"):
        load_fashion(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(TableError, match="cannot be read"):
        load_fashion(tmp_path)


def test_files_of_the_published_form_are_one_catalogue_with_the_split_of_its_titles(tmp_path):
    """Two files; a title that is missing, one in two spellings, an attribute that is empty."""
    titles = [["Red  Bag", None, "Blue Cap"], ["RED BAG", *(f"Thing {i}" for i in range(60))]]
    for number, some in enumerate(titles):
        rows = range(len(some))
        columns = {published: [f"{name} {i}" for i in rows] for name, published in ATTRIBUTES.items()}
        columns["season"] = [None, *columns["season"][1:]]
        ids = [100 * number + i for i in rows]
        images = [{"bytes": b"photo %d" % id, "path": None} for id in ids]
        table = pa.table({"id": ids, "productDisplayName": some, "image": images, **columns})
        pa.parquet.write_table(table, tmp_path / f"train-0000{number}-of-00002.parquet")
    catalog = load_fashion(tmp_path)
    assert [p.id for p in catalog] == [*map(str, range(3)), *map(str, range(100, 161))]
    first, untitled = catalog[0], catalog[1]
    assert (first.title, first.image, untitled.title) == ("Red Bag", b"photo 0", "")
    assert "season" not in first.attributes and first.attributes["colour"] == "colour 0"
    assert untitled.attributes["season"] == "season 1"
    assert first.split == catalog[3].split, "one title, one side"
    sides = {product.title: product.split for product in catalog}
    assert set(sides.values()) == {"train", "validation", "test"}
    again = tmp_path / "alone"
    again.mkdir()
    (tmp_path / "train-00001-of-00002.parquet").rename(again / "a.parquet")
    alone = {normalised(p.title): p.split for p in load_fashion(again)}
    assert all(sides[title] == alone[normalised(title)] for title in sides if title.startswith("Thing"))


def test_the_real_catalogue(fashion):
    assert len(fashion) == 41_323
    assert fashion.attributes == ("category", "subcategory", "type", "colour", "season", "usage")
    assert open_image(fashion[0].image).size == (60, 80)
    assert len({normalised(product.title) for product in fashion}) == 28_625


def test_no_title_and_no_photo_is_on_two_sides(fashion):
    sides = defaultdict(set)
    for product in fashion:
        sides[normalised(product.title)].add(product.split)
        sides[hashlib.sha256(product.image).digest()].add(product.split)
    assert {len(side) for side in sides.values()} == {1}
    sizes = {name: len(fashion.split(name)) for name in ("train", "validation", "test")}
    assert sizes == {"train": 37_527, "validation": 792, "test": 3_004}


def test_the_real_queries(fashion):
    queries = fashion_queries(fashion)
    assert len({normalised(query.title) for query in queries}) == 2_000
    for query in queries:
        assert query.relevant
        assert {fashion[position].split for position in query.relevant} == {"test"}
    assert queries[:100] == fashion_queries(fashion, 100)


def test_a_sampled_gallery_holds_all_that_is_right_and_says_where():
    photos = [str(i).encode() for i in range(20)]
    catalog = Catalog([Product(str(i), f"title {i // 2}", image=photos[i], split="test") for i in range(20)])
    queries = fashion_queries(catalog, 3)
    sample, right = sampled_gallery(catalog, queries, 11)
    assert len(sample) == len({product.id for product in sample}) == 11
    for query, rows in zip(queries, right, strict=True):
        assert {sample[row].title for row in rows} == {query.title} and len(rows) == 2
    assert set().union(*right) == set(range(6))
    assert [p.id for p in sampled_gallery(catalog, queries, 20)[0]][:11] == [p.id for p in sample]
    for n in (5, 21):
        with pytest.raises(TableError, match="6 are right"):
            sampled_gallery(catalog, queries, n)


def test_the_stored_figures_are_those_of_the_queries_and_of_published_models():
    figures = stored_figures()
    assert float(figures["title"].split()[0]) > float(figures["title, spoken by an unseen voice"].split()[0])
    assert {name for name in figures if "CLIP" in name} == {"FashionCLIP 2.0", "Marqo-FashionCLIP"}
    assert all(0 < float(figure.split()[0]) < 1 for figure in figures.values())
