"""The checks of chapter 04: counting by hand, the weight, PPMI, a step of AdaGrad, two senses of near."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from crossmodal_edu.classroom.checks.checking import NotYet, check
from crossmodal_edu.text.glove import Glove, glove_weight


@check
def check_count(answer: Any) -> str:
    """How often red and bag stand together in "red silk bag, red strap"."""
    value = float(answer)
    if np.isclose(value, 2):
        raise NotYet("you counted both pairs as 1. How far apart are the words of each?")
    if np.isclose(value, 1):
        raise NotYet("that is the nearer pair. The first red is in the window, too.")
    if np.isclose(value, 0.5):
        raise NotYet("that is the first pair. A second red stands on the other side of the bag.")
    if np.isclose(value, 3):
        raise NotYet(
            "either you added the distances, and far pairs would count most, "
            "or you counted each pair from both sides: that fills two cells, (red, bag) and (bag, red)."
        )
    if np.isclose(value, 0.75):
        raise NotYet("that is the mean of the two pairs. A count adds up.")
    if not np.isclose(value, 1.5):
        raise NotYet("find both pairs of red and bag; each counts 1 divided by how far apart it stands.")
    return "1/2 from the left and 1 from the right."


@check
def check_weight(weight: Callable[[np.ndarray, float, float], np.ndarray]) -> str:
    """A function from counts, x_max and alpha to weights."""
    counts = np.array([0.5, 6.25, 50.0, 100.0, 900.0])
    got = np.asarray(weight(counts.copy(), 100.0, 0.75), dtype=float)
    right = glove_weight(counts)
    if got.shape != counts.shape:
        raise NotYet(f"five counts went in, the shape {got.shape} came out. NumPy has minimum, not only min.")
    if np.allclose(got, (counts / 100) ** 0.75):
        raise NotYet("a count of 900 weighs 5.2. Beyond x_max all cells count alike: 1.")
    if np.allclose(got, np.maximum((counts / 100) ** 0.75, 1)):
        raise NotYet("now every rare cell weighs 1, and frequent ones more. Which of two numbers is wanted?")
    if np.allclose(got, np.minimum(counts / 100, 1)):
        raise NotYet("a straight line: 6.25 weighs 0.0625. Where is alpha?")
    if np.allclose(got, np.minimum(counts**0.75 / 100, 1)):
        raise NotYet("alpha is on the count alone. At x_max itself the weight should be 1.")
    if np.allclose(got, np.minimum(counts, 100) ** 0.75):
        raise NotYet("the cap is right, but the weights go up to 32. Divide before you raise to the power.")
    if not np.allclose(got, right):
        raise NotYet(f"6.25 of 100 is 1/16, and (1/16)^0.75 is 1/8; yours weighs {got[1]:.4g}.")
    other = np.asarray(weight(counts.copy(), 10.0, 1.0), dtype=float)
    if not np.allclose(other, glove_weight(counts, 10.0, 1.0)):
        raise NotYet("right for 100 and 0.75, wrong for 10 and 1: are the two written into your function?")
    return "small counts whisper, all from x_max on speak alike."


@check
def check_ppmi(table: Callable[[np.ndarray], np.ndarray]) -> str:
    """A function from a table of counts to its PPMI, without smoothing."""
    counts = np.array([[0.0, 6.0, 2.0], [6.0, 0.0, 0.0], [2.0, 0.0, 4.0]])
    with np.errstate(all="ignore"):
        got = np.asarray(table(counts.copy()), dtype=float)
        rows, columns, total = counts.sum(axis=1, keepdims=True), counts.sum(axis=0), counts.sum()
        pmi = np.log(counts * total / (rows * columns))
        of_row = np.where(counts > 0, np.log(counts / rows), 0)
    if got.shape != counts.shape:
        raise NotYet(f"a table of 3 × 3 went in, the shape {got.shape} came out.")
    if np.isnan(got).any():
        raise NotYet(
            "there are numbers that are none: log of a negative or 0/0. What is asked of an empty cell?"
        )
    if np.isneginf(got).any():
        raise NotYet(
            "empty cells gave −∞. The P in the front of the name says what becomes of negative values."
        )
    if np.allclose(got, np.where(counts > 0, pmi, 0)) and not np.allclose(got, np.maximum(pmi, 0)):
        raise NotYet("one cell is negative: these two meet less often than by chance. PPMI makes it 0.")
    if np.allclose(got, np.maximum(pmi / np.log(2), 0)):
        raise NotYet(
            "that is the logarithm to base 2. Nothing wrong with it, but the book uses the natural one."
        )
    if not got.any():
        raise NotYet(
            "all 0. A share is below 1 and its logarithm below 0; what is it to be compared with? "
            "Chance needs the sum of the row, of the column, and of the whole table."
        )
    if np.allclose(got, of_row):
        raise NotYet(
            "you divided by the word's sum only. A context that stands everywhere tells nothing: its sum too."
        )
    if np.allclose(got, np.maximum(np.exp(pmi), 0)) or np.allclose(got, counts * total / (rows * columns)):
        raise NotYet("how many times as often as by chance: right. Now its logarithm.")
    if not np.allclose(got, np.maximum(pmi, 0)):
        raise NotYet(f"cell (1, 2): 6 · 20 / (8 · 6) = 2.5, and its logarithm is 0.916, not {got[0, 1]:.3f}.")
    return "how many times as often as by chance, as a logarithm; what is rarer than chance is 0."


@check
def check_step(step: Callable[..., tuple]) -> str:
    """One step of AdaGrad on one number: from value, slope and sum to the new value and the new sum."""
    value, total = (float(x) for x in step(1.0, 0.3, 0.16, 0.1))
    if np.isclose(total, 0.16):
        raise NotYet("the sum of squares came back as it was. Without it the steps never become smaller.")
    if np.isclose(total, 0.46):
        raise NotYet("you added the slope. Slopes of both signs would cancel; what makes them positive?")
    if np.isclose(total, 0.09):
        raise NotYet("the sum holds the last slope only. It should remember all of them.")
    if np.isclose(total, 0.16 + 0.0009):
        raise NotYet(
            "you squared the step, learning rate and all. GloVe's own program does so; AdaGrad does not."
        )
    if not np.isclose(total, 0.25):
        raise NotYet(f"0.16 and the square of 0.3 make 0.25, not {total:.4g}.")
    if np.isclose(value, 1.06):
        raise NotYet("uphill. The slope points to where the loss grows.")
    if np.isclose(value, 1 - 0.1 * 0.3 / 0.25):
        raise NotYet("you divided by the sum of squares. Its root has the size of a slope.")
    if np.isclose(value, 1 - 0.1 * 0.3 / 0.4):
        raise NotYet("you divided by the root of the old sum. This slope belongs to it already.")
    if np.isclose(value, 0.97):
        raise NotYet("that is plain gradient descent: the sum is kept, but not used.")
    if not np.isclose(value, 0.94):
        raise NotYet(f"0.1 · 0.3 / √0.25 = 0.06, so 1 becomes 0.94, not {value:.4g}.")
    return "a number that was moved much is moved less from now on; a rare word keeps its large steps."


@check
def check_two_senses(together: Any, alike: Any, glove: Glove, counts: csr_array) -> str:
    """Two pairs of words: one that stands together and is not alike, one that is alike and never together."""
    for pair, name in ((together, "first"), (alike, "second")):
        if not (isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(word, str) for word in pair)):
            raise NotYet(f'the {name} pair is two words in brackets, such as ("red", "bag").')
        for word in pair:
            if word not in glove:
                raise NotYet(f"{word!r} is not among the words of the titles.")
        if pair[0] == pair[1]:
            raise NotYet("two different words, please.")
    units = glove.parameters.words / np.linalg.norm(glove.parameters.words, axis=1, keepdims=True)

    def found(pair: tuple[str, str]) -> tuple[float, float]:
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
