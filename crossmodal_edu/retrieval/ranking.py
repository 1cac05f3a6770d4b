"""From vectors to a ranking: unit length, cosine, and the k best of each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from crossmodal_edu.errors import RankingError

_ROUNDING = 1e-5  # more than a cosine in single precision can be wrong by, up to some thousand dimensions


@dataclass(frozen=True, eq=False)
class Ranking:
    """The best items of each query, best first.

    Parameters
    ----------
    indices : (q, k) int64
        Positions in the gallery.
    scores : (q, k)
        The score of each of them; larger is better.

    Notes
    -----
    Chapter 14.

    Examples
    --------
    >>> ranking = Ranking(torch.tensor([[2, 0]]), torch.tensor([[0.9, 0.4]]))
    >>> len(ranking), ranking.k
    (1, 2)
    """

    indices: Int[Tensor, "q k"]
    scores: Float[Tensor, "q k"]

    def __len__(self) -> int:
        return self.indices.shape[0]

    @property
    def k(self) -> int:
        """How many items each query has."""
        return self.indices.shape[1]

    @classmethod
    def joined(cls, parts: Sequence[Ranking]) -> Ranking:
        """Rankings of the first queries, the next queries, and so on, as one."""
        return cls(torch.cat([part.indices for part in parts]), torch.cat([part.scores for part in parts]))


class Found(NamedTuple):
    """What an index found for each query, best first.

    Parameters
    ----------
    ids : q tuples of k names
    scores : (q, k)
        Their cosines.

    Notes
    -----
    Used in Chapter 14.
    """

    ids: tuple[tuple[str, ...], ...]
    scores: Float[Tensor, "q k"]


def as_tensor(numbers: Any) -> Any:
    """A NumPy array or a list of numbers as a tensor of floats; anything else as it is.

    Raises
    ------
    RankingError
        If it holds something else than numbers, or rows of different lengths.

    Notes
    -----
    Used in Chapter 14.
    """
    if not isinstance(numbers, (np.ndarray, list, tuple)):
        return numbers
    try:
        tensor = torch.as_tensor(np.asarray(numbers))
    except (TypeError, ValueError) as error:
        accepted = "a tensor, a NumPy array, or lists of numbers, all rows of one length."
        raise RankingError(f"These cannot be read as numbers: {error}.", accepted=accepted) from None
    return tensor if tensor.is_floating_point() else tensor.float()


def on_tensors(function: Callable) -> Callable:
    """Let NumPy arrays and lists of numbers stand wherever a function asks for a tensor.

    Notes
    -----
    Used in Chapter 14.
    """

    @wraps(function)
    def wrapped(*given, **named):
        tensors = {name: as_tensor(value) for name, value in named.items()}
        return function(*(as_tensor(value) for value in given), **tensors)

    return wrapped


@on_tensors
def normalise(vectors: Float[Tensor, "*n d"]) -> Float[Tensor, "*n d"]:
    """Every vector at length one, its direction kept.

    A zero vector has no direction and stays zero, so that its cosine with
    everything is 0: neither like nor unlike.

    Parameters
    ----------
    vectors : (..., d)
        Any lengths, from 1e-37 to 1e38.

    Returns
    -------
    (..., d)
        Vectors of length one, or zero.

    Raises
    ------
    RankingError
        If a number is NaN or infinite, or d is 0.

    Notes
    -----
    Chapter 14.

    Examples
    --------
    >>> normalise(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    if vectors.shape[-1] == 0 or not torch.isfinite(vectors).all():
        raise RankingError(
            f"Vectors of shape {tuple(vectors.shape)} hold NaN, infinity, or nothing at all.",
            accepted="finite numbers, at least one per vector.",
            remedy="Look at what made the vectors: an empty input, or a training run that diverged.",
        )
    # Dividing by the largest coordinate first keeps the squares of very long and very short vectors in range.
    largest = vectors.abs().amax(dim=-1, keepdim=True)
    scaled = vectors / torch.where(largest > 0, largest, 1)
    # A scaled vector is at least 1 long unless it is zero, and zero divided by 1 stays zero.
    return scaled / scaled.norm(dim=-1, keepdim=True).clamp(min=1)


@on_tensors
def cosine_similarity(queries: Float[Tensor, "q d"], gallery: Float[Tensor, "n d"]) -> Float[Tensor, "q n"]:
    """The cosine of the angle between every query and every gallery item.

    Parameters
    ----------
    queries : (q, d)
        One vector a row, of any length.
    gallery : (n, d)
        The same space; any length.

    Returns
    -------
    (q, n)
        From −1 (opposite) over 0 (unrelated, or a zero vector) to 1 (same direction).

    Raises
    ------
    RankingError
        If the two do not have the same number of dimensions, or a number is NaN or infinite.

    Notes
    -----
    Chapter 14. Salton, Wong, Yang (1975), "A vector space model for automatic indexing".
    Two identical vectors have cosine 1.

    Examples
    --------
    >>> cosine_similarity(torch.tensor([[3.0, 4.0]]), torch.tensor([[3.0, 4.0], [4.0, 3.0], [-6.0, -8.0]]))
    tensor([[ 1.0000,  0.9600, -1.0000]])
    """
    _check_same_space(queries, gallery)
    cosines = normalise(queries.to(gallery.dtype)) @ normalise(gallery).T
    return cosines.clamp(-1, 1)  # rounding may leave 1.0000001, whose arccos is NaN


@on_tensors
def top_k(scores: Float[Tensor, "q n"], k: int) -> Ranking:
    """The k best-scored items of each row, best first.

    Equal scores keep the order of the gallery, so that the same scores always
    give the same ranking. No row is sorted in full: O(n) work and O(k) memory a
    row, beyond the scores.

    Parameters
    ----------
    scores : (q, n)
        One row per query, one column per gallery item; larger is better.
        −infinity is allowed and comes last.
    k : int
        How many to keep, 1 ≤ k ≤ n.

    Returns
    -------
    Ranking
        ``indices`` (q, k) and ``scores`` (q, k), both best first.

    Raises
    ------
    RankingError
        If ``k`` is outside 1…n, a score is NaN, or ``scores`` is not two-dimensional.

    Notes
    -----
    Chapter 14. Manning, Raghavan, Schütze (2008), section 7.1.

    Examples
    --------
    >>> top_k(torch.tensor([[0.2, 0.9, 0.9]]), 2).indices
    tensor([[1, 2]])
    """
    if scores.ndim != 2:
        accepted = "two: one row per query, one column per gallery item; of a single query scores[None, :]."
        raise RankingError(f"The scores have {scores.ndim} dimensions.", accepted=accepted)
    n = scores.shape[1]
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= n:
        accepted = f"a whole number from 1 to {n}." if n else "a gallery with at least one item."
        told = f"k is {k}, the gallery has {n} items."
        raise RankingError(told, accepted=accepted, remedy="Ask for fewer items, or min(k, n) of them.")
    # torch.topk leaves the order of equal scores open, and which of them it takes at the k-th place.
    # One item more than asked for shows whether the k-th score goes on beyond the cut.
    best, indices = torch.topk(scores, min(k + 1, n), dim=1)
    if best.isnan().any():  # torch sorts NaN above everything, so one anywhere in a row is among its best
        remedy = "Look for a zero division or a diverged model in what made the scores."
        told = "A score is NaN, which is neither larger nor smaller than any other."
        raise RankingError(told, accepted="numbers and ±infinity.", remedy=remedy)
    indices = indices[:, :k]
    if k < n:
        for row in torch.nonzero(best[:, k - 1] == best[:, k]).flatten().tolist():
            indices[row] = _first_of_equals(scores[row], best[row, k - 1], k)
    indices = indices.sort(dim=1).values  # gallery order, which the stable sort keeps among equals
    kept, order = scores.gather(1, indices).sort(dim=1, descending=True, stable=True)
    return Ranking(indices.gather(1, order), kept)


@on_tensors
def rank_gallery(
    queries: Float[Tensor, "q d"], gallery: Float[Tensor, "n d"], k: int, chunk: int = 256
) -> Ranking:
    """The k nearest gallery items of each query by cosine, some queries at a time.

    The same as ``top_k(cosine_similarity(queries, gallery), k)`` without ever
    holding all q × n cosines. Equal vectors get equal cosines to the last bit, and so
    keep the order of the gallery, on every processor.

    Parameters
    ----------
    queries, gallery : (q, d), (n, d)
        Vectors of one space, of any length.
    k : int
        How many to keep, 1 ≤ k ≤ n.
    chunk : int
        Queries at a time; chunk × n scores are in memory (256 × 41,323 are 42 MB).

    Returns
    -------
    Ranking
        Best first, equal scores in the order of the gallery.

    Raises
    ------
    RankingError
        As :func:`cosine_similarity` and :func:`top_k`, or if ``chunk`` is below 1.

    Notes
    -----
    Chapter 14.

    Examples
    --------
    >>> rank_gallery(torch.eye(2), torch.tensor([[1.0, 0.1], [0.1, 1.0]]), k=1).indices
    tensor([[0],
            [1]])
    """
    _check_same_space(queries, gallery)
    if chunk < 1:
        raise RankingError(f"chunk is {chunk}.", accepted="1 or more queries at a time.")
    return nearest(normalise(queries.to(gallery.dtype)), normalise(gallery), k, chunk)


def nearest(
    queries: Float[Tensor, "q d"], gallery: Float[Tensor, "n d"], k: int, chunk: int = 256
) -> Ranking:
    """What :func:`rank_gallery` does, for vectors that have length one already.

    One matrix product finds what may be among the best, its rounding allowed for. A matrix
    product does not sum all its rows in one order, so that equal vectors may come out of it
    with unlike last digits. Therefore the few that are left are summed again, each row
    alone and in double precision.

    Parameters
    ----------
    queries, gallery : (q, d), (n, d)
        Unit vectors, or zero.
    k : int
        How many to keep, 1 ≤ k ≤ n.
    chunk : int
        Queries at a time.

    Returns
    -------
    Ranking
        Best first, equal vectors in the order of the gallery.

    Raises
    ------
    RankingError
        As :func:`top_k`.

    Notes
    -----
    Chapter 14.

    Examples
    --------
    >>> nearest(torch.eye(2), torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]), k=2).indices
    tensor([[1, 2],
            [0, 1]])
    """
    parts = [Ranking(torch.empty(0, k, dtype=torch.int64), torch.empty(0, k))]
    for some in queries.split(chunk):
        cosines = some @ gallery.T  # (chunk, n)
        kth = top_k(cosines, k).scores[:, -1:]
        for query, close in zip(some, cosines >= kth - _ROUNDING, strict=True):
            candidates = close.nonzero().squeeze(1)
            best = top_k(exact_cosines(query, gallery[candidates])[None], k)
            parts.append(Ranking(candidates[best.indices], best.scores))
    return Ranking.joined(parts)


def exact_cosines(query: Float[Tensor, "d"], vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
    """Cosines of unit vectors, each summed alone and in double precision: equal vectors, equal cosines.

    Notes
    -----
    Used in Chapter 14.

    Examples
    --------
    >>> exact_cosines(torch.tensor([1.0, 0.0]), torch.eye(2))
    tensor([1., 0.])
    """
    return (vectors.double() * query.double()).sum(dim=1).float().clamp(-1, 1)


def check_k(k: object, name: str = "k", least: int = 1) -> None:
    """Refuse a number of results that is not a whole number from 1 on.

    Raises
    ------
    RankingError
        With what was given.

    Notes
    -----
    Used in Chapter 14.
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < least:
        raise RankingError(f"{name} is {k!r}.", accepted=f"a whole number, {least} or more.")


def _check_same_space(queries: Tensor, gallery: Tensor) -> None:
    if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:
        raise RankingError(
            f"Queries of shape {tuple(queries.shape)} cannot be compared with a gallery of shape "
            f"{tuple(gallery.shape)}.",
            accepted="two tables, (q, d) and (n, d), with the same d.",
            remedy="Embed both with the same space; for a single vector write vector[None, :].",
        )


def _first_of_equals(row: Float[Tensor, "n"], kth: Float[Tensor, ""], k: int) -> Int[Tensor, "k"]:
    """All items above the k-th score, then the first of those that have it."""
    above = torch.nonzero(row > kth).flatten()
    equal = torch.nonzero(row == kth).flatten()
    return torch.cat([above, equal[: k - len(above)]])
