"""Chapter 02: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest
import torch

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


@pytest.fixture
def said(capsys):
    def verdict(check, *answers) -> str:
        check(*answers)
        return capsys.readouterr().out.strip()

    return verdict


@pytest.mark.parametrize(
    "check", [check_by_hand, check_cosine_table, check_auc, check_centred, check_which_mean]
)
def test_untouched(said, check):
    assert said(check, ...) == "not tried yet"
    if check in (check_cosine_table, check_auc, check_centred):
        assert said(check, lambda *inputs: ...) == "not tried yet"


@pytest.mark.parametrize("answer", [0.96, 24 / 25, "0.96"])
def test_by_hand(said, answer):
    assert said(check_by_hand, answer).startswith("Right")


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
        ("a lot", "ValueError"),
    ],
)
def test_wrong_by_hand(said, answer, hint):
    verdict = said(check_by_hand, answer)
    assert verdict.startswith("Not yet") and hint in verdict


def test_cosine_table(said):
    assert said(check_cosine_table, cosine_similarity).startswith("Right")


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
        (lambda q, g: torch.cosine_similarity(q, g), "RuntimeError"),
    ],
)
def test_wrong_cosine_table(said, table, hint):
    verdict = said(check_cosine_table, table)
    assert verdict.startswith("Not yet") and hint in verdict


def _auc(matching, random):
    matching = matching[:, None]
    return (matching > random).mean() + (matching == random).mean() / 2


def test_auc(said):
    assert said(check_auc, _auc).startswith("Right")


@pytest.mark.parametrize(
    ("auc", "hint"),
    [
        (lambda m, r: (m[:, None] < r).mean(), "sign"),
        (lambda m, r: (m[:, None] > r).sum(), "Of how many"),
        (lambda m, r: (m > r).mean(), "four comparisons"),
        (lambda m, r: 0.6, "three comparisons of four"),
        (lambda m, r: 0.75, "three matching pairs"),
        (lambda m, r: (m[:, None] > r).mean(), "worse than chance"),
        (lambda m, r: (m[:, None] >= r).mean(), "perfect"),
        (lambda m, r: (m[:, None] > r).mean() + (m[:, None] == r).mean() / 4, "a half"),
    ],
)
def test_wrong_auc(said, auc, hint):
    verdict = said(check_auc, auc)
    assert verdict.startswith("Not yet") and hint.lower() in verdict.lower()


def test_centred(said):
    assert said(check_centred, lambda z: normalise(z - z.mean(dim=0))).startswith("Right")


@pytest.mark.parametrize(
    ("centred", "hint"),
    [
        (lambda z: z, "as they were"),
        (lambda z: z.mean(dim=0), "the shape (6,)"),
        (lambda z: z - z.mean(dim=0), "no longer of length one"),
        (lambda z: normalise(z - z.mean(dim=1, keepdim=True)), "own numbers"),
        (lambda z: z - z.mean(), "one number for all"),
        (lambda z: normalise(z + z.mean(dim=0)), "further apart"),
        (lambda z: -z, "over the rows"),
    ],
)
def test_wrong_centred(said, centred, hint):
    verdict = said(check_centred, centred)
    assert verdict.startswith("Not yet") and hint in verdict


def test_which_mean(said):
    assert said(check_which_mean, "Queries").startswith("Right")
    hints = {answer: said(check_which_mean, answer) for answer in ("gallery", "both", "neither", "maybe")}
    assert all(hint.startswith("Not yet") for hint in hints.values())
    assert len(set(hints.values())) == 4


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


def test_a_fooled_space_is_accepted(said, gallery):
    verdict = said(check_fooled, "sky blue phone", lambda query: gallery.get("a"), gallery)
    assert verdict.startswith("Right") and "colour: red, not sky blue" in verdict


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        (7, "string"),
        ("a phone", "at least two"),
        ("sky blue toy car", "nothing could be right"),
        ("red phone", "the space was right"),
    ],
)
def test_a_space_that_is_not_fooled(said, gallery, query, hint):
    verdict = said(check_fooled, query, lambda query: gallery.get("a"), gallery)
    assert verdict.startswith("Not yet") and hint in verdict


def test_an_untouched_query(said, gallery):
    assert said(check_fooled, ..., lambda query: gallery.get("a"), gallery) == "not tried yet"


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
