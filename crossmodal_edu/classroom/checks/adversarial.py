"""The checks of chapter 11: the best judge, a loss, a gradient turned round, the largest stretch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.classroom.checks.checking import NotYet, check, gradient, number, numbers, shaped, slip


@check
def check_judge(answer: Any) -> str:
    """The best discriminator's answer where real points have density 0.3 and made ones 0.1."""
    wrong = {
        0.25: "that is the probability of “made”. D is that of “real”.",
        3.0: "0.3 / 0.1 is the ratio. A probability lies between 0 and 1: divide by the sum of both.",
        1 / 3: "0.1 / 0.3 is a ratio of the two. Divide by their sum.",
        0.5: "half is right where both densities are equal. Here real points are three times as dense.",
        0.3: "that is p itself. How much of all that lands here is real?",
        0.03: "the product says how often both land here. Divide p by the sum.",
        0.4: "that is what lands here in all. Which share of it is real?",
        0.2: "that is the difference. Which share of what lands here is real?",
        log(3): "that is the best logit, ln(p / q). The sigmoid of it is asked for.",
    }
    value = number(answer)
    slip(
        value / 100 if value == 75 else value,
        0.75,
        wrong,
        "D = p / (p + q), with p = 0.3 and q = 0.1.",
        0.004,
    )
    return "0.3 of 0.4 are real. Only the ratio of the densities counts: 3 and 1 give the same."


@check
def check_generator_loss(loss: Callable[[Tensor], Tensor]) -> str:
    """A function from the discriminator's logits of made things to the non-saturating loss."""
    logits = torch.tensor([0.5, -2.0, 1.5, -0.3])
    got = number(loss(logits.clone()))
    right = F.softplus(-logits).mean()
    wrong = {
        -F.softplus(
            logits
        ).mean(): "that is ln(1 − D), the saturating one: its slope vanishes where D is near 0.",
        F.softplus(
            logits
        ).mean(): "that is what the *discriminator* wants of made things. The generator wants "
        "them to be taken for real.",
        -right: "the sign: a loss is made small, and the generator wants ln D large.",
        F.softplus(-logits).sum(): "that is the sum. With a larger batch it would grow.",
        -logits.sigmoid().mean(): "that is −D. Where is its logarithm?",
        -logits.sigmoid().mean().log(): "the mean was taken before the logarithm: mean(ln D) is asked for, "
        "not ln(mean D).",
        -logits.mean(): "logits are no probabilities: σ(logit) is.",
    }
    slip(
        got,
        right,
        wrong,
        f"for the logits {logits.tolist()} it should be {right:.3f}, and yours is {got:.3f}.",
    )
    one = number(loss(torch.tensor([1.0])))
    slip(one, F.softplus(torch.tensor(-1.0)), otherwise="right for four logits and wrong for one.")
    sure = number(loss(torch.tensor([-200.0, -200.0])))
    if not np.isfinite(sure):
        raise NotYet(
            "right, but for logits of −200 it gives infinity: σ(−200) is 0 in single precision. "
            "softplus(−x) is −ln σ(x) without the detour."
        )
    slip(sure, 200.0, otherwise="for logits of −200 the loss is 200. Was something clipped on the way?")
    slopes = gradient(loss, torch.tensor([-200.0, -200.0]))
    if slopes is None:
        return (
            "the number is. But no gradient comes back from it (.item(), float() and NumPy cut it off), so "
            "no generator could learn from it. Kept as a tensor, it has the slope −1 at a logit of −200."
        )
    slip(
        2 * slopes,
        torch.tensor([-1.0, -1.0]),
        otherwise=f"the number is right, but at a logit of −200 the slope is {2 * slopes[0]:.3g}, not −1. "
        "(torch.where differentiates both branches, also the one that it does not take.)",
    )
    return "and where the discriminator is sure, the slope with respect to the logit is −1, not 0."


