"""Texts and sounds of different lengths in one table: short ones filled up, and means that know it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Padded(NamedTuple):
    """Texts of different lengths in one table: the number of each word, and where there is a word.

    ``present`` comes from the lengths. Asking which numbers are not the filling would lose a word
    that happens to have that number.
    """

    numbers: Int[Tensor, "n t"]
    present: Bool[Tensor, "n t"]

    def to(self, device: str | torch.device) -> Padded:
        return Padded(*(part.to(device) for part in self))


def pad(texts: Sequence[Sequence[int]], filling: int = 0) -> Padded:
    """Fill shorter rows up, and say which places are words.

    Parameters
    ----------
    texts : sequence of n sequences of int
        The numbers of the words of each text; a text may be empty.
    filling : int
        What stands where there is no word.

    Returns
    -------
    Padded
        ``numbers`` (n, t) and ``present`` (n, t), where t is the length of the longest text, at least 1.

    Notes
    -----
    Chapter 05.

    Examples
    --------
    >>> pad([[7, 8, 9], [5]]).numbers.tolist()
    [[7, 8, 9], [5, 0, 0]]
    >>> pad([[7, 8, 9], [5]]).present.sum(dim=1).tolist()
    [3, 1]
    """
    longest = max([1, *(len(text) for text in texts)])
    numbers = torch.full((len(texts), longest), filling)
    present = torch.zeros(len(texts), longest, dtype=torch.bool)
    for row, text in enumerate(texts):
        numbers[row, : len(text)] = torch.tensor(text, dtype=torch.long)
        present[row, : len(text)] = True
    return Padded(numbers, present)


def weighted_mean(words: Float[Tensor, "n t d"], weights: Float[Tensor, "n t"]) -> Float[Tensor, "n d"]:
    """The mean of the word vectors of each text, every word with its weight.

    Parameters
    ----------
    words : (n, t, d)
        One vector per word; at places without a word anything finite.
    weights : (n, t)
        At least 0, and 0 where there is no word. For a plain mean: 1 for each word.

    Returns
    -------
    (n, d)
        Zeros for a text whose weights are all 0, such as one without a word.

    Notes
    -----
    Chapter 05.

    Examples
    --------
    >>> words = torch.tensor([[[2.0, 0.0], [0.0, 4.0], [9.0, 9.0]]])
    >>> weighted_mean(words, torch.tensor([[1.0, 1.0, 0.0]]))
    tensor([[1., 2.]])
    """
    total = weights.sum(dim=1, keepdim=True)  # (n, 1)
    shares = weights / torch.where(total > 0, total, 1)  # (n, t), each row adds up to 1
    return torch.einsum("nt,ntd->nd", shares, words)


def softmax_mean(
    vectors: Float[Tensor, "n t d"], scores: Float[Tensor, "n t"], present: Bool[Tensor, "n t"]
) -> Float[Tensor, "n d"]:
    """The mean of the vectors of each row, weighted by the softmax of scores that were computed for them.

    Parameters
    ----------
    vectors : (n, t, d)
    scores : (n, t)
        The larger, the more a place counts.
    present : (n, t)
        Which places count at all; at least one in each row.

    Returns
    -------
    (n, d)

    Notes
    -----
    Used in Chapter 05. Bahdanau, Cho, Bengio (2015), equations 5 and 6, with scores that ask nothing.

    Examples
    --------
    >>> vectors, scores = torch.tensor([[[2.0], [4.0], [9.0]]]), torch.zeros(1, 3)
    >>> softmax_mean(vectors, scores, torch.tensor([[True, True, False]]))
    tensor([[3.]])
    """
    weights = scores.masked_fill(~present, -torch.inf).softmax(dim=1)
    return torch.einsum("nt,ntd->nd", weights, vectors)


def present_until(lengths: Int[Tensor, "n"], longest: int) -> Bool[Tensor, "n t"]:
    """Which of ``longest`` places come before the end of each row.

    Notes
    -----
    Used in Chapter 08.

    Examples
    --------
    >>> present_until(torch.tensor([1, 3]), 3).int()
    tensor([[1, 0, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def batches(costs: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Rows to be worked on together, so that little is filling and none exceeds a budget of memory.

    Parameters
    ----------
    costs : sequence of int
        How much room each row takes, 1 or more.
    budget : int
        A batch takes as much room as its costliest row times its rows; a single row may exceed it.

    Yields
    ------
    list of int
        Positions, those of like cost together.

    Notes
    -----
    Used in Chapter 06.

    Examples
    --------
    >>> list(batches([3, 1, 9, 1], budget=6))
    [[1, 3], [0], [2]]
    """
    rows: list[int] = []
    for row in sorted(range(len(costs)), key=costs.__getitem__):
        if rows and (len(rows) + 1) * costs[row] > budget:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows
