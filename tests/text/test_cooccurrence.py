"""Counts are exact, PPMI is its formula, and the vectors are a singular value decomposition."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer

from crossmodal_edu.errors import VocabularyError
from crossmodal_edu.text import cooccurrence
from crossmodal_edu.text.cooccurrence import PpmiSvd, count_cooccurrences, ppmi
from crossmodal_edu.text.corpus import Corpus
from crossmodal_edu.text.tokens import tokenise

LETTERS = st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=12), min_size=1, max_size=8)


def by_hand(corpus: Corpus, window: int) -> np.ndarray:
    """The definition, in fractions."""
    table = np.full((len(corpus.words),) * 2, Fraction(0))
    for first, last in zip(corpus.starts, corpus.starts[1:], strict=False):
        sentence = corpus.tokens[first:last]
        for i, one in enumerate(sentence):
            for j, other in enumerate(sentence):
                if 0 < abs(i - j) <= window:
                    table[one, other] += Fraction(1, abs(i - j))
    return table.astype(float)


def paired(corpus: Corpus) -> bool:
    return bool(np.diff(corpus.starts).max() > 1)


@given(LETTERS, st.integers(1, 20))
def test_counts_equal_the_definition_in_fractions_exactly(sentences, window):
    corpus = Corpus.of(sentences, minimum_count=1)
    if not paired(corpus):
        with pytest.raises(VocabularyError, match="stand together"):
            count_cooccurrences(corpus, window)
        return
    assert np.array_equal(count_cooccurrences(corpus, window).toarray(), by_hand(corpus, window))


@given(LETTERS, st.randoms())
def test_counts_do_not_depend_on_the_order_of_sentences_nor_on_the_portions(sentences, chance):
    sentences.append(["a", "b"])
    expected = count_cooccurrences(Corpus.of(sentences, minimum_count=1), 3)
    chance.shuffle(sentences)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cooccurrence, "_AT_A_TIME", 6)
        got = count_cooccurrences(Corpus.of(sentences, minimum_count=1), 3)
    assert np.array_equal(got.toarray(), expected.toarray())


def test_the_titles_of_the_chapter():
    """Worked by hand in chapter 04: red and bag stand 2 and 1 apart, so 1/2 + 1."""
    corpus = Corpus.of([tokenise("red leather bag"), tokenise("red bag")], minimum_count=1)
    counts = count_cooccurrences(corpus)
    row = corpus.words.index
    assert counts[row("red"), row("bag")] == 1.5
    assert counts[row("red"), row("leather")] == 1
    assert (counts != counts.T).nnz == 0


def test_a_word_near_itself_is_counted_from_both_sides():
    assert count_cooccurrences(Corpus.of([["a", "a"]], minimum_count=1)).toarray() == [[2.0]]


def test_without_distances_and_ends_it_is_scikit_learns_count_vectorizer():
    """Window 1 over two-word titles: each pair counts 1, as in CountVectorizer's XᵀX off the diagonal."""
    titles = ["red bag", "blue bag", "red shoe", "blue shoe", "red bag"]
    vectorizer = CountVectorizer()
    presence = vectorizer.fit_transform(titles)
    theirs = (presence.T @ presence).toarray()
    np.fill_diagonal(theirs, 0)
    corpus = Corpus.of(map(tokenise, titles), minimum_count=1)
    order = [corpus.words.index(word) for word in vectorizer.get_feature_names_out()]
    assert np.array_equal(count_cooccurrences(corpus, 1).toarray()[np.ix_(order, order)], theirs)


def test_a_line_longer_than_a_portion_is_counted_across_the_cut(monkeypatch):
    line = ["a", "b", "c"] * 4_000
    whole = count_cooccurrences(Corpus.of([line]), 5)
    monkeypatch.setattr(cooccurrence, "_AT_A_TIME", 1_000)
    assert np.array_equal(count_cooccurrences(Corpus.of([line]), 5).toarray(), whole.toarray())


def test_numbers_and_other_scripts_are_words_like_others():
    corpus = Corpus.of([tokenise("iphone 13 红色手机"), tokenise("т 13")], minimum_count=1)
    counts = count_cooccurrences(corpus)
    assert counts[corpus.words.index("13"), corpus.words.index("т")] == 1
    assert np.isfinite(counts.data).all()


@pytest.mark.parametrize("window", [0, -1, 21, 2.5])
def test_a_window_out_of_range_is_refused(window):
    with pytest.raises(VocabularyError, match="window") as caught:
        cooccurrence._check_window(window)
    assert "1 to 20" in caught.value.accepted


