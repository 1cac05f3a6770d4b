"""GloVe: word vectors whose dot products are the logarithms of how often words stand together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array
from tqdm import tqdm

from crossmodal_edu.errors import VocabularyError
from crossmodal_edu.text.compiling import compiled
from crossmodal_edu.text.cooccurrence import count_cooccurrences
from crossmodal_edu.text.corpus import Corpus
from crossmodal_edu.text.wordvectors import WordVectors


class Cells(NamedTuple):
    """Cells of the table that GloVe fits: where each stands, what it should say, how much it counts.

    Parameters
    ----------
    rows, columns : (n,) of int
        Word i and context j.
    logs : (n,)
        log X_ij.
    weights : (n,)
        f(X_ij), from 0 to 1.
    """

    rows: Int[np.ndarray, "n"]
    columns: Int[np.ndarray, "n"]
    logs: Float[np.ndarray, "n"]
    weights: Float[np.ndarray, "n"]


class Parameters(NamedTuple):
    """What GloVe learns: two vectors and two biases per word.

    Parameters
    ----------
    words, contexts : (v, d)
        w_i of a word in the middle of its window, w̃_j of a word in the window of another.
    word_biases, context_biases : (v,)
        b_i and b̃_j.
    """

    words: Float[np.ndarray, "v d"]
    contexts: Float[np.ndarray, "v d"]
    word_biases: Float[np.ndarray, "v"]
    context_biases: Float[np.ndarray, "v"]


def glove_weight(
    counts: Float[np.ndarray, "n"], x_max: float = 100.0, alpha: float = 0.75
) -> Float[np.ndarray, "n"]:
    """How much a cell counts in the loss: little where the count is small, never more than 1.

    Parameters
    ----------
    counts : (n,)
    x_max : float
        From this count on, all cells count alike.
    alpha : float
        How fast the weight rises up to there; 1 would be a straight line.

    Notes
    -----
    Chapter 04. Pennington, Socher, Manning (2014), equation 9.

    Examples
    --------
    >>> glove_weight(np.array([0.0, 6.25, 100.0, 400.0]))
    array([0.   , 0.125, 1.   , 1.   ])
    """
    return np.minimum((counts / x_max) ** alpha, 1.0)


def filled_cells(counts: csr_array, x_max: float = 100.0, alpha: float = 0.75) -> Cells:
    """The cells of the table in which something was counted; the empty ones have no logarithm.

    Parameters
    ----------
    counts : (v, v)
        Of :func:`~crossmodal_edu.text.cooccurrence.count_cooccurrences`.
    x_max, alpha : float
        See :func:`glove_weight`.

    Notes
    -----
    Chapter 04.
    """
    table = counts.tocoo()
    return Cells(
        rows=table.row.astype(np.int32),
        columns=table.col.astype(np.int32),
        logs=np.log(table.data).astype(np.float32),
        weights=glove_weight(table.data, x_max, alpha).astype(np.float32),
    )


def empty_cells(
    counts: csr_array, n: int, count: float = 0.1, weight: float = 0.2, rng: int | np.random.Generator = 0
) -> Cells:
    """Some of the cells in which nothing was counted, as if ``count`` had been; GloVe itself leaves them out.

    Parameters
    ----------
    counts : (v, v)
    n : int
        Cells to draw, rows and columns by their sums to the power ¾; those that turn out filled are
        dropped, so that a few less come back.
    count, weight : float
        What all of them should say, and how much each counts.
    rng : int or Generator

    Notes
    -----
    Chapter 04. After Shazeer, Doherty, Evans, Waterson (2016), who give empty cells a loss of their own.

    Examples
    --------
    >>> empty_cells(csr_array([[0.0, 2.0], [2.0, 0.0]]), n=50).logs.round(2)[:2]
    array([-2.3, -2.3], dtype=float32)
    """
    generator, v = np.random.default_rng(rng), counts.shape[0]
    often = counts.sum(axis=1) ** 0.75
    rows, columns = generator.choice(v, size=(2, n), p=often / often.sum())
    table = counts.tocoo()
    filled = np.isin(rows * v + columns, table.row.astype(np.int64) * v + table.col)
    rows, columns = rows[~filled].astype(np.int32), columns[~filled].astype(np.int32)
    return Cells(
        rows, columns, np.full(len(rows), np.log(count), np.float32), np.full(len(rows), weight, np.float32)
    )


def glove_errors(parameters: Parameters, cells: Cells) -> Float[np.ndarray, "n"]:
    """What the model says of each cell minus what was counted: w_i · w̃_j + b_i + b̃_j − log X_ij.

    Notes
    -----
    Chapter 04. The bracket in equation 8 of Pennington, Socher, Manning (2014).
    """
    words, contexts, word_biases, context_biases = parameters
    i, j = cells.rows, cells.columns
    dots = np.einsum("nd,nd->n", words[i], contexts[j])
    return dots + word_biases[i] + context_biases[j] - cells.logs


def glove_loss(parameters: Parameters, cells: Cells) -> float:
    """Half the weighted sum of squared errors.

    The half is not in the paper, but in its authors' program: it takes the 2 out of the gradients.

    Notes
    -----
    Chapter 04. Pennington, Socher, Manning (2014), equation 8.

    Examples
    --------
    One cell, fitted exactly but for 0.5, at weight 0.8:

    >>> one = Parameters(np.array([[1.0, 2.0]]), np.array([[0.5, 1.0]]), np.zeros(1), np.zeros(1))
    >>> cell = Cells(np.array([0]), np.array([0]), np.array([2.0]), np.array([0.8]))
    >>> glove_loss(one, cell)
    0.1
    """
    return float(0.5 * np.sum(cells.weights * glove_errors(parameters, cells) ** 2))


def glove_gradients(parameters: Parameters, cells: Cells) -> Parameters:
    """The slope of the loss along every number that is learned, in the same form as these.

    Notes
    -----
    Chapter 04. The derivatives of equation 8 of Pennington, Socher, Manning (2014).
    """
    i, j = cells.rows, cells.columns
    slopes = cells.weights * glove_errors(parameters, cells)  # (n,)
    gradients = Parameters(*(np.zeros_like(part) for part in parameters))
    # A word has many cells: add.at sums what a plain += would overwrite.
    np.add.at(gradients.words, i, slopes[:, None] * parameters.contexts[j])
    np.add.at(gradients.contexts, j, slopes[:, None] * parameters.words[i])
    np.add.at(gradients.word_biases, i, slopes)
    np.add.at(gradients.context_biases, j, slopes)
    return gradients


@no_type_check
@compiled
def adagrad_pass(order, cells, parameters, squares, learning_rate):
    """Go through the cells once, and after each move its two vectors and two biases a step down.

    AdaGrad divides each number's step by the root of the sum of its squared slopes so far.

    Parameters
    ----------
    order : (m,) of int
        The cells to visit, one after the other.
    cells : Cells
    parameters, squares : Parameters
        Both are changed: what is learned, and the sums of squared slopes.
    learning_rate : float

    Returns
    -------
    float
        The sum of the cells' losses, each taken before its step.

    Notes
    -----
    Chapter 04. Duchi, Hazan, Singer (2011), figure 1; Pennington, Socher, Manning (2014), section 4.2.
    """
    W, C, b, c = parameters
    sum_W, sum_C, sum_b, sum_c = squares
    loss = 0.0
    for n in order:
        i, j = cells.rows[n], cells.columns[n]
        error = b[i] + c[j] - cells.logs[n]
        for k in range(W.shape[1]):
            error += W[i, k] * C[j, k]
        slope = cells.weights[n] * error
        loss += 0.5 * slope * error
        for k in range(W.shape[1]):
            slope_w, slope_c = slope * C[j, k], slope * W[i, k]
            sum_W[i, k] += slope_w * slope_w
            sum_C[j, k] += slope_c * slope_c
            W[i, k] -= learning_rate * slope_w / np.sqrt(sum_W[i, k])
            C[j, k] -= learning_rate * slope_c / np.sqrt(sum_C[j, k])
        sum_b[i] += slope * slope
        sum_c[j] += slope * slope
        b[i] -= learning_rate * slope / np.sqrt(sum_b[i])
        c[j] -= learning_rate * slope / np.sqrt(sum_c[j])
    return loss


class Glove(WordVectors):
    """GloVe vectors: of each word the sum of its two vectors, w + w̃.

    Parameters
    ----------
    words, vectors
        As for :class:`~crossmodal_edu.text.wordvectors.WordVectors`.
    parameters : Parameters, optional
        Both vectors and both biases, as they were learned; None for vectors from a file.
    losses : tuple of float
        The mean loss of a cell in each epoch.

    Notes
    -----
    Used in Chapter 04. Pennington, Socher, Manning (2014).
    """

    def __init__(
        self,
        words: Sequence[str],
        vectors: Float[np.ndarray, "v d"],
        *,
        parameters: Parameters | None = None,
        losses: tuple[float, ...] = (),
    ):
        super().__init__(words, vectors)
        self.parameters = parameters
        self.losses = losses

    @classmethod
    def fit(
        cls,
        sentences: Corpus | Iterable[Sequence[str]],
        *,
        dimensions: int = 100,
        window: int = 5,
        minimum_count: int = 5,
        x_max: float = 100.0,
        alpha: float = 0.75,
        epochs: int = 25,
        learning_rate: float = 0.05,
        threads: int = 1,
        seed: int = 0,
        progress: bool = True,
    ) -> Glove:
        """Count, then fit the logarithms of the counts.

        Parameters
        ----------
        sentences : Corpus or iterable of sequences of str
            ``minimum_count`` is for sentences; a Corpus has left out what is rare already.
        dimensions, window, minimum_count : int
        x_max, alpha : float
            See :func:`glove_weight`.
        epochs, learning_rate, threads, seed, progress
            See :meth:`fit_cells`.

        Raises
        ------
        VocabularyError
            If there are no words, no two of them stand together, or a setting is out of range.

        Examples
        --------
        >>> titles = [["red", "bag"], ["blue", "bag"], ["red", "shoe"], ["blue", "shoe"]]
        >>> Glove.fit(titles, dimensions=2, minimum_count=1, epochs=1, progress=False)
        Glove(4 words, 2 dimensions)
        """
        _check_settings({}, {"x_max": x_max, "alpha": alpha})
        corpus = sentences if isinstance(sentences, Corpus) else Corpus.of(sentences, minimum_count)
        cells = filled_cells(count_cooccurrences(corpus, window), x_max, alpha)
        return cls.fit_cells(
            corpus.words,
            cells,
            dimensions=dimensions,
            epochs=epochs,
            learning_rate=learning_rate,
            threads=threads,
            seed=seed,
            progress=progress,
        )

    @classmethod
    def fit_cells(
        cls,
        words: Sequence[str],
        cells: Cells,
        *,
        dimensions: int = 100,
        epochs: int = 25,
        learning_rate: float = 0.05,
        threads: int = 1,
        seed: int = 0,
        progress: bool = True,
    ) -> Glove:
        """Fit a table of which the cells are given.

        Parameters
        ----------
        words : sequence of v str
        cells : Cells
            In any order; each epoch goes through them in a new one.
        dimensions, epochs : int
        learning_rate : float
        threads : int
            With one, the same seed gives the same vectors. Several share the vectors without
            locks, so that now and then a step is lost and no two runs are equal.
        seed : int
        progress : bool
            Show a progress bar.

        Raises
        ------
        VocabularyError
            If a setting is out of range, or the loss grew beyond all numbers.
        """
        _check_settings(
            {"dimensions": dimensions, "epochs": epochs, "threads": threads}, {"learning_rate": learning_rate}
        )
        generator = np.random.default_rng(seed)
        parameters = _start(len(words), dimensions, generator)
        squares = Parameters(*(np.ones_like(part) for part in parameters))
        descend = partial(
            adagrad_pass,
            cells=cells,
            parameters=parameters,
            squares=squares,
            learning_rate=np.float32(learning_rate),
        )
        losses = []
        with ThreadPoolExecutor(threads) as pool:
            for _ in tqdm(range(epochs), "GloVe", unit="epoch", disable=not progress):
                order = generator.permutation(len(cells.rows))
                losses.append(sum(pool.map(descend, np.array_split(order, threads))) / len(order))
                _check_finite(losses)
        vectors = parameters.words + parameters.contexts
        return cls(words, vectors, parameters=parameters, losses=tuple(losses))


def _start(v: int, d: int, generator: np.random.Generator) -> Parameters:
    """Small random numbers, as the authors' program takes them: ±0.5, divided by the dimensions."""
    shapes = ((v, d), (v, d), (v,), (v,))
    return Parameters(*(((generator.random(shape) - 0.5) / d).astype(np.float32) for shape in shapes))


def _check_settings(whole: dict, positive: dict) -> None:
    problems = [
        (name, value, "a whole number above 0")
        for name, value in whole.items()
        if not (isinstance(value, int | np.integer) and value > 0)
    ]
    problems += [
        (name, value, "a number above 0") for name, value in positive.items() if not 0 < value < np.inf
    ]
    for name, value, accepted in problems:
        raise VocabularyError(
            f"{name} is {value!r}.",
            accepted=f"{accepted}.",
            remedy=f"Leave {name} out to take its usual setting.",
        )


def _check_finite(losses: Sequence[float]) -> None:
    if not np.isfinite(losses[-1]):
        raise VocabularyError(
            f"The loss became {losses[-1]} in epoch {len(losses)}.",
            accepted="steps that lead downhill.",
            remedy="Take a smaller learning_rate; 0.05 is usual.",
        )
