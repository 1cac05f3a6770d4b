"""Other views of the same picture, so that a network learns the thing and not its pixels."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional as F


def random_views(
    pixels: UInt8[Tensor, "n 3 h w"],
    generator: torch.Generator,
    zoom: float = 0.25,
    shift: float = 0.08,
    turn: float = 6.0,
    light: float = 0.15,
    flip: bool = True,
    blank: float = 0.0,
) -> Float[Tensor, "n 3 h w"]:
    """Zoom, shift, turn, mirror and relight each picture of a batch by chance.

    Parameters
    ----------
    pixels : (n, 3, h, w)
        Pictures, 0 to 255.
    generator : torch.Generator
        Where the chance comes from.
    zoom : float
        Scale between 1 − zoom and 1 + zoom / 3.
    shift : float
        Largest shift, as a share of height and width.
    turn : float
        Largest turn, in degrees.
    light : float
        Brightness and contrast change by up to this share.
    flip : bool
        Whether half of the pictures are mirrored.
    blank : float
        Side of a grey square that hides a part of every second picture, as a share of the height.

    Returns
    -------
    (n, 3, h, w)
        Pictures, 0 to 255. What comes in from outside is white.

    Notes
    -----
    Used in Chapter 07. Jaderberg et al. (2015), equation 1; DeVries and Taylor (2017) for the square.

    Examples
    --------
    >>> white = torch.full((2, 3, 8, 8), 255, dtype=torch.uint8)
    >>> random_views(white, torch.Generator().manual_seed(0), light=0.0).min().round()
    tensor(255.)
    """
    n, _, height, width = pixels.shape

    def uniform(low: float, high: float) -> Float[Tensor, "n"]:
        return torch.rand(n, generator=generator) * (high - low) + low

    angle = uniform(-turn, turn) * (math.pi / 180)
    scale = uniform(1 - zoom, 1 + zoom / 3)
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0) if flip else torch.ones(n)
    cos, sin, aspect = angle.cos() * scale, angle.sin() * scale, height / width
    rows = torch.stack(
        [
            *(cos * mirror, -sin * aspect, uniform(-2 * shift, 2 * shift)),
            *(sin / aspect * mirror, cos, uniform(-2 * shift, 2 * shift)),
        ],
        dim=1,
    ).view(n, 2, 3)
    # Turned so that white is zero: grid_sample fills what lies outside with zeros.
    dark = 255.0 - pixels.float()
    grid = F.affine_grid(rows, [n, 3, height, width], align_corners=False)
    seen = 255.0 - F.grid_sample(dark, grid, align_corners=False)
    gain, offset = uniform(1 - light, 1 + light), uniform(-255 * light, 255 * light) * 0.5
    seen = (seen * gain.view(n, 1, 1, 1) + offset.view(n, 1, 1, 1)).clamp(0, 255)
    if blank:
        down = (torch.arange(height) - uniform(0, height)[:, None]).abs() < blank * height / 2
        across = (torch.arange(width) - uniform(0, width)[:, None]).abs() < blank * height / 2
        hidden = down[:, :, None] & across[:, None] & (torch.arange(n) % 2 == 0)[:, None, None]
        seen = seen.masked_fill(hidden[:, None], 127.5)
    return seen


def view_each(
    transform: Callable[[Tensor], Tensor], pixels: UInt8[Tensor, "n c h w"]
) -> UInt8[Tensor, "n c _ _"] | Float[Tensor, "n c _ _"]:
    """A random transform of torchvision, drawn anew for each picture.

    Given a whole batch, a transform of torchvision draws once and changes all of its pictures alike.

    Parameters
    ----------
    transform : callable
        Takes one picture (c, h, w) and gives one, such as ``torchvision.transforms.v2.RandomCrop``.
    pixels : (n, c, h, w)

    Returns
    -------
    (n, c, h, w)
        Height and width as the transform leaves them.

    Notes
    -----
    Chapter 07.

    Examples
    --------
    >>> view_each(lambda picture: picture[:, :2], torch.zeros(4, 1, 3, 3, dtype=torch.uint8)).shape
    torch.Size([4, 1, 2, 3])
    """
    return torch.stack([transform(picture) for picture in pixels])
