"""From a text to tokens, and from tokens to the numbers an encoder can look up."""

from __future__ import annotations

import logging
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable
from types import ModuleType

from crossmodal_edu.errors import DataMissingError

# Latin words and numbers stay whole; of other scripts, Chinese above all, each character
# is a token, since such texts put no spaces between words.
_TOKEN = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?|[^\W_]")
_HAN = re.compile("([\u3400-\u4dbf\u4e00-\u9fff]+)")

LONGEST = 1_024
"""Tokens of a text that an encoder reads; what stands behind them does not count."""

_LONGEST_TOKEN = 64  # characters of a word of which pieces are taken


def tokenise(text: str) -> list[str]:
    """Split a text into lower-case words; of Chinese, into characters.

    Parameters
    ----------
    text : str
        Any text; may be empty. Full-width forms are folded to their plain ones.

    Returns
    -------
    list of str

    Notes
    -----
    Chapter 01. Unicode normalisation form KC (Unicode Standard Annex 15).

    Examples
    --------
    >>> tokenise("Red T-shirt, 红色T恤")
    ['red', 't', 'shirt', '红', '色', 't', '恤']
    """
    return _TOKEN.findall(_unaccented(unicodedata.normalize("NFKC", text).lower()))


def segment(text: str) -> list[str]:
    """Split a text as :func:`tokenise` does, but Chinese into words, by the dictionary of jieba.

    Parameters
    ----------
    text : str
        Any text; may be empty.

    Returns
    -------
    list of str

    Raises
    ------
    DataMissingError
        If jieba is not installed.

    Notes
    -----
    Used in Chapter 05. What the dictionary lacks, such as a brand, jieba guesses from the characters.

    Examples
    --------
    >>> segment("Red T-shirt, 红色皮革手提包")
    ['red', 't', 'shirt', '红色', '皮革', '手提包']
    """
    jieba = _jieba()
    folded = unicodedata.normalize("NFKC", text).lower()
    # Runs of Chinese characters go to jieba; what stands between them goes the usual way.
    parts = (jieba.lcut(part) if _HAN.match(part) else tokenise(part) for part in _HAN.split(folded))
    return [token for part in parts for token in part]


def pieces(token: str, longest: int = 4) -> list[str]:
    """The runs of three and four characters inside a word, its ends marked.

    A misspelt word shares most of its pieces with the right one, so that an
    encoder that adds them up still recognises it.

    Parameters
    ----------
    token : str
        One word.
    longest : int
        The longest run.

    Returns
    -------
    list of str
        Empty for one-letter words and single Chinese characters.

    Notes
    -----
    Chapter 03. Bojanowski, Grave, Joulin, Mikolov (2017), section 3.2.

    Examples
    --------
    >>> pieces("red")
    ['<re', 'red', 'ed>', '<red', 'red>']
    """
    if len(token) < 2:
        return []
    marked = f"<{token}>"
    return [marked[i : i + n] for n in range(3, longest + 1) for i in range(len(marked) - n + 1)]


class Vocabulary:
    """Numbers for known words, and for the pieces of every word.

    Number 0 is padding and 1 stands for a word that was not seen often enough.
    Words follow, the most frequent first; then ``buckets`` numbers that the pieces
    of words share by a hash, so that an unknown word still means something.

    Parameters
    ----------
    words : iterable of str
        Known words, most frequent first.
    buckets : int
        How many numbers the pieces share.

    Notes
    -----
    Used in Chapter 03.

    Examples
    --------
    >>> vocabulary = Vocabulary.of_texts(["red bag", "red shoe"], minimum_count=2)
    >>> vocabulary.words
    ('red',)
    >>> [numbers[0] for numbers in vocabulary.encode("red sofa")]
    [2, 1]
    """

    PADDING, UNKNOWN = 0, 1

    def __init__(self, words: Iterable[str], buckets: int = 4096):
        self.words = tuple(words)
        self.buckets = buckets
        self._number = {word: i for i, word in enumerate(self.words, start=2)}
        self._encoded: dict[str, tuple[int, ...]] = {}

    @classmethod
    def of_texts(cls, texts: Iterable[str], minimum_count: int = 2, buckets: int = 4096) -> Vocabulary:
        """The words that stand at least ``minimum_count`` times in the texts."""
        counts = Counter(token for text in texts for token in tokenise(text))
        frequent = [word for word, count in counts.items() if count >= minimum_count]
        return cls(sorted(frequent, key=lambda word: (-counts[word], word)), buckets)

    def __len__(self) -> int:
        return 2 + len(self.words) + self.buckets

    def encode(self, text: str, longest: int = LONGEST) -> list[tuple[int, ...]]:
        """For each of the first ``longest`` tokens: its own number, then those of its pieces."""
        return [self._encode_token(token) for token in tokenise(text)[:longest]]

    def unknown(self, text: str) -> list[str]:
        """The words of a text that no training showed often enough, each once, in order."""
        return [token for token in dict.fromkeys(tokenise(text)) if token not in self._number]

    def _encode_token(self, token: str) -> tuple[int, ...]:
        known = self._encoded.get(token)
        if known is None:
            first_bucket = 2 + len(self.words)
            # Python's own hash changes from run to run; this one is the same everywhere.
            some = pieces(token[:_LONGEST_TOKEN])
            hashed = (first_bucket + zlib.crc32(p.encode()) % self.buckets for p in some)
            known = (self._number.get(token, self.UNKNOWN), *hashed)
            if token in self._number:
                self._encoded[token] = known
        return known


def _jieba() -> ModuleType:
    """Imported when needed: it reads a dictionary of 350,000 words, and only Chinese texts ask for it."""
    try:
        import jieba
    except ImportError as error:
        raise DataMissingError(
            "Chinese is cut into words by jieba, which is not installed.",
            accepted="the characters of tokenise, which need nothing, or jieba.",
            remedy="Run: python -m pip install jieba",
        ) from error
    jieba.setLogLevel(logging.WARNING)  # it tells on stderr that it reads its dictionary
    return jieba


def _unaccented(text: str) -> str:
    """Latin letters without their accents, so that "café" and "cafe" are one word."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))
