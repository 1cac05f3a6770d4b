"""Checks of chapter 01: cosine, the k best, a file's first bytes, two queries in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from crossmodal_edu.classroom.checks.checking import NotYet, check


@check
def check_cosine(cosine: Callable[[np.ndarray, np.ndarray], float]) -> str:
    """The cosine of two vectors of any length; 0 if one of them is zero.

    Examples
    --------
    >>> _ = check_cosine(lambda q, g: q @ g)
    Not yet: (3, 4) and (8, 6) give 48, their dot product. Cosine divides by something, so that
    a vector twice as long scores no higher.
    """
    found = _number(cosine(np.array([3.0, 4.0]), np.array([8.0, 6.0])))
    if not np.isclose(found, 0.96):
        raise NotYet(f"(3, 4) and (8, 6) give {found:.4g}{_cosine_slip(found)}")
    itself = _number(cosine(np.array([0.1, 0.7, 0.2]), np.array([0.1, 0.7, 0.2])))
    if not np.isclose(itself, 1):
        raise NotYet(f"a vector has the cosine {itself:.4g} with itself. Which angle is between the two?")
    if not np.isclose(_number(cosine(np.array([1.0, 2.0]), np.array([-1.0, -2.0]))), -1):
        raise NotYet("vectors in opposite directions have cosine −1. Did a minus sign get lost?")
    try:
        with np.errstate(all="ignore"):
            empty = _number(cosine(np.zeros(2), np.array([3.0, 4.0])))
    except ZeroDivisionError:
        empty = np.nan
    if not empty == 0:
        raise NotYet(
            f"a zero vector gives {empty:.4g}. It has no direction, and one such product must not stop "
            "the search: let its cosine be 0."
        )
    return "a vector and itself have cosine 1, opposite ones −1, and length no longer matters."


def _cosine_slip(found: float) -> str:
    slips = {
        48.0: (
            ", their dot product. Cosine divides by something, so that a vector twice as long "
            "scores no higher."
        ),
        9.6: ". You divided by the length of the first; the second has a length too.",
        4.8: ". You divided by the length of the second; the first has a length too.",
        3.2: ". You divided by the sum of the two lengths. Try (6, 8) in place of (3, 4): must it change?",
        48 / 2500: ". You divided by the squares of the lengths: a length is the root of a sum of squares.",
        0.48: ". That is half of the cosine, in two dimensions. Is the dot product a mean or a sum?",
        0.04: ". That is 1 − cosine, a distance: 0 for equal vectors. Here larger shall mean more alike.",
        float(np.arccos(0.96)): ", the angle itself. The cosine of it is asked for.",
        float(np.hypot(5, 2)): ", the distance between their tips. Cosine looks at directions only.",
    }
    for slip, hint in slips.items():
        if np.isclose(found, slip):
            return hint
    return ", and 48 / (5 · 10) = 0.96 is right: the dot product over both lengths."


@check
def check_top_k(top_k: Callable[[np.ndarray, int], Any]) -> str:
    """Positions of the k largest scores, best first, equal scores by position.

    Examples
    --------
    >>> _ = check_top_k(lambda scores, k: np.argsort(scores)[:k])
    Not yet: the least similar came first. np.argsort sorts upwards; what changes if you sort
    the negative scores?
    """
    scores = np.array([0.2, 0.9, 0.5, 0.9])
    found = np.asarray(top_k(scores.copy(), 3))
    if found.shape == (3,) and np.allclose(found, [0.9, 0.9, 0.5]):
        raise NotYet("these are the scores. Return where they stand, so that the products can be shown.")
    if found.shape == (4,):
        raise NotYet("all four positions came back. Keep the first k of them.")
    if found.shape != (3,):
        raise NotYet(f"for k = 3 a list of three positions is expected; yours has the shape {found.shape}.")
    if found.tolist() == [0, 2, 1]:
        raise NotYet(
            "the least similar came first. np.argsort sorts upwards; what changes if you sort "
            "the negative scores?"
        )
    if found.tolist() == [3, 1, 2]:
        raise NotYet(
            "products 1 and 3 have equal scores, and 3 came first. Turning a sorted list round also turns "
            "round those that are equal."
        )
    if sorted(found.tolist()) == [1, 2, 3] and found.tolist() != [1, 3, 2]:
        raise NotYet("the right three, but not best first. The second best score is 0.9 as well.")
    if found.tolist() != [1, 3, 2]:
        raise NotYet(
            f"of the scores {scores.tolist()} you chose {found.tolist()}. Which two are the largest?"
        )
    if np.asarray(top_k(np.array([-0.5, -0.2, -0.9]), 1)).tolist() != [1]:
        raise NotYet("all scores may be below zero; of −0.5, −0.2 and −0.9 the largest is −0.2.")
    many = np.random.default_rng(1).integers(0, 10, 400) / 10
    given = many.copy()
    found = np.asarray(top_k(given, 60))
    if not np.array_equal(given, many):
        raise NotYet("your function changed the scores it was given, and the next search would use them.")
    if found.tolist() != np.argsort(-many, kind="stable")[:60].tolist():
        raise NotYet(
            "right for four scores. Among 400, many of them equal, the equal ones came in another order "
            "than their positions: np.argsort promises that order only for one value of kind."
        )
    return "best first, and the same scores always give the same ranking."


_STARTS = (
    ("image", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "a JPEG picture starts with the bytes ff d8 ff."),
    ("image", b"\x89PNG\r\n\x1a\n\x00\x00\x00\r", "a PNG picture starts with the byte 89, then PNG."),
    ("audio", b"fLaC\x00\x00\x00\x22\x10\x00\x10\x00", "a FLAC sound starts with fLaC."),
    ("audio", b"OggS\x00\x02\x00\x00\x00\x00\x00\x00", "an OGG sound starts with OggS."),
    ("audio", b"ID3\x04\x00\x00\x00\x00\x00\x23TS", "an MP3 sound with a title starts with ID3."),
    ("audio", b"RIFF\x24\x7d\x00\x00WAVEfmt ", "a WAV sound is RIFF, four bytes of size, then WAVE."),
    (
        "image",
        b"RIFF\x6a\x0b\x00\x00WEBPVP8 ",
        "this WebP picture starts with RIFF, exactly as a WAV sound does. Look further: bytes 8 to 11.",
    ),
    ("text", b"red leather handbag", "plain words are a text."),
    (
        "text",
        "红色皮革手提包".encode(),
        "these bytes are the Chinese words for red leather handbag. Text is more than ASCII: which "
        "method of bytes tells whether they are UTF-8?",
    ),
    (
        "text",
        b"RIFF tabs for a guitar",
        "a shopper typed “RIFF tabs for a guitar”, and you take it for a file. What must stand at byte 8?",
    ),
)


@check
def check_modality_of(modality_of: Callable[[bytes], str]) -> str:
    """ "text", "image" or "audio", by the first bytes of a file.

    Examples
    --------
    >>> _ = check_modality_of(lambda start: "audio" if start.startswith(b"RIFF") else ...)
    not tried yet
    """
    for modality, start, hint in _STARTS:
        try:
            found = str(modality_of(start))
        except UnicodeDecodeError:
            raise NotYet(
                f"bytes.decode stopped at {start[:4]!r}: not everything is a text. Ask for the pictures "
                "and the sounds first."
            ) from None
        if found not in ("text", "image", "audio"):
            raise NotYet(f'the answer is one of "text", "image" and "audio"; yours was {found!r}.')
        if found != modality:
            raise NotYet(f"{start[:12]!r} is {modality}, you said {found}: {hint}")
    return "ten files, no name looked at, and WAV told from WebP."


@check
def check_combine(combine: Callable[[np.ndarray, np.ndarray, float], np.ndarray]) -> str:
    """Two queries as one unit vector, of which the first has the share ``weight``.

    Examples
    --------
    >>> _ = check_combine(lambda one, other, weight: np.concatenate([one, other]))
    Not yet: two vectors of 3 numbers became one of 6, and no product has such a vector. Stay in the
    same space.
    """
    one, other = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    found = np.asarray(combine(one.copy(), other.copy(), 0.5), dtype=float)
    if found.shape == (6,):
        raise NotYet(
            "two vectors of 3 numbers became one of 6, and no product has such a vector. Stay in the "
            "same space."
        )
    if found.shape != (3,):
        raise NotYet(f"two vectors of 3 numbers shall become one of 3; yours has the shape {found.shape}.")
    if np.allclose(found, 0):
        raise NotYet("the result is zero. A product of two vectors keeps only what both have; add them.")
    if not np.isclose(np.linalg.norm(found), 1):
        raise NotYet(
            f"the result is {np.linalg.norm(found):.3f} long. Between two unit vectors the mean is shorter "
            "than one; its products with the gallery are no cosines until it is brought to length one."
        )
    found = np.asarray(combine(one.copy(), other.copy(), 0.8), dtype=float)
    right = np.array([0.8, 0.2, 0.0]) / np.hypot(0.8, 0.2)
    if np.allclose(found, right[[1, 0, 2]]):
        raise NotYet("with weight 0.8 the second one got the larger share. The weight is that of the first.")
    if np.allclose(found[0], found[1]):
        raise NotYet("with weight 0.8 both still have the same share. Where does the weight come in?")
    if not np.allclose(found, right):
        raise NotYet(
            f"for weight 0.8 the two shares are {found[0]:.3f} and {found[1]:.3f}; expected are "
            f"{right[0]:.3f} and {right[1]:.3f}: shares 0.8 and 0.2, then length one."
        )
    longer = np.asarray(combine(one.copy(), 10 * other, 0.8), dtype=float)
    if not np.allclose(longer, right):
        raise NotYet(
            "right for unit vectors. When the second is ten times as long it drowns the first: bring each "
            "to length one before you mix them."
        )
    return "the mix lies in the same space, has length one, and neither query shouts the other down."


def _number(value: Any) -> float:
    array = np.asarray(value, dtype=float)
    if array.size != 1:
        raise NotYet(
            f"one number is asked for; yours has the shape {array.shape}. The products are to be added."
        )
    return float(array.reshape(()))
