"""Recognising an input by its content, and opening it whatever program made it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from crossmodal_edu.errors import InputError
from crossmodal_edu.modality import (
    SAMPLE_RATE,
    Limits,
    Modality,
    open_audio,
    open_image,
    open_text,
    read_query,
    recognise,
)

sys.path.insert(0, str(Path(__file__).parent))
from malformed import recording


def _saved(picture: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _sound(wave: np.ndarray, rate: int, kind: str = "WAV", subtype: str = "PCM_16") -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, wave, rate, format=kind, subtype=subtype)
    return stream.getvalue()


def _tone(rate: int, seconds: float = 0.5, pitch: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(rate * seconds)) / rate)


def _pitch(wave: np.ndarray) -> float:
    return np.argmax(np.abs(np.fft.rfft(wave * np.hanning(wave.size)))) * SAMPLE_RATE / wave.size


RED = Image.new("RGB", (20, 10), (200, 30, 40))

# Recognising


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF"])
def test_every_kind_of_picture_is_recognised_and_opened_in_a_fresh_process_too(kind, tmp_path):
    path = tmp_path / "misnamed.wav"
    path.write_bytes(_saved(RED, kind))
    assert recognise(path) is recognise(path.read_bytes()) is Modality.IMAGE
    picture = open_image(path)
    assert picture.mode == "RGB"
    assert np.abs(np.subtract(picture.getpixel((5, 5)), (200, 30, 40))).max() < 12


def test_pictures_open_before_anything_else_has_loaded_the_readers(tmp_path):
    path = tmp_path / "dot.png"
    path.write_bytes(_saved(RED, "PNG"))
    code = f"from crossmodal_edu.modality import open_image; print(open_image({str(path)!r}).size)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert done.stdout.strip() == "(20, 10)", done.stderr


SOUNDS = {
    "WAV": ("WAV", "PCM_16", 44_100),
    "WAV 8 bits": ("WAV", "PCM_U8", 8_000),
    "WAV 24 bits": ("WAV", "PCM_24", 96_000),
    "WAV float": ("WAV", "FLOAT", 22_050),
    "FLAC": ("FLAC", "PCM_16", 48_000),
    "OGG": ("OGG", "VORBIS", 44_100),
    "Opus": ("OGG", "OPUS", 48_000),
    "MP3": ("MP3", "MPEG_LAYER_III", 44_100),
}


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_kind_of_sound_becomes_16_kilohertz_mono(name, channels):
    kind, subtype, rate = SOUNDS[name]
    content = _sound(np.tile(_tone(rate)[:, None], (1, channels)), rate, kind, subtype)
    assert recognise(content) is Modality.AUDIO
    wave = open_audio(content)
    assert wave.dtype == np.float32
    assert wave.size == pytest.approx(8_000, abs=1_200)  # MP3 pads
    assert _pitch(wave) == pytest.approx(440, abs=5)
    assert 0.4 < np.abs(wave[2_000:6_000]).max() < 0.6


def test_a_phones_m4a_is_a_sound_and_a_film_is_a_video():
    tone = _tone(16_000)
    m4a, film = recording("mp4", tone), recording("mp4", tone, video=True)
    assert recognise(m4a) is Modality.AUDIO
    assert _pitch(open_audio(m4a)) == pytest.approx(440, abs=5)
    assert recognise(film) is Modality.VIDEO
    assert _pitch(open_audio(film)) == pytest.approx(440, abs=5)


def test_a_song_with_a_cover_picture_is_a_sound():
    cover, title = _saved(RED, "JPEG"), b"\0\0\0\0"
    body = b"\0image/jpeg\0\x03\0" + cover
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    size = len(frame)
    tag = b"ID3\x03\0\0" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + frame
    song = tag + _sound(_tone(16_000), 16_000, "MP3", "MPEG_LAYER_III")
    assert title  # the tag holds the picture and nothing else
    assert recognise(song) is Modality.AUDIO
    assert _pitch(open_audio(song)) == pytest.approx(440, abs=5)


WORDS = (
    "red leather handbag",
    "红色手提包",
    "black/white",
    "AC/DC shirt.jpg",
    "milk.txt",
    "size 42.5",
    "a .mp3 player",
    "U.S. Polo",
    "~tilde",
)


@pytest.mark.parametrize(
    "words", [*WORDS, "banana", "photo.jpg", "/etc/hostname", "https://localhost/photo.jpg"]
)
def test_a_string_is_words_and_opens_no_file(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "banana").write_bytes(_saved(RED, "PNG"))
    (tmp_path / "photo.jpg").write_bytes(_saved(RED, "JPEG"))
    assert recognise(words) is Modality.TEXT
    assert open_text(words) == words
    assert read_query(words) == (Modality.TEXT, words)


def test_a_video_is_recognised_and_refused_as_a_query():
    film = recording("mp4", _tone(16_000), video=True)
    with pytest.raises(InputError, match="is a video"):
        read_query(film)


def test_playlists_and_subtitles_are_texts_and_are_not_followed(tmp_path):
    path = tmp_path / "list.mp3"
    for text in (
        "#EXTM3U\nsong.mp3\n",
        "ffconcat version 1.0\nfile 'a.mp3'\n",
        "1\n00:00:01,0 --> 00:00:02,0\nHello\n",
    ):
        path.write_text(text)
        assert recognise(path) is Modality.TEXT
        with pytest.raises(InputError):
            open_audio(path)


def test_noise_is_nothing(rng):
    for _ in range(40):
        with pytest.raises(InputError):
            recognise(b"\xfe" + rng.bytes(5_000))


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"%PDF-1.7 \xe2", "PDF"),
        (b"PK\x03\x04\xff", "ZIP"),
        (b"\0\0\0\x18ftypheic\xff", "HEIC"),
        (b"<svg/>", "SVG"),
    ],
)
def test_what_cannot_be_searched_with_is_named(start, what):
    with pytest.raises(InputError, match=what) as caught:
        recognise(start + bytes(50) if what != "SVG" else start)
    assert caught.value.remedy


def test_arrays_and_tensors():
    assert recognise(np.zeros(100, dtype=np.float32)) is Modality.AUDIO
    assert recognise((np.zeros((100, 2)), 44_100)) is Modality.AUDIO
    assert recognise(torch.zeros(100)) is Modality.AUDIO
    assert recognise(np.zeros((8, 9), dtype=np.uint8)) is Modality.IMAGE
    assert open_image(torch.zeros(8, 9, 3, dtype=torch.uint8)).size == (9, 8)
    assert open_audio(torch.full((50,), 0.25, dtype=torch.bfloat16)).tolist() == [0.25] * 50
    for wrong in (
        np.zeros((8, 9, 3)),
        np.zeros((3, 8, 9), dtype=np.uint8),
        None,
        3,
        {"a": 1},
        np.zeros((9, 9)),
    ):
        with pytest.raises(InputError):
            recognise(wrong)


# Text


def test_text_is_one_clean_line():
    assert open_text("\ufeff".encode() + "  Red\t\x1b bag\r\n\u3000红色 ".encode()) == "Red bag 红色"


def test_text_limits():
    assert len(open_text("包" * 10_000)) == 10_000
    assert len(open_text(("包" * 10_000).encode())) == 10_000
    for long in ("x" * 10_001, ("包" * 10_001).encode(), b"x" * 50_000):
        with pytest.raises(InputError, match="more than 10,000"):
            open_text(long)
    with pytest.raises(InputError, match="UTF-16"):
        open_text("red bag".encode("utf-16"))
    with pytest.raises(InputError, match="byte 4"):
        open_text("café".encode("latin-1"))


# Pictures


def test_orientation_of_the_camera_is_applied():
    picture = Image.new("RGB", (20, 10), "blue")
    picture.paste((255, 0, 0), (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise: left becomes top
    upright = open_image(_saved(picture, "JPEG", exif=exif, quality=95))
    assert upright.size == (10, 20)
    assert upright.getpixel((5, 3))[0] > 200
    assert upright.getpixel((5, 16))[2] > 200


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_lies_on_white(kind):
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert np.abs(np.subtract(open_image(_saved(half, kind)).getpixel((1, 1)), 127)).max() <= 1


def test_transparent_colours_of_palettes_lie_on_white():
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    for kind in ("PNG", "GIF"):
        assert open_image(_saved(picture, kind, transparency=1)).getpixel((0, 0)) == (255, 255, 255)
        assert open_image(_saved(picture, kind, transparency=0)).getpixel((0, 0)) == (0, 0, 255)


def test_sixteen_bits_and_cmyk_keep_their_brightness():
    ramp = np.tile(np.linspace(0, 65_535, 16).astype(np.uint16), (4, 1))
    for kind in ("PNG", "TIFF"):
        opened = np.asarray(open_image(_saved(Image.fromarray(ramp), kind)))[0, :, 0]
        np.testing.assert_allclose(opened, np.linspace(0, 255, 16), atol=1)
    shades = Image.fromarray(np.linspace(0, 1, 16, dtype=np.float32)[None].repeat(4, 0))
    np.testing.assert_allclose(np.asarray(open_image(shades))[0, :, 0], np.linspace(0, 255, 16), atol=1)
    assert (
        np.abs(
            np.subtract(open_image(_saved(RED.convert("CMYK"), "JPEG")).getpixel((3, 3)), (200, 30, 40))
        ).max()
        < 25
    )


def test_the_first_frame_of_an_animation_and_a_given_picture_untouched():
    frames = [Image.new("RGB", (5, 5), colour) for colour in ("red", "lime")]
    gif = _saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert recognise(gif) is Modality.IMAGE
    assert open_image(gif).getpixel((0, 0)) == (255, 0, 0)
    given = Image.new("LA", (3, 3), (0, 0))
    assert open_image(given).getpixel((0, 0)) == (255, 255, 255)
    assert given.mode == "LA"


def test_a_picture_is_measured_before_it_is_decoded():
    small = Limits(pixels=100)
    content = _saved(Image.new("RGB", (11, 10)), "PNG")
    for look in (recognise, open_image):
        with pytest.raises(InputError, match="11 × 10 pixels"):
            look(content, small)
    assert open_image(_saved(Image.new("RGB", (10, 10)), "PNG"), small).size == (10, 10)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_a_cut_off_picture_is_refused(kind, rng):
    content = _saved(Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)), kind)
    with pytest.raises(InputError):
        open_image(content[: len(content) * 2 // 3])


# Sounds


def test_channels_are_averaged_and_levels_kept():
    left, right = np.full(4_000, 0.5), np.full(4_000, -0.25)
    for content in (_sound(np.stack([left, right], 1), 16_000), (np.stack([left, right], 1), 16_000)):
        np.testing.assert_allclose(open_audio(content), 0.125, atol=1e-4)
    np.testing.assert_allclose(open_audio(np.full(10, 16_384, dtype=np.int16)), 0.5)
    np.testing.assert_allclose(
        open_audio(_sound(np.full(800, 0.5), 16_000, subtype="PCM_U8")), 0.5, atol=0.01
    )


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (2, 400), (400, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_what_is_recognised_as_a_sound_is_opened_as_one(shape, dtype):
    """(1, n) is what torchaudio and librosa hand over, (n, 2) what soundfile does."""
    wave = np.full(shape, 0.5 if dtype is np.float32 else 16_384, dtype)
    for given in (wave, torch.from_numpy(wave), (wave, 16_000)):
        assert recognise(given) is Modality.AUDIO
        np.testing.assert_allclose(open_audio(given), np.full(400, 0.5))


def test_resampling_keeps_what_16_kilohertz_can_hold_and_nothing_else():
    low, high = _tone(48_000, 1.0, 1_000), _tone(48_000, 1.0, 12_000)
    wave = open_audio((low + high, 48_000))[1_000:-1_000]
    np.testing.assert_allclose(wave, _tone(16_000, 1.0, 1_000)[1_000:-1_000], atol=2e-3)


def test_many_channels_and_extreme_rates():
    wave = np.tile(_tone(192_000)[:, None], (1, 32))
    assert _pitch(open_audio(_sound(wave, 192_000))) == pytest.approx(440, abs=5)
    assert open_audio((np.zeros(1_000), 1_000)).size == 16_000
    for rate in (999, 768_001, 0, -1):
        with pytest.raises(InputError, match="samples a second"):
            open_audio((np.zeros(1_000), rate))


def test_a_long_sound_is_cut_and_a_loud_one_scaled():
    limits = Limits(seconds=0.25)
    for content in (
        _sound(_tone(44_100, 1.0), 44_100),
        (_tone(44_100, 1.0), 44_100),
        recording("mp4", _tone(16_000)),
    ):
        assert open_audio(content, limits).size == pytest.approx(4_000, abs=1)
    loud = open_audio(np.array([0.0, 2.0, -4.0]))
    assert loud.tolist() == [0.0, 0.5, -1.0]


def test_silence_is_a_sound_and_nothing_is_not():
    assert not open_audio(_sound(np.zeros(1_600), 16_000)).any()
    for nothing in (np.zeros(0), _sound(np.zeros(0), 16_000)):
        with pytest.raises(InputError):
            open_audio(nothing)


def test_a_sound_that_breaks_off_keeps_its_beginning():
    for content in (_sound(_tone(16_000), 16_000), _sound(_tone(16_000), 16_000, "MP3", "MPEG_LAYER_III")):
        assert 1_000 < open_audio(content[: len(content) // 2]).size < 6_000


def test_samples_that_are_not_numbers_are_refused():
    wave = np.zeros(1_600)
    wave[5] = np.nan
    for content in (wave, _sound(wave, 16_000, subtype="FLOAT"), np.full(5, np.inf)):
        with pytest.raises(InputError, match="not numbers"):
            open_audio(content)


def test_a_picture_is_no_sound_and_says_so():
    with pytest.raises(InputError, match="JPEG picture and cannot be read as sound"):
        open_audio(_saved(RED, "JPEG"))
    with pytest.raises(InputError, match="WAV sound and cannot be read as a picture"):
        open_image(_sound(_tone(16_000), 16_000))
    with pytest.raises(InputError, match="JPEG picture and cannot be read as text"):
        open_text(_saved(RED, "JPEG"))


def test_a_file_larger_than_the_limit_is_not_read(tmp_path):
    path = tmp_path / "sparse.wav"
    with path.open("wb") as stream:
        stream.truncate(10**11)
    for look in (recognise, open_audio, open_image, open_text):
        with pytest.raises(InputError, match="more than the 100,000,000 allowed"):
            look(path)
