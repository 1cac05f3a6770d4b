"""Chapter 08: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

from math import gcd

import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.signal
import soxr
import torch

from crossmodal_edu.classroom.checks.mfcc import (
    check_cepstrum,
    check_power,
    check_resampled,
    check_row,
    check_telephone,
)

FUNCTIONS = (check_power, check_cepstrum, check_resampled, check_telephone)


def test_untouched(ignores):
    ignores(check_row, function=False)
    for check in FUNCTIONS:
        ignores(check)


@pytest.mark.parametrize(
    "answer", [1000, "1000", 32 * 16_000 / 512, np.fft.rfftfreq(512, 1 / 16_000)[32], [1000]]
)
def test_row(accepts, answer):
    accepts(check_row, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (1, "hertz"),
        (32, "how long is a frame"),
        (500, "row 512"),
        (2000, "half the rate"),
        (1024, "Seconds per frame"),
        (31.25, "row 1,"),
        (7, "How many turns"),
        ("low", "one number"),
        ((1, 0), "a point"),
        (968.75, "row 31"),
        (1031.25, "row 33"),
        (32 * 8_000 / 257, "256 steps"),
        (-1000, "How many turns"),
    ],
)
def test_wrong_row(refuses, answer, hint):
    refuses(check_row, answer, hint=hint)


def _hann(n):
    return np.hanning(n + 1)[:-1]


def _power(frame):
    return np.abs(np.fft.rfft(frame * _hann(len(frame)))) ** 2


def _power_by_hand(frame):
    n = len(frame)
    turns = np.exp(-2j * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n)
    parts = turns @ (frame * _hann(n))
    return [part.real**2 + part.imag**2 for part in parts]


def _times_its_mirror(frame):
    spectrum = np.fft.rfft(frame * _hann(len(frame)))
    return spectrum * spectrum.conj()


POWERS = [
    _power,
    _power_by_hand,
    _times_its_mirror,
    lambda x: np.abs(np.fft.rfft(x * scipy.signal.get_window("hann", len(x)))) ** 2,
    lambda x: np.abs(np.fft.fft(x * _hann(len(x))))[: len(x) // 2 + 1] ** 2,
    lambda x: torch.fft.rfft(torch.tensor(x) * torch.hann_window(len(x), dtype=torch.double)).abs() ** 2,
    lambda x: np.abs(scipy.fft.rfft((x * _hann(len(x))).astype(np.float32))) ** 2,
]


@pytest.mark.parametrize("power", POWERS)
def test_power(accepts, power):
    accepts(check_power, power)


def test_power_in_any_form(accepts, form):
    accepts(check_power, form(_power))


@pytest.mark.parametrize(
    ("power", "hint"),
    [
        (lambda x: np.abs(np.fft.fft(x * _hann(64))) ** 2, "mirrors"),
        (lambda x: x[:10], "33 powers"),
        (lambda x: np.fft.rfft(x * _hann(64)), "complex"),
        (lambda x: np.fft.rfft(x * _hann(64)) ** 2, "complex"),
        (lambda x: np.abs(np.fft.rfft(x * _hann(64))), "square"),
        (lambda x: np.fft.rfft(x * _hann(64)).real ** 2, "imaginary"),
        (lambda x: np.abs(np.fft.rfft(x)) ** 2, "no window"),
        (lambda x: np.abs(np.fft.rfft(x * np.hanning(64))) ** 2, "symmetric"),
        (lambda x: np.abs(np.fft.rfft(x)) ** 2 * _hann(64)[:33], "before the transform"),
        (lambda x: 10 * np.log10(np.abs(np.fft.rfft(x * _hann(64))) ** 2), "decibels"),
        (lambda x: np.zeros(33), "squared magnitude"),
        (lambda x: np.abs(np.fft.fft(x * _hann(64)))[:32] ** 2, "one row is missing"),
        (lambda x: _power(x) / 64, "but for a factor"),
        (lambda x: _power(x) / (_hann(64) ** 2).sum(), "but for a factor"),
        (lambda x: np.abs(np.fft.rfft(x * np.hamming(len(x)))) ** 2, "Hamming"),
        (lambda x: _power(x)[::-1], "squared magnitude"),
        (lambda x: np.abs(np.fft.rfft(x * _hann(64)[: len(x)])) ** 2, "wrong for 50"),
        (lambda x: print(_power(x)), "did you print"),
        (lambda x: np.abs(np.fft.rfft(x * _hann(512))) ** 2, "ValueError"),
    ],
)
def test_wrong_power(refuses, power, hint):
    refuses(check_power, power, hint=hint)


def _dct(bands, **options):
    return scipy.fft.dct(bands, **{"axis": 0, "norm": "ortho"} | options)


def _cepstrum_by_hand(bands):
    k, n = np.arange(13)[:, None], np.arange(40)
    cosines = np.sqrt(2 / 40) * np.cos(np.pi * k * (n + 0.5) / 40)
    cosines[0] /= np.sqrt(2)
    return cosines @ bands


CEPSTRA = [
    lambda b: _dct(b)[:13],
    _cepstrum_by_hand,
    lambda b: _dct(b.T, axis=1)[:, :13].T,
    lambda b: np.stack([scipy.fft.dct(column, norm="ortho")[:13] for column in b.T], axis=1),
    lambda b: _dct(b.astype(np.float32))[:13],
]


@pytest.mark.parametrize("cepstrum", CEPSTRA)
def test_cepstrum(accepts, cepstrum):
    accepts(check_cepstrum, cepstrum)


def test_cepstrum_in_any_form(accepts, form):
    accepts(check_cepstrum, form(_cepstrum_by_hand))


@pytest.mark.parametrize(
    ("cepstrum", "hint"),
    [
        (lambda b: _dct(b), "Keep the first 13"),
        (lambda b: _dct(b, axis=1)[:13], "along time"),
        (lambda b: _dct(b, axis=-1)[:, :13], "along time"),
        (lambda b: _dct(b)[:13].T, "on its side"),
        (lambda b: _dct(b)[:12], "13 × 17"),
        (lambda b: _dct(b).mean(axis=1)[:13], "13 × 17"),
        (lambda b: _dct(b, norm=None)[:13], "no scale"),
        (lambda b: _dct(b)[-13:], "last 13"),
        (lambda b: _dct(b)[1:14], "coefficient 0"),
        (lambda b: _dct(b, type=3)[:13], "type II"),
        (lambda b: np.abs(np.fft.rfft(b, axis=0))[:13], "Fourier"),
        (lambda b: _dct(b)[:13] * 2, "per column"),
        (lambda b: scipy.fft.idct(b, axis=0)[:13], "type II"),
        (lambda b: scipy.fft.idct(b, axis=0, norm="ortho")[:13], "type II"),
        (lambda b: _dct(b[:13]), "all 40 take part"),
        (lambda b: _dct(b, axis=-1), "along time"),
        (lambda b: scipy.fft.dct(b)[:13], "along time"),
        (lambda b: _dct(b)[:13].squeeze(), "a single frame"),
        (lambda b: print(_dct(b)[:13]), "did you print"),
    ],
)
def test_wrong_cepstrum(refuses, cepstrum, hint):
    refuses(check_cepstrum, cepstrum, hint=hint)


RESAMPLED = [
    lambda x, rate: soxr.resample(x, rate, 8_000),
    lambda x, rate: soxr.resample(x.astype(float), rate, 8_000).tolist(),
    lambda x, rate: x if rate == 8_000 else torch.from_numpy(soxr.resample(x, rate, 8_000)),
    lambda x, rate: scipy.signal.resample(x, round(len(x) * 8_000 / rate)),
    lambda x, rate: scipy.signal.resample_poly(x, 8_000 // gcd(8_000, rate), rate // gcd(8_000, rate)),
    lambda x, rate: librosa.resample(x, orig_sr=rate, target_sr=8_000),
]


@pytest.mark.parametrize("convert", RESAMPLED)
def test_resampled(accepts, convert):
    accepts(check_resampled, convert)


def _cut_spectrum(x, rate):
    """A quieter sound: irfft divides by the new length, rfft did not."""
    return np.fft.irfft(np.fft.rfft(x)[:4_001], 8_000)


def _every_so_many(x, rate):
    return x[np.arange(0, len(x), rate / 8_000).astype(int)]


@pytest.mark.parametrize(
    ("convert", "hint"),
    [
        (lambda x, rate: x, "nothing happened"),
        (lambda x, rate: soxr.resample(x, 8_000, rate), "got longer"),
        (lambda x, rate: x[::2], "Nothing had to be done"),
        (lambda x, rate: x[:: rate // 8_000], "has to become 8,000"),
        (lambda x, rate: x[:8_000], "came out at"),
        (_every_so_many, "filtered out"),
        (_cut_spectrum, "2.00 times as loud"),
        (lambda x, rate: soxr.resample(x, rate, 8_000)[None], "one row of samples"),
        (lambda x, rate: 0.5 * soxr.resample(x, rate, 8_000), "0.50 times as loud"),
        (lambda x, rate: print(soxr.resample(x, rate, 8_000)), "did you print"),
        (lambda x, rate: np.interp(np.arange(8_000) / 8_000, np.arange(len(x)) / rate, x), "filtered out"),
    ],
)
def test_wrong_resampled(refuses, convert, hint):
    refuses(check_resampled, convert, hint=hint)


def _band(x, inside=True):
    spectrum = np.fft.rfft(x)
    hz = np.fft.rfftfreq(len(x), 1 / 8_000)
    spectrum[((hz < 300) | (hz > 3_400)) == inside] = 0
    return np.fft.irfft(spectrum, len(x))


def _filtered(x):
    return scipy.signal.sosfiltfilt(
        scipy.signal.butter(6, (300, 3_400), "bandpass", fs=8_000, output="sos"), x
    )


TELEPHONES = [
    _band,
    _filtered,
    lambda x: _filtered(x).tolist(),
    lambda x: torch.from_numpy(_band(x)),
    lambda x: scipy.signal.lfilter(scipy.signal.firwin(501, (300, 3_400), fs=8_000, pass_zero=False), 1, x),
    lambda x: _low(x, 3_400) - _low(x, 300),
]


@pytest.mark.parametrize("telephone", TELEPHONES)
def test_telephone(accepts, telephone):
    accepts(check_telephone, telephone)


def _rows_for_hertz(x):
    """Right by luck for one second of sound: there, row k is k Hz."""
    spectrum = np.fft.rfft(x)
    spectrum[:300] = spectrum[3_400:] = 0
    return np.fft.irfft(spectrum, len(x))


@pytest.mark.parametrize(
    ("telephone", "hint"),
    [
        (lambda x: x, "as before"),
        (lambda x: x[:100], "as many should come out"),
        (lambda x: np.fft.irfft(np.fft.rfft(_band(x))), "5,001 samples"),
        (_rows_for_hertz, "row k is k Hz"),
        (lambda x: np.fft.rfft(_band(x)), "as many should come out"),
        (lambda x: print(_band(x)), "did you print"),
        (lambda x: np.fft.ifft(np.fft.fft(x)), "irfft"),
        (lambda x: _band(x, inside=False), "other way round"),
        (lambda x: _band(x) / 2, "come through as it is"),
        (
            lambda x: x - _band(x, inside=False) * (np.arange(8_000) < 0) - _low(x, 3_400),
            "come through as it is",
        ),
        (lambda x: _low(x, 3_400), "100 Hz should be stopped"),
        (lambda x: x - _low(x, 300), "3,800 Hz should be stopped"),
    ],
)
def test_wrong_telephone(refuses, telephone, hint):
    refuses(check_telephone, telephone, hint=hint)


def _low(x, hz):
    spectrum = np.fft.rfft(x)
    spectrum[np.fft.rfftfreq(len(x), 1 / 8_000) > hz] = 0
    return np.fft.irfft(spectrum, len(x))
