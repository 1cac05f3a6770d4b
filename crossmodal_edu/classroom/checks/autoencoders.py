"""The checks of chapter 10: a point rebuilt, weights counted, a loss that stays finite, a turn, a hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from crossmodal_edu.classroom.checks.checking import NotYet, check, gradient, number, shaped, slip


@check
def check_rebuilt(answer: Any) -> str:
    """The mean squared error of (3, 1) through the code 0.6 x + 0.8 y and back."""
    wrong = {
        2.6: "that is the code. What does the decoder make of it, and how far is that from (3, 1)?",
        3.24: "you added the two squares. The mean has one more step.",
        1.8: "that is the distance, the root of the sum of squares.",
        np.sqrt(1.62): "you took the root. The error is the mean of the squares itself.",
        1.26: "that is the mean of the absolute differences. Square them first.",
        0.18: "the two differences have different signs, and yours cancel. Square them first.",
        0.81: "divided once too often: there are two numbers.",
        ((3 - 2.6) ** 2 + (1 - 2.6) ** 2)
        / 2: "the code has to go through the decoder: (0.6, 0.8) times 2.6.",
    }
    given = number(answer)
    if abs(given - 1.6) < 1e-6:
        return "1.62, which you have rounded: code 2.6, rebuilt (1.56, 2.08), differences 1.44 and −1.08."
    otherwise = "first the code, 0.6 · 3 + 0.8 · 1; then the point that it stands for."
    slip(given, 1.62, wrong, otherwise, atol=0.004)
    return "code 2.6, rebuilt (1.56, 2.08), differences 1.44 and −1.08."


@check
def check_parameters(answer: Any) -> str:
    """The numbers that are learned in 1,728 → 128 → 32 → 128 → 1,728."""
    encoder, decoder = 1728 * 128 + 128 + 128 * 32 + 32, 32 * 128 + 128 + 128 * 1728 + 1728
    wrong = {
        encoder: "that is the encoder. The decoder learns too.",
        decoder: "that is the decoder. The encoder learns too.",
        encoder + decoder - (128 + 32 + 128 + 1728): "each unit has a bias as well.",
        2 * encoder: "the decoder ends in 1,728 units, each with a bias; the encoder ended in 32.",
        2 * 1728 * 32 + 32 + 1728: "there is a layer of 128 units on each side of the code.",
        1728 + 128 + 32 + 128 + 1728: "these are units. Every unit has a weight for each unit before it.",
        128 + 32 + 128 + 1728: "these are the biases alone.",
    }
    right = encoder + decoder
    slip(
        _counted(answer) - right,  # a whole number is right to the last digit
        0,
        {count - right: hint for count, hint in wrong.items()},
        "four layers; each has inputs × outputs weights and one bias an output.",
        atol=0.4,
    )
    return "452,576 numbers, learned from 1,206 pictures of 1,728."


def _counted(answer: Any) -> float:
    """A count, whose digits may stand in groups of three, as the book writes them."""
    if isinstance(answer, str) and re.fullmatch(r"\d{1,3}([ ,'’\u00a0\u202f]\d{3})+", answer.strip()):
        return float(re.sub(r"\D", "", answer))
    if isinstance(answer, tuple) and len(answer) > 1 and all(_is_group(part) for part in answer):
        groups = [str(answer[0]), *(f"{part:03}" for part in answer[1:])]
        raise NotYet(
            f"Python reads {','.join(groups)} as {len(groups)} numbers with a comma between them. "
            f"Write {'_'.join(groups)}, or the digits alone."
        )
    return number(answer)


def _is_group(part: Any) -> bool:
    return type(part) is int and 0 <= part < 1000


@check
def check_cross_entropy(loss: Callable[[Tensor, Tensor], Any]) -> str:
    """A function from logits (n, d) and shares (n, d) to their mean cross-entropy."""
    rng = torch.Generator().manual_seed(5)
    logits, wanted = 2 * torch.randn(6, 4, generator=rng), torch.rand(6, 4, generator=rng)
    right = F.binary_cross_entropy_with_logits(logits, wanted)
    each = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    guess = logits.sigmoid()
    with _Called() as called:
        got = loss(logits.clone(), wanted.clone())
    shapes = {
        (6, 4): "one number an entry came out. Take the mean over all of them.",
        (6,): "one number a row came out. The mean runs over rows and coordinates.",
        (4,): "one number a coordinate came out. The mean runs over rows and coordinates.",
    }
    wrong = [
        (each.sum(), "that is the sum over everything. Its size depends on the batch."),
        (
            each.sum(dim=1).mean(),
            "a sum over coordinates, though a mean over rows: it grows with their number.",
        ),
        (-right, "it is negative. The logarithm of a share is below 0; mind the sign."),
        (-(wanted * guess.log()).mean(), "half is missing: 1 − t says how dark a pixel is."),
        (right / np.log(2), "right, in bits. Here logarithms are natural."),
        ((guess - wanted).square().mean(), "that is the squared error of σ(x)."),
        (F.binary_cross_entropy_with_logits(guess, wanted), "the sigmoid was applied twice."),
        (F.binary_cross_entropy_with_logits(wanted, guess), "the two arguments have changed places."),
    ]
    one = shaped(got, (), "one number comes out", shapes)
    slip(one, right.item(), [(w.item(), hint) for w, hint in wrong], "−t ln σ(x) − (1 − t) ln(1 − σ(x)).")
    for x, t, want in ((500.0, 1.0, 0.0), (-500.0, 1.0, 500.0), (500.0, 0.0, 500.0), (-500.0, 0.0, 0.0)):
        extreme = float(shaped(loss(torch.tensor([[x]]), torch.tensor([[t]])), (), "one number comes out"))
        if not np.isfinite(extreme):
            raise NotYet(f"right for small numbers; for x = {x:g} and t = {t:g} it gives {extreme}. "
                         + _why_infinite(loss))  # fmt: skip
        if abs(extreme - want) > 1:
            raise NotYet(
                f"for x = {x:g} and t = {t:g} the answer is {want:g}, and yours {extreme:.4g}. Was something "
                "cut off, so that it stays finite? Then its slope is gone there, too."
            )
    return "the same as torch's, and finite for logits of 500." + _remark(loss, called.names, logits, wanted)


class _Called(TorchFunctionMode):
    """Which functions of torch are called inside of it, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {}))


