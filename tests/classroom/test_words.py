"""Word tests: equal to gensim's own, and right on vectors whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from crossmodal_edu.classroom.gensim_texts import Analogy, WordPair, load_analogies, load_similarity_test
from crossmodal_edu.classroom.words import (
    analogy_accuracy,
    neighbours_of_a_kind,
    similarity_correlation,
    title_word_kinds,
)
from crossmodal_edu.errors import MetricError
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.text.wordvectors import WordVectors


@pytest.fixture(scope="module")
def known() -> WordVectors:
    """Random vectors for most words of all tests."""
    rng = np.random.default_rng(0)
    words = {w for q in load_analogies() for w in q[1:]}
    words |= {w for n in ("wordsim353", "simlex999") for p in load_similarity_test(n).pairs for w in p[:2]}
    chosen = sorted(words)[::2] + sorted(words)[1::4]
    return WordVectors(chosen, rng.normal(size=(len(chosen), 8)))


@pytest.fixture(scope="module")
def gensims(known) -> KeyedVectors:
    keyed = KeyedVectors(known.dimensions)
    keyed.add_vectors(list(known.words), known.vectors)
    return keyed


@pytest.mark.parametrize(("name", "file"), [("wordsim353", "wordsim353.tsv"), ("simlex999", "simlex999.txt")])
def test_the_correlation_equals_gensims_to_1e_6(known, gensims, name, file):
    pairs = load_similarity_test(name).pairs
    ours = similarity_correlation(known, pairs)
    _, theirs, unknown = gensims.evaluate_word_pairs(datapath(file))
    assert ours.value == pytest.approx(theirs.statistic, abs=1e-6)
    assert 100 * (1 - ours.covered / ours.asked) == pytest.approx(unknown)


@pytest.mark.no_cover
def test_the_analogies_equal_gensims(known, gensims):
    theirs, _ = gensims.evaluate_word_analogies(datapath("questions-words.txt"))
    assert analogy_accuracy(known, load_analogies()).value == pytest.approx(theirs)


def test_an_analogy_that_holds_is_counted():
    corners = np.array([[1.0, 0, 0.2], [1, 1, 0.2], [0, 0, 1], [0, 1, 1]])
    vectors = WordVectors(["man", "woman", "king", "queen"], corners)
    right, wrong = Analogy("", "man", "woman", "king", "queen"), Analogy("", "man", "woman", "king", "man")
    unknown = Analogy("", "man", "woman", "boy", "girl")
    score = analogy_accuracy(vectors, [right, wrong, unknown])
    assert (score.value, score.covered, score.asked) == (0.5, 2, 3)


def test_neighbours_of_a_kind_are_counted_by_hand():
    """Two reds and a blue side by side, a bag and a shoe elsewhere, one word without a kind between them."""
    places = np.array([[1, 0.1], [1, 0.12], [1, 0.2], [0.1, 1], [0.2, 1], [0.16, 1]])
    vectors = WordVectors(["red", "crimson", "blue", "bag", "shoe", "the"], places)
    kinds = {
        "red": "colour",
        "crimson": "colour",
        "blue": "colour",
        "bag": "type",
        "shoe": "type",
        "x": "type",
    }
    scores = neighbours_of_a_kind(vectors, kinds, k=2)
    assert scores["colour"].value == 1
    assert scores["type"].value == 0.5
    assert (scores["type"].covered, scores["type"].asked) == (2, 3)
    assert scores["all"].value == pytest.approx((3 * 1 + 2 * 0.5) / 5)


def test_kinds_of_title_words():
    def product(i: int, title: str, colour: str) -> Product:
        return Product(str(i), title=title, attributes={"colour": colour, "type": "Tee Shirt"})

    titles = [
        ("Nike red tee", "Red"),
        ("Nike orange tee", "Orange"),
        ("Orange blue tee", "Blue"),
        ("x", "Pink"),
    ]
    catalog = Catalog(product(i, *title) for i, title in enumerate(titles * 2))
    kinds = title_word_kinds(catalog, minimum_count=2)
    # "pink" stands in no title, "tee shirt" is two words, "orange" is first in half of its titles only.
    assert kinds == {"nike": "brand", "x": "brand", "red": "colour", "orange": "colour", "blue": "colour"}


def test_too_few_known_words_are_said():
    vectors = WordVectors(["red"], np.ones((1, 2)))
    for measure, asked in (
        (similarity_correlation, [WordPair("tiger", "cat", 7.0)]),
        (analogy_accuracy, [Analogy("", "a", "b", "c", "d")]),
        (neighbours_of_a_kind, {"bag": "type"}),
    ):
        with pytest.raises(MetricError, match="There are 0"):
            measure(vectors, asked)