def test_titles_of_one_word_have_nothing_to_count():
    with pytest.raises(VocabularyError, match="No two known words"):
        count_cooccurrences(Corpus.of([["red"], ["red"]], minimum_count=1))


def test_an_empty_corpus_is_refused():
    with pytest.raises(VocabularyError, match="Nothing to learn from"):
        PpmiSvd.fit([])


# --- PPMI --------------------------------------------------------------------------------------------


def test_ppmi_equals_its_formula():
    counts = np.random.default_rng(0).poisson(1.0, size=(6, 6)).astype(float)
    joint = counts / counts.sum()
    with np.errstate(divide="ignore"):
        pmi = np.log(joint / np.outer(joint.sum(axis=1), joint.sum(axis=0)))
    assert np.allclose(ppmi(csr_array(counts), smoothing=1).toarray(), np.maximum(pmi, 0))


def test_the_ppmi_worked_in_the_chapter():
    """4 of 16 where 8 · 4 / 16 = 2 were to be expected: log 2."""
    counts = csr_array([[0.0, 4.0, 4.0], [4.0, 0.0, 0.0], [4.0, 0.0, 0.0]])
    assert ppmi(counts, smoothing=1)[0, 1] == pytest.approx(np.log(2))


def test_smoothing_lowers_rare_contexts_and_the_shift_lowers_all():
    counts = csr_array([[8.0, 1.0], [8.0, 0.0], [1.0, 1.0]])
    plain, smooth = ppmi(counts, smoothing=1), ppmi(counts, smoothing=0.75)
    assert smooth[2, 1] < plain[2, 1]
    shifted = ppmi(counts, smoothing=1, shift=2)
    assert shifted[2, 1] == pytest.approx(plain[2, 1] - np.log(2))
    assert shifted.nnz < plain.nnz


def test_a_word_without_neighbours_gets_zeros_and_never_nan():
    corpus = Corpus.of([["a", "b"], ["b", "c"], ["alone"]], minimum_count=1)
    table = ppmi(count_cooccurrences(corpus))
    assert np.isfinite(table.data).all()
    vectors = PpmiSvd.fit(corpus, dimensions=2)
    assert vectors.similarity("alone", "a") == pytest.approx(0, abs=1e-6)


# --- SVD ---------------------------------------------------------------------------------------------


def random_titles(n: int = 400) -> list[list[str]]:
    chance = np.random.default_rng(1)
    return [[f"w{k}" for k in chance.zipf(1.6, size=6) if k < 60] or ["w1"] for _ in range(n)]


def test_vectors_times_contexts_rebuild_the_table_as_well_as_numpys_svd():
    """With power 0.5, W·Cᵀ is the best table of rank d: the error equals numpy's to 1 in 1,000."""
    corpus = Corpus.of(random_titles())
    table = ppmi(count_cooccurrences(corpus)).toarray()
    vectors = PpmiSvd.fit(corpus, dimensions=8)
    left, strengths, right = np.linalg.svd(table)
    best = np.linalg.norm(table - (left[:, :8] * strengths[:8]) @ right[:8])
    assert np.linalg.norm(table - vectors.vectors @ vectors.contexts.T) <= 1.001 * best
    assert vectors.singular_values == pytest.approx(strengths[:8], rel=1e-3)


def test_the_power_scales_the_directions():
    corpus = Corpus.of(random_titles())
    flat, full = (PpmiSvd.fit(corpus, dimensions=5, power=power) for power in (0.0, 1.0))
    assert np.allclose(np.linalg.norm(flat.vectors, axis=0), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(full.vectors, axis=0), full.singular_values, rtol=1e-4)


def test_the_same_seed_gives_the_same_vectors():
    one, other = (PpmiSvd.fit(random_titles(), dimensions=5, seed=3) for _ in range(2))
    assert np.array_equal(one.vectors, other.vectors)


@pytest.mark.parametrize("dimensions", [0, 3, 100])
def test_dimensions_must_be_fewer_than_words(dimensions):
    with pytest.raises(VocabularyError, match="3 words are known"):
        PpmiSvd.fit([["a", "b", "c"]], minimum_count=1, dimensions=dimensions)


def test_unknown_words_are_named():
    with pytest.raises(VocabularyError, match="'sofa' is unknown"):
        PpmiSvd.fit(random_titles(), dimensions=5).most_similar("sofa")