def _remark(loss: Callable[[Tensor, Tensor], Any], called: set[str], logits: Tensor, wanted: Tensor) -> str:
    """What is worth knowing of a right answer: it is torch's own, or nothing can be learned from it."""
    if "binary_cross_entropy_with_logits" in called:
        return " (It is torch's. The sum is worth writing out once: what keeps it finite?)"
    if gradient(lambda x: loss(x, wanted.clone()), logits) is None:
        return " (A loss to train with has to stay a tensor, without item() or NumPy: yours has no slope.)"
    return ""


def _why_infinite(loss: Callable[[Tensor, Tensor], Any]) -> str:
    """A sigmoid that reached 1 fails at 60 already, where e to the x is still a number."""
    pairs = [(60.0, 0.0), (60.0, 1.0), (-60.0, 0.0), (-60.0, 1.0)]
    if all(np.isfinite(float(loss(torch.tensor([[x]]), torch.tensor([[t]])))) for x, t in pairs):
        return (
            "e^500 is larger than any number in single precision, and e^−500 is just 0. "
            "Can you write it so that nothing is raised to a positive power?"
        )
    return (
        "With the digits that a computer keeps, in double precision too, σ(500) is 1, and ln(1 − 1) is −∞. "
        "Is there a way without σ?"
    )


@check
def check_turn(turn: Callable[[Tensor, Tensor], Any]) -> str:
    """A function from two tables (n, k) to the orthogonal matrix that brings one nearest to the other."""
    rng = torch.Generator().manual_seed(2)
    one = torch.randn(40, 5, generator=rng) * torch.tensor([3.0, 2.0, 1.5, 1.0, 0.5])
    one = one - one.mean(dim=0)
    true = torch.linalg.qr(torch.randn(5, 5, generator=rng)).Q
    true[:, 0] *= -torch.linalg.det(true).sign()  # a turn with a mirror in it
    noise = 0.3 * torch.randn(40, 5, generator=rng)
    other = one @ true + noise - noise.mean(dim=0)
    u, _, vh = torch.linalg.svd(one.T @ other)
    best = u @ vh
    answer = turn(one.clone(), other.clone())
    if isinstance(answer, tuple) and len(answer) == 2 and np.ndim(answer[1]) == 0 < np.ndim(answer[0]):
        raise NotYet("two things came out, a matrix and one number (SciPy's scale). Return the matrix alone.")
    got = torch.from_numpy(shaped(answer, (5, 5), "five numbers are turned into five")).float()
    if not torch.isfinite(got).all():
        raise NotYet("there is NaN or infinity in it.")
    straight = torch.linalg.lstsq(one, other).solution
    wrong = [
        (
            straight,
            "that is least squares, which also stretches. A turn keeps all lengths: turn @ turn.T = 1.",
        ),
        (torch.linalg.pinv(other) @ one, "least squares, and from the second to the first."),
        (torch.eye(5), "nothing was turned."),
        (best.T, "the right turn, the other way round: one @ turn should be near other."),
        (u @ vh.T, "torch.linalg.svd gives Vᵀ already, and yours is transposed once more."),
        (u.T @ vh, "U is transposed. With U S Vᵀ = oneᵀ other, the turn is U Vᵀ."),
        (
            u @ torch.diag(torch.tensor([1.0, 1, 1, 1, -1])) @ vh,
            "mirrors are allowed here; yours leaves one out.",
        ),
    ]
    hint = "take the singular value decomposition of oneᵀ other, and leave the singular values out."
    if not torch.allclose(got @ got.T, torch.eye(5), atol=1e-3):
        slip(got, best, wrong, "it is not orthogonal: turn @ turn.T is not the identity.", atol=1e-3)
    slip(got, best, wrong, hint, atol=1e-3)
    _judge_uncentred(turn, rng)
    wide = torch.randn(7, 3, generator=rng)
    slip(turn(wide, wide), torch.eye(3), otherwise="a table and itself need no turn.", atol=1e-3)
    return "lengths and angles stay, and the two tables lie as near as any turn can bring them."


