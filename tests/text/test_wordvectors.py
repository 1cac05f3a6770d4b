"""Word vectors: neighbours and analogies as gensim gives them, and a file that gensim opens."""

from __future__ import annotations

import numpy as np
import pytest
from gensim.models import KeyedVectors

from crossmodal_edu.errors import StorageError, VocabularyError
from crossmodal_edu.text.wordvectors import WordVectors

WORDS = ["king", "queen", "man", "woman", "红", "42", "co-op", "naïve"]


@pytest.fixture
def vectors(rng) -> WordVectors:
    return WordVectors(WORDS, rng.normal(size=(len(WORDS), 6)))


@pytest.fixture
def gensims(vectors) -> KeyedVectors:
    keyed = KeyedVectors(vectors.dimensions)
    keyed.add_vectors(list(vectors.words), vectors.vectors)
    return keyed


def _close(ours, theirs) -> None:
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    np.testing.assert_allclose([c for _, c in ours], [c for _, c in theirs], atol=1e-6)


def test_neighbours_equal_gensims_to_1e_6(vectors, gensims):
    for word in WORDS:
        _close(vectors.most_similar(word, k=5), gensims.most_similar(word, topn=5))
    assert vectors.similarity("king", "红") == pytest.approx(gensims.similarity("king", "红"), abs=1e-6)


def test_analogies_equal_gensims_to_1e_6(vectors, gensims):
    theirs = gensims.most_similar(positive=["woman", "king"], negative=["man"], topn=3)
    _close(vectors.analogy("man", "king", "woman", k=3), theirs)


def test_an_analogy_on_a_square_is_its_fourth_corner():
    corners = np.array([[1.0, 0, 0.2], [1, 1, 0.2], [0, 0, 1], [0, 1, 1], [0.7, 0.7, 0.7]])
    vectors = WordVectors(["man", "woman", "king", "queen", "tree"], corners)
    assert vectors.analogy("man", "woman", "king")[0].word == "queen"


@pytest.mark.parametrize("k", [-1, 0, 3, 100])
def test_at_most_all_other_words_are_neighbours(vectors, k):
    assert len(vectors.most_similar("king", k)) == min(max(k, 0), len(WORDS) - 1)


def test_a_vector_of_zeros_has_cosine_0_and_no_nan():
    vectors = WordVectors(["red", "nothing"], np.array([[1.0, 0], [0, 0]]))
    assert vectors.most_similar("nothing") == [("red", 0.0)]
    assert vectors.analogy("nothing", "nothing", "nothing") == [("red", 0.0)]


def test_an_unknown_word_is_named(vectors):
    for ask in (vectors.most_similar, vectors.__getitem__, lambda w: vectors.analogy("king", w, "man")):
        with pytest.raises(VocabularyError, match="'King' is unknown"):
            ask("King")
    assert "King" not in vectors


@pytest.mark.parametrize(
    ("words", "rows", "problem"),
    [
        (["a"], np.zeros((2, 3)), "1 words and an array of shape"),
        (["a", "a"], np.zeros((2, 3)), "stands twice"),
        (["a"], np.array([[np.nan]]), "not a number"),
        ([], np.zeros((0, 3)), "0 words"),
    ],
)
def test_vectors_that_cannot_be_are_refused(words, rows, problem):
    with pytest.raises(VocabularyError, match=problem):
        WordVectors(words, rows)


# --- files -------------------------------------------------------------------------------------------


def test_gensim_opens_what_we_save_bit_by_bit(vectors, tmp_path):
    vectors.save(tmp_path / "words.txt")
    theirs = KeyedVectors.load_word2vec_format(tmp_path / "words.txt", binary=False)
    assert theirs.index_to_key == WORDS
    np.testing.assert_array_equal(theirs.vectors, vectors.vectors)


def test_we_open_what_gensim_saves_bit_by_bit(vectors, gensims, tmp_path):
    gensims.save_word2vec_format(tmp_path / "words.txt", binary=False)
    ours = WordVectors.load(tmp_path / "words.txt")
    assert ours.words == vectors.words
    np.testing.assert_array_equal(ours.vectors, vectors.vectors)


def test_a_failed_save_leaves_the_file_of_before(vectors, tmp_path):
    path = tmp_path / "words.txt"
    vectors.save(path)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="'red bag' cannot be written"):
        WordVectors(["red bag"], np.ones((1, 2))).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["words.txt"]
    with pytest.raises(StorageError, match="cannot be written"):
        vectors.save(path / "in_a_file.txt")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"two words here\n", 1),
        (b"2 3\nred 1 2 3\n", 3),
        (b"1 3\nred 1 2\n", 2),
        (b"1 2\nred 1 x\n", 2),
        (b"1 1\nred nan\n", 2),
        (b"2 1\nred 1\nred 2\n", 3),
        (b"1 1\n\xff\xfe 1\n", 1),
        (b"-1 3\n", 1),
        (b"99999999999999 300\nred 1\n", 1),
    ],
)
def test_a_damaged_file_is_refused_by_line(tmp_path, content, line):
    (tmp_path / "words.txt").write_bytes(content)
    with pytest.raises(StorageError, match=f"line {line}"):
        WordVectors.load(tmp_path / "words.txt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"none\.txt"):
        WordVectors.load(tmp_path / "none.txt")
