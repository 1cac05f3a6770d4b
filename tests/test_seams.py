"""Every implementation of a seam passes the shared checks; each planted fault is refused with its hint."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from crossmodal_edu.audio.encoder import AudioEncoder
from crossmodal_edu.classroom.checks.seams import check_encoder, check_index, check_space
from crossmodal_edu.encoders import SIDES, Encoder, Side
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.errors import CrossmodalError, SpaceError, StorageError
from crossmodal_edu.image.backbone import Lite0, load_resnet18
from crossmodal_edu.image.encoder import ImageEncoder
from crossmodal_edu.modality import Modality
from crossmodal_edu.model import Model
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.retrieval.approximate import FaissIndex
from crossmodal_edu.retrieval.index import ExactIndex, Index
from crossmodal_edu.spaces.contrastive import ContrastiveHeads
from crossmodal_edu.spaces.correlation import CorrelationSpace, RidgeSpace
from crossmodal_edu.spaces.principal import PrincipalComponents
from crossmodal_edu.spaces.space import EmbeddingSpace, Features, SharedSpace
from crossmodal_edu.text.encoder import TextEncoder
from crossmodal_edu.text.sentence_bert import MiniLM
from crossmodal_edu.text.tokens import Vocabulary

RNG = np.random.default_rng(0)
WORDS = ["red bag", "", "a much longer text about a blue shoe with white dots and a zip", "红色"]
PICTURES = [Image.fromarray(RNG.integers(0, 256, (40, n, 3), dtype=np.uint8)) for n in (30, 40, 90)]
SOUNDS = [RNG.normal(0, 0.1, n).astype(np.float32) for n in (4_000, 16_000, 9_999)]
TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO


# --- encoders ---------------------------------------------------------------------------------------------

ENCODERS = {
    "TextEncoder": (lambda: TextEncoder(Vocabulary(["red", "bag"], 16), 8, 6).eval(), WORDS),
    "ImageEncoder": (lambda: ImageEncoder((16, 16), (8, 8), 6).eval(), PICTURES),
    "AudioEncoder": (lambda: AudioEncoder(channels=(8, 8), dimensions=6).eval(), SOUNDS),
    "MiniLM": (MiniLM, WORDS),
    "Lite0": (lambda: Lite0(64), PICTURES),
    "ResNet-18": (lambda: load_resnet18(64), PICTURES),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_passes_the_checks(name):
    make, things = ENCODERS[name]
    encoder = make()
    assert isinstance(encoder, Encoder)
    verdict = check_encoder(encoder, things)
    assert verdict, verdict


@pytest.mark.parametrize("name", ["TextEncoder", "ImageEncoder", "AudioEncoder", "MiniLM", "Lite0"])
def test_an_encoder_is_saved_and_loaded(name, tmp_path):
    make, things = ENCODERS[name]
    encoder = make()
    encoder.save(tmp_path)
    again = type(encoder).load(tmp_path)
    torch.testing.assert_close(again.embed(things), encoder.embed(things), atol=5e-3, rtol=5e-3)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 200_000, (
        "published weights are not copied"
    )
    for file in tmp_path.iterdir():
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        if file.suffix != ".txt":  # half a vocabulary is a vocabulary; the weights then do not fit
            with pytest.raises(SpaceError, match="does not hold"):
                type(encoder).load(tmp_path)
        file.unlink()
        with pytest.raises(SpaceError, match="does not hold"):
            type(encoder).load(tmp_path)
        file.write_bytes(whole)


class Letters:
    """A reader's own encoder: how often each letter stands in a text."""

    modality, dimensions = TEXT, 26

    def embed(self, things):
        if isinstance(things, str):
            raise CrossmodalError("one string was given", accepted="a list")
        counts = [[thing.lower().count(chr(97 + i)) for i in range(26)] for thing in things]
        return torch.tensor(counts, dtype=torch.float32).reshape(len(things), 26)

    def save(self, folder):
        folder.mkdir(parents=True)

    @classmethod
    def load(cls, folder):
        return cls()


class Shapeless(Letters):
    def embed(self, things):
        return super().embed(things).T


class Careless(Letters):
    def embed(self, things):
        return super().embed(list(things))


class Filling(Letters):
    def embed(self, things):
        return super().embed(things) + (max(map(len, things)) if things else 0)


