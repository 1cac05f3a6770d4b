"""The checks of chapter 08: frequencies, power, the cosine transform, sample rates, a telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft

from crossmodal_edu.classroom.checks.checking import NotYet, check

Waveform = np.ndarray


@check
def check_row(answer: Any) -> str:
    """The frequency of row 32 of the spectrum of 512 samples at 16 kHz, in hertz."""
    hz = float(answer)
    if np.isclose(hz, 1):
        raise NotYet("1 kHz, yes; the answer was asked for in hertz.")
    if np.isclose(hz, 32):
        raise NotYet("row 32 is the wave that turns 32 times in a frame. How long is a frame?")
    if np.isclose(hz, 500):
        raise NotYet(
            "row 512 would be the sample rate itself, 16,000 Hz; the spectrum stops at half of that."
        )
    if np.isclose(hz, 2000):
        raise NotYet("a frame has 512 samples; the 257 rows of its spectrum reach only up to half the rate.")
    if np.isclose(hz, 1024):
        raise NotYet("you divided the samples by the turns. Seconds per frame first: 512 / 16,000.")
    if np.isclose(hz, 31.25):
        raise NotYet("that is row 1, one turn in a frame.")
    if not np.isclose(hz, 1000, atol=0.5):
        raise NotYet("row k turns k times in 512 samples. How many turns is that in 16,000?")
    return "32 turns in 512 samples are 1,000 turns in 16,000. The rows stand 31.25 Hz apart."


@check
def check_power(power: Callable[[np.ndarray], np.ndarray]) -> str:
    """A function from a frame of n samples to the n / 2 + 1 powers of its Hann-windowed spectrum."""
    chance = np.random.default_rng(8)
    n = 64
    frame = np.sin(2 * np.pi * 9.4 * np.arange(n) / n) + 0.01 * chance.normal(size=n)
    got = np.asarray(power(frame.copy()))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    right = np.abs(np.fft.rfft(frame * window)) ** 2
    if got.shape == (n,):
        raise NotYet(
            "64 rows: the upper half mirrors the lower one, since the sound is real. "
            "33 say it all; np.fft.rfft gives just those."
        )
    if got.shape != (n // 2 + 1,):
        raise NotYet(f"64 samples have 33 powers; yours has the shape {got.shape}.")
    if np.iscomplexobj(got):
        raise NotYet(
            "these are complex numbers: size and phase. How strong is a frequency, whatever its phase?"
        )
    if np.allclose(got, np.sqrt(right)):
        raise NotYet("these are magnitudes. Power is their square.")
    if np.allclose(got, np.fft.rfft(frame * window).real ** 2):
        raise NotYet("the imaginary part is missing: a sine would lie in it alone. np.abs takes both.")
    if np.allclose(got, np.abs(np.fft.rfft(frame)) ** 2):
        raise NotYet("no window: the cut edges leak into every row. Multiply the frame first.")
    if np.allclose(got, np.abs(np.fft.rfft(frame * np.hanning(n))) ** 2):
        raise NotYet(
            "np.hanning is symmetric, 0 at both ends. In a row of frames the next one begins where this one "
            "ends; the periodic window is np.hanning(n + 1)[:-1]."
        )
    if np.allclose(got, np.abs(np.fft.rfft(frame) * np.fft.rfft(window)) ** 2) or np.allclose(
        got, np.abs(np.fft.rfft(frame)) ** 2 * window[: n // 2 + 1]
    ):
        raise NotYet("the window belongs on the samples, before the transform.")
    if np.allclose(got, 10 * np.log10(right)):
        raise NotYet("right, and already in decibels; the power itself was asked for.")
    if not np.allclose(got, right):
        raise NotYet("window the 64 samples, transform them, take the squared magnitude of each row.")
    return f"the tone lies in rows 9 and 10, and row 30 holds {right[30] / right[9]:.0e} of it."


@check
def check_cepstrum(cepstrum: Callable[[np.ndarray], np.ndarray]) -> str:
    """A function from (40, frames) decibels to the (13, frames) first coefficients of each column."""
    chance = np.random.default_rng(3)
    bands = -40 + 10 * chance.normal(size=(40, 17)).cumsum(axis=0)
    got = np.asarray(cepstrum(bands.copy()))
    right = scipy.fft.dct(bands, axis=0, norm="ortho")[:13]
    if got.shape == (40, 17) and np.allclose(got[:13], right):
        raise NotYet("all 40 coefficients of each column are there. Keep the first 13.")
    if got.shape in ((40, 13), (13, 17), (40, 17)) and np.allclose(
        got, scipy.fft.dct(bands, axis=1, norm="ortho")[: got.shape[0], : got.shape[1]]
    ):
        raise NotYet(
            "the transform ran along time: scipy's dct takes the last axis unless it is told. "
            "The bands of one frame stand below each other."
        )
    if got.shape == (17, 13) and np.allclose(got.T, right):
        raise NotYet("right numbers on their side: coefficients go down, frames to the right.")
    if got.shape != (13, 17):
        raise NotYet(f"40 bands of 17 frames give 13 × 17 coefficients; yours has the shape {got.shape}.")
    if np.allclose(got, scipy.fft.dct(bands, axis=0)[:13]):
        raise NotYet('scipy\'s default has no scale. With norm="ortho" the rows have length one.')
    if np.allclose(got, scipy.fft.dct(bands, axis=0, norm="ortho")[-13:]):
        raise NotYet("these are the last 13, the finest ripples. The coarse shape stands first.")
    if np.allclose(got, scipy.fft.dct(bands, axis=0, norm="ortho")[1:14]):
        raise NotYet("you left out coefficient 0. Some do; here it belongs to the 13.")
    if np.allclose(got, scipy.fft.idct(bands, axis=0, norm="ortho")[:13]) or np.allclose(
        got, scipy.fft.dct(bands, type=3, axis=0, norm="ortho")[:13]
    ):
        raise NotYet("that is the inverse, DCT-III. MFCC take type II.")
    if np.allclose(got, np.abs(np.fft.rfft(bands, axis=0))[:13]):
        raise NotYet("that is another Fourier transform. The cosine transform gives real numbers with signs.")
    if not np.allclose(got, right):
        raise NotYet("one orthonormal DCT-II per column, its first 13 numbers.")
    return "13 numbers a frame: 17 frames have 221 of them. MFCC are not 13 numbers a recording."


@check
def check_resampled(convert: Callable[[Waveform, int], Waveform]) -> str:
    """A function from (samples, their rate) to samples at 8,000 a second."""

    def tone(hz: float, rate: int) -> Waveform:
        return np.sin(2 * np.pi * hz * np.arange(rate) / rate).astype(np.float32)

    kept = np.asarray(convert(tone(440, 8_000), 8_000))
    if len(kept) != 8_000:
        raise NotYet(f"8,000 samples a second came in, {len(kept):,} went out. Nothing had to be done.")
    for rate in (16_000, 44_100):
        got = np.asarray(convert(tone(440, rate), rate))
        if len(got) == rate:
            raise NotYet(f"a second at {rate:,} still has {rate:,} samples: nothing happened to it.")
        if abs(len(got) - rate * rate / 8_000) < 20:
            raise NotYet("it got longer. Which of the two rates is that of the input?")
        if abs(len(got) - 8_000) > 20:
            raise NotYet(f"a second at {rate:,} has to become 8,000 samples, not {len(got):,}.")
        loudest = np.abs(np.fft.rfft(got)).argmax() * 8_000 / len(got)
        if abs(loudest - 440) > 3:
            raise NotYet(f"a tone of 440 Hz came out at {loudest:.0f} Hz.")
    high = np.asarray(convert(tone(6_000, 16_000), 16_000))[500:-500]
    if np.sqrt(np.mean(high**2)) > 0.05:
        found = np.abs(np.fft.rfft(high)).argmax() * 8_000 / len(high)
        raise NotYet(
            f"a tone of 6,000 Hz, too high for 8,000 samples a second, came out at {found:,.0f} Hz. "
            "What cannot be kept has to be filtered out before samples are dropped; soxr and librosa do both."
        )
    return "rates of 8, 16 and 44.1 kHz come out alike, and a tone that 8 kHz cannot hold is gone."


@check
def check_telephone(telephone: Callable[[Waveform], Waveform]) -> str:
    """A function that lets 300 to 3,400 Hz of a sound at 8 kHz through and stops the rest."""

    def passed(hz: float) -> float:
        n = 8_000
        tone = np.sin(2 * np.pi * hz * np.arange(n) / 8_000).astype(np.float32)
        got = np.asarray(telephone(tone.copy()))
        if got.shape != tone.shape:
            raise NotYet(f"8,000 samples went in, the shape {got.shape} came out.")
        if np.iscomplexobj(got):
            raise NotYet("the samples are complex numbers now: use irfft, or take the real part.")
        middle = slice(1_000, -1_000)
        return float(np.sqrt(np.mean(got[middle] ** 2) / np.mean(tone[middle] ** 2)))

    gains = {hz: passed(hz) for hz in (100, 1_000, 2_500, 3_800)}
    if all(abs(gain - 1) < 0.01 for gain in gains.values()):
        raise NotYet("everything came through, as before.")
    if gains[1_000] < 0.1 and gains[100] > 0.9:
        raise NotYet("the other way round: what a telephone passes was stopped.")
    for hz in (1_000, 2_500):
        if not 0.9 < gains[hz] < 1.1:
            raise NotYet(f"{hz:,} Hz should come through as it is; {gains[hz]:.2f} of it did.")
    if gains[100] > 0.1:
        raise NotYet(f"100 Hz should be stopped; {gains[100]:.2f} of it came through.")
    if gains[3_800] > 0.1:
        raise NotYet(f"3,800 Hz should be stopped; {gains[3_800]:.2f} of it came through.")
    return "1,000 and 2,500 Hz pass, 100 and 3,800 Hz do not. Now ask the recogniser what it still hears."
