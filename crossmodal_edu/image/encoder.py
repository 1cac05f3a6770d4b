"""The picture encoder: a small residual convolutional network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.encoders import NetworkEncoder
from crossmodal_edu.modality import Modality, Query, open_image


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions whose result is added to what came in.

    Notes
    -----
    Chapter 07. He, Zhang, Ren, Sun (2016), figure 2.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        inner = F.relu(self.first_norm(self.first(maps)))
        return F.relu(maps + self.second_norm(self.second(inner)))


class ImageEncoder(NetworkEncoder):
    """Pictures to vectors.

    A first layer cuts the picture into 4×4 patches, as coarse as the eye of a network
    this small can use; each further stage halves height and width, widens the channels
    and refines them with a residual block. The mean over all places is the picture.

    A stem looks closer: its patches of 4×4 lie two pixels apart and overlap.

    Parameters
    ----------
    size : (int, int)
        Height and width, in pixels, that pictures are brought to; multiples of
        4 · 2^(stages − 1) waste nothing.
    channels : sequence of int
        Channels of each stage.
    dimensions : int
        Numbers per picture vector.
    stem : int
        Channels of a stem before the stages; 0 for none.
    strides : sequence of int
        By how much each stage shrinks height and width; by default 4 (after a stem 2), then 2 each.
    maximum : bool
        Whether the maximum over all places stands beside the mean.

    Notes
    -----
    Chapter 07. He et al. (2016); the patch layer as in
    Dosovitskiy et al. (2021), section 3.1.

    Examples
    --------
    >>> encoder = ImageEncoder(size=(64, 48), dimensions=6)
    >>> encoder.embed([Image.new("RGB", (60, 80), "red")]).shape
    torch.Size([1, 6])
    """

    modality = Modality.IMAGE

    def __init__(
        self,
        size: Sequence[int] = (64, 64),
        channels: Sequence[int] = (64, 128, 256),
        dimensions: int = 256,
        dropout: float = 0.0,
        stem: int = 0,
        strides: Sequence[int] = (),
        maximum: bool = False,
    ):
        super().__init__()
        self.size, self.channels = tuple(size), tuple(channels)
        self.dimensions, self.stem, self.maximum = dimensions, stem, maximum
        self.strides = tuple(strides) or (2 if stem else 4, *[2] * (len(channels) - 1))
        stages: list[nn.Module] = []
        before = stem or 3
        if stem:
            stages += [nn.Conv2d(3, stem, 4, 2, padding=1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()]
        for width, patch in zip(channels, self.strides, strict=True):
            stages += [
                nn.Conv2d(before, width, patch, stride=patch, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                ResidualBlock(width),
            ]
            before = width
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout)
        self.features = 2 * before if maximum else before
        self.project = nn.Linear(self.features, dimensions)

    def prepare(self, images: Sequence[Query]) -> UInt8[Tensor, "n 3 h w"]:
        """Bring pictures to one size; what is missing in height or width becomes white."""
        height, width = self.size
        # Pillow draws very flat pictures with less than one pixel in height, and fails.
        padded = (
            ImageOps.pad(image, (width, height), Image.Resampling.BICUBIC, color="white")
            if min(image.size) * 200 > max(image.size)
            else image.resize((width, height))
            for image in map(open_image, images)
        )
        return torch.from_numpy(np.stack([np.asarray(image) for image in padded])).permute(0, 3, 1, 2)

    def seen(self, pixels: UInt8[Tensor, "n 3 h w"] | Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n f"]:
        """What is seen anywhere in a picture, before it is brought to the size of a vector."""
        scaled = pixels.float() / 127.5 - 1.0  # 0…255 to −1…1
        maps = self.stages(scaled.contiguous(memory_format=torch.channels_last))  # (n, c, h/16, w/16)
        mean = maps.mean(dim=(2, 3))
        return torch.cat([mean, maps.amax((2, 3))], dim=1) if self.maximum else mean

    def forward(self, pixels: UInt8[Tensor, "n 3 h w"] | Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]:
        return self.project(self.dropout(self.seen(pixels)))

    def settings(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "channels": self.channels,
            "dimensions": self.dimensions,
            "dropout": self.dropout.p,
            "stem": self.stem,
            "strides": self.strides,
            "maximum": self.maximum,
        }
