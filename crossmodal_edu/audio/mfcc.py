"""Mel-frequency cepstral coefficients: the shape of a spectrum in a dozen numbers a frame."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.audio.spectrum import mel_filter_bank, power_spectrogram, power_to_db
from crossmodal_edu.errors import InputError
from crossmodal_edu.modality import SAMPLE_RATE


def dct_matrix(n_mfcc: int, n_mels: int) -> Float[Tensor, "coefficients mels"]:
    """The first rows of the discrete cosine transform, type II, orthonormal.

    Row 0 is flat and row k swings k half turns from the lowest band to the highest, so that
    the first few rows describe the coarse shape of a column.

    Parameters
    ----------
    n_mfcc : int
        How many rows, 1 to ``n_mels``.
    n_mels : int
        Bands of a column.

    Returns
    -------
    (n_mfcc, n_mels)
        Rows of length one at right angles to each other, double precision.

    Raises
    ------
    InputError
        If ``n_mfcc`` is outside 1…n_mels.

    Notes
    -----
    Chapter 08. Ahmed, Natarajan and Rao (1974).

    Examples
    --------
    >>> dct_matrix(2, 4).round(decimals=3)
    tensor([[ 0.5000,  0.5000,  0.5000,  0.5000],
            [ 0.6530,  0.2710, -0.2710, -0.6530]], dtype=torch.float64)
    """
    _check_coefficients(n_mfcc, n_mels)
    k = torch.arange(n_mfcc, dtype=torch.float64)[:, None]
    m = torch.arange(n_mels, dtype=torch.float64)
    rows = math.sqrt(2 / n_mels) * torch.cos(torch.pi * k * (m + 0.5) / n_mels)
    rows[0] /= math.sqrt(2)
    return rows


def lifter_weights(n_mfcc: int, lifter: float) -> Float[Tensor, "coefficients"]:
    """Weights that lift the higher coefficients, which are small, towards the size of the lower ones.

    Parameters
    ----------
    n_mfcc : int
        How many coefficients.
    lifter : float
        Where the weights are largest is half of this; 22 is usual, 0 changes nothing.

    Returns
    -------
    (n_mfcc,)
        Double precision.

    Raises
    ------
    InputError
        If ``lifter`` is negative.

    Notes
    -----
    Chapter 08. Juang, Rabiner and Wilpon (1987). As librosa has it: 1 + L/2 · sin(π (k + 1) / L)
    for coefficient k = 0, 1, …; HTK has k in place of k + 1.

    Examples
    --------
    >>> lifter_weights(3, 0)
    tensor([1., 1., 1.], dtype=torch.float64)
    """
    _check_lifter(lifter)
    k = torch.arange(n_mfcc, dtype=torch.float64)
    return 1 + lifter / 2 * torch.sin(torch.pi * (k + 1) / lifter) if lifter else torch.ones_like(k)


def deltas(coefficients: Float[Tensor, "*n frames"], width: int = 9) -> Float[Tensor, "*n frames"]:
    """How fast each row rises or falls: the slope of a line laid through some neighbouring frames.

    A line through nine frames jumps less than the difference of two. Where the frames do not
    reach far enough, at both ends, the nearest slope is repeated. The deltas of deltas tell how
    the speed itself changes.

    Parameters
    ----------
    coefficients : (..., frames)
        Rows over time.
    width : int
        Frames the line is laid through: odd, 3 or more, at most all of them.

    Returns
    -------
    (..., frames)
        Per frame, not per second.

    Raises
    ------
    InputError
        If ``width`` is even, too small or larger than the number of frames.

    Notes
    -----
    Chapter 08. Furui (1986); Savitzky and Golay (1964). For a line, least squares give the slope
    Σ t x[t] / Σ t², with t counted from the middle frame.

    Examples
    --------
    >>> deltas(torch.tensor([0.0, 2.0, 4.0, 6.0, 8.0]), width=3)
    tensor([2., 2., 2., 2., 2.])
    """
    _check_width(coefficients, width)
    half, count = width // 2, coefficients.shape[-1]
    steps = torch.arange(-half, half + 1).to(coefficients)
    slopes = coefficients.unfold(-1, width, 1) @ (steps / steps.square().sum())
    return slopes[..., (torch.arange(count) - half).clamp(0, count - width)]


def mfcc(
    waveforms: Float[Tensor, "*n samples"],
    sample_rate: int = SAMPLE_RATE,
    n_mfcc: int = 13,
    n_fft: int = 512,
    hop_length: int = 160,
    n_mels: int = 40,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | None = "slaney",
    top_db: float | None = 80.0,
    lifter: float = 0.0,
    center: bool = True,
    pad_mode: str = "constant",
) -> Float[Tensor, "*n coefficients frames"]:
    """MFCC of a batch of clips: the shape of the spectrum, as the ear spaces it, frame by frame.

    The parameters mean what they mean in ``librosa.feature.mfcc`` (where ``norm`` is called
    ``mel_norm``, and ``top_db`` is always 80). The sizes that stand here by default suit speech:
    frames of 32 ms every 10 ms at 16 kHz; those of librosa, 2048 samples every 512, suit music.

    Parameters
    ----------
    waveforms : (..., samples)
        Mono clips of equal length.
    sample_rate : int
        Samples a second of *these* waveforms. It cannot be checked: a wrong one gives wrong numbers.
    n_mfcc : int
        Coefficients per frame, 1 to ``n_mels``.
    n_fft, hop_length, center, pad_mode
        As for :func:`~crossmodal_edu.audio.spectrum.frames`.
    n_mels, fmin, fmax, htk, norm
        As for :func:`~crossmodal_edu.audio.spectrum.mel_filter_bank`.
    top_db : float, optional
        As for :func:`~crossmodal_edu.audio.spectrum.power_to_db`.
    lifter : float
        As for :func:`lifter_weights`.

    Returns
    -------
    (..., n_mfcc, frames)
        Finite for every finite sound, silence included.

    Raises
    ------
    InputError
        If samples are NaN or infinite, an array looks like stereo, or a setting makes no sense.

    Notes
    -----
    Chapter 08. Davis and Mermelstein (1980), equation 1.

    Examples
    --------
    >>> mfcc(torch.zeros(3, 16_000)).shape
    torch.Size([3, 13, 101])
    """
    power = power_spectrogram(waveforms, n_fft, hop_length, center, pad_mode)
    bank = mel_filter_bank(n_mels, n_fft, sample_rate, fmin, fmax, htk, norm, torch.float64)
    bands = power_to_db(bank.to(power) @ power, top_db)
    rows = lifter_weights(n_mfcc, lifter)[:, None] * dct_matrix(n_mfcc, n_mels)
    return rows.to(power) @ bands


def _check_coefficients(n_mfcc: int, n_mels: int) -> None:
    if not 1 <= n_mfcc <= n_mels:
        raise InputError(
            f"{n_mfcc} coefficients cannot be had from {n_mels} mel bands.",
            accepted="at least 1, and at most as many as there are bands.",
            remedy="For speech take n_mfcc=13 of n_mels=40.",
        )


def _check_lifter(lifter: float) -> None:
    if not lifter >= 0:
        raise InputError(f"The lifter is {lifter}.", accepted="0 or more.", remedy="22 is usual, 0 is none.")


def _check_width(coefficients: Tensor, width: int) -> None:
    count = coefficients.shape[-1]
    if width % 2 == 0 or not 3 <= width <= count:
        raise InputError(
            f"No slope can be laid through {width} of {count} frames.",
            accepted="an odd width, 3 or more, at most the number of frames.",
            remedy="Take a smaller width, or longer clips.",
        )
