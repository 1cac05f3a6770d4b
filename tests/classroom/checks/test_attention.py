"""Chapter 06: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

import math

import pytest
import torch

from crossmodal_edu.classroom.checks.attention import (
    check_attention,
    check_by_hand,
    check_meaning,
    check_pieces,
)
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.text.attention import attention
from crossmodal_edu.text.wordpiece import longest_pieces


@pytest.fixture
def said(capsys):
    def verdict(check, *answers) -> str:
        check(*answers)
        return capsys.readouterr().out.strip()

    return verdict


@pytest.mark.parametrize("check", [check_by_hand, check_attention, check_pieces])
def test_untouched(said, check):
    assert said(check, ...) == "not tried yet"
    if check is not check_by_hand:
        assert said(check, lambda *inputs: ...) == "not tried yet"


@pytest.mark.parametrize("answer", [[0.27, 0.73, 0], (0.269, 0.731, 0.0), torch.tensor([0.2689, 0.7311, 0])])
def test_by_hand(said, answer):
    assert said(check_by_hand, answer).startswith("Right")


def _softmax(*scores: float) -> list[float]:
    grown = [math.exp(score) for score in scores]
    return [g / sum(grown) for g in grown]


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ([0.27, 0.73], "three weights"),
        (0.73, "three weights"),
        ([*_softmax(4, 8), 0], "What does d = 16"),
        ([*_softmax(0.25, 0.5), 0], "divides by d"),
        (_softmax(1, 2, 3), "largest weight"),
        (_softmax(4, 8, 12), "largest weight"),
        (_softmax(1, 2, 0), "e⁰ is 1"),
        ([*_softmax(1, 2, 3)[:2], 0], "after the softmax"),
        ([1, 2, 3], "those are the scores"),
        ([1, 2, 0], "those are the scores"),
        ([1 / 3, 2 / 3, 0], "in proportion"),
        ([1 / 6, 1 / 3, 1 / 2], "in proportion"),
        ([0.2, 0.3, 0], "add up to 0.50"),
        ([0.5, 0.5, 0], "first divide"),
        ("a third", "stopped with"),
    ],
)
def test_wrong_by_hand(said, answer, hint):
    verdict = said(check_by_hand, answer)
    assert verdict.startswith("Not yet") and hint in verdict


def _scores(q, k, p):
    return (q @ k.T / math.sqrt(q.shape[1])).masked_fill(~p, -torch.inf)


def test_attention(said):
    assert said(check_attention, lambda q, k, v, p: attention(q, k, v, p[None])).startswith("Right")
    assert said(check_attention, lambda q, k, v, p: _scores(q, k, p).softmax(1) @ v).startswith("Right")


@pytest.mark.parametrize(
    ("attend", "hint"),
    [
        (lambda q, k, v, p: _scores(q, k, p).softmax(1), "shape (3, 5)"),
        (lambda q, k, v, p: attention(q, k, v), "right but for the mask"),
        (lambda q, k, v, p: _scores(2 * q, k, p).softmax(1) @ v, "right but for √d"),
        (lambda q, k, v, p: _scores(q / 2, k, p).softmax(1) @ v, "divides by d"),
        (lambda q, k, v, p: _scores(q, k, ~p).softmax(1) @ v, "Turn it around"),
        (lambda q, k, v, p: (q @ k.T / 2).softmax(0).masked_fill(~p, 0) @ v, "each column"),
        (lambda q, k, v, p: (q @ k.T / 2).softmax(0) @ v, "each column"),
        (lambda q, k, v, p: (_scores(q, k, p | True).softmax(1) * p) @ v, "after the softmax"),
        (lambda q, k, v, p: (q @ k.T / 2 * p).softmax(1) @ v, "e⁰ = 1"),
        (lambda q, k, v, p: _scores(q, k, p & False).softmax(1) @ v, "NaN"),
        (lambda q, k, v, p: torch.zeros(3, 2), "softmax along each row"),
        (lambda q, k, v, p: q @ k, "RuntimeError"),
    ],
)
def test_wrong_attention(said, attend, hint):
    verdict = said(check_attention, attend)
    assert verdict.startswith("Not yet") and hint in verdict


def _recursive(word, known, prefix=""):
    for end in range(len(word), 0, -1):
        if prefix + word[:end] in known:
            rest = _recursive(word[end:], known, "##") if word[end:] else []
            return ["[UNK]"] if rest == ["[UNK]"] else [prefix + word[:end], *rest]
    return ["[UNK]"]


@pytest.mark.parametrize("pieces", [longest_pieces, _recursive])
def test_pieces(said, pieces):
    assert said(check_pieces, pieces).startswith("Right")


def _keeps_what_it_found(word, known):
    found, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        ends = [end for end in range(len(word), start, -1) if prefix + word[start:end] in known]
        if not ends:
            return [*found, "[UNK]"]
        found.append(prefix + word[start : ends[0]])
        start = ends[0]
    return found


def _forgets_one_letter_words(word, known):
    return longest_pieces(word, known) if len(word) > 1 else ["[UNK]"]


@pytest.mark.parametrize(
    ("pieces", "hint"),
    [
        (lambda word, known: ["tea", "##pot", "##s"], "longest beginning"),
        (lambda word, known: ["te", "##ap", "##o"], "longest beginning"),
        (lambda word, known: ["teapot", "s"], "## in front"),
        (lambda word, known: ["teapot", "[UNK]"], "## in front"),
        (lambda word, known: ["teapot"], "left over"),
        (lambda word, known: ["[UNK]"], "can be cut"),
        (lambda word, known: [], "yours gave nothing"),
        (_keeps_what_it_found, "as a whole"),
        (_forgets_one_letter_words, "“a” is a"),
        (lambda word, known: known[word], "KeyError"),
    ],
)
def test_wrong_pieces(said, pieces, hint):
    verdict = said(check_pieces, pieces)
    assert verdict.startswith("Not yet") and hint in verdict


@pytest.fixture
def catalog() -> Catalog:
    titles = {"kettle": "Red steel kettle", "boots": "Hiking boots in brown", "mug": "Mug, ceramic"}
    return Catalog([Product(kind, title=title, attributes={"type": kind}) for kind, title in titles.items()])


def test_meaning(said, catalog):
    verdict = said(check_meaning, "something to boil water", "kettle", lambda query: catalog[0], catalog)
    assert verdict.startswith("Right") and "Red steel kettle" in verdict


@pytest.mark.parametrize(
    ("query", "kind", "hint"),
    [
        (7, "kettle", "a string of words"),
        ("  ", "kettle", "a string of words"),
        ("boil water", "lamp", "not a type of this shop"),
        ("boil water", "boots", "not boots"),
        ("boil water in STEEL", "kettle", "steel in common"),
    ],
)
def test_no_meaning(said, catalog, query, kind, hint):
    verdict = said(check_meaning, query, kind, lambda query: catalog[0], catalog)
    assert verdict.startswith("Not yet") and hint in verdict


def test_untouched_meaning(said, catalog):
    assert said(check_meaning, ..., ..., lambda query: catalog[0], catalog) == "not tried yet"
