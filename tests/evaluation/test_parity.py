"""Every measure equals independent libraries, to 1e-9 (torchmetrics, which computes in float32: 1e-6)."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
import torch
from ir_measures import AP, RR, P, R, Success, nDCG
from sklearn import metrics as sklearn_metrics
from torchmetrics.functional import retrieval as torchmetrics_retrieval

from crossmodal_edu.evaluation.metrics import (
    accuracy_at_k,
    average_precision,
    f1_at_k,
    hit_at_k,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)
from crossmodal_edu.evaluation.relevance import rank_of_relevant
from crossmodal_edu.retrieval.ranking import top_k

N_QUERIES, N_GALLERY = 25, 60
CUTS = [1, 5, 30, N_GALLERY]


@pytest.fixture(scope="module")
def scores():
    return np.random.default_rng(1).normal(size=(N_QUERIES, N_GALLERY))


@pytest.fixture(scope="module")
def relevant():
    """1 to 40 relevant items a query, of grade 1 to 4: fewer than most cuts, and more."""
    rng = np.random.default_rng(2)
    return [
        {
            int(item): int(rng.integers(1, 5))
            for item in rng.choice(N_GALLERY, size=rng.integers(1, 41), replace=False)
        }
        for _ in range(N_QUERIES)
    ]


@pytest.fixture(scope="module", params=["Ranking", "positions", "RelevantRanks"])
def ranking(request, scores, relevant):
    if request.param == "RelevantRanks":
        return rank_of_relevant(scores, relevant)
    full = top_k(torch.from_numpy(scores), N_GALLERY)
    return full if request.param == "Ranking" else full.indices.numpy()


def names(entries):
    return {f"q{q:02}": {f"d{item:02}": value for item, value in entry} for q, entry in enumerate(entries)}


@pytest.fixture(scope="module")
def from_ir_measures(scores, relevant):
    qrels = names(entry.items() for entry in relevant)
    run = names(enumerate(row.tolist()) for row in scores)

    def values(measure):
        found = {value.query_id: value.value for value in ir_measures.iter_calc([measure], qrels, run)}
        return np.array([found[query] for query in sorted(qrels)])

    return values


def graded(entry):
    grades = np.zeros(N_GALLERY)
    grades[list(entry)] = list(entry.values())
    return grades


def first_k(row, k):
    called = np.zeros(N_GALLERY)
    called[np.argsort(-row)[:k]] = 1
    return called


@pytest.mark.parametrize("k", CUTS)
@pytest.mark.parametrize(
    ("measure", "theirs"),
    [
        (precision_at_k, P),
        (recall_at_k, R),
        (hit_at_k, Success),
        (ndcg_at_k, nDCG),
        (average_precision, AP),
        (reciprocal_rank, RR),
    ],
)
def test_equals_ir_measures_to_1e_9(ranking, relevant, from_ir_measures, measure, theirs, k):
    np.testing.assert_allclose(measure(ranking, relevant, k), from_ir_measures(theirs @ k), atol=1e-9)


@pytest.mark.parametrize(
    ("measure", "theirs"), [(ndcg_at_k, nDCG), (average_precision, AP), (reciprocal_rank, RR)]
)
def test_over_the_whole_gallery_equals_ir_measures_to_1e_9(
    ranking, relevant, from_ir_measures, measure, theirs
):
    np.testing.assert_allclose(measure(ranking, relevant), from_ir_measures(theirs), atol=1e-9)


@pytest.mark.parametrize("k", CUTS)
def test_equals_scikit_learn_to_1e_9(ranking, relevant, scores, k):
    rows = [(graded(entry), row) for entry, row in zip(relevant, scores, strict=True)]
    for measure, theirs in (
        (precision_at_k, sklearn_metrics.precision_score),
        (recall_at_k, sklearn_metrics.recall_score),
        (f1_at_k, sklearn_metrics.f1_score),
    ):
        expected = [theirs(grades > 0, first_k(row, k), zero_division=0) for grades, row in rows]
        np.testing.assert_allclose(measure(ranking, relevant, k), expected, atol=1e-9)
    expected = [sklearn_metrics.accuracy_score(grades > 0, first_k(row, k)) for grades, row in rows]
    np.testing.assert_allclose(accuracy_at_k(ranking, relevant, k, N_GALLERY), expected, atol=1e-9)
    expected = [sklearn_metrics.ndcg_score([grades], [row], k=k) for grades, row in rows]
    np.testing.assert_allclose(ndcg_at_k(ranking, relevant, k), expected, atol=1e-9)
    expected = [sklearn_metrics.ndcg_score([2**grades - 1], [row], k=k) for grades, row in rows]
    np.testing.assert_allclose(ndcg_at_k(ranking, relevant, k, gain="exponential"), expected, atol=1e-9)


def test_average_precision_equals_scikit_learn_to_1e_9(ranking, relevant, scores):
    expected = [
        sklearn_metrics.average_precision_score(graded(entry) > 0, row)
        for entry, row in zip(relevant, scores, strict=True)
    ]
    np.testing.assert_allclose(average_precision(ranking, relevant), expected, atol=1e-9)


def chances(row):
    """The same order between 0 and 1: torchmetrics takes a score of 0 or less as "not retrieved"."""
    return torch.from_numpy(row).sigmoid()


@pytest.mark.parametrize("k", CUTS)
def test_equals_torchmetrics_to_1e_6(ranking, relevant, scores, k):
    rows = [
        (chances(row), torch.from_numpy(graded(entry)).long())
        for entry, row in zip(relevant, scores, strict=True)
    ]
    for measure, theirs in (
        (precision_at_k, torchmetrics_retrieval.retrieval_precision),
        (recall_at_k, torchmetrics_retrieval.retrieval_recall),
        (hit_at_k, torchmetrics_retrieval.retrieval_hit_rate),
        (reciprocal_rank, torchmetrics_retrieval.retrieval_reciprocal_rank),
    ):
        expected = [theirs(row, grades > 0, top_k=k).item() for row, grades in rows]
        np.testing.assert_allclose(measure(ranking, relevant, k), expected, atol=1e-6)
    expected = [
        torchmetrics_retrieval.retrieval_normalized_dcg(row, grades, top_k=k).item() for row, grades in rows
    ]
    np.testing.assert_allclose(ndcg_at_k(ranking, relevant, k), expected, atol=1e-6)


def test_torchmetrics_divides_average_precision_by_what_was_found(ranking, relevant, scores):
    """Over the whole gallery the two agree; cut at k they do not: ours says what it divides by."""
    rows = [
        (chances(row), torch.from_numpy(graded(entry)) > 0)
        for entry, row in zip(relevant, scores, strict=True)
    ]
    theirs = torchmetrics_retrieval.retrieval_average_precision
    expected = [theirs(row, grades).item() for row, grades in rows]
    np.testing.assert_allclose(average_precision(ranking, relevant), expected, atol=1e-6)
    cut = np.array([theirs(row, grades, top_k=5).item() for row, grades in rows])
    n_relevant = np.array([len(entry) for entry in relevant])
    found = recall_at_k(ranking, relevant, 5) * n_relevant
    np.testing.assert_allclose(average_precision(ranking, relevant, 5), cut * found / n_relevant, atol=1e-6)
