"""Chapter 12: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from math import log, log2, log10

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from crossmodal_edu.classroom.checks.contrastive import (
    check_ignorant,
    check_loss,
    check_slope,
    check_space_found,
    check_targets,
)
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.correlation import CorrelationSpace
from crossmodal_edu.spaces.space import Features
from crossmodal_edu.training import History


def test_untouched(ignores):
    ignores(check_ignorant, function=False)
    ignores(check_loss)
    ignores(check_slope)
    ignores(check_targets)
    ignores(check_space_found, *_measure(0.2), function=False)


@pytest.mark.parametrize("answer", [3.47, log(32), "3.466", np.float32(3.4657), torch.tensor([3.4657])])
def test_ignorant(accepts, answer):
    accepts(check_ignorant, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (log2(32), "in bits"),
        (log10(32), "which logarithm"),
        (0, "sure and right"),
        (1 / 32, "minus its logarithm"),
        (-log(32), "the sign"),
        (32, "how surprised"),
        (20, "no difference"),
        (log(32) / 0.05, "no difference"),
        (log(31), "one of the 32"),
        (2 * log(32), "averaged"),
        (7, "probability 1 / 32"),
        (3.5, "two decimals"),
        ("3.5", "two decimals"),
        ("much", "one number"),
        ((3, 47), "a point"),
    ],
)
def test_wrong_ignorant(refuses, answer, hint):
    refuses(check_ignorant, answer, hint=hint)


def _loss(scores, temperature):
    logits = np.asarray(scores, dtype=float) / temperature
    logits = logits - logits.max(axis=1, keepdims=True)
    return -(np.diag(logits) - np.log(np.exp(logits).sum(axis=1))).mean()


def _loss_in_loops(scores, temperature):
    total = 0
    for i, row in enumerate(scores):
        total += torch.logsumexp(row / temperature, dim=0) - row[i] / temperature
    return total / len(scores)


@pytest.mark.parametrize(
    "loss",
    [
        _loss,
        _loss_in_loops,
        lambda s, t: F.cross_entropy(s / t, torch.arange(len(s))),
        lambda s, t: -F.log_softmax(s.double() / t, dim=1).diag().mean(),
    ],
)
def test_loss(accepts, loss):
    accepts(check_loss, loss)


def test_loss_in_any_form(accepts, form):
    accepts(check_loss, form(_loss))


def _loss_of_one_maximum(s, t):
    p = ((s - s.max()) / t).exp()
    return (p.sum(dim=1).log() - (s - s.max()).diag() / t).mean()


def _loss_by_math(s, t):
    return -np.mean([log(p) for p in _p(s, t).diag().tolist()])


def _p(s, t, dim=1):
    return (s / t).softmax(dim=dim)


@pytest.mark.parametrize(
    ("loss", "hint"),
    [
        (lambda s, t: _p(s, t).diag().log().mean(), "the sign"),
        (lambda s, t: -_p(s, t, 0).diag().log().mean(), "down the columns"),
        (
            lambda s, t: -(_p(s, t).diag().log() + _p(s, t, 0).diag().log()).mean() / 2,
            "only rows",
        ),
        (lambda s, t: -_p(s, t).diag().log().sum(), "that is the sum"),
        (lambda s, t: -_p(s, 1).diag().log().mean(), "temperature is missing"),
        (lambda s, t: -_p(s, 1 / t).diag().log().mean(), "divided by the temperature"),
        (lambda s, t: -_p(s, t).diag().mean(), "mean probability"),
        (lambda s, t: -_p(s, t).diag().mean().log(), "first the logarithm"),
        (lambda s, t: -_p(s, t).log().mean(), "all nine"),
        (lambda s, t: -(s / t).diag().mean(), "compared with"),
        (lambda s, t: -_p(s, t).diag().log(), "one number a row"),
        (lambda s, t: -_p(s, t).log(), "for each pair"),
        (
            lambda s, t: -((s / t).exp().diag() / ((s / t).exp().sum(1) - (s / t).exp().diag())).log().mean(),
            "denominator too",
        ),
        (lambda s, t: -((s / t).exp() / (s / t).exp().sum()).diag().log().mean(), "over all nine"),
        (lambda s, t: ((s / t).exp().sum(1).log() - (s / t).diag()).mean(), "infinity"),
        (lambda s, t: -_p(s, t).diag().log().mean(), "sure and wrong"),  # inf for e⁻¹⁰⁰⁰
        (lambda s, t: -(_p(s, t).diag() + 1e-9).log().mean(), "yours pays 20.7"),
        (lambda s, t: -_p(s, t).diag().clamp(min=1e-30).log().mean(), "pay 1000"),
        (lambda s, t: -_p(s, t).diag().log().nan_to_num(neginf=0.0).mean(), "yours pays 0"),
        (_loss_of_one_maximum, "each row's *own*"),
        (_loss_by_math, "without the probability"),
        (lambda s, t: 7.0, "is 1."),
        (lambda s, t: print(3.0), "did you print"),
        (lambda s, t: s @ torch.ones(7), "RuntimeError"),
    ],
)
def test_wrong_loss(refuses, loss, hint):
    refuses(check_loss, loss, hint=hint)


def _slope(scores, temperature):
    logits = np.asarray(scores, dtype=float) / temperature
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (p / p.sum(axis=1, keepdims=True) - np.eye(len(p))) / temperature / len(p)


def _slope_by_torch(scores, temperature):
    scores = scores.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(scores / temperature, torch.arange(len(scores))), scores)[0]


@pytest.mark.parametrize("slope", [_slope, _slope_by_torch])
def test_slope(accepts, slope):
    accepts(check_slope, slope)


def test_slope_in_any_form(accepts, form):
    accepts(check_slope, form(_slope))


def _by_hand(s, t):
    p = np.exp(np.asarray(s) / t)
    return (p / p.sum(axis=1, keepdims=True) - np.eye(len(p))) / t / len(p)


def _off(s, t, dim=1):
    return _p(s, t, dim) - torch.eye(len(s))


@pytest.mark.parametrize(
    ("slope", "hint"),
    [
        (lambda s, t: _off(s, t) / t, "mean* of three"),
        (lambda s, t: _off(s, t) / len(s), "1/τ times"),
        (lambda s, t: _off(s, t), "then the temperature"),
        (lambda s, t: _off(s, t) * t / len(s), "not multiplied"),
        (lambda s, t: -_off(s, t) / t / len(s), "the sign"),
        (lambda s, t: _p(s, t) / t / len(s), "p − 1"),
        (lambda s, t: _off(s, t, 0) / t / len(s), "down the columns"),
        (lambda s, t: _off(s, 1) / t / len(s), "into the softmax"),
        (lambda s, t: _off(s, t).sum(), "one for each cosine"),
        (lambda s, t: _off(s, t).diag(), "one number a row"),
        (lambda s, t: torch.zeros(3, 3), "row 0, column 0"),
        (lambda s, t: _slope(s, t) * [[1], [1], [2]], "row 2, column 0"),
        (lambda s, t: _slope(s, t) * [1, 2, 1], "row 0, column 1 (both from 0), a wrong answer"),
        (lambda s, t: _off(s, t) / t / 3, "over five divides by five"),
        (lambda s, t: _off(s, 0.25) / 0.25 / len(s), "handed over"),
        (lambda s, t: _off(s, 0.25) / t / len(s), "for five, at a temperature of 0.1: the slope in row 0"),
        (lambda s, t: _slope(s, t)[:3, :3], "5 × 5"),
        (lambda s, t: np.nan_to_num(_by_hand(s, t)), "one of 125"),
        (lambda s, t: _by_hand(s - s.max(), t), "each row's *own*"),
        (
            lambda s, t: (
                ((s / t).exp() / (s / t).exp().sum(1, keepdim=True) - torch.eye(len(s))) / t / len(s)
            ),
            "infinity",
        ),
        (lambda s, t: print(s), "did you print"),
    ],
)
def test_wrong_slope(refuses, slope, hint):
    refuses(check_slope, slope, hint=hint)


def _targets(titles):
    same = np.array([[a.lower() == b.lower() for b in titles] for a in titles], dtype=float)
    return same / same.sum(axis=1, keepdims=True)


def test_targets(accepts, form):
    accepts(check_targets, form(_targets))


@pytest.mark.parametrize(
    ("targets", "hint"),
    [
        (lambda t: np.eye(len(t)), "same title are right too"),
        (lambda t: (_targets(t) > 0).astype(float), "add up to 1"),
        (lambda t: _targets(t) > 0, "add up to 1"),
        (lambda t: [[float(a == b) for b in t] for a in t], "capitals"),
        (
            lambda t: [[float(a == b) / t.count(a) for b in t] for a in t],
            "RED BAG",
        ),
        (lambda t: (_targets(t) > 0) / (_targets(t) > 0).sum(), "each *row*"),
        (lambda t: (_targets(t) > 0) / len(t), "has *this* title"),
        (lambda t: (_targets(t) > 0) - np.eye(len(t)), "for itself"),
        (lambda t: 1.0 * (_targets(t) == 0), "other way round"),
        (lambda t: np.eye(len({x.lower() for x in t})), "different* title"),
        (lambda t: np.arange(len(t)), "which columns"),
        (lambda t: np.full((len(t), len(t)), 0.5), "row 1"),
        (lambda t: print(t), "did you print"),
    ],
)
def test_wrong_targets(refuses, targets, hint):
    refuses(check_targets, targets, hint=hint)


class Space:
    """Anything with vectors of some modalities."""

    def __init__(self, *missing):
        self.missing = missing

    def aligned(self, one, other):
        return one not in self.missing and other not in self.missing

    def embed(self, modality, vectors):
        return vectors


def _measure(gain: float, kept: float = 1.0):
    seen, before = np.random.default_rng(0).normal(size=(2, 200)) * 0.05 + 0.5
    heard = np.repeat([0.0, 1.0], [140, 60])
    ways = "words ↔ pictures", "words → sounds"
    return lambda space: dict(zip(ways, (seen + gain, kept * heard), strict=True)), dict(
        zip(ways, (before, heard), strict=True)
    )


@pytest.mark.parametrize("kept", [0.6, 1.0, 1.2])
def test_space(accepts, kept):
    said = accepts(check_space_found, Space(), *_measure(0.2, kept))
    assert f"{0.3 * kept:.3f}, from 0.300" in said.reason


def _solved():
    rows = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
    ids = [f"p{i}" for i in range(20)]
    features = {side: Features(rows, ids) for side in Modality if side is not Modality.VIDEO}
    return CorrelationSpace(2).fit(features)


def _hurried():
    space = Space()
    space.history = History({"loss": [1.0] * 5})
    return space


@pytest.mark.parametrize(
    ("space", "gain", "kept", "hint"),
    [
        (Space(), 0.0, 1, "holds 0"),
        (Space(), -0.2, 1, "the chapter's heads find"),
        (Space(), 0.2, 0.1, "overboard"),  # trained on words and pictures, sound left as it began
        (Space(), 0.2, 0, "overboard: words → sounds 0.000, from 0.300"),
        (Space("audio"), 0.2, 1, "does not know sound"),
        (_solved(), 0.2, 1, "what can heads do"),
        (_hurried(), 0.2, 1, "trained for 5 epochs"),
        ({"hidden": 0}, 0.2, 1, "fitted space"),
        (0.61, 0.2, 1, "fitted space"),
        ("heads", 0.2, 1, "fitted space"),
    ],
)
def test_wrong_space(refuses, space, gain, kept, hint):
    refuses(check_space_found, space, *_measure(gain, kept), hint=hint)
