"""The trained backbones: weights beside their package, and odd pictures."""

from __future__ import annotations

import io
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision.transforms.v2.functional import normalize

from crossmodal_edu.errors import DataMissingError
from crossmodal_edu.image.augment import view_each
from crossmodal_edu.image.backbone import _PACKAGE, _SHA256, _WEIGHTS, Backbone, Lite0, load_resnet18
from crossmodal_edu.image.encoder import ImageEncoder
from crossmodal_edu.modality import open_image
from crossmodal_edu.saving import installed_file
from crossmodal_edu.training import inference


@pytest.fixture(scope="module")
def lite0() -> Backbone:
    return Lite0(size=64)


def test_lite0_is_the_package_s_network_without_its_last_layer(lite0):
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_name("efficientnet-lite0", image_size=64)
    net.load_state_dict(
        torch.load(installed_file(_PACKAGE, f"models/{_WEIGHTS}", _SHA256), weights_only=True)
    )
    pixels = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    with inference(net), inference(lite0):
        expected = net.extract_features((pixels.float() - 127) / 128)
        torch.testing.assert_close(lite0.maps(pixels), expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(lite0(pixels), expected.mean(dim=(2, 3)), atol=1e-4, rtol=1e-4)


def test_random_weights_are_other_weights(lite0):
    image = Image.new("RGB", (64, 64), "red")
    assert not torch.allclose(Lite0(size=64, pretrained=False).embed([image]), lite0.embed([image]))


def test_a_missing_architecture_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(DataMissingError, match="efficientnet_lite_pytorch"):
        Lite0()


def test_resnet18_is_torchvision_s_without_its_last_layer():
    torch.manual_seed(3)
    ours = load_resnet18(size=64)
    torch.manual_seed(3)
    net = torchvision.models.resnet18().eval()
    net.fc = nn.Identity()
    pixels = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        scaled = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms()
        expected = net(normalize(pixels / 255, scaled.mean, scaled.std))
        torch.testing.assert_close(ours(pixels), expected, atol=1e-4, rtol=1e-4)


def test_resnet18_without_a_network_says_what_to_do(monkeypatch):
    def unreachable(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr(torchvision.models.ResNet18_Weights, "get_state_dict", unreachable)
    with pytest.raises(DataMissingError, match=r"no network[\s\S]*Lite0"):
        load_resnet18(pretrained=True)


# --- preparing -------------------------------------------------------------------------------------------


def test_the_middle_square_is_kept():
    wide = Image.new("RGB", (96, 32), "white")
    wide.paste("red", (32, 0, 64, 32))
    pixels = Backbone(nn.Identity(), 3, size=32).prepare([wide])
    assert (pixels[0, 0] == 255).all() and (pixels[0, 1:] == 0).all()


def test_each_channel_is_normalised_by_its_own_numbers():
    backbone = Backbone(nn.Identity(), 3, size=2, mean=(10, 20, 30), deviation=(1, 2, 4))
    pixels = torch.tensor([12.0, 24.0, 38.0]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    assert backbone.normalise(pixels)[0, :, 0, 0].tolist() == [2, 2, 2]


def test_the_size_of_a_batch_does_not_change_a_feature(lite0, rng, monkeypatch):
    images = [Image.fromarray(rng.integers(0, 256, (70, 64, 3), dtype=np.uint8)) for _ in range(5)]
    together = lite0.embed(images)
    monkeypatch.setattr(Lite0, "budget", 2)
    torch.testing.assert_close(lite0.embed(images), together, atol=1e-4, rtol=1e-4)


def _file(image: Image.Image, form: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def _sixteen_bits() -> bytes:
    ramp = np.linspace(0, 65_535, 64 * 64).reshape(64, 64).astype(np.uint16)
    return _file(Image.fromarray(ramp), "PNG")


ODD = {
    "1 × 1": lambda: Image.new("RGB", (1, 1), "red"),
    "20,000 × 10": lambda: Image.new("RGB", (20_000, 10), "red"),
    "10 × 20,000": lambda: Image.new("RGB", (10, 20_000), "red"),
    "16 bits": _sixteen_bits,
    "palette": lambda: _file(Image.new("P", (50, 40), 3), "PNG"),
    "palette with transparency": lambda: _file(Image.new("P", (50, 40), 3), "PNG", transparency=3),
    "one bit": lambda: _file(Image.new("1", (50, 40)), "PNG"),
    "CMYK": lambda: _file(Image.new("CMYK", (50, 40)), "JPEG"),
    "animated": lambda: _file(
        Image.new("RGB", (50, 40), "red"),
        "GIF",
        save_all=True,
        append_images=[Image.new("RGB", (50, 40), "blue")],
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pictures_have_finite_features(lite0, name):
    source = ODD[name]()
    features = lite0.embed([source if isinstance(source, bytes) else open_image(source)])
    assert features.shape == (1, 1280)
    assert features.isfinite().all()


@pytest.mark.parametrize("name", ODD)
def test_odd_pictures_have_finite_vectors(name):
    encoder = ImageEncoder(size=(64, 48), channels=(8, 16), dimensions=4).eval()
    with torch.inference_mode():
        vectors = encoder(encoder.prepare([open_image(ODD[name]())]))
    assert vectors.isfinite().all()


def test_sixteen_bits_keep_their_greys():
    pixels = Backbone(nn.Identity(), 3, size=64).prepare([_sixteen_bits()])
    assert pixels[0, 0, 0, 0] < 5 and pixels[0, 0, -1, -1] > 250
    assert 120 < pixels[0, 0].float().mean() < 135


def test_of_an_animation_the_first_picture_counts():
    pixels = Backbone(nn.Identity(), 3, size=8).prepare([ODD["animated"]()])
    assert pixels[0, :, 0, 0].tolist()[0] > 200 > 60 > pixels[0, :, 0, 0].tolist()[2]


# --- augmentation by torchvision ---------------------------------------------------------------------------


def test_each_picture_is_drawn_for_by_itself(rng):
    """A transform of torchvision given a whole batch would change all of its pictures alike."""
    from torchvision.transforms import v2

    pixels = torch.arange(64, dtype=torch.uint8).view(1, 1, 8, 8).expand(50, 1, 8, 8)
    torch.manual_seed(0)
    mirrored = view_each(v2.RandomHorizontalFlip(), pixels)
    assert 10 < (mirrored[:, 0, 0, 0] == 7).sum() < 40
    together = v2.RandomHorizontalFlip()(pixels)
    assert (together == together[:1]).all()