class Drawing(Letters):
    def embed(self, things):
        return torch.rand_like(super().embed(things))


class Crowded(Letters):
    def embed(self, things):
        return super().embed(things) if len(things) < 2 else super().embed(sorted(things))


class Deaf(Letters):
    def embed(self, things):
        return torch.ones_like(super().embed(things))


class Broken(Letters):
    def embed(self, things):
        return super().embed(things) / 0


class Untold(Letters):
    def embed(self, things):
        if isinstance(things, str):
            raise ValueError
        return super().embed(things)


FAULTY_ENCODERS = {
    Shapeless: "one row a thing",
    Careless: "list of letters",
    Filling: "filling count",
    Drawing: "second time",
    Crowded: "alone than among",
    Deaf: "the same vector",
    Broken: "NaN or infinity",
    Untold: "ValueError",
}


@pytest.mark.parametrize("kind", FAULTY_ENCODERS, ids=lambda kind: kind.__name__)
def test_a_faulty_encoder_is_refused_with_its_own_hint(kind):
    assert check_encoder(Letters(), ["red", "a bag", "zipper"])
    verdict = check_encoder(kind(), ["red", "a bag", "zipper"])
    assert not verdict and FAULTY_ENCODERS[kind] in verdict.reason


def test_an_encoder_without_a_part_is_told_which():
    for name in ("modality", "dimensions", "embed"):
        parts = {"modality": TEXT, "dimensions": 2, "embed": lambda things: ...}
        del parts[name]
        assert f"has no {name}" in check_encoder(type("Own", (), parts)(), ["a", "b", "c"]).reason


# --- spaces -----------------------------------------------------------------------------------------------


def features(aligned: bool) -> dict[Modality, Features]:
    """Thirty products with words and a picture each, some of them with several, some without one."""
    rng = torch.Generator().manual_seed(0)
    hidden = torch.randn(30, 12, generator=rng)
    seen = hidden if aligned else torch.randn(30, 15, generator=rng)
    ids = [f"p{i}" for i in range(30)]
    return {
        TEXT: Features(torch.cat([hidden, hidden[:5] + 0.1]), ids + ids[:5]),
        IMAGE: Features(seen[3:] + 0.1 * torch.randn(27, seen.shape[1], generator=rng), ids[3:]),
    }


SPACES = {
    "SharedSpace": (lambda: SharedSpace(12), True),
    "PrincipalComponents": (lambda: PrincipalComponents(8), False),
    "CorrelationSpace": (lambda: CorrelationSpace(8), True),
    "RidgeSpace": (lambda: RidgeSpace(TEXT), True),
    "ContrastiveHeads": (lambda: ContrastiveHeads(8, 16, epochs=20, learning_rate=1e-2), True),
}


@pytest.mark.parametrize("name", SPACES)
def test_a_space_passes_the_checks_and_comes_back(name, tmp_path):
    make, aligned = SPACES[name]
    space, given = make(), features(aligned)
    assert isinstance(space, EmbeddingSpace)
    verdict = check_space(space, given)
    assert verdict, verdict
    space.save(tmp_path / "space")
    again = type(space).load(tmp_path / "space")
    for side, some in given.items():
        torch.testing.assert_close(again.embed(side, some.vectors), space.embed(side, some.vectors))
    with pytest.raises(SpaceError):
        type(space).load(tmp_path / "none")


def test_components_equal_scikit_learns_to_1e4_but_for_the_sign():
    from sklearn.decomposition import PCA

    given = features(False)[IMAGE]
    theirs = torch.from_numpy(PCA(8).fit_transform(given.vectors.numpy().astype(np.float64))).float()
    ours = PrincipalComponents(8).fit({IMAGE: given}).embed(IMAGE, given.vectors)
    torch.testing.assert_close(ours.abs(), F.normalize(theirs).abs(), atol=1e-4, rtol=1e-4)


def _faulty(name: str, **methods) -> SharedSpace:
    return type(name, (SharedSpace,), methods)(12)