def _judge_uncentred(turn: Callable[[Tensor, Tensor], Any], rng: torch.Generator) -> None:
    """Two tables whose means are far from 0 and no turn of each other: they are to be taken as they are."""
    one = torch.randn(30, 4, generator=rng) + torch.tensor([4.0, 0.0, 1.0, 0.0])
    other = torch.randn(30, 4, generator=rng) + torch.tensor([0.0, -3.0, 0.0, 2.0])

    def best(first: Tensor, second: Tensor) -> Tensor:
        u, _, vh = torch.linalg.svd(first.T @ second)
        return u @ vh

    less = [table - table.mean(dim=0) for table in (one, other)]
    as_they_are = "one @ turn should be near other, the two as they are. Centring is another question."
    wrong = [(best(*less), f"right for tables of mean 0, and these are not: {as_they_are}")]
    got = shaped(turn(one.clone(), other.clone()), (4, 4), "four numbers are turned into four")
    slip(got, best(one, other), wrong, "right for tables of mean 0, and wrong for others.", atol=1e-3)


@check
def check_hold(hold: Callable[[Tensor], Any]) -> str:
    """A function from codes (n, k) to how far the spread of their numbers stays below 1, as a mean."""
    rng = torch.Generator().manual_seed(1)
    shape = torch.randn(5000, 4, generator=rng)
    shape = (shape - shape.mean(dim=0)) / shape.std(dim=0)
    codes = shape * torch.tensor([0.2, 0.5, 0.7, 1.5]) + torch.tensor([0.5, 0.3, -0.2, 0.1])
    right = (0.8 + 0.5 + 0.3) / 4
    spread = codes.std(dim=0)
    shapes = {
        (4,): "one number for each number of the code. Take their mean.",
        (5000,): "one number a row: the spread runs over the batch, dim=0.",
    }
    wrong = [
        (right * 4, "a sum over the numbers of the code; the mean was asked for."),
        ((1 - spread).mean(), "a number that spreads by 1.5 pays for one that has shrunk. Cut off at 0."),
        ((1 - spread).abs().mean(), "a spread above 1 is no mistake here. Cut off at 0."),
        ((1 - spread).square().mean(), "that pulls a spread of 1.5 back to 1. Cut off at 0."),
        ((1 - spread.square()).relu().mean(), "that is the variance. The spread is its root."),
        ((1 - codes.std()).relu(), "one spread of all numbers together: a large one hides a small one."),
        ((1 - codes.std(dim=1)).relu().mean(), "the spread runs over the batch, dim=0, not within a code."),
        ((1 - codes.square().mean(dim=0).sqrt()).relu().mean(), "the mean of each number has to go first."),
        (-right, "the sign: shrinking has to cost something."),
        ((spread - 1).relu().mean(), "that punishes what is wide. Shrinking is the problem."),
    ]
    got = shaped(hold(codes.clone()), (), "one number comes out", shapes)
    known = [(float(value), hint) for value, hint in wrong]
    slip(got, right, known, "for each number of the code: 1 less its spread, but at least 0.", atol=1e-3)
    slip(hold(10 * shape), 0.0, otherwise="codes that spread by 10 should cost nothing.", atol=1e-3)
    if gradient(hold, 0.5 * shape) is None:
        raise NotYet("right, but nothing can be learned from it: keep it a tensor, without item() or NumPy.")
    return "0 for codes that spread, up to 1 for codes that have shrunk to a point."
