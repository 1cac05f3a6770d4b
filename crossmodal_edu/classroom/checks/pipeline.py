"""Checks of chapter 01: cosine, the k best, a file's first bytes, two queries in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from crossmodal_edu.classroom.checks.checking import NotYet, check, number, numbers, shaped, slip


@check
def check_cosine(cosine: Callable[[np.ndarray, np.ndarray], float]) -> str:
    """The cosine of two vectors of any length; 0 if one of them is zero.

    Examples
    --------
    >>> _ = check_cosine(lambda q, g: q @ g)
    Not yet: (3, 4) and (8, 6) give 48, their dot product. Cosine divides by something, so that
    a vector twice as long scores no higher.
    """

    def found(*pair: tuple) -> float:
        value = numbers(cosine(*(np.array(vector, dtype=float) for vector in pair)))
        if value.size != 1:
            raise NotYet(f"one number is asked for; yours has the shape {value.shape}. Add the products up.")
        return number(value)

    value, itself = found((3, 4), (8, 6)), found((0.1, 0.7, 0.2), (0.1, 0.7, 0.2))
    wrong = {
        48: ", their dot product. Cosine divides by something, so that a vector twice as long "
        "scores no higher.",
        9.6: ". You divided by the length of the first; the second has a length too.",
        4.8: ". You divided by the length of the second; the first has a length too.",
        48 / 15: ". You divided by the sum of the two lengths. Must (6, 8) in place of (3, 4) change it?",
        48 / 2500: ". You divided by the squares of the lengths: a length is the root of a sum of squares.",
        0.48: ". That is half of the cosine, in two dimensions. Is the dot product a mean or a sum?",
        0.04: ". That is 1 − cosine, a distance: 0 for equal vectors. Here larger should mean more alike.",
        np.arccos(0.96): ", the angle itself. The cosine of it is asked for.",
        np.hypot(5, 2): ", the distance between their tips. Cosine looks at directions only.",
    }
    begin = f"(3, 4) and (8, 6) give {value:.4g}"
    wrong = {slipped: begin + end for slipped, end in wrong.items()}
    otherwise = f"{begin}, and 48 / (5 · 10) = 0.96 is right: the dot product over both lengths."
    slip(value, 0.96, wrong, otherwise)
    hint = f"a vector has the cosine {itself:.4g} with itself. Which angle is between the two?"
    slip(itself, 1, otherwise=hint)
    hint = "vectors in opposite directions have cosine −1. Did a minus sign get lost?"
    slip(found((1, 2), (-1, -2)), -1, otherwise=hint)
    for q, g in (((0, 0), (3, 4)), ((3, 4), (0, 0)), ((0, 0), (0, 0))):
        try:
            empty = found(q, g)
        except ZeroDivisionError:
            empty = np.nan
        hint = f"{q} and {g} give {empty:.4g}. A zero vector has no direction, and one such product must not "
        slip(empty, 0, otherwise=hint + "stop the search: let its cosine be 0.")
    return "a vector and itself have cosine 1, opposite ones −1, and length no longer matters."


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
    shapes = {
        (4,): "all four positions came back. Keep the first k of them.",
        (3, 2): "each position came with something else. A list of positions is asked for.",
    }
    found = shaped(top_k(scores.copy(), 3), (3,), "for k = 3 a list of three positions is expected", shapes)
    wrong = {
        (0.9, 0.9, 0.5): "these are the scores. Return where they stand, so that the products can be shown.",
        (0, 2, 1): "the least similar came first. np.argsort sorts upwards; what changes if you sort "
        "the negative scores?",
        (3, 1, 2): "products 1 and 3 have equal scores, and 3 came first. Turning a sorted list round "
        "also turns round those that are equal.",
        (1, 1, 2): "product 1 came twice: looking for where 0.9 stands finds the same place each time.",
        (2, 4, 3): "you counted from 1. The first product stands at position 0.",
        (2, 1, 3): "the right three, but not best first: the best are at the end.",
        (1, 2, 3): "the right three, but not best first. The second best score is 0.9 as well.",
    }
    chosen = f"of the scores {scores.tolist()} you chose {found.tolist()}. Which two are the largest?"
    slip(found, [1, 3, 2], wrong, chosen)
    found = shaped(top_k(np.array([-0.5, -0.2, -0.9]), 1), (1,), "for k = 1 one position is expected")
    slip(found, [1], otherwise="all scores may be below zero; of −0.5, −0.2 and −0.9 the largest is −0.2.")
    slip(top_k(np.array([0.3]), 1), [0], otherwise="of a single product, the best stands at position 0.")
    many = np.random.default_rng(1).integers(0, 10, 400) / 10
    given = many.copy()
    found = shaped(top_k(given, 60), (60,), "for k = 60 a list of 60 positions is expected")
    if not np.array_equal(given, many):
        raise NotYet("your function changed the scores it was given, and the next search would use them.")
    hint = "right for four scores. Among 400, many of them equal, the equal ones came in another order than "
    hint += "their positions: np.argsort promises that order only for one value of kind."
    slip(found, np.argsort(-many, kind="stable")[:60], otherwise=hint)
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
    ("text", b"a PNG of a handbag", "plain words are a text, even if one of them is PNG."),
    (
        "text",
        "红色皮革手提包".encode(),
        "these bytes are the Chinese words for red leather handbag. Text is more than ASCII: which "
        "method of bytes tells whether they are UTF-8?",
    ),
    (
        "text",
        b"RIFF and WAVE as words",
        "a shopper typed “RIFF and WAVE as words”, and you take it for a file. What must stand at byte 8?",
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
            hint = f"bytes.decode stopped at {start[:4]!r}: not everything is a text. What could come first?"
            raise NotYet(hint) from None
        if found not in ("text", "image", "audio"):
            raise NotYet(f'the answer is one of "text", "image" and "audio"; yours was {found!r}.')
        slip(found, modality, (), f"{start[:12]!r} is {modality}, you said {found}: {hint}")
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
    rule = "two vectors of 3 numbers should become one of 3"
    longer = "two vectors of 3 numbers became one of 6, and no product has such a vector. "

    def mixed(one: np.ndarray, other: np.ndarray, weight: float) -> np.ndarray:
        return shaped(
            combine(one.copy(), other.copy(), weight), (3,), rule, {(6,): longer + "Stay in the same space."}
        )

    one, other, slanted = np.array([[1, 0, 0], [0, 1, 0], [-0.6, 0.8, 0]])
    half = mixed(one, other, 0.5)
    if np.allclose(half, 0):
        raise NotYet("the result is zero. A product of two vectors keeps only what both have; add them.")
    if not np.isclose(np.linalg.norm(half), 1, atol=1e-5):
        raise NotYet(
            f"the result is {np.linalg.norm(half):.3f} long. Its products with the gallery are no cosines "
            "until it is brought to length one."
        )
    found, right = mixed(one, other, 0.8), _mix(one, other, 0.8)
    exchanged = "with weight 0.8 the second one got the larger share. The weight is that of the first."
    ignored = "with weight 0.8 both still have the same share. Where does the weight come in?"
    otherwise = f"for weight 0.8 the two shares are {found[0]:.3f} and {found[1]:.3f}; expected are "
    otherwise += f"{right[0]:.3f} and {right[1]:.3f}: shares 0.8 and 0.2, then length one."
    slip(found, right, [(_mix(one, other, 0.2), exchanged), (half, ignored)], otherwise)
    hint = "right for unit vectors. When one is ten times as long it drowns the other: bring each to length "
    hint += "one before you mix them."
    slip([mixed(one, 10 * other, 0.8), mixed(10 * one, other, 0.8)], [right, right], otherwise=hint)
    hint = "right for vectors at a right angle. For others, √(0.8² + 0.2²) is not the length of the mix."
    slip(mixed(one, slanted, 0.8), _mix(one, slanted, 0.8), otherwise=hint)
    hint = "with weight 1 only the first is left, with weight 0 only the second."
    slip([mixed(one, slanted, 1.0), mixed(one, slanted, 0.0)], [one, slanted], otherwise=hint)
    return "the mix lies in the same space, has length one, and neither query shouts the other down."


def _mix(one: np.ndarray, other: np.ndarray, weight: float) -> np.ndarray:
    mix = weight * one + (1 - weight) * other
    return mix / np.linalg.norm(mix)
