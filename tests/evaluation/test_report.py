from __future__ import annotations

import numpy as np
import pytest
import torch

from crossmodal_edu.errors import MetricError
from crossmodal_edu.evaluation.intervals import bootstrap_interval
from crossmodal_edu.evaluation.metrics import ndcg_at_k, recall_at_k
from crossmodal_edu.evaluation.relevance import rank_relevant
from crossmodal_edu.evaluation.report import evaluate_ranking
from crossmodal_edu.retrieval.ranking import rank_gallery

NAMES = ["R@1", "Hit@1", "R@5", "Hit@5", "R@10", "Hit@10", "MRR", "mAP", "nDCG@10"]


@pytest.fixture
def pairs(rng):
    gallery = torch.randn(80, 8)
    queries = gallery[:50] + 0.8 * torch.randn(50, 8)
    grades = [{i: 1.0, (i + 1) % 80: 0.5, (i + 7) % 80: 0.25} for i in range(50)]
    return queries, gallery, [{i} for i in range(50)], grades


def test_a_full_ranking_and_the_ranks_alone_report_the_same(pairs):
    queries, gallery, right, grades = pairs
    full = evaluate_ranking(rank_gallery(queries, gallery, 80), right, grades, n_gallery=80)
    ranks = evaluate_ranking(rank_relevant(queries, gallery, grades), right, grades)
    assert list(full.measures) == list(ranks.measures) == NAMES
    for name in NAMES:
        assert full[name].value == pytest.approx(ranks[name].value, abs=1e-12)
    assert full.chance == ranks.chance
    assert (ranks.n_queries, ranks.n_gallery) == (50, 80)


def test_every_value_is_that_of_its_measure(pairs):
    queries, gallery, right, grades = pairs
    ranking = rank_gallery(queries, gallery, 20)
    report = evaluate_ranking(ranking, right, grades, confidence=0.9, samples=200, rng=5)
    assert report["R@5"] == bootstrap_interval(recall_at_k(ranking, right, 5), 0.9, 200, 5)
    assert report["nDCG@10"] == bootstrap_interval(ndcg_at_k(ranking, grades, 10), 0.9, 200, 5)
    assert evaluate_ranking(ranking, right)["nDCG@10"].value == ndcg_at_k(ranking, right, 10).mean()


def test_a_ranking_that_is_cut_says_so_in_its_names(pairs):
    queries, gallery, right, _ = pairs
    report = evaluate_ranking(rank_gallery(queries, gallery, 20), right, n_gallery=80)
    assert "MRR@20" in report.measures
    assert "MRR" not in report.measures
    assert set(report.chance) == {name for name in NAMES if "@" in name and "nDCG" not in name}
    assert evaluate_ranking(rank_gallery(queries, gallery, 20), right).chance == {}


def test_a_ranking_by_dice_is_at_chance(rng):
    rankings = rng.permuted(np.tile(np.arange(40), (4000, 1)), axis=1)
    right = [set(range(1 + i % 5)) for i in range(4000)]
    report = evaluate_ranking(rankings, right, n_gallery=40, samples=200)
    for name, chance in report.chance.items():
        assert report[name].value == pytest.approx(chance, abs=0.02)


def test_it_prints_a_table(pairs):
    queries, gallery, right, grades = pairs
    lines = str(evaluate_ranking(rank_relevant(queries, gallery, grades), right, grades)).splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    assert lines[0].endswith("chance 0.0125")


def test_a_ranking_shorter_than_asked_for_is_refused(pairs):
    queries, gallery, right, _ = pairs
    with pytest.raises(MetricError, match="k is 10, the ranking holds 5"):
        evaluate_ranking(rank_gallery(queries, gallery, 5), right)
