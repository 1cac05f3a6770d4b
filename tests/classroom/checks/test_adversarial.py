"""Chapter 11: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from crossmodal_edu.classroom.checks.adversarial import (
    check_game,
    check_generator_loss,
    check_judge,
    check_reversal,
    check_stretch,
)


def test_untouched(ignores):
    ignores(check_judge, function=False)
    for check in (check_generator_loss, check_reversal, check_stretch):
        ignores(check)
    ignores(check_game, lambda **settings: {}, function=False)


@pytest.mark.parametrize(
    "answer", [0.75, "0.75", "3/4", "75%", "75 %", 75, np.float64(0.75), torch.tensor([0.75]), 3 / 4]
)
def test_judge(accepts, answer):
    accepts(check_judge, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (0.25, "probability of “made”"),
        (3, "is the ratio"),
        (1 / 3, "ratio of the two"),
        (0.5, "both densities are equal"),
        (0.3, "that is p itself"),
        (0.03, "the product"),
        (0.4, "in all"),
        (0.2, "difference"),
        (log(3), "best logit"),
        (0.8, "p / (p + q)"),
        ([0.75, 0.25], "one number"),
    ],
)
def test_wrong_judge(refuses, answer, hint):
    refuses(check_judge, answer, hint=hint)


def loop(logits):
    return sum(np.log1p(np.exp(-float(x))) if x > -30 else -float(x) for x in logits) / len(logits)


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: F.softplus(-x).mean(),
        lambda x: -F.logsigmoid(x).mean(),
        lambda x: F.binary_cross_entropy_with_logits(x, torch.ones_like(x)),
        lambda x: torch.log1p(torch.exp(-x.double())).mean(),
    ],
)
def test_generator_loss(accepts, answer):
    assert "the slope with respect to the logit is −1" in accepts(check_generator_loss, answer).reason


@pytest.mark.parametrize(
    "answer",
    [
        loop,
        lambda x: F.softplus(-x.double()).mean().item(),
        lambda x: np.logaddexp(0, -x.numpy()).mean(),
        lambda x: np.logaddexp(0, -np.array(x.tolist())).mean(),
        lambda x: F.softplus(-x.detach()).mean(),
        lambda x: torch.tensor(loop(x)),
    ],
)
def test_a_loss_without_a_gradient_is_right_and_told_so(accepts, answer):
    assert "no gradient comes back" in accepts(check_generator_loss, answer).reason


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: -F.softplus(x).mean(), "the saturating one"),
        (lambda x: F.softplus(x).mean(), "the *discriminator* wants"),
        (lambda x: F.logsigmoid(x).mean(), "the sign"),
        (lambda x: F.softplus(-x).sum(), "that is the sum"),
        (lambda x: -x.sigmoid().mean(), "its logarithm"),
        (lambda x: -x.sigmoid().mean().log(), "before the logarithm"),
        (lambda x: -x.mean(), "no probabilities"),
        (lambda x: -x.sigmoid().log().mean(), "infinity"),
        (lambda x: -x.sigmoid().clamp(min=1e-7).log().mean(), "clipped"),
        (lambda x: torch.where(x < -50, -x, (-x).exp().log1p()).mean(), "the slope is nan"),
        (lambda x: F.softplus(-x)[:4].sum() / 4, "wrong for one"),
        (lambda x: print(F.softplus(-x).mean()), "print"),
        (lambda x: F.softplus(-x), "one number"),
    ],
)
def test_wrong_generator_loss(refuses, answer, hint):
    refuses(check_generator_loss, answer, hint=hint)


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, slope):
        return -ctx.strength * slope, None


def hooked(x, strength):
    out = x.clone()
    out.register_hook(lambda slope: -strength * slope)
    return out


def hooked_sum(x, strength):
    out = x + 0
    out.register_hook(lambda slope: -strength * slope)
    return out


@pytest.mark.parametrize("answer", [Reversed.apply, hooked, hooked_sum])
def test_reversal(accepts, answer):
    assert "the other road" not in accepts(check_reversal, answer).reason


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, s: x.detach() - s * (x - x.detach()),
        lambda x, s: (1 + s) * x.detach() - s * x,
        lambda x, s: -s * x + (1 + s) * x.detach(),
    ],
)
def test_the_formula_in_another_order_is_right_and_pointed_to_the_other_road(accepts, answer):
    assert "the other road" in accepts(check_reversal, answer).reason


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x, s: -s * x, "multiplied, too"),
        (lambda x, s: -x, "on the way *forward*"),
        (lambda x, s: s * x, "multiplied, too"),
        (lambda x, s: x + 1, "stay as they are"),
        (lambda x, s: x.detach(), "no gradient comes back at all"),
        (lambda x, s: x, "unchanged"),
        (lambda x, s: x.detach() - (x - x.detach()), "not used"),
        (lambda x, s: x.detach() + s * (x - x.detach()), "not turned round"),
        (lambda x, s: x + s * (x - x.detach()), "the sign"),
        (lambda x, s: x.detach() - (x - x.detach()) / s if s else x.detach() + 0 * x, "divided"),
        (lambda x, s: x.detach() + 0 * x, "is detached"),
        (lambda x, s: x.detach() - 0.5 * (x - x.detach()), "right for 0.5"),
        (lambda x, s: x.detach().numpy(), "a tensor"),
        (lambda x, s: x[0], "shape"),
        (lambda x, s: hooked(x, s), "goes nowhere else"),
        (lambda x, s: print(x), "print"),
    ],
)
def test_wrong_reversal(refuses, answer, hint):
    refuses(check_reversal, answer, hint=hint)


def hooked(x, strength):
    x.register_hook(lambda gradient: -strength * gradient)
    return x


def rounds(matrix, n=200, start=None, unit=True):
    v = torch.ones(matrix.shape[1]) if start is None else start
    for _ in range(n):
        v = matrix.T @ (matrix @ v)
        if unit:
            v = v / v.norm()
    return (matrix @ v).norm()


@pytest.mark.parametrize(
    "answer",
    [
        rounds,
        lambda m: torch.linalg.eigvalsh(m.T @ m).max().sqrt(),
        lambda m: np.linalg.norm(m.numpy(), 2),
        lambda m: float(rounds(m.double(), start=torch.ones(m.shape[1]).double())),
    ],
)
def test_stretch(accepts, answer):
    accepts(check_stretch, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda m: m.norm(), "sum of all squares"),
        (lambda m: torch.linalg.matrix_norm(m, 2) ** 2, "its square"),
        (lambda m: m.abs().max(), "largest entry"),
        (lambda m: m.abs().sum(dim=0).max(), "sum of a column"),
        (lambda m: m.abs().sum(dim=1).max(), "sum of a row"),
        (lambda m: (v := m @ torch.ones(m.shape[1])).div(v.norm()).norm(), "its length again"),
        (lambda m: rounds(m, 1), "more rounds"),
        (lambda m: torch.linalg.svdvals(m), "one number"),
        (lambda m: torch.linalg.svdvals(m).min(), "more rounds"),
        (lambda m: print(rounds(m)), "print"),
    ],
)
def test_wrong_stretch(refuses, answer, hint):
    refuses(check_stretch, answer, hint=hint)


def play(momentum=0.9, wide=False, steps=3000, start=0, lucky=None):
    """Stands for the chapter's game."""
    found = 8 if momentum < 0.8 and lucky in (None, start) else 1
    return {"modes": torch.tensor([found, found]), "good": torch.tensor([0.1 if wide else 0.6] * 2)}


@pytest.mark.parametrize("more", [{}, {"steps": 600}, {"start": 3}])
def test_game(accepts, more):
    verdict = accepts(check_game, {"momentum": 0.5, "steps": 1000} | more, play)
    assert verdict.reason.count("8.0 of 8 heaps") == 2


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({}, "Change one"),
        (0.5, "a dictionary"),
        ({"momentum": 0.9, "steps": 1000}, "1.0 of 8 heaps"),
        ({"momentum": 0.5}, "these are 3,000 steps"),
        ({"momentum": 0.5, "steps": 1500}, "these are 1,500 steps"),
        ({"momentum": 0.5, "steps": 1000, "seeds": 1}, "may be lucky"),
        ({"momentum": 0.5, "wide": True, "steps": 900}, "hit every heap"),
        ({"momentum": 0.5, "steps": 900, "lucky": 0}, "from the next start only 1.0"),
        ({"momentum": 0.5, "steps": 900, "start": 4, "lucky": 4}, "from the next start only 1.0"),
        ({"speed": 3, "steps": 900}, "speed"),
    ],
)
def test_wrong_game(refuses, settings, hint):
    refuses(check_game, settings, play, hint=hint)
