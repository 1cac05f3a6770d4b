"""Word2Vec: the loops against the formulas, finite differences and gensim; what bad input gives."""

from __future__ import annotations

import gensim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmodal_edu.classroom.words import neighbours_of_a_kind, title_word_kinds
from crossmodal_edu.errors import CrossmodalError, StorageError, VocabularyError
from crossmodal_edu.text import skipgram, word2vec
from crossmodal_edu.text.corpus import Corpus
from crossmodal_edu.text.skipgram import SIGMOID, SURPRISE, cbow, rows, skip_gram, train_sentences
from crossmodal_edu.text.tokens import tokenise
from crossmodal_edu.text.word2vec import Word2Vec, _chunks, keep_probability, noise_table
from crossmodal_edu.text.wordvectors import WordVectors

TITLES = [[brand, colour, thing] for brand in ("nike", "puma") for colour in ("red", "blue", "black")
          for thing in ("shoes", "shirt", "cap")] * 20  # fmt: skip


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def state(seed: int = 1) -> np.ndarray:
    return np.array([seed], dtype=np.uint64)


def numbers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def filled(v: int, d: int, seed: int) -> np.ndarray:
    table = rows(v, d)
    table[:, :d] = np.random.default_rng(seed).normal(scale=0.6, size=(v, d))
    return table


def finite_difference(loss, table: np.ndarray, step: float = 1e-5) -> np.ndarray:
    gradient = np.zeros_like(table)
    for place in np.ndindex(table.shape):
        table[place] += step
        above = loss()
        table[place] -= 2 * step
        gradient[place] = (above - loss()) / (2 * step)
        table[place] += step
    return gradient


# --- the loops ---------------------------------------------------------------------------------------


def test_the_gradient_worked_by_hand():
    """Chapter 03: v = (1, 1), u = (1, 0), n = (−1, 1); scores 1 and 0."""
    v, u, n = np.array([1.0, 1.0]), np.array([1.0, 0.0]), np.array([-1.0, 1.0])
    by_v = (sigmoid(v @ u) - 1) * u + sigmoid(v @ n) * n
    assert by_v == pytest.approx([-0.769, 0.5], abs=5e-4)
    assert -np.log(sigmoid(v @ u)) - np.log(sigmoid(-(v @ n))) == pytest.approx(1.006, abs=5e-4)


def test_one_step_of_the_compiled_loop_is_the_hand_worked_one_within_a_table_cell():
    """Word 0 stands beside word 1 and the only negative is word 2; σ comes from 1,024 cells: 2e-3."""
    inputs, outputs = rows(3, 2), rows(3, 2)
    inputs[0, :2] = 1, 1
    outputs[1, :2] = 1, 0
    outputs[2, :2] = -1, 1
    # The other centre, word 0, meets word 1, whose vector is zero: it moves nothing but that vector.
    loss, pairs = skip_gram(numbers(1, 0), inputs, outputs, numbers(2), 1, 1, np.float32(0.1), state())
    assert (pairs, loss) == (2, pytest.approx(1.006 + 2 * np.log(2), abs=0.02))
    assert inputs[0, :2] == pytest.approx([1 + 0.1 * 0.769, 1 - 0.1 * 0.5], abs=2e-4)
    assert outputs[1, :2] == pytest.approx([1 + 0.1 * 0.269, 0.1 * 0.269], abs=2e-4)
    assert outputs[2, :2] == pytest.approx([-1 - 0.1 * 0.5, 1 - 0.1 * 0.5], abs=2e-4)


def pair_loss(v, u, fakes) -> float:
    """Mikolov and others (2013), equation 4, with the sign of a loss."""
    return -np.log(sigmoid(v @ u)) - sum(np.log(sigmoid(-(v @ n))) for n in fakes)


@pytest.mark.parametrize(("negatives", "drawn"), [(1, 3), (3, 3), (2, 1)])
def test_skip_gram_takes_the_gradient_of_its_loss(negatives, drawn):
    """Against finite differences in double precision; the sigmoid's table allows 6e-3.

    The only word that is drawn is 3, which is not in the sentence, or 1, which is: it is left out
    where it is the centre, and counts twice where it is not.
    """
    inputs, outputs = filled(4, 6, seed=1), filled(4, 6, seed=2)
    exact = inputs.astype(np.float64), outputs.astype(np.float64)

    def loss() -> float:
        return sum(
            pair_loss(exact[0][word], exact[1][centre], [exact[1][drawn]] * (negatives * (drawn != centre)))
            for word, centre in [(1, 0), (0, 1), (2, 1), (1, 2)]
        )

    by_inputs, by_outputs = (finite_difference(loss, table) for table in exact)
    before, tiny = (inputs.copy(), outputs.copy()), np.float32(1e-4)
    args = (numbers(drawn), 1, negatives, tiny, state())
    got_loss, pairs = skip_gram(numbers(0, 1, 2), inputs, outputs, *args)
    assert pairs == 4
    assert got_loss == pytest.approx(loss(), abs=0.04)
    assert (before[0] - inputs) / tiny == pytest.approx(by_inputs, abs=6e-3)
    assert (before[1] - outputs) / tiny == pytest.approx(by_outputs, abs=6e-3)


