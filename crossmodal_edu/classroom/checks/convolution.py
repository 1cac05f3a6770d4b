"""The checks of chapter 07: sizes, a convolution and its gradient, pooling, and preparing a photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.classroom.checks.checking import NotYet, check, number, numbers, same, shaped, slip
from crossmodal_edu.classroom.convolution import conv2d, conv2d_backward


@check
def check_by_hand(side: Any, parameters: Any) -> str:
    """Side and parameters of a layer: 96 × 96 × 3, 16 filters of 5 × 5, stride 2, padding 2, with bias."""
    half = "half a place is no place: the stencil does not hang over the edge. Round down, then add 1."
    wrong = {
        47.5: half,
        48.5: half,
        49: "rounded up. The stencil does not hang over the edge.",
        47: "the first place counts too: the formula ends with + 1.",
        46: "that is without padding. How wide is the picture with two rows of zeros at both ends?",
        50: "that is without the stencil. How far can a stencil of 5 go?",
        96: "with a stride of 1 the side would stay 96. The stencil moves on by two pixels.",
        48 * 48: "that is the number of places. One side was asked for.",
    }
    slip(number(side), 48, wrong, "⌊(length + 2 · padding − size) / stride⌋ + 1, with 96, 2, 5 and 2.")
    parameters = number(parameters)
    wrong = {
        400: "the side is right. The picture has three channels, and a filter has a layer for each of them.",
        416: "the biases are there, but each filter has a layer for each of the three channels.",
        1200: "the side is right, and so are the filters. Each of the 16 has a bias as well.",
        1201: "one bias for all? Each of the 16 filters has its own.",
        1248: "one bias for each layer? Each filter adds its three layers up and has one bias.",
    }
    otherwise = (
        "the side is right. Count one filter's numbers in all its layers, and its bias; then times 16."
    )
    if parameters >= 1200 * 48:
        otherwise = "the same stencil is laid on every place: the number of places does not count."
    slip(parameters, 1216, wrong, otherwise)
    return "48 × 48 places and (5 · 5 · 3 + 1) · 16 = 1,216 parameters, whatever the size of the picture."


@check
def check_convolve(convolve: Callable[[Tensor, Tensor], Tensor]) -> str:
    """A function from a picture (h, w) and a stencil (kh, kw) to the answers at every place."""
    generator = torch.Generator().manual_seed(0)
    picture, stencil = torch.randn(5, 7, generator=generator), torch.randn(2, 3, generator=generator)
    right, turned = (conv2d(picture[None, None], x[None, None])[0, 0] for x in (stencil, stencil.flip(0, 1)))
    shapes = {
        (5, 7): "one answer for each pixel? Where the stencil would hang over the edge there is no place: "
        "a picture of 5 × 7 has 4 × 5 places for a stencil of 2 × 3.",
        (3, 4): "the last row and column of places are missing. How many times does a 2 fit into 5, sliding?",
        (5, 4): "the answers lie on their side: rows first, then columns.",
    }
    got = convolve(picture.clone(), stencil.clone())
    got = shaped(got, (4, 5), "5 × 7 pixels and a stencil of 2 × 3 give 4 × 5 answers", shapes)
    wrong = {
        turned: "that is the convolution of mathematics, with the stencil turned by half a circle. "
        "Networks do not turn it.",
        right / stencil.numel(): "a mean was taken where a sum is meant: multiply and add up.",
    }
    otherwise = f"the upper left answer is {right[0, 0]:.3f}, not {got[0, 0]:.3f}. "
    otherwise += "Multiply the patch and the stencil number by number, and add up."
    slip(got, right, wrong, otherwise, atol=1e-4)
    square, one = torch.arange(9.0).reshape(3, 3), torch.tensor([[2.0]])
    hint = "right for a stencil of 2 × 3. One pixel is a stencil too, and so is one as large as the picture."
    slip(convolve(square.clone(), one.clone()), 2 * square, otherwise=hint)
    slip(convolve(square.clone(), square.clone()), [[204]], otherwise=hint)
    return "4 × 5 answers, each the sum of six products."


@check
def check_filter_gradient(gradient: Callable[[Tensor, Tensor], Tensor]) -> str:
    """A function from the upstream gradient (rows, columns) and a picture (h, w) to that of the stencil."""
    generator = torch.Generator().manual_seed(1)
    picture, stencil = torch.randn(5, 6, generator=generator), torch.randn(2, 3, generator=generator)
    upstream = torch.randn(4, 4, generator=generator)
    right = conv2d_backward(upstream[None, None], picture[None, None], stencil[None, None]).filters[0, 0]
    shapes = {
        (5, 6): "that has the shape of the picture. A gradient has the shape of what it belongs to: "
        "here the stencil.",
        (4, 4): "that has the shape of the answers. Each weight took part in all of them: add them up.",
    }
    got = gradient(upstream.clone(), picture.clone())
    got = shaped(got, (2, 3), "upstream 4 × 4 and picture 5 × 6 belong to a stencil of 2 × 3", shapes)
    ones = conv2d(picture[None, None], torch.ones(1, 1, 4, 4))[0, 0]
    wrong = {
        right.flip(0, 1): "all the numbers are there, turned by half a circle. "
        "Which pixels did the upper left weight meet: those above and left, or below and right?",
        right / 16: "a mean over the places. The loss is a sum over all of them, and so is its derivative.",
        ones: "the pixels are added up without upstream. An answer that the loss cares for more counts more.",
        -right: "that is the way downhill. The derivative itself has the other sign.",
    }
    otherwise = "weight (0, 0) touched picture[row, column] for the answer at (row, column), "
    otherwise += "so its derivative is the sum of upstream times these pixels: "
    slip(got, right, wrong, otherwise + f"{right[0, 0]:.3f}, not {got[0, 0]:.3f}.", atol=1e-4)
    return "one number per weight, each a sum over all places: the picture, convolved with upstream."


@check
def check_same_pooled(one: Any, other: Any) -> str:
    """Two times two maps (2, 3, 3) that global pooling cannot tell apart and flattening finds unlike."""
    one, other = (torch.as_tensor(numbers(maps), dtype=torch.float64) for maps in (one, other))
    for name, maps in (("first", one), ("second", other)):
        shaped(maps, (2, 3, 3), f"two maps of 3 × 3 are asked for in the {name} picture, so (2, 3, 3)")
        if not maps.isfinite().all():
            raise NotYet(f"the {name} one holds a number that is none.")
        if not maps.mean(dim=(1, 2)).norm() > 1e-6:
            raise NotYet(f"both maps of the {name} one have a mean of 0: a vector without a direction.")
    if same(one, other):
        raise NotYet("they are the same. Move something.")
    pooled = F.cosine_similarity(one.mean(dim=(1, 2)), other.mean(dim=(1, 2)), dim=0).item()
    flat = F.cosine_similarity(one.flatten(), other.flatten(), dim=0).item()
    if pooled < 1 - 1e-5:
        raise NotYet(f"pooled, their cosine is {pooled:.3f}, not 1. What leaves the mean of a map as it is?")
    if flat > 0.1:
        raise NotYet(
            f"pooled they are the same, but laid out flat their cosine is still {flat:.2f}. "
            "Where one of them has something, let the other have nothing."
        )
    if flat < -0.1:
        raise NotYet(
            f"laid out flat, their cosine is {flat:.2f}: where one is above 0, the other is below. "
            "Having nothing in common is a cosine of 0."
        )
    return (
        f"pooled, their cosine is 1; laid out flat, it is {flat + 0.0:.2f}. The same things in other places."
    )


@check
def check_prepare(prepare: Callable[[Image.Image], Tensor]) -> str:
    """A function from a picture of any shape to (3, 32, 32) numbers from −1 to 1: the middle, RGB."""
    last = {(32, 32, 3): "the channels come last, as Pillow has them. torch wants them first: permute."}

    def prepared(picture: Image.Image) -> Tensor:
        rule = "3 channels of 32 × 32 are asked for"
        return torch.as_tensor(shaped(prepare(picture.copy()), (3, 32, 32), rule, last), dtype=torch.float32)

    wanted = torch.full((3, 32, 32), -1.0)
    wanted[0, :8], wanted[1, 8:] = 1, 1
    got = prepared(_striped(32))
    if got.abs().max() > 2:
        raise NotYet(f"the largest number is {got.abs().max():.3g}. Bring 0 … 255 to −1 … 1.")
    if got.min() >= 0:
        raise NotYet("nothing is below 0. Bring 0 … 255 to −1 … 1, so that a middle grey is 0.")
    if not (np.isclose(got.min(), -1, atol=0.02) and np.isclose(got.max(), 1, atol=0.02)):
        raise NotYet(f"black should be −1, full light 1; yours run from {got.min():.2f} to {got.max():.2f}.")
    wrong = {
        wanted.flip(0): "red comes out as blue: the channels are in the order B, G, R.",
        wanted.transpose(1, 2): "the picture lies on its side: rows first, then columns.",
    }
    otherwise = "the middle of the test picture is red above and green below, and yours is not."
    if (got[2] > 0).float().mean() > 0.3:
        otherwise = "too much of the blue from the sides is in it: the wide picture was squeezed or padded. "
        otherwise += "Cut out the middle square."
    slip(got, wanted, wrong, otherwise, atol=0.1)
    rows = [3, 4, *range(12, 29)]  # away from the edges, which each way of resizing blurs otherwise
    large, upright = prepared(_striped(64)), prepared(_striped(64, upright=True))
    hint = "right for a picture 32 pixels high. Larger ones are made smaller, not only cut."
    slip(large[:, rows, 3:29], wanted[:, rows, 3:29], otherwise=hint, atol=0.1)
    hint = "right for a wide picture, wrong for an upright one: of that, too, the middle square is wanted."
    slip(upright[:, rows, 3:29], wanted[:, rows, 3:29], otherwise=hint, atol=0.1)
    for mode in ("L", "RGBA", "P", "1"):
        white = Image.new("RGB", (1, 1), "white").convert(mode)
        what = f"a white pixel of Pillow's mode {mode}"
        try:
            pixel = prepare(white)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            raise NotYet(f"{what} stopped your code: {error}. Which mode has three channels?") from None
        rule = f"{what} should become (3, 32, 32) as well (which mode has three channels?)"
        pixel = shaped(pixel, (3, 32, 32), rule)
        slip(pixel, np.ones((3, 32, 32)), otherwise=f"{what} should come out white: 1 everywhere.", atol=0.02)
    return "the middle square, RGB, channels first, −1 to 1. Even from a single grey pixel."


def _striped(side: int, upright: bool = False) -> Image.Image:
    """A square, a quarter red over green, between two blue ones: left and right, or above and below."""
    picture, corner = Image.new("RGB", (side, 3 * side) if upright else (3 * side, side), "blue"), (0, side)
    left, top = corner if upright else corner[::-1]
    picture.paste((255, 0, 0), (left, top, left + side, top + side // 4))
    picture.paste((0, 255, 0), (left, top + side // 4, left + side, top + side))
    return picture
