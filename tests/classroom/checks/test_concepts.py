"""Chapter 02: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

from crossmodal_edu.classroom.checks.concepts import (
    check_auc,
    check_by_hand,
    check_centred,
    check_cosine_table,
    check_fooled,
    check_which_mean,
)
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.retrieval.ranking import cosine_similarity, normalise


def test_untouched(ignores):
    for check in (check_by_hand, check_which_mean):
        ignores(check, function=False)
    for check in (check_cosine_table, check_auc, check_centred):
        ignores(check)


@pytest.mark.parametrize(
    "answer", [0.96, 24 / 25, "0.96", Fraction(24, 25), np.float32(0.96), [0.96], torch.tensor(0.96)]
)
def test_by_hand(accepts, answer):
    accepts(check_by_hand, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (24, "dot product"),
        (2.4, "added"),
        (4.8, "one length"),
        (24 / 49, "Pythagoras"),
        (24 / 625, "square root"),
        (16.26, "angle"),
        (0.2838, "angle"),
        (7.0, "larger than 1"),
        (0.5, "then divide"),
        ("a lot", "one number"),
        ((0, 96), "a point"),
        ([0.6, 0.8], "one number"),
        (0.04, "a distance"),
        (1.414, "tips"),
        (1.0, "one direction"),
        (0.48, "other product"),
        (16, "angle"),
        (-0.96, "then divide"),
    ],
)
def test_wrong_by_hand(refuses, answer, hint):
    refuses(check_by_hand, answer, hint=hint)


def _table_in_numpy(queries, gallery):
    queries, gallery = np.asarray(queries), np.asarray(gallery)
    return (queries @ gallery.T) / np.outer(np.linalg.norm(queries, axis=1), np.linalg.norm(gallery, axis=1))


TABLES = [
    cosine_similarity,
    _table_in_numpy,
    lambda q, g: cosine_similarity(q.double(), g.double()),
    lambda q, g: torch.cosine_similarity(q[:, None], g[None], dim=-1),
    lambda q, g: [[a @ b / (a.norm() * b.norm()) for b in g] for a in q],
]


@pytest.mark.parametrize("table", TABLES)
def test_cosine_table(accepts, table):
    accepts(check_cosine_table, table)


def test_a_cosine_table_in_any_form(accepts, form):
    accepts(check_cosine_table, form(_table_in_numpy))


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        (lambda q, g: q @ g.T, "longest one wins"),
        (lambda q, g: cosine_similarity(q, g).T, "on its side"),
        (lambda q, g: torch.cosine_similarity(q, g[:3]), "shape (3,)"),
        (lambda q, g: normalise(q) @ g.T, "one of the two sides"),
        (lambda q, g: q @ normalise(g).T, "one of the two sides"),
        (lambda q, g: (q / q.norm(dim=0)) @ (g / g.norm(dim=0)).T, "column"),
        (lambda q, g: (q / q.norm()) @ (g / g.norm()).T, "whole table"),
        (lambda q, g: torch.zeros(3, 4), "have cosine"),
        (lambda q, g: 1 - cosine_similarity(q, g), "distances"),
        (lambda q, g: q @ g.T / ((q**2).sum(1)[:, None] * (g**2).sum(1)), "squares of the lengths"),
        (lambda q, g: cosine_similarity(q, g).squeeze(), "a single query"),
        (lambda q, g: cosine_similarity(q, g).argmax(dim=1), "shape (3,)"),
        (lambda q, g: print(cosine_similarity(q, g)), "did you print"),
        (lambda q, g: torch.cosine_similarity(q, g), "RuntimeError"),
    ],
)
def test_wrong_cosine_table(refuses, table, hint):
    refuses(check_cosine_table, table, hint=hint)


def _auc(matching, random):
    matching = matching[:, None]
    return (matching > random).mean() + (matching == random).mean() / 2


def _auc_in_loops(matching, random):
    won = 0
    for m in matching:
        for r in random:
            won += 1 if m > r else 0.5 if m == r else 0
    return won / (len(matching) * len(random))


AUCS = [
    _auc,
    _auc_in_loops,
    lambda m, r: mannwhitneyu(m, r).statistic / (len(m) * len(r)),
    lambda m, r: np.sign(m[:, None] - r).mean() / 2 + 0.5,
    lambda m, r: torch.tensor(_auc(m, r)),
    lambda m, r: 1 - _auc(r, m),
]


@pytest.mark.parametrize("auc", AUCS)
def test_auc(accepts, auc):
    accepts(check_auc, auc)


@pytest.mark.parametrize(
    ("auc", "hint"),
    [
        (lambda m, r: (m[:, None] < r).mean(), "sign"),
        (lambda m, r: (m[:, None] > r).sum(), "Of how many"),
        (lambda m, r: (m > r).mean(), "four comparisons"),
        (lambda m, r: _auc(m, r) if len(m) != 3 or len(r) != 2 else _auc(m[:2], r), "three matching pairs"),
        (lambda m, r: 0.5 if (m[0] == r).all() else (m[:, None] > r).mean(), "where some are"),
        (lambda m, r: m[:, None] > r, "one number"),
        (lambda m, r: print(_auc(m, r)), "did you print"),
        (lambda m, r: 0.6, "three comparisons of four"),
        (lambda m, r: 0.75, "three matching pairs"),
        (lambda m, r: (m[:, None] > r).mean(), "worse than chance"),
        (lambda m, r: (m[:, None] >= r).mean(), "perfect"),
        (lambda m, r: (m[:, None] > r).mean() + (m[:, None] == r).mean() / 4, "a half"),
    ],
)
def test_wrong_auc(refuses, auc, hint):
    refuses(check_auc, auc, hint=hint)


def _centred_in_numpy(vectors):
    moved = np.asarray(vectors) - np.asarray(vectors).mean(axis=0)
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


CENTRED = [
    lambda z: normalise(z - z.mean(dim=0)),
    lambda z: normalise(z.double() - z.double().mean(dim=0)),
    lambda z: [(row - z.mean(dim=0)) / (row - z.mean(dim=0)).norm() for row in z],
    lambda z: torch.nn.functional.normalize(z - sum(z) / len(z)),
]


@pytest.mark.parametrize("centred", CENTRED)
def test_centred(accepts, centred):
    assert "0.81 apart, are 0.10 apart" in accepts(check_centred, centred).reason


def test_centred_in_any_form(accepts, form):
    accepts(check_centred, form(_centred_in_numpy))


@pytest.mark.parametrize(
    ("centred", "hint"),
    [
        (lambda z: z, "as they were"),
        (lambda z: z.mean(dim=0), "the shape (6,)"),
        (lambda z: (z - z.mean(dim=0)) / (z - z.mean(dim=0)).norm(), "one number for all vectors"),
        (lambda z: (z - z.mean(dim=0)) / (z - z.mean(dim=0)).norm(dim=0), "each column"),
        (lambda z: (z - z.mean(dim=0)) / z.std(dim=0), "spread"),
        (lambda z: z - z.mean(dim=1, keepdim=True), "own numbers"),
        (lambda z: print(z), "did you print"),
        (lambda z: z - z.mean(dim=0), "no longer of length one"),
        (lambda z: normalise(z - z.mean(dim=1, keepdim=True)), "own numbers"),
        (lambda z: z - z.mean(), "one number for all"),
        (lambda z: normalise(z + z.mean(dim=0)), "further apart"),
        (lambda z: -z, "over the rows"),
    ],
)
def test_wrong_centred(refuses, centred, hint):
    refuses(check_centred, centred, hint=hint)


@pytest.mark.parametrize("answer", ["queries", "Queries", " query ", "the queries"])
def test_which_mean(accepts, answer):
    accepts(check_which_mean, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("gallery", "q · (g − m). The second"),
        ("the products", "q · (g − m). The second"),
        ("both", "the same number"),
        ("neither", "(q − m) · g"),
        ("maybe", "answer with"),
        (7, "answer with"),
    ],
)
def test_wrong_which_mean(refuses, answer, hint):
    refuses(check_which_mean, answer, hint=hint)


@pytest.fixture
def gallery() -> Catalog:
    def product(id: str, **attributes: str) -> Product:
        known = {
            "type": "phone",
            "colour": "red",
            "pattern": "plain",
            "material": "steel",
            "brand": "Lumbrel",
        }
        return Product(id, title=id, attributes=known | attributes)

    return Catalog([product("a"), product("b", colour="sky blue"), product("c", type="toy car")])


@pytest.mark.parametrize("query", ["sky blue phone", "a Phone, sky blue!", "phone in phone in sky blue"])
def test_a_fooled_space_is_accepted(accepts, gallery, query):
    verdict = accepts(check_fooled, query, lambda query: gallery.get("a"), gallery)
    assert "colour: red, not sky blue" in verdict.reason


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        (7, "string"),
        ("a phone", "at least two"),
        ("sky blue toy car", "nothing could be right"),
        ("red phone", "the space was right"),
    ],
)
def test_a_space_that_is_not_fooled(refuses, gallery, query, hint):
    refuses(check_fooled, query, lambda query: gallery.get("a"), gallery, hint=hint)


def test_an_untouched_query(said, gallery):
    assert said(check_fooled, ..., lambda query: gallery.get("a"), gallery).state == "not tried yet"


def test_the_hand_worked_numbers_of_the_chapter():
    words, phone, kettle = (
        torch.tensor([[2.0, 1, 2]]),
        torch.tensor([[1.0, 2, 2]]),
        torch.tensor([[6.0, 2, -3]]),
    )
    assert (words @ phone.T).item() == (words @ kettle.T).item() == 8
    assert cosine_similarity(words, phone).item() == pytest.approx(8 / 9)
    assert cosine_similarity(words, kettle).item() == pytest.approx(8 / 21)
    assert cosine_similarity(words, words).item() == pytest.approx(1)
    assert np.zeros((5, 300)).mean(axis=0).shape == (300,)
