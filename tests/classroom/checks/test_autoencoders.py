"""Chapter 10: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from torch.nn import functional as F

from crossmodal_edu.classroom.checks.autoencoders import (
    check_cross_entropy,
    check_hold,
    check_parameters,
    check_rebuilt,
    check_turn,
)


def test_untouched(ignores):
    for check in (check_rebuilt, check_parameters):
        ignores(check, function=False)
    for check in (check_cross_entropy, check_turn, check_hold):
        ignores(check)


@pytest.mark.parametrize(
    "answer", [1.62, "1.62", np.float64(1.62), torch.tensor([1.62]), (1.44**2 + 1.08**2) / 2, 1.6, "1.6"]
)
def test_rebuilt(accepts, answer):
    accepts(check_rebuilt, answer)


def test_a_rounded_answer_is_right_and_told_so(accepts):
    assert "which you have rounded" in accepts(check_rebuilt, 1.6).reason


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (2.6, "the code"),
        (3.24, "one more step"),
        (1.8, "the distance"),
        (1.62**0.5, "the root"),
        (1.26, "absolute"),
        (0.18, "cancel"),
        (0.81, "once too often"),
        (1.36, "through the decoder"),
        (-1.62, "first the code"),
        (1.65, "first the code"),
        (1.5, "first the code"),
        ("small", "one number"),
        ((1, 62), "a point"),
    ],
)
def test_wrong_rebuilt(refuses, answer, hint):
    refuses(check_rebuilt, answer, hint=hint)


@pytest.mark.parametrize(
    "answer",
    [
        452_576,
        "452576",
        "452,576",
        " 452 576",
        "452_576",
        np.int64(452_576),
        2 * 1728 * 128 + 2 * 128 * 32 + 128 + 32 + 128 + 1728,
    ],
)
def test_parameters(accepts, answer):
    accepts(check_parameters, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (225_440, "the encoder."),
        (227_136, "the decoder."),
        (450_560, "a bias as well"),
        (450_880, "ends in 1,728"),
        (112_352, "a layer of 128"),
        (3_744, "these are units"),
        (2_016, "biases alone"),
        (452_575, "four layers"),
        ("450,560", "a bias as well"),
        ("452,5760", "one number"),
        ((452, 576), "452_576, or the digits alone"),
        ((3, 7), "Python reads 3,007 as 2 numbers"),
        ((1, 2, 576), "1_002_576"),
        ((1728, 128), "one number"),
        ([1728, 128], "one number"),
    ],
)
def test_wrong_parameters(refuses, answer, hint):
    refuses(check_parameters, answer, hint=hint)


def stable(x, t):
    return (x.clamp(min=0) - x * t + torch.log1p(torch.exp(-x.abs()))).mean()


def by_numpy(x, t):
    x, t = x.double().numpy(), np.asarray(t, dtype=float)
    return np.mean(np.logaddexp(0, x) - x * t)


def by_loops(x, t):
    rows = [F.softplus(a) - a * b for a, b in zip(x.flatten(), t.flatten(), strict=True)]
    return [float(sum(rows) / len(rows))][0]


@pytest.mark.parametrize(
    "loss",
    [
        stable,
        by_numpy,
        by_loops,
        F.binary_cross_entropy_with_logits,
        lambda x, t: -(t * F.logsigmoid(x) + (1 - t) * F.logsigmoid(-x)).mean(),
    ],
)
def test_cross_entropy(accepts, loss):
    accepts(check_cross_entropy, loss)


@pytest.mark.parametrize(
    ("loss", "remark"),
    [
        (F.binary_cross_entropy_with_logits, "It is torch's"),
        (torch.nn.BCEWithLogitsLoss(), "It is torch's"),
        (lambda x, t: F.binary_cross_entropy_with_logits(x, t).item(), "It is torch's"),
        (lambda x, t: stable(x, t).item(), "no slope"),
        (lambda x, t: stable(x, t).detach(), "no slope"),
        (by_numpy, "no slope"),
        (lambda x, t: torch.tensor(by_numpy(x, t)), "no slope"),
        (by_loops, "no slope"),
        (lambda x, t: stable(x.double(), t), "logits of 500."),
        (lambda x, t: (F.softplus(x) - x * t).mean(), "logits of 500."),
    ],
)
def test_a_right_cross_entropy_is_told_what_it_cannot_do(accepts, loss, remark):
    reason = accepts(check_cross_entropy, loss).reason
    assert remark in reason and ("(" in reason) == (not remark.endswith("500.")), reason


def naive(x, t):
    return -(t * x.sigmoid().log() + (1 - t) * (1 - x.sigmoid()).log()).mean()


def clipped(x, t):
    p = x.sigmoid().clamp(1e-6, 1 - 1e-6)
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


def shown(x, t):
    print(stable(x, t))


def overflowing(x, t):
    return ((1 + x.exp()).log() - x * t).mean()


def overflowing_for_negative(x, t):
    return ((1 + (-x).exp()).log() + (1 - t) * x).mean()


def by_cases(x, t):
    return (
        torch.where(t > 0, -t * x.sigmoid().log(), 0)
        - torch.where(t < 1, (1 - t) * (1 - x.sigmoid()).log(), 0)
    ).mean()


@pytest.mark.parametrize(
    ("loss", "hint"),
    [
        (naive, "500"),
        (naive, "ln(1 − 1)"),
        (by_cases, "ln(1 − 1)"),
        (lambda x, t: naive(x.double(), t.double()), "in double precision too"),
        (overflowing, "larger than any number"),
        (overflowing_for_negative, "larger than any number"),
        (clipped, "cut off"),
        (shown, "print"),
        (lambda x, t: stable(x, t) * x.numel(), "sum over everything"),
        (lambda x, t: stable(x, t) * x.shape[1], "sum over coordinates"),
        (lambda x, t: -stable(x, t), "mind the sign"),
        (lambda x, t: -(t * F.logsigmoid(x)).mean(), "half is missing"),
        (lambda x, t: stable(x, t) / np.log(2), "in bits"),
        (lambda x, t: (x.sigmoid() - t).square().mean(), "squared error"),
        (lambda x, t: stable(x.sigmoid(), t), "twice"),
        (lambda x, t: stable(t, x.sigmoid()), "changed places"),
        (lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"), "an entry"),
        (lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none").mean(dim=1), "a row"),
        (lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none").mean(dim=0), "a coordinate"),
        (lambda x, t: F.binary_cross_entropy(x, t), "code stopped"),
        (lambda x, t: 0.7, "ln σ(x)"),
    ],
)
def test_wrong_cross_entropy(refuses, loss, hint):
    refuses(check_cross_entropy, loss, hint=hint)


def turned(one, other):
    u, _, vh = torch.linalg.svd(one.T @ other)
    return u @ vh


@pytest.mark.parametrize(
    "turn",
    [
        turned,
        lambda a, b: turned(a.double(), b.double()),
        lambda a, b: scipy.linalg.orthogonal_procrustes(a.numpy(), b.numpy())[0],
        lambda a, b: turned(a, b).tolist(),
        lambda a, b: turned(b, a).T,
    ],
)
def test_turn(accepts, turn):
    accepts(check_turn, turn)


def parts(one, other):
    return torch.linalg.svd(one.T @ other)


@pytest.mark.parametrize(
    ("turn", "hint"),
    [
        (lambda a, b: torch.linalg.lstsq(a, b).solution, "stretches"),
        (lambda a, b: torch.linalg.pinv(b) @ a, "from the second"),
        (lambda a, b: torch.eye(a.shape[1]), "nothing was turned"),
        (lambda a, b: turned(a, b).T, "other way round"),
        (lambda a, b: turned(b, a), "other way round"),
        (lambda a, b: parts(a, b).U @ parts(a, b).Vh.T, "once more"),
        (lambda a, b: parts(a, b).U.T @ parts(a, b).Vh, "U is transposed"),
        (
            lambda a, b: parts(a, b).U @ torch.diag(torch.tensor([1.0, 1, 1, 1, -1])) @ parts(a, b).Vh,
            "mirrors",
        ),
        (lambda a, b: a @ turned(a, b), "five"),
        (lambda a, b: a.T @ b, "not orthogonal"),
        (lambda a, b: torch.linalg.qr(a.T @ b).Q, "singular value"),
        (lambda a, b: turned(a - a.mean(dim=0), b), "Centring is another question"),
        (lambda a, b: turned(a - a.mean(dim=0), b - b.mean(dim=0)), "Centring is another question"),
        (lambda a, b: torch.full((5, 5), torch.nan), "NaN"),
        (lambda a, b: scipy.linalg.orthogonal_procrustes(a.numpy(), b.numpy()), "SciPy's scale"),
        (lambda a, b: list(parts(a, b)), "different lengths"),
        (lambda a, b: print(turned(a, b)), "print"),
    ],
)
def test_wrong_turn(refuses, turn, hint):
    refuses(check_turn, turn, hint=hint)


@pytest.mark.parametrize(
    "hold",
    [
        lambda z: (1 - z.std(dim=0)).relu().mean(),
        lambda z: (1 - z.std(dim=0, correction=0)).clamp(min=0).mean(),
        lambda z: sum(torch.relu(1 - number.std()) for number in z.T) / z.shape[1],
        lambda z: F.relu(1 - (z.var(dim=0) + 1e-6).sqrt()).mean(),
    ],
)
def test_hold(accepts, hold):
    accepts(check_hold, hold)


@pytest.mark.parametrize(
    ("hold", "hint"),
    [
        (lambda z: (1 - z.std(dim=0)).relu().sum(), "a sum"),
        (lambda z: (1 - z.std(dim=0)).mean(), "pays for"),
        (lambda z: (1 - z.std(dim=0)).abs().mean(), "no mistake"),
        (lambda z: (1 - z.std(dim=0)).square().mean(), "pulls"),
        (lambda z: (1 - z.var(dim=0)).relu().mean(), "variance"),
        (lambda z: (1 - z.std()).relu(), "hides"),
        (lambda z: (1 - z.std(dim=1)).relu().mean(), "not within a code"),
        (lambda z: (1 - z.square().mean(dim=0).sqrt()).relu().mean(), "has to go first"),
        (lambda z: -(1 - z.std(dim=0)).relu().mean(), "the sign"),
        (lambda z: (z.std(dim=0) - 1).relu().mean(), "wide"),
        (lambda z: (1 - z.std(dim=0)).relu(), "their mean"),
        (lambda z: (1 - z.std(dim=1)).relu(), "dim=0"),
        (lambda z: (1 - z.std(dim=0)).relu().mean().item(), "nothing can be learned"),
        (lambda z: print(z.std()), "print"),
        (lambda z: 0.4 + 0 * z.sum(), "cost nothing"),
        (lambda z: 0.1, "1 less its spread"),
    ],
)
def test_wrong_hold(refuses, hold, hint):
    refuses(check_hold, hold, hint=hint)
