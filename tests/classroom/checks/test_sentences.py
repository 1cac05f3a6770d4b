"""Chapter 05: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import log, log2, log10

import numpy as np
import pytest
import torch

from crossmodal_edu.classroom.checks.sentences import (
    _step,
    check_gru_step,
    check_idf,
    check_mean,
    check_pair,
    check_weights,
)
from crossmodal_edu.padding import pad, weighted_mean
from crossmodal_edu.text.cnn import TextCNN
from crossmodal_edu.text.recurrent import gru_step
from crossmodal_edu.text.sentences import SentenceMean
from crossmodal_edu.text.wordvectors import WordVectors


def test_untouched(ignores):
    ignores(check_idf, function=False)
    ignores(check_mean)
    ignores(check_gru_step)
    ignores(check_pair, None, None, (), function=False)
    ignores(check_weights, lambda weights: np.ones(3), function=False)


@pytest.mark.parametrize(
    "answer", [1.69, 1.7, log(2) + 1, "1.693", np.float32(1.6931), torch.tensor([1.6931])]
)
def test_idf(accepts, answer):
    accepts(check_idf, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (log(2), "add to it"),
        (log(7 / 3) + 1, "pretends"),
        (log(7 / 3), "pretends"),
        (log(8 / 3) + 1, "both numbers"),
        (log(7 / 4) + 1, "both numbers"),
        (log10(2) + 1, "which logarithm"),
        (log2(2) + 1, "to base 2"),
        (log(1 / 2) + 1, "upside down"),
        (3 / 7, "how common"),
        (5, "put n = 7"),
        ("rare", "one number"),
        ((1, 69), "a point"),
        (3, "Between them comes a logarithm"),
        (log(3), "not to the number in it"),
        (log(1 / 2), "upside down"),
    ],
)
def test_wrong_idf(refuses, answer, hint):
    refuses(check_idf, answer, hint=hint)


def _mean(words, present):
    kept = words * present[:, :, None]
    return kept.sum(dim=1) / present.sum(dim=1, keepdim=True).clamp(min=1)


def _mean_in_loops(words, present):
    means = []
    for text, there in zip(words, present, strict=True):
        kept = [word for word, here in zip(text, there, strict=True) if here]
        means.append(sum(kept) / len(kept) if kept else torch.zeros(3))
    return means


MEANS = [
    _mean,
    _mean_in_loops,
    lambda w, p: weighted_mean(w, p.float()),
    lambda w, p: _mean(w.double(), p),
    lambda w, p: _mean(w, p).numpy(),
    lambda w, p: torch.stack([text[here].mean(dim=0) for text, here in zip(w, p, strict=True)]).nan_to_num(),
    lambda w, p: torch.einsum("ntd,nt->nd", w, p / (p.sum(1, keepdim=True) + 1e-9)),
]


@pytest.mark.parametrize("mean", MEANS)
def test_mean(accepts, mean):
    accepts(check_mean, mean)


def test_mean_in_any_form(accepts, form):
    accepts(check_mean, form(lambda words, present: _mean(words, present).numpy()))


@pytest.mark.parametrize(
    ("mean", "hint"),
    [
        (lambda w, p: w.mean(dim=1), "counted as words"),
        (lambda w, p: w.mean(dim=2), "five numbers"),
        (lambda w, p: w.mean(dim=0), "shape (4, 3)"),
        (lambda w, p: (w * p[:, :, None]).mean(dim=1), "length of the longest"),
        (lambda w, p: (w * p[:, :, None]).sum(dim=1), "that is the sum"),
        (lambda w, p: (w * p[:, :, None]).sum(dim=1) / p.sum(dim=1, keepdim=True), "0 / 0"),
        (lambda w, p: -_mean(w, p), "first number"),
        (lambda w, p: (w * p[:, :, None]).sum(dim=1) / (p.sum(dim=1, keepdim=True) + 1), "one word too many"),
        (lambda w, p: torch.where(p.any(1, keepdim=True), _mean(w, p), w[:, 0]), "zeros are asked for"),
        (lambda w, p: torch.stack([t[h].mean(dim=0) for t, h in zip(w, p, strict=True)]), "0 / 0"),
        (
            lambda w, p: [t[h].mean(dim=0).tolist() for t, h in zip(w, p, strict=True) if h.any()],
            "shape (3, 3)",
        ),
        (lambda w, p: [t[h].tolist() for t, h in zip(w, p, strict=True)], "different lengths"),
        (lambda w, p: print(_mean(w, p)), "did you print"),
        (lambda w, p: w @ p, "RuntimeError"),
    ],
)
def test_wrong_mean(refuses, mean, hint):
    refuses(check_mean, mean, hint=hint)


def _step_in_numpy(from_word, from_state, state):
    from_word, from_state, state = (np.asarray(x, dtype=float) for x in (from_word, from_state, state))
    w = state.shape[1]
    reset, update = (1 / (1 + np.exp(-(from_word + from_state)[:, i * w : (i + 1) * w])) for i in (0, 1))
    proposal = np.tanh(from_word[:, 2 * w :] + reset * from_state[:, 2 * w :])
    return proposal + update * (state - proposal)


@pytest.mark.parametrize("step", [_step, _step_in_numpy, lambda *given: _step(*(x.double() for x in given))])
def test_gru_step(accepts, step):
    accepts(check_gru_step, step)


def test_gru_step_in_any_form(accepts, form):
    accepts(check_gru_step, form(_step_in_numpy))


def test_the_checks_step_is_the_packages():
    from_word, from_state, state = torch.randn(1, 9), torch.randn(1, 9), torch.randn(1, 3)
    step = gru_step(from_word, state, torch.eye(9), torch.zeros(9, 3), torch.zeros(9), from_state[0])
    torch.testing.assert_close(_step(from_word, from_state, state), step.state)


def _thirds(x, order):
    parts = x.chunk(3, dim=1)
    return torch.cat([parts[i] for i in order], dim=1)


@pytest.mark.parametrize(
    ("step", "hint"),
    [
        (lambda w, s, h: _step(w, s, h, keep="proposal"), "wrong way round"),
        (lambda w, s, h: _step(w, s, h, reset_on="word"), "on the word's part"),
        (lambda w, s, h: _step(w, s, h, reset_on="both"), "both parts"),
        (lambda w, s, h: _step(w, s, h, reset_on="nothing"), "not used"),
        (lambda w, s, h: _step(w, s, h, squash=torch.sigmoid), "sigmoid"),
        (lambda w, s, h: _step(w, s, h, squash=lambda x: x), "not squashed"),
        (lambda w, s, h: _step(_thirds(w, (1, 0, 2)), _thirds(s, (1, 0, 2)), h), "exchanged"),
        (lambda w, s, h: _step(_thirds(w, (2, 0, 1)), _thirds(s, (2, 0, 1)), h), "another order"),
        (lambda w, s, h: w, "shape (2, 3)"),
        (lambda w, s, h: h, "first number"),
        (lambda w, s, h: _step(w, s, 0 * h), "old state is missing"),
        (lambda w, s, h: (_step(w, s, h), h), "shape (2, 2, 3)"),
        (lambda w, s, h: print(_step(w, s, h)), "did you print"),
        (lambda w, s, h: w + h, "RuntimeError"),
    ],
)
def test_wrong_gru_step(refuses, step, hint):
    refuses(check_gru_step, step, hint=hint)


@pytest.fixture
def models(rng):
    vectors = WordVectors(["red", "bag", "with", "strap"], rng.normal(size=(4, 5)))
    mean, reader = SentenceMean(vectors), TextCNN(5, filters=8, sizes=(1,))

    def filters_of(texts):
        numbers, present = pad([[vectors.row(word) for word in text.split()] for text in texts])
        return reader(torch.from_numpy(vectors.vectors)[numbers], present)

    return mean.embed, filters_of, vectors


@pytest.mark.parametrize(
    "pair",
    [
        ("red bag with red strap", "red bag with strap"),
        ["red red bag", "red bag"],
        ("bag bag red", "red red bag"),
    ],
)
def test_pair(accepts, models, pair):
    accepts(check_pair, pair, *models)


@pytest.mark.parametrize(
    ("pair", "hint"),
    [
        ("red bag", "two texts"),
        (("red", "bag", "strap"), "two texts"),
        (("red", 7), "two texts"),
        ({"red", "bag"}, "two texts"),
        (7, "two texts"),
        ((), "two texts"),
        (("red sofa", "red"), "does not know sofa"),
        (("red", "!"), "no word"),
        (("Red bag", "red  bag"), "same text"),
        (("red bag", "red strap"), "bag, strap"),
        (("red bag with strap", "strap with red bag"), "same proportions"),
        (("red bag", "red bag red bag"), "same proportions"),
    ],
)
def test_wrong_pair(refuses, models, pair, hint):
    refuses(check_pair, pair, *models, hint=hint)


def _measure(gain: float, noise: float = 0.01):
    values = np.random.default_rng(0).normal(size=(2, 200)) * noise
    return lambda weights: values[0] + 0.5 + gain if weights is not None else values[1] + 0.5


@pytest.mark.parametrize(
    "weights",
    [
        {"red": 1, "with": 0.1},
        Counter("aab"),
        defaultdict(float, red=1.0, bag=0.0),
        {"red": np.float32(2), "bag": torch.tensor(0.5)},
    ],
)
def test_weights(accepts, weights):
    accepts(check_weights, weights, _measure(0.1))


@pytest.mark.parametrize(
    ("weights", "gain", "hint"),
    [
        ([1, 2], 0.1, "dictionary"),
        ({}, 0.1, "finite"),
        ({"red": float("nan")}, 0.1, "finite"),
        ({"red": -1.0, "bag": 1.0}, 0.1, "below 0"),
        ({"red": 0.0}, 0.1, "all weights are 0"),
        ({"red": 2.0, "bag": 2.0}, 0.0, "all equal"),
        ({"red": 2.0, "bag": 1.0}, -0.1, "share with most"),
        ({"red": 2.0, "bag": 1.0}, 0.0, "interval holds 0"),
        ({"red": "much"}, 0.1, "numbers are asked for"),
        ("red", 0.1, "dictionary"),
        ({"red": 2.0, "bag": 2.0}, 0.1, "all equal"),
    ],
)
def test_wrong_weights(refuses, weights, gain, hint):
    refuses(check_weights, weights, _measure(gain), hint=hint)
