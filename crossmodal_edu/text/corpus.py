"""A corpus: sentences whose words are numbers, in one long row, and how often each word occurs."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from crossmodal_edu.errors import InputError, VocabularyError
from crossmodal_edu.text.tokens import tokenise

LONGEST_SENTENCE = 10_000
"""Words after which :func:`read_sentences` begins a new sentence, as gensim does."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sentences as numbers. Word 0 is the most frequent one; ties go by the alphabet.

    Rare words are left out, and the words to their left and right become neighbours.

    Parameters
    ----------
    words : tuple of str
        The vocabulary, most frequent first.
    counts : (v,)
        How often each word occurs.
    tokens : (n,)
        The numbers of all words of all sentences, one sentence behind the other.
    starts : (s + 1,)
        Sentence i is ``tokens[starts[i]:starts[i + 1]]``.

    Notes
    -----
    Used in Chapter 03.

    Examples
    --------
    >>> corpus = Corpus.of([["red", "bag"], ["red", "silk", "bag"], ["red"]], minimum_count=2)
    >>> corpus.words, corpus.counts
    (('red', 'bag'), array([3, 2]))
    >>> corpus.tokens, corpus.starts
    (array([0, 1, 0, 1, 0], dtype=int32), array([0, 2, 4, 5]))
    """

    words: tuple[str, ...]
    counts: Int[np.ndarray, "v"]
    tokens: Int[np.ndarray, "n"]
    starts: Int[np.ndarray, "_"]

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]], minimum_count: int = 5) -> Corpus:
        """Count the words, keep those that occur often enough, and turn sentences into numbers.

        Parameters
        ----------
        sentences : iterable of sequences of str
            Read once; words are taken as they are, :func:`~crossmodal_edu.text.tokens.tokenise`
            makes them from a text.
        minimum_count : int
            Words that occur less often are left out.

        Raises
        ------
        VocabularyError
            If no word occurs so often, or a sentence is one string instead of a list of words.
        """
        # Every word gets a number at first sight, so that the sentences are gone through once.
        number: dict[str, int] = {}
        seen: list[int] = []
        ends = [0]
        for sentence in sentences:
            check_is_split(sentence)
            seen.extend([number.setdefault(word, len(number)) for word in sentence])
            ends.append(len(seen))
        _check_are_strings(number)
        tokens = np.array(seen, dtype=np.int32)
        counts = np.bincount(tokens, minlength=len(number))
        names = list(number)
        order = sorted(np.flatnonzero(counts >= minimum_count), key=lambda i: (-counts[i], names[i]))
        _check_any_frequent(len(order), len(tokens), len(number), minimum_count)
        renumbered = np.full(len(number), -1, dtype=np.int32)
        renumbered[order] = np.arange(len(order))
        tokens = renumbered[tokens]
        kept = tokens >= 0
        return cls(
            words=tuple(names[i] for i in order),
            counts=counts[order],
            tokens=tokens[kept],
            starts=np.concatenate([[0], np.cumsum(kept)])[ends],
        )

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.starts) - 1

    def __repr__(self) -> str:
        return f"Corpus({len(self):,} sentences, {len(self.tokens):,} tokens, {len(self.words):,} words)"


def read_sentences(path: str | Path) -> Iterator[list[str]]:
    """The lines of a text file as lists of words; lines without a word are passed over.

    Parameters
    ----------
    path : str or Path
        UTF-8, plain or compressed by gzip (``.gz``). A line of more than
        :data:`LONGEST_SENTENCE` words becomes several sentences.

    Yields
    ------
    list of str

    Raises
    ------
    InputError
        If the file is missing, is not UTF-8 (the message names the line), or is damaged.

    Notes
    -----
    Used in Chapter 03.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "titles.txt").write_text("Red silk bag\\n\\nBlue bag", encoding="utf-8")
    ...     list(read_sentences(Path(folder, "titles.txt")))
    [['red', 'silk', 'bag'], ['blue', 'bag']]
    """
    path = Path(path)
    opened = gzip.open if path.suffix == ".gz" else open
    line = 0
    try:
        with opened(path, "rb") as file:
            for line, content in enumerate(file, start=1):
                words = tokenise(content.decode("utf-8-sig" if line == 1 else "utf-8"))
                for start in range(0, len(words), LONGEST_SENTENCE):
                    yield words[start : start + LONGEST_SENTENCE]
    except UnicodeDecodeError as error:
        raise InputError(
            f"Line {line} of {path.name!r} is not UTF-8 (byte {content[error.start]:#04x}).",
            accepted="text in UTF-8.",
            remedy="Save the file as UTF-8 in an editor, or convert it with iconv.",
        ) from error
    except (OSError, EOFError) as error:
        raise InputError(
            f"{path.name!r} cannot be read: {getattr(error, 'strerror', None) or error}.",
            accepted="a text file in UTF-8, plain or .gz.",
            remedy="Check the path, or bring the file here again.",
        ) from error


def check_is_split(sentence: Sequence[str]) -> None:
    """Refuse a string where a list of words is asked for; Python would take its letters for words.

    Raises
    ------
    VocabularyError

    Notes
    -----
    Used in Chapter 03.
    """
    if isinstance(sentence, str):
        raise VocabularyError(
            f"A sentence is the string {sentence[:40]!r}; its letters would be taken for words.",
            accepted="lists of words, such as ['red', 'bag'].",
            remedy="Split it first: [tokenise(text) for text in texts].",
        )


def _check_are_strings(words: Iterable[object]) -> None:
    for word in words:
        if not isinstance(word, str):
            raise VocabularyError(
                f"The word {word!r} is not a string.",
                accepted="words as str, such as '42' for a number.",
                remedy="Turn it into a string first, or read the text with tokenise.",
            )


def _check_any_frequent(frequent: int, tokens: int, words: int, minimum_count: int) -> None:
    if not frequent:
        raise VocabularyError(
            f"Nothing to learn from: of {tokens:,} tokens, {words:,} words, "
            f"none occurs {minimum_count} times or more.",
            accepted="at least one word that often.",
            remedy="Give more text, or lower minimum_count.",
        )
