"""Frames, Fourier transform, mel bands and decibels, each against librosa; log-mel to 1e-3 dB."""

from __future__ import annotations

import warnings

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crossmodal_edu.audio.spectrum import (
    dft_matrix,
    frames,
    hz_to_mel,
    log_mel,
    mel_filter_bank,
    mel_to_hz,
    power_spectrogram,
    power_to_db,
)
from crossmodal_edu.errors import InputError


@pytest.fixture
def waveform(rng) -> np.ndarray:
    return rng.normal(0, 0.1, 4_321).astype(np.float32)


# --- frames ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_fft", "hop_length"), [(512, 160), (256, 300), (7, 3)])
def test_frames_equal_librosas(waveform, n_fft, hop_length):
    theirs = librosa.util.frame(waveform, frame_length=n_fft, hop_length=hop_length, axis=0)
    ours = frames(torch.from_numpy(waveform), n_fft, hop_length, center=False)
    np.testing.assert_array_equal(ours, theirs)


@given(samples=st.integers(0, 3_000), hop_length=st.integers(1, 600), half=st.integers(1, 300))
def test_centred_frames_are_samples_over_hop_and_one(samples, hop_length, half):
    cut = frames(torch.arange(1.0, samples + 1), 2 * half, hop_length)
    assert cut.shape == (samples // hop_length + 1, 2 * half)
    for t, piece in enumerate(cut):
        if t * hop_length < samples:
            assert piece[half] == t * hop_length + 1, "the middle of piece t is sample t · hop"


# --- the transform -----------------------------------------------------------------------------------


def test_the_four_samples_worked_by_hand():
    x = torch.tensor([2.0, 1.0, 0.0, 1.0]).double()
    spectrum = dft_matrix(4) @ x.to(torch.complex128)
    torch.testing.assert_close(spectrum.abs().square(), torch.tensor([16.0, 4.0, 0.0]).double())


@pytest.mark.parametrize("n_fft", [2, 4, 255, 512, 2048])
def test_the_matrix_equals_the_fast_transform_to_1e_12(rng, n_fft):
    x = rng.normal(size=n_fft)
    ours = dft_matrix(n_fft) @ torch.from_numpy(x).to(torch.complex128)
    np.testing.assert_allclose(ours, np.fft.rfft(x), atol=1e-12 * n_fft)


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
@pytest.mark.parametrize("center", [True, False])
def test_the_power_equals_librosas(waveform, center, pad_mode):
    theirs = librosa.stft(waveform, n_fft=512, hop_length=160, center=center, pad_mode=pad_mode)
    ours = power_spectrogram(torch.from_numpy(waveform), 512, 160, center, pad_mode)
    np.testing.assert_allclose(ours, np.abs(theirs) ** 2, rtol=1e-4, atol=1e-4)


def test_a_tone_stands_in_its_own_row():
    tone = torch.sin(2 * torch.pi * 1_000 * torch.arange(16_000) / 16_000)
    power = power_spectrogram(tone)
    assert (power[:, 5:-5].argmax(dim=0) == 1_000 * 512 // 16_000).all()
    share = power[31:34, 50].sum() / power[:, 50].sum()
    assert share > 0.999, "a Hann window spreads a tone over three rows"


def test_a_batch_is_its_clips_one_by_one(rng):
    clips = torch.from_numpy(rng.normal(size=(2, 3, 900)))
    together = power_spectrogram(clips)
    torch.testing.assert_close(together[1, 2], power_spectrogram(clips[1, 2]))


# --- the mel scale -----------------------------------------------------------------------------------


@pytest.mark.parametrize("htk", [True, False])
def test_mel_equals_librosas_and_comes_back(htk):
    hz = torch.linspace(0, 11_025, 500, dtype=torch.float64)
    mel = hz_to_mel(hz, htk)
    np.testing.assert_allclose(mel, librosa.hz_to_mel(hz.numpy(), htk=htk), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(mel_to_hz(mel, htk), hz, rtol=1e-9, atol=1e-9)
    assert (mel.diff() > 0).all()


def test_one_thousand_hertz_are_one_thousand_mel_in_the_one_and_fifteen_in_the_other():
    thousand = torch.tensor(1_000.0).double()
    assert hz_to_mel(thousand, htk=True).item() == pytest.approx(1_000, abs=0.02)
    assert hz_to_mel(thousand, htk=False).item() == pytest.approx(15)


@pytest.mark.parametrize("htk", [True, False])
@pytest.mark.parametrize("norm", ["slaney", None])
@pytest.mark.parametrize(
    ("rate", "n_fft", "n_mels"), [(8_000, 256, 40), (16_000, 512, 128), (44_100, 2048, 80)]
)
def test_the_filter_bank_equals_librosas_to_1e_7(htk, norm, rate, n_fft, n_mels):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty bands, which both have
        theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, htk=htk, norm=norm)
    ours = mel_filter_bank(n_mels, n_fft, rate, 0.0, None, htk, norm, torch.float64)
    np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_the_bank_of_the_models_that_ship_is_librosas_htk_variant():
    theirs = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=40, fmin=60, fmax=7600, htk=True, norm=None)
    np.testing.assert_allclose(mel_filter_bank(40, 512), theirs, atol=1e-5)


def test_250_hertz_in_two_triangles_as_worked_by_hand():
    """Edges 0, 200, 400, 600 Hz: (400 − 250) / 200 = 0.75 in the first and 0.25 in the second."""
    bank = mel_filter_bank(2, 32, 1_600, 0.0, 600.0, htk=False, dtype=torch.float64)  # rows 50 Hz apart
    assert bank[:, 5].tolist() == pytest.approx([0.75, 0.25])
    same_area = mel_filter_bank(2, 32, 1_600, 0.0, 600.0, htk=False, norm="slaney", dtype=torch.float64)
    assert same_area[0, 5].item() == pytest.approx(0.75 * 2 / 400)


# --- decibels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("top_db", [80.0, 30.0, None])
def test_decibels_equal_librosas(rng, top_db):
    power = rng.exponential(size=(40, 20)) ** 8
    ours = power_to_db(torch.from_numpy(power), top_db)
    np.testing.assert_allclose(ours, librosa.power_to_db(power, top_db=top_db), atol=1e-9)


def test_top_db_counts_from_the_loudest_value_of_each_clip():
    clips = torch.stack([torch.full((1, 2), 1e-9), torch.ones(1, 2)])
    clips[0, 0, 0] = 1e-4
    assert power_to_db(clips, 80.0)[0, 0].tolist() == pytest.approx([-40.0, -90.0], abs=1e-3)
    of_the_whole_batch = librosa.power_to_db(clips.numpy(), top_db=80.0)
    assert of_the_whole_batch[0, 0, 1] == pytest.approx(-80.0, abs=1e-3)


def test_twice_the_amplitude_is_six_decibels():
    assert power_to_db(torch.tensor([[4.0]])).item() == pytest.approx(6.02, abs=0.01)


# --- log-mel -----------------------------------------------------------------------------------------


def test_log_mel_equals_librosa_to_a_thousandth_of_a_decibel(rng):
    waveform = rng.normal(0, 0.1, 16_000).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=waveform, sr=16_000, n_fft=512, hop_length=320, n_mels=40, fmin=60, fmax=7600, htk=True, norm=None
    )
    window = np.hanning(513)[:-1]
    theirs = 10 * np.log10(np.maximum(power / (window**2).sum(), 1e-10))
    np.testing.assert_allclose(log_mel(torch.from_numpy(waveform)), theirs, atol=1e-3)


