"""The rows of the ablation: each leaves out what it says, and a score counts what it should."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import fashion_ablation
from benchmarks.fashion_ablation import (
    ALL,
    CONTROL,
    FIRST,
    SETTINGS,
    Sides,
    recipe_of,
    rows_of,
    score,
    shown,
)
from crossmodal_edu.modality import Modality
from crossmodal_edu.recipes import RECIPES, Examples

ROWS = [name for name in SETTINGS["rows"] if name not in (FIRST, ALL, CONTROL)]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_leaves_out_one_part_of_the_recipe(name):
    first, other = asdict(recipe_of(FIRST)), asdict(recipe_of(name))
    assert len([key for key in first if first[key] != other[key]]) == 1
    assert recipe_of(name).new_model(recipe_of(name).vocabulary([("red bag", "blue bag")])).dimensions == 256


def test_all_nine_are_the_nine_rows_above_it():
    nine = ROWS[1:10]  # after another seed
    apart: dict = {}
    for name in nine:
        for key, value in SETTINGS["rows"][name].items():
            apart.setdefault(key, []).append(value)
    together = SETTINGS["rows"][ALL]
    assert apart.keys() == together.keys() and sum(map(len, apart.values())) == 9
    assert together["asked"] == [0.0, 0.0] and together["image"] == {
        "stem": 0,
        "strides": [4, 2, 2, 1],
        "maximum": False,
    }
    assert all(together[key] == values[0] for key, values in apart.items() if len(values) == 1)


def test_the_shortened_recipe_is_that_which_ships_but_for_its_length():
    long, short = asdict(RECIPES["fashion"]), asdict(recipe_of(FIRST))
    assert {key for key in long if long[key] != short[key]} == SETTINGS["short"].keys()
    assert recipe_of(CONTROL) == recipe_of(FIRST)


def numbered(*numbers: int) -> torch.Tensor:
    """Pictures of one pixel that say which they are."""
    return torch.tensor(numbers, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 1, 1)


@pytest.fixture
def asked(monkeypatch) -> Examples:
    """Pictures 0 and 2 stand under one title and 1 under another; the rest are far."""
    pictures = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], *[[-1.0, 0.0]] * 9])
    words = torch.tensor([[1.0, 0.0], [0.8, 0.6], [1.0, 0.0], *[[0.0, 1.0]] * 9])
    sounds = words[[1, 0, *range(2, 12)]]
    vectors = {Modality.TEXT: words, Modality.IMAGE: pictures, Modality.AUDIO: sounds}
    monkeypatch.setattr(fashion_ablation, "embed_examples", lambda *_: vectors)
    titles = ["Red bag", "Cap", "red bag", *["something else"] * 9]
    groups = torch.tensor([0, 1, 0, *[2] * 9])
    return Examples([(title,) for title in titles], numbered(*range(12)), [], groups)


def test_all_bearers_of_a_title_are_right_wherever_they_are(asked):
    """ "Red bag" finds 0, then 2: both are right. "Cap" finds 2 (.96), 0 (.8), 1 (.6), the right one."""
    scores = score(None, asked)
    assert scores["title", "MRR@10"][:2].tolist() == pytest.approx([1.0, 1 / 3])
    assert scores["title", "R@1"][:2].tolist() == [0.5, 0.0]
    assert scores["title", "R@10"][:2].tolist() == [1.0, 1.0]
    assert len(scores["title", "R@1"]) == 3  # each title once
    # The sounds are those of the other title: Red bag finds 2, which is right, and Cap finds 0.
    assert scores["spoken title", "R@1"][:2].tolist() == [0.5, 0.0]


def test_differences_are_to_the_first_row_and_are_shown_beside_it():
    first = {(query, m): np.full(9, 0.5) for query in ("title", "spoken title") for m in ("R@10", "MRR@10")}
    other = {key: values - 0.25 for key, values in first.items()}
    rows = [*rows_of(FIRST, first, first, 1.0), *rows_of("without sound", other, first, 2.0)]
    assert {row.difference for row in rows} == {0.0, -0.25}
    assert {row.seconds for row in rows} == {1.0, 2.0}
    text = shown(pd.DataFrame([asdict(row) for row in rows]))
    assert text.splitlines()[0] == f"| {FIRST} | 0.500 | 0.500 | 0.500 | 0.500 |"
    assert text.splitlines()[1].count("0.250; -0.250 (-0.250 to -0.250)") == 4


def test_the_control_is_trained_on_shuffled_pictures_and_the_others_are_not(monkeypatch):
    seen: list[list[int]] = []

    def fit(model, recipe, training, validation) -> None:
        seen.append(training.pixels[:, 0, 0, 0].tolist())

    monkeypatch.setattr(fashion_ablation, "fit", fit)
    monkeypatch.setattr(fashion_ablation, "score", lambda *_: {})
    some = Examples([("red bag",)] * 9, numbered(*range(9)), [], torch.zeros(9, dtype=torch.int64))
    given = Sides(some, replace(some), replace(some))
    for name in (FIRST, CONTROL):
        fashion_ablation.train_row(name, given)
    assert seen[0] == list(range(9)) != seen[1] and sorted(seen[1]) == seen[0]