def test_cbow_takes_the_gradient_of_its_loss():
    """Against finite differences in double precision; the sigmoid's table allows 6e-3."""
    inputs, outputs = filled(4, 6, seed=3), filled(4, 6, seed=4)
    exact = inputs.astype(np.float64), outputs.astype(np.float64)
    sentence, negative = numbers(0, 1, 2), 3

    def loss() -> float:
        total = 0.0
        for place, centre in enumerate(sentence):
            # A reach of 1: the window of the outer words is the middle one.
            near = [sentence[i] for i in (place - 1, place + 1) if 0 <= i < 3]
            mean = exact[0][near].mean(axis=0)
            total -= np.log(sigmoid(mean @ exact[1][centre])) + np.log(sigmoid(-(mean @ exact[1][negative])))
        return total

    by_inputs, by_outputs = (finite_difference(loss, table) for table in exact)
    before, tiny = (inputs.copy(), outputs.copy()), np.float32(1e-4)
    got_loss, pairs = cbow(sentence, inputs, outputs, numbers(negative), 1, 1, tiny, state())
    assert pairs == 3
    assert got_loss == pytest.approx(loss(), abs=0.03)
    assert (before[0] - inputs) / tiny == pytest.approx(by_inputs, abs=6e-3)
    assert (before[1] - outputs) / tiny == pytest.approx(by_outputs, abs=6e-3)


def test_the_tables_hold_the_sigmoid_and_its_logarithm_to_a_cell():
    scores = np.linspace(-5.9, 5.9, 500)
    cells = [skipgram._cell(np.float32(score)) for score in scores]
    assert SIGMOID[cells] == pytest.approx(sigmoid(scores), abs=2e-3)
    assert SURPRISE[cells] == pytest.approx(-np.log(sigmoid(scores)), abs=7e-3)


@pytest.mark.parametrize("score", [6, 100, np.inf, -6, -100, -np.inf, np.nan])
def test_a_score_beyond_all_bounds_stays_inside_the_table(score):
    cell = skipgram._cell(np.float32(score))
    assert 0 <= cell < len(SIGMOID)
    if abs(score) >= 6:
        assert SIGMOID[cell] == (score > 0)  # what is surely right moves no more


def test_every_window_reaches_one_to_five_words():
    """On a long sentence without noise, each centre has 2 · E[reach] = 6 neighbours on average, to 2 %."""
    sentence = np.zeros(20_000, dtype=np.int32)
    _, pairs = skip_gram(sentence, rows(1, 4), rows(1, 4), numbers(0), 5, 1, np.float32(0), state())
    assert pairs / len(sentence) == pytest.approx(6, rel=0.02)


def test_random_numbers_are_marsaglias_and_even():
    """Marsaglia (2003), shifts 13, 7 and 17: the first three states from the seed 1."""
    drawn, states = state(), []
    for _ in range(3):
        skipgram._random(drawn)
        states.append(int(drawn[0]))
    assert states == [1082269761, 1152992998833853505, 11177516664432764457]
    drawn = state(7)
    values = np.array([skipgram._random(drawn) for _ in range(20_000)])
    assert values.min() >= 0 and values.max() < 1
    assert np.histogram(values, 10, (0, 1))[0] == pytest.approx(2_000, rel=0.1)


def test_frequent_words_are_kept_as_often_as_asked():
    tokens, ends = np.zeros(100_000, np.int32), np.array([0, 100_000])
    args = (rows(1, 4), rows(1, 4), numbers(0), False, 1, 1, np.float32(0), 3)
    _, pairs = train_sentences(tokens, ends, np.array([0.3]), *args)
    assert pairs / 2 == pytest.approx(30_000, rel=0.02)


def test_rows_begin_at_whole_cache_lines():
    for d in (1, 16, 100, 300):
        table = rows(7, d)
        assert all(row.ctypes.data % 64 == 0 for row in table)
        assert d <= table.shape[1] < d + 16 and not table.any()


# --- what words are kept and drawn -------------------------------------------------------------------


