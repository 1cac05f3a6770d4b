"""Chapter 05: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

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


@pytest.mark.parametrize("check", [check_idf, check_mean, check_gru_step, check_pair, check_weights])
def test_untouched(said, check):
    others = {check_pair: (None, None, ()), check_weights: (lambda weights: np.ones(3),)}.get(check, ())
    assert said(check, ..., *others).state == "not tried yet"
    if check in (check_mean, check_gru_step):
        assert said(check, lambda *inputs: ...).state == "not tried yet"


@pytest.mark.parametrize("answer", [1.69, log(2) + 1, "1.693"])
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
        (log2(2) + 1, "which logarithm"),
        (log(1 / 2) + 1, "upside down"),
        (3 / 7, "how common"),
        (5, "put n = 7"),
        ("rare", "ValueError"),
    ],
)
def test_wrong_idf(refuses, answer, hint):
    refuses(check_idf, answer, hint=hint)


def _mean(words, present):
    kept = words * present[:, :, None]
    return kept.sum(dim=1) / present.sum(dim=1, keepdim=True).clamp(min=1)


def test_mean(accepts):
    accepts(check_mean, _mean)
    accepts(check_mean, lambda w, p: weighted_mean(w, p.float()))


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
        (lambda w, p: w @ p, "RuntimeError"),
    ],
)
def test_wrong_mean(refuses, mean, hint):
    refuses(check_mean, mean, hint=hint)


def test_gru_step(accepts):
    accepts(check_gru_step, _step)


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


def test_pair(accepts, models):
    accepts(check_pair, ("red bag with red strap", "red bag with strap"), *models)


@pytest.mark.parametrize(
    ("pair", "hint"),
    [
        ("red bag", "two texts"),
        (("red", "bag", "strap"), "two texts"),
        (("red", 7), "two texts"),
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


def test_weights(accepts):
    accepts(check_weights, {"red": 1, "with": 0.1}, _measure(0.1))


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
        ({"red": "much"}, 0.1, "ValueError"),
    ],
)
def test_wrong_weights(refuses, weights, gain, hint):
    refuses(check_weights, weights, _measure(gain), hint=hint)
