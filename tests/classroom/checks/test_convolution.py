"""Chapter 07: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import ImageOps
from scipy.signal import convolve2d, correlate2d
from torch.nn import functional as F

from crossmodal_edu.classroom.checks.convolution import (
    check_by_hand,
    check_convolve,
    check_filter_gradient,
    check_prepare,
    check_same_pooled,
)


def test_untouched(ignores, said):
    for check in (check_convolve, check_filter_gradient, check_prepare):
        ignores(check)
    for answers in ((..., ...), (48, ...)):
        assert said(check_by_hand, *answers).state == "not tried yet"
    assert said(check_same_pooled, ..., ...).state == "not tried yet"


# --- 1 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "parameters"), [(48, 1216), (48.0, "1216"), (torch.tensor(48), np.int64(1216))]
)
def test_by_hand(accepts, side, parameters):
    accepts(check_by_hand, side, parameters)


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
        (48, 1248, "one bias for each layer"),
        ("many", 1216, "one number"),
        ((48, 48), 1216, "one number"),
        (49, 1216, "rounded up"),
        (50, 1216, "without the stencil"),
        (48, 16, "in all its layers, and its bias"),
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


CONVOLUTIONS = [
    convolve,
    lambda p, s: convolve(p, s).tolist(),
    lambda p, s: F.conv2d(p[None, None], s[None, None])[0, 0],
    lambda p, s: correlate2d(p.numpy(), s.numpy(), mode="valid"),
    lambda p, s: (p.unfold(0, s.shape[0], 1).unfold(1, s.shape[1], 1) * s).sum((2, 3)).double(),
]


@pytest.mark.parametrize("attempt", CONVOLUTIONS)
def test_convolve(accepts, attempt):
    accepts(check_convolve, attempt)


def test_convolve_in_any_form(accepts, form):
    accepts(check_convolve, form(convolve))


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda p, s: p * s.sum(), "hang over the edge"),
        (lambda p, s: convolve(p, s, rows=-1, columns=-1), "missing"),
        (lambda p, s: convolve(p, s).T, "on their side"),
        (lambda p, s: convolve(p, s)[:2], "shape (2, 5)"),
        (lambda p, s: convolve(p, s, turn=True), "half a circle"),
        (lambda p, s: convolve(p, s, mean=True), "mean was taken"),
        (lambda p, s: convolve(p, s) + 1, "upper left answer"),
        (lambda p, s: p @ s, "RuntimeError"),
        (lambda p, s: F.conv2d(p[None, None], s[None, None]), "shape (1, 1, 4, 5)"),
        (lambda p, s: convolve2d(p.numpy(), s.numpy(), mode="valid"), "half a circle"),
        (lambda p, s: convolve(p, s) if s.numel() > 1 else p, "One pixel"),
        (lambda p, s: convolve(p, s) if s.shape != p.shape else [], "as large as the picture"),
        (lambda p, s: print(convolve(p, s)), "did you print"),
    ],
)
def test_wrong_convolve(refuses, attempt, hint):
    refuses(check_convolve, attempt, hint=hint)


# --- 3 -----------------------------------------------------------------------------------------------------


def _derived(upstream, picture):
    stencil = torch.zeros(2, 3, requires_grad=True)
    (F.conv2d(picture[None, None], stencil[None, None])[0, 0] * upstream).sum().backward()
    return stencil.grad


@pytest.mark.parametrize("gradient", [_derived, *(lambda u, p, c=c: c(p, u) for c in CONVOLUTIONS)])
def test_filter_gradient(accepts, gradient):
    accepts(check_filter_gradient, gradient)


def test_filter_gradient_in_any_form(accepts, form):
    accepts(check_filter_gradient, form(lambda u, p: convolve(p, u)))


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
        (lambda u, p: -convolve(p, u), "downhill"),
        (lambda u, p: (u * p[:4, :4]).sum(), "one number"),
        (lambda u, p: print(convolve(p, u)), "did you print"),
    ],
)
def test_wrong_filter_gradient(refuses, attempt, hint):
    refuses(check_filter_gradient, attempt, hint=hint)


# --- 4 -----------------------------------------------------------------------------------------------------


def spot(row, column, value=1.0):
    maps = torch.zeros(2, 3, 3)
    maps[:, row, column] = value
    return maps


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (spot(0, 0), spot(2, 2)),
        (spot(0, 0).tolist(), spot(2, 2, 3.0).numpy()),
        (list(spot(0, 0)), list(spot(1, 2).double())),
        (spot(0, 0, -1.0), spot(2, 2, -1.0)),
    ],
)
def test_same_pooled(accepts, one, other):
    accepts(check_same_pooled, one, other)


def _opposites():
    """Equal means, and where one is large the other is below zero."""
    one = torch.tensor([[4.0, -2, 4], [-2, 4, -2], [4, -2, -2]]).expand(2, 3, 3)
    return one, 2 * one.mean() - one


@pytest.mark.parametrize(
    ("one", "other", "hint"),
    [
        (torch.ones(3, 3), spot(0, 0), "shape (3, 3)"),
        (spot(0, 0) / 0, spot(0, 0), "a number that is none"),
        (torch.zeros(2, 3, 3), spot(0, 0), "without a direction"),
        (spot(0, 0), spot(0, 0), "the same. Move"),
        (spot(0, 0), torch.stack([spot(1, 1)[0], torch.zeros(3, 3)]), "leaves the mean"),
        ([[1, 2], [3]], spot(0, 0), "different lengths"),
        (spot(0, 0), 2 * spot(0, 0), "still 1.00"),
        (*_opposites(), "Having nothing in common"),
        (torch.ones(2, 3, 3), spot(0, 0), "let the other have nothing"),
    ],
)
def test_wrong_same_pooled(refuses, one, other, hint):
    refuses(check_same_pooled, one, other, hint=hint)


# --- 5 -----------------------------------------------------------------------------------------------------


def prepare(image, mode="RGB", cut=ImageOps.fit):
    array = np.array(cut(image.convert(mode), (32, 32)), dtype=np.float32)
    return torch.from_numpy(array).permute(2, 0, 1) / 127.5 - 1


def by_hand(image):
    image = image.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side)).resize((32, 32))
    return np.asarray(image).transpose(2, 0, 1) / 127.5 - 1


def small_then_cut(image):
    image = image.convert("RGB")
    scale = 32 / min(image.size)
    width, height = round(image.width * scale), round(image.height * scale)
    left, top = (width - 32) // 2, (height - 32) // 2
    array = np.array(image.resize((width, height)))[top : top + 32, left : left + 32]
    return (torch.tensor(array).permute(2, 0, 1).double() - 128) / 128


@pytest.mark.parametrize("attempt", [prepare, by_hand, small_then_cut])
def test_prepare(accepts, attempt):
    accepts(check_prepare, attempt)


def test_prepare_in_any_form(accepts, form):
    accepts(check_prepare, form(by_hand))


def only_cut(image):
    left, top = (image.width - 32) // 2, (image.height - 32) // 2
    return prepare(image, cut=lambda i, size: i.crop((left, top, left + 32, top + 32)))


def only_wide(image):
    left, side = (image.width - image.height) // 2, image.height
    return prepare(image, cut=lambda i, size: i.crop((left, 0, left + side, side)).resize(size))


def without_alpha(image):
    image = image if image.mode == "RGBA" else image.convert("RGB")
    return prepare(image, mode=image.mode)


def undone(image):
    """Three channels out of one, but a palette's numbers are no greys."""
    array = np.array(ImageOps.fit(image, (32, 32)), dtype=np.float32)
    array = array if array.ndim == 3 else np.stack([array] * 3, axis=2)
    return torch.from_numpy(array[:, :, :3]).permute(2, 0, 1) / 127.5 - 1


