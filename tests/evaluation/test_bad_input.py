"""Input at the edge of what can be measured: a defined result, or an error that says what to do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.errors import CrossmodalError, MetricError
from crossmodal_edu.evaluation import metrics
from crossmodal_edu.evaluation.directions import SideVectors, evaluate_direction, evaluate_directions
from crossmodal_edu.evaluation.relevance import rank_of_relevant, rank_relevant
from crossmodal_edu.evaluation.report import evaluate_ranking
from crossmodal_edu.evaluation.searches import evaluate_searches
from crossmodal_edu.modality import Modality
from crossmodal_edu.products import Catalog, Product

MEASURES = [
    metrics.precision_at_k,
    metrics.recall_at_k,
    metrics.hit_at_k,
    metrics.f1_at_k,
    metrics.reciprocal_rank,
    metrics.average_precision,
    metrics.ndcg_at_k,
]


@pytest.mark.usefixtures("as_a_reader")
def test_nothing_can_be_found_in_an_empty_gallery():
    with pytest.raises(MetricError, match="Item 0 is called relevant, the gallery has 0"):
        rank_of_relevant(np.empty((1, 0)), [{0}])
    with pytest.raises(CrossmodalError) as raised:
        rank_relevant(torch.ones(1, 3), torch.empty(0, 3), [{0}])
    assert raised.value.accepted
    for measure in MEASURES:
        with pytest.raises(MetricError, match="the ranking holds 0 items"):
            measure(np.empty((1, 0), dtype=int), [{0}], 1)


def test_an_empty_side_finds_nothing_and_says_so():
    texts = SideVectors(Modality.TEXT, torch.eye(3), np.arange(3), "text")
    nothing = SideVectors(Modality.IMAGE, torch.empty(0, 3), np.empty(0, dtype=int), "image")
    with pytest.raises(MetricError, match="No product has both text and image"):
        evaluate_direction(texts, nothing)
    assert evaluate_directions({"text": texts, "image": nothing}) == {}


@pytest.mark.parametrize("measure", MEASURES)
def test_k_may_be_the_whole_gallery_and_no_more(measure):
    ranks = rank_of_relevant(np.array([[0.1, 0.9, 0.5]]), [{0}])
    assert np.isfinite(measure(ranks, [{0}], 3)).all()
    with pytest.raises(MetricError, match="k is 4, the ranking holds 3") as raised:
        measure(ranks, [{0}], 4)
    assert raised.value.accepted == "1 to 3."


def test_a_report_on_a_gallery_of_fewer_than_ten_sees_all_of_it():
    ranks = rank_of_relevant(np.eye(4), [{i} for i in range(4)])
    report = evaluate_ranking(ranks, [{i} for i in range(4)], ks=(1, 4))
    assert report["nDCG@10"].value == report["R@4"].value == 1.0


@pytest.mark.parametrize("measure", MEASURES)
def test_where_all_products_are_of_one_class_any_ranking_is_perfect(measure):
    """One class only: all products are right, so that nothing wrong can be found."""
    ranks = rank_of_relevant(np.array([[0.3, 0.1, 0.2]]), [{0, 1, 2}])
    assert measure(ranks, [{0, 1, 2}], 3).tolist() == [1.0]


def test_chance_says_so_where_all_products_are_of_one_class():
    everything = [{0, 1, 2}] * 4
    report = evaluate_ranking(rank_of_relevant(np.zeros((4, 3)), everything), everything, ks=(1, 3))
    assert report["mAP"].value == report.chance["mAP"] == 1.0
    assert report["Hit@1"].value == report.chance["Hit@1"] == 1.0


@pytest.mark.parametrize("measure", MEASURES)
def test_ties_everywhere_keep_the_order_of_the_gallery(measure):
    """A model that gives every product the same score gets no credit for it: item 4 stands fifth."""
    same = rank_of_relevant(np.zeros((1, 6)), [{4}])
    assert same.ranks.tolist() == [5]
    assert measure(same, [{4}], 4).tolist() == [0.0]


def test_equal_vectors_tie_everywhere():
    assert rank_relevant(torch.ones(2, 3), torch.ones(5, 3), [{0}, {4}]).ranks.tolist() == [1, 5]


@pytest.mark.parametrize("wrong", [np.nan, float("nan")])
def test_a_score_that_is_no_number_is_refused_wherever_it_stands(wrong):
    for place in range(3):
        scores = np.zeros((1, 3))
        scores[0, place] = wrong
        with pytest.raises(MetricError, match="NaN"):
            rank_of_relevant(scores, [{1}])


def test_infinite_scores_have_their_place():
    assert rank_of_relevant(np.array([[-np.inf, np.inf, 0.0]]), [{0, 1, 2}]).ranks.tolist() == [3, 1, 2]


def test_vectors_with_a_nan_are_refused():
    broken = torch.eye(3)
    broken[1, 1] = torch.nan
    with pytest.raises(CrossmodalError) as raised:
        rank_relevant(torch.eye(3), broken, [{0}, {1}, {2}])
    assert raised.value.accepted


def test_relevance_that_names_products_which_are_not_there():
    with pytest.raises(MetricError, match="Item 9 is called relevant, the gallery has 2"):
        rank_relevant(torch.eye(2), torch.eye(2), [{0}, {1, 9}])
    # A list that is cut may hold none of the relevant items, and does not say how many there are.
    assert metrics.recall_at_k(np.array([[0, 1]]), [{9}], 2).tolist() == [0.0]
    catalog = Catalog([Product("a", title="red bag"), Product("b", title="mug")])
    engine = SearchEngine.from_catalog(catalog)
    with pytest.raises(MetricError, match="the right product is 'c'"):
        evaluate_searches(engine, [("bag", ["a"]), ("cup", ["c"])])


def test_captions_without_picture_are_left_out_and_counted():
    captions = SideVectors(Modality.TEXT, torch.eye(4)[[0, 1, 2, 3]], np.array([0, 0, 1, 5]), "text")
    pictures = SideVectors(Modality.IMAGE, torch.eye(4)[[0, 2]], np.array([0, 1]), "image")
    assert evaluate_direction(captions, pictures).n_queries == 3
    assert evaluate_direction(pictures, captions).n_queries == 2