def test_keep_probability_is_gensims():
    """Gensim keeps a word if a random number of 32 bits is below its threshold; 1e-6 of the share."""
    sentences = [["the"] * 600 + ["bag"] * 30 + ["silk"] * 5]
    model = gensim.models.Word2Vec(min_count=5, sample=1e-2)
    model.build_vocab(sentences)
    theirs = [model.wv.get_vecattr(word, "sample_int") / (2**32 - 1) for word in ("the", "bag", "silk")]
    assert keep_probability(np.array([600, 30, 5]), sample=1e-2) == pytest.approx(theirs, abs=1e-6)
    assert keep_probability(np.array([600, 30, 5]), sample=0).tolist() == [1, 1, 1]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=300))
def test_the_wheel_gives_each_word_its_share_to_one_field(counts):
    counts = np.array(counts)
    table = noise_table(counts)
    shares = counts**0.75 / (counts**0.75).sum()
    assert np.abs(np.bincount(table, minlength=len(counts)) - shares * len(table)).max() <= 1 + 1e-6


def test_the_hand_worked_wheel():
    table = noise_table(np.array([81, 16, 1]))  # 27, 8 and 1 of 36
    assert np.bincount(table) / len(table) == pytest.approx(np.array([27, 8, 1]) / 36, abs=1e-4)


def test_chunks_hold_all_words_once_and_cut_only_long_sentences():
    corpus = Corpus.of([["a", "b"] * 12_345, ["a"], ["b", "a"] * 3], minimum_count=1)
    chunks = _chunks(corpus)
    assert [chunk[0] for chunk in chunks[1:]] == [chunk[-1] for chunk in chunks[:-1]]
    assert (chunks[0][0], chunks[-1][-1]) == (0, len(corpus.tokens))
    assert max(chunk[-1] - chunk[0] for chunk in chunks) <= word2vec.CHUNK
    ends = set(np.concatenate(chunks).tolist())
    assert set(corpus.starts.tolist()) <= ends


# --- training ----------------------------------------------------------------------------------------


def fit(sentences, **settings) -> Word2Vec:
    usual = {"dimensions": 16, "epochs": 30, "sample": 0, "learning_rate": 0.05, "progress": False}
    return Word2Vec.fit(sentences, **(usual | settings))


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_words_that_stand_in_the_same_places_become_alike(architecture):
    model = fit(TITLES, architecture=architecture, epochs=100, learning_rate=0.1)
    assert {near.word for near in model.most_similar("red", 2)} == {"blue", "black"}
    assert model.most_similar("nike", 1)[0].word == "puma"


def test_one_thread_is_reproducible_and_seeds_differ():
    one, same, other = fit(TITLES), fit(TITLES), fit(TITLES, seed=1)
    assert np.array_equal(one.vectors, same.vectors) and np.array_equal(one.losses, same.losses)
    assert not np.array_equal(one.vectors, other.vectors)


def test_a_corpus_and_its_sentences_give_the_same():
    assert np.array_equal(fit(TITLES).vectors, fit(Corpus.of(TITLES)).vectors)


def test_two_threads_learn_as_well_as_one():
    """Lock-free updates collide now and then: the loss may differ by 5 %."""
    long = TITLES * 60  # several chunks
    one, two = (fit(long, threads=threads, epochs=2) for threads in (1, 2))
    assert two.losses[-1].mean() == pytest.approx(one.losses[-1].mean(), rel=0.05)


def test_the_loss_falls_and_is_told_for_each_part():
    model = fit(TITLES * 40)
    assert model.losses.shape == (30, 5)  # 43,200 words, 10,000 a part
    # At first nothing is known: ln 2 for the real word and as much for each of the five drawn ones,
    # of which one in eight is the centre itself and is left out.
    start = fit(TITLES, epochs=1, learning_rate=1e-6).losses.item()
    assert start == pytest.approx((1 + 5 * 7 / 8) * np.log(2), rel=0.02)
    assert model.losses[-1].mean() < model.losses[0].mean() < 0.7 * start
    assert model.contexts.shape == model.vectors.shape == (8, 16)


@pytest.mark.no_cover
def test_it_is_as_good_as_gensim_on_the_captions_of_the_shop(shop):
    """The share of a word's ten neighbours that are of its kind: .25 for both; at most .03 below."""
    sentences = [tokenise(caption) for product in shop for caption in product.captions]
    kinds = title_word_kinds(shop, ("colour", "type", "material"), minimum_count=10)
    theirs = gensim.models.Word2Vec(sentences, sg=1, workers=1, seed=1, epochs=30).wv
    reference = WordVectors(theirs.index_to_key, theirs.vectors)
    model = Word2Vec.fit(sentences, epochs=30, progress=False)
    assert set(model.words) == set(reference.words)
    mine, gensims = (neighbours_of_a_kind(v, kinds)["all"].value for v in (model, reference))
    assert mine > gensims - 0.03


