"""The text encoder: tokens, word vectors, a GRU over them, a weighted mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from crossmodal_edu.encoders import NetworkEncoder
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.padding import softmax_mean
from crossmodal_edu.text.tokens import LONGEST, Vocabulary, tokenise


class Tokens(NamedTuple):
    """A batch of encoded texts, filled up at the end.

    ``numbers`` holds for each word of each text its own number and those of its pieces, and
    ``present`` which of these there are.
    """

    numbers: Int[Tensor, "n t p"]
    present: Bool[Tensor, "n t p"]

    def to(self, device: str | torch.device) -> Tokens:
        return Tokens(*(part.to(device) for part in self))


class PairVocabulary(Vocabulary):
    """A vocabulary whose words may be pairs, such as "navy_blue": the sign between them is in no word.

    A text is its words, and after them the pairs of neighbours that are known. What stands in a pair
    keeps its place in it, so that "navy blue" is more than "navy" and "blue" somewhere.

    Notes
    -----
    Used in Chapter 12. Wang and Manning (2012), section 2.1, for pairs as features.

    Examples
    --------
    >>> vocabulary = PairVocabulary.of_texts(["navy blue bag", "navy blue shoe"], minimum_count=2)
    >>> vocabulary.words
    ('blue', 'navy', 'navy_blue')
    >>> [numbers[0] for numbers in vocabulary.encode("Navy blue")]
    [3, 2, 4]
    """

    @classmethod
    def of_texts(cls, texts: Iterable[str], minimum_count: int = 2, buckets: int = 4096) -> PairVocabulary:
        """The words and pairs that stand at least ``minimum_count`` times in the texts."""
        split = map(tokenise, texts)
        counts = Counter(part for words in split for part in (*words, *map("_".join, pairwise(words))))
        frequent = [part for part, count in counts.items() if count >= minimum_count]
        return cls(sorted(frequent, key=lambda part: (-counts[part], part)), buckets)

    def encode(self, text: str, longest: int = LONGEST) -> list[tuple[int, ...]]:
        """As of a vocabulary, and after the words the number of each known pair."""
        pairs = map("_".join, pairwise(tokenise(text)[:longest]))
        return super().encode(text, longest) + [(self._number[p],) for p in pairs if p in self._number]


class TextEncoder(NetworkEncoder):
    """Texts to vectors.

    A word's vector is the mean of its own vector and those of its pieces. A GRU reads
    the words in order, so that "red with white dots" is not "white with red dots"; the
    mean over all words has learned weights, so that "handbag" counts for more than "with".

    Parameters
    ----------
    vocabulary : Vocabulary
    width : int
        Numbers per word vector.
    dimensions : int
        Numbers per text vector.
    recurrent : bool
        Whether the GRU stands between the word vectors and the mean.
    residual : bool
        Whether two layers add to the projected mean what no single word tells.

    Notes
    -----
    Chapter 05. Cho et al. (2014).

    Examples
    --------
    >>> encoder = TextEncoder(Vocabulary(["red", "bag"], buckets=8), width=4, dimensions=6)
    >>> encoder.embed(["red bag", ""]).shape
    torch.Size([2, 6])
    """

    modality = Modality.TEXT
    budget = 400_000  # vectors of words and pieces at a time

    def __init__(
        self,
        vocabulary: Vocabulary,
        width: int = 96,
        dimensions: int = 256,
        recurrent: bool = True,
        dropout: float = 0.0,
        residual: bool = False,
    ):
        super().__init__()
        self.vocabulary, self.dimensions = vocabulary, dimensions
        self.word_vectors = nn.Embedding(len(vocabulary), width)
        nn.init.normal_(self.word_vectors.weight, std=0.1)
        self.gru = nn.GRU(width, width, batch_first=True) if recurrent else None
        width_out = 2 * width if recurrent else width
        self.weight = nn.Linear(width_out, 1)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(width_out, dimensions)
        self.refine = (
            nn.Sequential(nn.Linear(dimensions, dimensions), nn.ReLU(), nn.Linear(dimensions, dimensions))
            if residual
            else None
        )

    def prepare(self, texts: Sequence[str]) -> Tokens:
        """Encode texts as numbers; a text without a single word becomes one unknown word."""
        encoded = [self._encode(text) for text in texts]
        longest = max([1, *(len(text) for text in encoded)])
        most = max([1, *(len(word) for text in encoded for word in text)])
        numbers = torch.full((len(texts), longest, most), Vocabulary.PADDING)
        for row, text in enumerate(encoded):
            filled = [(*word, *[Vocabulary.PADDING] * (most - len(word))) for word in text]
            numbers[row, : len(text)] = torch.tensor(filled)
        return Tokens(numbers, numbers != Vocabulary.PADDING)  # which no word and no piece has

    def words(self, tokens: Tokens) -> Float[Tensor, "n t width"]:
        """The vector of each word: the mean of its own and those of its pieces; zeros where there is none."""
        vectors = self.word_vectors(tokens.numbers) * tokens.present[..., None]  # (n, t, p, width)
        return vectors.sum(dim=2) / tokens.present.sum(dim=2, keepdim=True).clamp(min=1)

    def forward(self, tokens: Tokens) -> Float[Tensor, "n d"]:
        words, present = self.dropout(self.words(tokens)), tokens.present.any(dim=2)
        if self.gru is not None:
            # Filling stands behind the words, so a GRU that reads forwards meets it too late to mind.
            words = torch.cat([words, self.gru(words)[0]], dim=2)
        text = softmax_mean(words, self.weight(words).squeeze(2), present)
        vector = self.project(self.dropout(text))
        return vector if self.refine is None else vector + self.refine(vector)

    def settings(self) -> dict[str, Any]:
        return {
            "width": self.word_vectors.embedding_dim,
            "dimensions": self.dimensions,
            "recurrent": self.gru is not None,
            "dropout": self.dropout.p,
            "residual": self.refine is not None,
        }

    def cost(self, text: str) -> int:
        encoded = self._encode(text)
        return len(encoded) * max(map(len, encoded))

    def unknown(self, text: str) -> list[str]:
        """The words that no training showed often enough."""
        return self.vocabulary.unknown(text)

    def save(self, folder: Path) -> None:
        """As all encoders, with the words in ``vocabulary.txt``, below the number of buckets."""
        super().save(folder)
        lines = [str(self.vocabulary.buckets), *self.vocabulary.words]
        (folder / "vocabulary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, **more: Any) -> TextEncoder:
        try:
            buckets, *words = (folder / "vocabulary.txt").read_text(encoding="utf-8").split()
            vocabulary = PairVocabulary(words, int(buckets))  # of which there may be none
        except (OSError, ValueError) as error:
            raise SpaceError(
                f"The folder {folder} does not hold a vocabulary: {error}",
                accepted="vocabulary.txt, as save() wrote it.",
            ) from error
        return super().load(folder, vocabulary=vocabulary, **more)

    def _encode(self, text: str) -> list[tuple[int, ...]]:
        return self.vocabulary.encode(text) or [(Vocabulary.UNKNOWN,)]
