"""Log-mel pictures, against librosa to 1e-3 dB, and the sound encoder."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from crossmodal_edu.audio.augment import random_voices
from crossmodal_edu.audio.encoder import AudioEncoder, Spectrograms, stack_spectrograms
from crossmodal_edu.audio.spectrum import log_mel, mel_filter_bank


def test_filter_bank_equals_librosas_htk_variant():
    ours = mel_filter_bank(40, 512)
    theirs = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=40, fmin=60, fmax=7600, htk=True, norm=None)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_log_mel_equals_librosa_to_a_thousandth_of_a_decibel(rng):
    waveform = rng.normal(0, 0.1, 16_000).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=waveform, sr=16_000, n_fft=512, hop_length=320, n_mels=40, fmin=60, fmax=7600, htk=True, norm=None
    )
    window = np.hanning(513)[:-1]
    theirs = 10 * np.log10(np.maximum(power / (window**2).sum(), 1e-10))
    np.testing.assert_allclose(log_mel(torch.from_numpy(waveform)), theirs, atol=1e-3)


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


def test_speed_changes_how_many_frames_count_and_nothing_else_when_all_is_off():
    sounds = stack_spectrograms([torch.randn(40, 50), torch.randn(40, 30)])
    same = random_voices(
        sounds, torch.Generator().manual_seed(0), speed=0.0, pitch=0.0, noise=0.0, unheard=0.0
    )
    assert torch.equal(same.lengths, sounds.lengths)
    torch.testing.assert_close(same.pictures[:, :, :50], sounds.pictures, atol=1e-4, rtol=1e-4)
    other = random_voices(sounds, torch.Generator().manual_seed(0), speed=0.2)
    assert not torch.equal(other.lengths, sounds.lengths)
    assert isinstance(other, Spectrograms)
