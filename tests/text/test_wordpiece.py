"""WordPiece: the pieces of the compiled tokeniser, on the shop, on whatever Unicode offers, on bad input."""

from __future__ import annotations

import unicodedata
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from crossmodal_edu.errors import InputError
from crossmodal_edu.text.sentence_bert import minilm_files
from crossmodal_edu.text.wordpiece import SPECIAL, WordPiece, longest_pieces, split_words

# All that is assigned; of the large blocks in which all characters are of one kind, the ends.
RANGES = (
    (0, 0x3410), (0x4DB0, 0x4E10), (0x9FF0, 0xAC10), (0xD790, 0xD800), (0xE000, 0xE010), (0xF8F0, 0x17010),
    (0x18CF0, 0x20010), (0x2A6D0, 0x2A710), (0x2B730, 0x2B930), (0x2CEA0, 0x2CEC0), (0x2F7F0, 0x2FA30),
    (0xE0000, 0xE0200), (0x10FFF0, 0x110000),
)  # fmt: skip
CODE_POINTS = [i for first, end in RANGES for i in range(first, end)]


@cache
def ours() -> WordPiece:
    return WordPiece(minilm_files()["vocab.txt"].read_text(encoding="utf-8").splitlines())


@cache
def reference() -> Tokenizer:
    tokeniser = Tokenizer.from_file(str(minilm_files()["vocab.txt"].with_name("tokenizer.json")))
    tokeniser.no_padding()
    tokeniser.enable_truncation(256)
    return tokeniser


CLEAN = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
CUT = BertPreTokenizer()


def _reference_words(text: str) -> list[str]:
    return [word for word, _ in CUT.pre_tokenize_str(CLEAN.normalize_str(text))]


@cache
def differing() -> frozenset[str]:
    """The characters that the two cut in another way, found one by one."""
    found = set()
    for start in range(0, len(CODE_POINTS), 128):
        block = [chr(i) for i in CODE_POINTS[start : start + 128]]
        joined = " ".join(f"a{character}b" for character in block)
        if split_words(joined) != _reference_words(joined):
            found |= {c for c in block if split_words(f"a{c}b") != _reference_words(f"a{c}b")}
    return frozenset(found)


@pytest.mark.no_cover
def test_hardly_any_character_is_cut_in_another_way():
    assert len(differing()) < 1_000
    for character in differing():  # nothing of Europe's scripts, nothing Chinese, Japanese or Korean
        i = ord(character)
        assert 0x600 <= i < 0x2000 or 0x2E00 <= i < 0x2E80 or 0xA000 <= i < 0xAC00 or i >= 0xFE00, hex(i)
        assert not unicodedata.name(character, "").startswith(("LATIN", "GREEK", "CYRILLIC", "CJK UNIFIED"))


@pytest.mark.no_cover
def test_the_shops_texts_are_cut_alike(shop):
    for product in shop[::6]:
        for text in (
            product.title,
            product.title_zh,
            product.description,
            product.description_zh,
            *product.captions,
        ):
            assert ours().encode(text) == reference().encode(text).ids, text


@pytest.mark.no_cover
@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8"), max_size=12),
            st.text("aàÀßıİΣςσéﬁ\u0301\u0323한글カﾞ红色-$€ \t\u00a0\u200b\ufffd", max_size=8),
            st.sampled_from([*SPECIAL, "unaffordable", "[mask]", "[PAD", "T-shirt", "x" * 99, "x" * 102]),
        ),
        max_size=8,
    ).map("".join)
)
def test_any_text_is_cut_alike(text):
    text = "".join(character for character in text if character not in differing())
    assert ours().encode(text) == reference().encode(text).ids


@pytest.mark.parametrize("count", [253, 254, 255, 2_000])
def test_long_texts_are_cut_alike(count):
    text = "red " * count
    assert ours().encode(text) == reference().encode(text).ids
    assert len(ours().encode(text)) == min(count + 2, 256)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n ", []),
        ("Crème brûlée", ["creme", "brulee"]),
        ("ΣΑΣ", ["σασ"]),
        ("don't", ["don", "'", "t"]),
        ("红色T恤", ["红", "色", "t", "恤"]),
        ("a\x00b\u200bc\ufffd", ["abc"]),
        ("50% off – €5", ["50", "%", "off", "–", "€5"]),
        ("\ud800red", ["red"]),
    ],
)
def test_words(text, words):
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("teapots", ["teapot", "##s"]),
        ("tea", ["tea"]),
        ("teax", ["[UNK]"]),
        ("s", ["[UNK]"]),
        ("", ["[UNK]"]),
        ("t" * 101, ["[UNK]"]),
    ],
)
def test_longest_pieces(word, pieces):
    assert longest_pieces(word, {"tea": 0, "teapot": 1, "##pot": 2, "##s": 3, "t": 4, "##t": 5}) == pieces


def test_a_word_of_a_hundred_letters_is_still_cut():
    assert longest_pieces("t" * 100, {"t": 0, "##t": 1}) == ["t"] + ["##t"] * 99


def test_special_pieces_written_out_keep_their_numbers():
    assert ours().pieces("red [MASK]!") == ["red", "[MASK]", "!"]
    assert ours().pieces("[mask]") == ["[", "mask", "]"]


@pytest.mark.parametrize(
    ("vocabulary", "problem"), [(["a"], "lacks"), ([*SPECIAL, "a", "a"], "twice"), ([], "lacks")]
)
def test_a_vocabulary_that_cannot_be_used_is_refused(vocabulary, problem):
    with pytest.raises(InputError, match=problem):
        WordPiece(vocabulary)


def test_no_room_for_the_ends_is_refused():
    with pytest.raises(InputError, match="2 or more"):
        ours().encode("red", longest=1)
    assert ours().encode("red", longest=2) == [101, 102]
