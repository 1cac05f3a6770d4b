from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmodal_edu.errors import MetricError
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
from crossmodal_edu.evaluation.relevance import rank_of_relevant, rank_relevant
from crossmodal_edu.retrieval.ranking import cosine_similarity, top_k

# Worked by hand: the relevant items 7, 2 and 5 stand at ranks 2 and 4, and beyond the list.
BY_HAND = np.array([[9, 7, 1, 2, 8]])
RIGHT = [{7, 2, 5}]
MEASURES = [precision_at_k, recall_at_k, hit_at_k, f1_at_k, reciprocal_rank, average_precision, ndcg_at_k]


@pytest.mark.parametrize(
    ("measure", "k", "expected"),
    [
        (precision_at_k, 1, 0),
        (precision_at_k, 4, 2 / 4),
        (precision_at_k, 5, 2 / 5),
        (recall_at_k, 2, 1 / 3),
        (recall_at_k, 5, 2 / 3),
        (hit_at_k, 1, 0),
        (hit_at_k, 2, 1),
        (f1_at_k, 5, 2 * (2 / 5) * (2 / 3) / (2 / 5 + 2 / 3)),
        (f1_at_k, 1, 0),
        (reciprocal_rank, None, 1 / 2),
        (reciprocal_rank, 1, 0),
        (average_precision, None, (1 / 2 + 2 / 4) / 3),
        (average_precision, 3, (1 / 2) / 3),
        (ndcg_at_k, None, (1 / np.log2(3) + 1 / np.log2(5)) / (1 + 1 / np.log2(3) + 1 / np.log2(4))),
        (ndcg_at_k, 2, (1 / np.log2(3)) / (1 + 1 / np.log2(3))),
    ],
)
def test_numbers_worked_by_hand(measure, k, expected):
    np.testing.assert_allclose(measure(BY_HAND, RIGHT, k), [expected], atol=1e-12)


def test_graded_numbers_worked_by_hand():
    grades = [{7: 1.0, 2: 3.0, 5: 2.0}]
    linear = (1 / np.log2(3) + 3 / np.log2(5)) / (3 + 2 / np.log2(3) + 1 / 2)
    exponential = (1 / np.log2(3) + 7 / np.log2(5)) / (7 + 3 / np.log2(3) + 1 / 2)
    assert ndcg_at_k(BY_HAND, grades) == pytest.approx(linear)
    assert ndcg_at_k(BY_HAND, grades, gain="exponential") == pytest.approx(exponential)


def test_accuracy_praises_a_search_that_finds_nothing():
    """One right product in 40,000, never found: 99.97 % of the decisions are right, no query is."""
    found = np.tile(np.arange(10), (3, 1))
    right = [{39_000}] * 3
    assert accuracy_at_k(found, right, 10, n_gallery=40_000) == pytest.approx(1 - 11 / 40_000)
    assert precision_at_k(found, right, 10).tolist() == [0, 0, 0]


def test_precision_is_not_accuracy():
    found = np.array([[0, 1]])
    assert precision_at_k(found, [{0}], 2) == pytest.approx(1 / 2)
    assert accuracy_at_k(found, [{0}], 2, n_gallery=10) == pytest.approx(9 / 10)


rankings = st.integers(2, 12).flatmap(
    lambda n: st.tuples(st.permutations(range(n)), st.sets(st.integers(0, n + 2), min_size=1))
)


@settings(deadline=None)
@given(rankings)
def test_recall_and_hits_never_fall_with_k(case):
    order, right = case
    ranking = np.array([order])
    for measure in (recall_at_k, hit_at_k):
        values = [measure(ranking, [right], k)[0] for k in range(1, len(order) + 1)]
        assert values == sorted(values)


@settings(deadline=None)
@given(rankings)
def test_every_measure_is_between_0_and_1(case):
    order, right = case
    for measure in MEASURES:
        for k in (1, len(order)):
            value = measure(np.array([order]), [right], k)
            assert value.shape == (1,)
            assert 0 <= value[0] <= 1 + 1e-12


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 20), st.floats(0.01, 5), min_size=1), st.integers(1, 21))
def test_ndcg_of_the_ideal_ranking_is_1(grades, k):
    others = [item for item in range(21) if item not in grades]
    ideal = np.array([sorted(grades, key=grades.get, reverse=True) + others])
    for gain in ("linear", "exponential"):
        assert ndcg_at_k(ideal, [grades], k, gain) == pytest.approx(1)


