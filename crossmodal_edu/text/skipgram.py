"""The inner loops of Word2Vec, compiled: guess neighbours, compare, move both vectors a little.

They read like the pseudocode and are compiled by numba on their first call. Rows are single
precision, begin where the processor likes it (:func:`rows`), and are changed in place; several
threads may do so at the same time, without locks.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float

from crossmodal_edu.text.compiling import compiled

_CLIP, _CELLS = 6.0, 1024
_scores = (np.arange(_CELLS) + 0.5) / _CELLS * 2 * _CLIP - _CLIP  # the middle of each cell

SIGMOID = (1 / (1 + np.exp(-_scores))).astype(np.float32)
"""The sigmoid of a score between −6 and 6, in 1,024 cells; beyond them it is 0 or 1."""
SIGMOID[0], SIGMOID[-1] = 0, 1

SURPRISE = np.log1p(np.exp(-_scores)).astype(np.float32)
"""Minus the logarithm of the sigmoid, in the same cells: what a pair adds to the loss."""


def rows(n: int, d: int) -> Float[np.ndarray, "n _"]:
    """A table of zeros whose rows begin at whole cache lines of 64 bytes; columns behind d are padding.

    Without that, most of the processor's reads and writes would touch two lines instead of one.

    Parameters
    ----------
    n, d : int
        Rows, and the numbers that each must hold.

    Returns
    -------
    (n, width) array of float32
        ``width`` is d rounded up to a multiple of 16.

    Notes
    -----
    Used in Chapter 03.

    Examples
    --------
    >>> rows(3, 100).shape
    (3, 112)
    """
    width = -(-d // 16) * 16
    memory = np.zeros(n * width + 16, dtype=np.float32)
    first = -memory.ctypes.data % 64 // 4
    return memory[first : first + n * width].reshape(n, width)


@no_type_check
@compiled
def _random(state):
    """A number from 0 to 1 (exclusive) by three shifts: Marsaglia (2003)."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return (x >> np.uint64(11)) * 2.0**-53


@no_type_check
@compiled
def _cell(score):
    """Where a score stands in the tables; beyond ±6, or if it is no number, in an outermost cell."""
    if score >= _CLIP:
        return _CELLS - 1
    if score > -_CLIP:
        return int((score + np.float32(_CLIP)) * np.float32(_CELLS / (2 * _CLIP)))
    return 0


@no_type_check
@compiled
def skip_gram(sentence, inputs, outputs, noise, window, negatives, rate, state):
    """One pass over a sentence: skip-gram with negative sampling.

    The negatives are drawn once for each centre word and shared by all words of its window; their
    changes are collected in a small table and applied when the window is done.

    Parameters
    ----------
    sentence : (n,) array of int32
    inputs, outputs : (v, width) arrays of float32
        The vectors of words as themselves and as neighbours; changed in place.
    noise : (size,) array of int32
        Of :func:`~crossmodal_edu.text.word2vec.noise_table`.
    window : int
        The largest reach to either side; for each centre the reach is drawn from 1 to this.
    negatives : int
    rate : float32
        The learning rate.
    state : (1,) array of uint64
        Of the random numbers; not 0; changed in place.

    Returns
    -------
    loss : float
        Summed over the pairs, measured before their update.
    pairs : int

    Notes
    -----
    Chapter 03. Mikolov, Sutskever, Chen, Corrado, Dean (2013), equation 4; sharing as in Ji,
    Satish, Li, Dubey (2019).

    Examples
    --------
    >>> inputs, outputs = np.full((2, 16), 0.1, dtype=np.float32), rows(2, 16)
    >>> sentence, noise = np.array([0, 1], dtype=np.int32), np.array([0], dtype=np.int32)
    >>> state = np.array([1], dtype=np.uint64)
    >>> loss, pairs = skip_gram(sentence, inputs, outputs, noise, 1, 1, np.float32(0.1), state)
    >>> pairs, round(loss, 2)
    (2, 2.08)
    """
    d = inputs.shape[1]
    targets = np.empty(1 + negatives, np.int32)
    change = np.empty((1 + negatives, d), np.float32)
    step = np.empty(d, np.float32)
    loss, pairs = 0.0, 0
    for place in range(len(sentence)):
        targets[0] = sentence[place]
        for k in range(1, 1 + negatives):
            targets[k] = noise[int(_random(state) * len(noise))]
        change[:] = 0
        reach = window - int(_random(state) * window)
        for near in range(max(0, place - reach), min(len(sentence), place + reach + 1)):
            if near == place:
                continue
            word = inputs[sentence[near]]
            step[:] = 0
            for k in range(1 + negatives):
                if k > 0 and targets[k] == targets[0]:
                    continue  # drawn by accident: it cannot be right and wrong
                target = outputs[targets[k]]
                score = np.float32(0)
                for i in range(d):
                    score += word[i] * target[i]
                cell = _cell(score)
                label = np.float32(k == 0)
                loss += SURPRISE[cell if k == 0 else _CELLS - 1 - cell]
                g = rate * (label - SIGMOID[cell])
                for i in range(d):
                    step[i] += g * target[i]
                    change[k, i] += g * word[i]
            for i in range(d):
                word[i] += step[i]
            pairs += 1
        for k in range(1 + negatives):
            target = outputs[targets[k]]
            for i in range(d):
                target[i] += change[k, i]
    return loss, pairs


