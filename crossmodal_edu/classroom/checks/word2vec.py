"""The checks of chapter 03: an update by hand, windows, the noise, a gradient, a word with two lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from crossmodal_edu.classroom.checks.checking import NotYet, check, is_pair, numbers, shaped, slip
from crossmodal_edu.text.wordvectors import WordVectors

_K = 10  # neighbours looked at in the last exercise


@check
def check_update(answer: Any) -> str:
    """By how much the neighbour's vector changes: v = (2, 4), score 0, learning rate 0.1."""
    change = shaped(numbers(answer).ravel(), (2,), "the change of a vector is a vector, two numbers here")
    wrong = {
        (-0.1, -0.2): "this pair is real and its score should grow. Yours makes the vector turn away from v.",
        (-1, -2): "that is the gradient. Which way is downhill, and how far does one step go?",
        (1, 2): "that is the pull itself, (label − sigmoid) times v. How far does one step go?",
        (0.2, 0.4): "that treats the guess as entirely wrong. The sigmoid of 0 is not 0.",
        (0, 0): "a score of 0 is not a probability of 0. What does the sigmoid make of it?",
        (0.05, 0.1): "σ(1 − σ) is the slope of the sigmoid. The loss's logarithm has cancelled half of it.",
        (2.1, 4.2): "you moved v. Only the change was asked for, and it is that of u.",
    }
    otherwise = "learning rate × (label − σ(score)) × v: three factors, the last one a vector."
    slip(change, (0.1, 0.2), wrong, otherwise, atol=1e-3)
    return "0.1 × (1 − 0.5) × (2, 4) = (0.1, 0.2). The score of the pair rises from 0 to 1."


@check
def check_pairs(pairs: Callable[[list[str], int], Iterable[tuple[str, str]]]) -> str:
    """A function from a sentence and a reach to the pairs (centre, neighbour)."""

    def found(sentence: str, reach: int) -> list[tuple[str, str]]:
        got = [pair if isinstance(pair, str) else tuple(pair) for pair in pairs(sentence.split(), reach)]
        if strange := [pair for pair in got if not is_pair(pair)]:
            raise NotYet(f'pairs such as ("nike", "men") are asked for; yours holds {strange[0]!r:.60}.')
        return sorted(got)

    sentence = "nike men blue shoes"
    got, right = found(sentence, 1), _windows(sentence, 1)
    if any(a == b for a, b in got):
        raise NotYet("a word is not its own neighbour, yet there is a pair of twice the same word.")
    if ("nike", "shoes") in got or ("shoes", "nike") in got:
        raise NotYet("the first and the last word became neighbours. What does sentence[-1] stand for?")
    if ("nike", "blue") in got or ("blue", "nike") in got:
        raise NotYet("with a reach of 1, nike and blue are too far apart.")
    rights, lefts = _windows(sentence, 1, sides=(1,)), _windows(sentence, 1, sides=(-1,))
    wrong = [
        (rights, "only the words to the right are there. A window has two sides."),
        (lefts, "only the words to the left are there. range(a, b) stops before b."),
        ([], "no pair at all came out."),
    ]
    slip(got, right, wrong, f"4 words in a row, reach 1, make 6 pairs; yours are {len(got)}.")
    sentence = "nike men blue suede shoes"
    hint = "right for a reach of 1. With a reach of 2, “blue” has four neighbours: two on either side."
    slip(found(sentence, 2), _windows(sentence, 2), otherwise=hint)
    sentence = "red bag red"
    got, right = found(sentence, 2), _windows(sentence, 2)
    once = "a set keeps each pair once. A pair that stands there twice is learned from twice."
    places = "in 'red bag red' with reach 2, the first red has the second as a neighbour and the other way "
    slip(got, right, [(sorted(set(right)), once)], places + "round. Compare places, not words.")
    hint = "a title may be shorter than the window, and a single word, or none, has no neighbour."
    slip([found("red", 2), found("", 2)], [[], []], otherwise=hint)
    return (
        "each word with those at most so many places away, both sides, itself left out: 6 pairs of 4 words."
    )


