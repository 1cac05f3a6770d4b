"""The checks of chapter 02: cosines, AUC, the modality gap, and a space that errs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crossmodal_edu.classroom.checks.checking import NotYet, check, number, shaped, slip
from crossmodal_edu.evaluation.diagnostics import PairCosines, modality_gap
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.retrieval.ranking import cosine_similarity, normalise

_NAMED = ("type", "colour", "pattern", "material", "brand")


@check
def check_by_hand(answer: Any) -> str:
    """The cosine of (3, 4) and (4, 3), worked on paper."""
    value, angle = number(answer), "that is the angle. Its cosine was asked for, and it needs no calculator."
    wrong = {
        24: "24 is the dot product. Make both vectors twice as long: should their likeness grow?",
        24 / 10: "that divides by 5 + 5. Are the two lengths added?",
        24 / 5: "that divides by one length. The other vector has one too.",
        24 / 49: "7 · 7 is what you get from 3 + 4. A length is the way as the crow flies: Pythagoras.",
        24 / 625: "25 is a length before its square root is taken.",
        1: "1 is for vectors of one direction. First number times first, second times second.",
        12 / 25: "that is one product over both lengths. The other product is 4 · 3.",
        0.04: "that is 1 − cosine, a distance.",
        np.sqrt(2): "that is how far the tips are apart. A cosine looks at directions.",
        np.arccos(0.96): angle,
        np.degrees(np.arccos(0.96)): angle,
        16: angle,
        0.28: angle,
    }
    otherwise = "first 3 · 4 + 4 · 3, then the two lengths, √(3² + 4²) each, then divide."
    if abs(value) > 1:
        otherwise = "no cosine is larger than 1. Which two numbers is the dot product divided by?"
    slip(value, 0.96, wrong, otherwise, atol=1e-3)
    return "24 / (5 · 5) = 0.96. The vectors are 16 degrees apart."


@check
def check_cosine_table(table: Callable[[Tensor, Tensor], Tensor]) -> str:
    """A function from (q, d) and (n, d) to the (q, n) cosines."""
    generator = torch.Generator().manual_seed(2)
    queries, gallery = (torch.randn(n, 5, generator=generator) for n in (3, 4))
    gallery = gallery * torch.tensor([[1.0], [9.0], [2.0], [5.0]])
    got = table(queries.clone(), gallery.clone())
    side = {(4, 3): "the table lies on its side: one row per query, one column per product."}
    got = shaped(got, (3, 4), "3 queries and 4 products give 3 × 4 cosines", side)
    one_side = "one of the two sides has length one now. The other is divided by its length too."
    right, dots = cosine_similarity(queries, gallery), queries @ gallery.T
    lengths = queries.norm(dim=1, keepdim=True) * gallery.norm(dim=1)
    wrong = {
        dots: "right for vectors of length one, but the products here are 1 to 9 times as long, "
        "and the longest one wins whatever it shows.",
        normalise(queries) @ gallery.T: one_side,
        queries @ normalise(gallery).T: one_side,
        _unit(queries, 0) @ _unit(gallery, 0).T: "you divided each column by its length. "
        "A vector is a row: along which dim does it run?",
        dots / (queries.norm() * gallery.norm()): "norm() without dim is one number for the whole table. "
        "Each row has a length of its own.",
        dots / lengths**2: "you divided by the squares of the lengths. A length is a root.",
        1 - right: "those are distances, 1 − cosine. Here larger should mean more alike.",
    }
    otherwise = f"the first query and the first product have cosine {right[0, 0]:.3f}, not {got[0, 0]:.3f}."
    slip(got, right, wrong, otherwise, atol=1e-4)
    alone = shaped(table(queries[:1].clone(), gallery.clone()), (1, 4), "a single query gives 1 × 4 cosines")
    slip(alone, right[:1], otherwise="right for three queries, wrong for a single one.", atol=1e-4)
    return "two matrices of unit rows and one product: 3 × 4 cosines, whatever the lengths."


@check
def check_auc(auc: Callable[[np.ndarray, np.ndarray], float]) -> str:
    """A function from the cosines of matching and of random pairs to the AUC, ties counting half."""

    def found(matching: list, random: list) -> float:
        return number(auc(np.array(matching), np.array(random)))

    apart, equal = found([0.9, 0.7], [0.1, 0.8]), "a model that gives every pair the same cosine gets "
    wrong = {
        0.25: "0.25 is the share of comparisons that the random pair wins. Turn the sign around.",
        3: "you counted the 3 comparisons that are won. Of how many?",
        0.5: "each matching cosine meets every random one, four comparisons here, not only the one "
        "in the same place. matching[:, None] makes a column of it.",
    }
    otherwise = f"of 0.9 and 0.7 against 0.1 and 0.8, three comparisons of four are won, not {apart:.2f}."
    slip(apart, 0.75, wrong, otherwise)
    uneven = [0.9, -0.7, 0.4], [-0.9, 0.8]
    hint = "right for two and two. Three matching pairs against two random ones go wrong."
    slip(found(*uneven), PairCosines(*map(np.array, uneven)).auc, otherwise=hint)
    value = found([1.0] * 3, [1.0] * 4)
    ties = {
        0: f"{equal}0: worse than chance. A tie counts half.",
        1: f"{equal}1: perfect. A tie counts half.",
    }
    slip(value, 0.5, ties, f"where all are equal, the AUC is a half, not {value:.2f}.")
    mixed = [0.5, 0.5, 0.2], [0.5, 0.1]
    hint = "right where all are equal, wrong where some are: each tied comparison counts half."
    slip(found(*mixed), PairCosines(*map(np.array, mixed)).auc, otherwise=hint)
    return "won comparisons plus half the ties, of all comparisons. It is 0.5 for a model that knows nothing."


@check
def check_centred(centred: Callable[[Tensor], Tensor]) -> str:
    """A function that takes a modality's mean out of its unit vectors and returns unit vectors."""
    generator = torch.Generator().manual_seed(4)
    words = normalise(torch.randn(40, 6, generator=generator) + torch.tensor([2.0, 0, 0, 0, 0, 0]))
    pictures = normalise(torch.randn(50, 6, generator=generator) + torch.tensor([0, 2.0, 0, 0, 0, 0]))

    def moved(vectors: Tensor) -> Tensor:
        rule = f"{len(vectors)} vectors of 6 numbers should come out"
        return torch.as_tensor(shaped(centred(vectors.clone()), vectors.shape, rule), dtype=torch.float32)

    got, middle = moved(words), words - words.mean(dim=0)
    own = "that is the mean of each vector's own numbers. The mean of a modality is a vector: (d,)."
    single = "that is one number for all. The mean of a modality is a vector: one number per dimension."
    added = "the mean was added, and the clouds moved further apart."
    spread = "you divided by the spread of each dimension. It is each vector that should have length one."
    wrong = {
        words: "the vectors came back as they were.",
        middle: "the centre is in the origin, but the vectors are no longer of length one, "
        "and a dot product would no longer be a cosine.",
        _unit(middle, 0): "you divided each column by its length. A vector is a row.",
        middle / middle.norm(): "norm() without dim is one number for all vectors. Each has its own length.",
    }
    for moves, hint in (
        (words - words.mean(dim=1, keepdim=True), own),
        (words - words.mean(), single),
        (words + words.mean(dim=0), added),
        (middle / middle.std(dim=0), spread),
        (middle / middle.std(dim=0, correction=0), spread),
    ):
        wrong |= {moves: hint, normalise(moves): hint}
    otherwise = "take the mean over the rows, subtract it from each, bring each to length one again."
    slip(got, normalise(middle), wrong, otherwise, atol=1e-4)
    before, after = modality_gap(words, pictures), modality_gap(got, moved(pictures))
    return f"two made-up clouds, {before:.2f} apart, are {after:.2f} apart afterwards."


