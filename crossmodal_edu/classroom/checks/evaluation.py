"""The checks of chapter 16: average precision, nDCG, hits of several captions, Wilson, a better vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log2
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.classroom.checks.checking import NotYet, check, number, numbers, same, shaped, slip
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.evaluation.intervals import paired_difference
from crossmodal_edu.evaluation.metrics import hit_at_k
from crossmodal_edu.evaluation.relevance import rank_relevant
from crossmodal_edu.modality import Modality


@check
def check_precision(answer: Any) -> str:
    """The average precision of right products at ranks 1, 3 and 6 of ten, and a fourth beyond them."""
    wrong = {
        (1 + 2 / 3 + 3 / 6) / 3: "divided by the three that were found. There are four right products, and "
        "the one that is missing counts as a precision of 0.",
        (1 + 1 / 3 + 1 / 6) / 4: "those are reciprocal ranks. At rank 3 *two* of three products are right.",
        (1 + 1 / 3 + 1 / 6) / 3: "those are reciprocal ranks, and there are four right products.",
        1 + 2 / 3 + 3 / 6: "that is the sum of the precisions. Average precision is their mean.",
        (1 + 2 / 3 + 3 / 6) / 10: "divided by the ten that were looked at. How many products are right?",
        3 / 10: "that is the precision at ten. Average precision looks at each right product's rank.",
        3 / 4: "that is the recall at ten, which does not ask how far down the products stand.",
        1: "that is the reciprocal rank, which looks at the first right product alone.",
        0.5: "rounded too far, or one term is missing: 1/1, 2/3, 3/6, and 0 for the fourth.",
    }
    otherwise = "at rank 1 one of one is right, at rank 3 two of three. Go on; then the mean over all four."
    slip(number(answer), (1 + 2 / 3 + 3 / 6) / 4, wrong, otherwise, atol=0.005)
    return "(1/1 + 2/3 + 3/6 + 0) / 4 = .542. What is not found counts as 0."


_FOUND = ["mug", "bag", "cap", "sofa", "ring"]
_GRADES = {"bag": 1.0, "sofa": 3.0, "lamp": 2.0, "ring": 0.5}


@check
def check_ndcg(ndcg: Callable[[Sequence[str], Mapping[str, float], int], float]) -> str:
    """A function from names, best first, the grades of the right ones, and k, to nDCG at k."""
    k = 4
    got = shaped(ndcg(list(_FOUND), dict(_GRADES), k), (), "nDCG is one number")
    gains = [_GRADES.get(name, 0.0) for name in _FOUND]
    ideal = sorted(_GRADES.values(), reverse=True)
    reached, best = _dcg(gains[:k]), _dcg(ideal[:k])
    wrong = {
        reached: "that is DCG. It is divided by the DCG of the best ranking there is.",
        reached / _dcg(sorted(gains[:k], reverse=True)): "the best ranking is made of *all* graded products, "
        "also of those that were not found: a lamp of grade 2 was missed.",
        reached / _dcg(sorted(gains, reverse=True)[:k]): "the best ranking is made of *all* graded products, "
        "also of those that were not found: a lamp of grade 2 was missed.",
        sum(gains[:k]) / sum(ideal[:k]): "the discount is missing: a grade at rank r counts 1 / log₂(1 + r).",
        sum(g / r for r, g in enumerate(gains[:k], 1)) / sum(g / r for r, g in enumerate(ideal[:k], 1)):
            "divided by the rank. The discount is log₂(1 + r).",
        _dcg(gains) / best: "all five of the list entered. Only the first k are looked at.",
        _dcg([1.0 * (g > 0) for g in gains[:k]]) / _dcg([1.0] * k): "a grade of 3 counts three times as much "
        "as one of 1; yours counts them alike.",
        _dcg([2**g - 1 for g in gains[:k]]) / _dcg([2**g - 1 for g in ideal[:k]]): "that is the gain 2ᵍ − 1. "
        "This chapter's gain is the grade itself.",
        _dcg(gains[:k]) / _dcg([*_GRADES.values()][:k]): "sort the grades: the best ranking has the "
        "highest grades first.",
        _dcg([g for g in gains[:k] if g]) / best: "a wrong product keeps its rank, with a gain of 0.",
        _dcg(gains[:k], 2) / _dcg(ideal[:k], 2): "the discount starts one rank too late: rank 1 has "
        "log₂(1 + 1) = 1. Did you count from 0 and add 2 to a rank that starts at 1?",
    }  # fmt: skip
    otherwise = f"for {', '.join(_FOUND[:k])} and the grades {_GRADES} it is {reached / best:.3f}."
    slip(got, reached / best, wrong, otherwise)
    many = {f"p{i}": 1.0 for i in range(6)}
    for found, grades, cut, right, hint in (
        (["bag", "cap"], many | {"bag": 2.0}, 2, 2 / (2 + 1 / log2(3)),
         "right so far. But the best ranking has to be cut at k as well: seven are right, two are shown."),
        (["cap", "mug"], {"bag": 1.0}, 2, 0.0, "right so far. Where nothing right is found, nDCG is 0."),
        (["bag", "cap"], {"bag": 1.0}, 2, 1.0, "right so far. One right product, in front: that is 1."),
        (["bag"], {"bag": 1.0, "cap": 1.0}, 3, 1 / (1 + 1 / log2(3)),
         "right so far. A list may be shorter than k: what is not there adds nothing."),
    ):  # fmt: skip
        slip(shaped(ndcg(found, grades, cut), (), "nDCG is one number"), right, (), hint)
    return "the grades found, discounted, over the best that were possible."


def _dcg(gains: Sequence[float], start: int = 1) -> float:
    return sum(gain / log2(1 + rank) for rank, gain in enumerate(gains, start))


@check
def check_hits(both: Callable[[Sequence[int], int, int], Sequence[float]]) -> str:
    """A function from the owners of the captions found, the picture that asks, and k, to (Hit@k, R@k)."""
    owners = [4, 7, 7, 2, 4, 7, 9]
    got = shaped(both(list(owners), 7, 3), (2,), "two numbers, Hit@k and R@k",
                 {(): "one number: Hit@k *and* R@k are asked for.",
                  (3,): "Hit@k and R@k, and no more."})  # fmt: skip
    wrong = [
        ([2 / 3, 1], "R@k and Hit@k have changed places."),
        ([2, 2 / 3], "a hit is 1, however many captions are found."),
        ([1, 2 / 5], "divided by five. This picture has three captions in the gallery."),
        ([1, 1 / 3], "one caption was counted, and two are among the first three."),
        ([1, 1], "R@k is not a hit: it is the share of the picture's captions that is among the first k."),
        ([0, 0], "the first caption is another picture's, but the second and the third are right."),
        ([1, 2], "that is how many are found. R@k is their share."),
    ]
    otherwise = "picture 7 has three captions, at the ranks 2, 3 and 6. Two are among the first three."
    slip(got, [1, 2 / 3], wrong, otherwise)
    for found, own, k, right, hints in (
        (owners, 7, 2, [1, 1 / 3], [([1, 1 / 2], "that is precision: divide by the picture's captions, "
                                     "not by k."), ([1, 2 / 3], "at k = 2 only one is seen.")]),
        (owners, 4, 5, [1, 1], [([1, 2 / 5], "that is precision: R@k divides by the picture's captions.")]),
        (owners, 9, 3, [0, 0], []),
        ([3], 3, 1, [1, 1], []),
    ):  # fmt: skip
        got = shaped(both(list(found), own, k), (2,), "two numbers, Hit@k and R@k")
        hit, share = right
        otherwise = (
            f"right so far. Of {found}, at k = {k}, picture {own} has a hit of {hit} and R@k {share:.3g}."
        )
        slip(got, right, hints, otherwise)
    return "Hit@k asks whether, R@k how many of them."


_Z = 1.96


@check
def check_needed(answer: Any) -> str:
    """How many queries, all of them right, before Wilson's lower end reaches .99."""
    value = number(answer)
    right = 99 * _Z**2
    if 380 < value < 381 and not float(value).is_integer():
        raise NotYet("so far so good; but nobody asks a third of a query. Which whole number is enough?")
    wrong = {
        385: "that is z² / (1 − .99). Set n / (n + z²) to .99 and solve for n.",
        382: "enough, but one fewer is, too.",
        380: "with 380 the lower end is .98999, a hair below. Round up.",
        300: "that is the rule of three, a bound of one side: 1 − 3/n. What does Wilson's formula give?",
        299: "that is where .99ⁿ falls below .05, the exact bound of one side. Use Wilson's formula.",
        268: "that is for z = 1.645, a bound of one side. Here z is 1.96.",
        100: "with 100, Wilson's lower end is .963.",
        99: "and z²? The lower end is n / (n + z²).",
        195: "z, or z squared? The lower end is n / (n + z²).",
        4: "that is z². Set n / (n + z²) to .99 and solve for n.",
        1: "one right query out of one says little: Wilson's lower end is .21.",
    }
    otherwise = "put p̂ = 1 into the formula: the lower end becomes n / (n + z²). Where is it .99?"
    slip(value, np.ceil(right), wrong, otherwise, atol=1e-6)
    return "381 without a single miss. The bootstrap would have said 1.000 after two."


