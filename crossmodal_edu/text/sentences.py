"""From the vectors of words to the vector of a sentence: means with equal, TF-IDF and SIF weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from math import isfinite, log

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.errors import VocabularyError
from crossmodal_edu.padding import Padded, pad, weighted_mean
from crossmodal_edu.text.corpus import check_is_split
from crossmodal_edu.text.tokens import tokenise
from crossmodal_edu.text.wordvectors import WordVectors
from crossmodal_edu.training import History, inference, train

LONGEST = 64
"""Words of a text that are read; what stands behind them is left out, as in the engine's encoder."""


def idf_weights(sentences: Iterable[Sequence[str]]) -> dict[str, float]:
    """How rare a word is: the inverse document frequency, ln((1 + n) / (1 + df)) + 1.

    Parameters
    ----------
    sentences : iterable of n sequences of str
        Texts as lists of words.

    Returns
    -------
    dict of str to float
        For each word; df is the number of sentences that hold it. 1 for a word that is in all of them.

    Raises
    ------
    VocabularyError
        If there is no word, or a sentence is a string.

    Notes
    -----
    Chapter 05. Spärck Jones (1972); the two ones inside are those of scikit-learn, as though one more
    sentence held every word, and the one behind keeps the weight of the most frequent words above 0.

    Examples
    --------
    >>> idf_weights([["red", "bag"], ["blue", "bag"]])["bag"]
    1.0
    """
    holding: Counter[str] = Counter()
    n = 0
    for words in sentences:
        check_is_split(words)
        holding.update(set(words))
        n += 1
    _check_any_word(holding)
    return {word: log((1 + n) / (1 + df)) + 1 for word, df in holding.items()}


def sif_weights(sentences: Iterable[Sequence[str]], a: float = 1e-3) -> dict[str, float]:
    """How little a word is expected: smooth inverse frequency, a / (a + p).

    Parameters
    ----------
    sentences : iterable of sequences of str
        Texts as lists of words.
    a : float
        The frequency at which a word has half of the full weight.

    Returns
    -------
    dict of str to float
        For each word, between 0 and 1; p is its share of all words.

    Raises
    ------
    VocabularyError
        If there is no word, or a sentence is a string.

    Notes
    -----
    Chapter 05. Arora, Liang, Ma (2017), algorithm 1, line 2.

    Examples
    --------
    >>> sif_weights([["red", "bag"], ["blue", "bag"]], a=0.5)["bag"]
    0.5
    """
    counts: Counter[str] = Counter()
    for words in sentences:
        check_is_split(words)
        counts.update(words)
    _check_any_word(counts)
    total = counts.total()
    return {word: a / (a + count / total) for word, count in counts.items()}


def common_direction(sentences: Float[Tensor, "n d"]) -> Float[Tensor, "d"]:
    """The direction that the vectors share most: the first right singular vector, of length one.

    Parameters
    ----------
    sentences : (n, d)
        At least one; they are *not* centred first.

    Notes
    -----
    Chapter 05. Arora, Liang, Ma (2017), algorithm 1, line 4.

    Examples
    --------
    >>> common_direction(torch.tensor([[3.0, 0.1], [5.0, -0.1]])).abs().round(decimals=2)
    tensor([1.0000, 0.0100])
    """
    return torch.linalg.svd(sentences, full_matrices=False).Vh[0]


def without_direction(sentences: Float[Tensor, "n d"], direction: Float[Tensor, "d"]) -> Float[Tensor, "n d"]:
    """What is left of each vector when its part along a direction of length one is taken away.

    Notes
    -----
    Chapter 05. Arora, Liang, Ma (2017), algorithm 1, line 6.

    Examples
    --------
    >>> without_direction(torch.tensor([[3.0, 4.0]]), torch.tensor([1.0, 0.0]))
    tensor([[0., 4.]])
    """
    return sentences - (sentences @ direction)[:, None] * direction


