"""WordPiece: a text cut into pieces of words that are all in a fixed vocabulary, as BERT does it.

Equal to the compiled tokeniser that the ``tokenizers`` library runs, but for some hundred characters
whose class in Unicode changed after 2015: that library keeps an older table for combining marks and
punctuation and a newer one for capitals than Python. None of them is a Latin, Greek, Cyrillic or
Chinese letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice

from crossmodal_edu.errors import InputError

PAD, UNKNOWN, START, END, MASK = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""Pieces that stand for no word: filling, an unknown word, the two ends of a text, a hidden word."""

_SPECIAL = re.compile(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])")
# The blocks of Chinese characters; the gap at U+2B820 is the reference's, and so is ours.
_CHINESE = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b81f"
    "\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f]"
)
_ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def split_words(text: str) -> list[str]:
    """Words, punctuation marks and Chinese characters, in lower case and without accents.

    Parameters
    ----------
    text : str
        Any text. Control characters are dropped, lone surrogates among them.

    Returns
    -------
    list of str

    Notes
    -----
    Used in Chapter 06. Devlin et al. (2019), the code that came with the paper.

    Examples
    --------
    >>> split_words("Crème T-shirt, 红色")
    ['creme', 't', '-', 'shirt', ',', '红', '色']
    """
    text = "".join(_clean(character) for character in text)
    text = _CHINESE.sub(r" \g<0> ", text)
    # Letter and accent become two characters, of which the accent (class Mn) is dropped.
    parts = (c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    # One character at a time: Σ becomes σ at the end of a word as well.
    return "".join(f" {c} " if _is_punctuation(c) else c.lower() for c in parts).split()


class WordPiece:
    """Texts to the numbers of word pieces.

    A word that is in the vocabulary is one piece. Another is cut from the left, each time the
    longest piece that is known; pieces after the first are marked by ``##``. A word that cannot
    be cut to its end, or is longer than 100 characters, is ``[UNK]`` as a whole.

    Parameters
    ----------
    vocabulary : sequence of str
        Distinct pieces, among them the five of ``SPECIAL``. A piece's number is its position.

    Raises
    ------
    InputError
        If a special piece is missing or a piece is there twice.

    Notes
    -----
    Used in Chapter 06. Schuster and Nakajima (2012); Wu et al. (2016), section 4.1.

    Examples
    --------
    >>> wordpiece = WordPiece([*SPECIAL, "hand", "##bag", "##s", "red"])
    >>> wordpiece.pieces("Red handbags!")
    ['red', 'hand', '##bag', '##s', '[UNK]']
    >>> wordpiece.encode("red handbag")
    [2, 8, 5, 6, 3]
    """

    LONGEST_WORD = 100

    def __init__(self, vocabulary: Sequence[str]):
        self.vocabulary = tuple(vocabulary)
        self.number = {piece: number for number, piece in enumerate(self.vocabulary)}
        missing = [piece for piece in SPECIAL if piece not in self.number]
        if missing or len(self.number) < len(self.vocabulary):
            raise InputError(
                f"The vocabulary of {len(self.vocabulary)} pieces lacks {', '.join(missing)}."
                if missing
                else f"{len(self.vocabulary) - len(self.number)} pieces stand in the vocabulary twice.",
                accepted=f"distinct pieces, {', '.join(SPECIAL)} among them.",
                remedy="Take the vocab.txt that belongs to the weights.",
            )

    def __len__(self) -> int:
        return len(self.vocabulary)

    def pieces(self, text: str) -> list[str]:
        """The pieces of a text, without its ends. A special piece, written out, stays what it is."""
        return list(self._pieces(text))

    def encode(self, text: str, longest: int = 256) -> list[int]:
        """The numbers of ``[CLS]``, the first ``longest`` − 2 pieces, and ``[SEP]``."""
        _check_length(longest)
        kept = islice(self._pieces(text), longest - 2)
        return [self.number[piece] for piece in (START, *kept, END)]

    def _pieces(self, text: str) -> Iterator[str]:
        for part in _SPECIAL.split(text):
            if part in SPECIAL:
                yield part
            else:
                for word in split_words(part):
                    yield from longest_pieces(word, self.number)


def longest_pieces(word: str, known: dict[str, int]) -> list[str]:
    """One word cut from the left into the longest known pieces, or ``["[UNK]"]``.

    Parameters
    ----------
    word : str
        Without spaces.
    known : dict
        Its keys are the pieces.

    Returns
    -------
    list of str

    Notes
    -----
    Chapter 06. Wu et al. (2016), section 4.1.

    Examples
    --------
    >>> longest_pieces("handbags", {"hand": 0, "ha": 1, "##bag": 2, "##s": 3})
    ['hand', '##bag', '##s']
    >>> longest_pieces("handball", {"hand": 0, "ha": 1, "##bag": 2, "##s": 3})
    ['[UNK]']
    """
    found, start = [], 0
    while start < len(word) <= WordPiece.LONGEST_WORD:
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):  # the longest first
            if prefix + word[start:end] in known:
                found.append(prefix + word[start:end])
                start = end
                break
        else:
            return ["[UNK]"]
    return found or ["[UNK]"]


def _clean(character: str) -> str:
    """A space for any kind of space, nothing for what cannot be seen, else the character itself."""
    if character in "\t\n\r":
        return " "
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co") or character == "\ufffd":
        return ""
    return " " if character.isspace() else character


def _is_punctuation(character: str) -> bool:
    """Unicode's punctuation, and ASCII's signs such as + and $, which Unicode counts otherwise."""
    return character in _ASCII_PUNCTUATION or unicodedata.category(character).startswith("P")


def _check_length(longest: int) -> None:
    if longest < 2:
        raise InputError(
            f"A text cannot be cut to {longest} pieces.",
            accepted="2 or more: [CLS] and [SEP] are always there.",
        )
