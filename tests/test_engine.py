"""The search engine: fusion, filters, adding and removing, saving, loading."""

from __future__ import annotations

import io
import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal_edu.encoders import Side
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.errors import (
    CrossmodalError,
    InputError,
    RankingError,
    StorageError,
    TableError,
)
from crossmodal_edu.modality import Modality, open_audio, open_image
from crossmodal_edu.model import Model
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.retrieval.approximate import FaissIndex
from crossmodal_edu.retrieval.index import ExactIndex


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


def test_a_score_is_how_rare_the_cosine_of_the_best_side_is(engine, few):
    """Equal to the definition, computed apart for one query and every product."""
    query = engine.model.embed(Modality.TEXT, ["red bag"])[0]
    results = engine.search("red bag", k=len(few))
    sides = (Modality.TEXT, Modality.IMAGE, Modality.AUDIO)  # for words, in this order
    for hit in results:
        vectors = [
            engine.model.embed(Modality.TEXT, [hit.product.text])[0],
            engine.model.embed(Modality.IMAGE, [open_image(hit.product.image)])[0],
            engine.model.embed(Modality.AUDIO, [open_audio(hit.product.audio)])[0],
        ]
        cosines = [float(vector @ query) for vector in vectors]
        rarities = []
        for side, cosine in zip(sides, cosines, strict=True):
            zero, tenfold = engine.scales.constants[Modality.TEXT, side]
            rarities.append((math.atanh(cosine) - zero) / tenfold - (side is not Modality.TEXT))
        assert hit.score == pytest.approx(max(rarities), abs=1e-4)
        assert hit.matched is sides[int(np.argmax(rarities))]
        assert hit.cosine == pytest.approx(cosines[sides.index(hit.matched)], abs=1e-5)
    assert [hit.score for hit in results] == sorted((hit.score for hit in results), reverse=True)
    assert [hit.rank for hit in results] == list(range(1, len(few) + 1))


@pytest.mark.parametrize("side", ["text", "image", "audio"])
def test_a_products_own_content_finds_it_first_on_its_own_side(engine, few, side):
    product = few[3]
    query = product.text if side == "text" else getattr(product, side)
    best = engine.search(query, k=1, modality=side)[0]
    assert best.product.id == product.id
    assert best.cosine == pytest.approx(1.0, abs=1e-4)


def test_several_queries_are_the_mean_of_their_vectors(engine, few):
    asked = engine.embed_query([few[0].image, "in blue"])
    assert asked.asked == (Modality.IMAGE, Modality.TEXT)
    mean = engine.embed_query(few[0].image).vector + engine.embed_query("in blue").vector
    torch.testing.assert_close(asked.vector, mean / mean.norm())
    named = engine.embed_query(image=few[0].image, text="in blue")
    torch.testing.assert_close(named.vector, asked.vector)


