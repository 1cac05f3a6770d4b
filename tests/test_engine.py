"""The search engine: fusion, filters, adding and removing, saving, loading."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal_edu.engine import SearchEngine, open_engine
from crossmodal_edu.errors import CrossmodalError, InputError, RankingError, StorageError, TableError
from crossmodal_edu.modality import Modality, open_audio, open_image
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.tables import RowProblem


def picture(colour: str, size: tuple[int, int] = (40, 40)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def few(shop) -> Catalog:
    return Catalog(shop.split("test")[:40], "few")


@pytest.fixture(scope="module")
def engine(few) -> SearchEngine:
    return SearchEngine.from_catalog(few, "shop")


def test_a_score_is_the_cosine_with_the_nearest_side_of_a_product(engine, few):
    """Equal to the definition, computed apart for one query and every product."""
    query = engine.model.embed(Modality.TEXT, ["red bag"])[0]
    results = engine.search("red bag", k=len(few))
    for hit in results:
        sides = [
            engine.model.embed(Modality.TEXT, [hit.product.text])[0],
            engine.model.embed(Modality.IMAGE, [open_image(hit.product.image)])[0],
            engine.model.embed(Modality.AUDIO, [open_audio(hit.product.audio)])[0],
        ]
        cosines = torch.stack(sides) @ query
        assert hit.score == pytest.approx(cosines.max().item(), abs=1e-5)
        assert hit.matched is (Modality.TEXT, Modality.IMAGE, Modality.AUDIO)[int(cosines.argmax())]
    assert [hit.score for hit in results] == sorted((hit.score for hit in results), reverse=True)
    assert [hit.rank for hit in results] == list(range(1, len(few) + 1))


@pytest.mark.parametrize("side", ["text", "image", "audio"])
def test_a_products_own_content_finds_it_first_on_its_own_side(engine, few, side):
    product = few[3]
    query = product.text if side == "text" else getattr(product, side)
    best = engine.search(query, k=1, modality=side)[0]
    assert best.product.id == product.id
    assert best.score == pytest.approx(1.0, abs=1e-4)


def test_several_queries_are_the_mean_of_their_vectors(engine, few):
    asked, vector = engine.embed_query([few[0].image, "in blue"])
    assert asked == (Modality.IMAGE, Modality.TEXT)
    parts = [engine.embed_query(few[0].image)[1], engine.embed_query("in blue")[1]]
    mean = sum(parts) / 2
    torch.testing.assert_close(vector, mean / mean.norm())


def test_filters_leave_out_and_do_not_change_scores(engine):
    free = {hit.product.id: hit.score for hit in engine.search("bag", k=40)}
    cheap = engine.search("bag", k=40, filters={"price": (None, 50)})
    assert 0 < len(cheap) < 40
    assert all(hit.product.attributes["price"] <= 50 for hit in cheap)
    assert all(hit.score == pytest.approx(free[hit.product.id], abs=1e-6) for hit in cheap)
    assert len(engine.search("bag", filters={"price": (1e6, None)})) == 0


def test_missing_sides_are_allowed_and_ranked():
    engine = SearchEngine.from_catalog(
        Catalog([Product("t", title="red bag"), Product("i", image=picture("red")), Product("none")]), "shop"
    )
    assert {hit.product.id for hit in engine.search("red bag")} == {"t", "i"}
    assert [hit.product.id for hit in engine.search("red bag", modality="image")] == ["i"]
    assert len(engine.search("red bag", modality="audio")) == 0


def test_equal_products_keep_the_order_of_the_catalogue():
    engine = SearchEngine.from_catalog(Catalog([Product(str(i), title="mug") for i in range(5)]), "shop")
    assert [hit.product.id for hit in engine.search("mug")] == list("01234")


def test_an_empty_engine_finds_nothing():
    assert len(SearchEngine.from_catalog(Catalog([]), "shop").search("mug")) == 0


def test_what_is_added_is_found_and_what_is_removed_is_not(few):
    engine = SearchEngine.from_catalog(few[:10], "shop")
    engine.add([Product("new", title="a very unusual purple violin")])
    assert engine.search("unusual purple violin", k=1, modality="text")[0].product.id == "new"
    engine.remove(["new", few[0].id])
    assert len(engine) == 9
    assert not {"new", few[0].id} & {hit.product.id for hit in engine.search("violin", k=100)}
    apart = SearchEngine.from_catalog(few[1:10], "shop")
    assert [h.product.id for h in engine.search("violin")] == [h.product.id for h in apart.search("violin")]


def test_a_failed_addition_or_removal_changes_nothing(few):
    engine = SearchEngine.from_catalog(few[:5], "shop")
    with pytest.raises(InputError):
        engine.add([Product("good", title="mug"), Product("bad", image=b"no picture")])
    with pytest.raises(TableError):
        engine.add([few[0]])
    with pytest.raises(TableError):
        engine.remove([few[0].id, "nobody"])
    assert len(engine) == 5
    assert len(engine.search("mug", k=10)) == 5


def test_unreadable_pictures_are_reported_and_the_rest_is_kept():
    problems: list[RowProblem] = []
    catalog = Catalog([Product("a", title="mug", image=b"no picture"), Product("b", title="kite")])
    engine = SearchEngine.from_catalog(catalog, "shop", problems=problems)
    assert [problem.line for problem in problems] == [0]
    assert len(engine.search("mug")) == 2


def test_a_saved_engine_gives_the_same_results_and_needs_nothing_else(engine, few, tmp_path):
    engine.save(tmp_path / "kept")
    moved = (tmp_path / "kept").rename(tmp_path / "moved")
    again = SearchEngine.load(moved)
    assert again.catalog.name == "few"
    for query in ("red bag", few[2].image):
        before, after = engine.search(query, k=20), again.search(query, k=20)
        assert [hit.product.id for hit in before] == [hit.product.id for hit in after]
        # The weights are kept in half precision, from which these came.
        np.testing.assert_allclose([h.score for h in before], [h.score for h in after], atol=1e-5)
    assert after[0].product.image == few.get(after[0].product.id).image.read_bytes()


def test_large_pictures_are_kept_as_thumbnails(tmp_path, rng):
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (600, 400, 3), dtype=np.uint8)).save(file, "PNG")
    SearchEngine.from_catalog(Catalog([Product("a", image=file.getvalue())]), "shop").save(tmp_path)
    kept = SearchEngine.load(tmp_path).catalog[0].image
    assert max(open_image(kept).size) == 256


def test_a_killed_save_leaves_the_engine_of_before(engine, tmp_path):
    engine.save(tmp_path)
    code = (
        "import sys; from crossmodal_edu.engine import SearchEngine\n"
        "engine = SearchEngine.load(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "while True: engine.save(sys.argv[1])"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.7)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(SearchEngine.load(tmp_path)) == len(engine)


@pytest.mark.parametrize(
    "damage", ["engine.json", "products.parquet", "text/ids.json", "model/settings.json"]
)
def test_a_damaged_folder_is_refused(engine, tmp_path, damage):
    engine.save(tmp_path)
    (path,) = tmp_path.glob(f"generation-*/{damage}")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(StorageError):
        SearchEngine.load(tmp_path)


@pytest.mark.parametrize(
    ("query", "options", "error"),
    [
        ("mug", {"k": 0}, RankingError),
        ("mug", {"modality": "smell"}, RankingError),
        ("mug", {"modality": "video"}, RankingError),
        ("mug", {"filters": {"weight": 3}}, TableError),
        ("", {}, InputError),
        ([], {}, InputError),
        (["mug", b"\x00\x01"], {}, InputError),
        ("no_such_photo.jpg", {}, InputError),
    ],
)
def test_what_cannot_be_searched_is_explained(engine, query, options, error):
    with pytest.raises(error) as raised:
        engine.search(query, **options)
    assert isinstance(raised.value, CrossmodalError)
    assert raised.value.accepted


def test_the_engine_of_the_shop_is_kept_in_the_cache_and_mended(tmp_path, monkeypatch, few):
    import crossmodal_edu.engine as module

    monkeypatch.setattr(module, "open_catalog", lambda name: few)
    monkeypatch.setattr(module.storage, "cache_folder", lambda *parts: tmp_path.joinpath(*parts))
    made = open_engine("shop")
    (kept,) = (tmp_path / "engines").iterdir()
    monkeypatch.setattr(module, "open_catalog", lambda name: pytest.fail("embedded twice"))
    assert len(open_engine("shop")) == len(made)
    (kept / "CURRENT").write_text("nonsense")
    monkeypatch.setattr(module, "open_catalog", lambda name: few)
    assert len(open_engine("shop")) == len(made)
