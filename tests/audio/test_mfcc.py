"""MFCC against librosa: to 1e-3 over 100 real recordings, for both mel scales; and each step by itself."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import scipy.fft
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmodal_edu.audio.mfcc import dct_matrix, deltas, lifter_weights, mfcc
from crossmodal_edu.classroom.spoken_digits import load_spoken_digits
from crossmodal_edu.errors import InputError
from crossmodal_edu.modality import open_audio


@pytest.fixture(scope="module")
def recordings(data_set) -> list[np.ndarray]:
    """100 of the 3,000: all digits and speakers."""
    data_set("spoken_digits")
    some = load_spoken_digits()[::30]
    assert len({r.digit for r in some}) == 10 and len({r.speaker for r in some}) == 6
    return [recording.waveform() for recording in some]


@pytest.mark.no_cover
@pytest.mark.parametrize("htk", [True, False], ids=["htk", "slaney"])
@pytest.mark.parametrize("norm", ["slaney", None])
def test_equals_librosa_to_1e_3_over_100_real_recordings(recordings, htk, norm):
    assert len(recordings) == 100
    sizes = {"n_mfcc": 13, "n_fft": 256, "hop_length": 80, "n_mels": 40, "htk": htk}
    worst = 0.0
    for waveform in recordings:
        theirs = librosa.feature.mfcc(y=waveform, sr=8_000, mel_norm=norm, **sizes)
        ours = mfcc(torch.from_numpy(waveform), 8_000, norm=norm, **sizes)
        worst = max(worst, np.abs(ours.numpy() - theirs).max())
    assert worst < 1e-3


def test_in_double_precision_the_difference_is_a_thousand_times_smaller(recordings):
    sizes = {"n_mfcc": 13, "n_fft": 256, "hop_length": 80, "n_mels": 40}
    for waveform in recordings[::10]:
        theirs = librosa.feature.mfcc(y=waveform.astype(np.float64), sr=8_000, **sizes)
        ours = mfcc(torch.from_numpy(waveform).double(), 8_000, **sizes)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"lifter": 22},
        {"pad_mode": "reflect"},
        {"center": False},
        {"fmin": 100.0, "fmax": 3_000.0},
        {"n_fft": 2_048, "hop_length": 512, "n_mels": 128, "n_mfcc": 20},
    ],
    ids=str,
)
def test_every_option_means_what_it_means_in_librosa(rng, options):
    waveform = rng.normal(0, 0.1, 8_000)
    sizes = {"n_mfcc": 13, "n_fft": 512, "hop_length": 160, "n_mels": 40} | options
    theirs = librosa.feature.mfcc(y=waveform, sr=16_000, **sizes)
    np.testing.assert_allclose(mfcc(torch.from_numpy(waveform), **sizes), theirs, atol=1e-4)


def test_the_defaults_of_librosa_are_those_of_the_docstring(rng):
    waveform = rng.normal(0, 0.1, 22_050)
    ours = mfcc(torch.from_numpy(waveform), 22_050, n_mfcc=20, n_fft=2048, hop_length=512, n_mels=128)
    np.testing.assert_allclose(ours, librosa.feature.mfcc(y=waveform, sr=22_050), atol=1e-4)


# --- the steps ---------------------------------------------------------------------------------------


def test_the_cosine_transform_equals_scipys(rng):
    column = rng.normal(size=40)
    ours = dct_matrix(13, 40) @ torch.from_numpy(column)
    np.testing.assert_allclose(ours, scipy.fft.dct(column, norm="ortho")[:13], atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_the_rows_of_the_cosine_transform_are_orthonormal(n):
    rows = dct_matrix(n, n)
    torch.testing.assert_close(rows @ rows.T, torch.eye(n, dtype=torch.float64))


def test_the_four_bands_worked_by_hand():
    """Bands 1, 1, 1, 1 have c0 = 2 and nothing else; 6.02 dB more on each add 12.04 to c0."""
    flat = dct_matrix(4, 4) @ torch.ones(4).double()
    torch.testing.assert_close(flat, torch.tensor([2.0, 0, 0, 0]).double(), atol=1e-12, rtol=0)
    louder = dct_matrix(4, 4) @ torch.full((4,), 6.02).double()
    assert louder[0].item() == pytest.approx(12.04)


def test_volume_moves_coefficient_0_and_no_other(rng):
    waveform = torch.from_numpy(rng.normal(0, 0.1, 8_000))
    change = mfcc(2 * waveform) - mfcc(waveform)
    expected = 20 * np.log10(2) * np.sqrt(40)
    torch.testing.assert_close(change[0], torch.full_like(change[0], expected))
    torch.testing.assert_close(change[1:], torch.zeros_like(change[1:]), atol=1e-9, rtol=0)


@pytest.mark.parametrize("width", [3, 5, 9])
def test_deltas_equal_librosas(rng, width):
    coefficients = rng.normal(size=(13, 30))
    theirs = librosa.feature.delta(coefficients, width=width)
    ours = deltas(torch.from_numpy(coefficients), width)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


@given(slope=st.floats(-100, 100), start=st.floats(-100, 100), width=st.sampled_from([3, 5, 9]))
@settings(deadline=None)
def test_the_delta_of_a_straight_line_is_its_slope(slope, start, width):
    line = start + slope * torch.arange(12, dtype=torch.float64)
    torch.testing.assert_close(deltas(line, width), torch.full_like(line, slope), atol=1e-9, rtol=1e-9)


def test_the_lifter_of_22_is_largest_at_coefficient_10():
    assert lifter_weights(22, 22).argmax() == 10
    assert lifter_weights(22, 22).max().item() == pytest.approx(12)


# --- batches and bad input ---------------------------------------------------------------------------


def test_a_batch_is_its_clips_one_by_one(rng):
    clips = rng.normal(0, 0.1, (4, 8_000))
    clips[1] *= 1e-4  # a soft clip beside loud ones keeps its own 80 dB
    clips = torch.from_numpy(clips)
    torch.testing.assert_close(mfcc(clips), torch.stack([mfcc(clip) for clip in clips]))


@given(samples=st.integers(0, 2_000), level=st.sampled_from([0.0, 1e-30, 1.0, 1e6]))
@settings(deadline=None)
def test_every_finite_sound_has_finite_coefficients(samples, level):
    assert torch.isfinite(mfcc(torch.full((samples,), level))).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_is_no_number_is_refused(value):
    with pytest.raises(InputError, match="not numbers"):
        mfcc(torch.tensor([0.0, value]))


def test_stereo_is_refused_and_opens_as_mono(rng):
    stereo = rng.normal(0, 0.1, (44_100, 2)).astype(np.float32)
    with pytest.raises(InputError, match="2 channels"):
        mfcc(torch.from_numpy(stereo))
    assert mfcc(torch.from_numpy(open_audio((stereo, 44_100)))).shape == (13, 101)


def test_192_khz_has_its_own_numbers_and_opens_at_16_khz(rng):
    tone = np.sin(2 * np.pi * 440 * np.arange(192_000) / 192_000).astype(np.float32)
    high = mfcc(torch.from_numpy(tone), 192_000, n_fft=6_144, hop_length=1_920)
    assert high.shape == (13, 101) and torch.isfinite(high).all()
    opened = torch.from_numpy(open_audio((tone, 192_000)))
    low = mfcc(torch.from_numpy(tone[::12].copy()))
    assert opened.shape == (16_000,)
    torch.testing.assert_close(mfcc(opened)[:3, 10:-10], low[:3, 10:-10], atol=40.0, rtol=0.1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_mfcc": 0},
        {"n_mfcc": 41},
        {"lifter": -1.0},
        {"fmax": 9_000.0},
        {"norm": "area"},
        {"lifter": np.nan},
    ],
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(InputError):
        mfcc(torch.zeros(1_000), **wrong)


@pytest.mark.parametrize(("frames", "width"), [(5, 9), (20, 4), (20, 1), (0, 3)])
def test_slopes_that_cannot_be(frames, width):
    with pytest.raises(InputError, match="No slope"):
        deltas(torch.zeros(13, frames), width)