@check
def check_product(
    product: Callable[[Tensor, Tensor], Tensor],
    measure: Callable[[Any], Float[np.ndarray, "q"]],
    before: Float[np.ndarray, "q"],
) -> str:
    """A function from pictures (n, d) and titles (n, d) to product vectors that captions find more often."""
    values = numbers(measure(product))
    if values.shape != np.shape(before):
        raise NotYet("the measure has to give one value a product, as the chapter's does.")
    gain = paired_difference(values, np.asarray(before, dtype=float))
    told = f"R@1 {values.mean():.3f} against {np.mean(before):.3f}"
    if same(values, before):
        raise NotYet(f"{told}: not one query has changed. Is it the chapter's own vector?")
    if gain.high < 0:
        raise NotYet(f"{told}: worse, and the interval of the difference, {gain}, says so.")
    if gain.low <= 0:
        raise NotYet(f"{told}. But the difference, {gain}, may be none: its interval holds 0.")
    return f"{told}, the difference, {gain}, leaves out 0. Does it hold on the test side?"


def caption_measure(engine: SearchEngine, split: str) -> Callable[[Any], Float[np.ndarray, "q"]]:
    """What finds out how well captions find product vectors: R@1 of each product's captions.

    It takes a function from pictures (n, d) and titles (n, d) to product vectors, and asks it for
    those of one side of the catalogue.
    """
    part = engine.catalog.split(split)
    ids, rows = engine.vectors(Modality.IMAGE)
    place = {id: row for row, id in enumerate(ids)}
    pictures = torch.from_numpy(rows[[place[product.id] for product in part]])
    titles = engine.model.embed(Modality.TEXT, [product.title for product in part])
    captions = engine.model.embed(Modality.TEXT, [text for product in part for text in product.captions])
    owners = np.repeat(np.arange(len(part)), [len(product.captions) for product in part])
    own = [{owner} for owner in owners.tolist()]

    def measure(product: Any) -> Float[np.ndarray, "q"]:
        vectors = torch.as_tensor(numbers(product(pictures.clone(), titles.clone()))).float()
        if vectors.shape != pictures.shape:
            told = f"{tuple(pictures.shape)} is the shape of the pictures; yours is {tuple(vectors.shape)}."
            raise NotYet(f"one vector a product is asked for, as long as the pictures' are: {told}")
        if not torch.isfinite(vectors).all():
            raise NotYet("some of the vectors hold NaN or infinity.")
        hits = hit_at_k(rank_relevant(captions, vectors, own), own, 1)
        return np.bincount(owners, weights=hits) / np.bincount(owners)

    return measure
