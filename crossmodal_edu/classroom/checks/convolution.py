"""The checks of chapter 07: sizes, a convolution and its gradient, pooling, and preparing a photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.classroom.checks.checking import NotYet, check
from crossmodal_edu.image.convolution import conv2d, conv2d_backward


@check
def check_by_hand(side: Any, parameters: Any) -> str:
    """Side and parameters of a layer: 96 × 96 × 3, 16 filters of 5 × 5, stride 2, padding 2, with bias."""
    side, parameters = float(side), float(parameters)
    if side in (47.5, 48.5):
        raise NotYet(
            "half a place is no place: the stencil does not hang over the edge. Round down, then add 1."
        )
    if side == 47:
        raise NotYet("the first place counts too: the formula ends with + 1.")
    if side == 46:
        raise NotYet("that is without padding. How wide is the picture with two rows of zeros at both ends?")
    if side == 96:
        raise NotYet("with a stride of 1 the side would stay 96. The stencil moves on by two pixels.")
    if side == 48 * 48:
        raise NotYet("that is the number of places. One side was asked for.")
    if side != 48:
        raise NotYet("⌊(length + 2 · padding − size) / stride⌋ + 1, with 96, 2, 5 and 2.")
    if parameters == 5 * 5 * 16:
        raise NotYet(
            "the side is right. The picture has three channels, and a filter has a layer for each of them."
        )
    if parameters == 5 * 5 * 16 + 16:
        raise NotYet("the biases are there, but each filter has a layer for each of the three channels.")
    if parameters == 5 * 5 * 3 * 16:
        raise NotYet("the side is right, and so are the filters. Each of the 16 has a bias as well.")
    if parameters == 5 * 5 * 3 * 16 + 1:
        raise NotYet("one bias for all? Each of the 16 filters has its own.")
    if parameters >= 5 * 5 * 3 * 16 * 48:
        raise NotYet("the same stencil is laid on every place: the number of places does not count.")
    if parameters != 1216:
        raise NotYet(
            "the side is right. Count the numbers in one filter, all its layers; add its bias; then times 16."
        )
    return "48 × 48 places and (5 · 5 · 3 + 1) · 16 = 1,216 parameters, whatever the size of the picture."


@check
def check_convolve(convolve: Callable[[Tensor, Tensor], Tensor]) -> str:
    """A function from a picture (h, w) and a stencil (kh, kw) to the answers at every place."""
    generator = torch.Generator().manual_seed(0)
    picture, stencil = torch.randn(5, 7, generator=generator), torch.randn(2, 3, generator=generator)
    right = conv2d(picture[None, None], stencil[None, None])[0, 0]  # (4, 5)
    got = torch.as_tensor(convolve(picture.clone(), stencil.clone()), dtype=torch.float32)
    if got.shape == picture.shape:
        raise NotYet(
            "one answer for each pixel? Where the stencil would hang over the edge there is no place: "
            "a picture of 5 × 7 has 4 × 5 places for a stencil of 2 × 3."
        )
    if got.shape == (5 - 2, 7 - 3):
        raise NotYet(
            "the last row and column of places are missing. How many times does a 2 fit into 5, sliding?"
        )
    if got.shape == right.T.shape and got.shape != right.shape:
        raise NotYet("the answers lie on their side: rows first, then columns.")
    if got.shape != right.shape:
        raise NotYet(f"5 × 7 pixels and a stencil of 2 × 3 give 4 × 5 answers, not {tuple(got.shape)}.")
    turned = conv2d(picture[None, None], stencil.flip(0, 1)[None, None])[0, 0]
    if torch.allclose(got, turned, atol=1e-4):
        raise NotYet(
            "that is the convolution of mathematics, with the stencil turned by half a circle. "
            "Networks do not turn it."
        )
    if torch.allclose(got, right / stencil.numel(), atol=1e-4):
        raise NotYet("a mean was taken where a sum is meant: multiply and add up.")
    if not torch.allclose(got, right, atol=1e-4):
        raise NotYet(
            f"the upper left answer is {right[0, 0]:.3f}, not {got[0, 0]:.3f}. "
            "Multiply the patch and the stencil number by number, and add up."
        )
    return "4 × 5 answers, each the sum of six products."


@check
def check_filter_gradient(gradient: Callable[[Tensor, Tensor], Tensor]) -> str:
    """A function from the upstream gradient (rows, columns) and a picture (h, w) to that of the stencil."""
    generator = torch.Generator().manual_seed(1)
    picture, stencil = torch.randn(5, 6, generator=generator), torch.randn(2, 3, generator=generator)
    upstream = torch.randn(4, 4, generator=generator)
    right = conv2d_backward(upstream[None, None], picture[None, None], stencil[None, None])
    got = torch.as_tensor(gradient(upstream.clone(), picture.clone()), dtype=torch.float32)
    wanted = right.filters[0, 0]  # (2, 3)
    if got.shape == picture.shape:
        raise NotYet(
            "that has the shape of the picture. A gradient has the shape of what it belongs to: "
            "here the stencil."
        )
    if got.shape == upstream.shape:
        raise NotYet(
            "that has the shape of the answers. Each weight took part in all of them: add up over the places."
        )
    if got.shape != wanted.shape:
        raise NotYet(
            "upstream 4 × 4 and picture 5 × 6 belong to a stencil of 2 × 3; "
            f"yours has the shape {tuple(got.shape)}."
        )
    if torch.allclose(got, wanted.flip(0, 1), atol=1e-4):
        raise NotYet(
            "all the numbers are there, turned by half a circle. "
            "Which pixels did the upper left weight meet: those above and left, or below and right?"
        )
    if torch.allclose(got, wanted / upstream.numel(), atol=1e-4):
        raise NotYet("a mean over the places. The loss is a sum over all of them, and so is its derivative.")
    ones = conv2d(picture[None, None], torch.ones(1, 1, 4, 4))[0, 0]
    if torch.allclose(got, ones, atol=1e-4):
        raise NotYet(
            "the pixels are added up without upstream. An answer that the loss cares for more counts more."
        )
    if not torch.allclose(got, wanted, atol=1e-4):
        raise NotYet(
            "weight (0, 0) touched picture[row, column] for the answer at (row, column), "
            "so its derivative is the sum of upstream times these pixels: "
            f"{wanted[0, 0]:.3f}, not {got[0, 0]:.3f}."
        )
    return "one number per weight, each a sum over all places: the picture, convolved with upstream."


@check
def check_same_pooled(one: Any, other: Any) -> str:
    """Two times two maps (2, 3, 3) that global pooling cannot tell apart and flattening finds unlike."""
    one, other = (torch.as_tensor(maps, dtype=torch.float32) for maps in (one, other))
    for name, maps in (("first", one), ("second", other)):
        if tuple(maps.shape) != (2, 3, 3):
            raise NotYet(f"the {name} one has the shape {tuple(maps.shape)}; asked are two maps of 3 × 3.")
        if not maps.isfinite().all():
            raise NotYet(f"the {name} one holds a number that is none.")
        if not maps.mean(dim=(1, 2)).norm() > 1e-6:
            raise NotYet(
                f"the mean of both maps of the {name} one is 0, and a vector of zeros has no direction."
            )
    if torch.allclose(one, other):
        raise NotYet("they are the same. Move something.")
    pooled = F.cosine_similarity(one.mean(dim=(1, 2)), other.mean(dim=(1, 2)), dim=0).item()
    flat = F.cosine_similarity(one.flatten(), other.flatten(), dim=0).item()
    if pooled < 1 - 1e-5:
        raise NotYet(
            f"pooled, their cosine is {pooled:.3f}, not 1. "
            "What may you do to a map without changing its mean?"
        )
    if flat > 0.1:
        raise NotYet(
            f"pooled they are the same, but laid out flat their cosine is still {flat:.2f}. "
            "Where one of them has something, let the other have nothing."
        )
    return (
        f"pooled, their cosine is 1; laid out flat, it is {flat + 0.0:.2f}. The same things in other places."
    )


@check
def check_prepare(prepare: Callable[[Image.Image], Tensor]) -> str:
    """A function from a picture of any shape to (3, 32, 32) numbers from −1 to 1: the middle, RGB."""
    striped = Image.new("RGB", (96, 32), (0, 0, 255))  # blue, and in the middle red over green
    striped.paste((255, 0, 0), (32, 0, 64, 16))
    striped.paste((0, 255, 0), (32, 16, 64, 32))
    got = torch.as_tensor(np.asarray(prepare(striped.copy())), dtype=torch.float32)
    if tuple(got.shape) == (32, 32, 3):
        raise NotYet("the channels come last, as Pillow has them. torch wants them first: permute(2, 0, 1).")
    if tuple(got.shape) != (3, 32, 32):
        raise NotYet(f"asked are 3 channels of 32 × 32, not {tuple(got.shape)}.")
    if got.abs().max() > 2:
        raise NotYet(f"the largest number is {got.abs().max():.0f}. Bring 0 … 255 to −1 … 1.")
    if got.min() >= 0:
        raise NotYet("nothing is below 0. Bring 0 … 255 to −1 … 1, so that a middle grey is 0.")
    if not (np.isclose(got.min(), -1, atol=0.02) and np.isclose(got.max(), 1, atol=0.02)):
        raise NotYet(
            f"black should be −1 and full light 1; yours run from {got.min():.2f} to {got.max():.2f}."
        )
    wanted = torch.full((3, 32, 32), -1.0)
    wanted[0, :16], wanted[1, 16:] = 1, 1
    if torch.allclose(got, wanted.flip(0), atol=0.02):
        raise NotYet("red comes out as blue: the channels are in the order B, G, R.")
    if torch.allclose(got, wanted.transpose(1, 2), atol=0.02):
        raise NotYet("the picture lies on its side: rows first, then columns.")
    if (got[2] > 0).float().mean() > 0.3:
        raise NotYet(
            "too much of the blue from the sides is in it: the wide picture was squeezed or padded. "
            "Cut out the middle square."
        )
    if not torch.allclose(got, wanted, atol=0.1):
        raise NotYet("the middle of the test picture is red above and green below, and yours is not.")
    tiny = torch.as_tensor(np.asarray(prepare(Image.new("L", (1, 1), 255))), dtype=torch.float32)
    if tuple(tiny.shape) != (3, 32, 32):
        raise NotYet(
            f"a grey picture of one pixel became {tuple(tiny.shape)}. Which mode has three channels?"
        )
    return "the middle square, RGB, channels first, −1 to 1. Even from a single grey pixel."
