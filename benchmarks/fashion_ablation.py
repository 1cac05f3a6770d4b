"""What each part of the recipe of the model `fashion` brings, when the training is shortened.

``python -m benchmarks.run fashion_ablation`` makes all rows and stores the table;
``python -m benchmarks.fashion_ablation "without pairs of words"`` trains the named rows and prints them.

Only a share of the training side is learned from. Titles and spoken titles of other products of that side
are asked against their pictures: many enough to tell small differences, and none of the test side.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from tqdm import tqdm

from benchmarks.stored import store
from crossmodal_edu.audio.speech import speak_title
from crossmodal_edu.datasets.fashion import load_fashion, normalised
from crossmodal_edu.evaluation.intervals import bootstrap_interval, paired_difference
from crossmodal_edu.evaluation.metrics import recall_at_k, reciprocal_rank
from crossmodal_edu.evaluation.relevance import rank_relevant
from crossmodal_edu.modality import Modality, open_image
from crossmodal_edu.recipes import RECIPES, Examples, Recipe, embed_examples, fit
from crossmodal_edu.spaces.contrastive import ContrastiveLearner

SETTINGS = {
    "recipe": asdict(RECIPES["fashion"]),
    "share": 1 / 3,  # of the products of the training side
    "asked": 4000,  # others of that side, under titles that are not among the first
    "seed": 5,  # of both choices
    # The mean of the weights reaches back over the same share of the steps as in the long training.
    "short": {
        "epochs": 8,
        "image_size": [64, 48],
        "batch_size": 192,
        "averaged": 0.989,
        "reduced_precision": False,  # so that any machine takes about as long
    },
    "rows": {
        "the recipe, shortened": {},
        "another seed": {"seed": 1},
        "without pairs of words": {"pairs": False},
        "without the residual layers of the text": {"text": {}},
        "without words asked of the picture": {"asked": [0.0, 0.15]},
        "without labels asked of the picture": {"asked": [0.1, 0.0]},
        "the mean over places only": {"image": {"stem": 48, "strides": [2, 2, 2, 1], "maximum": False}},
        "patches of 4x4 in place of the stem": {
            "image": {"stem": 0, "strides": [4, 2, 2, 1], "maximum": True}
        },
        "without the blanked square": {"views": {"zoom": 0.15, "shift": 0.1, "turn": 10.0}},
        "without averaged weights": {"averaged": 0.0},
        "batches of 128": {"batch_size": 128},
        "called by titles alone": {"titles": 1.0},
        "without sound": {"sound_every": 0},
        "without all nine": {  # parts above
            "pairs": False,
            "text": {},
            "asked": [0.0, 0.0],
            "image": {"stem": 0, "strides": [4, 2, 2, 1], "maximum": False},
            "views": {"zoom": 0.15, "shift": 0.1, "turn": 10.0},
            "averaged": 0.0,
            "batch_size": 128,
        },
        "control: pictures shuffled": {},
    },
}
CODE = [
    "benchmarks/fashion_ablation.py",
    "crossmodal_edu/audio/augment.py",
    "crossmodal_edu/audio/encoder.py",
    "crossmodal_edu/image/augment.py",
    "crossmodal_edu/image/encoder.py",
    "crossmodal_edu/recipes.py",
    "crossmodal_edu/text/encoder.py",
    "crossmodal_edu/training.py",
]
FIRST, ALL, CONTROL = "the recipe, shortened", "without all nine", "control: pictures shuffled"
SAID = ("colour", "type", "usage", "season", "subcategory")
MEASURES = ("R@1", "R@10", "MRR@10")

Scores = Mapping[tuple[str, str], Float[np.ndarray, "q"]]  # by kind of query and measure


@dataclass(frozen=True)
class Row:
    """One measure of one training; differences are to the shortened recipe, on the same queries."""

    trained: str
    query: str
    measure: str
    value: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    seconds: float


@dataclass(frozen=True)
class Sides:
    """Products to train on, to choose the epoch by, and to be asked for, in voices that no training hears."""

    training: Examples
    validation: Examples
    asked: Examples


def recipe_of(name: str) -> Recipe:
    """The recipe of a row; what JSON holds as lists comes back as tuples."""
    changes = {**SETTINGS["short"], **SETTINGS["rows"][name]}
    changes = {key: tuple(value) if isinstance(value, list) else value for key, value in changes.items()}
    return replace(RECIPES["fashion"], **changes)


def sides(share: float = SETTINGS["share"]) -> Sides:
    """The same products for all rows: pictures of one size, titles spoken once by each kind of voice."""
    fashion = load_fashion()
    training, validation = fashion.split("train"), fashion.split("validation")
    rng = np.random.default_rng(SETTINGS["seed"])
    order = rng.permutation(len(training)).tolist()
    rows, others = np.split(order, [int(len(training) * share)])
    told = {normalised(training[i].title) for i in rows.tolist()}
    asked = [i for i in others.tolist() if normalised(training[i].title) not in told][: SETTINGS["asked"]]
    model = recipe_of(FIRST).new_model(recipe_of(FIRST).vocabulary([("none",)]))

    def examples(part: Any, held_out: bool = False) -> Examples:
        labels = [[p.attributes.get(a) for a in SAID] for p in part]
        texts = [(p.title, " ".join(filter(None, row))) for p, row in zip(part, labels, strict=True)]
        images = (open_image(p.image) for p in tqdm(part, "pictures"))
        sounds = (speak_title(p.title, int(p.id), held_out) for p in part)
        groups = [normalised(p.title) for p in part]
        return Examples.of(model, texts, images, sounds, groups=groups, labels=labels)

    return Sides(
        examples(training.take(rows.tolist())),
        examples(validation),
        examples(training.take(asked), held_out=True),
    )


def train_row(name: str, given: Sides) -> tuple[Scores, float]:
    """Train one row and score it; with the seconds of the training."""
    recipe, training = recipe_of(name), given.training
    if name == CONTROL:
        order = np.random.default_rng(0).permutation(len(training))
        training = replace(training, pixels=training.pixels[order])
    model = recipe.new_model(recipe.vocabulary(training.texts))
    start = time.perf_counter()
    fit(model, recipe, training, given.validation)
    seconds = time.perf_counter() - start
    return score(ContrastiveLearner(model.encoders.values()), given.asked), seconds


def score(learner: ContrastiveLearner, asked: Examples) -> Scores:
    """Each title once, read and spoken, against all pictures."""
    vectors, groups = embed_examples(learner, asked), asked.groups.numpy()
    first = np.unique(groups, return_index=True)[1]
    right = [set(np.flatnonzero(groups == groups[row]).tolist()) for row in first]
    scores = {}
    for query, side in (("title", Modality.TEXT), ("spoken title", Modality.AUDIO)):
        ranks = rank_relevant(vectors[side][first], vectors[Modality.IMAGE], right)
        reciprocal = reciprocal_rank(ranks, right)
        scores[query, "R@1"] = recall_at_k(ranks, right, 1)
        scores[query, "R@10"] = recall_at_k(ranks, right, 10)
        scores[query, "MRR@10"] = np.where(reciprocal >= 1 / 10, reciprocal, 0.0)
    return scores


def rows_of(name: str, scores: Scores, first: Scores, seconds: float) -> list[Row]:
    """With intervals over queries."""
    rows = []
    for (query, measure), values in scores.items():
        estimate = bootstrap_interval(values)
        other = paired_difference(values, first[query, measure])
        numbers = (estimate.value, estimate.low, estimate.high, other.value, other.low, other.high)
        rows.append(Row(name, query, measure, *map(float, numbers), seconds))
    return rows


def shown(table: pd.DataFrame) -> str:
    """R@10 of both kinds of query, in brackets the interval of the difference to the shortened recipe."""
    lines = []
    for name in dict.fromkeys(table.trained):
        cells = []
        for query in ("title", "spoken title"):
            part = table[(table.trained == name) & (table["query"] == query)].set_index("measure")
            for measure in ("R@10", "MRR@10"):
                row = part.loc[measure]
                told = f"; {row.difference:+.3f} ({row.difference_low:+.3f} to {row.difference_high:+.3f})"
                cells.append(f"{row.value:.3f}" + ("" if name == FIRST else told))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> str:
    start = time.perf_counter()
    given = sides()
    rows, first = [], None
    for name in SETTINGS["rows"]:
        scores, seconds = train_row(name, given)
        first = first or scores
        rows += rows_of(name, scores, first, seconds)
    table = pd.DataFrame([asdict(row) for row in rows])
    store("fashion_ablation", table, SETTINGS, CODE, time.perf_counter() - start)
    return f"""## Fashion: what each part of the recipe brings

The recipe of the model `fashion`, shortened to {SETTINGS["short"]["epochs"]} epochs of
{len(given.training):,} products in pictures of 64 x 48, then without one part at a time. Titles of
{len(given.asked):,} other products, read or spoken by voices that no training hears, against their pictures.
In brackets the 95 % interval of the difference to the first row over the same queries: it says what other
titles would have given, not what another training would; for that look at *another seed*.

| trained | title, R@10 | title, MRR@10 | spoken, R@10 | spoken, MRR@10 |
|---|---|---|---|---|
{shown(table)}
"""


if __name__ == "__main__":
    given = sides()
    first = None
    for name in dict.fromkeys([FIRST, *sys.argv[1:]]):
        scores, seconds = train_row(name, given)
        first = first or scores
        print(pd.DataFrame([asdict(row) for row in rows_of(name, scores, first, seconds)]).to_string())
