from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics.pairwise import cosine_similarity as sklearn_cosine

from crossmodal_edu.errors import RankingError
from crossmodal_edu.retrieval.ranking import Ranking, cosine_similarity, normalise, rank_gallery, top_k

coordinates = st.floats(-10, 10, width=32)
tables = arrays(np.float32, st.tuples(st.integers(1, 6), st.just(4)), elements=coordinates)


def reference_top_k(scores: torch.Tensor, k: int) -> np.ndarray:
    """A full stable sort, which is slow and surely right."""
    return np.argsort(-scores.double().numpy(), axis=1, kind="stable")[:, :k]


def test_two_identical_vectors_have_cosine_1_and_not_0_875():
    vector = torch.tensor([[0.5, 0.5, 0.25, 0.5]])
    assert cosine_similarity(vector, vector).item() == pytest.approx(1.0, abs=1e-7)


def test_cosine_by_hand():
    # (3·4 + 4·3) / (5 · 5) = 24 / 25
    assert cosine_similarity(torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, 3.0]])).item() == pytest.approx(
        0.96
    )


def test_cosine_equals_scikit_learn_to_1e_6():
    queries, gallery = torch.randn(20, 64), torch.randn(300, 64) * 5
    ours = cosine_similarity(queries, gallery).numpy()
    np.testing.assert_allclose(ours, sklearn_cosine(queries.numpy(), gallery.numpy()), atol=1e-6)


def test_normalise_equals_torch_to_1e_6():
    vectors = torch.randn(3, 5, 8)
    torch.testing.assert_close(
        normalise(vectors), torch.nn.functional.normalize(vectors, dim=-1), atol=1e-6, rtol=0
    )


def test_a_zero_vector_stays_zero_and_is_unlike_nothing():
    zero = torch.zeros(1, 3)
    assert normalise(zero).tolist() == [[0.0, 0.0, 0.0]]
    assert cosine_similarity(zero, torch.randn(4, 3)).tolist() == [[0.0] * 4]


@settings(deadline=None)
@given(tables, st.integers(-110, 110))
def test_cosine_is_scale_free(vectors, exponent):
    # A power of two only moves the exponent, so the result has to be the same to the last digit,
    # unless a coordinate leaves the range of float32.
    scaled = torch.from_numpy(vectors) * 2.0**exponent
    vectors = scaled * 2.0**-exponent
    gallery = torch.eye(4)
    assert torch.equal(cosine_similarity(scaled, gallery), cosine_similarity(vectors, gallery))


@settings(deadline=None)
@given(tables)
def test_normalised_vectors_have_length_one_or_zero(vectors):
    lengths = normalise(torch.from_numpy(vectors)).norm(dim=1).numpy()
    nothing = (vectors == 0).all(axis=1)
    np.testing.assert_allclose(lengths, np.where(nothing, 0, 1), atol=1e-6)


@settings(deadline=None)
@given(tables)
def test_cosines_are_between_minus_one_and_one(vectors):
    vectors = torch.from_numpy(vectors)
    assert cosine_similarity(vectors, vectors).abs().max() <= 1


@pytest.mark.parametrize("k", [1, 2, 7, 39, 40])
@pytest.mark.parametrize("distinct", [1, 2, 5, 1000])
def test_top_k_equals_a_full_stable_sort(distinct, k):
    scores = torch.randint(distinct, (50, 40)).float()
    ranking = top_k(scores, k)
    np.testing.assert_array_equal(ranking.indices.numpy(), reference_top_k(scores, k))
    assert torch.equal(ranking.scores, scores.gather(1, ranking.indices))


def test_top_k_of_a_long_gallery_with_many_ties():
    scores = torch.randint(50, (3, 41_323)).float()
    np.testing.assert_array_equal(top_k(scores, 100).indices.numpy(), reference_top_k(scores, 100))


def test_top_k_puts_minus_infinity_last_and_knows_no_negative_zero():
    scores = torch.tensor([[-math.inf, 0.0, -0.0, math.inf, 0.0]])
    assert top_k(scores, 5).indices.tolist() == [[3, 1, 2, 4, 0]]


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 60), st.integers(0, 2**31), st.data())
def test_a_ranking_is_stable_under_a_permutation_of_the_gallery(n, seed, data):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randperm(n, generator=generator).float()[None, :]  # all distinct
    order = torch.randperm(n, generator=generator)
    k = data.draw(st.integers(1, n))
    assert torch.equal(order[top_k(scores[:, order], k).indices], top_k(scores, k).indices)


def test_top_k_of_half_precision():
    scores = torch.tensor([[1.0, 3.0, 3.0, 2.0]], dtype=torch.float16)
    assert top_k(scores, 3).indices.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("k", [0, -1, 6])
def test_k_out_of_range_is_refused(k):
    with pytest.raises(RankingError, match=f"k is {k}, the gallery has 5 items") as caught:
        top_k(torch.zeros(2, 5), k)
    assert "1 to 5" in caught.value.accepted


def test_an_empty_gallery_is_refused():
    with pytest.raises(RankingError, match="the gallery has 0 items"):
        top_k(torch.zeros(1, 0), 1)


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("k", [1, 3, 7])
def test_a_nan_anywhere_is_refused(place, k):
    scores = torch.randn(3, 7)
    scores[1, place] = math.nan
    with pytest.raises(RankingError, match="NaN"):
        top_k(scores, k)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_vectors_that_are_not_finite_are_refused(bad):
    with pytest.raises(RankingError, match="NaN, infinity"):
        cosine_similarity(torch.tensor([[1.0, bad]]), torch.eye(2))


@pytest.mark.usefixtures("as_a_reader")
def test_wrong_shapes_are_refused_in_words():
    with pytest.raises(RankingError, match=r"\(2, 3\).*\(5, 4\)"):
        cosine_similarity(torch.ones(2, 3), torch.ones(5, 4))
    with pytest.raises(RankingError, match=r"vector\[None, :\]"):
        rank_gallery(torch.ones(3), torch.ones(5, 3), 1)
    with pytest.raises(RankingError, match="1 dimensions"):
        top_k(torch.ones(3), 1)
    with pytest.raises(RankingError, match="nothing at all"):
        normalise(torch.ones(3, 0))


@pytest.mark.parametrize("chunk", [1, 3, 256])
def test_ranking_in_chunks_is_ranking_at_once(chunk):
    queries, gallery = torch.randn(10, 16), torch.randn(200, 16)
    at_once = top_k(cosine_similarity(queries, gallery), 7)
    ranking = rank_gallery(queries, gallery, 7, chunk)
    assert torch.equal(ranking.indices, at_once.indices)
    torch.testing.assert_close(ranking.scores, at_once.scores, atol=1e-6, rtol=0)


def test_a_chunk_below_one_is_refused():
    with pytest.raises(RankingError, match="chunk is 0"):
        rank_gallery(torch.eye(2), torch.eye(2), 1, chunk=0)


def test_rankings_join_in_order():
    parts = [top_k(torch.randn(2, 5), 3), top_k(torch.randn(1, 5), 3)]
    joined = Ranking.joined(parts)
    assert len(joined) == 3
    assert joined.k == 3
    assert torch.equal(joined.indices[2:], parts[1].indices)
