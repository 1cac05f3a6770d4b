"""The checks of chapter 02: cosines, AUC, the modality gap, and a space that errs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crossmodal_edu.classroom.checks.checking import NotYet, check
from crossmodal_edu.evaluation.diagnostics import PairCosines, modality_gap
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.retrieval.ranking import cosine_similarity, normalise

_NAMED = ("type", "colour", "pattern", "material", "brand")


@check
def check_by_hand(answer: Any) -> str:
    """The cosine of (3, 4) and (4, 3), worked on paper."""
    value = float(answer)
    if np.isclose(value, 24):
        raise NotYet("24 is the dot product. Make both vectors twice as long: should their likeness grow?")
    if np.isclose(value, 24 / 10):
        raise NotYet("that divides by 5 + 5. Are the two lengths added?")
    if np.isclose(value, 24 / 5):
        raise NotYet("that divides by one length. The other vector has one too.")
    if np.isclose(value, 24 / 49):
        raise NotYet("7 · 7 is what you get from 3 + 4. The length is the way as the crow flies: Pythagoras.")
    if np.isclose(value, 24 / 625):
        raise NotYet("25 is a length before its square root is taken.")
    if np.isclose(value, np.degrees(np.arccos(0.96)), atol=0.3) or np.isclose(
        value, np.arccos(0.96), atol=0.005
    ):
        raise NotYet("that is the angle. The cosine of that angle was asked for, and it needs no calculator.")
    if abs(value) > 1:
        raise NotYet("no cosine is larger than 1. Which two numbers is the dot product divided by?")
    if not np.isclose(value, 0.96, atol=1e-3):
        raise NotYet("first 3 · 4 + 4 · 3, then the two lengths, √(3² + 4²) each, then divide.")
    return "24 / (5 · 5) = 0.96. The vectors are 16 degrees apart."


@check
def check_cosine_table(table: Callable[[Tensor, Tensor], Tensor]) -> str:
    """A function from (q, d) and (n, d) to the (q, n) cosines."""
    generator = torch.Generator().manual_seed(2)
    queries, gallery = (torch.randn(n, 5, generator=generator) for n in (3, 4))
    gallery = gallery * torch.tensor([[1.0], [9.0], [2.0], [5.0]])
    got = torch.as_tensor(table(queries.clone(), gallery.clone()))
    right = cosine_similarity(queries, gallery)
    if got.shape == right.T.shape:
        raise NotYet("the table lies on its side: one row per query, one column per product.")
    if got.shape != right.shape:
        raise NotYet(f"3 queries and 4 products give 3 × 4 cosines; yours has the shape {tuple(got.shape)}.")
    if torch.allclose(got, queries @ gallery.T, atol=1e-4):
        raise NotYet(
            "right for vectors of length one, but the products here are 1 to 9 times as long, "
            "and the longest one wins whatever it shows."
        )
    if torch.allclose(got, normalise(queries) @ gallery.T, atol=1e-4) or torch.allclose(
        got, queries @ normalise(gallery).T, atol=1e-4
    ):
        raise NotYet("one of the two sides has length one now. The other is divided by its length too.")
    if torch.allclose(got, (queries / queries.norm(dim=0)) @ (gallery / gallery.norm(dim=0)).T, atol=1e-4):
        raise NotYet("you divided each column by its length. A vector is a row: along which dim does it run?")
    if torch.allclose(got, (queries / queries.norm()) @ (gallery / gallery.norm()).T, atol=1e-4):
        raise NotYet(
            "norm() without dim is one number for the whole table. Each row has a length of its own."
        )
    if not torch.allclose(got, right, atol=1e-4):
        raise NotYet(
            f"the first query and the first product have cosine {right[0, 0]:.3f}, not {got[0, 0]:.3f}."
        )
    if got.abs().max() > 1 + 1e-5:
        raise NotYet("a cosine lies between -1 and 1.")
    return "two matrices of unit rows and one product: 3 × 4 cosines, whatever the lengths."


@check
def check_auc(auc: Callable[[np.ndarray, np.ndarray], float]) -> str:
    """A function from the cosines of matching and of random pairs to the AUC, ties counting half."""
    apart = float(auc(np.array([0.9, 0.7]), np.array([0.1, 0.8])))
    if np.isclose(apart, 0.25):
        raise NotYet("0.25 is the share of comparisons that the random pair wins. Turn the sign around.")
    if np.isclose(apart, 3):
        raise NotYet("you counted the 3 comparisons that are won. Of how many?")
    if np.isclose(apart, 0.5):
        raise NotYet(
            "each matching cosine meets every random one, four comparisons here, not only the one "
            "in the same place. matching[:, None] makes a column of it."
        )
    if not np.isclose(apart, 0.75):
        raise NotYet(
            f"of 0.9 and 0.7 against 0.1 and 0.8, three comparisons of four are won, not {apart:.2f}."
        )
    uneven = np.array([0.9, 0.7, 0.4]), np.array([0.1, 0.8])
    if not np.isclose(float(auc(*uneven)), PairCosines(*uneven).auc):
        raise NotYet("right for two and two. Three matching pairs against two random ones go wrong.")
    equal = float(auc(np.ones(3), np.ones(4)))
    if np.isclose(equal, 0):
        raise NotYet(
            "a model that gives every pair the same cosine gets 0: worse than chance. A tie counts half."
        )
    if np.isclose(equal, 1):
        raise NotYet("a model that gives every pair the same cosine gets 1: perfect. A tie counts half.")
    if not np.isclose(equal, 0.5):
        raise NotYet(f"where all are equal, the AUC is a half, not {equal:.2f}.")
    return "won comparisons plus half the ties, of all comparisons. It is 0.5 for a model that knows nothing."


@check
def check_centred(centred: Callable[[Tensor], Tensor]) -> str:
    """A function that takes a modality's mean out of its unit vectors and returns unit vectors."""
    generator = torch.Generator().manual_seed(4)
    words = normalise(torch.randn(40, 6, generator=generator) + torch.tensor([2.0, 0, 0, 0, 0, 0]))
    pictures = normalise(torch.randn(50, 6, generator=generator) + torch.tensor([0, 2.0, 0, 0, 0, 0]))
    got = centred(words.clone())
    if tuple(got.shape) != tuple(words.shape):
        raise NotYet(f"40 vectors of 6 numbers went in, the shape {tuple(got.shape)} came out.")
    if torch.allclose(got, words, atol=1e-5):
        raise NotYet("the vectors came back as they were.")
    if torch.allclose(normalise(got), normalise(words - words.mean(dim=1, keepdim=True)), atol=1e-4):
        raise NotYet(
            "that is the mean of each vector's own numbers. The mean of a modality is a vector: (d,)."
        )
    if torch.allclose(normalise(got), normalise(words - words.mean()), atol=1e-4):
        raise NotYet(
            "that is one number for all. The mean of a modality is a vector: one number per dimension."
        )
    if torch.allclose(normalise(got), normalise(words + words.mean(dim=0)), atol=1e-4):
        raise NotYet("the mean was added, and the clouds moved further apart.")
    if torch.allclose(got, words - words.mean(dim=0), atol=1e-5):
        raise NotYet(
            "the centre is in the origin, but the vectors are no longer of length one, "
            "and a dot product would no longer be a cosine."
        )
    if not torch.allclose(got, normalise(words - words.mean(dim=0)), atol=1e-4):
        raise NotYet("take the mean over the rows, subtract it from each, bring each to length one again.")
    before, after = modality_gap(words, pictures), modality_gap(got, centred(pictures))
    return f"two made-up clouds, {before:.2f} apart, are {after:.2f} apart afterwards."


@check
def check_which_mean(answer: Any) -> str:
    """Whose mean has to be subtracted to change a ranking: "queries", "gallery", "both" or "neither"."""
    word = str(answer).strip().lower()
    if word in ("gallery", "products"):
        raise NotYet(
            "write out q · (g − m). The second term, q · m, is the same for every product g of this query; "
            "what does that do to the order?"
        )
    if word == "both":
        raise NotYet("one of the two adds the same number to all scores of a query. Write out q · (g − m).")
    if word == "neither":
        raise NotYet("write out (q − m) · g. Is the second term, m · g, the same for every product g?")
    if word not in ("queries", "query"):
        raise NotYet('answer with "queries", "gallery", "both" or "neither".')
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
    words = f" {' '.join(query.lower().replace(',', ' ').split())} "
    wanted = {}
    for name in _NAMED:
        values = sorted({str(p.attributes[name]) for p in catalog}, key=lambda value: (-len(value), value))
        for value in values:
            if f" {value.lower()} " in words:
                wanted[name] = value
                words = words.replace(f" {value.lower()} ", "  ")
                break
    return wanted
