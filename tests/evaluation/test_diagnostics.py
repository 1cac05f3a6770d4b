from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
from sklearn.metrics import roc_auc_score

from crossmodal_edu.errors import MetricError
from crossmodal_edu.evaluation.diagnostics import hubness, matching_and_random, modality_gap
from crossmodal_edu.retrieval.ranking import Ranking, normalise, rank_gallery


def test_gap_by_hand():
    # Centroids (1, 0) and (0, 1): √2 apart, whatever the lengths.
    assert modality_gap(torch.tensor([[3.0, 0.0], [9.0, 0.0]]), torch.tensor([[0.0, 1.0]])) == pytest.approx(
        2**0.5
    )
    assert modality_gap(torch.tensor([[1.0, 0.0]]), torch.tensor([[-1.0, 0.0]])) == pytest.approx(2)


def test_gap_of_a_modality_to_itself_is_0_and_grows_with_a_shift():
    vectors = normalise(torch.randn(500, 16))
    assert modality_gap(vectors, vectors) == 0
    shift = torch.zeros(16)
    shift[0] = 1
    gaps = [modality_gap(vectors, vectors + amount * shift) for amount in (0.0, 0.5, 1.0, 2.0)]
    assert gaps == sorted(gaps)
    assert gaps[-1] > 0.5


def test_auc_equals_scikit_learn_to_1e_9_with_ties():
    first = torch.randint(3, (40, 3)).float()
    pairs = matching_and_random(first, first + torch.randint(2, (40, 3)), draws=500)
    truth = np.r_[np.ones(40), np.zeros(500)]
    assert pairs.auc == pytest.approx(roc_auc_score(truth, np.r_[pairs.matching, pairs.random]), abs=1e-9)


def test_unrelated_modalities_are_at_chance_and_equal_ones_are_not():
    words, pictures = torch.randn(300, 32), torch.randn(300, 32)
    untrained = matching_and_random(words, pictures)
    assert abs(untrained.auc - 0.5) < 0.06
    assert abs(untrained.mean_matching - untrained.mean_random) < 0.05
    trained = matching_and_random(words, words + 0.5 * pictures)
    assert trained.auc > 0.99
    assert trained.mean_matching > 0.8 > 0.1 > trained.mean_random


def test_random_pairs_are_never_matching_pairs_and_follow_the_seed():
    # Of two products, every pair that does not match is (0, 1) or (1, 0).
    pairs = matching_and_random(torch.eye(2), torch.eye(2), draws=10_000)
    assert pairs.random.shape == (10_000,)
    assert (pairs.random == 0).all()
    first, second = torch.randn(20, 4), torch.randn(20, 4)
    draws = [matching_and_random(first, second, draws=50, rng=seed).random for seed in (1, 1, 2)]
    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any()


def test_random_pairs_are_drawn_evenly():
    gallery = torch.randn(6, 4)
    pairs = matching_and_random(gallery, gallery, draws=60_000)
    cosines = (normalise(gallery.double()) @ normalise(gallery.double()).T).numpy()
    assert pairs.mean_random == pytest.approx(cosines[~np.eye(6, dtype=bool)].mean(), abs=0.01)


def test_skewness_equals_scipy_to_1e_12(rng):
    found = rng.zipf(1.7, size=(300, 5)) % 100
    result = hubness(Ranking(torch.from_numpy(found), torch.zeros(300, 5)), n=100)
    assert result.occurrences.sum() == 1500
    assert result.skewness == pytest.approx(scipy.stats.skew(result.occurrences), abs=1e-12)


def test_evenly_found_items_have_no_hubs():
    result = hubness(Ranking(torch.arange(10)[:, None], torch.zeros(10, 1)), n=10)
    assert result.skewness == 0
    assert result.never == 0


def test_hubs_come_with_dimensions():
    """Radovanović et al.: of 300 coordinates, what lies near the centre is near to every query."""
    flat, deep = (
        hubness(rank_gallery(torch.randn(400, d) + 0.5, torch.randn(400, d) + 0.5, 10), 400) for d in (3, 300)
    )
    assert deep.skewness > flat.skewness + 0.5
    assert deep.never > flat.never


def test_bad_input_is_refused():
    with pytest.raises(MetricError, match="outside a gallery of 3"):
        hubness(Ranking(torch.tensor([[3]]), torch.zeros(1, 1)), n=3)
    with pytest.raises(MetricError, match="not pairs to compare"):
        matching_and_random(torch.eye(1), torch.eye(1))
    with pytest.raises(MetricError, match="No gap"):
        modality_gap(torch.empty(0, 3), torch.ones(2, 3))


@pytest.mark.usefixtures("as_a_reader")
def test_wrong_shapes_are_refused_in_words():
    with pytest.raises(MetricError, match=r"\(2, 3\) and \(2, 4\)"):
        modality_gap(torch.ones(2, 3), torch.ones(2, 4))
    with pytest.raises(MetricError, match="not pairs to compare"):
        matching_and_random(torch.ones(2, 3), torch.ones(3, 3))
