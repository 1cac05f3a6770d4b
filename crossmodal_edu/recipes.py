"""How the models that ship were trained: on what, by which recipe, and how a recipe is carried out.

``python -m crossmodal_edu.recipes shop fashion scales vectors`` trains them again (``make models``), and
embeds the shop that ships.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from crossmodal_edu.audio.augment import random_voices
from crossmodal_edu.audio.encoder import AudioEncoder, stack_spectrograms
from crossmodal_edu.audio.speech import speak_title
from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.fashion import load_fashion
from crossmodal_edu.datasets.shop import load_shop, make_shop
from crossmodal_edu.embedding import embed_products, save_vectors
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.evaluation.metrics import reciprocal_rank
from crossmodal_edu.evaluation.relevance import rank_relevant
from crossmodal_edu.image.augment import random_views
from crossmodal_edu.image.encoder import ImageEncoder
from crossmodal_edu.modality import Modality, open_audio, open_image
from crossmodal_edu.model import Model
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.retrieval.merging import SAMPLE, Scales
from crossmodal_edu.spaces.contrastive import ContrastiveLearner, contrastive_loss
from crossmodal_edu.spaces.space import Features
from crossmodal_edu.text.encoder import PairVocabulary, TextEncoder
from crossmodal_edu.text.tokens import Vocabulary
from crossmodal_edu.training import History, inference, train

_ASKED = 2_500  # words that a picture is asked for


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training gives, but for the products.

    ``titles`` is how often a product is called by its title, not by something else that is
    said of it; ``lost_words`` the share of words that are left out by chance. ``image`` and ``text``
    hold further settings of those encoders and ``views`` those of
    :func:`~crossmodal_edu.image.augment.random_views`. Every ``sound_every``-th batch is heard as well,
    none if it is 0. ``asked`` says how much it counts that the words of the title, and that each label,
    can be told from the picture; empty, nothing is asked. The rest are sizes of the model and settings
    of :func:`crossmodal_edu.training.train`.
    """

    epochs: int
    image_size: tuple[int, int]
    recurrent: bool
    image_channels: tuple[int, ...] = (64, 128, 256)
    image: Mapping[str, Any] = field(default_factory=dict)
    pairs: bool = False
    text: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int = 256
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.1
    dropout: float = 0.1
    minimum_count: int = 2
    buckets: int = 4096
    titles: float = 0.5
    lost_words: float = 0.1
    views: Mapping[str, Any] = field(default_factory=dict)
    sound_every: int = 1
    asked: tuple[float, ...] = ()
    lowest_temperature: float = 0.01
    averaged: float = 0.0
    seed: int = 0
    reduced_precision: bool = True

    def vocabulary(self, texts: Iterable[Sequence[str]]) -> Vocabulary:
        """The words of the training texts of some products."""
        told = (text for product in texts for text in product)
        return (PairVocabulary if self.pairs else Vocabulary).of_texts(told, self.minimum_count, self.buckets)

    def new_model(self, vocabulary: Vocabulary) -> Model:
        """An untrained model of these sizes."""
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            text = TextEncoder(vocabulary, recurrent=self.recurrent, dropout=self.dropout, **self.text)
            eye = ImageEncoder(self.image_size, self.image_channels, dropout=self.dropout, **self.image)
            return Model([text, eye, AudioEncoder(dropout=self.dropout)])


@dataclass(frozen=True, eq=False)
class Examples:
    """Products as a training sees them, prepared once.

    ``texts`` holds for each product its title first and then everything else that may be
    said of it. ``groups`` numbers the products: those with the same number, such as two
    under one title, are not to be told apart. ``labels`` may number their kind, colour and so on.
    """

    texts: Sequence[Sequence[str]]
    pixels: UInt8[Tensor, "n 3 h w"]
    sounds: Sequence[Float[Tensor, "mels _"]]
    groups: Int[Tensor, "n"]
    labels: Int[Tensor, "n k"] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @classmethod
    def of(
        cls,
        model: Model,
        texts: Sequence[Sequence[str]],
        images: Iterable[Image.Image],
        waveforms: Iterable[Float[np.ndarray, "_"]],
        groups: Sequence[object] | None = None,
        labels: Sequence[Sequence[object]] | None = None,
    ) -> Examples:
        """Prepare texts, pictures and sounds of the same products for a model.

        Pictures and sounds are drawn one at a time, so that they need not fit into memory
        together. Without ``groups``, products with equal titles are one group. ``labels`` may hold
        for each product its kind, colour and so on.
        """
        eye, ear = model.encoders[Modality.IMAGE], model.encoders[Modality.AUDIO]
        pixels = torch.empty(len(texts), 3, *eye.size, dtype=torch.uint8)
        for row, image in enumerate(images):
            pixels[row] = eye.prepare([image])[0]
        # Half precision halves the memory; a decibel needs no more.
        sounds = [ear.prepare([waveform]).values[0].half() for waveform in waveforms]
        keys = [text[0].casefold() for text in texts] if groups is None else groups
        columns = (
            None if labels is None else torch.stack(list(map(_numbered, zip(*labels, strict=True))), dim=1)
        )
        return cls(texts, pixels, sounds, _numbered(keys), columns)