def test_log_mel_is_the_steps_of_this_module_one_after_the_other(rng):
    waveform = torch.from_numpy(rng.normal(0, 0.1, 5_000).astype(np.float32))
    power = power_spectrogram(waveform, 512, 320) / torch.hann_window(512).square().sum()
    torch.testing.assert_close(
        log_mel(waveform), power_to_db(mel_filter_bank(40, 512) @ power, None), atol=1e-4, rtol=0
    )


# --- what goes in wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [frames, power_spectrogram, log_mel])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_refused(step, value):
    waveform = torch.zeros(1_000)
    waveform[500] = value
    with pytest.raises(InputError, match="not numbers"):
        step(waveform)


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_along_the_last_axis_are_refused_and_not_taken_for_clips(channels):
    with pytest.raises(InputError, match=f"{channels} channels"):
        power_spectrogram(torch.zeros(48_000, channels))
    assert power_spectrogram(torch.zeros(channels, 4_800)).shape[0] == channels


@pytest.mark.parametrize("samples", [0, 1, 2, 511])
def test_short_sounds_have_frames(samples):
    assert frames(torch.ones(samples)).shape == (samples // 160 + 1, 512)
    assert torch.isfinite(log_mel(torch.ones(samples))).all()


@pytest.mark.parametrize(
    ("samples", "settings", "problem"),
    [
        (100, {"center": False}, "do not fill a frame"),
        (256, {"pad_mode": "reflect"}, "too few to be mirrored"),
        (900, {"pad_mode": "wrap"}, "do not exist"),
        (900, {"hop_length": 0}, "do not exist"),
    ],
)
def test_frames_that_cannot_be(samples, settings, problem):
    with pytest.raises(InputError, match=problem):
        frames(torch.zeros(samples), **settings)


@pytest.mark.parametrize(
    "settings", [{"fmin": 5_000.0}, {"fmin": -1.0}, {"fmax": 4_001.0}, {"norm": "other"}, {"n_mels": 0}]
)
def test_bands_that_cannot_be(settings):
    with pytest.raises(InputError):
        mel_filter_bank(**{"n_mels": 40, "n_fft": 256, "sample_rate": 8_000, "fmax": 4_000.0} | settings)


def test_reflection_takes_one_axis_of_clips():
    assert frames(torch.zeros(3, 900), pad_mode="reflect").shape == (3, 6, 512)
    with pytest.raises(InputError, match="too many axes"):
        frames(torch.zeros(2, 3, 900), pad_mode="reflect")
