"""A model: what it refuses to embed and to be made of, and folders that do not hold one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal_edu.audio.encoder import AudioEncoder
from crossmodal_edu.encoders import check_things
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.image.encoder import ImageEncoder
from crossmodal_edu.modality import Modality
from crossmodal_edu.model import Model
from crossmodal_edu.spaces.principal import PrincipalComponents
from crossmodal_edu.text.encoder import TextEncoder
from crossmodal_edu.text.tokens import Vocabulary


def small_model(dimensions: int = 8, **text) -> Model:
    return Model(
        [
            TextEncoder(Vocabulary(["red", "bag"], buckets=16), 8, dimensions, **text).eval(),
            ImageEncoder((16, 16), (8, 8), dimensions).eval(),
            AudioEncoder(channels=(8, 8), dimensions=dimensions).eval(),
        ],
        name="mine",
    )


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
        (Modality.IMAGE, Path("photo.jpg")),
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
    assert "a list, in which" in raised.value.accepted
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


def test_pictures_may_be_files(tmp_path):
    Image.new("RGB", (20, 20), "red").save(tmp_path / "red.png")
    model = small_model()
    read = model.embed(Modality.IMAGE, [tmp_path / "red.png", (tmp_path / "red.png").read_bytes()])
    torch.testing.assert_close(read[0], model.embed("image", [Image.new("RGB", (20, 20), "red")])[0])
    torch.testing.assert_close(read[0], read[1])


def test_video_has_no_encoder():
    with pytest.raises(SpaceError, match="video"):
        small_model().embed(Modality.VIDEO, ["x"])


def test_nothing_to_embed_gives_no_vectors():
    assert small_model().embed(Modality.TEXT, []).shape == (0, 8)


@pytest.mark.parametrize(
    "encoders",
    [
        lambda text, image: [],
        lambda text, image: [text, text],
        lambda text, image: [text, ImageEncoder((16, 16), (8,), 5)],
    ],
    ids=["none", "twice the same modality", "other sizes without a space"],
)
def test_what_is_no_model_is_refused(encoders):
    text, image, _ = small_model().encoders.values()
    with pytest.raises(SpaceError, match="Encoders of") as raised:
        Model(encoders(text, image))
    assert raised.value.remedy


def test_a_saved_model_gives_the_same_vectors_to_half_precision(tmp_path):
    model = small_model(recurrent=False, dropout=0.25)
    model.save(tmp_path)
    again = Model.load(tmp_path)
    assert again.name == "mine" and again.dimensions == 8
    words = again.encoders[Modality.TEXT]
    assert words.dropout.p == 0.25 and words.gru is None and words.vocabulary.words == ("red", "bag")
    texts = ["red bag", "bag of sky", ""]
    torch.testing.assert_close(again.embed("text", texts), model.embed("text", texts), atol=5e-3, rtol=0)
    assert torch.equal(again.embed("text", texts), Model.load(tmp_path).embed("text", texts))
    (tmp_path / "elsewhere").mkdir()
    again.save(tmp_path / "elsewhere" / "deep")  # a folder that is not there is made


@pytest.mark.parametrize("damage", ["missing", "cut short", "of another model"])
def test_a_damaged_folder_is_refused(tmp_path, damage):
    small_model().save(tmp_path / "model")
    small_model(4, recurrent=False).save(tmp_path / "other")
    for path in sorted((tmp_path / "model").rglob("*")):
        if path.is_dir():
            continue
        whole, relative = path.read_bytes(), path.relative_to(tmp_path / "model")
        path.unlink()
        if damage == "cut short":
            path.write_bytes(whole[: len(whole) // 3])
        elif damage == "of another model":
            path.write_bytes((tmp_path / "other" / relative).read_bytes())
        if path.read_bytes() != whole if path.exists() else True:
            with pytest.raises(SpaceError):
                Model.load(tmp_path / "model")
        path.write_bytes(whole)
    Model.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "newer version"),
        ({"kinds": {"text": "os.system", "space": "SharedSpace"}}, "os.system"),
        ({"kinds": {"text": "TextEncoder"}}, "space"),
        ({"kinds": {"text": "Model", "space": "SharedSpace"}}, "Model"),
        ({"kinds": {"../text": "TextEncoder", "space": "SharedSpace"}}, "its parts are ../text"),
    ],
)
def test_a_folder_names_a_kind_and_brings_no_code(tmp_path, change, words):
    small_model().save(tmp_path)
    about = json.loads((tmp_path / "model.json").read_text()) | change
    (tmp_path / "model.json").write_text(json.dumps(about))
    with pytest.raises(SpaceError, match=words):
        Model.load(tmp_path)


def test_a_list_of_nothing_says_so():
    with pytest.raises(SpaceError, match="not fitted on text") as raised:
        PrincipalComponents(2).embed(Modality.TEXT, torch.ones(1, 4))
    assert "accepted: nothing, since there is none yet." in str(raised.value)