def test_gensim_opens_what_is_saved_to_the_last_bit(tmp_path):
    model = fit(TITLES)
    model.save(tmp_path / "words.txt")
    theirs = gensim.models.KeyedVectors.load_word2vec_format(tmp_path / "words.txt", binary=False)
    assert theirs.index_to_key == list(model.words)
    assert np.array_equal(theirs.vectors, model.vectors)
    assert [word for word, _ in theirs.most_similar("red", topn=5)] == [
        near.word for near in model.most_similar("red", 5)
    ]


def test_load_gives_back_what_was_saved_and_what_gensim_wrote(tmp_path):
    model = fit(TITLES)
    model.save(tmp_path / "ours.txt")
    again = Word2Vec.load(tmp_path / "ours.txt")
    assert isinstance(again, Word2Vec) and again.words == model.words
    assert np.array_equal(again.vectors, model.vectors) and again.losses is None
    theirs = gensim.models.KeyedVectors.load_word2vec_format(tmp_path / "ours.txt", binary=False)
    theirs.save_word2vec_format(tmp_path / "theirs.txt", binary=False)
    assert np.allclose(Word2Vec.load(tmp_path / "theirs.txt").vectors, model.vectors, atol=1e-6)
    with pytest.raises(StorageError):
        Word2Vec.load(tmp_path / "none.txt")


# --- bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentences", "says"),
    [
        ([], "Nothing to learn from"),
        ([[]], "Nothing to learn from"),
        ([["red", "bag"]], "none occurs 5 times"),
        ([["red"]] * 10, "No word has a neighbour"),
        (["red bag"] * 10, "letters"),
    ],
)
def test_a_text_that_teaches_nothing_is_refused(sentences, says):
    with pytest.raises(VocabularyError, match=says):
        fit(sentences)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"dimensions": 0}, "dimensions is 0"),
        ({"window": -1}, "window is -1"),
        ({"negatives": 0}, "negatives is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"threads": 0}, "threads is 0"),
        ({"sample": -1.0}, "sample is -1"),
        ({"sample": float("nan")}, "sample is nan"),
        ({"learning_rate": 0.0}, "learning_rate is 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"architecture": "glove"}, "no architecture 'glove'"),
    ],
)
def test_settings_out_of_range_are_refused(settings, says):
    with pytest.raises(VocabularyError, match=says):
        Word2Vec.fit(TITLES, **settings)


def test_other_scripts_numbers_and_marks_are_words_like_others():
    sentence = ["红", "色", "bag", "2010", "größe", "сумка", "👜", "…"]
    model = fit([sentence] * 10)
    assert set(model.words) == set(sentence)
    assert np.isfinite(model.vectors).all()


def test_a_very_long_line_is_cut_and_learned():
    model = fit([["red", "bag", "blue", "shoe"] * 30_000], epochs=1)
    assert np.isfinite(model.vectors).all() and model.losses.shape == (1, 12)


def test_unknown_words_say_so():
    with pytest.raises(VocabularyError, match="'sofa' is unknown"):
        fit(TITLES).most_similar("sofa")


def test_a_single_word_that_repeats_stays_finite():
    """All its negatives are itself and are left out; beyond a score of 6 nothing moves any more."""
    model = fit([["red"] * 50] * 50, epochs=20, learning_rate=1.0)
    assert np.isfinite(model.vectors).all()


sentences = st.lists(st.lists(st.sampled_from(["a", "b", "红", "7", "é"]), max_size=8), max_size=12)


@settings(deadline=None, max_examples=60)
@given(
    sentences,
    st.integers(1, 20),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([0.0, 1e-3]),
    st.floats(1e-4, 1),
    st.sampled_from(["skip-gram", "cbow"]),
)
def test_never_a_number_that_is_none(text, dimensions, window, negatives, sample, rate, architecture):
    """Any text and any allowed setting: finite vectors and losses, or an error of the family."""
    try:
        model = Word2Vec.fit(
            text,
            dimensions=dimensions,
            window=window,
            negatives=negatives,
            minimum_count=1,
            sample=sample,
            learning_rate=rate,
            architecture=architecture,
            epochs=3,
            progress=False,
        )
    except CrossmodalError:
        return
    assert np.isfinite(model.vectors).all() and np.isfinite(model.contexts).all()
    assert np.isfinite(model.losses).all()
    assert np.isfinite([near.cosine for word in model.words for near in model.most_similar(word)]).all()


def test_vectors_that_grew_beyond_all_bounds_are_not_handed_out(monkeypatch):
    def explode(tokens, ends, keep, inputs, *rest):
        inputs[:] = np.inf
        return 0.0, 1

    monkeypatch.setattr(word2vec, "train_sentences", explode)
    with pytest.raises(VocabularyError, match="smaller learning_rate"):
        fit(TITLES)
