"""Chapter 04: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from fractions import Fraction
from math import log

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from crossmodal_edu.classroom.checks.glove import (
    check_count,
    check_ppmi,
    check_step,
    check_two_senses,
    check_weight,
)
from crossmodal_edu.text.glove import Glove, Parameters, glove_weight


def test_untouched(ignores, said):
    ignores(check_count, function=False)
    for check in (check_weight, check_ppmi, check_step):
        ignores(check)
    assert said(check_two_senses, ..., ..., shop(), counts()).state == "not tried yet"


# --- 1 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [1.5, "1.5", 3 / 2, Fraction(3, 2), np.float32(1.5), [1.5]])
def test_count(accepts, answer):
    accepts(check_count, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (2, "How far apart"),
        (1, "nearer pair"),
        (0.5, "second red"),
        (3, "both sides"),
        (0.75, "adds up"),
        (7, "1 divided by"),
        ("many", "one number"),
        ((1, 5), "a point"),
        (1, "the comma"),
        (5 / 6, "not 2"),
        (-1.5, "1 divided by"),
    ],
)
def test_wrong_count(refuses, answer, hint):
    refuses(check_count, answer, hint=hint)


# --- 2 -----------------------------------------------------------------------------------------------


WEIGHTS = [
    glove_weight,
    lambda x, m, a: np.where(x < m, (x / m) ** a, 1),
    lambda x, m, a: [min((count / m) ** a, 1) for count in x],
    lambda x, m, a: np.clip(x / m, 0, 1) ** a,
    lambda x, m, a: (torch.tensor(x) / m).clamp(max=1) ** a,
]


@pytest.mark.parametrize("weight", WEIGHTS)
def test_weight(accepts, weight):
    accepts(check_weight, weight)


def test_weight_in_any_form(accepts, form):
    accepts(check_weight, form(glove_weight))


@pytest.mark.parametrize(
    ("weight", "hint"),
    [
        (lambda x, m, a: (x / m) ** a, "alike"),
        (lambda x, m, a: np.maximum((x / m) ** a, 1), "rare cell"),
        (lambda x, m, a: np.minimum(x / m, 1), "straight line"),
        (lambda x, m, a: np.minimum(x**a / m, 1), "x_max itself"),
        (lambda x, m, a: np.minimum(x, m) ** a, "Where is x_max"),
        (lambda x, m, a: np.minimum((x / m) ** a, 1).sum(), "one number"),
        (lambda x, m, a: np.minimum(x / m, 1) ** 0.5, "is 1/8"),
        (lambda x, m, a: np.minimum((x / 100) ** 0.75, 1), "written into"),
        (lambda x, m, a: np.minimum((x / m) ** 0.75, 1), "written into"),
        (lambda x, m, a: np.where(x < m, (x / m) ** a, 0), "fell to 0"),
        (lambda x, m, a: [(c / m) ** a for c in x if c < m], "shape (3,)"),
        (lambda x, m, a: print(glove_weight(x)), "did you print"),
        (lambda x, m, a: min((x / m) ** a, 1), "ValueError"),
    ],
)
def test_wrong_weight(refuses, weight, hint):
    refuses(check_weight, weight, hint=hint)


# --- 3 -----------------------------------------------------------------------------------------------


def _pmi(counts):
    with np.errstate(divide="ignore"):
        return np.log(counts * counts.sum() / (counts.sum(1, keepdims=True) * counts.sum(0)))


def _ppmi_in_loops(counts):
    total, rows, columns = counts.sum(), counts.sum(axis=1), counts.sum(axis=0)
    return [
        [max(log(c * total / (rows[i] * columns[j])), 0) if c else 0 for j, c in enumerate(row)]
        for i, row in enumerate(counts)
    ]


TABLES = [
    lambda counts: np.maximum(_pmi(counts), 0),
    _ppmi_in_loops,
    lambda counts: np.log(np.maximum(np.exp(_pmi(counts)), 1)),
    lambda counts: torch.tensor(_pmi(counts)).clamp(min=0),
]


@pytest.mark.parametrize("table", TABLES)
def test_ppmi(accepts, table):
    accepts(check_ppmi, table)


def test_ppmi_in_any_form(accepts, form):
    accepts(check_ppmi, form(_ppmi_in_loops))


def _one_way(counts):
    """Right by luck where the table equals its mirror image."""
    sums = counts.sum(axis=1, keepdims=True)
    others = sums.T if counts.shape[0] == counts.shape[1] else counts.mean(axis=0)
    return np.maximum(np.log(counts * counts.sum() / (sums * others)), 0)


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        (_pmi, "−∞"),
        (lambda c: np.where(c > 0, _pmi(c), 0), "one cell is negative"),
        (lambda c: np.maximum(_pmi(c) / np.log(2), 0), "base 2"),
        (lambda c: np.where(c > 0, np.log(c / c.sum(1, keepdims=True)), 0), "word's sum only"),
        (lambda c: np.maximum(np.log(c / c.sum(1, keepdims=True)), 0), "compared with"),
        (lambda c: np.where(c > 0, np.log(c), 0) * np.nan, "numbers that are none"),
        (
            lambda c: np.maximum(np.log(np.maximum(c, 1e-12) / (c.sum(1, keepdims=True) * c.sum(0))), 0),
            "whole table",
        ),
        (lambda c: c * c.sum() / (c.sum(1, keepdims=True) * c.sum(0)), "Now its logarithm"),
        (lambda c: c * np.log(c), "numbers that are none"),
        (lambda c: np.abs(np.where(c > 0, _pmi(c), 0)), "lost its sign"),
        (lambda c: np.maximum(_pmi(c) / np.log(10), 0), "base 10"),
        (lambda c: np.log1p(np.exp(_pmi(c))), "log(1 + x)"),
        (lambda c: np.maximum(_pmi(c + 1), 0), "1 was added"),
        (_one_way, "same sums"),
        (lambda c: print(c), "did you print"),
        (lambda c: np.maximum(_pmi(c), 0)[0], "shape (3,)"),
        (lambda c: np.maximum(_pmi(c), 0) + 0.1, "0.916"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wrong_ppmi(refuses, table, hint):
    refuses(check_ppmi, table, hint=hint)


# --- 4 -----------------------------------------------------------------------------------------------


def _step(value, slope, total, rate):
    total = total + slope**2
    return value - rate * slope / np.sqrt(total), total


STEPS = [
    _step,
    lambda *given: list(_step(*given)),
    lambda v, g, s, r: (v - r * g * (s + g * g) ** -0.5, s + g * g),
    lambda v, g, s, r: torch.tensor(_step(v, g, s, r)),
    lambda v, g, s, r: (v - r * g / (np.sqrt(s + g**2) + 1e-8), s + g**2),
]


@pytest.mark.parametrize("step", STEPS)
def test_step(accepts, step):
    accepts(check_step, step)


@pytest.mark.parametrize(
    ("step", "hint"),
    [
        (lambda v, g, s, r: (v - r * g / np.sqrt(s), s), "came back as it was"),
        (lambda v, g, s, r: (v - r * g / np.sqrt(s + g), s + g), "cancel"),
        (lambda v, g, s, r: (v - r, g**2), "last slope only"),
        (lambda v, g, s, r: (v - r * g, s + (r * g) ** 2), "squared the step"),
        (lambda v, g, s, r: (v, 2 * s), "make 0.25"),
        (lambda v, g, s, r: (v + r * g / np.sqrt(s + g**2), s + g**2), "uphill"),
        (lambda v, g, s, r: (v - r * g / (s + g**2), s + g**2), "sum of squares"),
        (lambda v, g, s, r: (v - r * g / np.sqrt(s), s + g**2), "old sum"),
        (lambda v, g, s, r: (v - r * g, s + g**2), "plain gradient descent"),
        (lambda v, g, s, r: (v, s + g**2), "becomes 0.94"),
        (lambda v, g, s, r: v, "two numbers"),
        (lambda v, g, s, r: _step(v, g, s, r)[::-1], "the sum came first"),
        (lambda v, g, s, r: (v - r * g / np.sqrt(s + g**2), np.sqrt(s + g**2)), "root of the sum"),
        (lambda v, g, s, r: (-r * g / np.sqrt(s + g**2), s + g**2), "the step alone"),
        (lambda v, g, s, r: (r * g / np.sqrt(s + g**2), s + g**2), "which way"),
        (lambda v, g, s, r: (v - r * abs(g) / np.sqrt(s + g**2), s + g**2), "right for one step"),
        (lambda v, g, s, r: (v - 0.1 * g / np.sqrt(s + g**2), s + g**2), "right for one step"),
        (lambda v, g, s, r: print(_step(v, g, s, r)), "did you print"),
    ],
)
def test_wrong_step(refuses, step, hint):
    refuses(check_step, step, hint=hint)


# --- 5 -----------------------------------------------------------------------------------------------

WORDS = ("red", "blue", "bag", "shoe")


def shop() -> Glove:
    """Colours lie along one axis, things along the other."""
    w = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.2, 0.9]])
    return Glove(WORDS, w, parameters=Parameters(w, w, np.zeros(4), np.zeros(4)))


def counts() -> csr_array:
    together = np.array([[0, 0, 30, 5], [0, 0, 25, 25], [30, 25, 0, 21.5], [5, 25, 21.5, 0]], dtype=float)
    return csr_array(together)


@pytest.mark.parametrize(
    ("together", "alike"), [(("red", "bag"), ("blue", "red")), (["red", "bag"], ["blue", "red"])]
)
def test_two_senses(accepts, together, alike):
    accepts(check_two_senses, together, alike, shop(), counts())


@pytest.mark.parametrize(
    ("together", "alike", "hint"),
    [
        ("red bag", ("red", "blue"), "first pair is two words"),
        (("red", "bag"), {"red", "blue"}, "second pair is two words"),
        (("red", "bag"), ("red", "blue", "bag"), "second pair is two words"),
        (("red", 7), ("red", "blue"), "first pair is two words"),
        (("red", "sofa"), ("red", "blue"), "'sofa' is not among"),
        (("red", "red"), ("red", "blue"), "two different words"),
        (("red", "shoe"), ("red", "blue"), "20 or more"),
        (("bag", "shoe"), ("red", "blue"), "take the other's place"),
        (("red", "bag"), ("bag", "shoe"), "the second pair never should"),
    ],
)
def test_wrong_senses(refuses, together, alike, hint):
    refuses(check_two_senses, together, alike, shop(), counts(), hint=hint)


def test_words_that_never_meet_may_still_be_unlike(refuses):
    table = counts().tolil()
    table[0, 3] = 0
    refuses(
        check_two_senses, ("red", "bag"), ("red", "shoe"), shop(), table.tocsr(), hint="compete for one place"
    )
