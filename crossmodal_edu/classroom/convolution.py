"""Convolution and pooling from scratch: as loops, as one matrix product, and backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.errors import InputError


def output_size(length: int, size: int, stride: int = 1, padding: int = 0) -> int:
    """How many places a stencil takes along one side of a picture.

    Parameters
    ----------
    length : int
        The side of the picture, in pixels.
    size : int
        The side of the stencil.
    stride : int
        Step from one place to the next.
    padding : int
        Rows or columns of zeros added at each end.

    Returns
    -------
    int

    Raises
    ------
    InputError
        If the stencil is larger than the padded picture, or a number is not one that can be.

    Notes
    -----
    Chapter 07. Dumoulin and Visin (2016), relationship 6.

    Examples
    --------
    >>> output_size(5, 3), output_size(28, 3, padding=1), output_size(28, 2, stride=2)
    (3, 28, 14)
    """
    _check_side(length, size, stride, padding)
    return (length + 2 * padding - size) // stride + 1


def conv2d_loops(
    pictures: Float[Tensor, "n c h w"],
    filters: Float[Tensor, "o c kh kw"],
    bias: Float[Tensor, "o"] | None = None,
    stride: int = 1,
    padding: int = 0,
) -> Float[Tensor, "n o rows columns"]:
    """Lay every filter on every place of every picture, multiply and add up: the definition.

    Parameters
    ----------
    pictures : (n, c, h, w)
    filters : (o, c, kh, kw)
        One stencil per output map, with a layer for each of the c channels.
    bias : (o,), optional
        Added to all numbers of a map.
    stride, padding : int
        As in :func:`output_size`.

    Returns
    -------
    (n, o, rows, columns)

    Raises
    ------
    InputError
        If the shapes do not fit.

    Notes
    -----
    Chapter 07. Goodfellow, Bengio, Courville (2016), equation 9.6: the filter is not turned, so this is
    a cross-correlation, called convolution by custom.

    Examples
    --------
    >>> conv2d_loops(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    _check_convolution(pictures, filters, bias)
    padded = F.pad(pictures, (padding,) * 4)  # (n, c, h + 2p, w + 2p)
    kh, kw = filters.shape[2:]
    rows = output_size(pictures.shape[2], kh, stride, padding)
    columns = output_size(pictures.shape[3], kw, stride, padding)
    maps = pictures.new_zeros(len(pictures), len(filters), rows, columns)
    for i, picture in enumerate(padded):
        for j, stencil in enumerate(filters):
            for row in range(rows):
                for column in range(columns):
                    top, left = row * stride, column * stride
                    patch = picture[:, top : top + kh, left : left + kw]  # (c, kh, kw)
                    maps[i, j, row, column] = (patch * stencil).sum()
    return maps if bias is None else maps + bias[:, None, None]


def window_places(
    height: int, width: int, size: Sequence[int], stride: int = 1
) -> Int[Tensor, "k rows columns"]:
    """Where the numbers under a stencil lie in a picture that is written as one long row.

    Parameters
    ----------
    height, width : int
        Of the picture, padding included.
    size : (int, int)
        Height and width of the stencil.
    stride : int

    Returns
    -------
    (k, rows, columns)
        Number i of the stencil, laid on place (row, column), covers this position; k = kh · kw.

    Raises
    ------
    InputError
        If the stencil is larger than the picture.

    Notes
    -----
    Chapter 07. Chellapilla, Puri, Simard (2006).

    Examples
    --------
    >>> window_places(3, 4, (2, 2))[:, 0, 0].tolist()
    [0, 1, 4, 5]
    """
    kh, kw = size
    rows, columns = output_size(height, kh, stride), output_size(width, kw, stride)
    within = torch.arange(kh)[:, None] * width + torch.arange(kw)  # (kh, kw)
    corners = torch.arange(rows)[:, None] * width + torch.arange(columns)  # (rows, columns)
    return within.flatten()[:, None, None] + stride * corners


def im2col(
    pictures: Float[Tensor, "n c h w"], size: Sequence[int], stride: int = 1, padding: int = 0
) -> Float[Tensor, "n ck places"]:
    """Every patch that a stencil covers, as a column of a matrix.

    Parameters
    ----------
    pictures : (n, c, h, w)
    size : (int, int)
        Height and width of the stencil.
    stride, padding : int
        As in :func:`output_size`.

    Returns
    -------
    (n, c · kh · kw, rows · columns)
        Places in reading order; within a column first all of channel 0. About kh · kw / stride² times
        as many numbers as the pictures have.

    Raises
    ------
    InputError
        If the stencil is larger than the padded picture.

    Notes
    -----
    Chapter 07. Chellapilla, Puri, Simard (2006); ``torch.nn.functional.unfold`` gives the same.

    Examples
    --------
    >>> im2col(torch.arange(9.0).view(1, 1, 3, 3), (2, 2))[0, :, 0]
    tensor([0., 1., 3., 4.])
    """
    padded = F.pad(pictures, (padding,) * 4)  # (n, c, h + 2p, w + 2p)
    places = window_places(*padded.shape[2:], size, stride)  # (k, rows, columns)
    return padded.flatten(2)[:, :, places.flatten(1)].flatten(1, 2)


def col2im(
    columns: Float[Tensor, "n ck places"],
    height: int,
    width: int,
    size: Sequence[int],
    stride: int = 1,
    padding: int = 0,
) -> Float[Tensor, "n c {height} {width}"]:
    """Put the columns back where :func:`im2col` took them from, and add up what falls on the same pixel.

    Parameters
    ----------
    columns : (n, c · kh · kw, rows · columns)
    height, width : int
        Of the pictures, without padding.
    size : (int, int)
    stride, padding : int
        As they were for :func:`im2col`.

    Returns
    -------
    (n, c, height, width)

    Raises
    ------
    InputError
        If the stencil is larger than the padded picture.

    Notes
    -----
    Chapter 07. The transpose of :func:`im2col` as a linear map; ``torch.nn.functional.fold`` gives the same.

    Examples
    --------
    >>> col2im(im2col(torch.ones(1, 1, 3, 3), (2, 2)), 3, 3, (2, 2))[0, 0]
    tensor([[1., 2., 1.],
            [2., 4., 2.],
            [1., 2., 1.]])
    """
    tall, wide = height + 2 * padding, width + 2 * padding
    places = window_places(tall, wide, size, stride).flatten()  # (k · rows · columns,)
    per_channel = columns.reshape(len(columns), -1, len(places))  # (n, c, k · rows · columns)
    sums = columns.new_zeros(*per_channel.shape[:2], tall * wide)
    sums.index_add_(2, places, per_channel)
    return sums.unflatten(2, (tall, wide))[:, :, padding : padding + height, padding : padding + width]


def conv2d(
    pictures: Float[Tensor, "n c h w"],
    filters: Float[Tensor, "o c kh kw"],
    bias: Float[Tensor, "o"] | None = None,
    stride: int = 1,
    padding: int = 0,
) -> Float[Tensor, "n o rows columns"]:
    """:func:`conv2d_loops` as one product of two matrices.

    Parameters
    ----------
    pictures : (n, c, h, w)
    filters : (o, c, kh, kw)
    bias : (o,), optional
    stride, padding : int
        As in :func:`output_size`.

    Returns
    -------
    (n, o, rows, columns)

    Raises
    ------
    InputError
        If the shapes do not fit.

    Notes
    -----
    Chapter 07. Chellapilla, Puri, Simard (2006).

    Examples
    --------
    >>> conv2d(torch.ones(2, 3, 8, 8), torch.ones(4, 3, 3, 3), stride=2, padding=1).shape
    torch.Size([2, 4, 4, 4])
    """
    _check_convolution(pictures, filters, bias)
    columns = im2col(pictures, filters.shape[2:], stride, padding)  # (n, c·k, places)
    maps = filters.flatten(1) @ columns  # (o, c·k) @ (n, c·k, places) → (n, o, places)
    if bias is not None:
        maps = maps + bias[:, None]
    return maps.unflatten(2, (output_size(pictures.shape[2], filters.shape[2], stride, padding), -1))


@dataclass(frozen=True, eq=False)
class ConvolutionGradients:
    """How the loss changes with each number that went into a convolution; shapes as those had."""

    pictures: Float[Tensor, "n c h w"]
    filters: Float[Tensor, "o c kh kw"]
    bias: Float[Tensor, "o"]


def conv2d_backward(
    upstream: Float[Tensor, "n o rows columns"],
    pictures: Float[Tensor, "n c h w"],
    filters: Float[Tensor, "o c kh kw"],
    stride: int = 1,
    padding: int = 0,
) -> ConvolutionGradients:
    """From the gradient at the maps to those at pictures, filters and bias.

    Parameters
    ----------
    upstream : (n, o, rows, columns)
        The derivative of the loss with respect to each number that :func:`conv2d` gave.
    pictures : (n, c, h, w)
    filters : (o, c, kh, kw)
    stride, padding : int
        As they were on the way forward.

    Returns
    -------
    ConvolutionGradients

    Raises
    ------
    InputError
        If the shapes do not fit.

    Notes
    -----
    Chapter 07. Goodfellow, Bengio, Courville (2016), equations 9.11 and 9.13.

    Examples
    --------
    >>> ones = torch.ones(1, 1, 3, 3)
    >>> conv2d_backward(torch.ones(1, 1, 2, 2), ones, torch.ones(1, 1, 2, 2)).filters
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    _check_convolution(pictures, filters, None)
    size = filters.shape[2:]
    columns = im2col(pictures, size, stride, padding)  # (n, c·k, places)
    flat = upstream.flatten(2)  # (n, o, places)
    for_columns = filters.flatten(1).T @ flat  # (c·k, o) @ (n, o, places) → (n, c·k, places)
    return ConvolutionGradients(
        pictures=col2im(for_columns, *pictures.shape[2:], size, stride, padding),
        filters=torch.einsum("nop,nkp->ok", flat, columns).reshape(filters.shape),
        bias=upstream.sum(dim=(0, 2, 3)),
    )


def max_pool2d(
    maps: Float[Tensor, "n c h w"], size: int = 2, stride: int | None = None
) -> Float[Tensor, "n c rows columns"]:
    """The largest number under each window: is the pattern anywhere in here?

    Parameters
    ----------
    maps : (n, c, h, w)
    size : int
        Side of the window.
    stride : int, optional
        Step from window to window; without it the windows touch. What is left over at the right and
        at the bottom is not looked at.

    Returns
    -------
    (n, c, rows, columns)

    Raises
    ------
    InputError
        If the window is larger than the maps.

    Notes
    -----
    Chapter 07. Goodfellow, Bengio, Courville (2016), section 9.3.

    Examples
    --------
    >>> max_pool2d(torch.arange(16.0).view(1, 1, 4, 4))[0, 0]
    tensor([[ 5.,  7.],
            [13., 15.]])
    """
    places = window_places(*maps.shape[2:], (size, size), stride or size)  # (k, rows, columns)
    return maps.flatten(2)[:, :, places].amax(dim=2)


def average_pool2d(
    maps: Float[Tensor, "n c h w"], size: int = 2, stride: int | None = None
) -> Float[Tensor, "n c rows columns"]:
    """The mean of the numbers under each window: how much of the pattern is in here?

    Parameters
    ----------
    maps : (n, c, h, w)
    size : int
        Side of the window.
    stride : int, optional
        As in :func:`max_pool2d`.

    Returns
    -------
    (n, c, rows, columns)

    Raises
    ------
    InputError
        If the window is larger than the maps.

    Notes
    -----
    Chapter 07. LeCun et al. (1998), section II.A.

    Examples
    --------
    >>> average_pool2d(torch.arange(16.0).view(1, 1, 4, 4))[0, 0]
    tensor([[ 2.5000,  4.5000],
            [10.5000, 12.5000]])
    """
    places = window_places(*maps.shape[2:], (size, size), stride or size)  # (k, rows, columns)
    return maps.flatten(2)[:, :, places].mean(dim=2)


def _check_side(length: int, size: int, stride: int, padding: int) -> None:
    if size < 1 or stride < 1 or padding < 0:
        told = f"A stencil of {size} pixels with stride {stride} and padding {padding} cannot be laid."
        raise InputError(told, accepted="size and stride of 1 or more, padding of 0 or more.")
    if length + 2 * padding < size:
        raise InputError(
            f"A stencil of {size} pixels does not fit on {length} pixels with padding {padding}.",
            accepted="a stencil no larger than the padded picture.",
            remedy="Enlarge the picture, add padding, or leave out a layer that halves the size.",
        )


def _check_convolution(pictures: Tensor, filters: Tensor, bias: Tensor | None) -> None:
    if pictures.ndim != 4 or filters.ndim != 4 or pictures.shape[1] != filters.shape[1]:
        raise InputError(
            f"Filters of {tuple(filters.shape)} cannot be laid on pictures of {tuple(pictures.shape)}.",
            accepted="pictures (n, channels, height, width), filters (maps, channels, height, width).",
            remedy="Bring the channels to second place: pictures.permute(0, 3, 1, 2).",
        )
    if bias is not None and bias.shape != filters.shape[:1]:
        told = f"{len(filters)} filters need as many biases, not {tuple(bias.shape)}."
        raise InputError(told, accepted="one number per filter.")