class SentenceMean:
    """Texts to vectors by a mean over their known words.

    Parameters
    ----------
    vectors : WordVectors
    weights : mapping of word to float, optional
        Of :func:`idf_weights` or :func:`sif_weights`; equal weights without it. A word that has a
        vector and no weight was in none of the texts: it gets the largest weight there is.
    common : (d,), optional
        A direction of length one that is taken out of every vector.
    tokenise : callable
        Text to list of words, the one that the word vectors were learned with.

    Raises
    ------
    VocabularyError
        If a weight is negative or not a number, or one string is given instead of a list.

    Notes
    -----
    Used in Chapter 05. Words without a vector are left out; a text without any known word has the
    vector zero, whose cosine to everything is 0. Only the first :data:`LONGEST` words are read.

    Examples
    --------
    >>> vectors = WordVectors(["red", "bag"], np.array([[2.0, 0.0], [0.0, 4.0]]))
    >>> SentenceMean(vectors).embed(["Red bag!", "red", "sofa"])
    tensor([[1., 2.],
            [2., 0.],
            [0., 0.]])
    """

    def __init__(
        self,
        vectors: WordVectors,
        weights: Mapping[str, float] | None = None,
        common: Float[Tensor, "d"] | None = None,
        tokenise: Callable[[str], list[str]] = tokenise,
    ):
        weights = dict.fromkeys(vectors.words, 1.0) if weights is None else weights
        _check_weights(weights)
        rarest = max(weights.values())
        self.vectors, self.common, self.tokenise = vectors, common, tokenise
        self.table = torch.from_numpy(vectors.vectors)  # (v, d)
        self.weights = torch.tensor([float(weights.get(word, rarest)) for word in vectors.words])  # (v,)

    def embed(self, texts: Sequence[str], batch_size: int = 4096) -> Float[Tensor, "n d"]:
        """One vector per text, not brought to length one."""
        _check_texts(texts)
        parts = [torch.empty(0, self.vectors.dimensions)]
        for start in range(0, len(texts), batch_size):
            split = [self.tokenise(text) for text in texts[start : start + batch_size]]
            known = [[self.vectors.row(word) for word in words if word in self.vectors] for words in split]
            numbers, present = pad([rows[:LONGEST] for rows in known])  # (n, t)
            parts.append(weighted_mean(self.table[numbers], self.weights[numbers] * present))
        means = torch.cat(parts)
        return means if self.common is None else without_direction(means, self.common)

    def without_common(self, texts: Sequence[str]) -> SentenceMean:
        """The same mean, less the direction that these texts' vectors share; give it training texts."""
        less = copy(self)
        less.common = None
        less.common = common_direction(less.embed(texts))
        return less


class SentenceEncoder(nn.Module):
    """Texts to unit vectors by a network that is trained: word vectors, a reader over them, one layer.

    Parameters
    ----------
    vectors : WordVectors
        Where the word vectors start; training changes them.
    reader : nn.Module
        ``reader(words (n, t, d), present (n, t))`` gives ``(n, reader.width)``:
        :class:`MeanReader`, :class:`~crossmodal_edu.text.cnn.TextCNN` or
        :class:`~crossmodal_edu.text.recurrent.GRUReader`.
    dimensions : int
        Numbers per text.
    dropout : float
        The share of a word vector's numbers that is hidden at each step of training.

    Notes
    -----
    Used in Chapter 05. A text without any known word has the vector zero.

    Examples
    --------
    >>> vectors = WordVectors(["red", "bag"], np.eye(2))
    >>> embedded = SentenceEncoder(vectors, MeanReader(2), dimensions=4).embed(["red bag", "sofa"])
    >>> embedded.norm(dim=1).round(decimals=3)
    tensor([1., 0.])
    """

    def __init__(
        self,
        vectors: WordVectors,
        reader: nn.Module,
        dimensions: int = 128,
        dropout: float = 0.2,
        tokenise: Callable[[str], list[str]] = tokenise,
    ):
        super().__init__()
        self.vocabulary, self.tokenise = vectors, tokenise
        self.word_vectors = nn.Embedding.from_pretrained(
            torch.from_numpy(vectors.vectors.copy()), freeze=False
        )
        self.dropout = nn.Dropout(dropout)
        self.reader = reader
        self.project = nn.Linear(reader.width, dimensions)

    def prepare(self, texts: Sequence[str]) -> Padded:
        """The numbers of the known words of each text."""
        _check_texts(texts)
        known = self.vocabulary
        return pad([[known.row(w) for w in self.tokenise(text) if w in known][:LONGEST] for text in texts])

    def forward(self, numbers: Int[Tensor, "n t"], present: Bool[Tensor, "n t"]) -> Float[Tensor, "n e"]:
        words = self.dropout(self.word_vectors(numbers))  # (n, t, d)
        vectors = F.normalize(self.project(self.reader(words, present)), dim=1)
        return vectors * present.any(dim=1, keepdim=True)

    def embed(self, texts: Sequence[str], batch_size: int = 512) -> Float[Tensor, "n e"]:
        """One unit vector per text."""
        with inference(self):
            parts = [self(*self.prepare(texts[i : i + batch_size])) for i in range(0, len(texts), batch_size)]
        return torch.cat([torch.empty(0, self.project.out_features), *parts]).clone()