FAULTY_SPACES = {
    "fit returns the space": lambda: _faulty("Silent", fit=lambda self, features: None),
    "length one": lambda: _faulty("Long", embed=lambda self, side, vectors: vectors),
    "the other way round": lambda: _faulty("Lopsided", aligned=lambda self, a, b: a <= b),
    "with itself": lambda: _faulty("Strict", aligned=lambda self, a, b: False),
    "one row a thing": lambda: _faulty("Flat", embed=lambda self, side, vectors: vectors.T),
    "when it comes alone": lambda: _faulty(
        "Centred", embed=lambda self, side, vectors: F.normalize(vectors - vectors.mean(dim=0))
    ),
    "no nearer to themselves": lambda: _faulty(
        "Scattered",
        embed=lambda self, side, vectors: F.normalize(vectors.roll(4, 1) if side is TEXT else vectors),
    ),
}


@pytest.mark.parametrize("hint", FAULTY_SPACES)
def test_a_faulty_space_is_refused_with_its_own_hint(hint):
    assert hint in check_space(FAULTY_SPACES[hint](), features(True)).reason


def test_features_and_ids_are_of_one_length():
    with pytest.raises(SpaceError, match="3 vectors came with 2 ids"):
        Features(torch.ones(3, 2), ["a", "b"])


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: PrincipalComponents(16).fit(features(False)), "16 components"),
        (lambda: PrincipalComponents(2).embed(TEXT, torch.ones(1, 2)), "not fitted on text"),
        (lambda: PrincipalComponents(2).fit(features(False)).embed(TEXT, torch.ones(1, 2)), "shape"),
        (lambda: SharedSpace(2).embed(TEXT, torch.ones(1, 3)), "shape"),
    ],
)
def test_what_a_space_cannot_do_is_said(make, error):
    with pytest.raises(SpaceError, match=error) as raised:
        make()
    assert raised.value.accepted


# --- indexes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ExactIndex, FaissIndex])
def test_an_index_passes_the_checks(kind):
    assert isinstance(kind(2), Index)
    verdict = check_index(kind)
    assert verdict, verdict


class Forgetful(ExactIndex):
    def remove(self, ids):
        """Takes nothing out."""


class Unfiltered(ExactIndex):
    def search(self, vectors, k, allowed=None):
        return super().search(vectors, k)


class Silent(ExactIndex):
    def add(self, ids, vectors):
        new = [row for row, id in enumerate(ids) if id not in self]
        super().add([ids[row] for row in new], vectors[new])


class Reversed(ExactIndex):
    def search(self, vectors, k, allowed=None):
        return super().search(-vectors, k, allowed)


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        (Forgetful, "after three were removed"),
        (Unfiltered, "among some names only"),
        (Silent, "added again"),
        (Reversed, "not the cosines"),
    ],
)
def test_a_faulty_index_is_refused_with_its_own_hint(kind, hint):
    assert hint in check_index(kind).reason


# --- engines of other parts -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def apart(shop):
    """MiniLM and Lite0 in principal components: nothing crosses."""
    some = shop.split("test")[:60]
    encoders = {TEXT: MiniLM(), IMAGE: Lite0(64)}
    ids = [product.id for product in some]
    seen = {
        side: Features(encoder.embed([SIDES[side].open(SIDES[side].content(p)) for p in some]), ids)
        for side, encoder in encoders.items()
    }
    model = Model(encoders.values(), PrincipalComponents(24).fit(seen))
    return SearchEngine.from_catalog(some, model)


def test_words_find_words_and_pictures_find_pictures(apart):
    product = apart.catalog[7]
    assert apart.search(product.text, k=1)[0].product.id == product.id
    best = apart.search(product.image, k=1)[0]
    assert (best.product.id, best.matched) == (product.id, IMAGE)
    assert all(hit.matched is TEXT for hit in apart.search("a red bag"))


def test_a_crossing_is_refused(apart):
    for query in (
        {"query": "red bag", "modality": "image"},
        {"query": apart.catalog[0].image, "modality": "text"},
        {"query": ["red bag", apart.catalog[0].image]},
        {"vector": torch.ones(24)},
    ):
        with pytest.raises(SpaceError, match="these sides are not aligned"):
            apart.search(**query)
    with pytest.raises(SpaceError, match="no encoder for audio"):
        apart.search(audio=np.ones(8_000, np.float32))
    assert apart.search(vector=torch.ones(24), modality="image")


def test_an_engine_of_other_parts_is_saved_and_loaded(apart, tmp_path):
    apart.save(tmp_path)
    again = SearchEngine.load(tmp_path)
    query = apart.catalog[3].text
    assert again.search(query).ids == apart.search(query).ids
    assert sum(file.stat().st_size for file in tmp_path.rglob("*")) < 3_000_000, "MiniLM lies in its package"


