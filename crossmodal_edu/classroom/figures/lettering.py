"""Text from tables and queries, drawn as it stands: no formulas, a font that has it, lines that fit."""

from __future__ import annotations

import contextlib
import logging
import re
import textwrap
import unicodedata
from collections.abc import Collection
from functools import cache

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter

_log = logging.getLogger(__name__)

# These claim characters that they draw as boxes, or in a form that matplotlib cannot draw.
_USELESS = re.compile(r"last ?resort|colou?r ?emoji", re.IGNORECASE)

_UNSEEN = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}  # control signs, halves of signs and spaces


def letter(figure: Figure) -> None:
    """Prepare every text of a figure: ``$``, ``_`` and ``^`` are signs like others, and fonts have them all.

    Only the numbers that matplotlib itself writes on a logarithmic axis remain formulas. What no
    font on this machine has is said in one sentence, once.

    Parameters
    ----------
    figure : Figure
        Changed in place; nothing more happens when it is done again.
    """
    texts = figure.findobj(Text)
    formulas = {label for axis in figure.findobj(Axis) for label in _powers_of_ten(axis)}
    signs = {sign for text in texts for sign in text.get_text() if not sign.isascii()}
    more = fallback_families(signs)
    for text in texts:
        if text not in formulas:
            text.set(parse_math=False, usetex=False)
        if more:
            text.set_fontfamily(list(dict.fromkeys([*text.get_fontfamily(), *more])))


def _powers_of_ten(axis: Axis) -> list[Text]:
    return [
        label
        for which, formatter in (("major", axis.get_major_formatter()), ("minor", axis.get_minor_formatter()))
        if isinstance(formatter, LogFormatter)
        for label in axis.get_ticklabels(which=which)
    ]


def fallback_families(characters: Collection[str]) -> tuple[str, ...]:
    """The installed fonts, as few as will do, that have what the default font lacks.

    Parameters
    ----------
    characters : collection of str
        One each. Fonts are only looked through if the default one lacks some of them.

    Returns
    -------
    tuple of str
        Names of families. What no font has is named in one message to the log, once.

    Examples
    --------
    >>> fallback_families("é√Ж")
    ()
    """
    seen = {sign for sign in characters if unicodedata.category(sign) not in _UNSEEN}
    return _found(frozenset(seen.difference(*(_has(file, seen) for file in _default_files()))))


@cache
def _found(lacking: frozenset[str]) -> tuple[str, ...]:
    families, missing = _cover(lacking)
    if missing and _add_new_fonts():
        families, missing = _cover(lacking)
    if missing:
        listed = " ".join(sorted(missing)[:12]) + (" …" if len(missing) > 12 else "")
        _log.warning("No font on this machine can draw %s; install one that can, such as Noto Sans.", listed)
    return families


def _default_files() -> list[str]:
    files = []
    for family in FontProperties().get_family():
        with contextlib.suppress(ValueError):  # the user's settings may name one that is not there
            files.append(findfont(FontProperties(family=[family]), fallback_to_default=False))
    return files


def _cover(lacking: Collection[str]) -> tuple[tuple[str, ...], set[str]]:
    """Families that have these characters, the most useful first, and what none has."""
    missing, chosen = set(lacking), []
    if not missing:
        return (), missing
    regular_last = sorted(
        fontManager.ttflist, key=lambda entry: (entry.style, entry.weight) == ("normal", 400)
    )
    files = {entry.name: entry.fname for entry in regular_last if not _USELESS.search(entry.name)}
    # The default is a sans-serif font, and so should be what stands beside it. Chinese is simplified here.
    names = sorted(files, key=lambda name: ("sans" not in name.lower(), not name.endswith("SC"), name))
    had = {name: _has(files[name], missing) for name in names}
    while missing & set().union(*had.values()):
        best = max(names, key=lambda name: len(had[name] & missing))
        chosen.append(best)
        missing -= had[best]
    return tuple(chosen), missing


def _has(file: str, characters: Collection[str]) -> set[str]:
    try:
        font = FT2Font(file)
    except (OSError, RuntimeError):  # listed, but gone or damaged
        return set()
    return {sign for sign in characters if font.get_char_index(ord(sign))}


@cache
def _add_new_fonts() -> bool:
    """Tell matplotlib, which remembers its list of fonts for good, of those installed since then."""
    known = {entry.fname for entry in fontManager.ttflist}
    before = len(known)
    for file in set(findSystemFonts()) - known:
        with contextlib.suppress(Exception):  # damaged, or of pixels: its reader raises almost anything
            fontManager.addfont(file)
    return len({entry.fname for entry in fontManager.ttflist}) > before


def wrapped(words: str, width: int, most: int) -> list[str]:
    """The first lines of a text; a wide character (Chinese, Japanese, Korean) counts as two and may end one.

    Parameters
    ----------
    words : str
    width : int
        Characters a line.
    most : int
        Lines; the last one ends in " …" if there is more.

    Examples
    --------
    >>> wrapped("Red leather handbag", 12, 2), wrapped("红色皮手袋", 6, 2)
    (['Red leather', 'handbag'], ['红色皮', '手袋'])
    """
    clean = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", words).strip()
    # A vertical tab, which no text holds any more, gives each its second place and an end to break at.
    apart = re.sub("[⺀-\U0010ffff]", "\\g<0>\v", clean)
    lines = textwrap.wrap(apart, width, max_lines=most, placeholder=" …", replace_whitespace=False)
    return [line.replace("\v", "") for line in lines]