@check
def check_which_mean(answer: Any) -> str:
    """Whose mean has to be subtracted to change a ranking: "queries", "gallery", "both" or "neither"."""
    word = str(answer).strip().lower().removeprefix("the ")
    word = {"query": "queries", "products": "gallery"}.get(word, word)
    wrong = {
        "gallery": "write out q · (g − m). The second term, q · m, is the same for every product g of this "
        "query; what does that do to the order?",
        "both": "one of the two adds the same number to all scores of a query. Write out q · (g − m).",
        "neither": "write out (q − m) · g. Is the second term, m · g, the same for every product g?",
    }
    slip(word, "queries", wrong, 'answer with "queries", "gallery", "both" or "neither".')
    return (
        "(q − m) · g = q · g − m · g, and m · g differs from product to product: products near the middle "
        "of all queries lose. The gallery's mean takes q · m from every score, which moves nobody."
    )


@check
def check_fooled(query: Any, nearest: Callable[[str], Product], catalog: Catalog) -> str:
    """Words for which a product exists, and a nearest picture that shows another."""
    if not isinstance(query, str):
        raise NotYet('a query is a string, such as "red leather boots".')
    wanted = _attributes_named(query, catalog)
    if len(wanted) < 2:
        raise NotYet(
            "name at least two attributes by the words of the table, such as a colour and a type; "
            f"found: {', '.join(wanted.values()) or 'none'}."
        )
    there = [p for p in catalog if all(p.attributes[name] == value for name, value in wanted.items())]
    if not there:
        raise NotYet(f"no product of the gallery is {' + '.join(wanted.values())}: nothing could be right.")
    found = nearest(query).attributes
    wrong = [name for name, value in wanted.items() if found[name] != value]
    if not wrong:
        raise NotYet(
            f"the space was right, its first picture is {' + '.join(wanted.values())}. "
            "Which attribute covers the fewest pixels?"
        )
    missed = ", ".join(f"{name}: {found[name]}, not {wanted[name]}" for name in wrong)
    return f"fooled. The first picture has {missed}, although {len(there)} in the gallery would be right."


def _attributes_named(query: str, catalog: Sequence[Product]) -> dict[str, str]:
    """The attribute values that a query names as whole words; the longest, where one is part of another."""
    words = " ".join(["", *re.findall(r"[\w'-]+", query.lower()), ""])
    wanted = {}
    for name in _NAMED:
        values = sorted({str(p.attributes[name]) for p in catalog}, key=lambda value: (-len(value), value))
        for value in values:
            if f" {value.lower()} " in words:
                wanted[name] = value
                words = words.replace(f" {value.lower()} ", "  ")
                break
    return wanted


def _unit(table: Tensor, dim: int) -> Tensor:
    return table / table.norm(dim=dim, keepdim=True)