def _numbered(keys: Sequence[object]) -> Int[Tensor, "n"]:
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return torch.tensor([numbers[key] for key in keys])


class _Learner(ContrastiveLearner):
    """Encoders that learn together, of which the picture's is asked more than the others.

    From what it has seen, ``words`` tells which of the most frequent words stand in the title, and
    ``labels`` of which kind the thing is, and so on. No search needs them: they only teach the eye.
    """

    def __init__(self, model: Model, recipe: Recipe, labels: Int[Tensor, "n k"] | None):
        super().__init__(model.encoders.values(), lowest=recipe.lowest_temperature)
        self.asked = recipe.asked
        features = model.encoders[Modality.IMAGE].features
        self.words = nn.Linear(features, min(_ASKED, len(model.encoders[Modality.TEXT].vocabulary)))
        nn.init.constant_(self.words.bias, -6.0)  # a word stands in few titles
        classes = [] if labels is None else (1 + labels.amax(dim=0)).tolist()
        self.labels = nn.ModuleList(nn.Linear(features, n) for n in classes)

    def loss(self, inputs: Mapping[Modality, Any], groups: Any = None, *answers: Tensor) -> Tensor:
        """With answers: of titles and pictures, of all pairs if there is sound, and of the questions.

        ``answers`` are the words of each title, (n, words) of 0 and 1, and its labels, (n, k).
        """
        if not answers:
            return super().loss(inputs, groups)
        said, labels = answers
        eye = self.encoders["image"]
        seen = eye.seen(inputs[Modality.IMAGE])
        vectors = self({side: given for side, given in inputs.items() if side is not Modality.IMAGE})
        vectors[Modality.IMAGE] = F.normalize(eye.project(eye.dropout(seen)).float(), dim=1)
        losses = [
            contrastive_loss(vectors[one], vectors[other], self.temperature, groups)
            for one, other in combinations(sorted(vectors, reverse=True), 2)  # text and image come first
        ]
        told = F.binary_cross_entropy_with_logits(self.words(seen).float(), said, reduction="sum") / len(seen)
        total = losses[0] + (torch.stack(losses).mean() if len(losses) > 1 else 0.0) + self.asked[0] * told
        for head, right in zip(self.labels, labels.T, strict=True):
            total = total + self.asked[1] * F.cross_entropy(head(seen).float(), right)
        return total