@check
def check_reversal(reverse: Callable[[Tensor, float], Tensor]) -> str:
    """A function of x and strength: x itself, whose gradient comes back times −strength."""
    x = torch.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    out = reverse(x, 0.5)
    if not isinstance(out, Tensor):
        raise NotYet("it has to stay a tensor: NumPy and lists carry no gradient.")
    shown = shaped(out, (2, 2), "the shape stays")
    slip(
        shown,
        x.detach(),
        [
            (
                -x.detach(),
                "the numbers have changed their sign on the way *forward*. Only the gradient turns round.",
            ),
            (-0.5 * x.detach(), "the numbers were multiplied, too. On the way forward nothing may change."),
            (0.5 * x.detach(), "the numbers were multiplied, too. On the way forward nothing may change."),
        ],
        "on the way forward the numbers stay as they are.",
    )
    if not out.requires_grad:
        raise NotYet("no gradient comes back at all: everything was detached.")
    weights = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    (back,) = torch.autograd.grad((out * weights).sum(), x)
    wrong = [
        (weights, "forward is right, but the gradient comes back unchanged."),
        (-weights, "turned round, but `strength` is not used."),
        (0.5 * weights, "multiplied by the strength, but not turned round."),
        (1.5 * weights, "the sign: the part that carries the gradient has to be subtracted."),
        (-1.5 * weights, "the gradient comes through one time too often. Which x should be detached?"),
        (0 * weights, "no gradient comes back: the part that should carry it is detached."),
        (-2 * weights, "divided by the strength, not multiplied."),
    ]
    slip(back, -0.5 * weights, wrong, "the gradient should come back times −strength.")
    again = x.detach().clone().requires_grad_()
    (both,) = torch.autograd.grad((reverse(again, 0.5) * weights).sum() + again.sum(), again)
    hooked = "right while x goes nowhere else. What comes back to x by another way is turned round as well: "
    hooked += "work on a new tensor, not on x itself."
    slip(both, 1 - 0.5 * weights, [(-0.5 * (weights + 1), hooked)], hooked)
    (none,) = torch.autograd.grad(reverse(x, 0.0).sum(), x)
    slip(none, torch.zeros(2, 2), otherwise="right for 0.5. With strength 0 no gradient may come through.")
    told = "a forward pass of nothing, and a backward pass of −strength."
    if type(out.grad_fn).__name__ in ("AddBackward0", "SubBackward0") and not out._backward_hooks:
        told += (
            " (If this is the chapter's formula in another order, write the hook or the Function as well: "
            "they are the other road.)"
        )
    return told


@check
def check_stretch(stretch: Callable[[Tensor], Any]) -> str:
    """A function from a matrix to its largest singular value, without a library's decomposition."""
    matrices = [
        torch.randn(5, 3, generator=torch.Generator().manual_seed(5)),
        torch.tensor([[3.0, 4.0], [0.0, 5.0]]),
    ]
    for matrix in [*matrices, matrices[0].T]:
        got, right = number(stretch(matrix.clone())), torch.linalg.matrix_norm(matrix, 2)
        wrong = {
            matrix.norm(): "that is the root of the sum of all squares, over all directions. The largest "
            "singular value looks at the direction that is stretched most.",
            right**2: "that is its square: AᵀA stretches twice.",
            matrix.abs().max(): "that is the largest entry.",
            torch.linalg.matrix_norm(matrix, 1): "that is the largest sum of a column.",
            torch.linalg.matrix_norm(matrix, torch.inf): "that is the largest sum of a row.",
            1.0: "a vector of length one, and its length again. Measure |A v| after v has turned to the "
            "right direction.",
        }
        told = f"for a matrix of shape {tuple(matrix.shape)} it is {right:.4f}, and yours is {got:.4f}. "
        slip(got, right, wrong, told + "More rounds? Is v made of length one in each?", atol=2e-3)
    return "it agrees with the decomposition, for tall, wide and square. (If you called one: do it without.)"


@check
def check_game(settings: Any, play: Callable[..., Mapping[str, Any]]) -> str:
    """Settings of the game on the ring that find most of the heaps in 1,000 steps, from two starts."""
    if not isinstance(settings, Mapping):
        raise NotYet("a dictionary of settings, such as {'momentum': 0.7}.")
    if not settings:
        raise NotYet(
            "these are the settings of the slow judge, with which two heaps are found at best. Change one."
        )
    if "seeds" in settings:
        raise NotYet("leave the seeds as they are: one of them may be lucky, ten hardly.")
    steps, start = settings.get("steps", 3000), settings.get("start", 0)
    if steps > 1000:
        raise NotYet(f"these are {steps:,} steps. Ask for 1,000 or fewer: {{'steps': 1000, …}}.")
    told = []
    for each in (start, start + 1):
        result = play(**{**settings, "start": each})
        modes, good = numbers(result["modes"]).mean(), numbers(result["good"]).mean()
        told.append(f"{modes:.1f} of 8 heaps, and {good:.0%} of the points in one of them")
        if modes < 7 and each == start:
            raise NotYet(
                f"{modes:.1f} of 8 heaps on average. Which repairs of the chapter helped most, and which has "
                "it not put together? And are the steps too few for it?"
            )
        if modes < 7:
            raise NotYet(f"{told[0]}; but from the next start only {modes:.1f} heaps. Both have to reach 7.")
        if good < 0.3:
            raise NotYet(
                f"{modes:.1f} heaps, but only {good:.0%} of the points lie in one. "
                "Points everywhere hit every heap, too."
            )
    return f"{told[0]}; from the next start {told[1]}."