def only_colour(image):
    if image.mode != "RGB":
        return torch.zeros(1, 32, 32)
    return prepare(image)


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda image: prepare(image).permute(1, 2, 0), "channels come last"),
        (lambda image: prepare(image)[None], "shape (1, 3, 32, 32)"),
        (lambda image: (prepare(image) + 1) * 127.5, "the largest number is 255"),
        (lambda image: (prepare(image) + 1) / 2, "nothing is below 0"),
        (lambda image: prepare(image) / 2, "from -0.50 to 0.50"),
        (lambda image: prepare(image).flip(0), "B, G, R"),
        (lambda image: prepare(image).transpose(1, 2), "on its side"),
        (lambda image: prepare(image, cut=lambda i, size: i.resize(size)), "squeezed or padded"),
        (lambda image: prepare(image).flip(1), "red above"),
        (only_colour, "mode L should become"),
        (lambda image: prepare(image.convert("L"), mode="L"), "RuntimeError"),
        (lambda image: prepare(image, mode=image.mode), "mode L stopped your code"),
        (without_alpha, "mode RGBA should become"),
        (undone, "mode P should come out white"),
        (only_cut, "not only cut"),
        (only_wide, "upright one"),
        (lambda image: np.asarray(image.convert("RGB").resize((32, 32))), "channels come last"),
        (lambda image: print(prepare(image)), "did you print"),
    ],
)
def test_wrong_prepare(refuses, attempt, hint):
    refuses(check_prepare, attempt, hint=hint)
