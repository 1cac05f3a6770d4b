"""Each check accepts a right answer, and refuses each usual wrong one with its own hint."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest

from crossmodal_edu.classroom.checks.pipeline import (
    check_combine,
    check_cosine,
    check_modality_of,
    check_top_k,
)


def _unit(vector):
    return vector / np.linalg.norm(vector)


def _cosine(q, g):
    lengths = np.linalg.norm(q) * np.linalg.norm(g)
    return q @ g / lengths if lengths else 0.0


def _cosine_in_loops(q, g):
    dot, squares_q, squares_g = 0.0, 0.0, 0.0
    for a, b in zip(q, g, strict=True):
        dot, squares_q, squares_g = dot + a * b, squares_q + a * a, squares_g + b * b
    return dot / math.sqrt(squares_q * squares_g) if squares_q and squares_g else 0


def _top_k(scores, k):
    return np.argsort(-scores, kind="stable")[:k]


def _modality_of(start):
    if start[:3] == b"\xff\xd8\xff" or start[:4] == b"\x89PNG":
        return "image"
    if start[:4] in (b"fLaC", b"OggS") or start[:3] == b"ID3":
        return "audio"
    if start[:4] == b"RIFF" and start[8:12] in (b"WAVE", b"WEBP"):
        return "audio" if start[8:12] == b"WAVE" else "image"
    return "text"


def _combine(one, other, weight):
    return _unit(weight * _unit(one) + (1 - weight) * _unit(other))


RIGHT = [
    (check_cosine, _cosine),
    (check_cosine, _cosine_in_loops),
    (check_cosine, lambda q, g: np.array([[_cosine(q, g)]])),
    (check_cosine, lambda q, g: np.nan_to_num(q @ g / (np.linalg.norm(q) * np.linalg.norm(g)))),
    (check_cosine, lambda q, g: q @ g / (np.linalg.norm(q) * np.linalg.norm(g) + 1e-12)),
    (check_top_k, _top_k),
    (check_top_k, lambda scores, k: sorted(range(len(scores)), key=lambda i: -scores[i])[:k]),
    (check_top_k, lambda scores, k: tuple(heapq.nsmallest(k, range(len(scores)), key=lambda i: -scores[i]))),
    (check_top_k, lambda scores, k: np.lexsort((np.arange(len(scores)), -scores))[:k]),
    (check_modality_of, _modality_of),
    (check_modality_of, lambda start: f"{_modality_of(start)}"),
    (check_combine, _combine),
    (check_combine, lambda a, b, w: _unit(_unit(b) + w * (_unit(a) - _unit(b))).tolist()),
]


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_a_right_answer_is_right(accepts, check, answer):
    accepts(check, answer)


@pytest.mark.parametrize(
    ("check", "answer"), [(check_cosine, _cosine), (check_top_k, _top_k), (check_combine, _combine)]
)
def test_a_right_answer_is_right_in_any_form(accepts, form, check, answer):
    accepts(check, form(answer))


@pytest.mark.parametrize("check", [check_cosine, check_top_k, check_modality_of, check_combine])
def test_an_untouched_exercise_is_not_tried_yet(ignores, check):
    ignores(check)


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_printing_is_not_returning(refuses, check, answer):
    refuses(check, lambda *given: print(answer(*given)), hint="did you print")


def _guards_the_first(q, g):
    return q @ g / np.linalg.norm(q) / np.linalg.norm(g) if q.any() else 0.0


WRONG_COSINES = [
    (lambda q, g: q @ g, "their dot product"),
    (lambda q, g: q @ g / np.linalg.norm(q), "the second has a length too"),
    (lambda q, g: q @ g / np.linalg.norm(g), "the first has a length too"),
    (lambda q, g: q @ g / (np.linalg.norm(q) + np.linalg.norm(g)), "sum of the two lengths"),
    (lambda q, g: q @ g / ((q @ q) * (g @ g)), "squares of the lengths"),
    (lambda q, g: np.mean(q * g) / (np.linalg.norm(q) * np.linalg.norm(g)), "a mean or a sum"),
    (lambda q, g: 1 - _cosine(q, g), "a distance"),
    (lambda q, g: np.arccos(_cosine(q, g)), "the angle itself"),
    (lambda q, g: np.linalg.norm(q - g), "distance between their tips"),
    (lambda q, g: q * g, "one number is asked for"),
    (lambda q, g: str(_cosine(q, g)), "numbers are asked for"),
    (lambda q, g: 0.5, "48 / (5 · 10)"),
    (lambda q, g: 0.96, "with itself"),
    (lambda q, g: 0.96 if q[0] == 3 else 1.0, "a minus sign"),
    (lambda q, g: abs(_cosine(q, g)), "a minus sign"),
    (lambda q, g: q @ g / (np.linalg.norm(q) * np.linalg.norm(g)), "(0, 0) and (3, 4) give nan"),
    (lambda q, g: float(q @ g) / float(np.linalg.norm(q) * np.linalg.norm(g)), "no direction"),
    (_guards_the_first, "(3, 4) and (0, 0) give nan"),
    (lambda q, g: _cosine(q, g) if q.any() or g.any() else 1.0, "(0, 0) and (0, 0) give 1"),
]


@pytest.mark.parametrize(("answer", "hint"), WRONG_COSINES)
def test_a_wrong_cosine_gets_its_own_hint(refuses, answer, hint):
    refuses(check_cosine, answer, hint=hint)


def _from_zero(scores, k):
    found, best = [], list(scores)
    for _ in range(k):
        top = max([0.0, *best])
        if top in best:
            found.append(best.index(top))
            best[best.index(top)] = -1.0
        else:
            found.append(0)
    return found


def _spoiling(scores, k):
    found = _top_k(scores, k)
    scores[found] = -1
    return found


def _looked_up(scores, k):
    return [scores.tolist().index(score) for score in sorted(scores, reverse=True)[:k]]


WRONG_TOPS = [
    (lambda s, k: np.argsort(s)[:k], "sorts upwards"),
    (lambda s, k: np.argsort(-s, kind="stable"), "Keep the first k"),
    (lambda s, k: np.sort(s)[::-1][:k], "these are the scores"),
    (lambda s, k: int(np.argmax(s)), "yours is one number"),
    (lambda s, k: [], "shape (0,)"),
    (lambda s, k: [(i, s[i]) for i in _top_k(s, k)], "came with something else"),
    (lambda s, k: np.argsort(s, kind="stable")[::-1][:k], "3 came first"),
    (lambda s, k: np.argsort(s, kind="stable")[-k:], "the best are at the end"),
    (lambda s, k: sorted(_top_k(s, k).tolist()), "not best first"),
    (lambda s, k: np.arange(k), "Which two are the largest"),
    (lambda s, k: _top_k(s, k) + 1, "counted from 1"),
    (_looked_up, "product 1 came twice"),
    (_from_zero, "below zero"),
    (lambda s, k: _top_k(s, 3), "for k = 1"),
    (lambda s, k: _top_k(s, k) if len(s) > 1 else [], "single product"),
    (_spoiling, "changed the scores"),
    (lambda s, k: np.argsort(-s)[:k], "promises that order"),
]


@pytest.mark.parametrize(("answer", "hint"), WRONG_TOPS)
def test_a_wrong_top_k_gets_its_own_hint(refuses, answer, hint):
    refuses(check_top_k, answer, hint=hint)


def _but(wrong, start, length=4):
    """Right, but for the files that begin in one way."""
    return lambda given: wrong if given[:length] == start else _modality_of(given)


WRONG_MODALITIES = [
    (lambda start: "video", "one of"),
    (lambda start: "text", "ff d8 ff"),
    (_but("text", b"\x89PNG"), "then PNG"),
    (_but("text", b"fLaC"), "starts with fLaC"),
    (_but("text", b"OggS"), "starts with OggS"),
    (_but("text", b"ID3", 3), "starts with ID3"),
    (lambda start: "text" if start[8:12] == b"WAVE" else _modality_of(start), "then WAVE"),
    (_but("audio", b"RIFF"), "exactly as a WAV sound"),
    (lambda start: "image" if b"PNG" in start else _modality_of(start), "plain words"),
    (lambda s: "image" if not s.isascii() and s[0] > 0xE0 else _modality_of(s), "more than ASCII"),
    (lambda start: "audio" if b"WAVE" in start else _modality_of(start), "at byte 8"),
    (_but("image", b"RIFF ", 5), "at byte 8"),
    (lambda start: "text" if start.decode() else "image", "not everything is a text"),
]


@pytest.mark.parametrize(("answer", "hint"), WRONG_MODALITIES)
def test_a_wrong_modality_gets_its_own_hint(refuses, answer, hint):
    refuses(check_modality_of, answer, hint=hint)


WRONG_MIXES = [
    (lambda a, b, w: np.concatenate([a, b]), "one of 6"),
    (lambda a, b, w: np.array([a, b]), "the shape (2, 3)"),
    (lambda a, b, w: a @ b, "yours is one number"),
    (lambda a, b, w: a * b, "keeps only what both have"),
    (lambda a, b, w: w * a + (1 - w) * b, "0.707 long"),
    (lambda a, b, w: a + b, "1.414 long"),
    (lambda a, b, w: _unit((1 - w) * a + w * b), "that of the first"),
    (lambda a, b, w: _unit(a + b), "Where does the weight come in"),
    (lambda a, b, w: _unit(w**2 * a + (1 - w) ** 2 * b), "shares 0.8 and 0.2"),
    (lambda a, b, w: _unit(w * a + (1 - w) * b), "drowns the other"),
    (lambda a, b, w: _unit(w * _unit(a) + (1 - w) * b), "drowns the other"),
    (lambda a, b, w: _unit(w * a + (1 - w) * _unit(b)), "drowns the other"),
    (lambda a, b, w: (w * _unit(a) + (1 - w) * _unit(b)) / np.hypot(w, 1 - w), "at a right angle"),
    (lambda a, b, w: _combine(a, b, min(w, 0.9)), "only the first is left"),
]


@pytest.mark.parametrize(("answer", "hint"), WRONG_MIXES)
def test_a_wrong_mix_gets_its_own_hint(refuses, answer, hint):
    refuses(check_combine, answer, hint=hint)


def test_code_that_stops_is_an_answer_too(refuses):
    refuses(check_combine, lambda a, b, w: 1 / 0, hint="stopped with ZeroDivisionError")
