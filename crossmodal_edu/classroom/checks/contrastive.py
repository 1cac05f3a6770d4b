"""The checks of chapter 12: the loss, its slope, its targets, and a space that finds more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log, log2, log10
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.classroom.checks.checking import NotYet, check, number, numbers, shaped, slip
from crossmodal_edu.evaluation.intervals import paired_difference
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.linear import LinearSpace

_SCORES = torch.tensor([[0.9, 0.2, -0.4], [0.1, 0.3, 0.8], [-0.6, 0.5, 0.4]])
_TAU = 0.25
_UNEVEN = torch.tensor([[0.9, 0.1], [-0.9, -0.95]])  # logits 90, 10 and −90, −95 at 0.01
_UNEVEN_TOLD = "[[0.9, 0.1], [−0.9, −0.95]] at 0.01"


@check
def check_ignorant(answer: Any) -> str:
    """The loss of 32 equal vectors at temperature 0.05, in nats."""
    tau = "the temperature divides all logits alike, and equal logits stay equal: it makes no difference."
    wrong = {
        log2(32): "that is log₂ 32, in bits. In nats it is ln 32.",
        log10(32): "which logarithm? ln is the natural one: ln 2 ≈ 0.69.",
        0: "0 would be the loss of someone who is sure and right. This one has to guess.",
        1 / 32: "1 / 32 is how likely the right answer seems. The loss is minus its logarithm.",
        log(1 / 32): "the sign: a loss is minus the logarithm of a probability, and so at least 0.",
        32: "32 is how many answers there are. How surprised is somebody who guessed among 32?",
        20: tau,
        log(32) / 0.05: tau,
        log(32) * 0.05: tau,
        3.5: "so far so good, and rounded a little too far: two decimals are asked for.",
        log(31): "the right answer is one of the 32 classes too, beside 31 wrong ones.",
        2 * log(32): "rows and columns are averaged, not added.",
    }
    otherwise = "each of 32 equal logits gets the probability 1 / 32."
    slip(number(answer), log(32), wrong, otherwise, atol=0.01)
    return "ln 32 = 3.47, at any temperature: also the most that a batch of 32 can ever tell."


@check
def check_loss(loss: Callable[[Tensor, float], Tensor]) -> str:
    """A function from cosines (n, n) and a temperature to the mean of −ln p(right) over the rows."""
    got = loss(_SCORES.clone(), _TAU)
    got = shaped(got, (), "one number for the whole batch, the mean over its rows",
                 {(3,): "one number a row is right so far. The loss is their mean.",
                  (3, 3): "a number for each pair. Of each row, only the right one counts."})  # fmt: skip
    logits = _SCORES / _TAU
    rows, columns = logits.log_softmax(dim=1).diagonal(), logits.log_softmax(dim=0).diagonal()
    wrong = {
        rows.mean(): "the sign: a probability has a logarithm below 0, and a loss is minus that.",
        -columns.mean(): "the softmax ran down the columns. Each *row* is a question: dim=1.",
        -(rows + columns).mean() / 2: "that is the mean of both directions. Only rows are asked for here.",
        -rows.sum(): "that is the sum over the rows. The loss is their mean.",
        -_SCORES.log_softmax(dim=1).diagonal().mean(): "the temperature is missing.",
        -(_SCORES * _TAU).log_softmax(dim=1).diagonal().mean(): "cosines are divided by the temperature.",
        -logits.softmax(dim=1).diagonal().mean(): "that is the mean probability. Its logarithm is missing.",
        -logits.softmax(dim=1).diagonal().mean().log(): "first the logarithm, then the mean over the rows.",
        -logits.log_softmax(dim=1).mean(): "all nine entered. Of each row only the right one counts.",
        -logits.diagonal().mean(): "the right logits alone. What are they compared with?",
        -torch.log(logits.exp().diagonal() / (logits.exp().sum(dim=1) - logits.exp().diagonal())).mean():
            "the right answer stands in the denominator too: the probabilities of a row add up to 1.",
        -logits.flatten().log_softmax(dim=0).view(3, 3).diagonal().mean():
            "the softmax ran over all nine. Each row is a question of its own.",
    }  # fmt: skip
    right = -rows.mean()
    slip(got, right, wrong, f"for a batch of three the loss is {right:.3f}, not {float(got):.3f}.")
    cold = _loss_or_infinity(loss, torch.eye(4) - torch.eye(4).roll(1, 0), 0.002)
    if not np.isfinite(cold) or cold > 1e-3:
        raise NotYet(
            f"right for a temperature of {_TAU}. At 0.002 a logit is 500, and e⁵⁰⁰ is infinity: your loss is "
            f"{cold:g}. Subtract each row's maximum before you exponentiate, or use logsumexp."
        )
    # logits 0 where right, 1000 beside it
    mistaken = _loss_or_infinity(loss, torch.eye(4).roll(1, 0), 0.001)
    if not abs(mistaken - 1000) < 0.1:
        raise NotYet(
            "right while the model is sure and right. One that is sure and wrong by 1,000 logits has to pay "
            f"1000; yours pays {mistaken + 0.0:g}. "
            "The right answer's probability is e⁻¹⁰⁰⁰, for a computer 0, and "
            "its logarithm is lost. Can the logarithm be had without the probability?"
        )
    got = float(numbers(loss(_UNEVEN.clone(), 0.01)))
    if not abs(got - 2.503) < 0.005:
        raise NotYet(
            "right as long as the rows are alike. Where all cosines of one row are far below another's, "
            f"{_UNEVEN_TOLD}, the loss is 2.503, and yours {got:g}. Is it each row's *own* maximum "
            "that you subtract?"
        )
    lone = float(numbers(loss(torch.tensor([[0.3]]), 0.5)))
    if abs(lone) > 1e-5:
        raise NotYet(f"a batch of one has one answer, and its loss is 0; yours is {lone:.3f}.")
    return (
        "minus the logarithm of the right answer's probability, and finite however cold. "
        "(If cross_entropy said so: do it without.)"
    )


def _loss_or_infinity(loss: Callable[[Tensor, float], Tensor], scores: Tensor, temperature: float) -> float:
    """``math`` raises an error where torch gives an infinity."""
    try:
        return float(numbers(loss(scores, temperature)))
    except (OverflowError, ValueError):
        return float("inf")


@check
def check_slope(slope: Callable[[Tensor, float], Tensor]) -> str:
    """A function from cosines (n, n) and a temperature to the slope of the loss at each of them."""
    got = slope(_SCORES.clone(), _TAU)
    got = shaped(got, (3, 3), "a slope for each of the 3 × 3 cosines",
                 {(): "one number: the slope has one for each cosine.", (3,): "one number a row; a slope has "
                  "one for each cosine."})  # fmt: skip
    p = (_SCORES / _TAU).softmax(dim=1)
    eye = torch.eye(3)
    right = (p - eye) / _TAU / 3
    wrong = {
        (p - eye) / _TAU: "that is the slope of each row's own loss. The loss is the *mean* of three rows.",
        (p - eye) / 3: "the temperature: cosines are divided by it, so a step of a cosine counts 1/τ times.",
        (p - eye): "p − 1 where it is right, p elsewhere: yes. Then the temperature, and the mean over rows.",
        (p - eye) * _TAU / 3: "divided by the temperature, not multiplied.",
        -right: "the sign: the right cosine has to *rise* for the loss to fall, so its slope is negative.",
        p / _TAU / 3: "the right answers are missing: theirs is p − 1.",
        ((_SCORES / _TAU).softmax(dim=0) - eye) / _TAU / 3: "the softmax ran down the columns.",
        (_SCORES.softmax(dim=1) - eye) / _TAU / 3: "the temperature belongs into the softmax too.",
    }
    slip(got, right, wrong, _first_off(got, right.numpy()))
    scores, tau = torch.linspace(-0.9, 0.8, 25).view(5, 5).sin(), 0.1  # another n, another temperature
    p, eye = (scores / tau).softmax(dim=1), torch.eye(5)
    right = (p - eye) / tau / 5
    got = shaped(slope(scores.clone(), tau), (5, 5), "a batch of five has 5 × 5 slopes")
    warm = (scores / _TAU).softmax(dim=1)
    wrong = {
        (p - eye) / tau / 3: "right for three rows. The mean over five divides by five.",
        (warm - eye)
        / _TAU
        / 5: f"right for a temperature of {_TAU}. But the temperature is handed over: use it.",
    }
    otherwise = "right for three rows. For five, at a temperature of 0.1: "
    slip(got, right, wrong, otherwise + _first_off(got, right.numpy()))
    cold = numbers(slope(torch.eye(4).roll(1, 0), 0.002))
    if not np.isfinite(cold).all():
        raise NotYet("right here, but at a temperature of 0.002 it is not a number: e⁵⁰⁰ is infinity.")
    otherwise = (
        "right here, but at a temperature of 0.002, where the model is sure and wrong, each row of four has "
        "one slope of −125, one of 125 and two zeros."
    )
    slip(cold, (torch.eye(4).roll(1, 0) - torch.eye(4)) / 0.002 / 4, (), otherwise)
    uneven = numbers(slope(_UNEVEN.clone(), 0.01))
    otherwise = (
        "right as long as the rows are alike. Where all cosines of one row are far below another's, "
        f"{_UNEVEN_TOLD}, it is not. Is it each row's *own* maximum that you subtract?"
    )
    slip(uneven, torch.tensor([[0.0, 0.0], [50.0, -50.0]]), (), otherwise, atol=0.5)
    return (
        "what is too likely is pushed away, what is too little likely drawn near, each row adding up to 0. "
        "(If autograd said so: do it by the formula.)"
    )


@check
def check_targets(targets: Callable[[Sequence[str]], Tensor]) -> str:
    """A function from n titles to the (n, n) shares of the right answers."""
    titles = ["red bag", "Blue shoe", "red bag", "RED BAG", "blue shoe", "hat"]
    got = targets(list(titles))
    got = shaped(got, (6, 6), "a row and a column for each title of the batch",
                 {(3, 3): "a row for each *different* title. A batch of six products has six rows.",
                  (6,): "one number a title. Which columns are right for it?"})  # fmt: skip
    keys = np.array([title.casefold() for title in titles])
    same = (keys[:, None] == keys[None, :]).astype(float)
    exact = (np.array(titles)[:, None] == np.array(titles)[None, :]).astype(float)
    right = same / same.sum(axis=1, keepdims=True)
    wrong = [
        (np.eye(6), "only the product itself: those with the same title are right too."),
        (same, "which are right is found. The shares of each row should add up to 1."),
        (exact, "capitals make no difference, and the shares of each row should add up to 1."),
        (exact / exact.sum(axis=1, keepdims=True), "capitals make no difference: RED BAG is a red bag."),
        (same / same.sum(), "the whole table adds up to 1. It is each *row* that is a question."),
        (same / 6, "divided by the batch. How many right answers has *this* title?"),
        (same - np.eye(6), "a product is a right answer for itself, too."),
        (1 - same, "the other way round: 0 where the titles are equal."),
    ]
    slip(got, right, wrong, "row 1 has three right answers, a third for each.")
    shaped(targets(["one"]), (1, 1), "a batch of one title has one row")
    return "equal parts for all that bear the title. In a batch of different titles it is the identity."


@check
def check_space_found(
    space: Any,
    measure: Callable[[Any], Mapping[str, Float[np.ndarray, "q"]]],
    before: Mapping[str, Float[np.ndarray, "q"]],
) -> str:
    """A space of three modalities that finds more of words and pictures than the chapter's, and still hears.

    ``measure`` gives a value for each query, under "words ↔ pictures" and "words → sounds".
    """
    if not (hasattr(space, "embed") and hasattr(space, "aligned")):
        raise NotYet("a fitted space is asked for, such as train_heads(…, train_side) gives.")
    if isinstance(space, LinearSpace):
        raise NotYet("that one solves equations, and the chapter has measured it. What can heads do?")
    if not (space.aligned(Modality.TEXT, Modality.AUDIO) and space.aligned(Modality.IMAGE, Modality.AUDIO)):
        raise NotYet("the space does not know sound: fit it on train_side, which has all three modalities.")
    epochs = len(space.history.loss) if hasattr(space, "history") else 10
    if epochs < 10:
        raise NotYet(f"trained for {epochs} epochs. What fewer than ten do, the chapter has measured.")
    ours = measure(space)
    (seen, heard), (seen_before, heard_before) = (
        [numbers(values[way]) for way in ("words ↔ pictures", "words → sounds")] for values in (ours, before)
    )
    gain = paired_difference(seen, seen_before)
    if gain.high < 0:
        raise NotYet(f"R@1 {seen.mean():.3f}; the chapter's heads find {seen_before.mean():.3f}: {gain}.")
    if gain.low <= 0:
        raise NotYet(
            f"R@1 {seen.mean():.3f} against {seen_before.mean():.3f}, but the difference, {gain}, may be "
            "none: its interval holds 0."
        )
    sound = f"words → sounds {heard.mean():.3f}, from {heard_before.mean():.3f}"
    if heard.mean() < heard_before.mean() / 2:
        raise NotYet(
            f"words and pictures win {gain}, but sound has gone overboard: {sound}. It has to keep half."
        )
    return f"the difference, {gain}, leaves out 0; {sound}. Does it hold on the test side?"


def _first_off(got: Float[np.ndarray, "n n"], right: Float[np.ndarray, "n n"]) -> str:
    """Where two tables first differ, in words, counted as Python counts; nothing if they do not."""
    off = np.argwhere(~np.isclose(got, right, rtol=1e-4, atol=1e-5))
    if not len(off):
        return ""
    row, column = off[0]
    kind = "the right answer of its row" if row == column else "a wrong answer"
    return (
        f"the slope in row {row}, column {column} (both from 0), {kind}, is {right[row, column]:.3f}, "
        f"not {got[row, column]:.3f}."
    )
