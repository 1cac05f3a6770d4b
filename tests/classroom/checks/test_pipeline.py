"""Each check accepts a right answer, and refuses each usual wrong one with its own hint."""

from __future__ import annotations

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


def _verdict(check, answer, capsys):
    check(answer)
    return capsys.readouterr().out


RIGHT = [
    (check_cosine, _cosine),
    (check_cosine, lambda q, g: np.array([[_cosine(q, g)]])),
    (check_top_k, _top_k),
    (check_top_k, lambda scores, k: sorted(range(len(scores)), key=lambda i: -scores[i])[:k]),
    (check_modality_of, _modality_of),
    (check_combine, _combine),
]


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_a_right_answer_is_right(check, answer, capsys):
    assert _verdict(check, answer, capsys).startswith("Right: ")


@pytest.mark.parametrize("check", [check_cosine, check_top_k, check_modality_of, check_combine])
def test_an_untouched_exercise_is_not_tried_yet(check, capsys):
    assert _verdict(check, ..., capsys) == "not tried yet\n"
    assert _verdict(check, lambda *given: ..., capsys) == "not tried yet\n"


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
    (lambda q, g: 0.5, "48 / (5 · 10)"),
    (lambda q, g: 0.875 if np.array_equal(q, g) else _cosine(q, g), "with itself"),
    (lambda q, g: abs(_cosine(q, g)), "opposite"),
    (lambda q, g: q @ g / (np.linalg.norm(q) * np.linalg.norm(g)), "zero vector gives nan"),
    (lambda q, g: float(q @ g) / float(np.linalg.norm(q) * np.linalg.norm(g)), "zero vector gives nan"),
]


@pytest.mark.parametrize(("answer", "hint"), WRONG_COSINES)
def test_a_wrong_cosine_gets_its_own_hint(answer, hint, capsys):
    said = _verdict(check_cosine, answer, capsys)
    assert said.startswith("Not yet: ") and hint in said


def _spoiling(scores, k):
    found = []
    for _ in range(k):
        found.append(int(np.argmax(scores)))
        scores[found[-1]] = -np.inf
    return found


def _from_zero(scores, k):
    """Looks for something better than 0, and gives the last product if there is nothing."""
    good = [i for i in _top_k(scores, len(scores)) if scores[i] > 0]
    return [*good, len(scores) - 1][:k]


WRONG_TOPS = [
    (lambda s, k: np.argsort(s)[:k], "least similar came first"),
    (lambda s, k: np.argsort(s, kind="stable")[::-1][:k], "turns round"),
    (lambda s, k: np.sort(s)[::-1][:k], "these are the scores"),
    (lambda s, k: np.argsort(-s, kind="stable"), "Keep the first k"),
    (lambda s, k: int(np.argmax(s)), "three positions"),
    (lambda s, k: np.sort(_top_k(s, k)), "not best first"),
    (lambda s, k: np.arange(k), "Which two are the largest"),
    (_from_zero, "below zero"),
    (_spoiling, "changed the scores"),
    (lambda s, k: np.argsort(-s)[:k], "promises that order"),
]


@pytest.mark.parametrize(("answer", "hint"), WRONG_TOPS)
def test_a_wrong_top_k_gets_its_own_hint(answer, hint, capsys):
    said = _verdict(check_top_k, answer, capsys)
    assert said.startswith("Not yet: ") and hint in said


WRONG_MODALITIES = [
    (lambda start: "video", "one of"),
    (lambda start: "text", "ff d8 ff"),
    (lambda start: _modality_of(start) if start[:4] != b"\x89PNG" else "text", "then PNG"),
    (lambda start: _modality_of(start) if start[:4] != b"fLaC" else "text", "starts with fLaC"),
    (lambda start: _modality_of(start) if start[:4] != b"OggS" else "text", "starts with OggS"),
    (lambda start: _modality_of(start) if start[:3] != b"ID3" else "text", "starts with ID3"),
    (lambda start: _modality_of(start) if b"WAVE" not in start else "text", "then WAVE"),
    (lambda start: "audio" if start[:4] == b"RIFF" else _modality_of(start), "exactly as a WAV sound"),
    (lambda start: "image" if start[:3] == b"red" else _modality_of(start), "plain words"),
    (
        lambda start: "image" if not start.isascii() and start[0] > 0xE0 else _modality_of(start),
        "more than ASCII",
    ),
    (lambda start: "image" if start[:5] == b"RIFF " else _modality_of(start), "at byte 8"),
    (lambda start: "text" if start.decode() else "image", "not everything is a text"),
]


@pytest.mark.parametrize(("answer", "hint"), WRONG_MODALITIES)
def test_a_wrong_modality_gets_its_own_hint(answer, hint, capsys):
    said = _verdict(check_modality_of, answer, capsys)
    assert said.startswith("Not yet: ") and hint in said


WRONG_MIXES = [
    (lambda a, b, w: np.concatenate([a, b]), "one of 6"),
    (lambda a, b, w: np.array([a, b]), "the shape (2, 3)"),
    (lambda a, b, w: a * b, "keeps only what both have"),
    (lambda a, b, w: w * a + (1 - w) * b, "0.707 long"),
    (lambda a, b, w: _unit((1 - w) * a + w * b), "that of the first"),
    (lambda a, b, w: _unit(a + b), "Where does the weight come in"),
    (lambda a, b, w: _unit(w**2 * a + (1 - w) ** 2 * b), "shares 0.8 and 0.2"),
    (lambda a, b, w: _unit(w * a + (1 - w) * b), "drowns the first"),
]


@pytest.mark.parametrize(("answer", "hint"), WRONG_MIXES)
def test_a_wrong_mix_gets_its_own_hint(answer, hint, capsys):
    said = _verdict(check_combine, answer, capsys)
    assert said.startswith("Not yet: ") and hint in said


def test_code_that_stops_is_an_answer_too(capsys):
    assert "stopped with ZeroDivisionError" in _verdict(check_combine, lambda a, b, w: 1 / 0, capsys)
