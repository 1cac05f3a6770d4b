"""Word2Vec: word vectors from a text, by guessing which words stand near each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int
from tqdm import tqdm

from crossmodal_edu.errors import VocabularyError
from crossmodal_edu.text.corpus import Corpus
from crossmodal_edu.text.skipgram import rows, train_sentences
from crossmodal_edu.text.wordvectors import WordVectors

CHUNK = 10_000
"""Words between two looks at the clock: a thread takes so many at a time, at one learning rate."""


def keep_probability(counts: Int[np.ndarray, "v"], sample: float = 1e-3) -> Float[np.ndarray, "v"]:
    """How often an occurrence of each word is kept, so that frequent words do not drown the others.

    Parameters
    ----------
    counts : (v,)
        How often each word occurs.
    sample : float
        A word whose share of the text is below about this is always kept; 0 keeps everything.

    Returns
    -------
    (v,) array of float
        From 0 to 1.

    Notes
    -----
    Chapter 03. Mikolov and others' program, which gensim follows; equation 5 of Mikolov, Sutskever,
    Chen, Corrado, Dean (2013) lacks the second term.

    Examples
    --------
    >>> keep_probability(np.array([60_000, 3_000, 30]), sample=1e-2).round(2)
    array([0.11, 0.67, 1.  ])
    """
    if sample == 0:
        return np.ones(len(counts))
    ratio = sample / (counts / counts.sum())
    return np.minimum(np.sqrt(ratio) + ratio, 1)


def noise_table(counts: Int[np.ndarray, "v"], power: float = 0.75) -> Int[np.ndarray, "_"]:
    """A wheel of fortune: each word owns fields of it, by its count to the power ¾.

    Parameters
    ----------
    counts : (v,)
        How often each word occurs.
    power : float
        1 draws words as often as they occur, 0 all alike.

    Returns
    -------
    (size,) array of int32
        A field chosen evenly holds the number of the word that was drawn. Six fields a word on
        average, so that rare ones have theirs, and at least 65,536: a table that the processor's
        cache can hold is drawn from several times as fast as the original's hundred million fields.

    Notes
    -----
    Chapter 03. Mikolov, Sutskever, Chen, Corrado, Dean (2013), section 2.2.

    Examples
    --------
    >>> wheel = noise_table(np.array([16, 1]))
    >>> (np.bincount(wheel) / len(wheel)).round(3)
    array([0.889, 0.111])
    """
    upto = np.cumsum(counts**power)
    size = max(65_536, 6 * len(counts))
    fields = (np.arange(size) + 0.5) / size * upto[-1]
    return np.searchsorted(upto, fields).astype(np.int32)


class Word2Vec(WordVectors):
    """Word vectors learned by skip-gram with negative sampling, or by CBOW.

    Made by :meth:`fit`, or read by ``load``; neighbours, analogies and ``save`` are those of
    :class:`~crossmodal_edu.text.wordvectors.WordVectors`.

    Parameters
    ----------
    words : sequence of str
    vectors : (v, d)
    contexts : (v, d), optional
        The vectors of the words as neighbours, if they were kept.
    losses : (epochs, chunks), optional
        The mean loss of a pair in each part of the text, measured before the pair's update.

    Notes
    -----
    Used in Chapter 03. Mikolov, Chen, Corrado, Dean (2013); Mikolov, Sutskever, Chen, Corrado, Dean (2013).

    Examples
    --------
    >>> titles = [["red", "bag"], ["blue", "bag"], ["red", "shoe"], ["blue", "shoe"]] * 50
    >>> model = Word2Vec.fit(titles, dimensions=8, sample=0, learning_rate=0.1, epochs=20, progress=False)
    >>> model.most_similar("red", k=1)[0].word
    'blue'
    """

    def __init__(
        self,
        words: Sequence[str],
        vectors: Float[np.ndarray, "v d"],
        *,
        contexts: Float[np.ndarray, "v d"] | None = None,
        losses: Float[np.ndarray, "epochs chunks"] | None = None,
    ):
        super().__init__(words, vectors)
        self.contexts = contexts
        self.losses = losses

    @classmethod
    def fit(
        cls,
        sentences: Corpus | Iterable[Sequence[str]],
        *,
        dimensions: int = 100,
        window: int = 5,
        negatives: int = 5,
        epochs: int = 5,
        minimum_count: int = 5,
        sample: float = 1e-3,
        learning_rate: float = 0.025,
        architecture: str = "skip-gram",
        threads: int = 1,
        seed: int = 0,
        progress: bool = True,
    ) -> Word2Vec:
        """Learn a vector for each word of a text.

        Parameters
        ----------
        sentences : Corpus, or iterable of sequences of str
            No window reaches beyond the end of a sentence.
        dimensions : int
            Numbers per word.
        window : int
            The largest reach to either side; the reach of each centre is drawn from 1 to this.
        negatives : int
            Words drawn at random for each centre.
        epochs : int
        minimum_count : int
            Words that occur less often are left out; not used when a Corpus is given.
        sample : float
            Of :func:`keep_probability`; 0 keeps all occurrences.
        learning_rate : float
            At the start; it falls evenly to nearly zero.
        architecture : "skip-gram" or "cbow"
        threads : int
            One gives the same vectors for the same seed. Several write into the same table
            without locks (Niu, Recht, Ré, Wright, 2011) and so give slightly different ones each time.
        seed : int
        progress : bool
            Show a progress bar.

        Returns
        -------
        Word2Vec

        Raises
        ------
        VocabularyError
            If there is no text, no word has a neighbour, a setting is out of range, or the vectors
            grew beyond all bounds because the learning rate was too large.
        """
        _check_settings(dimensions, window, negatives, epochs, threads, sample, learning_rate, architecture)
        corpus = sentences if isinstance(sentences, Corpus) else Corpus.of(sentences, minimum_count)
        _check_neighbours(corpus)
        rng, v = np.random.default_rng(seed), len(corpus.words)
        inputs, outputs = rows(v, dimensions), rows(v, dimensions)
        inputs[:, :dimensions] = (rng.random((v, dimensions)) - 0.5) / dimensions
        keep, noise = keep_probability(corpus.counts, sample), noise_table(corpus.counts)

        chunks = _chunks(corpus)
        steps = epochs * len(chunks)
        jobs = [
            (chunk, np.float32(learning_rate * (1 - step / steps)), seed)
            for step, (chunk, seed) in enumerate(
                zip(chunks * epochs, rng.integers(1, 2**63, size=steps), strict=True)
            )
        ]
        is_cbow = architecture == "cbow"

        def work(job: tuple) -> tuple[float, int]:
            ends, rate, seed = job
            return train_sentences(
                corpus.tokens, ends, keep, inputs, outputs, noise, is_cbow, window, negatives, rate, seed
            )

        bar = tqdm(total=steps, desc="training", unit="chunk", disable=not progress)
        losses = []
        with ThreadPoolExecutor(threads) as pool, bar:
            for loss, pairs in pool.map(work, jobs):
                losses.append(loss / max(pairs, 1))
                bar.update()
        _check_finite(inputs, learning_rate)
        return cls(
            corpus.words,
            inputs[:, :dimensions],
            contexts=outputs[:, :dimensions].copy(),
            losses=np.array(losses).reshape(epochs, len(chunks)),
        )


def _chunks(corpus: Corpus) -> list[Int[np.ndarray, "_"]]:
    """The ends of the sentences of each part of :data:`CHUNK` words; a longer sentence is cut."""
    cuts = np.arange(0, len(corpus.tokens), CHUNK)
    ends = np.union1d(corpus.starts, cuts).astype(np.int64)
    places = [*np.searchsorted(ends, cuts), len(ends) - 1]
    return [ends[first : last + 1] for first, last in pairwise(places)]


def _check_settings(dimensions, window, negatives, epochs, threads, sample, learning_rate, architecture):
    problem = None
    whole = {
        "dimensions": dimensions,
        "window": window,
        "negatives": negatives,
        "epochs": epochs,
        "threads": threads,
    }
    for name, value in whole.items():
        if not (isinstance(value, (int, np.integer)) and 1 <= value <= 10_000):
            problem = f"{name} is {value!r}.", "a whole number from 1 to 10,000"
    if not 0 <= sample < np.inf:
        problem = f"sample is {sample!r}.", "0 (keep everything) or a small number such as 1e-3"
    if not 0 < learning_rate <= 1:
        problem = f"learning_rate is {learning_rate!r}.", "a number above 0, at most 1"
    if architecture not in ("skip-gram", "cbow"):
        problem = f"There is no architecture {architecture!r}.", "'skip-gram' or 'cbow'"
    if problem:
        raise VocabularyError(
            problem[0], accepted=f"{problem[1]}.", remedy="Leave it out to take the usual setting."
        )


def _check_neighbours(corpus: Corpus) -> None:
    if not len(corpus) or np.diff(corpus.starts).max() < 2:
        raise VocabularyError(
            f"No word has a neighbour: none of {len(corpus):,} sentences has two known words.",
            accepted="sentences of at least two words.",
            remedy="Give whole sentences or titles, or lower minimum_count.",
        )


def _check_finite(inputs: Float[np.ndarray, "v _"], learning_rate: float) -> None:
    if not np.isfinite(inputs).all():
        raise VocabularyError(
            f"The vectors grew beyond all bounds at the learning rate {learning_rate}.",
            accepted="a rate at which training settles.",
            remedy="Take a smaller learning_rate, such as 0.025.",
        )
