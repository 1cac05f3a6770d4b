"""A small convolutional network, each of whose shapes fits on a page."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn


class SmallCNN(nn.Module):
    """A small convolutional network: pictures to class scores.

    Each stage is one or more 3×3 convolutions, each followed by batch normalisation and ReLU; between
    stages a maximum over 2×2 halves height and width.

    Parameters
    ----------
    classes : int
    channels : int
        1 for grey pictures, 3 for colour.
    widths : sequence of int
        Maps in each stage.
    depth : int
        Convolutions in each stage.
    dropout : float
        Share of the features that are left out by chance in training.

    Notes
    -----
    Chapter 07. LeCun et al. (1998), section II; Ioffe and Szegedy (2015), section 3.2; the mean over all
    places as in Lin, Chen, Yan (2014), section 3.2.

    Examples
    --------
    >>> SmallCNN(classes=10)(torch.zeros(2, 1, 28, 28, dtype=torch.uint8)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        classes: int,
        channels: int = 1,
        widths: Sequence[int] = (32, 64, 128),
        depth: int = 1,
        dropout: float = 0.0,
    ):
        super().__init__()
        layers: list[nn.Module] = []
        for stage, width in enumerate(widths):
            if stage > 0:
                layers.append(nn.MaxPool2d(2))  # halves height and width
            for _ in range(depth):
                layers += [
                    nn.Conv2d(channels, width, 3, padding=1, bias=False),  # the norm has a bias of its own
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                ]
                channels = width
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(channels, classes)

    def maps(self, pixels: UInt8[Tensor, "n c h w"] | Float[Tensor, "n c h w"]) -> Float[Tensor, "n o y x"]:
        """What the last convolution sees, place by place."""
        scaled = pixels.float() / 255  # 0…255 to 0…1, so that the zeros of the padding are black
        return self.layers(scaled.contiguous(memory_format=torch.channels_last))

    def features(
        self, pixels: UInt8[Tensor, "n c h w"] | Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n features"]:
        """One number per map, its mean, so that pictures of any size will do."""
        return self.maps(pixels).mean(dim=(2, 3))

    def forward(
        self, pixels: UInt8[Tensor, "n c h w"] | Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n classes"]:
        return self.classify(self.dropout(self.features(pixels)))
