"""What is written about a product: true, varied, and in good English and Chinese."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from crossmodal_edu.datasets.shop import attributes
from crossmodal_edu.datasets.shop.truth import Truth, draw_truth
from crossmodal_edu.datasets.shop.vocabulary import (
    ACCENT_NOUNS,
    CARE,
    COLOUR_WORDS,
    MATERIAL_WORDS,
    OWN_NAME,
    PATTERN_WORDS,
    STYLE_WORDS,
    TYPE_WORDS,
    USES,
)
from crossmodal_edu.datasets.shop.wording import PLURAL, Wording, with_article, write

BAG = Truth("handbag", "tote", "navy", "white", "dotted", "leather", "Lumbrel", 79.99, ("one size",), 3)


@pytest.fixture(scope="module")
def written() -> list[tuple[Truth, Wording]]:
    rng = np.random.default_rng(11)
    return [(truth, write(truth, rng)) for truth in (draw_truth(rng) for _ in range(1_500))]


def _names(values) -> set[str]:
    return {value.name for value in values}


@pytest.mark.parametrize(
    "table, values",
    [
        (COLOUR_WORDS, _names(attributes.COLOURS)),
        (PATTERN_WORDS, _names(attributes.PATTERNS)),
        (ACCENT_NOUNS, _names(attributes.PATTERNS)),
        (MATERIAL_WORDS, _names(attributes.MATERIALS)),
        (CARE, _names(attributes.MATERIALS)),
        (TYPE_WORDS, _names(attributes.PRODUCT_TYPES)),
        (USES, set(attributes.DEPARTMENTS)),
        (
            STYLE_WORDS,
            {f"{kind.name}/{style.name}" for kind in attributes.PRODUCT_TYPES for style in kind.styles},
        ),
    ],
)
def test_the_vocabulary_has_words_for_every_value_and_no_other(table, values):
    assert set(table) == values


@pytest.mark.parametrize("table", [COLOUR_WORDS, PATTERN_WORDS, MATERIAL_WORDS, TYPE_WORDS])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_word_means_one_value_only(table, language):
    words = Counter(word for entry in table.values() for word in getattr(entry, language))
    assert max(words.values()) == 1
    assert "" not in words


def test_styles_and_plurals_are_types_of_the_shop():
    assert set(STYLE_WORDS) >= OWN_NAME
    assert set(TYPE_WORDS) >= PLURAL


def _type_words(truth: Truth, language: str) -> list[str]:
    style = f"{truth.type}/{truth.style}"
    own = [word for word in getattr(STYLE_WORDS[style], language) if "~" not in word]
    return own + list(getattr(TYPE_WORDS[truth.type], language))


def test_titles_name_the_type(written):
    for truth, wording in written:
        assert any(word.lower() in wording.spoken.lower() for word in _type_words(truth, "en")), (
            wording.spoken
        )
        assert any(word in wording.title_zh for word in _type_words(truth, "zh")), wording.title_zh


@pytest.mark.parametrize(
    "attribute, table, share",
    [("colour", COLOUR_WORDS, 0.95), ("material", MATERIAL_WORDS, 0.8)],
)
def test_titles_name_attributes_as_often_as_stated(written, attribute, table, share):
    named = np.mean(
        [
            any(word in wording.spoken.lower() for word in table[getattr(truth, attribute)].en)
            for truth, wording in written
        ]
    )
    assert named == pytest.approx(share, abs=0.03)


def test_three_titles_in_four_name_the_brand(written):
    named = np.mean([truth.brand.lower() in wording.spoken.lower() for truth, wording in written])
    assert named == pytest.approx(0.75, abs=0.03)


def test_about_three_titles_in_a_hundred_carry_one_typing_error(written):
    wrong = [(w.title.replace(" – ", ", "), w.spoken) for _, w in written]
    wrong = [(title, spoken) for title, spoken in wrong if title != spoken]
    assert 0.018 < len(wrong) / len(written) < 0.045
    for title, spoken in wrong:
        broken = [pair for pair in zip(title.split(), spoken.split(), strict=True) if pair[0] != pair[1]]
        assert len(broken) == 1
        ((is_now, was),) = broken
        assert len(was.strip(",")) >= 4 and abs(len(is_now) - len(was)) <= 1 and is_now[0] == was[0]


def test_the_accent_is_tied_to_what_is_painted_with_it(written):
    tied = 0
    for truth, wording in written:
        accents = "|".join(COLOUR_WORDS[truth.accent].en)
        things = "|".join([*ACCENT_NOUNS[truth.pattern], *PATTERN_WORDS[truth.pattern].en])
        title = wording.spoken.lower()
        mentions = re.findall(rf"\b({accents})\b", title)
        own = "|".join(COLOUR_WORDS[truth.colour].en)
        if not mentions or re.search(accents, own) or re.search(own, accents):
            continue
        tied += 1
        assert re.search(rf"\b({accents}) ({things})\b", title), (truth, title)
    assert tied > 500


def test_no_text_says_a_colour_the_product_does_not_have(written):
    for truth, wording in written[:500]:
        own = {*COLOUR_WORDS[truth.colour].en, *COLOUR_WORDS[truth.accent].en}
        others = {word for words in COLOUR_WORDS.values() for word in words.en} - own
        for text in (wording.spoken, wording.description, *wording.captions):
            text = re.sub(rf"\b({'|'.join(sorted(own, key=len, reverse=True))})\b", "", text.lower())
            assert not re.search(rf"\b({'|'.join(others)})\b", text), text


def test_texts_have_no_numbers_in_titles_and_no_loose_ends(written):
    for _, wording in written:
        assert not re.search(r"\d", wording.title + wording.title_zh)
        for text in (wording.title, wording.description, *wording.captions):
            assert text == text.strip() and "  " not in text and "|" not in text and "~" not in text
            assert not re.search(r" ,|,,|\.\.|, with with|\bwith with\b|[;,]$", text), text
        assert wording.description.endswith(".") and wording.description_zh.endswith("。")


def test_articles_and_plurals(written):
    assert with_article("ultra-thin laptop") == "an ultra-thin laptop"
    for truth, wording in written:
        text = " ".join([*wording.captions, wording.description]).lower()
        assert not re.search(r"\ba [aeiou]|\ban [^aeious]", text), text
        if truth.type in PLURAL:
            assert not re.search(r"\bthis is\b|\ban? (?!pair|photo|\w+ on them)", " ".join(wording.captions))
        else:
            assert "a pair of" not in text and "these" not in text


def test_five_captions_differ(written):
    for _, wording in written:
        assert len(wording.captions) == 5
    assert np.mean([len(set(wording.captions)) == 5 for _, wording in written]) > 0.98


def test_descriptions_tell_material_and_sizes(written):
    for truth, wording in written:
        assert f"made of {truth.material}" in wording.description
        for size in truth.sizes:
            assert size in wording.description
        assert 2 <= len(re.findall(r"\.(?!\d)", wording.description)) <= 4


def test_chinese_titles_are_chinese(written):
    for _, wording in written:
        title = re.sub(r"^【([^【】]+)】", r"\1", wording.title_zh)
        assert re.fullmatch(r"[\u4e00-\u9fffTV ]+", title), title
        latin = set(re.findall(r"[A-Za-z]+", wording.description_zh))
        assert latin <= {"T", "V", "XS", "S", "M", "L", "XL", "GB"}, wording.description_zh


def test_the_same_generator_writes_the_same_words_and_another_writes_others():
    titles = [write(BAG, np.random.default_rng(seed)).title for seed in range(40)]
    assert write(BAG, np.random.default_rng(5)) == write(BAG, np.random.default_rng(5))
    assert len(set(titles)) > 35
