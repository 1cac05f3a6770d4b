"""The checks of chapter 08: frequencies, power, the cosine transform, sample rates, a telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft

from crossmodal_edu.classroom.checks.checking import NotYet, check, number, numbers, same, shaped, slip

Waveform = np.ndarray


@check
def check_row(answer: Any) -> str:
    """The frequency of row 32 of the spectrum of 512 samples at 16 kHz, in hertz."""
    wrong = {
        1: "1 kHz, yes; the answer was asked for in hertz.",
        32: "row 32 is the wave that turns 32 times in a frame. How long is a frame?",
        500: "row 512 would be the sample rate itself, 16,000 Hz; the spectrum stops at half of that.",
        2000: "a frame has 512 samples; the 257 rows of its spectrum reach only up to half the rate.",
        1024: "you divided the samples by the turns. Seconds per frame first: 512 / 16,000.",
        31.25: "that is row 1, one turn in a frame.",
        31 * 31.25: "that is row 31. The first row has the number 0: no turn at all.",
        33 * 31.25: "that is row 33. The first row has the number 0: no turn at all. ",
        32 * 8_000 / 257: "257 rows from 0 Hz to half the rate are 256 steps.",
    }
    slip(number(answer), 1000, wrong, "row k turns k times in 512 samples. How many turns is that in 16,000?")
    return "32 turns in 512 samples are 1,000 turns in 16,000. The rows stand 31.25 Hz apart."


@check
def check_power(power: Callable[[np.ndarray], np.ndarray]) -> str:
    """A function from a frame of n samples to the n / 2 + 1 powers of its Hann-windowed spectrum."""
    chance = np.random.default_rng(8)
    n = 64
    frame = np.sin(2 * np.pi * 9.4 * np.arange(n) / n) + 0.01 * chance.normal(size=n)

    def powered(window: np.ndarray | float) -> np.ndarray:
        return np.abs(np.fft.rfft(frame * window)) ** 2

    right, plain = powered(_hann(n)), powered(1.0)
    shapes = {
        (64,): "64 rows: the upper half mirrors the lower one, since the sound is real. "
        "33 say it all; np.fft.rfft gives just those.",
        (32,): "one row is missing: both 0 and half the sample rate count, so 33.",
    }
    got = shaped(power(frame.copy()), (33,), "64 samples have 33 powers", shapes)
    if np.abs(got.imag).max() > 1e-9 * np.abs(got).max():
        raise NotYet("these are complex numbers: size and phase. How strong is a row, whatever its phase?")
    before = "the window belongs on the samples, before the transform."
    scaled = "right but for a factor: the square was asked for as it is, not divided by anything."
    symmetric = (
        "np.hanning is symmetric, 0 at both ends. In a row of frames the next one begins where this one "
    )
    symmetric += "ends; the periodic window is np.hanning(n + 1)[:-1]."
    real = np.fft.rfft(frame * _hann(n)).real ** 2
    wrong = [
        (np.sqrt(right), "these are magnitudes. Power is their square."),
        (real, "the imaginary part is missing: a sine would lie in it alone. np.abs takes both."),
        (plain, "no window: the cut edges leak into every row. Multiply the frame first."),
        (powered(np.hanning(n)), symmetric),
        (powered(np.hamming(n)), "that is Hamming's window. This chapter's is Hann's."),
        (plain * np.abs(np.fft.rfft(_hann(n))) ** 2, before),
        (plain * _hann(n)[:33], before),
        (10 * np.log10(right), "right, and already in decibels; the power itself was asked for."),
        (right / n, scaled),
        (right / n**2, scaled),
        (right / (_hann(n) ** 2).sum(), scaled),
    ]
    slip(got, right, wrong, "window the 64 samples, transform them, take the squared magnitude of each row.")
    short = frame[:50]
    hint = "right for 64 samples, wrong for 50: is their number written into your function?"
    slip(power(short.copy()), np.abs(np.fft.rfft(short * _hann(50))) ** 2, otherwise=hint)
    return f"the tone lies in rows 9 and 10, and row 30 holds {right[30] / right[9]:.0e} of it."


@check
def check_cepstrum(cepstrum: Callable[[np.ndarray], np.ndarray]) -> str:
    """A function from (40, frames) decibels to the (13, frames) first coefficients of each column."""
    chance = np.random.default_rng(3)
    bands = -40 + 10 * chance.normal(size=(40, 17)).cumsum(axis=0)

    def dct(bands: np.ndarray, **options: Any) -> np.ndarray:
        return scipy.fft.dct(bands, **{"axis": 0, "norm": "ortho"} | options)

    got, right = numbers(cepstrum(bands.copy())), dct(bands)[:13]
    for along in (dct(bands, axis=1), dct(bands, axis=1, norm=None)):
        if got.ndim == 2 and same(got, along[: got.shape[0], : got.shape[1]]):
            raise NotYet(
                "the transform ran along time: scipy's dct takes the last axis unless it is told. "
                "The bands of one frame stand below each other."
            )
    shapes = {
        (40, 17): "all 40 coefficients of each column are there. Keep the first 13.",
        (17, 13): "it lies on its side: coefficients go down, frames to the right.",
    }
    got = shaped(got, (13, 17), "40 bands of 17 frames give 13 × 17 coefficients", shapes)
    third, fourier = "that is the inverse, DCT-III. MFCC take type II.", np.abs(np.fft.rfft(bands, axis=0))
    wrong = [
        (
            dct(bands, norm=None)[:13],
            'scipy\'s default has no scale. With norm="ortho" rows have length one.',
        ),
        (dct(bands)[-13:], "these are the last 13, the finest ripples. The coarse shape stands first."),
        (dct(bands)[1:14], "you left out coefficient 0. Some do; here it belongs to the 13."),
        (dct(bands, type=3)[:13], third),
        (dct(bands, type=3, norm=None)[:13] / 80, third),
        (
            fourier[:13],
            "that is another Fourier transform. The cosine transform gives real numbers with signs.",
        ),
        (dct(bands[:13]), "you cut off bands before the transform: all 40 take part."),
    ]
    slip(got, right, wrong, "one orthonormal DCT-II per column, its first 13 numbers.", atol=1e-3)
    alone = shaped(cepstrum(bands[:, :1].copy()), (13, 1), "a single frame has 13 × 1 coefficients")
    slip(alone, right[:, :1], otherwise="right for 17 frames, wrong for a single one.", atol=1e-3)
    return "13 numbers a frame: 17 frames have 221 of them. MFCC are not 13 numbers a recording."


@check
def check_resampled(convert: Callable[[Waveform, int], Waveform]) -> str:
    """A function from (samples, their rate) to samples at 8,000 a second."""

    def heard(hz: float, rate: int) -> np.ndarray:
        tone = np.sin(2 * np.pi * hz * np.arange(rate) / rate).astype(np.float32)
        got = numbers(convert(tone, rate))
        if got.ndim != 1:
            raise NotYet(f"one row of samples went in; the shape {got.shape} came out.")
        return got

    for rate in (8_000, 16_000, 44_100):
        got = heard(440, rate)
        if rate == 8_000 and len(got) != rate:
            raise NotYet(f"8,000 samples a second came in, {len(got):,} went out. Nothing had to be done.")
        if rate != 8_000 and len(got) == rate:
            raise NotYet(f"a second at {rate:,} still has {rate:,} samples: nothing happened to it.")
        if rate != 8_000 and abs(len(got) - rate * rate / 8_000) < 20:
            raise NotYet("it got longer. Which of the two rates is that of the input?")
        if abs(len(got) - 8_000) > 20:
            raise NotYet(f"a second at {rate:,} has to become 8,000 samples, not {len(got):,}.")
        if abs(_loudest(got) - 440) > 3:
            raise NotYet(f"a tone of 440 Hz came out at {_loudest(got):.0f} Hz.")
        if not 0.9 < (gain := _strength(got) * np.sqrt(2)) < 1.1:
            raise NotYet(f"a tone sampled at {rate:,} came out {gain:.2f} times as loud as it went in.")
    high = heard(6_000, 16_000)
    if _strength(high) > 0.05:
        raise NotYet(
            f"a tone of 6,000 Hz, too high for 8,000 samples a second, came out at {_loudest(high):,.0f} Hz. "
            "What cannot be kept has to be filtered out before samples are dropped; soxr and librosa do both."
        )
    return "rates of 8, 16 and 44.1 kHz come out alike, and a tone that 8 kHz cannot hold is gone."


@check
def check_telephone(telephone: Callable[[Waveform], Waveform]) -> str:
    """A function that lets 300 to 3,400 Hz of a sound at 8 kHz through and stops the rest."""

    def passed(hz: float, n: int = 8_000) -> float:
        tone = np.sin(2 * np.pi * hz * np.arange(n) / 8_000).astype(np.float32)
        came = shaped(telephone(tone.copy()), (n,), f"{n:,} samples went in and as many should come out")
        if np.iscomplexobj(came):
            raise NotYet("the samples are complex numbers now: use irfft, or take the real part.")
        return _strength(came) / _strength(tone)

    gains = {hz: passed(hz) for hz in (100, 1_000, 2_500, 3_800)}
    if all(abs(gain - 1) < 0.01 for gain in gains.values()):
        raise NotYet("everything came through, as before.")
    if gains[1_000] < 0.1 and gains[100] > 0.9:
        raise NotYet("the other way round: what a telephone passes was stopped.")
    for hz, gain in gains.items():
        if 300 < hz < 3_400 and not 0.9 < gain < 1.1:
            raise NotYet(f"{hz:,} Hz should come through as it is; {gain:.2f} of it did.")
        if not 300 < hz < 3_400 and gain > 0.1:
            raise NotYet(f"{hz:,} Hz should be stopped; {gain:.2f} of it came through.")
    if any((passed(hz, 5_001) > 0.5) != (gain > 0.5) for hz, gain in gains.items()):
        raise NotYet("right for a second of sound, in which row k is k Hz. Of 5,001 samples, it is not.")
    return "1,000 and 2,500 Hz pass, 100 and 3,800 Hz do not. Now ask the recogniser what it still hears."


def _hann(n: int) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)


def _strength(samples: np.ndarray) -> float:
    """The effective value, without the two ends, where filters begin and end."""
    return float(np.sqrt(np.mean(samples[500:-500] ** 2)))


def _loudest(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * 8_000 / len(samples))
