"""Words and their vectors: neighbours, analogies, and the file format that all libraries read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from crossmodal_edu.errors import StorageError, VocabularyError
from crossmodal_edu.saving import written_aside


class Neighbour(NamedTuple):
    """A word and its cosine to what was asked."""

    word: str
    cosine: float


class WordVectors:
    """One vector per word, however it was learned.

    Parameters
    ----------
    words : sequence of str
        Distinct; most frequent first where frequencies are known.
    vectors : (v, d)
        One row per word; kept in single precision.

    Raises
    ------
    VocabularyError
        If there is not one finite row for each word, or a word stands twice.

    Notes
    -----
    Used in Chapter 03.

    Examples
    --------
    >>> vectors = WordVectors(["red", "crimson", "sofa"], np.array([[3.0, 0.1], [2.0, 0.0], [0.0, 1.0]]))
    >>> vectors.most_similar("red", k=1)
    [Neighbour(word='crimson', cosine=0.999...)]
    >>> "silk" in vectors, len(vectors), vectors.dimensions
    (False, 3, 2)
    """

    def __init__(self, words: Sequence[str], vectors: Float[np.ndarray, "v d"]):
        self.words = tuple(words)
        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._row = {word: row for row, word in enumerate(self.words)}
        _check_rows(self)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._row

    def __getitem__(self, word: str) -> Float[np.ndarray, "d"]:
        return self.vectors[self.row(word)]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} words, {self.dimensions} dimensions)"

    @property
    def dimensions(self) -> int:
        """Numbers per word."""
        return self.vectors.shape[1]

    @cached_property
    def units(self) -> Float[np.ndarray, "v d"]:
        """The vectors at length one; a vector of zeros stays as it is."""
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return self.vectors / np.where(lengths > 0, lengths, 1)

    def row(self, word: str) -> int:
        """Where a word stands.

        Raises
        ------
        VocabularyError
            If it is not among the words.
        """
        try:
            return self._row[word]
        except (KeyError, TypeError):
            raise VocabularyError(
                f"The word {word!r} is unknown.",
                accepted=f"one of {len(self):,} words, such as {', '.join(map(repr, self.words[:3]))}.",
                remedy="Words are in small letters; ask `word in vectors` first.",
            ) from None

    def similarity(self, word: str, other: str) -> float:
        """The cosine of two words."""
        return float(self.units[self.row(word)] @ self.units[self.row(other)])

    def most_similar(self, word: str, k: int = 10) -> list[Neighbour]:
        """The k words nearest to a word by cosine, itself left out, best first.

        Raises
        ------
        VocabularyError
            If the word is unknown.
        """
        return self._nearest(self.units[self.row(word)], k, leave_out=[word])

    def analogy(self, a: str, b: str, c: str, k: int = 1) -> list[Neighbour]:
        """What is to ``c`` as ``b`` is to ``a``: the words nearest to ``b − a + c``, all three left out.

        Raises
        ------
        VocabularyError
            If a word is unknown.

        Notes
        -----
        Mikolov, Yih, Zweig (2013); on vectors of length one it is 3CosAdd of Levy and Goldberg (2014).
        """
        unit_a, unit_b, unit_c = (self.units[self.row(word)] for word in (a, b, c))
        return self._nearest(unit_b - unit_a + unit_c, k, leave_out=[a, b, c])

    def _nearest(self, vector: Float[np.ndarray, "d"], k: int, leave_out: Iterable[str]) -> list[Neighbour]:
        cosines = self.units @ (vector / (np.linalg.norm(vector) or 1))
        cosines[[self.row(word) for word in leave_out]] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: max(k, 0)]
        return [Neighbour(self.words[i], float(cosines[i])) for i in best if np.isfinite(cosines[i])]

    def save(self, path: str | Path) -> None:
        """Write the word2vec text format, which gensim, spaCy and fastText read.

        The first line holds the number of words and of dimensions, each further line a word and
        its numbers. A file of that name is replaced only when the new one is whole.

        Raises
        ------
        StorageError
            If the place cannot be written to, or a word holds a space.
        """
        _check_words_have_no_spaces(self.words)
        with written_aside(path) as fresh, fresh.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f"{len(self)} {self.dimensions}\n")
            for word, vector in zip(self.words, self.vectors, strict=True):
                # Nine digits give back every number of single precision exactly.
                file.write(f"{word} {' '.join(f'{number:.9g}' for number in vector.tolist())}\n")

    @classmethod
    def load(cls, path: str | Path) -> WordVectors:
        """Read the word2vec text format, written here or by another program.

        Raises
        ------
        StorageError
            If the file is missing or is not of this format; the message names the line.
        """
        path, line = Path(path), 1
        try:
            with path.open(encoding="utf-8", newline="\n") as file:
                n, dimensions = (int(number) for number in file.readline().split())
                words, vectors = [], np.empty((n, dimensions), dtype=np.float32)
                for line in range(2, n + 2):
                    word, *numbers = file.readline().rstrip("\n").rstrip(" ").split(" ")
                    words.append(word)
                    if len(numbers) != dimensions:
                        raise ValueError(f"{len(numbers)} numbers instead of {dimensions}")
                    vectors[line - 2] = [float(number) for number in numbers]
            return cls(words, vectors)
        except (ValueError, VocabularyError, MemoryError, OverflowError) as error:
            raise StorageError(
                f"{path.name!r} does not hold word vectors: line {line}: {getattr(error, 'problem', error)}",
                accepted="the word2vec text format: a line `words dimensions`, then `word number number …`.",
                remedy="Write it with save(), or with gensim's save_word2vec_format(binary=False).",
            ) from error
        except OSError as error:
            raise StorageError(
                f"Cannot read {str(path)!r}: {error.strerror or error}.",
                accepted="a file in the word2vec text format.",
                remedy="Check the path.",
            ) from error


def _check_rows(vectors: WordVectors) -> None:
    rows = vectors.vectors
    if rows.ndim != 2 or len(rows) != len(vectors.words) or not len(rows):
        problem = f"{len(vectors.words):,} words and an array of shape {rows.shape}."
    elif len(vectors._row) < len(vectors.words):
        problem = "A word stands twice."
    elif not np.isfinite(rows).all():
        problem = "A vector holds a number that is infinite or not a number."
    else:
        return
    raise VocabularyError(
        problem,
        accepted="one row of finite numbers for each of at least one distinct word.",
        remedy="Check how words and rows were put together.",
    )


def _check_words_have_no_spaces(words: Iterable[str]) -> None:
    for word in words:
        if not word or any(character in word for character in " \n\r"):
            raise StorageError(
                f"The word {word!r} cannot be written: in this format a space ends a word.",
                accepted="words without spaces and line breaks.",
                remedy="Join the parts of a phrase with an underscore.",
            )
