"""The contrastive loss by hand, and a model that is saved and loaded."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.contrastive import CrossModalEncoder, contrastive_loss
from crossmodal_edu.text.tokens import Vocabulary


def small_model() -> CrossModalEncoder:
    return CrossModalEncoder.new(
        Vocabulary(["red", "bag"], buckets=16), dimensions=8, image_size=(16, 16), image_channels=(8, 8),
        word_width=8, audio_channels=(8, 8),
    )  # fmt: skip


def test_two_pairs_by_hand():
    """Cosines 1, 0, 0, 1 at temperature 1: −ln(e / (e + 1)) in each row and column."""
    loss = contrastive_loss(torch.eye(2), torch.eye(2), temperature=1.0)
    assert loss.item() == pytest.approx(-math.log(math.e / (math.e + 1)), abs=1e-6)


def test_vectors_that_know_nothing_cost_ln_n():
    same = F.normalize(torch.ones(5, 3), dim=1)
    assert contrastive_loss(same, same, 0.1).item() == pytest.approx(math.log(5), abs=1e-5)


def test_groups_make_equal_titles_equally_right():
    """Rows 0 and 1 are one thing: swapping them costs nothing with groups, and a lot without."""
    one, other = torch.eye(3), torch.eye(3)[[1, 0, 2]]
    groups = torch.tensor([0, 0, 1])
    swapped, straight = contrastive_loss(one, other, 0.1, groups), contrastive_loss(one, one, 0.1, groups)
    assert swapped.item() == pytest.approx(straight.item(), abs=1e-5)
    assert contrastive_loss(one, other, 0.1).item() > 3


def test_the_loss_is_the_mean_over_all_pairs_of_modalities(rng):
    model = small_model().eval()
    inputs = {
        Modality.TEXT: model.encoders["text"].prepare(["red bag", "blue"]),
        Modality.IMAGE: torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8),
        Modality.AUDIO: model.encoders["audio"].prepare(
            [rng.normal(size=4000).astype("float32") for _ in "ab"]
        ),
    }
    text, image, audio = model(inputs).values()
    pairs = [
        contrastive_loss(a, b, model.temperature) for a, b in ((text, image), (text, audio), (image, audio))
    ]
    assert model.loss(inputs).item() == pytest.approx(sum(p.item() for p in pairs) / 3, abs=1e-5)


def test_a_saved_model_gives_the_same_vectors_to_half_precision(tmp_path):
    model = small_model()
    model.save(tmp_path)
    again = CrossModalEncoder.load(tmp_path)
    texts = ["red bag", "bag of sky", ""]
    torch.testing.assert_close(
        again.embed(Modality.TEXT, texts), model.embed(Modality.TEXT, texts), atol=5e-3, rtol=0
    )
    assert torch.equal(
        again.embed(Modality.TEXT, texts), CrossModalEncoder.load(tmp_path).embed(Modality.TEXT, texts)
    )


@pytest.mark.parametrize("file", ["weights.safetensors", "settings.json", "vocabulary.txt"])
@pytest.mark.parametrize("damage", ["missing", "cut short", "of another model"])
def test_a_damaged_folder_is_refused(tmp_path, file, damage):
    small_model().save(tmp_path)
    path = tmp_path / file
    if damage == "missing":
        path.unlink()
    elif damage == "cut short":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    else:
        other = CrossModalEncoder.new(Vocabulary(["one", "two", "three"]), dimensions=4)
        other.save(tmp_path / "other")
        path.write_bytes((tmp_path / "other" / file).read_bytes())
    with pytest.raises(SpaceError, match="does not hold a trained encoder"):
        CrossModalEncoder.load(tmp_path)


def test_video_has_no_encoder():
    with pytest.raises(SpaceError, match="video"):
        small_model().embed(Modality.VIDEO, ["x"])


def test_nothing_to_embed_gives_no_vectors():
    assert small_model().embed(Modality.TEXT, []).shape == (0, 8)
