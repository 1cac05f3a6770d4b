"""The corpus: words become numbers, rare ones go, and bad files are named."""

from __future__ import annotations

import gzip
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmodal_edu.errors import InputError, VocabularyError
from crossmodal_edu.text import corpus
from crossmodal_edu.text.corpus import LONGEST_SENTENCE, Corpus, read_sentences

SENTENCES = st.lists(st.lists(st.sampled_from(["red", "bag", "红", "42", "silk"]), max_size=6), max_size=8)


@given(SENTENCES, st.integers(1, 4))
def test_every_sentence_comes_back_without_its_rare_words(sentences, minimum_count):
    counts = Counter(word for sentence in sentences for word in sentence)
    frequent = {word for word, count in counts.items() if count >= minimum_count}
    if not frequent:
        with pytest.raises(VocabularyError, match="Nothing to learn from"):
            Corpus.of(sentences, minimum_count)
        return
    corpus = Corpus.of(sentences, minimum_count)
    back = [
        [corpus.words[token] for token in corpus.tokens[start:end]]
        for start, end in zip(corpus.starts, corpus.starts[1:], strict=False)
    ]
    assert back == [[word for word in sentence if word in frequent] for sentence in sentences]
    assert dict(zip(corpus.words, corpus.counts.tolist(), strict=True)) == {w: counts[w] for w in frequent}
    assert len(corpus) == len(sentences)


def test_the_most_frequent_word_is_number_0_and_ties_go_by_the_alphabet():
    assert Corpus.of([["b", "a", "c"], ["c"]], minimum_count=1).words == ("c", "a", "b")


def test_sentences_may_come_from_a_generator():
    corpus = Corpus.of((line.split() for line in ["red bag", "red shoe"]), minimum_count=2)
    assert corpus.words == ("red",)
    np.testing.assert_array_equal(corpus.starts, [0, 1, 2])


@pytest.mark.parametrize("sentences", [[], [[]], [["red"], ["bag"]]], ids=["none", "empty", "all rare"])
def test_nothing_to_learn_from_is_said(sentences):
    with pytest.raises(VocabularyError, match="none occurs 2 times or more"):
        Corpus.of(sentences, minimum_count=2)


def test_a_string_is_not_taken_for_a_list_of_letters():
    with pytest.raises(VocabularyError, match="'red bag'"):
        Corpus.of(["red bag"])


@pytest.mark.parametrize("word", [42, None, b"bag"])
def test_a_word_that_is_no_string_is_named(word):
    with pytest.raises(VocabularyError, match=f"{word!r} is not a string"):
        # What Corpus.of asks of all words; in the tests, types are checked even before.
        corpus._check_are_strings(["red", word])


# --- files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["titles.txt", "titles.txt.gz"])
def test_lines_are_sentences_plain_or_compressed(tmp_path, name):
    content = "\ufeffRed T-shirt\n\n  \n红色 Bag 42\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert list(read_sentences(tmp_path / name)) == [["red", "t", "shirt"], ["红", "色", "bag", "42"]]


def test_a_very_long_line_becomes_several_sentences(tmp_path):
    (tmp_path / "long.txt").write_text("bag " * (2 * LONGEST_SENTENCE + 1))
    assert [len(s) for s in read_sentences(tmp_path / "long.txt")] == [LONGEST_SENTENCE] * 2 + [1]


def test_the_line_that_is_not_utf_8_is_named(tmp_path):
    (tmp_path / "latin.txt").write_bytes("red\ncafé\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"Line 2 of 'latin\.txt' is not UTF-8 \(byte 0xe9\)"):
        list(read_sentences(tmp_path / "latin.txt"))


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.txt"):
        list(read_sentences(tmp_path / "none.txt"))
    (tmp_path / "no.gz").write_bytes(b"not compressed")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"red bag\n" * 1000)[:30])
    for name in ("no.gz", "cut.gz"):
        with pytest.raises(InputError, match=name):
            list(read_sentences(tmp_path / name))
