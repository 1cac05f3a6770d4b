"""Sound encoders: finite for every sound, deaf to volume and to their neighbours in the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crossmodal_edu.audio.encoder import (
    AudioEncoder,
    GruEncoder,
    Spectrograms,
    mfcc_batch,
    stack_spectrograms,
)
from crossmodal_edu.audio.mfcc import mfcc
from crossmodal_edu.errors import InputError


@pytest.mark.parametrize("samples", [0, 1, 100, 16_000])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_silence_and_very_short_sounds_have_finite_vectors(samples, level):
    encoder = AudioEncoder(channels=(8, 8), dimensions=4).eval()
    assert encoder(encoder.prepare([np.full(samples, level, np.float32)])).isfinite().all()


def test_loudness_does_not_matter(rng):
    encoder = AudioEncoder(channels=(8, 8), dimensions=4).eval()
    waveform = rng.normal(0, 0.2, 8_000).astype(np.float32)
    loud, quiet = encoder(encoder.prepare([waveform, waveform * 0.1]))
    torch.testing.assert_close(loud, quiet, atol=1e-4, rtol=1e-3)


def test_a_sound_does_not_depend_on_its_neighbours(rng):
    encoder = AudioEncoder(channels=(8, 8, 8), dimensions=4).eval()
    sounds = [rng.normal(0, 0.2, n).astype(np.float32) for n in (4_000, 23_000, 9_999)]
    together = encoder(encoder.prepare(sounds))
    alone = torch.cat([encoder(encoder.prepare([sound])) for sound in sounds])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_a_gru_does_not_hear_the_padding():
    encoder = GruEncoder(5, hidden=6, dimensions=4).eval()
    sounds = [torch.randn(5, n) for n in (12, 40, 1)]
    together = encoder(stack_spectrograms(sounds))
    alone = torch.cat([encoder(stack_spectrograms([sound])) for sound in sounds])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)


def test_a_gru_hears_the_order_of_frames():
    encoder = GruEncoder(5, hidden=6, dimensions=4).eval()
    sound = torch.randn(5, 12)
    forwards, backwards = encoder(stack_spectrograms([sound, sound.flip(1)]))
    assert not torch.allclose(forwards, backwards, atol=1e-3)


# --- MFCC pictures -----------------------------------------------------------------------------------


@pytest.fixture
def clips(rng) -> list[np.ndarray]:
    return [rng.normal(0, 0.1, n).astype(np.float32) for n in (3_000, 7_999, 0, 1, 8_000)] * 30


def test_pictures_of_a_batch_are_those_of_lone_clips(clips):
    together = mfcc_batch(clips, 8_000)
    for place in (0, 1, 2, 3, 4, 149):
        alone = mfcc_batch([clips[place]], 8_000)
        n = int(alone.lengths[0])
        assert together.lengths[place] == n == len(clips[place]) // 128 + 1
        torch.testing.assert_close(together.values[place, :, :n], alone.values[0], atol=1e-3, rtol=0)
        assert (together.values[place, :, n:] == 0).all()


def test_pictures_are_mfcc_with_the_mean_of_coefficient_0_taken_off(clips):
    picture = mfcc_batch(clips[:1], 8_000, n_mfcc=13).values[0]
    plain = mfcc(torch.from_numpy(clips[0]), 8_000, n_mfcc=13, n_fft=256, hop_length=128)
    torch.testing.assert_close(picture[1:], plain[1:])
    torch.testing.assert_close(picture[0], plain[0] - plain[0].mean(), atol=1e-3, rtol=0)


def test_pictures_do_not_know_the_volume(clips):
    loud, quiet = mfcc_batch([clips[0], clips[0] / 10], 8_000).values
    torch.testing.assert_close(loud, quiet, atol=1e-2, rtol=0)


def test_pictures_span_the_same_time_at_every_rate():
    assert mfcc_batch([np.zeros(4_000, np.float32)], 8_000).lengths == 32
    assert mfcc_batch([np.zeros(8_000, np.float32)], 16_000).lengths == 32
    assert mfcc_batch([np.zeros(96_000, np.float32)], 192_000).lengths == 32


def test_what_is_longer_is_cut(rng):
    sound = rng.normal(size=20_000).astype(np.float32)
    torch.testing.assert_close(mfcc_batch([sound], 8_000), mfcc_batch([sound[:8_000]], 8_000))


def test_a_sound_with_nan_is_refused():
    with pytest.raises(InputError, match="not numbers"):
        mfcc_batch([np.zeros(100, np.float32), np.array([np.nan], np.float32)], 8_000)


def test_stacking_pads_at_the_end():
    stacked = stack_spectrograms([torch.ones(3, 2), torch.ones(3, 4)])
    assert isinstance(stacked, Spectrograms)
    assert stacked.values[0].tolist() == [[1, 1, 0, 0]] * 3