def fit(
    model: Model,
    recipe: Recipe,
    training: Examples,
    validation: Examples,
    device: str = "cpu",
    checkpoint: Path | None = None,
) -> History:
    """Train by the contrastive loss over all pairs of modalities, and keep the best epoch.

    After each epoch the score is the mean reciprocal rank among the validation products,
    titles to pictures and sounds to pictures averaged.

    Parameters
    ----------
    model : Model
        Trained in place.
    recipe : Recipe
    training, validation : Examples
        Prepared for this model; of different products. A training of fewer than
        ``recipe.batch_size`` products takes all of them as one batch.
    device : str
        "cpu", "cuda" or "mps".
    checkpoint : Path, optional
        As for :func:`crossmodal_edu.training.train`: a training that was stopped goes on from there.

    Returns
    -------
    History

    Raises
    ------
    SpaceError
        If there are fewer than two products to train on, or none to validate on.

    Notes
    -----
    Chapter 12.
    """
    if len(training) < 2 or not len(validation):
        raise SpaceError(
            f"Products to train on: {len(training)}; to validate on: {len(validation)}.",
            accepted="2 or more to train on, since they are to be told apart, and 1 or more to validate on.",
            remedy="Add products, or move some from one side to the other.",
        )
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        learner = _Learner(model, recipe, training.labels)
    text = learner.encoders["text"]
    batch_size = min(recipe.batch_size, len(training))
    batch_count = len(training) // batch_size

    def batches(epoch: int) -> Iterator[tuple[dict[Modality, Any], Tensor]]:
        # By the epoch alone, so that a training that was stopped goes on as it would have.
        chance = np.random.default_rng([recipe.seed, epoch])
        views = torch.Generator().manual_seed(int(chance.integers(2**31)))
        order = chance.permutation(len(training))[: batch_count * batch_size]
        for number, rows in enumerate(order.reshape(batch_count, -1)):
            texts = [_retold(training.texts[i], recipe, chance) for i in rows]
            seen = random_views(training.pixels[rows], views, **recipe.views)
            inputs = {Modality.TEXT: text.prepare(texts).to(device), Modality.IMAGE: seen.to(device)}
            if recipe.sound_every and number % recipe.sound_every == 0:
                sounds = stack_spectrograms([training.sounds[i].float() for i in rows])
                inputs[Modality.AUDIO] = random_voices(sounds, views).to(device)
            yield inputs, training.groups[rows].to(device), *asked(rows)

    def asked(rows: Int[np.ndarray, "b"]) -> tuple[Tensor, ...]:
        """The words of each title, 1 or 0, and the labels."""
        if not recipe.asked:
            return ()
        own = text.prepare([training.texts[i][0] for i in rows]).numbers[:, :, 0]
        words = torch.zeros(len(rows), len(text.vocabulary)).scatter(1, own, 1.0)
        words[:, text.vocabulary.PADDING] = 0.0
        labels = torch.empty(len(rows), 0) if training.labels is None else training.labels[rows]
        return words[:, :_ASKED].to(device), labels.to(device)

    groups = validation.groups.numpy()
    right = [np.flatnonzero(groups == group).tolist() for group in groups]

    def validate(learner: ContrastiveLearner) -> float:
        vectors = embed_examples(learner, validation, device)
        ranks = (
            rank_relevant(vectors[asked], vectors[Modality.IMAGE], right)
            for asked in (Modality.TEXT, Modality.AUDIO)
        )
        return float(np.mean([reciprocal_rank(rank, right).mean() for rank in ranks]))

    return train(
        learner,
        batches,
        lambda learner, batch: learner.loss(*batch),
        epochs=recipe.epochs,
        batches_per_epoch=batch_count,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        seed=recipe.seed,
        device=device,
        reduced_precision=recipe.reduced_precision,
        averaged=recipe.averaged,
        validate=validate,
        checkpoint=checkpoint,
    )


def embed_examples(
    learner: ContrastiveLearner, examples: Examples, device: str = "cpu"
) -> dict[Modality, Tensor]:
    """Unit vectors of titles, pictures and sounds, none of them changed by chance."""
    vectors: dict[Modality, list[Tensor]] = {s: [] for s in (Modality.IMAGE, Modality.AUDIO, Modality.TEXT)}
    with inference(learner):
        for rows in torch.arange(len(examples)).split(256):
            sounds = stack_spectrograms([examples.sounds[i].float() for i in rows])
            titles = learner.encoders["text"].prepare([examples.texts[i][0] for i in rows])
            inputs = {
                Modality.IMAGE: examples.pixels[rows].to(device),
                Modality.AUDIO: sounds.to(device),
                Modality.TEXT: titles.to(device),
            }
            for side, part in learner(inputs).items():
                vectors[side].append(part.cpu())
    return {side: torch.cat(parts) for side, parts in vectors.items()}


def _retold(texts: Sequence[str], recipe: Recipe, chance: np.random.Generator) -> str:
    """The title or something else that is said of the product, without some of its words."""
    by_title = len(texts) == 1 or chance.random() < recipe.titles
    words = texts[0 if by_title else chance.integers(1, len(texts))].split(" ")
    kept = [word for word in words if chance.random() >= recipe.lost_words]
    return " ".join(kept or words)


RECIPES = {
    "shop": Recipe(epochs=24, image_size=(80, 80), recurrent=True, learning_rate=2e-3),
    "fashion": Recipe(
        epochs=30,
        batch_size=384,
        learning_rate=2.5e-3,
        averaged=0.998,
        image_size=(80, 64),
        image_channels=(64, 128, 192, 256),
        image={"stem": 48, "strides": (2, 2, 2, 1), "maximum": True},
        views={"zoom": 0.15, "shift": 0.1, "turn": 10.0, "blank": 0.2},
        sound_every=2,
        asked=(0.1, 0.15),
        recurrent=False,
        text={"residual": True},
        pairs=True,
        minimum_count=3,
        buckets=2048,
        titles=0.75,
        lost_words=0.15,
        lowest_temperature=1 / 60,
    ),
}
"""How each model that ships was trained."""

_SHOP_PRODUCTS, _SHOP_SEED = 12_000, 7


