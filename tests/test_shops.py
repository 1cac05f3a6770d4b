"""From a name to an engine: what ships, what is kept, which model, and names that would mislead."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
import torch

from crossmodal_edu import shops
from crossmodal_edu.datasets import folders
from crossmodal_edu.embedding import embed_products, load_vectors, save_vectors
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.errors import DataMissingError, InputError, StorageError
from crossmodal_edu.modality import Modality
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.shops import check_new_name, open_engine


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "cache_folder", lambda *parts: tmp_path.joinpath("cache", *parts))
    return tmp_path / "cache"


def test_the_shop_opens_with_the_vectors_that_ship(shop, cache, monkeypatch):
    """They are those of the model and the table that ship, to half precision; nothing is embedded or kept."""
    monkeypatch.setattr(SearchEngine, "from_catalog", lambda *_, **__: pytest.fail("embedded again"))
    engine = open_engine("shop")
    assert len(engine) == len(shop)
    assert not cache.exists()
    some = shop[::100]
    embedded = embed_products(load_pretrained("shop"), some)
    for side in (Modality.TEXT, Modality.IMAGE, Modality.AUDIO):
        ids, vectors = engine.vectors(side)
        assert ids == tuple(product.id for product in shop)
        rows = [engine.catalog.position(id) for id in embedded.ids[side]]
        np.testing.assert_allclose(vectors[rows], embedded.vectors[side].numpy(), atol=2e-3)


def test_vectors_of_another_table_or_model_are_refused(tmp_path):
    for name in ("shop", "model"):
        (tmp_path / name).mkdir()
    (tmp_path / "shop" / "products.csv").write_text("id,title\n1,bag\n")
    (tmp_path / "model" / "text").mkdir()
    (tmp_path / "model" / "text" / "settings.json").write_text("{}")
    folders = tmp_path / "shop", tmp_path / "model"
    with pytest.raises(StorageError):
        load_vectors(*folders)
    vectors = {side: torch.eye(3) for side in (Modality.TEXT, Modality.IMAGE, Modality.AUDIO)}
    path = save_vectors(*folders, vectors)
    assert load_vectors(*folders)[Modality.TEXT].equal(torch.eye(3))
    assert [p.name for p in (tmp_path / "shop").iterdir() if p.suffix == ".partial"] == []
    (tmp_path / "shop" / "products.csv").write_text("id,title\n1,bags\n")
    with pytest.raises(StorageError, match="another table"):
        load_vectors(*folders)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(StorageError, match="cannot be used"):
        load_vectors(*folders)


def test_an_engine_of_another_model_is_kept_and_mended_and_its_forerunners_removed(cache, monkeypatch):
    few = Catalog([Product("1", title="red bag"), Product("2", title="mug")], "shop")
    monkeypatch.setitem(shops._LOADERS, "shop", lambda: few)
    made = open_engine("shop", model="fashion")
    assert made.model.name == "fashion"
    (kept,) = (cache / "engines").iterdir()
    for forerunner in (
        "shop-fashion-0123456789abcdef",
        "shop-0123456789abcdef",
        "fashion-fashion-0123456789abcdef",
    ):
        (cache / "engines" / forerunner).mkdir()
    monkeypatch.setitem(shops._LOADERS, "shop", lambda: pytest.fail("embedded twice"))
    assert len(open_engine("shop", model="fashion")) == 2
    (kept / "CURRENT").write_text("nonsense")
    monkeypatch.setitem(shops._LOADERS, "shop", lambda: few)
    assert len(open_engine("shop", model="fashion")) == 2
    assert {path.name for path in (cache / "engines").iterdir()} == {
        kept.name,
        "fashion-fashion-0123456789abcdef",
    }


def test_a_saved_engine_keeps_its_own_model(tmp_path):
    catalog = Catalog([Product("1", title="red bag")])
    SearchEngine.from_catalog(catalog, "fashion").save(tmp_path / "mine")
    for model in (None, "fashion"):
        assert open_engine(str(tmp_path / "mine"), model).model.name == "fashion"
    with pytest.raises(InputError, match="'fashion'"):
        open_engine(str(tmp_path / "mine"), "shop")
    for name in ("shop", str(tmp_path / "mine"), "no_such_table.csv"):
        with pytest.raises(DataMissingError, match="No model called 'nonsense'"):
            open_engine(name, "nonsense")


def test_a_folder_called_shop_is_named_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SearchEngine.from_catalog(Catalog([Product("1", title="red bag")]), "shop").save("./shop")
    assert len(open_engine("shop")) > 1
    assert len(open_engine("./shop")) == 1
    with pytest.raises(InputError, match="always"):
        check_new_name("shop")
    check_new_name("./shop")


def test_the_fingerprint_of_a_cache_changes_with_the_data(tmp_path):
    (tmp_path / "a").write_text("one")
    before = shops._fingerprint(tmp_path)
    assert shops._fingerprint(tmp_path) == before
    os.utime(tmp_path / "a", (time.time() + 5, time.time() + 5))
    assert shops._fingerprint(tmp_path) != before
