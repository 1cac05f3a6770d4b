"""What a model refuses: one thing where a list is due, and to be saved so that nobody could load it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.contrastive import CrossModalEncoder, check_things
from crossmodal_edu.text.tokens import Vocabulary


def small_model(**sizes) -> CrossModalEncoder:
    sizes = {
        "dimensions": 8,
        "image_size": (16, 16),
        "image_channels": (8, 8),
        "audio_channels": (8, 8),
        **sizes,
    }
    return CrossModalEncoder.new(Vocabulary(["red", "bag"], buckets=16), word_width=8, **sizes)


@pytest.mark.parametrize(
    ("modality", "things"),
    [
        (Modality.TEXT, "red bag"),
        (Modality.TEXT, b"red bag"),
        (Modality.TEXT, [b"red bag"]),
        (Modality.TEXT, ["red bag", None]),
        (Modality.IMAGE, Image.new("RGB", (9, 9))),
        (Modality.IMAGE, ["photo.jpg"]),
        (Modality.IMAGE, np.zeros((9, 9, 3), np.uint8)),
        (Modality.AUDIO, np.zeros(800, np.float32)),
        (Modality.AUDIO, [np.zeros(800, np.int16)]),
        (Modality.AUDIO, [np.zeros((1, 800), np.float32)]),
        (Modality.AUDIO, [np.zeros(0, np.float32)]),
        (Modality.AUDIO, ["question.wav"]),
    ],
    ids=lambda value: f"{value!r:.40}",
)
def test_what_is_no_list_of_the_things_it_reads_is_refused(modality, things):
    with pytest.raises(SpaceError, match="was given") as raised:
        check_things(modality, things)
    assert "a list of" in raised.value.accepted
    assert f"Modality.{modality.name}" in raised.value.remedy


def test_one_string_is_not_taken_for_a_list_of_letters():
    with pytest.raises(SpaceError, match="where a list is due"):
        small_model().embed(Modality.TEXT, "red bag")


@pytest.mark.parametrize(
    ("modality", "things"),
    [
        (Modality.TEXT, ("red bag", "blue")),
        (Modality.TEXT, np.array(["red bag", "blue"])),
        (Modality.IMAGE, [Image.new("RGB", (9, 9)), Image.new("L", (5, 7))]),
        (Modality.AUDIO, np.ones((2, 800), np.float32)),
        (Modality.AUDIO, [torch.ones(800), np.ones(900)]),
    ],
)
def test_any_sequence_of_them_is_read(modality, things):
    vectors = small_model().embed(modality, things)
    assert vectors.shape == (2, 8)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))


def test_a_model_with_an_encoder_of_ones_own_refuses_to_be_saved(tmp_path):
    own = CrossModalEncoder(*small_model().encoders.values())
    exchanged = small_model()
    exchanged.encoders["image"] = small_model(image_channels=(4, 8)).encoders["image"]
    wrapped = small_model()
    wrapped.encoders["text"].project = nn.Sequential(wrapped.encoders["text"].project)
    for model in (own, exchanged, wrapped):
        with pytest.raises(SpaceError, match="of your own"):
            model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_name_and_every_size_come_back(tmp_path):
    model = small_model(recurrent=False, dropout=0.25)
    model.name = "mine"
    model.save(tmp_path)
    again = CrossModalEncoder.load(tmp_path)
    assert again.name == "mine"
    assert again.settings["dropout"] == 0.25
    assert again.encoders["text"].gru is None
    assert {n: w.shape for n, w in again.state_dict().items()} == {
        n: w.shape for n, w in model.state_dict().items()
    }
