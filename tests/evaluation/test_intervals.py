from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmodal_edu.errors import MetricError
from crossmodal_edu.evaluation.intervals import (
    Estimate,
    bootstrap_interval,
    chance_average_precision,
    chance_hit_at_k,
    chance_recall_at_k,
    paired_difference,
)
from crossmodal_edu.evaluation.metrics import average_precision, hit_at_k, recall_at_k


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_the_interval_contains_the_mean(values):
    estimate = bootstrap_interval(np.array(values))
    assert estimate.low - 1e-12 <= estimate.value <= estimate.high + 1e-12
    assert estimate.value == pytest.approx(np.mean(values))
    assert estimate.n == len(values)


def test_the_interval_equals_scipy_within_a_tenth_of_its_width(rng):
    values = rng.random(300) ** 2
    ours = bootstrap_interval(values, samples=5000)
    theirs = scipy.stats.bootstrap((values,), np.mean, n_resamples=5000, method="percentile", rng=1)
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert abs(ours.low - theirs.confidence_interval.low) < width / 10
    assert abs(ours.high - theirs.confidence_interval.high) < width / 10


def test_the_interval_covers_the_truth_about_as_often_as_it_says(rng):
    covered = 0
    for seed in range(200):
        estimate = bootstrap_interval((rng.random(100) < 0.3).astype(float), samples=400, rng=seed)
        covered += estimate.low <= 0.3 <= estimate.high
    assert 180 <= covered <= 198  # 95 % of 200 are 190; the percentile interval is a little narrow


def test_more_confidence_is_wider_and_the_seed_decides():
    values = np.linspace(0, 1, 60)
    narrow, wide = bootstrap_interval(values, confidence=0.5), bootstrap_interval(values, confidence=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert bootstrap_interval(values, rng=3) == bootstrap_interval(values, rng=np.random.default_rng(3))
    assert bootstrap_interval(values, rng=3) != bootstrap_interval(values, rng=4)


def test_many_values_are_drawn_in_blocks():
    estimate = bootstrap_interval(np.tile([0.0, 1.0], 1_100_000), samples=3)
    assert estimate.value == 0.5
    assert abs(estimate.low - 0.5) < 0.01


def test_a_paired_difference_is_narrower_than_its_two_means(rng):
    difficulty = rng.random(200)
    first, second = difficulty + 0.05 + 0.01 * rng.normal(size=200), difficulty
    difference = paired_difference(first, second)
    assert difference.low > 0
    assert (
        difference.high - difference.low
        < (bootstrap_interval(first).high - bootstrap_interval(first).low) / 5
    )
    assert paired_difference(second, first).value == pytest.approx(-difference.value)


def test_an_estimate_prints_in_three_decimals():
    assert str(Estimate(0.8234, 0.8009, 0.8451, 10)) == "0.823 (0.801–0.845)"
    assert str(Estimate(-0.1, -0.2, 0.05, 10)) == "-0.100 (-0.200 to 0.050)"


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan], [1.0, np.inf]])
def test_values_without_an_interval_are_refused(values):
    with pytest.raises(MetricError, match="No interval"):
        bootstrap_interval(np.array(values))


def test_bad_settings_are_refused():
    for options in ({"confidence": 1.0}, {"confidence": 0.0}, {"samples": 0}):
        with pytest.raises(MetricError, match="confidence is"):
            bootstrap_interval(np.array([0.0, 1.0]), **options)


@pytest.mark.usefixtures("as_a_reader")
def test_pairs_have_to_be_pairs():
    with pytest.raises(MetricError, match="not pairs"):
        paired_difference(np.zeros(3), np.zeros(4))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (4, 1), (5, 2), (5, 5), (6, 3)])
def test_chance_is_the_mean_over_all_rankings(n, m):
    """To 1e-12, by ranking the gallery in every order there is."""
    rankings = np.array(list(itertools.permutations(range(n))))
    relevant = [set(range(m))] * len(rankings)
    for k in range(1, n + 1):
        assert chance_recall_at_k(n, k) == pytest.approx(recall_at_k(rankings, relevant, k).mean(), abs=1e-12)
        assert chance_hit_at_k(n, k, m) == pytest.approx(hit_at_k(rankings, relevant, k).mean(), abs=1e-12)
    expected = average_precision(rankings, relevant).mean()
    assert chance_average_precision(n, m) == pytest.approx(expected, abs=1e-12)


def test_impossible_counts_are_refused():
    for call in (
        lambda: chance_recall_at_k(5, 6),
        lambda: chance_hit_at_k(5, 0),
        lambda: chance_hit_at_k(5, 1, 6),
        lambda: chance_average_precision(0),
    ):
        with pytest.raises(MetricError, match="cannot be"):
            call()
