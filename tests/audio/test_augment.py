"""Changed sounds: noise as strong as asked, speed that moves time and pitch, volume, other voices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crossmodal_edu.audio.augment import add_noise, change_speed, change_volume, random_changes, random_voices
from crossmodal_edu.audio.encoder import Spectrograms, stack_spectrograms
from crossmodal_edu.audio.spectrum import power_spectrogram
from crossmodal_edu.errors import InputError


@pytest.fixture
def tone() -> np.ndarray:
    return np.sin(2 * np.pi * 500 * np.arange(16_000) / 16_000).astype(np.float32)


@pytest.mark.parametrize("snr", [0, 10, 30])
def test_noise_has_the_strength_that_was_asked_for(tone, snr):
    noise = add_noise(tone, snr, np.random.default_rng(1)) - tone
    assert 10 * np.log10(np.mean(tone**2) / np.mean(noise**2)) == pytest.approx(snr, abs=0.2)


@pytest.mark.parametrize("waveform", [np.zeros(0, np.float32), np.zeros(50, np.float32)])
def test_silence_stays_silence(waveform):
    changed = random_changes(waveform, np.random.default_rng(0), speed=False)
    assert changed.dtype == np.float32 and np.array_equal(changed, waveform)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.25, 2.0])
def test_speed_shortens_the_sound_and_raises_its_pitch_by_the_same_factor(tone, factor):
    faster = change_speed(tone, factor)
    assert len(faster) == pytest.approx(len(tone) / factor, abs=2)
    power = power_spectrogram(torch.from_numpy(faster), 4_096, 1_024)
    assert power.mean(dim=1).argmax().item() * 16_000 / 4_096 == pytest.approx(500 * factor, abs=4)


@pytest.mark.parametrize("factor", [0.0, -1.0, 11.0, np.nan])
def test_speeds_that_cannot_be(tone, factor):
    with pytest.raises(InputError, match="speed"):
        change_speed(tone, factor)


def test_six_decibels_more_are_twice_as_much(tone):
    np.testing.assert_allclose(change_volume(tone, 20 * np.log10(2)), 2 * tone, rtol=1e-6)


def test_each_change_can_be_switched_off(tone):
    off = {"noise": False, "speed": False, "volume": False}
    assert np.array_equal(random_changes(tone, np.random.default_rng(0), **off), tone)
    for name in off:
        changed = random_changes(tone, np.random.default_rng(0), **off | {name: True})
        assert len(changed) != len(tone) or not np.allclose(changed, tone)
        assert (len(changed) != len(tone)) == (name == "speed")


def test_the_same_chance_gives_the_same_change(tone):
    first, again, other = (random_changes(tone, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert len(first) != len(other)


def test_speed_changes_how_many_frames_count_and_nothing_else_when_all_is_off():
    sounds = stack_spectrograms([torch.randn(40, 50), torch.randn(40, 30)])
    same = random_voices(
        sounds, torch.Generator().manual_seed(0), speed=0.0, pitch=0.0, noise=0.0, unheard=0.0
    )
    assert torch.equal(same.lengths, sounds.lengths)
    torch.testing.assert_close(same.values[:, :, :50], sounds.values, atol=1e-4, rtol=1e-4)
    other = random_voices(sounds, torch.Generator().manual_seed(0), speed=0.2)
    assert not torch.equal(other.lengths, sounds.lengths)
    assert isinstance(other, Spectrograms)
