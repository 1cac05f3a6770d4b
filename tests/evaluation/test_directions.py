"""Directions of search, measured: several vectors of one product, missing sides, further queries."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import wavfile

from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.errors import MetricError, TableError
from crossmodal_edu.evaluation.directions import (
    SideVectors,
    catalog_sides,
    evaluate_direction,
    evaluate_directions,
    evaluate_index,
    indexed_sides,
)
from crossmodal_edu.evaluation.searches import evaluate_searches, read_queries
from crossmodal_edu.modality import Modality
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.products import Catalog, Product


def _side(modality: Modality, rows: list[int], products: list[int]) -> SideVectors:
    return SideVectors(modality, torch.eye(6)[rows], np.array(products), modality.value)


@pytest.mark.parametrize("nearest", [0, 1])
def test_each_of_several_captions_of_a_product_is_right(nearest):
    """Product 0 has captions at 0 and 1, its picture is nearest to the first or to the last of them."""
    captions = _side(Modality.TEXT, [0, 1, 2], [0, 0, 1])
    pictures = _side(Modality.IMAGE, [2, nearest], [1, 0])
    report = evaluate_directions({"text": captions, "image": pictures})["image", "text"]
    assert report["Hit@1"].value == 1.0
    assert report["R@1"].value == pytest.approx((1 / 2 + 1) / 2)  # one of two, and one of one
    assert report["MRR"].value == 1.0
    back = evaluate_direction(captions, pictures)
    assert back.n_queries == 3
    # One caption is like no picture, and takes the first that there is: that of product 1.
    assert back["R@1"].value == pytest.approx(2 / 3)


def test_queries_without_their_product_in_the_gallery_are_left_out():
    texts, pictures = _side(Modality.TEXT, [0, 1, 2], [0, 5, 1]), _side(Modality.IMAGE, [0, 2], [0, 1])
    assert evaluate_direction(texts, pictures).n_queries == 2
    others = _side(Modality.TEXT, [1, 2], [5, 6])
    with pytest.raises(MetricError, match="No product has both"):
        evaluate_direction(others, pictures)
    assert evaluate_directions({"text": others, "image": pictures}) == {}


def test_graded_answers_count_for_ndcg_alone():
    """Picture 0 finds text 1 first, which is half relevant to it: (0.5 + 1/log₂3) / (1 + 0.5/log₂3)."""
    texts, pictures = _side(Modality.TEXT, [1, 0], [0, 1]), _side(Modality.IMAGE, [0, 1], [0, 1])
    report = evaluate_direction(pictures, texts, lambda a, b: 1.0 if a == b else 0.5)
    later = 1 / np.log2(3)
    assert report["nDCG@10"].value == pytest.approx((0.5 + later) / (1 + 0.5 * later))
    assert report["Hit@1"].value == 0.0 and report["MRR"].value == 0.5


def test_the_sides_of_a_catalogue_are_those_that_a_product_has():
    files = {"png": io.BytesIO(), "wav": io.BytesIO()}
    picture = Image.new("RGB", (9, 9), "red")
    picture.save(files["png"], "PNG")
    wavfile.write(files["wav"], 16_000, np.full(4_000, 0.5, np.float32))
    seen, heard = files["png"].getvalue(), files["wav"].getvalue()
    catalog = Catalog([Product("a", title="mug", image=seen), Product("b", title_zh="椅子", audio=heard)])
    model = load_pretrained("shop")
    sides = catalog_sides(model, catalog)
    assert {name: side.products.tolist() for name, side in sides.items()} == {
        "text": [0],
        "text (Chinese)": [1],
        "image": [0],
        "audio": [1],
    }
    torch.testing.assert_close(sides["image"].vectors, model.embed(Modality.IMAGE, [picture]))
    assert set(catalog_sides(model, Catalog([Product("a", title="mug")]))) == {"text"}


def test_a_side_of_some_products_keeps_their_vectors_and_takes_another_name():
    some = _side(Modality.TEXT, [3, 1, 2], [7, 8, 7]).where(lambda product: product == 7, "sevens")
    assert (some.products.tolist(), str(some)) == ([7, 7], "sevens")
    torch.testing.assert_close(some.vectors, torch.eye(6)[[3, 2]])


def test_the_sides_of_an_index_and_what_else_can_be_asked():
    catalog = Catalog(
        [
            Product("a", title="red bag", description="of leather", captions=("a bag", "something red")),
            Product("b", title="mug", title_zh="杯子"),
            Product("c", description="no title", title_zh="椅子"),
        ]
    )
    model = load_pretrained("shop")
    vectors = {
        Modality.TEXT: (("a", "b", "c"), model.embed(Modality.TEXT, [p.text for p in catalog]).numpy()),
        Modality.IMAGE: (("c", "b"), np.eye(256, dtype=np.float32)[:2]),
        Modality.AUDIO: ((), np.empty((0, 256), np.float32)),
    }
    sides = indexed_sides(model, catalog, vectors)
    assert {name: side.products.tolist() for name, side in sides.items()} == {
        "text": [0, 1, 2],
        "image": [2, 1],
        "title": [0, 1],
        "title (Chinese)": [1, 2],
        "caption": [0, 0],
    }
    torch.testing.assert_close(sides["title"].vectors, model.embed(Modality.TEXT, ["red bag", "mug"]))
    # No product with captions has a picture, and only one with a title.
    assert set(evaluate_directions(sides)) == {
        ("text", "image"),
        ("image", "text"),
        ("title (Chinese)", "image"),
    }


def test_the_control_falls_to_chance_and_only_aligned_sides_are_asked(shop):
    """Forty products: a tenth of them stands at random among the first four."""
    some = shop.split("test")[:40]
    engine = SearchEngine.from_catalog(some)
    vectors = {side: engine.vectors(side) for side in engine.sides}
    found, control = (evaluate_index(engine.model, some, vectors, control=c) for c in (False, True))
    assert found.keys() == control.keys() and len(found) > 6
    for name in found:
        assert found[name]["R@10"].value > 0.7
        assert control[name]["R@10"].value < 0.45, "chance is 0.25"
    apart = evaluate_directions(catalog_sides(engine.model, some), aligned=lambda one, other: one == other)
    assert apart == {}


def test_own_queries_are_measured_through_the_search(shop, tmp_path):
    some = shop.split("test")[:40]
    engine = SearchEngine.from_catalog(some)
    queries = [(product.captions[0], [product.id]) for product in some]
    report = evaluate_searches(engine, queries)
    ranks = [1 + engine.search(words, 40).ids.index(id) for words, (id,) in queries]
    assert report["MRR"].value == pytest.approx(np.mean(1 / np.array(ranks)))
    assert report["Hit@1"].value == pytest.approx(np.mean(np.array(ranks) == 1))
    assert evaluate_searches(engine, queries, control=True)["MRR"].value < 0.25
    assert evaluate_searches(engine, queries, depth=12).measures.keys() >= {"R@10", "MRR@12"}
    path = tmp_path / "typed.csv"
    path.write_text(f"query,id\nred bag,{some[0].id}\nmug,{some[1].id}\nred bag,{some[2].id}\n")
    assert read_queries(path) == [("red bag", [some[0].id, some[2].id]), ("mug", [some[1].id])]
    for wrong in ([], queries[:1], [*queries, ("bag", ["none"])], [*queries, ("bag", [])]):
        with pytest.raises(MetricError) as raised:
            evaluate_searches(engine, wrong)
        assert raised.value.accepted
    for content in ("query\nbag\n", "query,id\nbag\n", '"query'):
        path.write_text(content)
        with pytest.raises(TableError, match="cannot be read"):
            read_queries(path)
