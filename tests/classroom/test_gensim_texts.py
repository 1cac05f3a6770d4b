"""Running text and word tests: they are where they should be, and hold what they should."""

from __future__ import annotations

import gzip

import pytest

from crossmodal_edu.classroom import gensim_texts
from crossmodal_edu.datasets import folders
from crossmodal_edu.errors import DataMissingError


def test_the_wikipedia_slice_is_running_text():
    sentences = list(gensim_texts.wikipedia_sentences())
    assert sum(map(len, sentences)) == 465_020
    assert min(map(len, sentences)) == 5
    assert sentences[0][:5] == ["anarchism", "is", "a", "political", "philosophy"]


@pytest.mark.parametrize(("name", "n"), [("wordsim353", 353), ("simlex999", 999)])
def test_word_pairs_are_judged_from_0_to_10(name, n):
    pairs = gensim_texts.load_similarity_test(name).pairs
    assert len(pairs) == n
    assert all(0 <= pair.human <= 10 and pair.first == pair.first.lower() for pair in pairs)


def test_analogies_have_sections():
    questions = gensim_texts.load_analogies()
    assert len(questions) == 19_544
    assert len({question.section for question in questions}) == 14


def test_an_unknown_test_is_named():
    with pytest.raises(DataMissingError, match="'wordsim'"):
        gensim_texts.load_similarity_test("wordsim")


def test_dictionary_entries_are_paragraphs_without_their_sources(tmp_path, monkeypatch):
    text = "Abditory \\Ab\\, n.\n   A place for hiding.\n   [1913 Webster]\n\nAbdomen\n   The belly.\n"
    (tmp_path / "corpora").mkdir()
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    with pytest.raises(DataMissingError, match=r"gcide\.txt\.gz is missing"):
        list(gensim_texts.gcide_sentences())
    with gzip.open(tmp_path / "corpora" / "gcide.txt.gz", "wt") as file:
        file.write(text)
    first, second = gensim_texts.gcide_sentences()
    assert " ".join(first) == "abditory ab n a place for hiding"
    assert " ".join(second) == "abdomen the belly"
