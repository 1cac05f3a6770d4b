"""Frozen features of single modalities, on which the chapters on spaces build: made once, and kept.

No vector of one modality was fitted to a vector of another. Labels have gone in, all of the training
side: words are read by MiniLM and by the SIF mean of chapter 05, pictures by Lite0 and by a small network
of chapter 07 that learned to name kinds, sound is pooled MFCC and a recogniser of chapter 08 that learned
which words of the title are said. Whatever is trained here is trained on the training side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image, ImageOps
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from crossmodal_edu.audio.encoder import Spectrograms, mfcc_batch
from crossmodal_edu.audio.mfcc import deltas
from crossmodal_edu.audio.speech import speak_title
from crossmodal_edu.classroom.cnn import SmallCNN
from crossmodal_edu.classroom.recogniser import Recogniser
from crossmodal_edu.classroom.results import fingerprint
from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.fashion import load_fashion, normalised
from crossmodal_edu.datasets.shop import load_shop
from crossmodal_edu.errors import DataMissingError
from crossmodal_edu.image.augment import random_views
from crossmodal_edu.image.backbone import Lite0
from crossmodal_edu.modality import Modality, open_audio, open_image
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.saving import written_aside
from crossmodal_edu.spaces.space import Features
from crossmodal_edu.text.sentence_bert import MiniLM
from crossmodal_edu.text.sentences import SentenceMean, sif_weights
from crossmodal_edu.text.tokens import tokenise
from crossmodal_edu.text.word2vec import Word2Vec
from crossmodal_edu.training import inference, train

SPLITS = ("train", "validation", "test")
SAMPLE = {"train": 2_600, "validation": 400, "test": 1_000}
"""Products of the sample of ``fashion``, by side; no more of them teach a network of pictures or sounds."""

_SECONDS, _N_MFCC = 4.0, 20


@dataclass(frozen=True, eq=False)
class FrozenFeatures:
    """What single modalities say of a catalogue's products.

    Parameters
    ----------
    products : Catalog
        Each with its split.
    parts : mapping of Modality to mapping of str to (n, d)
        By the name of the extractor, such as "MiniLM"; row i is product i.
    """

    products: Catalog
    parts: Mapping[Modality, Mapping[str, Float[Tensor, "n _"]]]

    @property
    def train(self) -> dict[Modality, Features]:
        """Features of the training side."""
        return self.split("train")

    @property
    def validation(self) -> dict[Modality, Features]:
        """Features of the products by which settings are chosen."""
        return self.split("validation")

    @property
    def test(self) -> dict[Modality, Features]:
        """Features of the products that no choice has seen."""
        return self.split("test")

    @cached_property
    def labels(self) -> dict[str, str]:
        """The kind of each product, such as "boots", by id."""
        return {product.id: str(product.attributes["type"]) for product in self.products}

    @cached_property
    def titles(self) -> dict[str, str]:
        """The title of each product, by id."""
        return {product.id: product.title for product in self.products}

    def split(self, name: str, only: Collection[str] = ()) -> dict[Modality, Features]:
        """Features of one side: those of all extractors joined, each at the same mean length.

        ``only`` names extractors, such as {"MiniLM", "Lite0"}, and leaves the others out.
        """
        rows = [i for i, product in enumerate(self.products) if product.split == name]
        known = [i for i, product in enumerate(self.products) if product.split == "train"]
        ids = [self.products[i].id for i in rows]
        found = {}
        for modality, parts in self.parts.items():
            chosen = [some for extractor, some in parts.items() if not only or extractor in only]
            if chosen:
                same = [some[rows] / some[known].norm(dim=1).mean() for some in chosen]
                found[modality] = Features(torch.cat(same, dim=1), ids)
        return found


def frozen_features(
    name: str = "shop",
    sides: Collection[Modality] = (Modality.TEXT, Modality.IMAGE, Modality.AUDIO),
    progress: bool = False,
) -> FrozenFeatures:
    """The features of the shop, or of a fixed sample of the clothes, or of all clothes.

    Parameters
    ----------
    name : str
        "shop", "fashion" or "whole fashion", which takes half an hour.
    sides : collection of Modality
        Which modalities; each is made and kept by itself.
    progress : bool

    Returns
    -------
    FrozenFeatures

    Raises
    ------
    DataMissingError
        If the data set is not on this machine, or is another one.
    """
    if name not in _COLLECTIONS:
        raise DataMissingError.unknown(f"There are no frozen features of {name!r}.", _COLLECTIONS)
    products = _COLLECTIONS[name]()
    parts = {}
    for side in sides:
        path = folders.cache_folder("features", f"{name}-{side}-{_fingerprint(products, side)}.safetensors")
        try:
            parts[side] = load_file(path)
        except (OSError, SafetensorError):  # not there, or damaged: made anew
            parts[side] = _MAKERS[side](products, progress)
            with written_aside(path) as fresh:
                save_file({extractor: some.contiguous() for extractor, some in parts[side].items()}, fresh)
    return FrozenFeatures(products, parts)


def fashion_sample() -> Catalog:
    """4,000 clothes, the same on every machine: of each side those that come first by a hash of the id."""
    return _clothes(SAMPLE)


def _clothes(counts: Mapping[str, int | None]) -> Catalog:
    catalog = load_fashion()
    chosen: list[Product] = []
    for split, count in counts.items():
        part = [p for p in catalog.split(split) if "type" in p.attributes and p.title]
        chosen += sorted(part, key=lambda p: hashlib.sha256(p.id.encode()).hexdigest())[:count]
    return Catalog(chosen, name="fashion")


_COLLECTIONS: dict[str, Callable[[], Catalog]] = {
    "shop": load_shop,
    "fashion": fashion_sample,
    "whole fashion": lambda: _clothes(dict.fromkeys(SAMPLE)),
}


def same_title(products: Sequence[Product]) -> list[set[int]]:
    """For each product the positions of all with its title: they are right answers for each other."""
    where: dict[str, set[int]] = {}
    for i, product in enumerate(products):
        where.setdefault(normalised(product.title), set()).add(i)
    return [where[normalised(product.title)] for product in products]


_CODE = {
    Modality.TEXT: ("text/sentences", "text/sentence_bert", "text/tokens", "text/word2vec"),
    Modality.IMAGE: ("image/augment", "image/backbone", "classroom/cnn"),
    Modality.AUDIO: ("audio/encoder", "audio/mfcc", "audio/speech", "classroom/recogniser"),
}


def _fingerprint(products: Catalog, side: Modality) -> str:
    """Changes with the products and with the code that makes a side."""
    code = [f"crossmodal_edu/{module}.py" for module in (*_CODE[side], "classroom/features")]
    return fingerprint({"products": [(p.id, p.title, p.split) for p in products]}, code)[:16]


def _text(products: Catalog, progress: bool) -> dict[str, Tensor]:
    titles = [product.title for product in products]
    known = [tokenise(product.title) for product in products.split("train")]
    vectors = Word2Vec.fit(known, dimensions=100, minimum_count=2, epochs=30, progress=progress)
    mean = SentenceMean(vectors, sif_weights(known, a=1e-2))
    return {
        "MiniLM": MiniLM().embed(titles),
        "SIF": mean.without_common([p.title for p in products.split("train")]).embed(titles),
    }


def _image(products: Catalog, progress: bool) -> dict[str, Tensor]:
    """Lite0 on squares of 96 pixels, and the means over places of a network that learned kinds."""
    pictures, deep = [], []
    backbone = Lite0(size=96)
    for some in _blocks(products, 256, "pictures", progress):
        squares = [
            ImageOps.pad(open_image(p.image), (96, 96), Image.Resampling.BICUBIC, color="white") for p in some
        ]
        deep.append(backbone.embed(squares))
        small = np.stack([np.asarray(square.resize((64, 64))) for square in squares])
        pictures.append(torch.from_numpy(small).permute(0, 3, 1, 2))
    pixels = torch.cat(pictures)
    rows = _learned_from(products)
    known = sorted({str(products[row].attributes["type"]) for row in rows.tolist()})
    kinds = {kind: i for i, kind in enumerate(known)}
    labels = torch.tensor([kinds.get(str(p.attributes.get("type")), 0) for p in products])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SmallCNN(len(kinds), channels=3, dropout=0.2)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        views = torch.Generator().manual_seed(epoch)
        for some in rows[torch.randperm(len(rows), generator=views)].split(64):
            yield random_views(pixels[some], views), labels[some]

    _train(
        network, batches, lambda net, batch: F.cross_entropy(net(batch[0]), batch[1]), len(rows), 5, progress
    )
    with inference(network):
        own = torch.cat([network.features(some) for some in pixels.split(256)])
    return {"Lite0": torch.cat(deep), "CNN": own}


def _audio(products: Catalog, progress: bool) -> dict[str, Tensor]:
    """Mean and spread of MFCC and their slopes, and the vectors of a recogniser that learned words."""
    values, lengths, pooled = [], [], []
    for some in _blocks(products, 64, "sounds", progress):
        heard = mfcc_batch([_sounds(p) for p in some], n_mfcc=_N_MFCC, seconds=_SECONDS)
        for picture, length in zip(heard.values, heard.lengths.tolist(), strict=True):
            frames = picture[:, :length]
            both = torch.cat([frames, deltas(frames)])
            pooled.append(torch.cat([both.mean(dim=1), both.std(dim=1)]))
            values.append(frames)
            lengths.append(length)
    longest = max(lengths)
    pictures = torch.stack([F.pad(frames, (0, longest - frames.shape[1])) for frames in values])
    sounds = Spectrograms(pictures, torch.tensor(lengths))
    rows = _learned_from(products)
    counts: dict[str, int] = {}
    said = [set(tokenise(product.title)) for product in products]
    for row in rows.tolist():
        for word in said[row]:
            counts[word] = counts.get(word, 0) + 1
    words = sorted(word for word, count in counts.items() if count >= 5)
    present = torch.tensor([[float(word in some) for word in words] for some in said])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        recogniser = Recogniser("cnn", len(words), sample_rate=16_000, n_mfcc=_N_MFCC)
    frames = torch.cat([values[row] for row in rows.tolist()], dim=1)
    recogniser.mean.copy_(frames.mean(dim=1, keepdim=True))
    recogniser.spread.copy_(frames.std(dim=1, keepdim=True) + 1e-6)

    def batches(epoch: int) -> Iterator[tuple[Spectrograms, Tensor]]:
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(epoch))
        for some in rows[order].split(64):
            yield Spectrograms(sounds.values[some], sounds.lengths[some]), present[some]

    def loss(net: Recogniser, batch: tuple[Spectrograms, Tensor]) -> Tensor:
        return F.binary_cross_entropy_with_logits(net(batch[0]), batch[1])

    _train(recogniser, batches, loss, len(rows), 20, progress)
    own = []
    with inference(recogniser):
        for some in torch.arange(len(products)).split(256):
            scaled = (sounds.values[some] - recogniser.mean) / recogniser.spread
            mask = torch.arange(longest) < sounds.lengths[some, None]
            own.append(recogniser.encoder(Spectrograms(scaled * mask[:, None], sounds.lengths[some])))
    pool = torch.stack(pooled)
    pool = (pool - pool[rows].mean(dim=0)) / (pool[rows].std(dim=0) + 1e-6)  # decibels beside slopes
    return {"MFCC": pool, "recogniser": torch.cat(own)}


def _learned_from(products: Catalog) -> Int[Tensor, "n"]:
    known = [i for i, product in enumerate(products) if product.split == "train"]
    return torch.tensor(known[: SAMPLE["train"]])


def _sounds(product: Product) -> Float[np.ndarray, "samples"]:
    """A product's own sound, or its title said by one of the voices that trainings hear."""
    return open_audio(product.audio) if product.audio else speak_title(product.title, int(product.id))


def _train(
    network: nn.Module, batches: Callable, loss: Callable, n: int, epochs: int, progress: bool
) -> None:
    train(
        network,
        batches,
        loss,
        epochs=epochs,
        batches_per_epoch=-(-n // 64),
        learning_rate=3e-3,
        progress=progress,
    )


def _blocks(products: Catalog, size: int, what: str, progress: bool) -> Iterator[list[Product]]:
    items = list(products)
    for start in tqdm(range(0, len(items), size), what, disable=not progress):
        yield items[start : start + size]


_MAKERS = {Modality.TEXT: _text, Modality.IMAGE: _image, Modality.AUDIO: _audio}
