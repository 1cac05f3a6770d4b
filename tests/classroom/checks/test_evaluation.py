"""Chapter 16: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
import torch

from crossmodal_edu.classroom.checks.evaluation import (
    caption_measure,
    check_hits,
    check_ndcg,
    check_needed,
    check_precision,
    check_product,
)
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.modality import Modality, open_image
from crossmodal_edu.products import Catalog


def test_untouched(ignores):
    ignores(check_precision, function=False)
    ignores(check_ndcg)
    ignores(check_hits)
    ignores(check_needed, function=False)


@pytest.mark.parametrize("answer", [13 / 24, "13/24", 0.54, ".542", "54.2 %", np.float32(0.5417), [0.54167]])
def test_precision(accepts, answer):
    accepts(check_precision, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (13 / 18, "three that were found"),
        (0.375, "two* of three"),
        (0.5, "rounded too far"),
        (13 / 6, "sum of the precisions"),
        (13 / 60, "divided by the ten"),
        (0.3, "precision at ten"),
        (0.75, "recall at ten"),
        (1, "reciprocal rank"),
        (0.9, "two of three"),
        ("much", "one number"),
        ((0, 54), "a point"),
    ],
)
def test_wrong_precision(refuses, answer, hint):
    refuses(check_precision, answer, hint=hint)


def _dcg(gains):
    return sum(gain / log2(1 + rank) for rank, gain in enumerate(gains, 1))


def _ndcg(found, grades, k):
    ideal = sorted(grades.values(), reverse=True)[:k]
    return _dcg([grades.get(name, 0) for name in found[:k]]) / _dcg(ideal)


def _ndcg_by_numpy(found, grades, k):
    gains = np.array([grades.get(name, 0.0) for name in found])[:k]
    ideal = -np.sort(-np.array(list(grades.values())))[:k]
    best = (ideal / np.log1p(np.arange(1, len(ideal) + 1))).sum()  # the base of the logarithm cancels
    return np.float32((gains / np.log1p(np.arange(1, len(gains) + 1))).sum() / best)


def _ndcg_by_torch(found, grades, k):
    gains = torch.tensor([grades.get(name, 0.0) for name in found[:k]])
    ideal = torch.tensor(list(grades.values())).sort(descending=True).values[:k]
    return sum(g / torch.log2(torch.tensor(2.0 + i)) for i, g in enumerate(gains)) / sum(
        g / torch.log2(torch.tensor(2.0 + i)) for i, g in enumerate(ideal)
    )


@pytest.mark.parametrize("ndcg", [_ndcg, _ndcg_by_numpy, _ndcg_by_torch])
def test_ndcg(accepts, ndcg):
    accepts(check_ndcg, ndcg)


def test_ndcg_in_any_form(accepts, form):
    accepts(check_ndcg, form(_ndcg))


def _gains(found, grades, k):
    return [grades.get(name, 0) for name in found[:k]]


def _ideal(grades):
    return sorted(grades.values(), reverse=True)


def _later(gains):
    return sum(gain / log2(2 + rank) for rank, gain in enumerate(gains, 1))


@pytest.mark.parametrize(
    ("ndcg", "hint"),
    [
        (lambda f, g, k: _dcg(_gains(f, g, k)), "that is DCG"),
        (lambda f, g, k: _dcg(_gains(f, g, k)) / _dcg(sorted(_gains(f, g, k))[::-1]), "were not found"),
        (lambda f, g, k: _dcg(_gains(f, g, k)) / _dcg(sorted(_gains(f, g, 9))[::-1][:k]), "were not found"),
        (lambda f, g, k: sum(_gains(f, g, k)) / sum(_ideal(g)[:k]), "discount is missing"),
        (
            lambda f, g, k: sum(x / r for r, x in enumerate(_gains(f, g, k), 1))
            / sum(x / r for r, x in enumerate(_ideal(g)[:k], 1)),
            "divided by the rank",
        ),
        (lambda f, g, k: _dcg(_gains(f, g, 9)) / _dcg(_ideal(g)[:k]), "only the first k"),
        (lambda f, g, k: _ndcg(f, dict.fromkeys(g, 1), k), "counts them alike"),
        (lambda f, g, k: _ndcg(f, {n: 2**x - 1 for n, x in g.items()}, k), "2ᵍ − 1"),
        (lambda f, g, k: _later(_gains(f, g, k)) / _later(_ideal(g)[:k]), "one rank too late"),
        (lambda f, g, k: _dcg(_gains(f, g, k)) / _dcg(_ideal(g)), "cut at k as well"),
        (lambda f, g, k: _ndcg(f, g, k) or 1.0, "nothing right is found"),
        (lambda f, g, k: _dcg([g.get(f[i], 0) for i in range(k)]) / _dcg(_ideal(g)[:k]), "IndexError"),
        (lambda f, g, k: _dcg(_gains(f, g, k)) / _dcg([*g.values()][:k]), "highest grades first"),
        (lambda f, g, k: _dcg([x for x in _gains(f, g, k) if x]) / _dcg(_ideal(g)[:k]), "keeps its rank"),
        (lambda f, g, k: 0.7, "it is"),
        (lambda f, g, k: [0.7], "one number"),
        (lambda f, g, k: print(0.6), "did you print"),
        (lambda f, g, k: _dcg([g[n] for n in f[:k]]), "KeyError"),
    ],
)  # fmt: skip
def test_wrong_ndcg(refuses, ndcg, hint):
    refuses(check_ndcg, ndcg, hint=hint)


def _both(found, own, k):
    right = np.array(found) == own
    return bool(right[:k].any()), right[:k].sum() / right.sum()


def _both_in_a_loop(found, own, k):
    seen = sum(owner == own for owner in found[:k])
    return [min(seen, 1), seen / found.count(own)]


@pytest.mark.parametrize(
    "both", [_both, _both_in_a_loop, lambda f, o, k: torch.tensor([float(x) for x in _both(f, o, k)])]
)
def test_hits(accepts, both):
    accepts(check_hits, both)


def test_hits_in_any_form(accepts, form):
    accepts(check_hits, form(_both))


@pytest.mark.parametrize(
    ("both", "hint"),
    [
        (lambda f, o, k: _both(f, o, k)[::-1], "changed places"),
        (lambda f, o, k: (f[:k].count(o), _both(f, o, k)[1]), "however many"),
        (lambda f, o, k: (o in f[:k], f[:k].count(o) / 5), "divided by five"),
        (lambda f, o, k: (o in f[:k], (o in f[:k]) / f.count(o)), "one caption was counted"),
        (lambda f, o, k: (o in f[:k], o in f[:k]), "not a hit"),
        (lambda f, o, k: (f[0] == o, f[0] == o), "second and the third"),
        (lambda f, o, k: (o in f[:k], f[:k].count(o)), "their share"),
        (lambda f, o, k: (o in f[:k], f[:k].count(o) / k), "precision"),
        (lambda f, o, k: (o in f[:3], f[:3].count(o) / f.count(o)), "only one is seen"),
        (lambda f, o, k: (o in f[: k - 1], f[: k - 1].count(o) / f.count(o)), "one caption was counted"),
        (lambda f, o, k: _both(f, o, k)[1], "one number"),
        (lambda f, o, k: (1, 0.9), "three captions"),
        (lambda f, o, k: print(1, 1), "did you print"),
    ],
)
def test_wrong_hits(refuses, both, hint):
    refuses(check_hits, both, hint=hint)


@pytest.mark.parametrize("answer", [381, "381", 381.0, np.int64(381), torch.tensor(381)])
def test_needed(accepts, answer):
    accepts(check_needed, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (99 * 1.96**2, "whole number"),
        (380, "round up"),
        (382, "one fewer"),
        (385, "solve for n"),
        (300, "rule of three"),
        (299, "one side"),
        (268, "1.645"),
        (100, ".963"),
        (99, "and z²"),
        (195, "z squared"),
        (4, "that is z²"),
        (1, ".21"),
        (5000, "n / (n + z²)"),
        ("many", "one number"),
    ],
)
def test_wrong_needed(refuses, answer, hint):
    refuses(check_needed, answer, hint=hint)


def _measure(gain):
    rng = np.random.default_rng(0)
    before = rng.random(200)
    return lambda product: before + gain + 0.05 * rng.normal(size=200) * (gain != 0), before


def test_product(accepts):
    told = accepts(check_product, lambda pictures, titles: titles, *_measure(0.1))
    assert "test side" in told.reason


@pytest.mark.parametrize(
    ("gain", "hint"), [(0, "not one query"), (-0.1, "worse"), (1e-6, "holds 0"), (-1e-6, "holds 0")]
)
def test_wrong_product(refuses, gain, hint):
    refuses(check_product, lambda pictures, titles: titles, *_measure(gain), hint=hint)


def test_a_product_that_is_no_function_or_returns_nothing(refuses):
    def asked(product):
        return np.asarray(product(torch.eye(2), torch.eye(2)))

    refuses(check_product, 0.5, asked, np.zeros(2), hint="the function itself")
    refuses(check_product, lambda pictures, titles: print("x"), asked, np.zeros(2), hint="did you print")
    refuses(
        check_product, lambda pictures, titles: torch.ones(3), asked, np.zeros(2), hint="one value a product"
    )


def test_the_measure_of_a_product_vector(shop, accepts, refuses, ignores):
    some = Catalog([*shop.split("test")[:30]])
    engine = SearchEngine.from_catalog(some)
    measure = caption_measure(engine, "test")
    model, pictures = engine.model, [open_image(product.image) for product in some]
    seen, said = model.embed(Modality.IMAGE, pictures), [text for p in some for text in p.captions]
    found = (model.embed(Modality.TEXT, said) @ seen.T).argmax(dim=1).view(30, -1)
    by_hand = (found == torch.arange(30)[:, None]).double().mean(dim=1)
    np.testing.assert_allclose(measure(lambda pictures, titles: pictures), by_hand)
    before = measure(lambda pictures, titles: -pictures)
    ignores(check_product, measure, before)
    for right in (
        lambda pictures, titles: pictures,
        lambda pictures, titles: 9 * pictures.numpy().astype(float),  # cosines leave the length out
        lambda pictures, titles: [list(picture) for picture in pictures.tolist()],
        lambda pictures, titles: torch.nn.functional.normalize(pictures.add_(titles), dim=1),
    ):
        accepts(check_product, right, measure, before)
    for wrong, hint in (
        (lambda pictures, titles: torch.cat([pictures, titles], dim=1), "one vector a product"),
        (lambda pictures, titles: pictures @ titles.T, "as long as the pictures"),
        (lambda pictures, titles: pictures / 0, "NaN or infinity"),
        (lambda pictures, titles: -pictures, "not one query has changed"),
    ):
        refuses(check_product, wrong, measure, before, hint=hint)


def test_an_untouched_product(ignores):
    def asked(product):
        return np.asarray(product(torch.eye(2), torch.eye(2)))

    ignores(check_product, asked, np.zeros(2))
