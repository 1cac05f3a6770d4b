"""Contrastive learning: matching things are drawn together, all others pushed apart."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.audio.encoder import AudioEncoder
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.image.encoder import ImageEncoder
from crossmodal_edu.modality import Modality
from crossmodal_edu.text.encoder import TextEncoder
from crossmodal_edu.text.tokens import Vocabulary
from crossmodal_edu.training import inference


def contrastive_loss(
    one: Float[Tensor, "n d"],
    other: Float[Tensor, "n d"],
    temperature: float | Float[Tensor, ""],
    groups: Int[Tensor, "n"] | None = None,
) -> Float[Tensor, ""]:
    """How badly row i of one kind finds row i of the other among all n, both ways.

    Parameters
    ----------
    one, other : (n, d)
        Unit vectors; row i of both belongs to the same product.
    temperature : float
        Cosines are divided by it: the smaller, the more the nearest mistakes count.
    groups : (n,), optional
        Rows with the same number are the same thing, such as two products under one
        title; each counts as an equally right answer for the others.

    Returns
    -------
    scalar
        Mean cross-entropy of both directions, in nats; ln n for vectors that know nothing.

    Notes
    -----
    Chapter 12. Zhang et al. (2022), equations 2 to 4; Radford et al. (2021), figure 3.

    Examples
    --------
    >>> vectors = torch.eye(3)
    >>> contrastive_loss(vectors, vectors, temperature=0.1).item() < 0.001
    True
    """
    logits = one @ other.T / temperature  # (n, n)
    if groups is None:
        right = torch.eye(len(one), device=one.device)
    else:
        right = (groups[:, None] == groups[None, :]).float()
    right = right / right.sum(dim=1, keepdim=True)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


class CrossModalEncoder(nn.Module):
    """One encoder for each modality, all of which end in the same space.

    Parameters
    ----------
    text, image, audio : nn.Module
        Encoders with ``prepare`` (things to tensors) and ``forward`` (tensors to vectors).
    temperature : float
        Where the learned temperature of the loss starts.

    Notes
    -----
    Chapter 12. Radford et al. (2021).

    Examples
    --------
    >>> model = CrossModalEncoder.new(Vocabulary(["red", "bag"]), image_size=(32, 32))
    >>> model.embed(Modality.TEXT, ["red bag", "blue shoe"]).shape
    torch.Size([2, 256])
    """

    def __init__(
        self, text: TextEncoder, image: ImageEncoder, audio: AudioEncoder, temperature: float = 0.03
    ):
        super().__init__()
        self.encoders = nn.ModuleDict({"text": text, "image": image, "audio": audio})
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)))
        self.name = ""
        self.settings: dict[str, Any] = {}

    @classmethod
    def new(
        cls,
        vocabulary: Vocabulary,
        *,
        dimensions: int = 256,
        image_size: Sequence[int] = (64, 64),
        image_channels: Sequence[int] = (64, 128, 256),
        word_width: int = 96,
        recurrent: bool = True,
        audio_channels: Sequence[int] = (128, 192, 192),
        dropout: float = 0.0,
    ) -> CrossModalEncoder:
        """An untrained encoder with these sizes, which are saved along with it."""
        model = cls(
            TextEncoder(vocabulary, word_width, dimensions, recurrent, dropout),
            ImageEncoder(tuple(image_size), image_channels, dimensions, dropout),
            AudioEncoder(channels=audio_channels, dimensions=dimensions, dropout=dropout),
        )
        model.settings = {
            "dimensions": dimensions,
            "image_size": image_size,
            "image_channels": image_channels,
            "word_width": word_width,
            "recurrent": recurrent,
            "audio_channels": audio_channels,
            "dropout": dropout,
        }
        return model

    @property
    def dimensions(self) -> int:
        """Numbers per vector."""
        return self.encoders["text"].project.out_features

    @property
    def temperature(self) -> Float[Tensor, ""]:
        """The temperature of the loss, kept between 0.01 and 1."""
        return self.log_temperature.clamp(math.log(0.01), 0.0).exp()

    def forward(self, inputs: Mapping[Modality, Any]) -> dict[Modality, Float[Tensor, "n d"]]:
        """Prepared inputs of some modalities to unit vectors."""
        return {m: F.normalize(self.encoders[m.value](x).float(), dim=1) for m, x in inputs.items()}

    def loss(
        self, inputs: Mapping[Modality, Any], groups: Int[Tensor, "n"] | None = None
    ) -> Float[Tensor, ""]:
        """The mean contrastive loss over all pairs of the modalities given."""
        vectors = self(inputs)
        losses = [
            contrastive_loss(vectors[a], vectors[b], self.temperature, groups)
            for a, b in combinations(vectors, 2)
        ]
        return torch.stack(losses).mean()

    def embed(self, modality: Modality, things: Iterable[Any], batch_size: int = 256) -> Float[Tensor, "n d"]:
        """Turn things of one modality into unit vectors.

        Parameters
        ----------
        modality : Modality
            Text, image or audio.
        things : list
            Strings, PIL pictures, or waveforms (samples,) at 16 kHz.
        batch_size : int
            How many are encoded at a time.

        Returns
        -------
        (n, d)
            Unit vectors on the CPU, one per thing.

        Raises
        ------
        SpaceError
            If the space has no encoder for the modality, or the things are not a list of what it reads.

        Notes
        -----
        Chapter 01.
        """
        check_things(modality, things)
        if modality.value not in self.encoders:
            raise SpaceError(
                f"The space has no encoder for {modality.value}.",
                accepted=", ".join(self.encoders),
                remedy="Take a video apart into pictures and sound first.",
            )
        encoder, device, things = self.encoders[modality.value], self.log_temperature.device, list(things)
        parts = [torch.empty(0, self.dimensions)]
        with inference(self):
            for start in range(0, len(things), batch_size):
                prepared = encoder.prepare(things[start : start + batch_size]).to(device)
                parts.append(self({modality: prepared})[modality].cpu())
        return torch.cat(parts)

    def save(self, folder: Path) -> None:
        """Write ``weights.safetensors`` (half precision), ``settings.json`` and ``vocabulary.txt``.

        Raises
        ------
        SpaceError
            If the encoders are not those of :meth:`new`, and so could not be read back.
        """
        check_saveable(self)
        folder.mkdir(parents=True, exist_ok=True)
        halves = {name: value.half() if value.is_floating_point() else value
                  for name, value in self.state_dict().items()}  # fmt: skip
        save_file(
            {name: value.contiguous() for name, value in halves.items()}, folder / "weights.safetensors"
        )
        vocabulary = self.encoders["text"].vocabulary
        (folder / "vocabulary.txt").write_text("\n".join(vocabulary.words) + "\n", encoding="utf-8")
        settings = {"name": self.name, **self.settings, "buckets": vocabulary.buckets}
        (folder / "settings.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, device: str | torch.device = "cpu") -> CrossModalEncoder:
        """Read what :meth:`save` wrote.

        Raises
        ------
        SpaceError
            If a file is missing or does not fit the others.
        """
        try:
            settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
            words = (folder / "vocabulary.txt").read_text(encoding="utf-8").split()
            weights = load_file(folder / "weights.safetensors", device=str(device))
            name = settings.pop("name", "")
            model = cls.new(Vocabulary(words, settings.pop("buckets")), **settings)
            model.load_state_dict(weights)
            model.name = name
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise SpaceError(
                f"The folder {folder} does not hold a trained encoder: {error}",
                accepted="weights.safetensors, settings.json and vocabulary.txt written by one save().",
                remedy="Save the model again, or use one that ships: shop or fashion.",
            ) from error
        return model.to(device).eval()


_FORMS = {
    Modality.TEXT: (str, "strings", '["red bag", "blue shoe"]'),
    Modality.IMAGE: (Image.Image, "PIL pictures", "[open_image(path)]"),
    Modality.AUDIO: ((np.ndarray, Tensor), "waveforms (samples,) of floats at 16 kHz", "[open_audio(path)]"),
}


def check_things(modality: Modality, things: Any) -> None:
    """Refuse one thing where a list is due, and things that the encoder of the modality cannot read.

    Raises
    ------
    SpaceError
        With what was given, and how to write it.

    Notes
    -----
    Used in Chapter 12.
    """
    if modality not in _FORMS:
        return
    kind, what, example = _FORMS[modality]
    one = isinstance(things, (str, bytes, Path, Image.Image))
    one |= modality is Modality.AUDIO and getattr(things, "ndim", 2) < 2
    wrong = [] if one else [thing for thing in things if not isinstance(thing, kind)]
    if modality is Modality.AUDIO and not one and not wrong:
        wrong = [w for w in things if w.ndim != 1 or not len(w) or "float" not in str(w.dtype)]
    if one or wrong:
        given = things if one else wrong[0]
        shape = f" of shape {tuple(given.shape)} and {given.dtype}" if hasattr(given, "dtype") else ""
        raise SpaceError(
            f"A {type(given).__name__}{shape} was given {'where a list is due' if one else 'in the list'}.",
            accepted=f"a list of {what}.",
            remedy=f"Write for instance embed(Modality.{modality.name}, {example}).",
        )


def check_saveable(model: CrossModalEncoder) -> None:
    """Refuse to save what could not be loaded.

    Raises
    ------
    SpaceError
        If the model was not made by :meth:`CrossModalEncoder.new`, or its encoders were exchanged.

    Notes
    -----
    Used in Chapter 12.
    """
    saved = {name: weights.shape for name, weights in model.state_dict().items()}
    if model.settings:
        with torch.device("meta"):  # shapes without memory
            again = CrossModalEncoder.new(model.encoders["text"].vocabulary, **model.settings)
        if saved == {name: weights.shape for name, weights in again.state_dict().items()}:
            return
    raise SpaceError(
        "This model has encoders of your own, which a saved folder could not bring back.",
        accepted="a model made by CrossModalEncoder.new, its encoders as they were made.",
        remedy="Keep the program that builds the model, and save the vectors: engine.vectors(side).",
    )
