"""Chapter 03: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from crossmodal_edu.classroom.checks.word2vec import (
    check_gradient,
    check_noise,
    check_pairs,
    check_two_lives,
    check_update,
)
from crossmodal_edu.text.wordvectors import WordVectors


@pytest.mark.parametrize("check", [check_update, check_pairs, check_noise, check_gradient])
def test_untouched(said, check):
    assert said(check, ...).state == "not tried yet"
    if check is not check_update:
        assert said(check, lambda *inputs: ...).state == "not tried yet"


@pytest.mark.parametrize("answer", [(0.1, 0.2), [0.1, 0.2], np.array([0.1, 0.2])])
def test_update(accepts, answer):
    accepts(check_update, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (0.3, "two numbers"),
        ((-0.1, -0.2), "point away"),
        ((1, 2), "one step"),
        ((0.2, 0.4), "not 0"),
        ((0, 0), "score of 0"),
        ((0.05, 0.1), "slope"),
        ((0.3, 0.7), "three factors"),
        ("up", "ValueError"),
    ],
)
def test_wrong_update(refuses, answer, hint):
    refuses(check_update, answer, hint=hint)


def pairs(sentence, reach):
    places = range(len(sentence))
    return [(sentence[i], sentence[j]) for i in places for j in places if 0 < abs(i - j) <= reach]


def test_pairs(accepts):
    accepts(check_pairs, pairs)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda s, r: [*pairs(s, r), *zip(s, s, strict=True)], "own neighbour"),
        (lambda s, r: [(s[i], s[i + k]) for i in range(len(s) - 1) for k in (-1, 1)], "sentence[-1]"),
        (lambda s, r: list(pairwise(s)), "right"),
        (lambda s, r: list(zip(s[1:], s, strict=False)), "left"),
        (lambda s, r: pairs(s, r + 1), "too far"),
        (lambda s, r: [], "no pair"),
        (lambda s, r: pairs(s, r) * 2, "make 6 pairs; yours are 12"),
        (lambda s, r: [(a, b) for a, b in pairs(s, r) if a != b], "places, not words"),
        (lambda s, r: s[9], "IndexError"),
    ],
)
def test_wrong_pairs(refuses, wrong, hint):
    refuses(check_pairs, wrong, hint=hint)


def test_noise(accepts):
    accepts(check_noise, lambda c, p: c**p / (c**p).sum())


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda c, p: 1.0, "shape"),
        (lambda c, p: c**p, "add up to 1"),
        (lambda c, p: c / c.sum(), "shares of the text"),
        (lambda c, p: (c / c.sum()) ** p, "after the division"),
        (lambda c, p: c ** (1 / p) / (c ** (1 / p)).sum(), "4/3"),
        (lambda c, p: c * p / (c * p).sum(), "cancel out"),
        (lambda c, p: np.ones(3) / 3, "36 in all"),
        (lambda c, p: c**0.75 / (c**0.75).sum(), "power 0"),
    ],
)
def test_wrong_noise(refuses, wrong, hint):
    refuses(check_noise, wrong, hint=hint)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def real(v, u):
    return (sigmoid(v @ u) - 1) * u


def fake(v, negatives):
    return sigmoid(negatives @ v) @ negatives


def test_gradient(accepts):
    accepts(check_gradient, lambda v, u, n: real(v, u) + fake(v, n))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda v, u, n: real(v, u) @ v, "shape"),
        (lambda v, u, n: -real(v, u) - fake(v, n), "uphill"),
        (lambda v, u, n: real(v, u), "have their say"),
        (lambda v, u, n: fake(v, n), "Where is the real"),
        (lambda v, u, n: real(v, u) - fake(v, n), "pull v towards"),
        (lambda v, u, n: sigmoid(v @ u) * u + fake(v, n), "label is 1"),
        (lambda v, u, n: real(v, u) + fake(v, n) / 3, "mean"),
        (lambda v, u, n: real(v, u) + fake(v, n[:1]), "one negative"),
        (lambda v, u, n: u, "finite difference"),
    ],
)
def test_wrong_gradient(refuses, wrong, hint):
    refuses(check_gradient, wrong, hint=hint)


def model(near: str, far: str) -> WordVectors:
    """ "bow" with ten neighbours, and ten other words at a right angle."""
    words = ["bow", *(f"{near}{i}" for i in range(10)), *(f"{far}{i}" for i in range(10)), f"only{near}"]
    vectors = np.zeros((len(words), 2))
    vectors[:11, 0] = vectors[11:, 1] = 1
    return WordVectors(words, vectors)


def test_two_lives(accepts):
    accepts(check_two_lives, "Bow", model("arrow", "tie"), model("tie", "arrow"))


@pytest.mark.parametrize(
    ("word", "second", "hint"),
    [
        (7, model("tie", "arrow"), "with a word"),
        ("sofa", model("tie", "arrow"), "first text does not know"),
        ("onlyarrow", model("tie", "arrow"), "second text does not know"),
        ("bow", model("arrow", "tie"), "both texts put arrow0"),
        ("bow", model("ribbon", "lace"), "unknown to the other"),
    ],
)
def test_wrong_two_lives(refuses, word, second, hint):
    refuses(check_two_lives, word, model("arrow", "tie"), second, hint=hint)


def test_two_lives_untouched(said):
    assert said(check_two_lives, ..., model("a", "b"), model("a", "b")).state == "not tried yet"
