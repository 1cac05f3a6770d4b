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


def test_by_default_it_is_the_encoder_of_before():
    """Patches of 4 and 2, nothing in front of them: the files of models that ship name these weights."""
    encoder = ImageEncoder(size=(32, 32), channels=(8, 16), dimensions=4)
    shapes = {name: tuple(weight.shape) for name, weight in encoder.state_dict().items() if "num" not in name}
    assert shapes["stages.0.weight"] == (8, 3, 4, 4) and shapes["stages.4.weight"] == (16, 8, 2, 2)
    assert shapes["project.weight"] == (4, 16)
    old = {name: encoder.settings()[name] for name in ("size", "channels", "dimensions", "dropout")}
    assert ImageEncoder(**old).state_dict().keys() == encoder.state_dict().keys()


@pytest.mark.parametrize(
    ("stem", "strides", "shrunk"), [(0, (), 8), (6, (), 8), (6, (2, 1), 4), (0, (2, 2), 4), (0, (4, 1), 4)]
)
def test_the_stem_and_the_strides_decide_how_many_places_are_left(stem, strides, shrunk):
    encoder = ImageEncoder((64, 48), (8, 16), 4, stem=stem, strides=strides).eval()
    assert tuple(encoder.stages(torch.zeros(1, 3, 64, 48)).shape[2:]) == (64 // shrunk, 48 // shrunk)


def test_each_stage_needs_its_stride():
    with pytest.raises(ValueError, match="shorter"):
        ImageEncoder((64, 48), (8, 16), strides=(4,))


def test_mean_and_maximum_stand_side_by_side():
    encoder = ImageEncoder((16, 16), (8,), 4, maximum=True).eval()
    pixels = torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)
    maps = encoder.stages(pixels.float() / 127.5 - 1)
    expected = torch.cat([maps.mean(dim=(2, 3)), maps.flatten(2).max(dim=2).values], dim=1)
    torch.testing.assert_close(encoder.seen(pixels), expected)
    torch.testing.assert_close(encoder(pixels), encoder.project(expected))


def test_a_saved_encoder_comes_back_with_its_stem(tmp_path):
    encoder = ImageEncoder((32, 24), (8, 16), 4, stem=6, strides=(2, 1), maximum=True).half().float().eval()
    encoder.save(tmp_path)
    picture = [Image.new("RGB", (30, 40), "red")]
    torch.testing.assert_close(ImageEncoder.load(tmp_path).embed(picture), encoder.embed(picture))


def test_a_square_of_grey_hides_a_part_of_every_second_picture():
    white = torch.full((400, 3, 20, 10), 255, dtype=torch.uint8)
    still = {"zoom": 0.0, "shift": 0.0, "turn": 0.0, "light": 0.0}
    seen = random_views(white, torch.Generator().manual_seed(0), blank=0.2, **still)
    hidden = (seen < 200).all(dim=1)  # (n, h, w)
    assert not hidden[1::2].any()
    assert hidden[0::2].any(dim=(1, 2)).all()
    sizes = hidden[0::2].sum(dim=(1, 2))
    assert sizes.max() == 16, "a fifth of the height of 20, squared; less at an edge"
    assert seen[hidden[:, None].expand_as(seen)].unique().tolist() == [127.5]
    assert hidden[0::2].float().mean(dim=0).min() > 0, "it may lie anywhere"