def test_own_classes_are_saved_and_loaded_when_they_are_given(tmp_path):
    class Own(FaissIndex):
        """Of the reader's."""

    shop = Catalog([Product("1", title="red bag"), Product("2", title="wooden chair")])
    engine = SearchEngine.from_catalog(shop, Model([Letters()]), index=Own)
    assert engine.search("chairs", k=1).ids == ("2",)
    engine.save(tmp_path)
    for classes, missing in (((), "Letters"), ((Letters,), "Own"), ((Own,), "Letters")):
        with pytest.raises(StorageError) as raised:
            SearchEngine.load(tmp_path, classes)
        assert f"classes=[{missing}]" in raised.value.remedy
    again = SearchEngine.load(tmp_path, (Letters, Own))
    assert again.search("chairs", k=1).ids == ("2",)


def test_a_part_that_could_not_be_brought_back_refuses_to_be_saved(tmp_path):
    class Mute(Letters):
        save = None

    engine = SearchEngine.from_catalog(Catalog([Product("1", title="red bag")]), Model([Mute()]))
    with pytest.raises(SpaceError, match="Mute cannot be saved"):
        engine.save(tmp_path / "kept")
    assert not list(tmp_path.rglob("generation-*"))


def test_an_index_of_faiss_is_loaded_by_its_name(tmp_path):
    shop = Catalog([Product("1", title="red bag"), Product("2", title="wooden chair")])
    SearchEngine.from_catalog(shop, index=FaissIndex).save(tmp_path)
    assert SearchEngine.load(tmp_path).search("chair", k=1).ids == ("2",)


def test_a_class_that_is_called_like_one_of_ours_refuses_to_be_saved(tmp_path):
    clash = type("TextEncoder", (Letters,), {})
    engine = SearchEngine.from_catalog(Catalog([Product("1", title="red bag")]), Model([clash()]))
    for act in (lambda: engine.save(tmp_path / "kept"), lambda: engine.model.save(tmp_path / "model")):
        with pytest.raises(SpaceError, match="called TextEncoder"):
            act()
    assert not list(tmp_path.iterdir())


def test_faiss_gives_the_same_answers_as_the_exact_index_up_to_equal_scores(shop):
    some = shop.split("test")[:150]
    exact, flat = (SearchEngine.from_catalog(some, index=kind) for kind in (ExactIndex, FaissIndex))
    for query in ("red leather handbag", some[5].image, "blue mug"):
        for filters in (None, {"colour": "red"}):
            ours, theirs = exact.search(query, 20, filters=filters), flat.search(query, 20, filters=filters)
            scores = [[hit.score for hit in results] for results in (ours, theirs)]
            np.testing.assert_allclose(*scores, atol=1e-5)
            last = min(scores[0], default=0)
            assert {h.product.id for h in ours if h.score > last} == {
                h.product.id for h in theirs if h.score > last
            }


# --- a fourth side ----------------------------------------------------------------------------------------


class Weights:
    """Reads how heavy a product is, in whole kilograms."""

    modality, dimensions = Modality.VIDEO, 26

    def embed(self, things):
        if not isinstance(things, list):
            raise CrossmodalError("one thing was given", accepted="a list")
        return torch.eye(26)[torch.tensor(things, dtype=torch.int64)]


def test_a_fourth_side_is_one_more_row():
    heavy = Side(lambda p: p.attributes.get("weight"), lambda given: given, int, "a weight", "[3]")
    sides = {**SIDES, Modality.VIDEO: heavy}
    shop = Catalog(
        Product(str(i), title=title, attributes={"weight": i})
        for i, title in enumerate(["bag", "chair", "zip"])
    )
    assert check_encoder(Weights(), [1, 2, 3])
    engine = SearchEngine.from_catalog(shop, Model([Letters(), Weights()]), sides=sides)
    best = engine.search(video=1, k=1)[0]
    assert (best.product.id, best.matched) == ("1", Modality.VIDEO)
    assert engine.search("zip", k=1, modality="text").ids == ("2",)
    assert engine.vectors("video")[0] == ("0", "1", "2")
    assert engine.search(video=2, modality="video", filters={"weight": (0, 1)}).ids == ("0", "1")
