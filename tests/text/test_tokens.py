"""Tokens, pieces, vocabulary."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmodal_edu.errors import DataMissingError
from crossmodal_edu.text.tokens import Vocabulary, pieces, segment, tokenise


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Red T-shirt, size XL!", ["red", "t", "shirt", "size", "xl"]),
        ("men's café latte", ["men's", "cafe", "latte"]),
        ("红色皮革手提包", list("红色皮革手提包")),
        ("ＴＳＨＩＲＴ １２", ["tshirt", "12"]),
        ("  \n\t ", []),
        ("🙂 !!", []),
    ],
)
def test_tokens(text, tokens):
    assert tokenise(text) == tokens


def test_a_typing_error_keeps_most_pieces():
    right, wrong = set(pieces("handbag")), set(pieces("handbga"))
    assert len(right & wrong) > len(right) / 3
    assert not right & set(pieces("kite"))


def test_pieces_have_the_same_numbers_in_every_process():
    code = (
        "from crossmodal_edu.text.tokens import Vocabulary; print(Vocabulary(['red']).encode('red kettle'))"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout for _ in range(2)
    }
    assert runs == {f"{Vocabulary(['red']).encode('red kettle')}\n"}


@given(st.text(max_size=60))
def test_every_text_gives_numbers_inside_the_vocabulary(text):
    vocabulary = Vocabulary(["red", "bag"], buckets=8)
    assert all(0 < number < len(vocabulary) for word in vocabulary.encode(text) for number in word)


def test_the_most_frequent_word_comes_first_and_ties_by_alphabet():
    vocabulary = Vocabulary.of_texts(["b a c", "c b a", "c"], minimum_count=1)
    assert vocabulary.words == ("c", "a", "b")


def test_chinese_is_cut_into_the_words_of_a_dictionary():
    assert segment("【露布雷】红色皮革手提包 64 GB")[-5:] == ["红色", "皮革", "手提包", "64", "gb"]
    assert "".join(segment("天蓝色无袖连衣裙，材质为天鹅绒")) == "天蓝色无袖连衣裙材质为天鹅绒"


@given(st.text(max_size=60))
def test_segmenting_keeps_every_character_that_tokenising_keeps(text):
    assert "".join(segment(text)) == "".join(tokenise(text))


@pytest.mark.parametrize("text", ["", "   ", "!?", "Red T-shirt", "Café au lait", "привет", "カメラ"])
def test_where_nothing_is_chinese_segmenting_is_tokenising(text):
    assert segment(text) == tokenise(text)


def test_without_jieba_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(DataMissingError, match="pip install jieba"):
        segment("红色")