@settings(deadline=None)
@given(rankings)
def test_one_relevant_item_makes_recall_the_hit_and_precision_1_over_k(case):
    order, right = case
    one = [{min(right)}]
    k = max(1, len(order) // 2)
    ranking = np.array([order])
    assert recall_at_k(ranking, one, k) == hit_at_k(ranking, one, k) == precision_at_k(ranking, one, k) * k
    assert average_precision(ranking, one) == reciprocal_rank(ranking, one)


def test_ties_are_broken_by_index_in_lists_and_in_ranks(rng):
    scores = rng.integers(4, size=(30, 50)).astype(np.float32)
    relevant = [set(rng.choice(50, size=rng.integers(1, 50), replace=False).tolist()) for _ in range(30)]
    by_rank, by_list = rank_of_relevant(scores, relevant), top_k(torch.from_numpy(scores), 50)
    for measure in MEASURES:
        np.testing.assert_allclose(measure(by_rank, relevant, 20), measure(by_list, relevant, 20), atol=1e-12)


def test_ranks_of_few_and_of_many_relevant_items_agree_with_a_sort(rng):
    scores = np.round(rng.normal(size=(2, 100)), 1)
    relevant = [set(range(0, 100, 7)), set(range(0, 100, 2))]  # counted, and sorted
    found = rank_of_relevant(scores, relevant)
    for query, item, rank in zip(found.queries, found.items, found.ranks, strict=True):
        assert np.argsort(-scores[query], kind="stable")[rank - 1] == item


@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_ranks_by_chunk_are_ranks_at_once(chunk, rng):
    queries, gallery = torch.randn(10, 8), torch.randn(60, 8)
    relevant = [set(rng.choice(60, size=3, replace=False).tolist()) for _ in range(10)]
    at_once = rank_of_relevant(cosine_similarity(queries, gallery).numpy(), relevant)
    found = rank_relevant(queries, gallery, relevant, chunk)
    assert found.ranks.tolist() == at_once.ranks.tolist()
    assert found.queries.tolist() == at_once.queries.tolist()
    assert (found.n_queries, found.depth) == (10, 60)


def test_ranks_of_graded_items_serve_a_binary_measure_too():
    grades = [{0: 0.2, 1: 1.0, 2: 0.5}]
    found = rank_of_relevant(np.array([[0.9, 0.5, 0.7, 0.8]]), grades)
    assert recall_at_k(found, [{1}], 3).tolist() == [0]
    assert reciprocal_rank(found, [{1}]).tolist() == [0.25]
    with pytest.raises(MetricError, match="rank of item 3 for query 0 is not known"):
        recall_at_k(found, [{3}], 3)


def test_relevance_may_be_a_list_an_array_or_a_set():
    for entry in ([2, 7, 5], np.array([7, 2, 5]), {np.int64(7), 2, 5}):
        assert recall_at_k(BY_HAND, [entry], 5) == pytest.approx(2 / 3)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_query_without_a_relevant_item_is_named(measure):
    with pytest.raises(MetricError, match="Query 1 has no relevant item"):
        measure(np.array([[0, 1], [1, 0]]), [{0}, set()], 1)


@pytest.mark.parametrize(
    ("ranking", "relevant", "k", "problem"),
    [
        ([[0, 1]], [{0}], 3, "k is 3, the ranking holds 2"),
        ([[0, 1]], [{0}], 0, "k is 0"),
        ([[0, 1], [2, 2]], [{0}, {2}], 2, "query 1 names an item twice"),
        ([[0, -1]], [{0}], 1, "negative"),
        ([[0, 1]], [{0}, {1}], 1, "1 rankings came with relevance for 2"),
        ([[0, 1]], [{-3}], 1, "whole number"),
        ([[0, 1]], [[0, 0]], 1, "same relevant item twice"),
        ([[0, 1]], [{0: 0.0}], 1, "grade that is not above 0"),
        ([[0, 1]], [{0: float("nan")}], 1, "grade that is not above 0"),
        ([[0, 1]], [], 1, "no queries"),
    ],
)
def test_bad_input_is_refused(ranking, relevant, k, problem):
    with pytest.raises(MetricError, match=problem):
        recall_at_k(np.array(ranking), relevant, k)


@pytest.mark.usefixtures("as_a_reader")
def test_wrong_types_are_refused_in_words():
    with pytest.raises(MetricError, match="type float64"):
        recall_at_k(np.array([[0.0, 1.0]]), [{0}], 1)
    with pytest.raises(MetricError, match="shape"):
        recall_at_k(np.array([0, 1]), [{0}], 1)
    with pytest.raises(MetricError, match="whole number"):
        recall_at_k(np.array([[0, 1]]), [{"p-1"}], 1)
    with pytest.raises(MetricError, match="gain is 'log'"):
        ndcg_at_k(np.array([[0, 1]]), [{0}], 1, gain="log")


def test_bad_scores_are_refused():
    with pytest.raises(MetricError, match="NaN"):
        rank_of_relevant(np.array([[0.1, np.nan]]), [{0}])
    with pytest.raises(MetricError, match="Item 5 is called relevant, the gallery has 2"):
        rank_of_relevant(np.array([[0.1, 0.2]]), [{5}])
    with pytest.raises(MetricError, match="for 2 queries"):
        rank_of_relevant(np.array([[0.1, 0.2]]), [{0}, {1}])
    with pytest.raises(MetricError, match="2 queries, relevance for 1"):
        rank_relevant(torch.eye(2), torch.eye(2), [{0}])
    with pytest.raises(MetricError, match="gallery is said to have 1"):
        accuracy_at_k(np.array([[0, 1]]), [{0}], 2, n_gallery=1)
