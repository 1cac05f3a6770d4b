"""The checks of chapter 05: weights, a mean that minds its padding, a GRU's step, what a maximum loses."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from math import log, log10
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.classroom.checks.checking import (
    NotYet,
    check,
    is_pair,
    number,
    numbers,
    same,
    shaped,
    slip,
)
from crossmodal_edu.evaluation.intervals import paired_difference
from crossmodal_edu.padding import weighted_mean
from crossmodal_edu.text.tokens import tokenise


@check
def check_idf(answer: Any) -> str:
    """The TF-IDF weight of a word that stands in 3 of 7 titles, as the chapter defines it."""
    one_more = "that is 7 titles over 3. The formula pretends that there is one more, which has every word."
    both = "the further title holds the word too: both numbers of the fraction grow by one."
    base = "which logarithm? ln is the natural one: ln 2 ≈ 0.69."
    down = "upside down: so a word that is in few titles would weigh less than one in many."
    wrong = {
        log(2): "the logarithm is right. What does the formula add to it?",
        log(7 / 3) + 1: one_more,
        log(7 / 3): one_more,
        log(8 / 3) + 1: both,
        log(7 / 4) + 1: both,
        log10(2) + 1: base,
        2: "2 is 8 / 4 before its logarithm, or 1 more than its logarithm to base 2. ln is the natural one.",
        3: "8 / 4 and 1 are there. Between them comes a logarithm.",
        log(4 / 8) + 1: down,
        log(4 / 8): down,
        3 / 7: "3 / 7 is how common the word is. The weight says how rare.",
        log(3): "the 1 is added to the logarithm, not to the number in it.",
    }
    otherwise = "put n = 7 and df = 3 into ln((1 + n) / (1 + df)) + 1."
    slip(number(answer), log(2) + 1, wrong, otherwise, atol=0.008)
    return "ln(8 / 4) + 1 = 1.69. A word in all 7 titles has 1, so this one counts 1.69 times as much."


@check
def check_mean(mean: Callable[[Tensor, Tensor], Tensor]) -> str:
    """A function from words (n, t, d) and present (n, t) to the (n, d) means of the words that are there."""
    generator = torch.Generator().manual_seed(5)
    words = torch.randn(4, 5, 3, generator=generator)
    present = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]]).bool()
    shapes = {(4, 5): "five numbers a text: the mean ran over each word's numbers. Which dim are the words?"}
    got = mean(words.clone(), present.clone())
    got = shaped(got, (4, 3), "4 texts of vectors of 3 numbers give the shape (4, 3)", shapes)
    masked, count = words * present[:, :, None], present.sum(dim=1, keepdim=True)
    right = weighted_mean(words, present.float())
    wrong = {
        words.mean(dim=1): "the places behind a text were counted as words. `present` says which are words.",
        masked.mean(dim=1): "the sum is right, but it is divided by the length of the longest text, 5, "
        "and a text of two words comes out too short.",
        masked.sum(dim=1): "that is the sum. How many words has each text?",
        masked.sum(dim=1) / (count + 1): "each sum is divided by one word too many.",
    }
    wrong = {mistake[:3]: hint for mistake, hint in wrong.items()}
    otherwise = f"the second text has two words; the first number of their mean is {right[1, 0]:.3f}, "
    slip(got[:3], right[:3], wrong, otherwise + f"not {got[1, 0]:.3f}.")
    if not np.isfinite(got[3]).all():
        raise NotYet(
            "three texts are right. The fourth has no word, and 0 / 0 is not a number: "
            "one such text, and every ranking it is in is lost."
        )
    slip(got[3], right[3], otherwise="three texts are right. The fourth has no word: zeros are asked for.")
    return "only words are counted, whatever stands behind them, and a text without words is the zero vector."


@check
def check_gru_step(step: Callable[[Tensor, Tensor, Tensor], Tensor]) -> str:
    """A function from the two parts (n, 3w) and the old state (n, w) to the new state (n, w)."""
    generator = torch.Generator().manual_seed(5)
    from_word, from_state = (2 * torch.randn(2, 9, generator=generator) for _ in range(2))
    state = torch.randn(2, 3, generator=generator)
    got = step(from_word.clone(), from_state.clone(), state.clone())
    got = shaped(got, (2, 3), "a state of shape (2, 3) becomes one of shape (2, 3)")

    def slipped(**options: Any) -> Tensor:
        return _step(from_word, from_state, state, **options)

    exchanged = (torch.cat([x[:, 3:6], x[:, :3], x[:, 6:]], dim=1) for x in (from_word, from_state))
    wrong = {
        slipped(keep="proposal"): "the gates are the wrong way round: an update of 1 keeps the *old* state, "
        "so the old one is multiplied by it.",
        slipped(reset_on="word"): "the reset gate sits on the word's part of the proposal. "
        "It decides how much of the *past* the proposal may see.",
        slipped(reset_on="both"): "the reset gate sits on both parts of the proposal. "
        "The word itself is always seen in full.",
        slipped(reset_on="nothing"): "the reset gate is not used: the proposal sees all of the past.",
        slipped(squash=torch.sigmoid): "the proposal went through a sigmoid, so that no number of the state "
        "can ever be negative.",
        slipped(squash=lambda x: x): "the proposal is not squashed: tanh keeps it between −1 and 1, "
        "however long the text.",
        _step(*(x.roll(3, dims=1) for x in (from_word, from_state)), state): "the thirds are in another "
        "order: reset, update, proposal.",
        _step(*exchanged, state): "reset and update are exchanged: the first third is the reset gate.",
        _step(from_word, from_state, 0 * state): "the old state is missing. An update of 1 would keep it.",
    }
    right = slipped()
    slip(got, right, wrong, f"the first number of the new state is {right[0, 0]:.3f}, not {got[0, 0]:.3f}.")
    return "two sigmoids, one tanh, and a mixture of old and new: the whole GRU, as torch computes it."


@check
def check_pair(
    pair: Any,
    mean_of: Callable[[Sequence[str]], Tensor],
    filters_of: Callable[[Sequence[str]], Tensor],
    known: Container[str],
) -> str:
    """Two texts that a mean of word vectors tells apart and one-word filters with a maximum do not."""
    if not is_pair(pair):
        raise NotYet('two texts, such as ("red bag", "bag red").')
    one, other = (tokenise(text) for text in pair)
    if strange := sorted(word for word in {*one, *other} if word not in known):
        raise NotYet(f"the model does not know {', '.join(strange)} and skips it. Use words of the shop.")
    if not one or not other:
        raise NotYet("one of the texts has no word.")
    if one == other:
        raise NotYet("word for word the same text: nothing can tell these apart.")
    if not same(*filters_of(pair)):
        odd = sorted(set(one) ^ set(other))
        raise NotYet(f"the filters tell them apart: {', '.join(odd)} is in one text and not in the other.")
    if same(*mean_of(pair)):
        raise NotYet(
            "the mean cannot tell them apart either: the same words in the same proportions. "
            "Which question about a word does a maximum not answer?"
        )
    return "a maximum knows that a word is there, not how often. The mean counts; neither knows the order."


@check
def check_weights(
    weights: Any, measure: Callable[[Mapping[str, float] | None], Float[np.ndarray, "q"]]
) -> str:
    """Weights of words with which a mean finds more than with equal ones, beyond what chance explains."""
    if not isinstance(weights, Mapping):
        raise NotYet("a dictionary from word to weight, such as {word: 1 / count for word, count in …}.")
    values = numbers(list(weights.values()))
    if not len(values) or not np.isfinite(values).all():
        raise NotYet("every weight is a finite number, and there is at least one.")
    if (values < 0).any():
        raise NotYet("a weight below 0 pushes a title away from its own words. 0 is the least.")
    if not (values > 0).any():
        raise NotYet("all weights are 0, and so is every vector.")
    ours, equal = measure(weights), measure(None)
    gain = paired_difference(ours, equal)
    if np.allclose(values, values[0]):
        raise NotYet("these weights are all equal, so the mean is the plain one.")
    if gain.high < 0:
        raise NotYet(
            f"MRR {ours.mean():.3f}; equal weights reach {equal.mean():.3f}. "
            "Which words does a title share with most others?"
        )
    if gain.low <= 0:
        raise NotYet(
            f"MRR {ours.mean():.3f} against {equal.mean():.3f}, but the difference, {gain}, may be none: "
            "its interval holds 0."
        )
    return f"the difference to equal weights, {gain}, leaves out 0."


def _step(
    from_word: Tensor,
    from_state: Tensor,
    state: Tensor,
    reset_on: str = "state",
    keep: str = "state",
    squash: Callable[[Tensor], Tensor] = torch.tanh,
) -> Tensor:
    """A step of a GRU, and the ways in which it goes wrong."""
    (r, u, p), (hr, hu, hp) = from_word.chunk(3, dim=1), from_state.chunk(3, dim=1)
    reset, update = torch.sigmoid(r + hr), torch.sigmoid(u + hu)
    p = reset * p if reset_on in ("word", "both") else p
    hp = reset * hp if reset_on in ("state", "both") else hp
    proposal = squash(p + hp)
    return (
        update * state + (1 - update) * proposal
        if keep == "state"
        else update * proposal + (1 - update) * state
    )
