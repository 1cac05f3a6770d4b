"""The checks of chapter 09: canonical correlations, whitening, local scaling, and a better space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

import numpy as np
from jaxtyping import Float

from crossmodal_edu.classroom.checks.checking import NotYet, check, number, numbers, same, shaped, slip
from crossmodal_edu.evaluation.intervals import bootstrap_interval, chance_recall_at_k, paired_difference
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.space import Features

Table = Float[np.ndarray, "_ _"]


@check
def check_second(answer: Any) -> str:
    """The second canonical correlation where brightness is (1, −1, 0, 0) and all else as in the chapter."""
    roots = "the lengths are the square roots of the sums of squares: 2 for shine, √2 for brightness."
    wrong = {
        1: "1 is the first: size and height are as they were. Which pair is left?",
        0.6: "that was the old brightness, (7, −7, −1, 1).",
        2: "2 is the sum of the products of shine and brightness. A correlation divides by both lengths.",
        0.5: "0.5 is the *square* of it, or a division by 4: " + roots,
        0.25: roots,
        sqrt(2): "one length is missing: divide by that of shine *and* that of brightness.",
        -sqrt(0.5): "the number is right; singular values have no sign, and a direction may be turned round.",
        0: "brightness and *size* have 0 in common. And brightness and shine?",
    }
    otherwise = "correlate shine (1, −1, 1, −1) with brightness (1, −1, 0, 0): products, sum, both lengths."
    slip(number(answer), sqrt(0.5), wrong, otherwise, atol=0.008)
    return "2 / (2 · √2) = 0.71. The columns of both sides are still uncorrelated, so no turning is needed."


@check
def check_whiten(whiten: Callable[[Table], Table]) -> str:
    """A function from a centred table (n, d) to (n, r): its directions, uncorrelated and of length one."""
    rng = np.random.default_rng(9)
    tall = rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4)) * [1, 10, 0.1, 3]
    wide = rng.normal(size=(5, 7))
    flat = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 3))
    told = {
        "40 products in 4 dimensions": (tall, 4),
        "5 products in 7 dimensions": (wide, 4),
        "30 products whose third column is a mixture of the others": (flat, 2),
        f"{_TINY} (all numbers near 1e-13)": (1e-13 * tall, 4),
        f"{_HUGE} (numbers near 1e6)": (1e6 * flat, 2),
    }
    for name, (table, rank) in told.items():
        table = table - table.mean(axis=0)
        try:
            got = numbers(whiten(table.copy()))
        except IndexError as error:
            raise NotYet(f"{name}: your code stopped with IndexError: {error}. {_SQUARE}") from None
        if got.ndim != 2 or len(got) != len(table):
            raise NotYet(f"{name} give a table of {len(table)} rows; yours has the shape {got.shape}.")
        if not np.isfinite(got).all():
            raise NotYet(f"{name}: something was divided by 0. Directions without variation are left out.")
        unit = np.abs(table).max()
        if same(got / unit, table / unit, 1e-9):
            raise NotYet(f"{name}: that is the table itself.")
        _judge_columns(name, table, got, rank)
    return (
        "uncorrelated, of length one, and no direction that is not there, also with fewer rows than columns."
    )


_TINY = "40 products in 4 dimensions, measured in a very large unit"
_HUGE = "30 products whose third column is a mixture of the others, measured in a very small unit"
_FIXED = " Is there a fixed number for what counts as 0? Small is what is small beside the largest."
_SQUARE = (
    "NumPy's svd fills its first matrix up to a square, with columns that are no directions of the table; "
    "full_matrices=False leaves them out."
)


def _judge_columns(name: str, table: Table, got: Table, rank: int) -> None:
    n = len(table)
    if got.shape == (n, n) and n > table.shape[1]:
        raise NotYet(f"{name}, and {n} columns came out. {_SQUARE}")
    told = f"{name} vary in {rank} directions, and you give {got.shape[1]} columns."
    if got.shape[1] < rank:
        raise NotYet(told + (_FIXED if name.startswith(_TINY) else ""))
    products = got.T @ got
    lengths = np.diag(products)
    mixed = np.abs(products - np.diag(lengths)).max() > 1e-4 * lengths.max()
    if got.shape[1] == rank and same(products, np.eye(rank), 1e-5):
        inside = got - table @ np.linalg.lstsq(table, got, rcond=None)[0]
        if np.abs(inside).max() > 1e-4:
            raise NotYet(f"{name}: these columns are no mixtures of the table's own. Is the input used?")
        return
    if mixed and same(lengths, np.full(len(lengths), lengths[0]), 1e-4):
        raise NotYet(f"{name}: all columns are equally long, but some are still correlated. "
                     "Dividing each column by its length does not turn anything.")  # fmt: skip
    if not mixed and got.shape[1] == rank and same(lengths, np.full(rank, n), 1e-3 * n):
        raise NotYet(f"{name}: the columns have the variance 1, and so the length √{n}. Length one is asked.")
    if not mixed and got.shape[1] == rank and same(lengths, np.full(rank, n - 1), 1e-3 * n):
        raise NotYet(f"{name}: the columns have the length √(n − 1). Length one is asked.")
    if not mixed and got.shape[1] == rank and name.startswith(_TINY):
        raise NotYet(f"{name}: right for larger numbers, but these columns have not the length one. "
                     "Was a fixed number added before dividing?")  # fmt: skip
    if not mixed and got.shape[1] == rank:
        raise NotYet(f"{name}: uncorrelated, but of lengths {np.sqrt(lengths).round(2).tolist()}. "
                     "They were turned and not yet divided by their length.")  # fmt: skip
    if got.shape[1] > rank:
        if same(products @ products, products, 1e-5) and mixed:
            # Of length one in all directions there are, and not along the columns: a projection.
            raise NotYet(f"{told} They were turned back to the table's own columns, and so are "
                         "correlated again. Stay in the directions in which it varies.")  # fmt: skip
        if name.startswith(_HUGE):
            raise NotYet(told + _FIXED)
        raise NotYet(f"{told} What is a singular value of 1e-16 worth, and what becomes of it when you "
                     "divide by it?")  # fmt: skip
    raise NotYet(f"{name}: the columns are still correlated.")


@check
def check_correlations(correlations: Callable[[Table, Table], Float[np.ndarray, "r"]]) -> str:
    """A function from two tables that are not centred to their canonical correlations, largest first."""
    rng = np.random.default_rng(9)
    hidden = rng.normal(size=(60, 2))
    one = hidden @ rng.normal(size=(2, 3)) * [5, 1, 1] + 0.7 * rng.normal(size=(60, 3)) + [4, -9, 1]
    other = hidden @ rng.normal(size=(2, 2)) + 0.7 * rng.normal(size=(60, 2)) + [20, 3]
    whole = "a whole table, every column with every column. One SVD more gives the two numbers."
    for first, second in ((one, other), (other, one)):
        right = _canonical(first, second)
        wrong = _slips(first, second)
        got = shaped(
            correlations(first.copy(), second.copy()),
            (2,),
            f"tables of {first.shape[1]} and {second.shape[1]} columns have 2 canonical correlations",
            {
                (3,): "three numbers, but no more directions can be paired than the smaller table has: 2.",
                (2, 2): "a whole table. Are the singular values on its diagonal? Two numbers are asked.",
                (3, 2): whole,
                (2, 3): whole,
            },
        )
        place = 0 if not same(got[0], right[0], 1e-4) else 1
        hint = f"the {('first', 'second')[place]} is {right[place]:.3f}, yours is {got[place]:.3f}."
        slip(got, right, wrong, hint, atol=1e-4)
    return "whichever road you took, it leads to the singular values of K."


def _canonical(one: Table, other: Table) -> Float[np.ndarray, "r"]:
    left, right = (np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[0] for x in (one, other))
    return np.linalg.svd(left.T @ right)[1]


def _slips(one: Table, other: Table) -> list[tuple[Any, str]]:
    centred = [x - x.mean(axis=0) for x in (one, other)]
    right = _canonical(one, other)
    raw = [np.linalg.svd(x, full_matrices=False)[0] for x in (one, other)]
    scaled = [x / np.linalg.norm(x, axis=0) for x in centred]
    svds = [np.linalg.svd(x, full_matrices=False) for x in centred]
    components = [x @ v.T[:, :2] for x, (_, _, v) in zip(centred, svds, strict=True)]
    paired = [abs(np.corrcoef(components[0][:, i], components[1][:, i])[0, 1]) for i in (0, 1)]
    covariance = np.linalg.svd(centred[0].T @ centred[1])[1]
    single = "each column was brought to one length, but the columns of one table are still correlated."
    third = "one of the two is a 0. The larger table gives three eigenvalues: sort them before you cut."
    below = "nan is the root of a number a little below 0, an eigenvalue too many. Sort before you cut."
    odd = [
        (pair, hint)
        for value in right
        for extra, hint in ((0, third), (np.nan, below))
        for pair in ((value, extra), (extra, value))
    ]
    return [
        (right[::-1], "the right numbers, smallest first."),
        (right**2, "these are the squares: eigenvalues. The correlations are their roots."),
        (np.linalg.svd(raw[0].T @ raw[1])[1], "the means are still in: take them off each column first."),
        (covariance, "these are covariances, which grow with the tables. Whiten first."),
        (covariance / len(one), "these are covariances, which grow with the tables. Whiten first."),
        (covariance / (len(one) - 1), "these are covariances, which grow with the tables. Whiten first."),
        (np.linalg.svd(scaled[0].T @ scaled[1])[1], single),
        (paired, "the components of two PCAs, in their order. Nobody asked them to match."),
        *odd,
        (right / len(one), "too small by n: the whitened columns have length one already."),
        (right * len(one), "too large by n: whitened columns have length one, not the variance 1."),
        (right * (len(one) - 1), "too large by n − 1: whitened columns have length one, not the variance 1."),
    ]


@check
def check_csls(scale: Callable[[Table, Table, int], Table]) -> str:
    """A function from cosines (q, n), those of known queries (m, n) and k to local scaling (q, n)."""
    rng = np.random.default_rng(9)
    # Square tables first: there a mistake of direction gives the right shape, and can be told.
    for q, n, m, k in ((5, 5, 5, 3), (3, 5, 4, 2), (4, 4, 4, 3), (2, 6, 7, 1)):
        cosines, known = rng.uniform(-1, 1, (q, n)), rng.uniform(-1, 1, (m, n))
        got = shaped(
            scale(cosines.copy(), known.copy(), k),
            (q, n),
            f"{q} queries and {n} items give the shape ({q}, {n})",
        )
        right = 2 * cosines - _nearest(cosines, k, 1) - _nearest(known, k, 0)
        hint = f"the first number is {right[0, 0]:.3f}, yours {got[0, 0]:.3f}."
        slip(got, right, _csls_slips(cosines, known, k), hint)
    return "an item that is near to everything has to be nearer than that."


def _nearest(table: Table, k: int, axis: int) -> Table:
    """The mean of the k largest along an axis, which stays, with one entry."""
    return np.take(np.sort(table, axis=axis), range(-k, 0), axis=axis).mean(axis=axis, keepdims=True)


def _csls_slips(cosines: Table, known: Table, k: int) -> list[tuple[Any, str]]:
    (q, n), m, twice = cosines.shape, len(known), 2 * cosines
    queries, items = _nearest(cosines, k, 1), _nearest(known, k, 0)  # (q, 1), (1, n)
    asked = (
        "r(g) was taken from the queries that are being asked: each answer would depend on what others ask. "
        "`known` has the others."
    )
    rows = "the items of `known` are its columns; for r(g) you looked along its rows."
    down = "r(q) belongs to a query, which is a row of `cosines`; you looked down its columns."
    flat = "a query's part is one number a *row*, and yours was laid along the columns."
    upright = "an item's part is one number a *column*, and yours was laid down the rows."
    useless = "only r(q) is taken off, which is the same for all items of a query: no order changes. "
    last, first = np.sort(cosines, axis=1)[:, [-k]], cosines.max(axis=1, keepdims=True)
    far = -_nearest(-cosines, k, 1) - _nearest(-known, k, 0)
    every = cosines.mean(axis=1, keepdims=True) + known.mean(axis=0)
    right = twice - queries - items
    places = "these are positions. The scores themselves are asked for."
    wrong = [
        (twice - items, "the order of the answers is right. r(q), the query's own part, is missing."),
        (twice - queries, useless + "Where is r(g)?"),
        (cosines - queries - items, "the cosine counts twice."),
        (right / 2, "the order is right, and all is half of what the formula says."),
        (twice - far, "the k *farthest* were taken: sorting goes upwards."),
        (twice - every, "the mean over all, not over the k nearest."),
        (twice + queries + items, "both parts are taken *off*."),
        (twice - queries + items, "both parts are taken *off*; r(g) was added."),
        (twice + queries - items, "both parts are taken *off*; r(q) was added."),
        (twice - k * queries - k * items, "the k cosines were added up. r is their mean."),
        (twice - last - np.sort(known, axis=0)[-k], "the k-th neighbour alone. r is the mean of all k."),
        (twice - first - known.max(axis=0), "the nearest neighbour alone. r is the mean of the k nearest."),
        (cosines, "that is the cosine."),
        (twice, "twice the cosine, and nothing is taken off."),
        (known, "that is `known`: the answer has a row for each query that is asked."),
        (np.argsort(-right, axis=1), places),
        (np.argsort(right, axis=1), places),
    ]
    for other in (k - 1, k + 1):
        if 1 <= other <= min(n, m):
            counted = f"{other} neighbours were taken, and k is {k}."
            wrong.append((twice - _nearest(cosines, other, 1) - _nearest(known, other, 0), counted))
    if q >= k:
        wrong.append((twice - queries - _nearest(cosines, k, 0), asked))
        wrong.append((twice - _nearest(cosines, k, 0) - items, down))
    if q == n:
        wrong.append((twice - queries.T - items, flat))
        wrong.append((twice - queries - items.T, upright))
        wrong.append((twice - queries.T - items.T, f"{flat} And r(g) the other way."))
        if q >= k:
            wrong.append((twice - _nearest(cosines, k, 0).T - items, down))
    if m == n:
        along = _nearest(known, k, 1)
        wrong.append((twice - queries - along.T, rows))
        if q == n:
            wrong.append((twice - queries - along, rows))
            wrong.append(
                (twice - _nearest(cosines, k, 0) - along.T, f"{rows} For r(q) you looked down the columns.")
            )
    if m == q:
        mine = "r(q) is about the queries that are asked, which stand in `cosines`."
        wrong.append((twice - _nearest(known, k, 1) - items, mine))
    return wrong


@check
def check_space_beats(
    fit: Any,
    reference: Any,
    train: Mapping[Modality, Features],
    measure: Callable[[Any], Float[np.ndarray, "q"]],
) -> str:
    """A function that fits a space which finds more than the chapter's on the validation side.

    It is called twice: with the training side, and with the same vectors in pairs that do not belong
    together, after which nothing should be found.
    """
    if isinstance(fit, type):
        raise NotYet(
            "that is a class. Write a function that makes a space of it and fits it on its argument."
        )
    if hasattr(fit, "embed"):
        raise NotYet("that is a space already. Hand over the function that fits it: it is called twice, "
                     "the second time with pairs that do not belong together.")  # fmt: skip
    if not callable(fit):
        raise NotYet("a function is asked for, from the features of the training side to a space.")
    space = fit(train)
    if not hasattr(space, "embed"):
        raise NotYet("a space has a method embed(modality, vectors). Does fit() return the space?")
    ours, theirs = measure(space), measure(reference)
    gain = paired_difference(ours, theirs)
    values = f"R@10 {ours.mean():.3f} against {theirs.mean():.3f}"
    if space is reference or np.array_equal(ours, theirs):
        raise NotYet("that is the chapter's space, or one that finds the very same.")
    if gain.high < 0:
        raise NotYet(f"{values}: worse. Which modality has most directions, and which fewest?")
    if gain.low <= 0:
        raise NotYet(f"{values}, but the difference, {gain}, may be none: its interval holds 0.")
    control = measure(fit(_exchanged(train)))
    if bootstrap_interval(control).low > chance_recall_at_k(len(control), 10) + _SLACK:
        raise NotYet(f"{values}. But fitted on pairs that do not belong together it still finds "
                     f"{control.mean():.3f}, where chance is {chance_recall_at_k(len(control), 10):.3f}. "
                     "Does your function use its argument, and nothing of the validation side?")  # fmt: skip
    return (
        f"the difference to the chapter's space, {gain}, leaves out 0, and from exchanged pairs it learns "
        f"nothing ({control.mean():.3f}). Now the test side, once."
    )


_SLACK = 0.02  # kinds of products that stand side by side in the list may agree a little


def _exchanged(train: Mapping[Modality, Features]) -> dict[Modality, Features]:
    """The first modality as it is, the second moved by one product, the third by two."""
    return {
        side: Features(some.vectors.roll(step, 0), some.ids)
        for step, (side, some) in enumerate(train.items())
    }
