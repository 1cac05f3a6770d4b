"""Train a cross-modal encoder on products: prepare them once, then draw batches by chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor

from crossmodal_edu.audio.augment import random_voices
from crossmodal_edu.audio.encoder import stack_spectrograms
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.evaluation.metrics import reciprocal_rank
from crossmodal_edu.evaluation.relevance import rank_relevant
from crossmodal_edu.image.augment import random_views
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.contrastive import CrossModalEncoder
from crossmodal_edu.text.tokens import Vocabulary
from crossmodal_edu.training import History, inference, train


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training gives, but for the products.

    ``titles`` is how often a product is called by its title, not by something else that is
    said of it; ``lost_words`` the share of words that are left out by chance. The rest are
    sizes of the model and settings of :func:`crossmodal_edu.training.train`.
    """

    epochs: int
    image_size: tuple[int, int]
    recurrent: bool
    image_channels: tuple[int, ...] = (64, 128, 256)
    batch_size: int = 256
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.1
    dropout: float = 0.1
    minimum_count: int = 2
    buckets: int = 4096
    titles: float = 0.5
    lost_words: float = 0.1
    seed: int = 0
    reduced_precision: bool = True

    def new_model(self, texts: Iterable[Sequence[str]]) -> CrossModalEncoder:
        """An untrained model of these sizes; its vocabulary comes from the training texts."""
        torch.manual_seed(self.seed)
        every = (text for product in texts for text in product)
        return CrossModalEncoder.new(
            Vocabulary.of_texts(every, self.minimum_count, self.buckets),
            image_size=self.image_size,
            image_channels=self.image_channels,
            recurrent=self.recurrent,
            dropout=self.dropout,
        )


@dataclass(frozen=True, eq=False)
class Examples:
    """Products as a training sees them, prepared once.

    ``texts`` holds for each product its title first and then everything else that may be
    said of it. ``groups`` numbers the products: those with the same number, such as two
    under one title, are not to be told apart.
    """

    texts: Sequence[Sequence[str]]
    pixels: UInt8[Tensor, "n 3 h w"]
    sounds: Sequence[Float[Tensor, "mels _"]]
    groups: Int[Tensor, "n"]

    def __len__(self) -> int:
        return len(self.texts)

    @classmethod
    def of(
        cls,
        model: CrossModalEncoder,
        texts: Sequence[Sequence[str]],
        images: Iterable[Image.Image],
        waveforms: Iterable[Float[np.ndarray, "_"]],
        groups: Sequence[object] | None = None,
    ) -> Examples:
        """Prepare texts, pictures and sounds of the same products for a model.

        Pictures and sounds are drawn one at a time, so that they need not fit into memory
        together. Without ``groups``, products with equal titles are one group.
        """
        eye, ear = model.encoders["image"], model.encoders["audio"]
        pixels = torch.empty(len(texts), 3, *eye.size, dtype=torch.uint8)
        for row, image in enumerate(images):
            pixels[row] = eye.prepare([image])[0]
        # Half precision halves the memory; a decibel needs no more.
        sounds = [ear.prepare([waveform]).pictures[0].half() for waveform in waveforms]
        keys = [text[0].casefold() for text in texts] if groups is None else groups
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        return cls(texts, pixels, sounds, torch.tensor([numbers[key] for key in keys]))


def fit(
    model: CrossModalEncoder, recipe: Recipe, training: Examples, validation: Examples, device: str = "cpu"
) -> History:
    """Train by the contrastive loss over all pairs of modalities, and keep the best epoch.

    After each epoch the score is the mean reciprocal rank among the validation products,
    titles to pictures and sounds to pictures averaged.

    Parameters
    ----------
    model : CrossModalEncoder
        Trained in place.
    recipe : Recipe
    training, validation : Examples
        Prepared for this model; of different products. A training of fewer than
        ``recipe.batch_size`` products takes all of them as one batch.
    device : str
        "cpu", "cuda" or "mps".

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
    chance, views = np.random.default_rng(recipe.seed), torch.Generator().manual_seed(recipe.seed)
    batch_size = min(recipe.batch_size, len(training))
    batch_count = len(training) // batch_size

    def batches(epoch: int) -> Iterator[tuple[dict[Modality, Any], Tensor]]:
        order = chance.permutation(len(training))[: batch_count * batch_size]
        for rows in order.reshape(batch_count, -1):
            texts = [_retold(training.texts[i], recipe, chance) for i in rows]
            sounds = stack_spectrograms([training.sounds[i].float() for i in rows])
            inputs = {
                Modality.TEXT: model.encoders["text"].prepare(texts).to(device),
                Modality.IMAGE: random_views(training.pixels[rows], views).to(device),
                Modality.AUDIO: random_voices(sounds, views).to(device),
            }
            yield inputs, training.groups[rows].to(device)

    groups = validation.groups.numpy()
    right = [np.flatnonzero(groups == group).tolist() for group in groups]

    def validate(model: CrossModalEncoder) -> float:
        vectors = embed_examples(model, validation, device)
        ranks = (
            rank_relevant(vectors[asked], vectors[Modality.IMAGE], right)
            for asked in (Modality.TEXT, Modality.AUDIO)
        )
        return float(np.mean([reciprocal_rank(rank, right).mean() for rank in ranks]))

    return train(
        model,
        batches,
        lambda model, batch: model.loss(*batch),
        epochs=recipe.epochs,
        batches_per_epoch=batch_count,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        seed=recipe.seed,
        device=device,
        reduced_precision=recipe.reduced_precision,
        validate=validate,
    )


def embed_examples(
    model: CrossModalEncoder, examples: Examples, device: str = "cpu"
) -> dict[Modality, Tensor]:
    """Unit vectors of titles, pictures and sounds, none of them changed by chance."""
    vectors: dict[Modality, list[Tensor]] = {side: [] for side in (Modality.IMAGE, Modality.AUDIO)}
    with inference(model):
        for rows in torch.arange(len(examples)).split(256):
            sounds = stack_spectrograms([examples.sounds[i].float() for i in rows])
            inputs = {Modality.IMAGE: examples.pixels[rows].to(device), Modality.AUDIO: sounds.to(device)}
            for side, part in model(inputs).items():
                vectors[side].append(part.cpu())
    titles = model.embed(Modality.TEXT, [texts[0] for texts in examples.texts])
    return {Modality.TEXT: titles, **{side: torch.cat(parts) for side, parts in vectors.items()}}


def _retold(texts: Sequence[str], recipe: Recipe, chance: np.random.Generator) -> str:
    """The title or something else that is said of the product, without some of its words."""
    by_title = len(texts) == 1 or chance.random() < recipe.titles
    words = texts[0 if by_title else chance.integers(1, len(texts))].split(" ")
    kept = [word for word in words if chance.random() >= recipe.lost_words]
    return " ".join(kept or words)
