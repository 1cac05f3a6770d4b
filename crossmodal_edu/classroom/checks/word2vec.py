"""The checks of chapter 03: an update by hand, windows, the noise, a gradient, a word with two lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from crossmodal_edu.classroom.checks.checking import NotYet, check
from crossmodal_edu.text.wordvectors import WordVectors

_K = 10  # neighbours looked at in the last exercise


@check
def check_update(answer: Any) -> str:
    """By how much the neighbour's vector changes: v = (2, 4), score 0, learning rate 0.1."""
    change = np.asarray(answer, dtype=float).ravel()
    if change.shape != (2,):
        raise NotYet("the change of a vector is a vector: two numbers here.")
    if np.allclose(change, (-0.1, -0.2)):
        raise NotYet("this pair is real and its score should grow. Yours makes the vector point away from v.")
    if np.allclose(change, (1, 2)):
        raise NotYet("that is the pull itself, (label − sigmoid) times v. How far does one step go?")
    if np.allclose(change, (0.2, 0.4)):
        raise NotYet("that treats the guess as entirely wrong. The sigmoid of 0 is not 0.")
    if np.allclose(change, 0):
        raise NotYet("a score of 0 is not a probability of 0. What does the sigmoid make of it?")
    if np.allclose(change, (0.05, 0.1)):
        raise NotYet(
            "σ(1 − σ) is the slope of the sigmoid. The logarithm in the loss has cancelled half of it."
        )
    if not np.allclose(change, (0.1, 0.2), atol=1e-3):
        raise NotYet("learning rate × (label − σ(score)) × v: three factors, the last one a vector.")
    return "0.1 × (1 − 0.5) × (2, 4) = (0.1, 0.2). The score of the pair rises from 0 to 1."


@check
def check_pairs(pairs: Callable[[list[str], int], Iterable[tuple[str, str]]]) -> str:
    """A function from a sentence and a reach to the pairs (centre, neighbour)."""
    sentence = ["nike", "men", "blue", "shoes"]
    got = Counter(tuple(pair) for pair in pairs(list(sentence), 1))
    right = Counter((a, b) for i, a in enumerate(sentence) for j, b in enumerate(sentence) if abs(i - j) == 1)
    if any(a == b for a, b in got):
        raise NotYet("a word is not its own neighbour, yet there is a pair of twice the same word.")
    if ("nike", "shoes") in got or ("shoes", "nike") in got:
        raise NotYet(
            "the first and the last word became neighbours. sentence[-1] is the last word, not an error."
        )
    if got == Counter((a, b) for a, b in right if sentence.index(b) > sentence.index(a)):
        raise NotYet("only the words to the right are there. A window has two sides.")
    if got == Counter((a, b) for a, b in right if sentence.index(b) < sentence.index(a)):
        raise NotYet("only the words to the left are there. range(a, b) stops before b.")
    if ("nike", "blue") in got:
        raise NotYet("with a reach of 1, nike and blue are too far apart.")
    if not got:
        raise NotYet("no pair at all came out.")
    if got != right:
        raise NotYet(f"{len(sentence)} words in a row, reach 1, make 6 pairs; yours are {sum(got.values())}.")
    twice = Counter(tuple(pair) for pair in pairs(["red", "bag", "red"], 2))
    if twice[("red", "red")] != 2:
        raise NotYet(
            "in 'red bag red' with reach 2, the first red has the second as a neighbour and the other way "
            "round. Compare places, not words."
        )
    return (
        "each word with those at most so many places away, both sides, itself left out: 6 pairs of 4 words."
    )