def train_shop(recipe: Recipe, checkpoint: Path | None = None) -> tuple[Model, History]:
    """Train on a larger shop, made for the purpose, that has no test product of the one that ships."""
    folder = folders.cache_folder("training", f"shop-{_SHOP_PRODUCTS}-{_SHOP_SEED}")
    if not folder.exists():
        make_shop(_SHOP_PRODUCTS, _SHOP_SEED, folder, splits=("train", "validation"), workers=2)
    shop = load_shop(folder)

    def examples(split: str, model: Model | None) -> tuple[Model, Examples]:
        part = shop.split(split)
        # The Chinese title twice: a product has five captions, and Chinese should not be rare.
        texts = [(p.title, *p.captions, p.title_zh, p.title_zh, p.text, p.text_zh) for p in part]
        model = model or recipe.new_model(recipe.vocabulary(texts))
        images = (open_image(p.image) for p in tqdm(part, f"{split} pictures"))
        sounds = (open_audio(p.audio) for p in tqdm(part, f"{split} sounds"))
        return model, Examples.of(model, texts, images, sounds)

    model, training = examples("train", None)
    _, validation = examples("validation", model)
    return model, fit(model, recipe, training, validation, checkpoint=checkpoint)


def train_fashion(recipe: Recipe, checkpoint: Path | None = None) -> tuple[Model, History]:
    """Train on the training side of the fashion set, its titles spoken by the synthetic voices."""
    fashion = load_fashion()
    said = ("colour", "type", "usage", "season", "subcategory")

    def examples(split: str, model: Model | None) -> tuple[Model, Examples]:
        part = fashion.split(split)
        labels = [[p.attributes.get(a) for a in said] for p in part]
        texts = [(p.title, " ".join(filter(None, row))) for p, row in zip(part, labels, strict=True)]
        model = model or recipe.new_model(recipe.vocabulary(texts))
        images = (open_image(p.image) for p in tqdm(part, f"{split} pictures"))
        sounds = (speak_title(p.title, int(p.id)) for p in tqdm(part, f"{split} sounds"))
        return model, Examples.of(model, texts, images, sounds, labels=labels)

    model, training = examples("train", None)
    _, validation = examples("validation", model)
    return model, fit(model, recipe, training, validation, checkpoint=checkpoint)


_TRAININGS = {"shop": train_shop, "fashion": train_fashion}


def measure_scales(name: str) -> Model:
    """A model that ships with its scales, measured on products of its training side."""
    model = load_pretrained(name)
    training = (load_shop() if name == "shop" else load_fashion()).split("train")
    rows = np.random.default_rng(0).choice(len(training), min(SAMPLE, len(training)), replace=False)
    some = training.take(rows.tolist())
    embedded = embed_products(model, some)
    features = {side: Features(embedded.vectors[side], embedded.ids[side]) for side in embedded.ids}
    if name == "fashion":  # it has no sounds of its own
        said = model.embed(Modality.AUDIO, [speak_title(p.title, int(p.id)) for p in some])
        features[Modality.AUDIO] = Features(said, [p.id for p in some])
    model.scales = Scales.measured(features, model.space.aligned).to_dict()
    return model


def embed_shop() -> Path:
    """Embed the shop that ships by the model that ships, and write the vectors beside its table."""
    embedded = embed_products(load_pretrained("shop"), load_shop(), progress=True)
    return save_vectors(folders.shipped("shop"), folders.shipped("models/shop"), embedded.vectors)


def main(names: Sequence[str]) -> None:
    """Train the named models and write each to ``data/models/<name>`` with what the training did.

    "scales" measures those of the models, and "vectors" embeds the shop anew, as after a change of a model.
    A training that was stopped goes on from its checkpoint in the cache.
    """
    for name in names:
        if name == "vectors":
            print(embed_shop())
            continue
        if name == "scales":
            for each in RECIPES:
                measure_scales(each).save(folders.data_folder() / "models" / each)
            continue
        start = time.perf_counter()
        # By its recipe too: a changed one begins anew.
        checkpoint = folders.cache_folder("training", f"{name}-{crc32(repr(RECIPES[name]).encode()):08x}.pt")
        model, history = _TRAININGS[name](RECIPES[name], checkpoint)
        folder = folders.data_folder() / "models" / name
        model.name = name
        model.save(folder)
        record = {
            "recipe": asdict(RECIPES[name]),
            "history": asdict(history),
            "seconds": round(max(time.perf_counter() - start, history.seconds[-1])),  # resumed or not
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        }
        (folder / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        checkpoint.unlink()


if __name__ == "__main__":
    main(sys.argv[1:] or [*RECIPES, "scales", "vectors"])