@check
def check_noise(noise: Callable[[np.ndarray, float], np.ndarray]) -> str:
    """A function from counts and a power to the probabilities with which negatives are drawn."""
    counts = np.array([81.0, 16.0, 1.0])
    raised, cubed = counts**0.75, counts ** (4 / 3)  # 27, 8, 1
    wrong = [
        (raised, "27, 8 and 1 are right as weights. Probabilities add up to 1."),
        (counts / 98, "these are the shares of the text. Where is the power? A factor would cancel out."),
        ((counts / 98) ** 0.75, "the power came after the division, and the three no longer add up to 1."),
        (cubed / cubed.sum(), "that is the power 4/3: the frequent words became still more frequent."),
    ]
    otherwise = "counts of 81, 16 and 1 become weights of 27, 8 and 1, of 36 in all."
    got = shaped(noise(counts.copy(), 0.75), (3,), "three words have three probabilities")
    slip(got, raised / 36, wrong, otherwise)
    hint = "right for ¾. With the power 0, all words are equally likely."
    slip(noise(counts.copy(), 0.0), np.ones(3) / 3, otherwise=hint)
    return "27, 8 and 1 of 36. The rarest word is drawn 2.7 times as often as it occurs."


@check
def check_gradient(gradient: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> str:
    """A function from v, u and the negatives (k, d) to the gradient of the loss by v."""
    rng = np.random.default_rng(3)
    v, u, negatives, more = (rng.normal(size=size) for size in (4, 4, (3, 4), (5, 4)))
    real, fake = (_sigmoid(v @ u) - 1) * u, _sigmoid(negatives @ v) @ negatives
    right = _slope(v, u, negatives)
    wrong = [
        (-right, "that is the step downhill. The gradient itself points uphill."),
        (real, "the real neighbour is right. The negatives have their say as well."),
        (fake, "the negatives are right. Where is the real neighbour?"),
        (real - fake, "the negatives pull v towards them. Their label is 0: σ(v·n) − 0."),
        (_sigmoid(v @ u) * u + fake, "you treated the real neighbour like a negative. Its label is 1."),
        (real + fake / 3, "the loss adds the negatives up. Yours is their mean."),
        (real + _sigmoid(negatives[0] @ v) * negatives[0], "that is one negative. There are three here."),
        ((_sigmoid(v @ u) - 1) * v, "that is the gradient by u. By v, each score leaves the other vector."),
    ]
    got = gradient(v.copy(), u.copy(), negatives.copy())
    got = shaped(got, v.shape, "v has 4 numbers and so has the gradient")
    otherwise = f"a finite difference gives {right[0]:.3f} for the first number, yours is {got[0]:.3f}. "
    otherwise += "Each vector that was scored comes in with (σ(score) − label)."
    slip(got, right, wrong, otherwise, atol=1e-4)
    hint = "right for three negatives, not for five: is their number written into your function?"
    slip(gradient(v.copy(), u.copy(), more.copy()), _slope(v, u, more), otherwise=hint, atol=1e-4)
    return "it agrees with a finite difference in all four numbers."


@check
def check_two_lives(word: Any, first: WordVectors, second: WordVectors) -> str:
    """A word known to both texts, none of whose ten neighbours they share."""
    if not isinstance(word, str):
        raise NotYet('answer with a word, such as "orange".')
    word = word.strip().lower()
    for vectors, name in ((first, "first"), (second, "second")):
        if word not in vectors:
            raise NotYet(f"the {name} text does not know {word!r}. Try `word in model` for both.")
    near = [{found.word for found in vectors.most_similar(word, _K)} for vectors in (first, second)]
    strangers = near[0] - set(second.words), near[1] - set(first.words)
    if shared := sorted(near[0] & near[1]):
        raise NotYet(
            f"both texts put {', '.join(shared)} near {word!r}. Look for a word that means two things."
        )
    if min(len(found) for found in strangers) == _K:
        raise NotYet(
            f"the ten neighbours of {word!r} are unknown to the other text, so they could not be shared. "
            "Look for a word some of whose neighbours both texts know."
        )
    return f"{word!r} lives twice: of its ten neighbours in one text, none is among those in the other."


def _windows(sentence: str, reach: int, sides: tuple[int, ...] = (-1, 1)) -> list[tuple[str, str]]:
    words = list(enumerate(sentence.split()))
    return sorted((a, b) for side in sides for i, a in words for j, b in words if 0 < side * (j - i) <= reach)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _slope(v: np.ndarray, u: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """The loss's gradient by v, from finite differences."""

    def loss(v: np.ndarray) -> float:
        return -np.log(_sigmoid(v @ u)) - np.log(_sigmoid(-(negatives @ v))).sum()

    return np.array([(loss(v + h) - loss(v - h)) / 2e-5 for h in 1e-5 * np.eye(len(v))])
