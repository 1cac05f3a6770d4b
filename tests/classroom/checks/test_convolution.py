"""Chapter 07: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import ImageOps

from crossmodal_edu.classroom.checks.convolution import (
    check_by_hand,
    check_convolve,
    check_filter_gradient,
    check_prepare,
    check_same_pooled,
)


def test_untouched(said):
    for check in (check_convolve, check_filter_gradient, check_prepare):
        assert said(check, ...).state == "not tried yet"
        assert said(check, lambda *inputs: ...).state == "not tried yet"
    for answers in ((..., ...), (48, ...)):
        assert said(check_by_hand, *answers).state == "not tried yet"
    assert said(check_same_pooled, ..., ...).state == "not tried yet"


# --- 1 -----------------------------------------------------------------------------------------------------


def test_by_hand(accepts):
    accepts(check_by_hand, 48, 1216)


@pytest.mark.parametrize(
    ("side", "parameters", "hint"),
    [
        (47.5, 1216, "Round down"),
        (48.5, 1216, "Round down"),
        (47, 1216, "+ 1"),
        (46, 1216, "without padding"),
        (96, 1216, "moves on by two"),
        (2304, 1216, "number of places"),
        (12, 1216, "with 96, 2, 5 and 2"),
        (48, 400, "three channels"),
        (48, 416, "the biases are there"),
        (48, 1200, "has a bias"),
        (48, 1201, "one bias for all"),
        (48, 1216 * 2304, "does not count"),
        (48, 76, "times 16"),
        ("many", 1216, "ValueError"),
    ],
)
def test_wrong_by_hand(refuses, side, parameters, hint):
    refuses(check_by_hand, side, parameters, hint=hint)


# --- 2 -----------------------------------------------------------------------------------------------------


def convolve(picture, stencil, turn=False, mean=False, rows=0, columns=0):
    if turn:
        stencil = stencil.flip(0, 1)
    kh, kw = stencil.shape
    height, width = picture.shape[0] - kh + 1 + rows, picture.shape[1] - kw + 1 + columns
    patches = [[picture[r : r + kh, c : c + kw] * stencil for c in range(width)] for r in range(height)]
    return torch.tensor([[p.mean() if mean else p.sum() for p in row] for row in patches])


def test_convolve(accepts):
    accepts(check_convolve, convolve)
    accepts(check_convolve, lambda p, s: convolve(p, s).tolist())


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda p, s: p * s.sum(), "hang over the edge"),
        (lambda p, s: convolve(p, s, rows=-1, columns=-1), "missing"),
        (lambda p, s: convolve(p, s).T, "on their side"),
        (lambda p, s: convolve(p, s)[:2], "not (2, 5)"),
        (lambda p, s: convolve(p, s, turn=True), "half a circle"),
        (lambda p, s: convolve(p, s, mean=True), "mean was taken"),
        (lambda p, s: convolve(p, s) + 1, "upper left answer"),
        (lambda p, s: p @ s, "RuntimeError"),
    ],
)
def test_wrong_convolve(refuses, attempt, hint):
    refuses(check_convolve, attempt, hint=hint)


# --- 3 -----------------------------------------------------------------------------------------------------


def test_filter_gradient(accepts):
    accepts(check_filter_gradient, lambda u, p: convolve(p, u))


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda u, p: p, "shape of the picture"),
        (lambda u, p: u, "shape of the answers"),
        (lambda u, p: convolve(p, u).T, "the shape (3, 2)"),
        (lambda u, p: convolve(p, u).flip(0, 1), "half a circle"),
        (lambda u, p: convolve(p, u, mean=True), "a mean over the places"),
        (lambda u, p: convolve(p, torch.ones_like(u)), "without upstream"),
        (lambda u, p: convolve(p, u, turn=True), "touched picture"),
        (lambda u, p: u @ p, "RuntimeError"),
    ],
)
def test_wrong_filter_gradient(refuses, attempt, hint):
    refuses(check_filter_gradient, attempt, hint=hint)


# --- 4 -----------------------------------------------------------------------------------------------------


def spot(row, column, value=1.0):
    maps = torch.zeros(2, 3, 3)
    maps[:, row, column] = value
    return maps


def test_same_pooled(accepts):
    accepts(check_same_pooled, spot(0, 0), spot(2, 2))
    accepts(check_same_pooled, spot(0, 0).tolist(), spot(2, 2, 3.0).numpy())


@pytest.mark.parametrize(
    ("one", "other", "hint"),
    [
        (torch.ones(3, 3), spot(0, 0), "shape (3, 3)"),
        (spot(0, 0) / 0, spot(0, 0), "a number that is none"),
        (torch.zeros(2, 3, 3), spot(0, 0), "no direction"),
        (spot(0, 0), spot(0, 0), "the same. Move"),
        (spot(0, 0), torch.stack([spot(1, 1)[0], torch.zeros(3, 3)]), "without changing its mean"),
        (torch.ones(2, 3, 3), spot(0, 0), "let the other have nothing"),
    ],
)
def test_wrong_same_pooled(refuses, one, other, hint):
    refuses(check_same_pooled, one, other, hint=hint)


# --- 5 -----------------------------------------------------------------------------------------------------


def prepare(image, mode="RGB", cut=ImageOps.fit):
    array = np.array(cut(image.convert(mode), (32, 32)), dtype=np.float32)
    return torch.from_numpy(array).permute(2, 0, 1) / 127.5 - 1


def test_prepare(accepts):
    accepts(check_prepare, prepare)


def only_colour(image):
    if image.mode != "RGB":
        return torch.zeros(1, 32, 32)
    return prepare(image)


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda image: prepare(image).permute(1, 2, 0), "channels come last"),
        (lambda image: prepare(image)[None], "not (1, 3, 32, 32)"),
        (lambda image: (prepare(image) + 1) * 127.5, "the largest number is 255"),
        (lambda image: (prepare(image) + 1) / 2, "nothing is below 0"),
        (lambda image: prepare(image) / 2, "from -0.50 to 0.50"),
        (lambda image: prepare(image).flip(0), "B, G, R"),
        (lambda image: prepare(image).transpose(1, 2), "on its side"),
        (lambda image: prepare(image, cut=lambda i, size: i.resize(size)), "squeezed or padded"),
        (lambda image: prepare(image).flip(1), "red above"),
        (only_colour, "grey picture of one pixel"),
        (lambda image: prepare(image.convert("L"), mode="L"), "RuntimeError"),
    ],
)
def test_wrong_prepare(refuses, attempt, hint):
    refuses(check_prepare, attempt, hint=hint)


def test_every_hint_of_a_check_is_its_own():
    """Read from the source: no two wrong answers get the same words."""
    import ast
    import inspect

    from crossmodal_edu.classroom.checks import convolution

    hints = [
        ast.unparse(node.exc.args[0])
        for node in ast.walk(ast.parse(inspect.getsource(convolution)))
        if isinstance(node, ast.Raise)
    ]
    assert len(hints) == len(set(hints)) >= 35
