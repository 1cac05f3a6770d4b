"""Calls as a developer writes them; nothing runs here, pyright reads it (tests/test_typing.py)."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import numpy as np
import torch
from PIL import Image

from crossmodal_edu import Catalog, Modality, Product, SearchEngine
from crossmodal_edu.encoders import Encoder
from crossmodal_edu.image.backbone import Lite0
from crossmodal_edu.model import Model
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.results import Hit, Results
from crossmodal_edu.retrieval.approximate import FaissIndex
from crossmodal_edu.retrieval.index import ExactIndex, Index
from crossmodal_edu.shops import open_engine
from crossmodal_edu.spaces.principal import PrincipalComponents
from crossmodal_edu.spaces.space import EmbeddingSpace, Features
from crossmodal_edu.text.sentence_bert import MiniLM


def search(engine: SearchEngine) -> None:
    results = engine.search("red bag", k=5, modality="image", filters={"colour": "red", "price": (10, None)})
    assert_type(results, Results)
    assert_type(results[0], Hit)
    assert_type(results[0].product, Product)
    assert_type(results.ids, tuple[str, ...])
    engine.search(Path("photo.jpg"))
    engine.search(Image.new("RGB", (9, 9)), offset=10, order="-price")
    engine.search(["red bag", Path("photo.jpg")], weights=[1, -0.5])
    engine.search(text="red", audio=(np.zeros(8_000), 8_000), vector=torch.ones(256))
    ids, vectors = engine.vectors(Modality.IMAGE)
    assert_type(ids, tuple[str, ...])
    print(vectors.shape)
    for hit in results:
        print(hit.rank, hit.score, hit.cosine, hit.matched.value, hit.product.attributes.get("price"))


def make() -> SearchEngine:
    catalog = Catalog.from_table("my.csv", media_root="pictures", columns={"title": "Bezeichnung"})
    assert_type(catalog[0], Product)
    assert_type(catalog[:3], Catalog)
    engine = SearchEngine.from_catalog(catalog, model="shop", lenient=True, index=FaissIndex)
    engine.add([Product("1", title="red bag", attributes={"price": 3.5})])
    engine.remove(["1"])
    assert_type(engine.update(catalog), tuple[int, int, int])
    engine.save("my.index")
    assert_type(SearchEngine.load("my.index"), SearchEngine)
    return open_engine("shop")


def parts() -> None:
    encoders: list[Encoder] = [MiniLM(), Lite0(64)]
    space: EmbeddingSpace = PrincipalComponents(64)
    space.fit({Modality.TEXT: Features(torch.ones(3, 4), ["a", "b", "c"])})
    indexes: list[Index] = [ExactIndex(4), FaissIndex(4)]
    assert_type(indexes[0].search(torch.ones(1, 4), 2, allowed={"a"}).ids, tuple[tuple[str, ...], ...])
    model = Model(encoders, space, name="mine")
    assert_type(model.embed("text", ["red bag"]), torch.Tensor)
    SearchEngine(model, index=ExactIndex)
    assert_type(load_pretrained("shop"), Model)
