"""Chapter 03: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from crossmodal_edu.classroom.checks.word2vec import (
    check_gradient,
    check_noise,
    check_pairs,
    check_two_lives,
    check_update,
)
from crossmodal_edu.text.wordvectors import WordVectors


def test_untouched(ignores):
    ignores(check_update, function=False)
    for check in (check_pairs, check_noise, check_gradient):
        ignores(check)


@pytest.mark.parametrize("answer", [(0.1, 0.2), [0.1, 0.2], np.array([[0.1, 0.2]]), torch.tensor([0.1, 0.2])])
def test_update(accepts, answer):
    accepts(check_update, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (0.3, "two numbers"),
        ((-0.1, -0.2), "turn away"),
        ((1, 2), "one step"),
        ((0.2, 0.4), "not 0"),
        ((0, 0), "score of 0"),
        ((0.05, 0.1), "slope"),
        ((0.3, 0.7), "three factors"),
        ("up", "numbers are asked for"),
        ((-1, -2), "downhill"),
        ((2.1, 4.2), "you moved v"),
        (((0.1,), (0.1, 0.2)), "different lengths"),
        ((0.2, 0.1), "three factors"),
    ],
)
def test_wrong_update(refuses, answer, hint):
    refuses(check_update, answer, hint=hint)


def pairs(sentence, reach):
    places = range(len(sentence))
    return [(sentence[i], sentence[j]) for i in places for j in places if 0 < abs(i - j) <= reach]


def _in_slices(sentence, reach):
    for i, word in enumerate(sentence):
        for near in sentence[max(0, i - reach) : i] + sentence[i + 1 : i + 1 + reach]:
            yield [word, near]


PAIRS = [
    pairs,
    _in_slices,
    lambda s, r: tuple(pairs(s, r)),
    lambda s, r: np.array(pairs(s, r)),
    lambda s, r: [(b, a) for a, b in pairs(s, r)],
    lambda s, r: [
        p for i in range(1, r + 1) for a, b in zip(s, s[i:], strict=False) for p in ((a, b), (b, a))
    ],
]


@pytest.mark.parametrize("answer", PAIRS)
def test_pairs(accepts, answer):
    accepts(check_pairs, answer)


def _at_the_reach(sentence, reach):
    """Right by luck for a reach of 1: the words exactly so far away."""
    places = range(len(sentence))
    return [(sentence[i], sentence[j]) for i in places for j in places if abs(i - j) == reach]


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
        (lambda s, r: set(pairs(s, r)), "a set keeps each pair once"),
        (lambda s, r: [f"{a} {b}" for a, b in pairs(s, r)], "yours holds 'nike men'"),
        (lambda s, r: [pairs(s, r)], "yours holds ("),
        (lambda s, r: [(w, [b for a, b in pairs(s, r) if a == w]) for w in s], "yours holds ('nike', ["),
        (
            lambda s, r: [(a, b) for a in s for b in s if 0 < abs(s.index(a) - s.index(b)) <= r],
            "places, not words",
        ),
        (_at_the_reach, "two on either side"),
        (lambda s, r: pairs(s, 1), "two on either side"),
        (lambda s, r: pairs(s, r) if len(s) > 1 else [(word, word) for word in s], "no neighbour"),
        (lambda s, r: print(pairs(s, r)), "did you print"),
    ],
)
def test_wrong_pairs(refuses, wrong, hint):
    refuses(check_pairs, wrong, hint=hint)


def noise(counts, power):
    return counts**power / (counts**power).sum()


@pytest.mark.parametrize(
    "answer",
    [
        noise,
        lambda c, p: [count**p / sum(count**p for count in c) for count in c],
        lambda c, p: torch.softmax(p * torch.tensor(c).log(), dim=0),
        lambda c, p: (c / c.sum()) ** p / ((c / c.sum()) ** p).sum(),
    ],
)
def test_noise(accepts, answer):
    accepts(check_noise, answer)


def test_noise_in_any_form(accepts, form):
    accepts(check_noise, form(noise))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda c, p: 1.0, "one number"),
        (lambda c, p: c**p, "add up to 1"),
        (lambda c, p: c / c.sum(), "shares of the text"),
        (lambda c, p: (c / c.sum()) ** p, "after the division"),
        (lambda c, p: c ** (1 / p) / (c ** (1 / p)).sum(), "4/3"),
        (lambda c, p: c * p / (c * p).sum(), "cancel out"),
        (lambda c, p: np.ones(3) / 3, "36 in all"),
        (lambda c, p: noise(c, p)[::-1], "36 in all"),
        (lambda c, p: noise(c[:2], p), "shape (2,)"),
        (lambda c, p: print(noise(c, p)), "did you print"),
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


def gradient(v, u, negatives):
    return real(v, u) + fake(v, negatives)


def _derived(v, u, negatives):
    v, u, negatives = (torch.tensor(x, requires_grad=True) for x in (v, u, negatives))
    scores = torch.cat([(v @ u)[None], -(negatives @ v)])
    (-torch.nn.functional.logsigmoid(scores).sum()).backward()
    return v.grad


@pytest.mark.parametrize(
    "answer",
    [
        gradient,
        _derived,
        lambda v, u, n: real(v, u) + sum(sigmoid(v @ negative) * negative for negative in n),
        lambda v, u, n: np.r_[sigmoid(u @ v) - 1, sigmoid(n @ v)] @ np.vstack([u, n]),
    ],
)
def test_gradient(accepts, answer):
    accepts(check_gradient, answer)


def test_gradient_in_any_form(accepts, form):
    accepts(check_gradient, form(gradient))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda v, u, n: real(v, u) @ v, "one number"),
        (lambda v, u, n: -real(v, u) - fake(v, n), "uphill"),
        (lambda v, u, n: real(v, u), "have their say"),
        (lambda v, u, n: fake(v, n), "Where is the real"),
        (lambda v, u, n: real(v, u) - fake(v, n), "pull v towards"),
        (lambda v, u, n: sigmoid(v @ u) * u + fake(v, n), "label is 1"),
        (lambda v, u, n: real(v, u) + fake(v, n) / 3, "mean"),
        (lambda v, u, n: real(v, u) + fake(v, n[:1]), "one negative"),
        (lambda v, u, n: u, "finite difference"),
        (lambda v, u, n: (sigmoid(v @ u) - 1) * v, "gradient by u"),
        (lambda v, u, n: real(v, u) + fake(v, n[:3]), "not for five"),
        (lambda v, u, n: real(v, u) + sigmoid(n @ v)[:, None] * n, "shape (3, 4)"),
        (lambda v, u, n: print(gradient(v, u, n)), "did you print"),
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


@pytest.mark.parametrize("word", ["bow", " Bow "])
def test_two_lives(accepts, word):
    accepts(check_two_lives, word, model("arrow", "tie"), model("tie", "arrow"))


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
