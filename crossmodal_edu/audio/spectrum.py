"""From a waveform to a picture of it: frames, power spectrum, mel bands, decibels."""

from __future__ import annotations

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

SAMPLE_RATE = 16_000


def hz_to_mel(hz: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The mel scale: equal steps sound equally far apart.

    Notes
    -----
    Chapter 08. O'Shaughnessy (1987): m = 2595 log₁₀(1 + f / 700), the HTK variant.

    Examples
    --------
    >>> round(hz_to_mel(torch.tensor(1000.0)).item())
    1000
    """
    return 2595.0 * torch.log10(1.0 + hz / 700.0)


def mel_to_hz(mel: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The inverse of :func:`hz_to_mel`.

    Notes
    -----
    Chapter 08.

    Examples
    --------
    >>> round(mel_to_hz(hz_to_mel(torch.tensor(440.0))).item())
    440
    """
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def mel_filter_bank(
    n_mels: int, n_fft: int, sample_rate: int = SAMPLE_RATE, low: float = 60.0, high: float = 7600.0
) -> Float[Tensor, "mels frequencies"]:
    """Triangles over the frequencies of a spectrum, equally wide in mel.

    Parameters
    ----------
    n_mels : int
        How many triangles.
    n_fft : int
        Samples per frame of the spectrum, which then has n_fft / 2 + 1 frequencies.
    sample_rate : int
        In hertz.
    low, high : float
        The lowest and the highest frequency, in hertz.

    Returns
    -------
    (mels, frequencies)
        Weights from 0 to 1.

    Notes
    -----
    Chapter 08. Davis and Mermelstein (1980).

    Examples
    --------
    >>> mel_filter_bank(40, 512).shape
    torch.Size([40, 257])
    """
    frequencies = torch.linspace(0, sample_rate / 2, n_fft // 2 + 1)
    edges = mel_to_hz(torch.linspace(*hz_to_mel(torch.tensor([low, high])).tolist(), n_mels + 2))
    left, centre, right = (part[:, None] for part in (edges[:-2], edges[1:-1], edges[2:]))
    rising = (frequencies - left) / (centre - left)
    falling = (right - frequencies) / (right - centre)
    return torch.minimum(rising, falling).clamp(min=0)


@cache
def _filter_bank(n_mels: int, n_fft: int) -> Float[Tensor, "mels frequencies"]:
    return mel_filter_bank(n_mels, n_fft)


def log_mel(
    waveforms: Float[Tensor, "*n samples"], n_mels: int = 40, n_fft: int = 512, hop_length: int = 320
) -> Float[Tensor, "*n mels frames"]:
    """How much of each pitch there is in each 20 ms of sound, in decibels.

    Parameters
    ----------
    waveforms : (..., samples)
        16 kHz mono, −1 to 1; silence is fine.
    n_mels : int
        Pitch bands.
    n_fft : int
        Samples per frame (512 are 32 ms).
    hop_length : int
        Samples from one frame to the next (320 are 20 ms).

    Returns
    -------
    (..., mels, frames)
        Decibels, −100 at the lowest; ``samples // hop_length + 1`` frames.

    Notes
    -----
    Chapter 08. Davis and Mermelstein (1980).

    Examples
    --------
    >>> log_mel(torch.zeros(16_000)).shape
    torch.Size([40, 51])
    """
    window = torch.hann_window(n_fft, device=waveforms.device)
    spectrum = torch.stft(
        waveforms, n_fft, hop_length, window=window, center=True, pad_mode="constant", return_complex=True
    )
    power = spectrum.abs().square() / window.square().sum()
    return 10.0 * torch.log10((_filter_bank(n_mels, n_fft).to(power.device) @ power).clamp(min=1e-10))
