"""Titles, descriptions and captions: what a shop and its customers write about a product.

A grammar, not a language model: it knows synonyms, word orders, articles and
plurals, leaves attributes out as people do, and never states what is not true.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crossmodal_edu.datasets.shop.attributes import BRANDS, COLOURS, MATERIALS
from crossmodal_edu.datasets.shop.truth import Truth
from crossmodal_edu.datasets.shop.vocabulary import (
    ACCENT_NOUNS,
    ACCENT_NOUNS_ZH,
    CARE,
    COLOUR_WORDS,
    MATERIAL_WORDS,
    OWN_NAME,
    PATTERN_WORDS,
    STYLE_WORDS,
    TYPE_WORDS,
    USES,
    Words,
)

PLURAL = frozenset({"trousers", "trainers", "boots", "heels", "sandals", "headphones"})
TYPING_ERRORS = 0.03
CAPTIONS = 5

_IN_TITLE = {"style": 0.85, "colour": 0.95, "pattern": 0.92, "material": 0.8, "brand": 0.75}
_ACCENT_WITH_PATTERN, _ACCENT_WHEN_PLAIN, _SAYS_PLAIN = 0.85, 0.35, 0.25

# What people notice in a picture. Nobody reads the brand off it, but some see its mark.
_NOTICED = (
    "colour", "colour pattern", "colour pattern accent", "colour style", "colour style pattern",
    "colour style pattern accent", "colour material style", "colour material pattern accent",
    "colour material style pattern accent", "material style pattern accent", "style pattern accent",
    "colour style pattern accent brand", "colour pattern brand",
)  # fmt: skip
_NOTICED_WHEN_PLAIN = (
    "colour", "colour style", "colour accent", "colour style accent", "colour material", "colour brand",
    "colour material style", "colour material accent", "material style", "colour style brand",
)  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """Everything that is written about one product.

    ``spoken`` is the title as a person would say it: without dashes and typing errors.
    """

    title: str
    spoken: str
    description: str
    title_zh: str
    description_zh: str
    captions: tuple[str, ...]


def write(truth: Truth, rng: np.random.Generator) -> Wording:
    """Write about a product.

    Parameters
    ----------
    truth : Truth
        What is true of the product.
    rng : Generator
        What is mentioned, with which words and in which order.

    Notes
    -----
    Chapter 01. The type is always named; the colour in 95 titles of 100, the style in 85,
    the material in 80 and the brand in 75. Three titles in 100 carry a typing error.

    Examples
    --------
    >>> from crossmodal_edu.datasets.shop.truth import Truth
    >>> bag = Truth("handbag", "tote", "navy", "white", "dotted", "leather", "Lumbrel", 79.99, ("18 l",), 3)
    >>> print(write(bag, np.random.default_rng(5)).title)
    Lumbrel leather tote handbag, dark blue, with white spots
    """
    title = _title(truth, rng)
    spoken = title.replace(" – ", ", ")
    if rng.random() < TYPING_ERRORS:
        title = _with_typing_error(title, rng)
    return Wording(
        title=title,
        spoken=spoken,
        description=_description(truth, rng),
        title_zh=_title_zh(truth, rng),
        description_zh=_description_zh(truth, rng),
        captions=_captions(truth, rng),
    )


def with_article(phrase: str) -> str:
    """The phrase after *a* or *an*, by its sound.

    Examples
    --------
    >>> with_article("orange mug"), with_article("SLR camera"), with_article("wool coat")
    ('an orange mug', 'an SLR camera', 'a wool coat')
    """
    return ("an " if re.match(r"[aeiouAEIOU]|SLR", phrase) else "a ") + phrase


def _one(words: Sequence[str], rng: np.random.Generator) -> str:
    """One of several words; the first is as likely as all others together."""
    if len(words) == 1 or rng.random() < 0.5:
        return words[0]
    return words[1 + rng.integers(len(words) - 1)]


def _mentioned(truth: Truth, rng: np.random.Generator) -> set[str]:
    """The attributes that a title names."""
    named = {name for name, share in _IN_TITLE.items() if rng.random() < share}
    plain = truth.pattern == "plain"
    if plain and rng.random() >= _SAYS_PLAIN:
        named.discard("pattern")
    accent = _ACCENT_WHEN_PLAIN if plain else _ACCENT_WITH_PATTERN
    if (plain or "pattern" in named) and rng.random() < accent:
        named.add("accent")
    return named


def _choose(truth: Truth, named: Collection[str], rng: np.random.Generator, language: str) -> dict[str, str]:
    """A word for each attribute that is named, and "" for the others. ``noun`` is type and style in one."""

    def word(name: str, table: Mapping[str, Words]) -> str:
        return _one(getattr(table[getattr(truth, name)], language), rng) if name in named else ""

    style = f"{truth.type}/{truth.style}"
    noun = _one(getattr(TYPE_WORDS[truth.type], language), rng)
    if "style" in named or style in OWN_NAME:
        noun = _one(getattr(STYLE_WORDS[style], language), rng).replace("~", noun)
    accents = ACCENT_NOUNS if language == "en" else ACCENT_NOUNS_ZH
    accent = _one(getattr(COLOUR_WORDS[truth.accent], language), rng)
    brand = next(brand for brand in BRANDS if brand.name == truth.brand)
    return {
        "noun": noun,
        "colour": word("colour", COLOUR_WORDS),
        "pattern": word("pattern", PATTERN_WORDS),
        "material": word("material", MATERIAL_WORDS),
        "accent": accent if "accent" in named else "",
        "accented": _one(accents[truth.pattern], rng),
        "brand": (brand.name if language == "en" else brand.zh) if "brand" in named else "",
        "mark": brand.mark,
    }


def _joined(*words: str, by: str = " ") -> str:
    return by.join(word for word in words if word)


def _looks(words: Mapping[str, str], truth: Truth, rng: np.random.Generator) -> tuple[str, str]:
    """How colour, pattern and accent are said: before the noun, and after it.

    ("red striped", ""), ("red", "with white stripes") or ("red and white striped", ""):
    the accent is always tied to what is painted with it.
    """
    colour, pattern, accent = words["colour"], words["pattern"], words["accent"]
    if not accent:
        return _joined(*((pattern, colour) if truth.pattern == "plain" else (colour, pattern))), ""
    if truth.pattern == "plain":
        return _joined(pattern, colour), f"with {accent} {words['accented']}"
    if colour and rng.random() < 0.3:
        return f"{colour} and {accent} {pattern or PATTERN_WORDS[truth.pattern].en[0]}", ""
    return colour, f"with {accent} {words['accented']}"


def _title(truth: Truth, rng: np.random.Generator) -> str:
    words = _choose(truth, _mentioned(truth, rng), rng, "en")
    before, after = _looks(words, truth, rng)
    noun, material, brand = words["noun"], words["material"], words["brand"]
    order = rng.choice(6, p=(0.34, 0.2, 0.16, 0.12, 0.1, 0.08))
    if order == 0:  # Lumbrel red leather tote handbag with white stripes
        title = _joined(brand, before, material, noun, after)
    elif order == 1:  # Tote handbag in navy leather with white stripes – Lumbrel
        made = _joined(before, material)
        # "with a hood in navy" and "in solid wooden" are not English.
        if (
            made
            and " with " not in noun
            and before
            and material not in ("wooden", "woollen", "fluffy", "furry")
        ):
            title = _joined(noun, f"in {made}", after)
        else:
            title = _joined(before, material, noun, after)
        title = _joined(title, brand, by=" – ")
    elif order == 2:  # Handbag, leather, dark blue, white stripes, Lumbrel
        details = [material, before, after.removeprefix("with "), brand]
        title = _joined(noun, *(details[i] for i in rng.permutation(4)), by=", ")
    elif order == 3:  # Navy tote handbag by Lumbrel, leather, with white stripes
        title = _joined(_joined(before, noun, brand and f"by {brand}"), material, after, by=", ")
    elif order == 4:  # Lumbrel leather tote handbag, navy, with white stripes
        title = _joined(_joined(brand, material, noun), before, after, by=", ")
    else:  # Leather tote handbag with white stripes, navy – Lumbrel
        title = _joined(_joined(_joined(material, noun, after), before, by=", "), brand, by=" – ")
    if rng.random() < 0.15:
        return " ".join(
            word if word in ("with", "in", "and", "by", "a", "on") else _capital(word)
            for word in title.split()
        )
    return title if rng.random() < 0.1 else _capital(title)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _with_typing_error(title: str, rng: np.random.Generator) -> str:
    """Swap, drop or double one letter in a word of four letters or more."""
    words = list(re.finditer(r"[A-Za-z]{4,}", title))
    word = words[rng.integers(len(words))]
    # The first letter stays: people see that one. Swapping equal letters would change nothing.
    at = word.start() + 1 + int(rng.integers(len(word[0]) - 2))
    one, two = title[at], title[at + 1]
    error = rng.integers(3)
    swapped = (two + one, two, one + one + two)[error] if one != two else one
    return title[:at] + swapped + title[at + 2 :]


def _captions(truth: Truth, rng: np.random.Generator) -> tuple[str, ...]:
    """Five sentences, each by a person who noticed other things."""
    noticed = _NOTICED_WHEN_PLAIN if truth.pattern == "plain" else _NOTICED
    people = rng.choice(len(noticed), size=CAPTIONS, replace=False)
    return tuple(_caption(truth, noticed[person].split(), rng) for person in people)


def _caption(truth: Truth, seen: Collection[str], rng: np.random.Generator) -> str:
    words = _choose(truth, seen, rng, "en")
    before, after = _looks(words, truth, rng)
    mark = f"a {words['mark']} on {'them' if truth.type in PLURAL else 'it'}" if "brand" in seen else ""
    after = _joined(after, mark and ("and " if after else "with ") + mark)
    thing = _joined(before, words["material"], words["noun"], after)
    pair = truth.type in PLURAL
    whole = f"a pair of {thing}" if pair else with_article(thing)
    bare = _joined(words["material"], words["noun"])
    # "handbag, red, with white stripes", but "handbag with white stripes"
    looks = f", {_joined(before, after, by=', ')}" if before else f" {after}"
    manner = rng.integers(8)
    if manner == 0:
        return f"someone's {bare}{looks}".rstrip()
    if manner == 1:
        return f"{'these are' if pair else 'this is'} {thing if pair else whole}"
    if manner == 2:
        return f"a photo of {whole}"
    if manner == 3:
        return f"there is {whole} in the picture"
    if manner == 4:
        return f"{bare}{looks}".rstrip()
    if manner == 5:
        return f"I can see {whole}"
    return whole


def _listed(items: Sequence[str], last: str = " and ", by: str = ", ") -> str:
    return items[0] if len(items) == 1 else by.join(items[:-1]) + last + items[-1]


def _description(truth: Truth, rng: np.random.Generator) -> str:
    """Two or three sentences: what it is, sizes and use, care."""
    named = {"style", "colour"} | {name for name in ("pattern", "accent", "brand") if rng.random() < 0.6}
    if truth.pattern == "plain" or "pattern" not in named:
        named -= {"accent", "pattern"}
    words = _choose(truth, named, rng, "en")
    before, after = _looks(words, truth, rng)
    thing = _joined(before, words["noun"], after)
    pair = truth.type in PLURAL
    by = f" by {words['brand']}" if words["brand"] else ""
    what = f"{'These' if pair else 'This'} {thing}{by} {'are' if pair else 'is'} made of {truth.material}"
    use = _one(USES[truth.product_type.department].en, rng)
    care = CARE[truth.material].en[0]
    sizes = "Comes in one size"
    if truth.sizes != ("one size",):
        lead = "Size:" if len(truth.sizes) == 1 else _one(("Available in", "Sizes:"), rng)
        sizes = f"{lead} {_listed(truth.sizes)}"
    if rng.random() < 0.5:
        return f"{what}, {use}. {sizes}. {care}."
    return f"{_capital(use)}. {what}. {sizes}; {care[0].lower() + care[1:]}."


_UNITS_ZH = {"cm": "厘米", "mm": "毫米", "ml": "毫升", "l": "升", "inch": "英寸"}
_MATERIAL_ZH = {material.name: material.zh for material in MATERIALS}
_COLOUR_ZH = {colour.name: colour.zh for colour in COLOURS}


def _looks_zh(words: Mapping[str, str], truth: Truth, rng: np.random.Generator) -> tuple[str, str]:
    """Colour and pattern before the noun, the accent before or after it: 红色条纹; 红底白色条纹."""
    colour, pattern, accent = words["colour"], words["pattern"], words["accent"]
    if not accent:
        return colour + pattern, ""
    if truth.pattern != "plain" and colour and rng.random() < 0.4:
        ground = _COLOUR_ZH[truth.colour]
        ground = ground if truth.colour == "beige" else ground.removesuffix("色")
        return f"{ground}底{accent}{words['accented']}", ""
    return colour + (pattern if truth.pattern == "plain" else ""), accent + words["accented"]


def _title_zh(truth: Truth, rng: np.random.Generator) -> str:
    words = _choose(truth, _mentioned(truth, rng), rng, "zh")
    before, after = _looks_zh(words, truth, rng)
    noun, material, brand = words["noun"], words["material"], words["brand"]
    order = rng.choice(5, p=(0.4, 0.2, 0.15, 0.15, 0.1))
    if order == 0:  # 露布雷 红色皮革托特手提包 白色条纹
        return _joined(brand, before + material + noun, after)
    if order == 1:  # 红色托特手提包 皮革 白色条纹 露布雷
        return _joined(before + noun, material, after, brand)
    if order == 2:  # 托特手提包 皮革 红色 白色条纹 露布雷
        details = [material, before, after, brand]
        return _joined(noun, *(details[i] for i in rng.permutation(4)))
    if order == 3:  # 【露布雷】皮革托特手提包 红色 白色条纹
        return _joined((f"【{brand}】" if brand else "") + material + noun, before, after)
    return _joined(brand, after, before + material + noun)  # 露布雷 白色条纹 红色皮革托特手提包


def _description_zh(truth: Truth, rng: np.random.Generator) -> str:
    named = {"style", "colour"} | {name for name in ("pattern", "accent", "brand") if rng.random() < 0.6}
    if truth.pattern == "plain" or "pattern" not in named:
        named -= {"accent", "pattern"}
    words = _choose(truth, named, rng, "zh")
    before, after = _looks_zh(words, truth, rng)
    maker = f"{words['brand']}出品的" if words["brand"] else ""
    made = f"材质为{_MATERIAL_ZH[truth.material]}" + (f"，带有{after}" if after else "")
    use = _one(USES[truth.product_type.department].zh, rng)
    worn = truth.product_type.department in ("clothes", "shoes")
    sizes = [_size_zh(size) for size in truth.sizes]
    available = (
        "单一规格"
        if truth.sizes == ("one size",)
        else f"{'尺码' if worn else '规格'}有{_listed(sizes, '和', '、')}"
    )
    return f"{maker}{before}{words['noun']}，{made}，{use}。{available}。{CARE[truth.material].zh[0]}。"


def _size_zh(size: str) -> str:
    number, _, unit = size.partition(" ")
    return number + _UNITS_ZH[unit] if unit in _UNITS_ZH else size
