"""The checks of chapter 04: counting by hand, the weight, PPMI, a step of AdaGrad, two senses of near."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from crossmodal_edu.classroom.checks.checking import NotYet, check, is_pair, number, shaped, slip
from crossmodal_edu.text.glove import Glove, glove_weight


@check
def check_count(answer: Any) -> str:
    """How often red and bag stand together in "red silk bag, red strap"."""
    wrong = {
        2: "you counted both pairs as 1. How far apart are the words of each?",
        1: "either that is the nearer pair alone, and the first red is in the window, too, "
        "or you counted the comma as a word.",
        0.5: "that is the first pair. A second red stands on the other side of the bag.",
        3: "either you added the distances, and far pairs would count most, "
        "or you counted each pair from both sides: that fills two cells, (red, bag) and (bag, red).",
        0.75: "that is the mean of the two pairs. A count adds up.",
        1 / 2 + 1 / 3: "words side by side are 1 apart, not 2.",
    }
    otherwise = "find both pairs of red and bag; each counts 1 divided by how far apart it stands."
    slip(number(answer), 1.5, wrong, otherwise)
    return "1/2 from the left and 1 from the right."


@check
def check_weight(weight: Callable[[np.ndarray, float, float], np.ndarray]) -> str:
    """A function from counts, x_max and alpha to weights."""
    counts = np.array([0.5, 6.25, 50.0, 100.0, 900.0])
    share, raised = counts / 100, (counts / 100) ** 0.75
    wrong = [
        (raised, "a count of 900 weighs 5.2. Beyond x_max all cells count alike: 1."),
        (np.maximum(raised, 1), "now rare cells weigh 1 and frequent ones more. Which of the two is wanted?"),
        (np.minimum(share, 1), "a straight line: 6.25 weighs 0.0625. Where is alpha?"),
        (np.minimum(counts**0.75 / 100, 1), "alpha is on the count alone. x_max itself should weigh 1."),
        (np.minimum(counts, 100) ** 0.75, "the cap is right, but weights go up to 32. Where is x_max?"),
        (np.where(counts < 100, raised, 0), "at x_max and beyond, the weight fell to 0. It stays at 1."),
    ]
    got = shaped(weight(counts.copy(), 100.0, 0.75), (5,), "five counts have five weights")
    slip(got, glove_weight(counts), wrong, f"(6.25 / 100)^0.75 is 1/8; yours weighs {got[1]:.4g}.")
    hint = "right for 100 and 0.75, wrong for 10 and 1: is one of the two written into your function?"
    slip(weight(counts.copy(), 10.0, 1.0), glove_weight(counts, 10.0, 1.0), otherwise=hint)
    return "small counts whisper, all from x_max on speak alike."


@check
def check_ppmi(table: Callable[[np.ndarray], np.ndarray]) -> str:
    """A function from a table of counts to its PPMI, without smoothing."""
    counts = np.array([[0.0, 6.0, 2.0], [6.0, 0.0, 0.0], [2.0, 0.0, 4.0]])
    got = shaped(table(counts.copy()), counts.shape, "a table of 3 × 3 has a PPMI of 3 × 3")
    if np.isnan(got).any():
        raise NotYet(
            "there are numbers that are none: log of a negative or 0/0. What is an empty cell to be?"
        )
    if np.isneginf(got).any():
        raise NotYet("empty cells gave −∞. The first P of the name says what becomes of negative values.")
    chance = "Chance needs the sum of the row, of the column, and of the whole table."
    ratio = _ratio(counts)
    pmi, right = np.where(counts > 0, np.log(ratio), 0), np.maximum(np.log(ratio), 0)
    of_row = np.where(counts > 0, np.log(counts / counts.sum(axis=1, keepdims=True)), 0)
    wrong = [
        (pmi, "one cell is negative: these two meet less often than by chance. PPMI makes it 0."),
        (abs(pmi), "one cell lost its sign: rarer than by chance became oftener. PPMI makes it 0."),
        (right / np.log(2), "that is the logarithm to base 2. The book uses the natural one."),
        (right / np.log(10), "that is the logarithm to base 10. The book uses the natural one."),
        (np.log1p(ratio), "log(1 + x) is not 0 for pairs that meet as often as by chance. PPMI is."),
        (0 * counts, "all 0. A share is below 1, its logarithm below 0; what is it compared with? " + chance),
        (of_row, "you divided by the word's sum only. A context that is everywhere tells nothing."),
        (ratio, "how many times as often as by chance: right. Now its logarithm."),
        (np.maximum(np.log(_ratio(counts + 1)), 0), "1 was added to each count. Leave smoothing out."),
    ]
    otherwise = f"cell (1, 2): 6 · 20 / (8 · 6) = 2.5, and its logarithm is 0.916, not {got[0, 1]:.3f}."
    slip(got, right, wrong, otherwise)
    counts = np.array([[1.0, 0, 5, 2], [4, 3, 0, 1]])
    got = shaped(table(counts.copy()), (2, 4), "2 words and 4 contexts have a PPMI of 2 × 4")
    hint = "right where rows and columns have the same sums. Every row has its own, and so has every column."
    slip(got, np.maximum(np.log(_ratio(counts)), 0), otherwise=hint)
    return "how many times as often as by chance, as a logarithm; what is rarer than chance is 0."


@check
def check_step(step: Callable[..., tuple]) -> str:
    """One step of AdaGrad on one number: from value, slope and sum to the new value and the new sum."""
    both = "two numbers are asked for, the new value and the new sum"
    value, total = shaped(step(1.0, 0.3, 0.16, 0.1), (2,), both)
    wrong = {
        0.16: "the sum of squares came back as it was. Without it the steps never become smaller.",
        0.46: "you added the slope. Slopes of both signs would cancel; what makes them positive?",
        0.09: "the sum holds the last slope only. It should remember all of them.",
        0.1609: "you squared the step, learning rate and all. GloVe's own program does so; AdaGrad does not.",
        0.94: "the sum came first. The new value, then the new sum.",
        0.5: "that is the root of the sum. What is kept for the next step is the sum itself.",
    }
    slip(total, 0.25, wrong, f"0.16 and the square of 0.3 make 0.25, not {total:.4g}.")
    wrong = {
        1.06: "uphill. The slope points to where the loss grows.",
        1 - 0.03 / 0.25: "you divided by the sum of squares. Its root has the size of a slope.",
        1 - 0.03 / 0.4: "you divided by the root of the old sum. This slope belongs to it already.",
        0.97: "that is plain gradient descent: the sum is kept, but not used.",
        -0.06: "that is the step alone. Where does it start?",
        0.06: "that is how far to go. From where, and which way?",
    }
    slip(value, 0.94, wrong, f"0.1 · 0.3 / √0.25 = 0.06, so 1 becomes 0.94, not {value:.4g}.")
    hint = "right for one step. From −2 with slope −0.6, sum 0.28 and rate 0.5 it goes to −1.625 and 0.64."
    slip(shaped(step(-2.0, -0.6, 0.28, 0.5), (2,), both), (-1.625, 0.64), otherwise=hint)
    return "a number that was moved much is moved less from now on; a rare word keeps its large steps."


@check
def check_two_senses(together: Any, alike: Any, glove: Glove, counts: csr_array) -> str:
    """Two pairs of words: one that stands together and is not alike, one that is alike and never together."""
    for pair, name in ((together, "first"), (alike, "second")):
        if not is_pair(pair):
            raise NotYet(f'the {name} pair is two words in brackets, such as ("red", "bag").')
        if strange := [word for word in pair if word not in glove]:
            raise NotYet(f"{strange[0]!r} is not among the words of the titles.")
        if pair[0] == pair[1]:
            raise NotYet("two different words, please.")
    units = glove.parameters.words / np.linalg.norm(glove.parameters.words, axis=1, keepdims=True)

    def found(pair: Sequence[str]) -> tuple[float, float]:
        i, j = (glove.row(word) for word in pair)
        return float(counts[i, j]), float(units[i] @ units[j])

    (times, cosine), (never, near) = found(together), found(alike)
    if times < 20:
        raise NotYet(f"{' and '.join(together)} stand together {times:.1f} times; look for 20 or more.")
    if cosine > 0.3:
        raise NotYet(
            f"{' and '.join(together)} do stand together, but their w are alike as well: {cosine:.2f}. "
            "Could one of them take the other's place in a title?"
        )
    if never > 0:
        raise NotYet(f"{' and '.join(alike)} stand together {never:.1f} times; the second pair never should.")
    if near < 0.6:
        raise NotYet(
            f"{' and '.join(alike)} never meet, but their w vectors have a cosine of {near:.2f} only. "
            "Which words compete for one place in a title?"
        )
    return (
        f"{' and '.join(together)}: {times:.0f} times together, cosine {cosine:.2f}. "
        f"{' and '.join(alike)}: never together, cosine {near:.2f}. Near has two senses."
    )


def _ratio(counts: np.ndarray) -> np.ndarray:
    """How many times as often as by chance each pair stands together."""
    return counts * counts.sum() / (counts.sum(axis=1, keepdims=True) * counts.sum(axis=0))
