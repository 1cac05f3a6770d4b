"""Chapter 08: right answers are accepted, and each wrong one gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import scipy.signal
import soxr

from crossmodal_edu.classroom.checks.mfcc import (
    check_cepstrum,
    check_power,
    check_resampled,
    check_row,
    check_telephone,
)

FUNCTIONS = (check_power, check_cepstrum, check_resampled, check_telephone)


@pytest.mark.parametrize("check", [check_row, *FUNCTIONS])
def test_untouched(said, check):
    assert said(check, ...).state == "not tried yet"
    if check in FUNCTIONS:
        assert said(check, lambda *inputs: ...).state == "not tried yet"


@pytest.mark.parametrize("answer", [1000, "1000", 32 * 16_000 / 512])
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
        ("low", "ValueError"),
    ],
)
def test_wrong_row(refuses, answer, hint):
    refuses(check_row, answer, hint=hint)


def _hann(n):
    return np.hanning(n + 1)[:-1]


def test_power(said, accepts):
    accepts(check_power, lambda x: np.abs(np.fft.rfft(x * _hann(len(x)))) ** 2)
    assert said(
        check_power, lambda x: np.abs(np.fft.rfft(x * scipy.signal.get_window("hann", len(x)))) ** 2
    ).startswith("Right")


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
        (lambda x: np.abs(np.fft.rfft(x * _hann(512))) ** 2, "ValueError"),
    ],
)
def test_wrong_power(refuses, power, hint):
    refuses(check_power, power, hint=hint)


def _dct(bands, **options):
    return scipy.fft.dct(bands, **{"axis": 0, "norm": "ortho"} | options)


def test_cepstrum(accepts):
    accepts(check_cepstrum, lambda b: _dct(b)[:13])


@pytest.mark.parametrize(
    ("cepstrum", "hint"),
    [
        (lambda b: _dct(b), "Keep the first 13"),
        (lambda b: _dct(b, axis=1)[:13], "along time"),
        (lambda b: _dct(b, axis=-1)[:, :13], "along time"),
        (lambda b: _dct(b)[:13].T, "on their side"),
        (lambda b: _dct(b)[:12], "13 × 17"),
        (lambda b: _dct(b).mean(axis=1)[:13], "13 × 17"),
        (lambda b: _dct(b, norm=None)[:13], "no scale"),
        (lambda b: _dct(b)[-13:], "last 13"),
        (lambda b: _dct(b)[1:14], "coefficient 0"),
        (lambda b: _dct(b, type=3)[:13], "type II"),
        (lambda b: np.abs(np.fft.rfft(b, axis=0))[:13], "Fourier"),
        (lambda b: _dct(b)[:13] * 2, "per column"),
    ],
)
def test_wrong_cepstrum(refuses, cepstrum, hint):
    refuses(check_cepstrum, cepstrum, hint=hint)


def test_resampled(said, accepts):
    accepts(check_resampled, lambda x, rate: soxr.resample(x, rate, 8_000))
    assert said(
        check_resampled, lambda x, rate: scipy.signal.resample(x, round(len(x) * 8_000 / rate))
    ).startswith("Right")


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


def test_telephone(accepts):
    accepts(check_telephone, _band)
    filter = scipy.signal.butter(6, (300, 3_400), "bandpass", fs=8_000, output="sos")
    accepts(check_telephone, lambda x: scipy.signal.sosfiltfilt(filter, x))


@pytest.mark.parametrize(
    ("telephone", "hint"),
    [
        (lambda x: x, "as before"),
        (lambda x: x[:100], "came out"),
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
