"""Frozen features: made once, kept under a name that follows what made them, never from the test side."""

from __future__ import annotations

import pytest
import torch

from crossmodal_edu.classroom import features as module
from crossmodal_edu.classroom.features import FrozenFeatures, fashion_sample, frozen_features, same_title
from crossmodal_edu.errors import DataMissingError
from crossmodal_edu.modality import Modality
from crossmodal_edu.products import Catalog, Product

TEXT, IMAGE = Modality.TEXT, Modality.IMAGE
SPLITS = ["train", "train", "test", "validation", "test"]


def some_products() -> Catalog:
    titles = ["Red bag", "blue  shoe", "Blue shoe", "hat", "red bag"]
    return Catalog(
        Product(id=str(i), title=title, attributes={"type": title.split()[-1].lower()}, split=split)
        for i, (title, split) in enumerate(zip(titles, SPLITS, strict=True))
    )


def frozen() -> FrozenFeatures:
    table = torch.arange(10.0).view(5, 2) + 1
    return FrozenFeatures(
        some_products(), {TEXT: {"one": table, "other": 100 * table}, IMAGE: {"CNN": table}}
    )


def test_a_split_holds_its_products_and_all_extractors_at_one_length():
    data = frozen()
    assert list(data.test[TEXT].ids) == ["2", "4"]
    assert data.train[TEXT].vectors.shape == (2, 4)
    one, other = data.test[TEXT].vectors.split(2, dim=1)
    assert torch.allclose(one, other)  # a hundred times longer, and yet it counts the same
    assert data.train[TEXT].vectors[:, :2].norm(dim=1).mean().item() == pytest.approx(1)
    assert data.labels["3"] == "hat" and data.titles["1"] == "blue  shoe"


def test_lengths_come_from_the_training_side():
    before = frozen().test[TEXT].vectors
    parts = {TEXT: {"one": torch.arange(10.0).view(5, 2) + 1}}
    parts[TEXT]["one"][3] *= 1e6  # a validation product
    assert torch.equal(FrozenFeatures(some_products(), parts).test[TEXT].vectors, before[:, :2])


def test_extractors_can_be_chosen():
    data = frozen()
    assert data.split("test", only={"one"})[TEXT].vectors.shape == (2, 2)
    assert set(data.split("test", only={"CNN"})) == {IMAGE}


def test_equal_titles_are_right_for_each_other():
    assert same_title(list(some_products())) == [{0, 4}, {1, 2}, {1, 2}, {3}, {0, 4}]


def test_features_are_made_once_and_again_when_damaged(monkeypatch, tmp_path):
    made = []

    def make(products, progress):
        made.append(len(products))
        return {"one": torch.ones(len(products), 2)}

    monkeypatch.setattr(module.folders, "cache_folder", lambda *parts: tmp_path.joinpath(*parts))
    monkeypatch.setitem(module._COLLECTIONS, "shop", some_products)
    monkeypatch.setitem(module._MAKERS, TEXT, make)
    for _ in range(2):
        assert frozen_features("shop", [TEXT]).parts[TEXT]["one"].shape == (5, 2)
    assert made == [5]
    (kept,) = (tmp_path / "features").iterdir()
    assert kept.name.startswith("shop-text-")
    kept.write_bytes(kept.read_bytes()[:30])
    frozen_features("shop", [TEXT])
    assert made == [5, 5]
    monkeypatch.setitem(module._COLLECTIONS, "shop", lambda: some_products().take([0, 2]))
    frozen_features("shop", [TEXT])
    assert made == [5, 5, 2]  # other products, another name
    assert len(list((tmp_path / "features").iterdir())) == 2


def test_there_are_three_collections():
    with pytest.raises(DataMissingError, match=r"(?s)of 'toys'.*shop, fashion, whole fashion"):
        frozen_features("toys")


def test_the_sample_of_clothes_is_fixed_and_keeps_the_sides(data_set):
    data_set("fashion")
    sample = fashion_sample()
    assert {split: len(sample.split(split)) for split in module.SAMPLE} == module.SAMPLE
    assert sample[0].id == fashion_sample()[0].id
    whole = module._COLLECTIONS["whole fashion"]()
    learned = [whole[row].id for row in module._learned_from(whole).tolist()]
    assert len(whole) > 40_000 and learned == [product.id for product in sample.split("train")]
    test = {p.title.casefold() for p in sample.split("test")}
    assert not test & {p.title.casefold() for p in sample.split("train")}
