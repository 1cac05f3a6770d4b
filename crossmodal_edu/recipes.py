"""How the models that ship were trained: on what, and by which recipe.

``python -m crossmodal_edu.recipes shop fashion vectors`` trains them again (``make models``), and
embeds the shop that ships.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from crossmodal_edu.audio.speech import VOICES, say
from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.fashion import load_fashion
from crossmodal_edu.datasets.shop import load_shop, make_shop
from crossmodal_edu.embedding import embed_products, save_vectors
from crossmodal_edu.fitting import Examples, Recipe, fit
from crossmodal_edu.modality import open_audio, open_image
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.spaces.contrastive import CrossModalEncoder
from crossmodal_edu.training import History

RECIPES = {
    "shop": Recipe(epochs=24, image_size=(80, 80), recurrent=True, learning_rate=2e-3),
    "fashion": Recipe(epochs=18, image_size=(64, 48), recurrent=False, titles=0.75),
}
"""How each model that ships was trained."""

_SHOP_PRODUCTS, _SHOP_SEED = 12_000, 7
_SPEAKERS = [voice.name for voice in VOICES if not voice.held_out and voice.language == "en"]
_HELD_OUT_SPEAKERS = [voice.name for voice in VOICES if voice.held_out]


def speak_title(title: str, number: int, held_out: bool = False) -> Float[np.ndarray, "samples"]:
    """A title as sound for products that have none; ``number`` decides voice, speed and pitch.

    Parameters
    ----------
    title : str
    number : int
        Such as the product's position: the same number, the same sound.
    held_out : bool
        By one of the voices that no training hears.

    Returns
    -------
    (samples,)
        16 kHz mono.

    Notes
    -----
    Chapter 01.
    """
    chance = np.random.default_rng([_SHOP_SEED, number])
    voices = _HELD_OUT_SPEAKERS if held_out else _SPEAKERS
    voice = voices[chance.integers(len(voices))]
    return say(title, voice, speed=chance.uniform(0.85, 1.2), pitch=chance.uniform(0.85, 1.15))


def train_shop(recipe: Recipe) -> tuple[CrossModalEncoder, History]:
    """Train on a larger shop, made for the purpose, that has no test product of the one that ships."""
    folder = folders.cache_folder("training", f"shop-{_SHOP_PRODUCTS}-{_SHOP_SEED}")
    if not folder.exists():
        make_shop(_SHOP_PRODUCTS, _SHOP_SEED, folder, splits=("train", "validation"), workers=2)
    shop = load_shop(folder)

    def examples(split: str, model: CrossModalEncoder | None) -> tuple[CrossModalEncoder, Examples]:
        part = shop.split(split)
        # The Chinese title twice: a product has five captions, and Chinese shall not be rare.
        texts = [(p.title, *p.captions, p.title_zh, p.title_zh, p.text, p.text_zh) for p in part]
        model = model or recipe.new_model(texts)
        images = (open_image(p.image) for p in tqdm(part, f"{split} pictures"))
        sounds = (open_audio(p.audio) for p in tqdm(part, f"{split} sounds"))
        return model, Examples.of(model, texts, images, sounds)

    model, training = examples("train", None)
    _, validation = examples("validation", model)
    return model, fit(model, recipe, training, validation)


def train_fashion(recipe: Recipe) -> tuple[CrossModalEncoder, History]:
    """Train on the training side of the fashion set, its titles spoken by the synthetic voices."""
    fashion = load_fashion()
    said = ("colour", "type", "usage", "season", "subcategory")

    def examples(split: str, model: CrossModalEncoder | None) -> tuple[CrossModalEncoder, Examples]:
        part = fashion.split(split)
        texts = [(p.title, " ".join(str(p.attributes[a]) for a in said if a in p.attributes)) for p in part]
        model = model or recipe.new_model(texts)
        images = (open_image(p.image) for p in tqdm(part, f"{split} pictures"))
        sounds = (speak_title(p.title, int(p.id)) for p in tqdm(part, f"{split} sounds"))
        return model, Examples.of(model, texts, images, sounds)

    model, training = examples("train", None)
    _, validation = examples("validation", model)
    return model, fit(model, recipe, training, validation)


_TRAININGS: dict[str, Callable[[Recipe], tuple[CrossModalEncoder, History]]] = {
    "shop": train_shop,
    "fashion": train_fashion,
}


def embed_shop() -> Path:
    """Embed the shop that ships by the model that ships, and write the vectors beside its table."""
    embedded = embed_products(load_pretrained("shop"), load_shop(), progress=True)
    return save_vectors(folders.shipped("shop"), folders.shipped("models/shop"), embedded.vectors)


def main(names: Sequence[str]) -> None:
    """Train the named models and write each to ``data/models/<name>`` with what the training did.

    "vectors" embeds the shop anew, as after a change of its model.
    """
    for name in names:
        if name == "vectors":
            print(embed_shop())
            continue
        start = time.perf_counter()
        model, history = _TRAININGS[name](RECIPES[name])
        folder = folders.data_folder() / "models" / name
        model.save(folder)
        record = {
            "recipe": asdict(RECIPES[name]),
            "history": asdict(history),
            "seconds": round(time.perf_counter() - start),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        }
        (folder / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or [*RECIPES, "vectors"])
