"""Chapter 09: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles

from crossmodal_edu.classroom.checks.correlation import (
    check_correlations,
    check_csls,
    check_second,
    check_space_beats,
    check_whiten,
)
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.space import Features


def test_untouched(ignores):
    ignores(check_second, function=False)
    for each in (check_whiten, check_correlations, check_csls):
        ignores(each)
    ignores(check_space_beats, Space(BASE), TRAIN, _values)


@pytest.mark.parametrize(
    "answer", [0.71, 0.707, 1 / sqrt(2), "0.7071", np.float32(0.7071), torch.tensor(0.7071)]
)
def test_second(accepts, answer):
    accepts(check_second, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (1, "the first"),
        (0.6, "old brightness"),
        (2, "divides by both lengths"),
        (0.5, "square"),
        (0.25, "square roots"),
        (sqrt(2), "one length is missing"),
        (-0.707, "no sign"),
        (0, "brightness and shine"),
        (3, "products, sum"),
        ((0, 71), "a point"),
        ("high", "one number"),
        ([1, 0.71], "one number"),
    ],
)
def test_wrong_second(refuses, answer, hint):
    refuses(check_second, answer, hint=hint)


# --- whitening --------------------------------------------------------------------------------------------


def _svd(table):
    left, strengths, _ = np.linalg.svd(table, full_matrices=False)
    return left[:, strengths > 1e-9 * strengths[0]]


def _by_eigenvectors(table):
    values, vectors = np.linalg.eigh(table.T @ table)
    kept = values > 1e-9 * values.max()
    return table @ vectors[:, kept] / np.sqrt(values[kept])


def _by_gram_schmidt(table):
    columns = []
    for column in table.T:
        for other in columns:
            column = column - other * (other @ column)
        for other in columns:
            column = column - other * (other @ column)
        if np.linalg.norm(column) > 1e-6 * np.linalg.norm(table):
            columns.append(column / np.linalg.norm(column))
    return np.array(columns).T


def _in_torch(table):
    left, strengths, _ = torch.linalg.svd(torch.from_numpy(table), full_matrices=False)
    return left[:, strengths > 1e-9 * strengths[0]]


@pytest.mark.parametrize(
    "whiten",
    [
        _svd,
        _by_eigenvectors,
        _by_gram_schmidt,
        _in_torch,
        lambda t: np.linalg.svd(t)[0][:, : np.linalg.matrix_rank(t)],
        lambda t: _svd(t).tolist(),
        lambda t: -_svd(t)[:, ::-1],
    ],
)
def test_whiten(accepts, whiten):
    accepts(check_whiten, whiten)


def test_whiten_in_any_form(accepts, form):
    accepts(check_whiten, form(_svd))


def _square_and_chosen(table):
    left, strengths, _ = np.linalg.svd(table)
    return left[:, strengths > 1e-9 * strengths[0]]


def _fixed_threshold(table):
    left, strengths, _ = np.linalg.svd(table, full_matrices=False)
    return left[:, strengths > 1e-6]


def _kept_above(threshold):
    def whiten(table):
        left, strengths, _ = np.linalg.svd(table, full_matrices=False)
        return left[:, strengths > threshold]

    return whiten


def _fixed_eigenvalues(table):
    values, vectors = np.linalg.eigh(table.T @ table)
    return table @ vectors[:, values > 1e-9] / np.sqrt(values[values > 1e-9])


def _fixed_addition(table):
    left, strengths, _ = np.linalg.svd(table, full_matrices=False)
    kept = strengths > 1e-9 * strengths[0]
    return left[:, kept] * strengths[kept] / (strengths[kept] + 1e-9)


def _small_addition(table):
    left, strengths, _ = np.linalg.svd(table, full_matrices=False)
    kept = strengths > 1e-9 * strengths[0]
    return left[:, kept] * strengths[kept] / (strengths[kept] + 1e-15)


def _by_zca(table):
    left, _, right = np.linalg.svd(table, full_matrices=False)
    return left @ right


def _by_clean_zca(table):
    left, strengths, right = np.linalg.svd(table, full_matrices=False)
    kept = strengths > 1e-9 * strengths[0]
    return left[:, kept] @ right[kept]


def _by_clean_zca_of_eigenvectors(table):
    values, vectors = np.linalg.eigh(table.T @ table)
    kept = values > 1e-9 * values.max()
    return table @ vectors[:, kept] / np.sqrt(values[kept]) @ vectors[:, kept].T


@pytest.mark.parametrize(
    ("whiten", "hint"),
    [
        (lambda t: t, "the table itself"),
        (lambda t: t / np.linalg.norm(t, axis=0), "still correlated"),
        (lambda t: t / t.std(axis=0), "still correlated"),
        (lambda t: np.linalg.svd(t, full_matrices=False)[0], "singular value of 1e-16"),
        (lambda t: np.linalg.svd(t)[0], "full_matrices=False"),
        (_square_and_chosen, "full_matrices=False"),
        (_fixed_threshold, "a fixed number for what counts as 0"),
        (_fixed_eigenvalues, "a fixed number for what counts as 0"),
        (_fixed_addition, "a fixed number added"),
        (_small_addition, "a fixed number added"),
        *[(_kept_above(10.0**-power), "a fixed number for what counts as 0") for power in range(3, 15)],
        (lambda t: t[:, :0], "and you give 0"),
        (_by_zca, "and you give 7"),
        (_by_zca, "turned back"),
        (_by_clean_zca, "Stay in the directions"),
        (_by_clean_zca_of_eigenvectors, "Stay in the directions"),
        (lambda t: t @ np.linalg.svd(t, full_matrices=False)[2].T, "not yet divided by their length"),
        (lambda t: _svd(t) * np.sqrt(len(t)), "variance 1"),
        (lambda t: _svd(t) * np.sqrt(len(t) - 1), "√(n − 1)"),
        (lambda t: _svd(t)[:, :1], "and you give 1"),
        (lambda t: _svd(t).T, "40 rows"),
        (lambda t: t[:, 0], "40 rows"),
        (lambda t: np.full_like(t, np.nan), "divided by 0"),
        (lambda t: _svd(np.random.default_rng(0).normal(size=(len(t), _svd(t).shape[1]))), "no mixtures"),
        (lambda t: t @ np.ones((t.shape[1], t.shape[1])) + t, "correlated"),
        (lambda t: print(_svd(t)), "did you print"),
        (lambda t: t @ t, "ValueError"),
    ],
)
def test_wrong_whiten(refuses, whiten, hint):
    refuses(check_whiten, whiten, hint=hint)


# --- correlations -----------------------------------------------------------------------------------------


def _centre(*tables):
    return [table - table.mean(axis=0) for table in tables]


def _cca(one, other):
    left, right = (np.linalg.svd(x, full_matrices=False)[0] for x in _centre(one, other))
    return np.linalg.svd(left.T @ right)[1]


def _by_qr(one, other):
    left, right = (np.linalg.qr(x)[0] for x in _centre(one, other))
    return np.linalg.svd(left.T @ right)[1]


def _by_eigenvalues(one, other):
    x, y = _centre(one, other)
    inner = np.linalg.solve(x.T @ x, x.T @ y) @ np.linalg.solve(y.T @ y, y.T @ x)
    return np.sqrt(np.sort(np.linalg.eigvals(inner).real)[::-1][: min(x.shape[1], y.shape[1])])


def _by_library(one, other):
    from statsmodels.multivariate.cancorr import CanCorr

    return CanCorr(one, other).cancorr


@pytest.mark.parametrize(
    "correlations",
    [
        _cca,
        _by_qr,
        _by_eigenvalues,
        _by_library,
        lambda a, b: np.cos(subspace_angles(*_centre(a, b)))[::-1],
        lambda a, b: torch.from_numpy(_cca(a, b)).float(),
        lambda a, b: _cca(a, b).tolist(),
    ],
)
def test_correlations(accepts, correlations):
    accepts(check_correlations, correlations)


def _pca(one, other):
    tables = [x @ np.linalg.svd(x, full_matrices=False)[2].T for x in _centre(one, other)]
    return [abs(np.corrcoef(tables[0][:, i], tables[1][:, i])[0, 1]) for i in (0, 1)]


def _uncentred(one, other):
    left, right = (np.linalg.svd(x, full_matrices=False)[0] for x in (one, other))
    return np.linalg.svd(left.T @ right)[1]


def _scaled(one, other):
    left, right = (x / np.linalg.norm(x, axis=0) for x in _centre(one, other))
    return left, right


def _unsorted(one, other):
    x, y = _centre(one, other)
    inner = np.linalg.solve(x.T @ x, x.T @ y) @ np.linalg.solve(y.T @ y, y.T @ x)
    return np.sqrt(np.sort(np.linalg.eigvals(inner).real)[:2])  # the smallest first, of one too many


@pytest.mark.parametrize(
    ("correlations", "hint"),
    [
        (lambda a, b: _cca(a, b)[::-1], "smallest first"),
        (lambda a, b: _cca(a, b) ** 2, "squares"),
        (_uncentred, "means are still in"),
        (
            lambda a, b: np.linalg.svd(np.subtract(a, a.mean(0)).T @ np.subtract(b, b.mean(0)))[1],
            "covariances",
        ),
        (lambda a, b: np.linalg.svd(np.cov(a.T, b.T)[: a.shape[1], a.shape[1] :])[1], "covariances"),
        (lambda a, b: np.linalg.svd(_scaled(a, b)[0].T @ _scaled(a, b)[1])[1], "still correlated"),
        (_pca, "Nobody asked them to match"),
        (lambda a, b: _cca(a, b) * 59, "too large by n − 1"),
        (lambda a, b: _cca(a, b) / 60, "too small by n"),
        (lambda a, b: np.append(_cca(a, b), 0), "than the smaller table has"),
        (lambda a, b: _scaled(a, b)[0].T @ _scaled(a, b)[1], "One SVD more"),
        (lambda a, b: np.diag(_cca(a, b)), "on its diagonal"),
        (lambda a, b: _cca(a, b)[0], "2 canonical correlations"),
        (lambda a, b: _cca(a, b) + 0.1, "the first is"),
        (lambda a, b: _cca(a, b) * [1, 1.1], "the second is"),
        (lambda a, b: [_cca(a, b)[0], 0], "sort them before you cut"),
        (lambda a, b: [0, _cca(a, b)[0]], "sort them before you cut"),
        (lambda a, b: [np.nan, _cca(a, b)[1]], "Sort before you cut"),
        (_unsorted, "before you cut"),
        (lambda a, b: a @ b, "ValueError"),
    ],
)
def test_wrong_correlations(refuses, correlations, hint):
    refuses(check_correlations, correlations, hint=hint)


# --- local scaling ----------------------------------------------------------------------------------------


def _csls(cosines, known, k, queries=True, items=True):
    around_queries = np.sort(cosines, axis=1)[:, -k:].mean(axis=1)[:, None]
    around_items = np.sort(known, axis=0)[-k:].mean(axis=0)
    return 2 * cosines - queries * around_queries - items * around_items


def _near(table, k, axis):
    return np.sort(table, axis=axis).take(range(-k, 0), axis=axis).mean(axis=axis)


def _in_loops(cosines, known, k):
    rows = []
    for row in cosines:
        mine = sum(sorted(row)[-k:]) / k
        rows.append([2 * c - mine - sum(sorted(known[:, j])[-k:]) / k for j, c in enumerate(row)])
    return rows


def _by_topk(cosines, known, k):
    cosines, known = torch.as_tensor(cosines), torch.as_tensor(known)
    return (
        2 * cosines
        - cosines.topk(k, dim=1).values.mean(1, keepdim=True)
        - known.topk(k, dim=0).values.mean(0)
    )


@pytest.mark.parametrize("scale", [_csls, _in_loops, _by_topk])
def test_csls(accepts, scale):
    accepts(check_csls, scale)


@pytest.mark.parametrize(
    ("scale", "hint"),
    [
        (lambda c, n, k: _csls(c, n, k, queries=False), "r(q), the query's own part"),
        (lambda c, n, k: _csls(c, n, k, items=False), "no order changes"),
        (lambda c, n, k: _csls(c, n, k) - c, "counts twice"),
        (lambda c, n, k: _csls(c, c, min(k, len(c))) if len(c) >= k else _csls(c, n, k), "what others ask"),
        (lambda c, n, k: 4 * c - _csls(c, n, k), "taken *off*"),
        (lambda c, n, k: -_csls(-c, -n, k), "farthest"),
        (lambda c, n, k: 2 * c - c.mean(axis=1)[:, None] - n.mean(axis=0), "mean over all"),
        (lambda c, n, k: c, "that is the cosine"),
        (lambda c, n, k: 2 * c, "nothing is taken off"),
        (lambda c, n, k: n, "that is `known`"),
        (lambda c, n, k: c[:2], "the shape (5, 5)"),
        (lambda c, n, k: _csls(c, n, k) / 2, "half of what"),
        (lambda c, n, k: 2 * c - k * _near(c, k, 1)[:, None] - k * _near(n, k, 0), "added up"),
        (lambda c, n, k: 2 * c - np.sort(c, 1)[:, [-k]] - np.sort(n, 0)[-k], "k-th neighbour alone"),
        (lambda c, n, k: 2 * c - c.max(1)[:, None] - n.max(0), "the nearest neighbour alone"),
        (lambda c, n, k: _csls(c, n, k + 1), "4 neighbours were taken, and k is 3"),
        (lambda c, n, k: _csls(c, n, k - 1), "2 neighbours were taken, and k is 3"),
        (lambda c, n, k: 2 * c - _near(c, k, 1) - _near(n, k, 0), "laid along the columns"),
        (lambda c, n, k: 2 * c - _near(c, k, 1)[:, None] - _near(n, k, 0)[:, None], "laid down the rows"),
        (lambda c, n, k: 2 * c - _near(c, k, 1) - _near(n, k, 0)[:, None], "And r(g) the other way"),
        (lambda c, n, k: 2 * c - _near(c, k, 0) - _near(n, k, 0), "looked down its columns"),
        (lambda c, n, k: 2 * c - _near(c, k, 0)[:, None] - _near(n, k, 0), "looked down its columns"),
        (lambda c, n, k: 2 * c - _near(c, k, 1)[:, None] - _near(n, k, 1), "along its rows"),
        (lambda c, n, k: 2 * c - _near(c, k, 1)[:, None] - _near(n, k, 1)[:, None], "along its rows"),
        (lambda c, n, k: 2 * c - _near(c, k, 0) - _near(n, k, 1), "For r(q) you looked down"),
        (lambda c, n, k: 2 * c - _near(n, k, 1)[:, None] - _near(n, k, 0), "the queries that are asked"),
        (lambda c, n, k: 2 * c - _near(c, k, 1)[:, None] + _near(n, k, 0), "r(g) was added"),
        (lambda c, n, k: 2 * c + _near(c, k, 1)[:, None] - _near(n, k, 0), "r(q) was added"),
        (lambda c, n, k: np.argsort(-_csls(c, n, k), axis=1), "positions"),
        (lambda c, n, k: print(_csls(c, n, k)), "did you print"),
        (lambda c, n, k: _csls(c, n, k) + 1, "the first number"),
        (lambda c, n, k: _csls(c, n.T if n.shape[0] == n.shape[1] else n, k), "along its rows"),
        (lambda c, n, k: _csls(c, n.T, k), "along its rows"),
        (lambda c, n, k: c @ n + c[:, :3], "ValueError"),
    ],
)
def test_wrong_csls(refuses, scale, hint):
    refuses(check_csls, scale, hint=hint)


# --- a better space ---------------------------------------------------------------------------------------


class Space:
    def __init__(self, values):
        self.values = np.asarray(values, dtype=float)

    def embed(self, modality, vectors): ...


def _values(space):
    return space.values


IDS = [f"p{i}" for i in range(6)]
ROWS = torch.arange(6.0)[:, None]
TRAIN = {Modality.TEXT: Features(ROWS, IDS), Modality.IMAGE: Features(ROWS, IDS)}
BASE = np.tile([0.0, 0.5, 1.0, 0.5], 50)
BETTER = np.clip(BASE + 0.1, 0, 1)
CHANCE = np.tile([0.0, 0.0, 0.1, 0.1], 50)


def _honest(values, exchanged=CHANCE):
    def fit(train):
        words, pictures = (some.vectors for some in train.values())
        return Space(values if torch.equal(words, pictures) else exchanged)

    return fit


@pytest.mark.parametrize("exchanged", [CHANCE, 0 * CHANCE, CHANCE + 0.02])
def test_a_space_that_is_better(accepts, exchanged):
    accepts(check_space_beats, _honest(BETTER, exchanged), Space(BASE), TRAIN, _values)


def test_a_space_that_is_better_may_be_perfect(accepts):
    accepts(check_space_beats, _honest(np.ones(200)), Space(BASE), TRAIN, _values)


@pytest.mark.parametrize(
    ("fit", "hint"),
    [
        (Space, "that is a class"),
        (Space(BASE), "a space already"),
        ("MAXVAR", "a function is asked for"),
        (lambda train: "MAXVAR", "embed"),
        (lambda train: print(Space(BETTER)), "did you print"),
        (_honest(BASE), "the chapter's space"),
        (lambda train: Space(np.ones(200)), "nothing of the validation side"),
        (lambda train: Space(BETTER), "it still finds"),
        (_honest(BETTER, BASE / 3), "where chance is 0.050"),
        (_honest(BASE - 0.1), "worse"),
        (_honest(np.roll(BASE, 1)), "may be none"),
        (_honest(BASE[:50]), "stopped with"),
    ],
)
def test_a_space_that_is_not(refuses, fit, hint):
    refuses(check_space_beats, fit, Space(BASE), TRAIN, _values, hint=hint)
