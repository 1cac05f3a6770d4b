"""How often words stand near each other, and the classical vectors made of these counts: PPMI and SVD."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import lcm
from typing import no_type_check

import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_array, csr_array
from sklearn.utils.extmath import randomized_svd

from crossmodal_edu.errors import VocabularyError
from crossmodal_edu.text.compiling import compiled
from crossmodal_edu.text.corpus import Corpus
from crossmodal_edu.text.wordvectors import WordVectors

WIDEST_WINDOW = 20
"""Words on each side; up to here the counts are exact (see :func:`count_cooccurrences`)."""

_AT_A_TIME = 4_000_000  # pairs that are sorted together: 32 MB


def count_cooccurrences(corpus: Corpus, window: int = 5) -> csr_array:
    """How often each word stands near each other one; a pair k words apart counts 1/k.

    The counts are exact: 1/k is kept as the whole number M/k, where M is the least common
    multiple of 1, …, window, and divided by M at the very end. So they depend neither on the
    order of the sentences nor on how many are counted at a time. Memory grows with the number
    of different pairs, not with the length of the text.

    Parameters
    ----------
    corpus : Corpus
        v words.
    window : int
        How far apart two words of a sentence may be, 1 to :data:`WIDEST_WINDOW`.

    Returns
    -------
    csr_array of float, (v, v)
        Symmetric. A word that stands near itself is counted from both sides, too.

    Raises
    ------
    VocabularyError
        If the window is out of range, or no two words stand together.

    Notes
    -----
    Chapter 04. Pennington, Socher, Manning (2014), sections 3 and 4.2.

    Examples
    --------
    >>> corpus = Corpus.of([["red", "silk", "bag"], ["red", "bag"]], minimum_count=1)
    >>> corpus.words
    ('bag', 'red', 'silk')
    >>> count_cooccurrences(corpus).toarray()
    array([[0. , 1.5, 1. ],
           [1.5, 0. , 1. ],
           [1. , 1. , 0. ]])
    """
    _check_window(window)
    v, multiple = len(corpus.words), lcm(*range(1, window + 1))
    amounts = multiple // np.arange(1, window + 1)  # of a pair 1, 2, … words apart
    # How many words of the same sentence stand before each token.
    place = np.arange(len(corpus.tokens)) - np.repeat(corpus.starts[:-1], np.diff(corpus.starts))
    table, step = csr_array((v, v), dtype=np.int64), _AT_A_TIME // window
    for first in range(0, len(corpus.tokens), step):
        keys = pair_keys(corpus.tokens, place, first, first + step, window, v)
        keys.sort()
        pairs, distances = np.divmod(keys, window)
        new = np.flatnonzero(np.diff(pairs, prepend=-1))  # where the next pair begins
        sums = np.add.reduceat(amounts[distances], new) if len(new) else new
        table = table + coo_array((sums, np.divmod(pairs[new], v)), shape=(v, v))
    _check_any_pair(table)
    table = (table + table.T).tocsr()
    # Not table / multiple: for that, scipy multiplies by 1/multiple, which rounds twice.
    return csr_array((table.data / multiple, table.indices, table.indptr), shape=(v, v))


@no_type_check
@compiled
def pair_keys(tokens, place, first, last, window, v):
    """Each pair of tokens at most ``window`` apart as one number that sorts by pair, then by distance.

    Parameters
    ----------
    tokens, place : (n,) of int
        The numbers of all words, and how many words of its sentence stand before each.
    first, last : int
        Pairs whose second word is one of ``tokens[first:last]``.
    window, v : int

    Returns
    -------
    (pairs,) of int64
        ``(a·v + b)·window + k − 1`` for words a ≤ b that stand k apart.

    Notes
    -----
    Chapter 04.
    """
    last = min(last, len(tokens))
    keys = np.empty((last - first) * window, dtype=np.int64)
    n = 0
    for here in range(first, last):
        for k in range(1, min(window, place[here]) + 1):
            a, b = min(tokens[here], tokens[here - k]), max(tokens[here], tokens[here - k])
            keys[n] = (np.int64(a) * v + b) * window + k - 1
            n += 1
    return keys[:n]


def ppmi(counts: csr_array, smoothing: float = 0.75, shift: float = 1.0) -> csr_array:
    """Positive pointwise mutual information: how many times as often as by chance, as a logarithm.

    Parameters
    ----------
    counts : (v, c)
        How often word i stands near context j.
    smoothing : float
        The contexts' counts are raised to this power before they become probabilities, so that
        rare contexts do not look more telling than they are; 1 leaves them alone.
    shift : float
        Its logarithm is subtracted before negative values become 0; the negatives per pair
        of Word2Vec. 1 subtracts nothing.

    Returns
    -------
    csr_array of float, (v, c)
        Entries that are not above 0 are not stored.

    Notes
    -----
    Chapter 04. Church and Hanks (1990); Levy, Goldberg, Dagan (2015), section 3.

    Examples
    --------
    >>> ppmi(csr_array([[4.0, 0.0], [0.0, 4.0]]), smoothing=1).toarray().round(3)
    array([[0.693, 0.   ],
           [0.   , 0.693]])
    """
    table = counts.tocoo()
    words = counts.sum(axis=1)  # (v,)
    contexts = counts.sum(axis=0) ** smoothing  # (c,)
    contexts = contexts / contexts.sum()
    pmi = np.log(table.data / (words[table.row] * contexts[table.col]))
    positive = csr_array((np.maximum(pmi - np.log(shift), 0), (table.row, table.col)), shape=table.shape)
    positive.eliminate_zeros()
    return positive


class PpmiSvd(WordVectors):
    """Word vectors without learning: the counts as PPMI, and of that the strongest directions.

    Parameters
    ----------
    words, vectors
        As for :class:`~crossmodal_edu.text.wordvectors.WordVectors`.
    contexts : (v, d), optional
        The vectors of the words as neighbours.
    singular_values : (d,), optional
        How strong each direction is, strongest first.

    Notes
    -----
    Used in Chapter 04. Levy, Goldberg, Dagan (2015).
    """

    def __init__(
        self,
        words: Sequence[str],
        vectors: Float[np.ndarray, "v d"],
        *,
        contexts: Float[np.ndarray, "v d"] | None = None,
        singular_values: Float[np.ndarray, "d"] | None = None,
    ):
        super().__init__(words, vectors)
        self.contexts = contexts
        self.singular_values = singular_values

    @classmethod
    def fit(
        cls,
        sentences: Corpus | Iterable[Sequence[str]],
        *,
        dimensions: int = 100,
        window: int = 5,
        minimum_count: int = 5,
        smoothing: float = 0.75,
        shift: float = 1.0,
        power: float = 0.5,
        seed: int = 0,
    ) -> PpmiSvd:
        """Count, weigh, decompose.

        Parameters
        ----------
        sentences : Corpus or iterable of sequences of str
            ``minimum_count`` is for sentences; a Corpus has left out what is rare already.
        dimensions : int
            Numbers per word, fewer than words.
        window, minimum_count : int
        smoothing, shift : float
            See :func:`ppmi`.
        power : float
            The singular values' power p in U·Σᵖ: 1 is the best approximation of the table's rows,
            0 makes all directions equally strong, 0.5 lies between.
        seed : int
            Where the decomposition starts; its result hardly depends on it.

        Raises
        ------
        VocabularyError
            If there are too few words, or no two stand together.

        Examples
        --------
        >>> titles = [["red", "bag"], ["blue", "bag"], ["red", "shoe"], ["blue", "shoe"]]
        >>> vectors = PpmiSvd.fit(titles, dimensions=2, minimum_count=1)
        >>> vectors.most_similar("red", k=1)[0].word
        'blue'
        """
        corpus = sentences if isinstance(sentences, Corpus) else Corpus.of(sentences, minimum_count)
        _check_dimensions(dimensions, len(corpus.words))
        table = ppmi(count_cooccurrences(corpus, window), smoothing, shift)
        left, strengths, right = randomized_svd(
            table.astype(np.float32), dimensions, n_iter=7, random_state=seed
        )
        scale = strengths**power
        return cls(corpus.words, left * scale, contexts=right.T * scale, singular_values=strengths)


def _check_window(window: object) -> None:
    if not (isinstance(window, int | np.integer) and 1 <= window <= WIDEST_WINDOW):
        raise VocabularyError(
            f"The window is {window!r}.",
            accepted=f"1 to {WIDEST_WINDOW} words on each side.",
            remedy="Titles need no more than their length; running text is usually read with 5 or 10.",
        )


def _check_any_pair(table: csr_array) -> None:
    if not table.nnz:
        raise VocabularyError(
            "No two known words stand together in a sentence: there is nothing to count.",
            accepted="sentences of two known words or more.",
            remedy="Lower minimum_count, or join what belongs together into longer sentences.",
        )


def _check_dimensions(dimensions: object, words: int) -> None:
    if not (isinstance(dimensions, int | np.integer) and 1 <= dimensions < words):
        raise VocabularyError(
            f"{dimensions!r} dimensions were asked for, and {words:,} words are known.",
            accepted="at least one dimension, and fewer than words.",
            remedy="Ask for fewer dimensions, or give more text.",
        )