class MeanReader(nn.Module):
    """The plain mean of a text's word vectors: what training brings without any reading of order.

    Parameters
    ----------
    width : int
        Numbers per word vector, and per text.

    Notes
    -----
    Used in Chapter 05.
    """

    def __init__(self, width: int):
        super().__init__()
        self.width = width

    def forward(self, words: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"]) -> Float[Tensor, "n d"]:
        return weighted_mean(words, present.to(words.dtype))


def train_on_pairs(
    encoder: SentenceEncoder,
    pairs: Sequence[tuple[str, Sequence[str]]],
    loss: Callable[..., Tensor],
    *,
    epochs: int = 20,
    batch_size: int = 128,
    learning_rate: float = 1e-2,
    temperature: float = 0.05,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Draw each title and what is said of the same product together, all others apart.

    Parameters
    ----------
    encoder : SentenceEncoder
        Trained in place.
    pairs : sequence of (title, descriptions)
        One entry per product, with one description at least; each epoch takes one of them by lot.
    loss : callable
        ``loss(descriptions, titles, temperature, groups)`` of two (b, e) tables of unit vectors, such
        as :func:`~crossmodal_edu.spaces.contrastive.contrastive_loss`; ``groups`` (b,) has equal
        numbers where descriptions are equal, so that either title is right.
    epochs, batch_size, learning_rate, seed, progress
        As :func:`~crossmodal_edu.training.train`; a last batch that is not full is left out.
    temperature : float
        Of the loss.

    Returns
    -------
    History

    Raises
    ------
    VocabularyError
        If there are fewer than two pairs, or one has no description.

    Notes
    -----
    Used in Chapter 05.
    """
    _check_pairs(pairs)
    batch_size = min(batch_size, len(pairs))

    def batches(epoch: int) -> Iterator[tuple[Padded, Padded, Tensor]]:
        generator = np.random.default_rng((seed, epoch))
        order = generator.permutation(len(pairs))
        for start in range(0, len(pairs) - batch_size + 1, batch_size):
            chosen = [pairs[i] for i in order[start : start + batch_size]]
            said = [texts[generator.integers(len(texts))] for _, texts in chosen]
            groups = torch.from_numpy(np.unique(said, return_inverse=True)[1])
            yield encoder.prepare(said), encoder.prepare([title for title, _ in chosen]), groups

    def loss_of(model: nn.Module, batch: tuple[Padded, Padded, Tensor]) -> Tensor:
        said, titles, groups = batch
        return loss(model(*said), model(*titles), temperature, groups)

    return train(
        encoder,
        batches,
        loss_of,
        epochs=epochs,
        batches_per_epoch=len(pairs) // batch_size,
        learning_rate=learning_rate,
        seed=seed,
        progress=progress,
    )


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise VocabularyError(
            f"The texts are the string {texts[:40]!r}; each of its letters would be taken for a text.",
            accepted="a list of strings.",
            remedy="Put it into brackets: embed([text]).",
        )


def _check_weights(weights: Mapping[str, float]) -> None:
    bad = [word for word, weight in weights.items() if not (isfinite(weight) and weight >= 0)]
    if bad or not weights:
        raise VocabularyError(
            f"The weight of {bad[0]!r} is {weights[bad[0]]}." if bad else "There is no weight at all.",
            accepted="a finite number, 0 or more, for one word or more.",
            remedy="Take idf_weights or sif_weights of the training texts, or None for equal weights.",
        )


def _check_any_word(counts: Mapping[str, int]) -> None:
    if not counts:
        raise VocabularyError(
            "There is no word to count.",
            accepted="one sentence or more with a word in it.",
            remedy="Look whether the texts are empty, or of signs only.",
        )


def _check_pairs(pairs: Sequence[tuple[str, Sequence[str]]]) -> None:
    mute = [title for title, texts in pairs if isinstance(texts, str) or not len(texts)]
    if len(pairs) < 2 or mute:
        raise VocabularyError(
            f"{len(pairs)} pairs" + (f"; {mute[0]!r} comes without a list of descriptions." if mute else "."),
            accepted="two or more of (title, [description, …]).",
            remedy="Leave out products of which nothing is said.",
        )
