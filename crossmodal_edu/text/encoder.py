"""The text encoder: tokens, word vectors, a GRU over them, a weighted mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from crossmodal_edu.text.tokens import Vocabulary


class Tokens(NamedTuple):
    """A batch of encoded texts, flat: all words of all texts in one row.

    ``numbers`` holds the numbers of every word and its pieces, ``starts`` where each
    word begins in it, and ``lengths`` how many words each text has.
    """

    numbers: Int[Tensor, "pieces"]
    starts: Int[Tensor, "words"]
    lengths: Int[Tensor, "texts"]

    def to(self, device: str | torch.device) -> Tokens:
        return Tokens(*(part.to(device) for part in self))


class TextEncoder(nn.Module):
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

    Notes
    -----
    Chapter 05. Cho et al. (2014).

    Examples
    --------
    >>> encoder = TextEncoder(Vocabulary(["red", "bag"], buckets=8), width=4, dimensions=6)
    >>> encoder(encoder.prepare(["red bag", ""])).shape
    torch.Size([2, 6])
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        width: int = 96,
        dimensions: int = 256,
        recurrent: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.vocabulary = vocabulary
        self.word_vectors = nn.EmbeddingBag(len(vocabulary), width, mode="mean")
        nn.init.normal_(self.word_vectors.weight, std=0.1)
        self.gru = nn.GRU(width, width, batch_first=True) if recurrent else None
        width_out = 2 * width if recurrent else width
        self.weight = nn.Linear(width_out, 1)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(width_out, dimensions)

    def prepare(self, texts: Sequence[str]) -> Tokens:
        """Encode texts as numbers; a text without a single word becomes one unknown word."""
        encoded = [self.vocabulary.encode(text) or [(Vocabulary.UNKNOWN,)] for text in texts]
        words = [word for text in encoded for word in text]
        sizes = torch.tensor([len(word) for word in words])
        return Tokens(
            numbers=torch.tensor([number for word in words for number in word]),
            starts=sizes.cumsum(0) - sizes,
            lengths=torch.tensor([len(text) for text in encoded]),
        )

    def forward(self, tokens: Tokens) -> Float[Tensor, "texts d"]:
        flat = self.dropout(self.word_vectors(tokens.numbers, tokens.starts))  # (words, width)
        longest = int(tokens.lengths.max())
        present = torch.arange(longest, device=flat.device) < tokens.lengths[:, None]  # (texts, longest)
        words = flat.new_zeros(*present.shape, flat.shape[1])
        words[present] = flat
        return self.read(words, present)

    def read(
        self, words: Float[Tensor, "texts words width"], present: Bool[Tensor, "texts words"]
    ) -> Float[Tensor, "texts d"]:
        """Texts as vectors, from the vectors of their words, padded at the end, and which are words.

        All that has to be known of the texts is in the two tensors, so that this part can be
        exported as a graph of operations (ONNX); looking up word vectors needs no graph.
        """
        if self.gru is not None:
            # Padding stands behind the words, so a GRU that reads forwards meets it too late to mind.
            words = torch.cat([words, self.gru(words)[0]], dim=2)
        weights = self.weight(words).squeeze(2).masked_fill(~present, -torch.inf).softmax(dim=1)
        return self.project(self.dropout(torch.einsum("nt,ntw->nw", weights, words)))
