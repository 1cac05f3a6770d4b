"""Means of word vectors: hand-worked weights, scikit-learn, padding, and texts that nobody expects."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from crossmodal_edu.errors import VocabularyError
from crossmodal_edu.padding import weighted_mean
from crossmodal_edu.spaces.contrastive import contrastive_loss
from crossmodal_edu.text.cnn import TextCNN
from crossmodal_edu.text.recurrent import GRUReader
from crossmodal_edu.text.sentences import (
    LONGEST,
    MeanReader,
    SentenceEncoder,
    SentenceMean,
    common_direction,
    idf_weights,
    sif_weights,
    train_on_pairs,
    without_direction,
)
from crossmodal_edu.text.tokens import segment, tokenise
from crossmodal_edu.text.wordvectors import WordVectors

TITLES = ["red bag with white dots", "blue bag with a strap", "white kettle with red lid", "silk scarf"]
ODD_TEXTS = [
    "",
    "   ",
    "!?…",
    "🎈🎈",
    "привет мир",
    "مرحبا",
    "東京",
    "12345 -7 3.14",
    "zzz qqq",
    "bag " * 20_000,
    "\x00\ud7ff",
]


@pytest.fixture
def sentences():
    return [tokenise(title) for title in TITLES]


@pytest.fixture
def vectors(sentences, rng):
    words = sorted({word for sentence in sentences for word in sentence})
    return WordVectors(words, rng.normal(size=(len(words), 12)))


def test_the_hand_worked_numbers_of_the_chapter():
    four = [
        ["kettle", "with", "lid"],
        ["bag", "with", "strap"],
        ["mug", "with", "dots"],
        ["boots", "with", "heel"],
    ]
    idf = idf_weights(four)
    assert idf["with"] == 1
    assert idf["kettle"] == pytest.approx(log(5 / 2) + 1) == pytest.approx(1.92, abs=0.005)
    hundreds = [["with"] * 16 + ["kettle"] + ["word"] * 383]  # p = 0.04 and 0.0025
    sif = sif_weights(hundreds, a=0.01)
    assert sif["with"] == pytest.approx(0.2)
    assert sif["kettle"] == pytest.approx(0.8)
    words = torch.tensor([[[2.0, 0.0], [0.0, 4.0]]])
    assert weighted_mean(words, torch.tensor([[0.2, 0.8]])).tolist()[0] == pytest.approx([0.4, 3.2], abs=1e-5)
    assert without_direction(torch.tensor([[0.4, 3.2]]), torch.tensor([0.6, 0.8])).tolist()[
        0
    ] == pytest.approx([-1.28, 0.96], abs=1e-5)


def test_idf_weights_equal_scikit_learn_to_1e_12(sentences):
    counter = TfidfVectorizer(tokenizer=tokenise, token_pattern=None, lowercase=False).fit(TITLES)
    ours = idf_weights(sentences)
    assert set(ours) == set(counter.vocabulary_)
    for word, column in counter.vocabulary_.items():
        assert ours[word] == pytest.approx(counter.idf_[column], abs=1e-12)


def test_the_tfidf_mean_is_the_tfidf_table_times_the_word_vectors_to_1e_6(sentences, vectors):
    counter = TfidfVectorizer(tokenizer=tokenise, token_pattern=None, lowercase=False, norm=None).fit(TITLES)
    table = counter.transform(TITLES)
    expected = table @ np.stack([vectors[word] for word in counter.get_feature_names_out()])
    expected /= (
        table.sum(axis=1).A1[:, None] if hasattr(table.sum(axis=1), "A1") else table.sum(axis=1)[:, None]
    )
    ours = SentenceMean(vectors, idf_weights(sentences)).embed(TITLES)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_the_common_direction_equals_truncated_svd_up_to_its_sign(rng):
    rows = rng.normal(size=(50, 6)) + 0.8
    ours = common_direction(torch.from_numpy(rows))
    theirs = TruncatedSVD(n_components=1, algorithm="arpack", random_state=0).fit(rows).components_[0]
    assert abs(float(ours @ torch.from_numpy(theirs))) == pytest.approx(1, abs=1e-10)


def test_what_is_left_is_at_a_right_angle_to_the_common_direction(sentences, vectors):
    sif = SentenceMean(vectors, sif_weights(sentences)).without_common(TITLES)
    assert (sif.embed(TITLES) @ sif.common).abs().max() < 1e-6
    assert sif.common.norm().item() == pytest.approx(1, abs=1e-5)


def test_sif_written_out_for_one_sentence_to_1e_6(sentences, vectors):
    """Arora, Liang, Ma (2017), algorithm 1; their division by the number of words changes a length only."""
    a, total = 1e-2, sum(map(len, sentences))
    count = {word: sum(s.count(word) for s in sentences) for word in vectors.words}

    def embedded(sentence):
        weights = [a / (a + count[word] / total) for word in sentence]
        return sum(w * vectors[word].astype(float) for w, word in zip(weights, sentence, strict=True)) / sum(
            weights
        )

    rows = np.stack([embedded(sentence) for sentence in sentences])
    u = np.linalg.svd(rows, full_matrices=False)[2][0]
    expected = rows - np.outer(rows @ u, u)
    ours = SentenceMean(vectors, sif_weights(sentences, a)).without_common(TITLES).embed(TITLES)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_a_mean_has_as_many_numbers_as_a_word_and_forgets_the_order(vectors):
    one, other = SentenceMean(vectors).embed(["red bag with white dots", "white bag with red dots"])
    assert one.shape == (12,)
    torch.testing.assert_close(one, other)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6), st.text(max_size=200))
def test_any_text_has_a_finite_vector_that_its_neighbours_do_not_change(texts, other):
    vectors = WordVectors(["a", "b", "0"], np.eye(3))
    mean = SentenceMean(vectors)
    alone, together = mean.embed(texts), mean.embed([*texts, other])
    assert alone.shape == (len(texts), 3) and alone.isfinite().all()
    torch.testing.assert_close(together[: len(texts)], alone)


@pytest.mark.parametrize("split", [tokenise, segment])
def test_odd_texts_are_zero_or_finite(vectors, split):
    found = SentenceMean(vectors, tokenise=split).embed(ODD_TEXTS)
    assert found.isfinite().all()
    assert [bool(row.any()) for row in found] == ["bag" in text for text in ODD_TEXTS]


def test_only_the_first_words_of_a_long_text_are_read(vectors):
    one, other = SentenceMean(vectors).embed(["bag " * LONGEST + "red " * 5_000, "bag"])
    torch.testing.assert_close(one, other)


def test_a_word_without_a_weight_counts_as_the_rarest(vectors):
    one, other = (
        SentenceMean(vectors, weights).embed(["red silk"])
        for weights in ({"red": 1.0, "bag": 3.0}, {"red": 1.0, "silk": 3.0})
    )
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("weigh", [idf_weights, sif_weights])
@pytest.mark.parametrize("bad", [[], [[]], ["red bag"]])
def test_nothing_to_count_is_refused(weigh, bad):
    with pytest.raises(VocabularyError):
        weigh(bad)


@pytest.fixture(params=["mean", "cnn", "gru"])
def encoder(request, vectors):
    torch.manual_seed(0)
    reader = {"mean": MeanReader(12), "cnn": TextCNN(12, 8, (1, 2, 3)), "gru": GRUReader(12, 10)}[
        request.param
    ]
    return SentenceEncoder(vectors, reader, dimensions=7).eval()


def test_an_encoder_gives_unit_vectors_that_do_not_depend_on_their_neighbours(encoder):
    texts = [*TITLES, "bag", "red bag " * 20]
    together = encoder.embed(texts)
    alone = torch.cat([encoder.embed([text]) for text in texts])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(len(texts)))


def test_an_encoder_takes_odd_texts(encoder):
    found = encoder.embed(ODD_TEXTS)
    assert found.isfinite().all()
    assert [bool(row.any()) for row in found] == ["bag" in text for text in ODD_TEXTS]
    assert encoder.embed([]).shape == (0, 7)


def test_odd_texts_do_not_spoil_a_training_step(encoder):
    said, titles = encoder.prepare(["", "red", "zzz"]), encoder.prepare(["blue", "", "bag"])
    encoder.train()
    contrastive_loss(encoder(*said), encoder(*titles), 0.05).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())


def test_training_tells_pairs_apart(encoder):
    pairs = [
        ("red bag", ["white dots", "white"]),
        ("blue kettle", ["silk scarf", "silk"]),
        ("lid", ["strap"]),
    ]
    before = encoder.word_vectors.weight.clone()
    history = train_on_pairs(encoder, pairs, contrastive_loss, epochs=60, learning_rate=0.05, progress=False)
    assert history.loss[-1] < 0.1 < history.loss[0]
    scores = encoder.embed([said[0] for _, said in pairs]) @ encoder.embed([title for title, _ in pairs]).T
    assert scores.argmax(dim=1).tolist() == [0, 1, 2]
    assert not torch.equal(before, encoder.word_vectors.weight)
    assert not np.shares_memory(encoder.vocabulary.vectors, encoder.word_vectors.weight.detach().numpy())


def test_training_is_the_same_twice(vectors):
    def run():
        torch.manual_seed(1)
        encoder = SentenceEncoder(vectors, GRUReader(12, 6), dimensions=5)
        train_on_pairs(encoder, [(t, [t]) for t in TITLES], contrastive_loss, epochs=3, progress=False)
        return encoder.embed(TITLES)

    assert torch.equal(run(), run())


@pytest.mark.parametrize(
    "pairs", [[], [("red bag", ["red"])], [("red bag", ["red"]), ("lid", [])], [("a", "b"), ("c", "d")]]
)
def test_pairs_that_teach_nothing_are_refused(encoder, pairs):
    with pytest.raises(VocabularyError):
        train_on_pairs(encoder, pairs, contrastive_loss, epochs=1, progress=False)


@pytest.mark.parametrize(
    "weights", [{}, {"red": float("nan")}, {"red": float("inf")}, {"red": 1.0, "bag": -0.1}]
)
def test_weights_that_would_spoil_a_mean_are_refused(vectors, weights):
    with pytest.raises(VocabularyError):
        SentenceMean(vectors, weights)


def test_weights_of_zero_leave_a_word_out(vectors):
    one, other, none = SentenceMean(vectors, {"red": 1.0, "bag": 0}).embed(["red bag", "red", "bag"])
    torch.testing.assert_close(one, other)
    assert not none.any()


def test_one_string_in_place_of_a_list_is_refused(vectors, encoder):
    for embed in (SentenceMean(vectors).embed, encoder.embed):
        with pytest.raises(VocabularyError, match="brackets"):
            embed("red bag")


def test_many_texts_are_taken_in_parts(vectors):
    mean = SentenceMean(vectors)
    torch.testing.assert_close(mean.embed(TITLES * 3, batch_size=5), mean.embed(TITLES * 3))