@no_type_check
@compiled
def cbow(sentence, inputs, outputs, noise, window, negatives, rate, state):
    """One pass over a sentence: the mean of a window's words has to find the centre word (CBOW).

    Parameters and results are those of :func:`skip_gram`; a pair is a window and its centre.

    Notes
    -----
    Used in Chapter 03. Mikolov, Chen, Corrado, Dean (2013), section 3.1; each word of the window takes its
    share of the gradient, as a mean's must (İrsoy, Benton, Stratos, 2021).

    Examples
    --------
    >>> inputs, outputs = np.full((2, 16), 0.1, dtype=np.float32), rows(2, 16)
    >>> sentence, noise = np.array([0, 1, 0], dtype=np.int32), np.array([1], dtype=np.int32)
    >>> state = np.array([1], dtype=np.uint64)
    >>> cbow(sentence, inputs, outputs, noise, 2, 1, np.float32(0.1), state)[1]
    3
    """
    d = inputs.shape[1]
    mean = np.empty(d, np.float32)
    step = np.empty(d, np.float32)
    loss, pairs = 0.0, 0
    for place in range(len(sentence)):
        reach = window - int(_random(state) * window)
        first, last = max(0, place - reach), min(len(sentence), place + reach + 1)
        if last - first < 2:
            continue
        share = np.float32(1 / (last - first - 1))
        mean[:] = 0
        step[:] = 0
        for near in range(first, last):
            if near != place:
                word = inputs[sentence[near]]
                for i in range(d):
                    mean[i] += share * word[i]
        for k in range(1 + negatives):
            number = sentence[place] if k == 0 else noise[int(_random(state) * len(noise))]
            if k > 0 and number == sentence[place]:
                continue
            target = outputs[number]
            score = np.float32(0)
            for i in range(d):
                score += mean[i] * target[i]
            cell = _cell(score)
            label = np.float32(k == 0)
            loss += SURPRISE[cell if k == 0 else _CELLS - 1 - cell]
            g = rate * (label - SIGMOID[cell])
            for i in range(d):
                step[i] += g * target[i]
                target[i] += g * mean[i]
        for near in range(first, last):
            if near != place:
                word = inputs[sentence[near]]
                for i in range(d):
                    word[i] += share * step[i]
        pairs += 1
    return loss, pairs


@no_type_check
@compiled
def train_sentences(tokens, ends, keep, inputs, outputs, noise, is_cbow, window, negatives, rate, seed):
    """Thin out frequent words, then one pass of :func:`skip_gram` or :func:`cbow` over each sentence.

    Parameters
    ----------
    tokens : (n,) array of int32
    ends : (s + 1,) array of int64
        Sentence i is ``tokens[ends[i]:ends[i + 1]]``.
    keep : (v,) array of float64
        Of :func:`~crossmodal_edu.text.word2vec.keep_probability`.
    seed : int
        Not 0.

    Returns
    -------
    loss : float
    pairs : int

    Notes
    -----
    Used in Chapter 03.
    """
    state = np.array([seed], np.uint64)
    sentence = np.empty(np.diff(ends).max(), np.int32)
    loss, pairs = 0.0, 0
    for s in range(len(ends) - 1):
        n = 0
        for token in tokens[ends[s] : ends[s + 1]]:
            if _random(state) < keep[token]:
                sentence[n] = token
                n += 1
        if is_cbow:
            more = cbow(sentence[:n], inputs, outputs, noise, window, negatives, rate, state)
        else:
            more = skip_gram(sentence[:n], inputs, outputs, noise, window, negatives, rate, state)
        loss += more[0]
        pairs += more[1]
    return loss, pairs
