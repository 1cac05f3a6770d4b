"""What a saved folder keeps of pictures and sounds: small, and nothing but pictures and sounds."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from crossmodal_edu.audio.speech import say
from crossmodal_edu.errors import InputError
from crossmodal_edu.modality import open_audio, open_image
from crossmodal_edu.packing import encode_opus, packed
from crossmodal_edu.products import Product


def _picture(rng: np.random.Generator, height: int, width: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def _sound(seconds: float) -> bytes:
    file = io.BytesIO()
    wave = np.sin(np.arange(round(16_000 * seconds)) / 5)
    soundfile.write(file, wave, 16_000, format="WAV")
    return file.getvalue()


def test_small_media_are_kept_as_they_are_and_large_ones_made_smaller(rng, tmp_path):
    small, large = _picture(rng, 40, 40), _picture(rng, 600, 400)
    short, long = _sound(1), _sound(80)
    path = tmp_path / "photo.png"
    for content in (small, large):
        path.write_bytes(content)
        kept = packed(Product("a", image=path, audio=short))
        assert kept == packed(Product("a", image=content, audio=short))
        assert kept.audio == short
        assert (kept.image == small) if content is small else max(open_image(kept.image).size) == 256
    kept = packed(Product("a", audio=long))
    assert len(kept.audio) < 200_000
    assert len(open_audio(kept.audio)) == pytest.approx(60 * 16_000, abs=400)


def test_a_file_that_was_exchanged_since_it_was_embedded_is_not_copied(tmp_path):
    path = tmp_path / "photo.png"
    path.write_text("a list of passwords")
    kept = packed(Product("a", title="bag", image=path, audio=path))
    assert kept.image is kept.audio is None
    path.unlink()
    assert packed(Product("a", title="bag", image=path)).image is None


def test_opus_keeps_the_length_and_the_sound():
    waveform = say("Lumbrel red striped leather tote handbag", "anna")
    encoded = encode_opus(waveform)
    decoded = open_audio(encoded)
    assert abs(len(decoded) - len(waveform)) <= 32  # 2 ms
    assert len(encoded) / (len(waveform) / 16_000) < 2_600
    both = min(len(decoded), len(waveform))
    assert np.corrcoef(waveform[:both], decoded[:both])[0, 1] > 0.95
    assert encode_opus(waveform) == encoded


@pytest.mark.parametrize("samples", [1, 100, 4_001])
def test_opus_takes_very_short_sounds(samples):
    waveform = np.sin(np.arange(samples) / 5).astype(np.float32)
    assert abs(len(open_audio(encode_opus(waveform))) - samples) <= 32


@pytest.mark.parametrize("waveform", [[], [np.nan]])
def test_opus_refuses_what_is_no_sound(waveform):
    with pytest.raises(InputError):
        encode_opus(np.array(waveform))
