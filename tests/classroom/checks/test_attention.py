"""Chapter 06: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

import math

import numpy as np
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


def test_untouched(ignores):
    ignores(check_by_hand, function=False)
    ignores(check_attention)
    ignores(check_pieces)


@pytest.mark.parametrize(
    "answer",
    [
        [0.27, 0.73, 0],
        (0.269, 0.731, 0.0),
        torch.tensor([0.2689, 0.7311, 0]),
        np.array([[0.2689, 0.7311, 0]]),
    ],
)
def test_by_hand(accepts, answer):
    accepts(check_by_hand, answer)


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
        ("a third", "numbers are asked for"),
        ([0.73, 0.27, 0], "exchanged"),
        ([0.3, 0.7, 0], "two decimals"),
        ([27, 73, 0], "add up to 100.00"),
    ],
)
def test_wrong_by_hand(refuses, answer, hint):
    refuses(check_by_hand, answer, hint=hint)


def _scores(q, k, p):
    return (q @ k.T / math.sqrt(q.shape[1])).masked_fill(~p, -torch.inf)


def _in_numpy(q, k, v, p):
    q, k, v, p = (np.asarray(x) for x in (q, k, v, p))
    weights = np.exp(q @ k.T / np.sqrt(q.shape[1])) * p
    return weights / weights.sum(axis=1, keepdims=True) @ v


def _in_loops(q, k, v, p):
    rows = []
    for query in q:
        grown = [
            math.exp(query @ key / math.sqrt(len(query))) if here else 0
            for key, here in zip(k, p, strict=True)
        ]
        rows.append(
            [sum(g * value[j] for g, value in zip(grown, v, strict=True)) / sum(grown) for j in range(2)]
        )
    return rows


ATTENTIONS = [
    lambda q, k, v, p: attention(q, k, v, p[None]),
    lambda q, k, v, p: _scores(q, k, p).softmax(1) @ v,
    lambda q, k, v, p: _scores(q.double(), k.double(), p).softmax(1) @ v.double(),
    lambda q, k, v, p: _scores(q, k[p], p[p]).softmax(1) @ v[p],
    lambda q, k, v, p: torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=p),
    lambda q, k, v, p: (q @ k.T / q.shape[1] ** 0.5 - 1e9 * (~p)).softmax(1) @ v,
    _in_numpy,
    _in_loops,
]


@pytest.mark.parametrize("attend", ATTENTIONS)
def test_attention(accepts, attend):
    accepts(check_attention, attend)


def test_attention_in_any_form(accepts, form):
    accepts(check_attention, form(_in_numpy))


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
        (lambda q, k, v, p: _scores(q, k, p).softmax(0) @ v, "along which dim"),
        (lambda q, k, v, p: (q @ k.T / 2 + -torch.inf * (~p)).softmax(1) @ v, "0 · ∞"),
        (lambda q, k, v, p: (q @ (k * p[:, None]).T / 2).softmax(1) @ v, "e⁰ = 1"),
        (lambda q, k, v, p: _scores(q, k, p | True).softmax(1) @ (v * p[:, None]), "after the softmax"),
        (lambda q, k, v, p: (q @ k.T / 2 * p) @ v, "no shares"),
        (lambda q, k, v, p: (q @ k.T / 2).masked_fill(~p, -torch.inf).softmax(1) @ v, "for d = 9"),
        (lambda q, k, v, p: print(attention(q, k, v, p[None])), "did you print"),
    ],
)
def test_wrong_attention(refuses, attend, hint):
    refuses(check_attention, attend, hint=hint)


def _recursive(word, known, prefix=""):
    for end in range(len(word), 0, -1):
        if prefix + word[:end] in known:
            rest = _recursive(word[end:], known, "##") if word[end:] else []
            return ["[UNK]"] if rest == ["[UNK]"] else [prefix + word[:end], *rest]
    return ["[UNK]"]


@pytest.mark.parametrize(
    "pieces",
    [
        longest_pieces,
        _recursive,
        lambda word, known: tuple(_recursive(word, set(known))),
        lambda word, known: (piece for piece in _recursive(word, known)),
    ],
)
def test_pieces(accepts, pieces):
    accepts(check_pieces, pieces)


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


def _takes_back(word, known, prefix=""):
    for end in range(len(word), 0, -1):
        rest = _takes_back(word[end:], known, "##") if word[end:] else []
        if prefix + word[:end] in known and rest != ["[UNK]"]:
            return [prefix + word[:end], *rest]
    return ["[UNK]"]


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
        (lambda word, known: " ".join(longest_pieces(word, known)), "the text 'teapot ##s'"),
        (lambda word, known: "[UNK]" if word == "teax" else longest_pieces(word, known), "even of one"),
        (lambda word, known: ["teapot", ["##s"]], "a list stands in the list"),
        (lambda word, known: longest_pieces(word, known)[::-1], "in the order of the word"),
        (_takes_back, "once taken is kept"),
        (lambda word, known: print(longest_pieces(word, known)), "did you print"),
    ],
)
def test_wrong_pieces(refuses, pieces, hint):
    refuses(check_pieces, pieces, hint=hint)


@pytest.fixture
def catalog() -> Catalog:
    titles = {"kettle": "Red steel kettle", "boots": "Hiking boots in brown", "mug": "Mug, ceramic"}
    return Catalog([Product(kind, title=title, attributes={"type": kind}) for kind, title in titles.items()])


@pytest.mark.parametrize("kind", ["kettle", " Kettle"])
def test_meaning(accepts, catalog, kind):
    verdict = accepts(check_meaning, "something to boil water", kind, lambda query: catalog[0], catalog)
    assert "Red steel kettle" in verdict.reason


@pytest.mark.parametrize(
    ("query", "kind", "hint"),
    [
        (7, "kettle", "a string of words"),
        ("  ", "kettle", "a string of words"),
        ("boil water", "lamp", "not a type of this shop"),
        ("boil water", "boots", "not boots"),
        ("boil water", ["kettle"], "not a type of this shop"),
        (["boil", "water"], "kettle", "a string of words"),
        ("boil water in STEEL", "kettle", "steel in common"),
    ],
)
def test_no_meaning(refuses, catalog, query, kind, hint):
    refuses(check_meaning, query, kind, lambda query: catalog[0], catalog, hint=hint)


def test_untouched_meaning(said, catalog):
    assert said(check_meaning, ..., ..., lambda query: catalog[0], catalog).state == "not tried yet"
