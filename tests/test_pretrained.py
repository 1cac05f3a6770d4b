"""The recipes of the models that ship, on a handful of products: what they see, and what is written."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from crossmodal_edu import pretrained, recipes
from crossmodal_edu.datasets.shop import load_shop, make_shop
from crossmodal_edu.errors import DataMissingError
from crossmodal_edu.modality import Modality
from crossmodal_edu.model import Model
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.recipes import Examples, Recipe

TINY = Recipe(
    epochs=1, image_size=(16, 16), recurrent=False, image_channels=(8, 8), batch_size=8, minimum_count=1,
    buckets=16, reduced_precision=False,
)  # fmt: skip


@pytest.fixture
def trained_on(monkeypatch) -> list[Examples]:
    """What the next training is given: its products, and those that it is validated on."""
    seen: list[Examples] = []
    fit = recipes.fit

    def spy(model, recipe, training, validation, **more):
        seen.extend([training, validation])
        return fit(model, recipe, training, validation, **more)

    monkeypatch.setattr(recipes, "fit", spy)
    return seen


@pytest.fixture
def small_training(monkeypatch, tmp_path) -> Path:
    """Thirty products in place of twelve thousand, below a cache of the test's own."""
    monkeypatch.setattr(recipes, "_SHOP_PRODUCTS", 30)
    monkeypatch.setattr(recipes.folders, "cache_folder", tmp_path.joinpath)
    monkeypatch.setattr(recipes, "make_shop", lambda *args, **kw: make_shop(*args, **kw | {"workers": 1}))
    return tmp_path


def test_the_shops_model_is_trained_on_a_shop_without_test_products(small_training, trained_on, monkeypatch):
    model, history = recipes.train_shop(TINY)
    (folder,) = (small_training / "training").iterdir()
    made = load_shop(folder)
    training, validation = trained_on
    assert len(made) == 30 and {product.split for product in made} == {"train", "validation"}
    assert (len(training), len(validation)) == (len(made.split("train")), len(made.split("validation")))
    assert len(history.loss) == len(history.score) == 1
    product = made.split("train")[0]
    said = list(training.texts[0])
    assert said[0] == product.title and set(product.captions) < set(said)
    assert said.count(product.title_zh) == 2
    assert not model.encoders[Modality.TEXT].vocabulary.unknown(product.title + product.title_zh)

    monkeypatch.setattr(recipes, "make_shop", lambda *args, **kw: pytest.fail("made a second time"))
    again, _ = recipes.train_shop(TINY)
    query = ["red leather bag"]
    assert torch.equal(again.embed(Modality.TEXT, query), model.embed(Modality.TEXT, query))


@pytest.fixture
def few_clothes() -> Catalog:
    def picture(shade: int) -> bytes:
        file = io.BytesIO()
        Image.new("RGB", (6, 8), (shade, 0, 0)).save(file, "PNG")
        return file.getvalue()

    attributes = {"colour": "Red", "type": "Shirts", "price": 3.0}
    splits = ["train"] * 9 + ["validation"] * 3 + ["test"] * 2
    return Catalog(
        Product(str(100 + i), f"Red Shirt {i}", image=picture(10 * i), attributes=attributes, split=split)
        for i, split in enumerate(splits)
    )


def test_the_model_of_the_clothes_hears_titles_that_are_spoken_for_it(few_clothes, trained_on, monkeypatch):
    spoken: dict[str, int] = {}

    def speak(title: str, number: int) -> np.ndarray:
        spoken[title] = number
        return np.random.default_rng(number).normal(0, 0.1, 4_000).astype(np.float32)

    monkeypatch.setattr(recipes, "load_fashion", lambda: few_clothes)
    monkeypatch.setattr(recipes, "speak_title", speak)
    _, history = recipes.train_fashion(TINY)
    training, validation = trained_on
    assert (len(training), len(validation)) == (9, 3)
    assert training.texts[0] == ("Red Shirt 0", "Red Shirts")
    assert training.labels.tolist() == [[0] * 5] * 9, "colour, type, and three that these products lack"
    assert spoken == {f"Red Shirt {i}": 100 + i for i in range(12)}, "no test product is heard"
    assert len(history.loss) == 1


def test_what_is_trained_is_written_with_its_record_and_found_by_name(monkeypatch, tmp_path, capsys):
    """Then the shop's vectors, by the model that was written: one row a product, of length one."""
    (tmp_path / "models").mkdir()
    made = make_shop(6, 3, tmp_path / "shop", progress=False)
    model = TINY.new_model(TINY.vocabulary([(p.title,) for p in made]))
    monkeypatch.setattr(recipes.folders, "data_folder", lambda: tmp_path)
    monkeypatch.setitem(recipes.RECIPES, "shop", TINY)
    given: list[Path] = []
    monkeypatch.setattr(recipes.folders, "cache_folder", lambda *names: tmp_path.joinpath("cache", *names))

    def trained(recipe: Recipe, path: Path) -> tuple[Model, recipes.History]:
        given.append(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return model, recipes.History({"loss": [0.5]}, [0.25], [9.0])

    monkeypatch.setitem(recipes._TRAININGS, "shop", trained)
    monkeypatch.setattr(recipes, "load_pretrained", pretrained.load_pretrained.__wrapped__)
    recipes.main(["shop"])
    assert given[0].parent == tmp_path / "cache" / "training" and not given[0].exists()
    record = json.loads((tmp_path / "models" / "shop" / "training.json").read_text(encoding="utf-8"))
    tuples = {"image_size": (16, 16), "image_channels": (8, 8), "asked": ()}
    assert Recipe(**{**record["recipe"], **tuples}) == TINY
    assert record["history"] == {"losses": {"loss": [0.5]}, "score": [0.25], "seconds": [9.0]}
    assert record["cores"] >= 1 and record["seconds"] >= 9, "less than the epochs say that were resumed"
    loaded = pretrained.load_pretrained("shop")
    assert isinstance(loaded, Model) and loaded.name == "shop"
    monkeypatch.setitem(recipes.RECIPES, "shop", replace(TINY, lost_words=0.2))
    recipes.main(["shop"])
    assert given[1].name != given[0].name, "another recipe would go on from the first one's checkpoint"

    recipes.main(["vectors"])
    path = Path(capsys.readouterr().out.strip())
    assert path.parent == tmp_path / "shop"
    vectors = load_file(path)
    assert set(vectors) == {"text", "image", "audio"}
    for rows in vectors.values():
        torch.testing.assert_close(rows.float().norm(dim=1), torch.ones(6), atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_each_model_that_ships_has_a_training_and_says_what_it_knows(name):
    assert name in recipes._TRAININGS and pretrained.KNOWS[name]
    assert pretrained.load_pretrained(name).name == name
    assert pretrained.load_pretrained(name) is pretrained.load_pretrained(name)


def test_a_model_that_does_not_ship_is_refused_by_name():
    with pytest.raises(DataMissingError, match="'furniture'") as raised:
        pretrained.load_pretrained("furniture")
    assert "shop" in raised.value.accepted and "fashion" in raised.value.accepted