@pytest.mark.parametrize("words", ["/etc/hostname", "AC/DC shirt.jpg", "milk.txt", "http://x.y/z", "banana"])
def test_words_open_no_file(engine, words, tmp_path, monkeypatch):
    """A search box hands over whatever a stranger types."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "banana").write_bytes(picture("red"))
    monkeypatch.setattr("crossmodal_edu.modality._opened", lambda *_: pytest.fail("a file was opened"))
    for results in (engine.search(words, k=3), engine.search(text=words, k=3)):
        assert results.asked == (Modality.TEXT,)
        assert len(results) == 3


def test_a_part_of_the_query_can_be_named(engine, few):
    wave = open_audio(few[1].audio)
    assert engine.search(audio=wave, k=1, modality="audio")[0].product.id == few[1].id
    assert engine.search(image=Image.open(few[1].image), k=1, modality="image")[0].product.id == few[1].id
    ids, vectors = engine.vectors("image")
    for vector in (vectors[7] * 3, torch.from_numpy(vectors[7]), vectors[7].tolist()):
        best = engine.search(vector=vector, k=1)[0]
        assert (best.product.id, best.matched) == (ids[7], Modality.IMAGE)
    results = engine.search("red", vector=vectors[7], k=1)
    assert results.asked == (Modality.TEXT,)
    for mistake in (
        {"image": "photo.jpg"},
        {"audio": "question.wav"},
        {"vector": torch.zeros(256)},
        {"vector": torch.ones(255)},
        {"vector": "red"},
        {"query": vectors[7]},  # a sound of 16 ms, or a vector?
        {},
    ):
        with pytest.raises(InputError) as raised:
            engine.search(**mistake)
        assert raised.value.accepted
    with pytest.raises(RankingError):
        engine.search(vector=torch.full((256,), torch.nan))


def test_a_search_says_what_to_know_of_it(engine):
    assert engine.search("red handbag").notes == ()
    (note,) = engine.search("red xyzzy handbag").notes
    assert "xyzzy" in note
    assert "handbag" not in note
    for words in ("xyzzy", "???", "👜"):
        (note,) = engine.search(words).notes
        assert "no word" in note
    (note,) = engine.search(np.zeros(8_000, np.float32)).notes
    assert "silent" in note
    drawn = SearchEngine.from_catalog(
        Catalog([Product("1", title="bag", attributes={"colour": "red"})]), "shop"
    )
    (note,) = drawn.search("bag", modality="image").notes
    assert note == "No product has a picture."
    first, *others = drawn.search("bag", filters={"colour": "blue"}).notes
    assert first == "No product passes the filters."
    assert "red" in " ".join(others)


def test_results_are_short_in_print_and_whole_as_a_dictionary(engine):
    results = engine.search("red handbag", k=5)
    assert len(repr(results)) < 200
    told = json.loads(json.dumps(results.to_dict()))
    assert [hit["id"] for hit in told["found"]] == [hit.product.id for hit in results]
    assert told["asked"] == ["text"]


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
    """Also when they stand far apart, among many, on several sides, and at the cut."""
    red = picture("red")
    products = [
        Product(
            f"{i:03d}", title="mug" if i % 7 == 0 else f"kettle number {i}", image=red if i % 7 == 0 else None
        )
        for i in range(600)
    ]
    engine = SearchEngine.from_catalog(Catalog(products), "shop")
    mugs = [product.id for product in products if product.title == "mug"]
    for query in ("mug", "red mug", red):
        for k in (5, len(mugs)):
            hits = engine.search(query, k=k)
            assert [hit.product.id for hit in hits] == mugs[:k]
            assert len({hit.score for hit in hits}) == 1


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
    with pytest.raises(TableError, match="one string"):
        engine.remove(few[0].id)
    assert len(engine) == 5
    assert len(engine.search("mug", k=10)) == 5


def test_what_cannot_be_opened_is_dropped_and_reported_by_the_line_of_its_table(tmp_path):
    """Blank lines and left-out rows do not move the line; a product of which nothing remains is left out."""
    (tmp_path / "ok.png").write_bytes(picture("red"))
    (tmp_path / "cut.png").write_bytes(picture("red")[:60])
    (tmp_path / "secret.png").write_text("a list of passwords")
    (tmp_path / "silent.wav").write_bytes(b"RIFF")
    table = tmp_path / "mine.csv"
    table.write_text(
        "id,title,image,audio\n"
        "1,red bag,ok.png,\n"
        "\n"
        "2,,,\n"
        "3,green bag,cut.png,silent.wav\n"
        "4,grey bag,secret.png,\n"
        "5,,cut.png,\n"
    )
    engine = SearchEngine.from_catalog(Catalog.from_table(table), "shop", lenient=True)
    assert [product.id for product in engine.catalog] == ["1", "3", "4"]
    told = [(problem.line, problem.product) for problem in engine.catalog.problems if problem.product]
    assert told == [(5, "3"), (5, "3"), (6, "4"), (7, "5"), (7, "5")]
    assert engine.catalog.get("3").image is engine.catalog.get("3").audio is None
    engine.save(tmp_path / "kept")
    held = b"".join(path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file())
    assert b"passwords" not in held
    with pytest.raises(InputError, match=r"line 5 \(product '3'\): image"):
        SearchEngine.from_catalog(Catalog.from_table(table), "shop")


def test_a_text_that_is_too_long_is_cut_and_that_is_said():
    long = " ".join(["soft lining"] * 600)
    catalog = Catalog([Product("a", title="bag", description=long), Product("b", title="bag")])
    engine = SearchEngine.from_catalog(catalog, "shop", lenient=True)
    (problem,) = engine.catalog.problems
    assert problem.product == "a"
    assert "first 1,024 of its 1,201 words" in problem.problem


def test_words_at_the_end_of_a_long_text_count():
    filler = " ".join(["made for daily use and easy care with a soft lining inside"] * 7)
    texts = [f"{filler}. A red leather handbag.", f"A red leather handbag. {filler}", filler]
    catalog = Catalog([Product(str(i), title="item", description=text) for i, text in enumerate(texts)])
    hits = SearchEngine.from_catalog(catalog, "shop").search("red leather handbag")
    assert hits[2].product.id == "2"
    assert hits[1].score - hits[2].score > 0.05


def test_a_saved_engine_gives_the_same_results_and_needs_nothing_else(engine, few, tmp_path):
    engine.save(tmp_path / "kept")
    moved = (tmp_path / "kept").rename(tmp_path / "moved")
    again = SearchEngine.load(moved)
    assert again.catalog.name == "few"
    assert again.model.name == "shop"
    for query in ("red bag", few[2].image):
        before, after = engine.search(query, k=20), again.search(query, k=20)
        assert [hit.product.id for hit in before] == [hit.product.id for hit in after]
        # The weights are kept in half precision, from which these came.
        np.testing.assert_allclose([h.score for h in before], [h.score for h in after], atol=1e-5)
    assert after[0].product.image == few.get(after[0].product.id).image.read_bytes()


def test_an_index_with_more_pictures_than_a_table_may_have_opens_again(tmp_path, monkeypatch):
    """The limit for tables of users is none for our own file."""
    monkeypatch.setattr("crossmodal_edu.tables._MAX_BYTES", 5_000)
    products = [Product(str(i), image=picture((i, 3 * i, 9), (90, 90 + i))) for i in range(40)]
    SearchEngine.from_catalog(Catalog(products), "shop").save(tmp_path / "kept")
    assert len(SearchEngine.load(tmp_path / "kept")) == 40


def test_what_cannot_be_read_back_does_not_take_the_place_of_what_was_there(few, tmp_path, monkeypatch):
    engine = SearchEngine.from_catalog(few[:5], "shop")
    engine.save(tmp_path / "kept")
    smaller = SearchEngine.from_catalog(few[:3], "shop")
    monkeypatch.setattr(
        "crossmodal_edu.products.Catalog.to_table", lambda self, path: path.write_bytes(b"PAR1 and no more")
    )
    with pytest.raises(StorageError):
        smaller.save(tmp_path / "kept")
    monkeypatch.undo()
    assert len(SearchEngine.load(tmp_path / "kept")) == 5


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
    "damage", ["engine.json", "products.parquet", "text/ids.json", "model/text/settings.json"]
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
        ("mug", {"k": True}, RankingError),
        ("mug", {"modality": "smell"}, RankingError),
        ("mug", {"modality": "video"}, RankingError),
        ("mug", {"filters": {"weight": 3}}, TableError),
        ("", {}, InputError),
        ([], {}, InputError),
        (["mug", b"\x00\x01"], {}, InputError),
        (Path("no_such_photo.jpg"), {}, InputError),
    ],
)
def test_what_cannot_be_searched_is_explained(engine, query, options, error):
    with pytest.raises(error) as raised:
        engine.search(query, **options)
    assert isinstance(raised.value, CrossmodalError)
    assert raised.value.accepted


# --- one list from several sides --------------------------------------------------------------------------


def mixed(shop: Catalog) -> Catalog:
    """Every second product without words, and every third of these without a picture too."""
    products = []
    for i, product in enumerate(shop):
        if i % 2:
            product = replace(product, title="", description="", title_zh="", description_zh="", captions=())
        if i % 6 == 3:
            product = replace(product, image=None)
        products.append(product)
    return Catalog(products)


@pytest.fixture(scope="module")
def mixed_engine(shop) -> SearchEngine:
    return SearchEngine.from_catalog(mixed(shop.split("test")[:120]))


def test_a_product_with_a_picture_alone_is_found_by_words(shop):
    """Captions of the test side, whose own products have lost their words; chance is 10 in 594."""
    test = shop.split("test")
    wordless = {"title": "", "description": "", "title_zh": "", "description_zh": "", "audio": None}
    engine = SearchEngine.from_catalog(
        Catalog([replace(p, **wordless) if i % 2 else p for i, p in enumerate(test)])
    )
    asked = list(test)[1:240:2]
    found = [product.id in engine.search(product.captions[0], 10, text=None).ids for product in asked]
    assert np.mean(found) > 0.8


@pytest.mark.parametrize("query", ["red leather bag", "picture", "sound"])
@pytest.mark.parametrize("filters", [None, {"colour": ["red", "blue"]}])
def test_the_best_of_all_products_are_found_by_looking_at_the_best_of_each_list(mixed_engine, query, filters):
    """Pages and filters change no score and lose no product: equal to ranking everything."""
    catalog = mixed_engine.catalog
    asked = {"picture": catalog[0].image, "sound": catalog[0].audio}.get(query, query)
    everything = mixed_engine.search(asked, len(catalog))
    passing = [
        hit for hit in everything if filters is None or hit.product.attributes["colour"] in filters["colour"]
    ]
    for k in (1, 3, 10):
        pages = [mixed_engine.search(asked, k, filters=filters, offset=start) for start in (0, k, 2 * k)]
        hits = [hit for page in pages for hit in page]
        assert [hit.product.id for hit in hits] == [hit.product.id for hit in passing[: 3 * k]]
        assert [hit.score for hit in hits] == [hit.score for hit in passing[: 3 * k]]
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


def test_another_side_than_the_first_counts_ten_times_less(mixed_engine):
    for hit in mixed_engine.search("red leather bag", 40):
        zero, tenfold = mixed_engine.scales.constants[Modality.TEXT, hit.matched]
        rarity = (math.atanh(hit.cosine) - zero) / tenfold
        first = hit.product.modalities[0]
        assert hit.score == pytest.approx(rarity - (hit.matched is not first), abs=1e-4)


def test_the_scales_of_a_model_of_ones_own_are_measured_on_the_catalogue(shop, tmp_path):
    own = Model(load_pretrained("shop").encoders.values())
    some = shop.split("test")
    engine = SearchEngine.from_catalog(some[:60], own)
    assert len(engine.scales.constants) == 9
    theirs = load_pretrained("shop").scales
    for pair, constants in engine.scales.to_dict().items():
        assert constants == pytest.approx(theirs[pair], abs=0.25)
    engine.save(tmp_path)
    assert SearchEngine.load(tmp_path).scales == engine.scales
    few = SearchEngine.from_catalog(some[:49], own)
    assert few.scales.constants == {}
    best = few.search("red bag", 1)[0]
    assert best.score == pytest.approx(best.cosine), "too few to measure: the cosine itself"


# --- parts, pages, orders ---------------------------------------------------------------------------------


def test_parts_may_have_weights_also_below_zero(engine, few):
    one, other = engine.embed_query("red bag").vector, engine.embed_query(few[3].image).vector
    asked = engine.embed_query([few[3].image], text="red bag", weights=[3, -1])
    torch.testing.assert_close(asked.vector, (3 * other - one) / (3 * other - one).norm())
    near, away = (engine.search(["mug", few[0].text], len(few), weights=[1, w]).ids for w in (1, -1))
    assert near.index(few[0].id) < len(few) // 2 < away.index(few[0].id)
    assert engine.search("mug", weights=[5]).ids == engine.search("mug").ids
    for weights in ([1], [1, 2, 3], [0, 0], [1, float("nan")]):
        with pytest.raises(InputError, match="weights") as raised:
            engine.search(["mug", "red"], weights=weights)
        assert raised.value.remedy


def test_what_was_found_is_listed_in_the_order_of_an_attribute(engine):
    found = engine.search("bag", 12)
    cheap, dear = (engine.search("bag", 12, order=order) for order in ("price", "-price"))
    assert set(cheap.ids) == set(dear.ids) == set(found.ids), "the order decides nothing of what is found"
    prices = [hit.product.attributes["price"] for hit in cheap]
    assert prices == sorted(prices) and [h.product.attributes["price"] for h in dear] == sorted(prices)[::-1]
    assert {hit.rank for hit in cheap} == set(range(1, 13))
    with pytest.raises(TableError, match="'weight' to order by"):
        engine.search("bag", order="-weight")
    with pytest.raises(RankingError, match="offset is -1"):
        engine.search("bag", offset=-1)
    behind = engine.search("bag", 10, offset=10_000)
    assert len(behind) == 0 and f"No more than {len(engine):,} were found" in behind.notes[-1]


def test_only_what_changed_is_embedded_again(few, tmp_path, monkeypatch):
    engine = SearchEngine.from_catalog(few[:6])
    engine.save(tmp_path)
    engine = SearchEngine.load(tmp_path)
    before = {side: dict(zip(*engine.vectors(side), strict=True)) for side in engine.sides}
    embedded: list[tuple[str, int]] = []
    embed = Model.embed
    monkeypatch.setattr(
        Model,
        "embed",
        lambda self, side, things: embedded.append((side, len(things))) or embed(self, side, things),
    )
    new = [
        few[0],  # as it was
        replace(few[1], attributes={**few[1].attributes, "price": 1.0}),  # nothing that is embedded
        replace(few[2], title="A wooden chair", description=""),
        replace(few[3], image=few[7].image),
        replace(few[4], audio=None),
        few[8],
    ]
    assert engine.update(new) == (1, 5, 1 + 1 + 3)
    assert sum(n for _, n in embedded) == 5
    assert [p.id for p in engine.catalog] == [p.id for p in [*few[:6], few[8]]], "each in its place"
    assert engine.catalog[1].attributes["price"] == 1.0
    assert engine.search("wooden chair", 1).ids == (few[2].id,)
    after = {side: dict(zip(*engine.vectors(side), strict=True)) for side in engine.sides}
    np.testing.assert_array_equal(after["image"][few[2].id], before["image"][few[2].id])
    np.testing.assert_allclose(after["image"][few[3].id], engine.embed_query(few[7].image).vector, atol=1e-5)
    assert few[4].id not in after["audio"] and few[5].id in after["audio"]


def test_an_update_that_fails_changes_nothing(few):
    engine = SearchEngine.from_catalog(few[:4])
    before = engine.search("bag", 4)
    with pytest.raises(InputError):
        engine.update([replace(few[0], title="mug"), replace(few[1], image=b"damaged")])
    assert engine.search("bag", 4) == before
    damaged = [Product("new", image=b"damaged"), replace(few[1], image=b"damaged")]
    ids, vectors = engine.vectors("image")
    added, there, _ = engine.update(damaged, lenient=True)
    assert (added, there) == (0, 1)
    assert "new" not in [p.id for p in engine.catalog]
    after = dict(zip(*engine.vectors("image"), strict=True))
    assert after.keys() == set(ids) and engine.catalog[1].image == few[1].image, "as it was"
    np.testing.assert_array_equal(np.stack([after[id] for id in ids]), vectors)
    assert len(engine.catalog.problems) == 3
    photo = Product("p", image=few[7].image)
    engine.add([photo])
    engine.update([replace(photo, image=b"damaged")], lenient=True)
    assert engine.search(few[7].image, 1, modality="image").ids == ("p",), "nothing that was found is lost"


@pytest.mark.parametrize("index", [ExactIndex, FaissIndex])
def test_pages_lose_and_repeat_none_of_equal_products(index):
    chairs = [Product(str(i), title="red chair") for i in range(40)]
    engine = SearchEngine.from_catalog(Catalog([*chairs, Product("mug", title="mug")]), index=index)
    engine.update([replace(chairs[0], title="green lamp")])
    engine.update([chairs[0]])
    for k in (1, 3, 7):
        pages = [engine.search("red chair", k, offset=start).ids for start in range(0, 41, k)]
        assert [id for page in pages for id in page] == [*map(str, range(40)), "mug"]


def test_a_side_of_ones_own_that_changed_is_embedded_again():
    class Weights:
        modality, dimensions = Modality.VIDEO, 30

        def embed(self, things):
            return np.eye(30, dtype=np.float32)[np.array(things, dtype=int)]  # NumPy will do

    sides = {Modality.VIDEO: Side(lambda p: p.attributes.get("weight"), int, int, "a weight", "[3]")}
    shop = Catalog([Product("a", "bag", attributes={"weight": 1}), Product("b", "mug")])
    engine = SearchEngine.from_catalog(shop, Model([Weights()]), sides=sides, lenient=True)
    assert [p.id for p in engine.catalog] == ["a"], "what the model cannot see is left out, and said"
    assert "nothing of it can be searched" in str(engine.catalog.problems[0])
    assert engine.update([Product("a", "bag", attributes={"weight": 5})]) == (0, 1, 1)
    assert engine.search(video=5)[0].cosine == pytest.approx(1)


def test_all_scores_are_on_one_scale_or_none_is(shop):
    """Ten products of sixty have a sound: too few to measure its scale."""
    some = [replace(p, audio=p.audio if i < 10 else None) for i, p in enumerate(shop.split("test")[:60])]
    engine = SearchEngine.from_catalog(Catalog(some), Model(load_pretrained("shop").encoders.values()))
    for hit in engine.search("red bag", 60):
        assert hit.score == pytest.approx(hit.cosine)
    (note,) = engine.search(["red bag", "red bag"], weights=np.array([1, -1])).notes
    assert "cancel" in note
