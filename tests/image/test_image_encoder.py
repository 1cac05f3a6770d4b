"""The picture encoder and its augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal_edu.image.augment import random_views
from crossmodal_edu.image.encoder import ImageEncoder


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (60, 80), (500, 20), (96, 96)])
def test_any_shape_of_picture_is_brought_to_the_size(size):
    encoder = ImageEncoder(size=(64, 48), channels=(8, 16), dimensions=4).eval()
    pixels = encoder.prepare([Image.new("RGB", size, "red")])
    assert pixels.shape == (1, 3, 64, 48)
    assert pixels.dtype == torch.uint8
    assert encoder(pixels).isfinite().all()


def test_a_picture_keeps_its_proportions_and_white_is_added():
    wide = Image.new("RGB", (80, 20), "black")
    pixels = ImageEncoder(size=(64, 64)).prepare([wide])[0]
    dark = (pixels.float().mean(0) < 128).nonzero()
    height, width = (dark.max(0).values - dark.min(0).values + 1).tolist()
    assert width == 64
    assert height == pytest.approx(16, abs=2)


def test_nothing_changes_when_all_changes_are_off(rng):
    pixels = torch.from_numpy(rng.integers(0, 256, (2, 3, 16, 12), dtype=np.uint8))
    same = random_views(
        pixels, torch.Generator().manual_seed(0), zoom=0.0, shift=0.0, turn=0.0, light=0.0, flip=False
    )
    torch.testing.assert_close(same, pixels.float(), atol=1e-2, rtol=0)


def test_half_of_the_pictures_are_mirrored(rng):
    pixels = torch.from_numpy(rng.integers(0, 256, (200, 3, 8, 8), dtype=np.uint8))
    seen = random_views(pixels, torch.Generator().manual_seed(0), zoom=0.0, shift=0.0, turn=0.0, light=0.0)
    mirrored = (seen - pixels.flip(3)).abs().amax(dim=(1, 2, 3)) < 0.1
    assert 70 < mirrored.sum() < 130


def test_the_same_generator_gives_the_same_views(rng):
    pixels = torch.from_numpy(rng.integers(0, 256, (4, 3, 16, 16), dtype=np.uint8))
    one, other = (random_views(pixels, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.equal(one, pixels.float())