@check
def check_noise(noise: Callable[[np.ndarray, float], np.ndarray]) -> str:
    """A function from counts and a power to the probabilities with which negatives are drawn."""
    counts = np.array([81.0, 16.0, 1.0])
    got = np.asarray(noise(counts.copy(), 0.75), dtype=float)
    raised = counts**0.75  # 27, 8, 1
    if got.shape != counts.shape:
        raise NotYet(f"three words, three probabilities; yours has the shape {got.shape}.")
    if np.allclose(got, raised):
        raise NotYet("27, 8 and 1 are right as weights. Probabilities add up to 1.")
    if np.allclose(got, counts / counts.sum()):
        raise NotYet("these are the shares of the text. Where is the power? A factor would cancel out.")
    if np.allclose(got, (counts / counts.sum()) ** 0.75):
        raise NotYet("the power came after the division, and the three no longer add up to 1.")
    if np.allclose(got, counts ** (4 / 3) / (counts ** (4 / 3)).sum()):
        raise NotYet("that is the power 4/3: the frequent words became still more frequent.")
    if not np.allclose(got, raised / raised.sum()):
        raise NotYet("counts of 81, 16 and 1 become weights of 27, 8 and 1, of 36 in all.")
    if not np.allclose(noise(counts, 0.0), 1 / 3):
        raise NotYet("right for ¾. With the power 0, all words are equally likely.")
    return "27, 8 and 1 of 36. The rarest word is drawn 2.7 times as often as it occurs."


@check
def check_gradient(gradient: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> str:
    """A function from v, u and the negatives (k, d) to the gradient of the loss by v."""
    rng = np.random.default_rng(3)
    v, u, negatives = rng.normal(size=4), rng.normal(size=4), rng.normal(size=(3, 4))
    got = np.asarray(gradient(v.copy(), u.copy(), negatives.copy()), dtype=float)
    if got.shape != v.shape:
        raise NotYet(f"v has {len(v)} numbers and so has the gradient; yours has the shape {got.shape}.")
    right = np.array(
        [(_loss(v + h, u, negatives) - _loss(v - h, u, negatives)) / 2e-5 for h in 1e-5 * np.eye(4)]
    )
    real, fake = (_sigmoid(v @ u) - 1) * u, _sigmoid(negatives @ v) @ negatives
    if np.allclose(got, -right, atol=1e-4):
        raise NotYet("that is the step downhill. The gradient itself points uphill.")
    if np.allclose(got, real, atol=1e-4):
        raise NotYet("the real neighbour is right. The negatives have their say as well.")
    if np.allclose(got, fake, atol=1e-4):
        raise NotYet("the negatives are right. Where is the real neighbour?")
    if np.allclose(got, real - fake, atol=1e-4):
        raise NotYet("the negatives pull v towards them. Their label is 0: σ(v·n) − 0.")
    if np.allclose(got, _sigmoid(v @ u) * u + fake, atol=1e-4):
        raise NotYet("you treated the real neighbour like a negative. Its label is 1.")
    if np.allclose(got, real + fake / len(negatives), atol=1e-4):
        raise NotYet("the loss adds the negatives up. Yours is their mean.")
    if np.allclose(got, real + _sigmoid(negatives[0] @ v) * negatives[0], atol=1e-4):
        raise NotYet("that is one negative. There are three here.")
    if not np.allclose(got, right, atol=1e-4):
        raise NotYet(
            f"a finite difference gives {right[0]:.3f} for the first number, yours is {got[0]:.3f}. "
            "Each vector that was scored comes in with (σ(score) − label)."
        )
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
    shared = sorted(near[0] & near[1])
    if shared:
        raise NotYet(
            f"both texts put {', '.join(shared)} near {word!r}. Look for a word that means two things."
        )
    if min(len(found) for found in strangers) == _K:
        raise NotYet(
            f"the ten neighbours of {word!r} are unknown to the other text, so they could not be shared. "
            "Look for a word some of whose neighbours both texts know."
        )
    return f"{word!r} lives twice: of its ten neighbours in one text, none is among those in the other."


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _loss(v: np.ndarray, u: np.ndarray, negatives: np.ndarray) -> float:
    return -float(np.log(_sigmoid(v @ u)) + np.log(_sigmoid(-(negatives @ v))).sum())
