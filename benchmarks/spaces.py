"""Which space is worth its trouble? The table of chapters 09 to 12.

``python -m benchmarks.run spaces`` makes all of it and stores it; ``python -m benchmarks.spaces shop ridge``
makes one space on one collection again and prints it.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.stored import store
from crossmodal_edu.audio.speech import speak_title
from crossmodal_edu.classroom.features import FrozenFeatures, frozen_features, same_title
from crossmodal_edu.datasets import folders
from crossmodal_edu.evaluation.diagnostics import hubness, modality_gap
from crossmodal_edu.evaluation.intervals import bootstrap_interval, chance_recall_at_k, paired_difference
from crossmodal_edu.evaluation.metrics import average_precision, recall_at_k, reciprocal_rank
from crossmodal_edu.evaluation.relevance import rank_relevant
from crossmodal_edu.modality import Modality, open_audio, open_image
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.products import Product
from crossmodal_edu.recipes import RECIPES, Examples, embed_examples, fit
from crossmodal_edu.retrieval.ranking import cosine_similarity, top_k
from crossmodal_edu.spaces.adversarial import AdversarialSpace, CrossGenerator, GenerativeFeatures
from crossmodal_edu.spaces.autoencoder import Autoencoders, CorrespondenceAutoencoder
from crossmodal_edu.spaces.contrastive import ContrastiveHeads, ContrastiveLearner
from crossmodal_edu.spaces.correlation import CorrelationSpace, RidgeSpace
from crossmodal_edu.spaces.linear import LinearSpace
from crossmodal_edu.spaces.network import NetworkSpace
from crossmodal_edu.spaces.principal import PrincipalComponents
from crossmodal_edu.spaces.space import EmbeddingSpace, Features, paired

SETTINGS: dict[str, Any] = {
    "data": ["shop", "whole fashion"],
    "seeds": 3,
    "samples": 1000,
    "epochs": {"fashion": 10},  # of networks, which have more steps in them than 30 of the shop
    "end to end": {"epochs": 60},
}
CODE = [
    "benchmarks/spaces.py",
    "crossmodal_edu/classroom/features.py",
    *(
        f"crossmodal_edu/spaces/{name}.py"
        for name in (
            "adversarial",
            "autoencoder",
            "contrastive",
            "correlation",
            "linear",
            "network",
            "principal",
            "space",
        )
    ),
]


class RandomSpace(LinearSpace):
    """A matrix of random numbers for each modality: what no learning reaches."""

    def __init__(self, seed: int = 0):
        super().__init__(128)
        self.seed = seed

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> RandomSpace:
        rng = torch.Generator().manual_seed(self.seed)
        for modality, vectors in paired(features)[1].items():
            self.means[modality] = vectors.mean(dim=0, keepdim=True)
            self.maps[modality] = torch.randn(vectors.shape[1], self.dimensions, generator=rng)
        return self


class Method(NamedTuple):
    """One way to a space: a chapter, how it is made for a seed, and whether chance decides anything in it."""

    chapter: int
    make: Callable[[int], EmbeddingSpace]
    drawn: bool = True
    exchanged: bool = False


METHODS: dict[str, Method] = {
    "random": Method(9, RandomSpace),
    "PCA": Method(9, lambda seed: PrincipalComponents(64), drawn=False),
    "ridge": Method(9, lambda seed: RidgeSpace(), drawn=False),
    "CCA": Method(9, lambda seed: CorrelationSpace(128), drawn=False),
    "autoencoders": Method(10, lambda seed: Autoencoders(seed=seed)),
    "correspondence autoencoder": Method(10, lambda seed: CorrespondenceAutoencoder(seed=seed)),
    "GAN per modality": Method(11, lambda seed: GenerativeFeatures(seed=seed)),
    "GAN across": Method(11, lambda seed: CrossGenerator(seed=seed)),
    "ACMR": Method(11, lambda seed: AdversarialSpace(seed=seed)),
    "ACMR, no adversary": Method(11, lambda seed: AdversarialSpace(adversary=0.0, seed=seed)),
    "contrastive heads": Method(12, lambda seed: ContrastiveHeads(seed=seed)),
    "ridge, pairs exchanged": Method(9, lambda seed: RidgeSpace(), drawn=False, exchanged=True),
    "contrastive heads, pairs exchanged": Method(
        12, lambda seed: ContrastiveHeads(seed=seed), exchanged=True
    ),
}
END_TO_END = "end to end"


class Placed(NamedTuple):
    """The test side in a space: its unit vectors, and what it took to get there."""

    vectors: dict[Modality, Tensor]
    seconds: float


def exchanged(features: Mapping[Modality, Features]) -> dict[Modality, Features]:
    """Pictures and sounds of other products than they say: what is learned from these is worth nothing."""
    moved = {}
    for step, (modality, given) in enumerate(features.items()):
        order = np.random.default_rng(step).permutation(len(given.ids)) if step else np.arange(len(given.ids))
        moved[modality] = replace(given, ids=[given.ids[i] for i in order])
    return moved


def placed(method: Method, data: FrozenFeatures, seed: int) -> Placed:
    """Fit a space on the training side and place the test side in it."""
    training = exchanged(data.train) if method.exchanged else data.train
    space = method.make(seed)
    if isinstance(space, NetworkSpace):
        space.epochs = SETTINGS["epochs"].get(data.products.name, space.epochs)
    start = time.perf_counter()
    space.fit(training, data.labels)
    seconds = time.perf_counter() - start
    return Placed({side: space.embed(side, given.vectors) for side, given in data.test.items()}, seconds)


def placed_end_to_end(data: FrozenFeatures) -> Placed:
    """The engine's encoders, trained together from nothing on the same products.

    For the clothes this is the model that ships; for the shop it is trained here, since the one that ships
    has seen ten times as many products.
    """

    def heard(product: Product) -> np.ndarray:
        return open_audio(product.audio) if product.audio else speak_title(product.title, int(product.id))

    def examples(split: str, model: Any) -> Examples:
        part = data.products.split(split)
        titles = [(product.title,) for product in part]
        return Examples.of(model, titles, (open_image(p.image) for p in part), (heard(p) for p in part))

    if data.products.name == "fashion":
        model = load_pretrained("fashion")
        record = json.loads(folders.shipped("models/fashion/training.json").read_text("utf-8"))
        seconds = record["seconds"]
    else:
        recipe = replace(RECIPES["shop"], **SETTINGS[END_TO_END])
        known = [(product.title,) for product in data.products.split("train")]
        model = recipe.new_model(recipe.vocabulary(known))
        training, validation = examples("train", model), examples("validation", model)
        start = time.perf_counter()
        fit(model, recipe, training, validation)
        seconds = time.perf_counter() - start
    learner = ContrastiveLearner(model.encoders.values())
    return Placed(embed_examples(learner, examples("test", model)), seconds)


def measured(
    vectors: Mapping[Modality, Tensor], products: Sequence[Product]
) -> Iterator[tuple[str, str, dict[str, np.ndarray], float, float]]:
    """For each direction: the measures of each query, the gap, and the skewness of the hubs."""
    right = same_title(products)
    kinds: dict[str, set[int]] = defaultdict(set)
    for i, product in enumerate(products):
        kinds[str(product.attributes["type"])].add(i)
    alike = [kinds[str(product.attributes["type"])] for product in products]
    for query, gallery in permutations(vectors, 2):
        one, other = vectors[query], vectors[gallery]
        ranks = rank_relevant(one, other, right)
        first = reciprocal_rank(ranks, right)
        values = {
            "R@1": recall_at_k(ranks, right, 1),
            "R@10": recall_at_k(ranks, right, 10),
            "MRR@10": np.where(first >= 1 / 10, first, 0.0),
            "mAP, same kind": average_precision(rank_relevant(one, other, alike), alike),
        }
        hubs = hubness(top_k(cosine_similarity(one, other), 10), len(other)).skewness
        yield query.value, gallery.value, values, modality_gap(one, other), hubs


def rows(name: str, data: FrozenFeatures, only: Sequence[str] = ()) -> Iterable[dict]:
    """One row for each space, direction and measure; differences are to ridge."""
    products = list(data.products.split("test"))
    reference: dict[tuple[str, str, str], np.ndarray] = {}
    wanted = [*(only or [*METHODS, END_TO_END])]
    for space in sorted(wanted, key=lambda each: each != "ridge"):  # the one that others are compared with
        found: dict[tuple[str, str, str], list[np.ndarray]] = defaultdict(list)
        gaps, hubs, seconds = defaultdict(list), defaultdict(list), []
        seeds = SETTINGS["seeds"] if space in METHODS and METHODS[space].drawn else 1
        for seed in range(seeds):
            there = placed_end_to_end(data) if space == END_TO_END else placed(METHODS[space], data, seed)
            seconds.append(there.seconds)
            for query, gallery, values, gap, hub in measured(there.vectors, products):
                gaps[query, gallery].append(gap)
                hubs[query, gallery].append(hub)
                for measure, each in values.items():
                    found[query, gallery, measure].append(each)
        for (query, gallery, measure), runs in found.items():
            mean = np.mean(runs, axis=0)
            if space == "ridge":
                reference[query, gallery, measure] = mean
            value = bootstrap_interval(mean, samples=SETTINGS["samples"])
            row = {
                "data": name,
                "space": space,
                "chapter": METHODS[space].chapter if space in METHODS else 12,
                "query": query,
                "gallery": gallery,
                "measure": measure,
                "value": value.value,
                "low": value.low,
                "high": value.high,
                "n": value.n,
                "seeds": seeds,
                "worst_seed": min(float(run.mean()) for run in runs),
                "best_seed": max(float(run.mean()) for run in runs),
                "seconds": float(np.mean(seconds)),
                "gap": float(np.mean(gaps[query, gallery])),
                "hubness": float(np.mean(hubs[query, gallery])),
            }
            if reference and space != "ridge":
                less = paired_difference(
                    mean, reference[query, gallery, measure], samples=SETTINGS["samples"]
                )
                row |= {"difference": less.value, "difference_low": less.low, "difference_high": less.high}
            if measure == "R@10":
                row["chance"] = chance_recall_at_k(len(products), 10)
            yield row
        print(f"{name}: {space} ({np.mean(seconds):.1f} s)", flush=True)


def table(names: Sequence[str], only: Sequence[str] = ()) -> pd.DataFrame:
    return pd.DataFrame(
        [row for name in names for row in rows(name, frozen_features(name, progress=True), only)]
    )


def markdown(results: pd.DataFrame, measure: str = "R@10") -> str:
    lines = []
    for name, some in results[results.measure == measure].groupby("data", sort=False):
        directions = list(some[["query", "gallery"]].drop_duplicates().itertuples(index=False, name=None))
        titles = [f"{query} → {gallery}" for query, gallery in directions]
        lines += [f"### {name}: {measure}", "", f"| space | {' | '.join(titles)} | seconds |"]
        lines.append("|---" * (len(directions) + 2) + "|")
        for space, each in some.groupby("space", sort=False):
            each = each.set_index(["query", "gallery"]).loc[directions]  # not all come in one order
            cells = [f"{row.value:.3f} ({row.low:.3f}–{row.high:.3f})" for row in each.itertuples()]
            lines.append(f"| {space} | {' | '.join(cells)} | {each.seconds.mean():.1f} |")
        lines.append("")
    return "\n".join(lines)


def main() -> str:
    start = time.perf_counter()
    results = table(SETTINGS["data"])
    store("spaces", results, SETTINGS, CODE, time.perf_counter() - start)
    return f"""## Which space is worth its trouble?

Every space but `end to end` is fitted on the same frozen features of the training side; test side, 95 %
bootstrap intervals over queries of the mean of three seeds where chance decides. Stored as
`data/results/spaces.csv`, with R@1, MRR@10, mAP for products of the same kind, gap, hubness and paired
differences to ridge.

{markdown(results)}"""


if __name__ == "__main__":
    collections = [name for name in sys.argv[1:] if name in SETTINGS["data"]] or SETTINGS["data"]
    spaces = [name for name in sys.argv[1:] if name not in SETTINGS["data"]]
    print(markdown(table(collections, ["ridge", *spaces] if spaces else ())))
