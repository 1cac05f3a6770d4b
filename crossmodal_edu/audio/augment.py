"""The same words from other mouths and other rooms: slower, faster, noisier, softer, partly unheard."""

from __future__ import annotations

import numpy as np
import soxr
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.audio.encoder import Spectrograms
from crossmodal_edu.errors import InputError


def add_noise(
    waveform: Float[np.ndarray, "samples"], snr: float, rng: np.random.Generator
) -> Float[np.ndarray, "samples"]:
    """White noise under a sound.

    Parameters
    ----------
    waveform : (samples,)
    snr : float
        Signal-to-noise ratio in decibels: at 0 the noise is as strong as the sound, at 20 a
        hundredth as strong.
    rng : Generator
        Where the noise comes from.

    Returns
    -------
    (samples,) float32
        Silence stays silence: its noise has no strength either.

    Notes
    -----
    Chapter 08.

    Examples
    --------
    >>> noisy = add_noise(np.ones(10_000, np.float32), 20, np.random.default_rng(0))
    >>> bool(abs(np.std(noisy) - 0.1) < 0.01)
    True
    """
    strength = np.sqrt(np.mean(np.square(waveform)) / 10 ** (snr / 10)) if len(waveform) else 0.0
    return (waveform + strength * rng.standard_normal(len(waveform))).astype(np.float32)


def change_speed(waveform: Float[np.ndarray, "samples"], factor: float) -> Float[np.ndarray, "shorter"]:
    """Play a sound faster or slower, as a tape does: the pitch changes with it.

    Parameters
    ----------
    waveform : (samples,)
    factor : float
        2 is twice as fast and an octave higher, 0.5 half as fast and an octave lower.

    Returns
    -------
    (samples / factor,) float32

    Raises
    ------
    InputError
        If the factor is outside 0.1 to 10.

    Notes
    -----
    Chapter 08. Ko, Peddinti, Povey and Khudanpur (2015).

    Examples
    --------
    >>> len(change_speed(np.zeros(16_000, np.float32), 1.25))
    12800
    """
    _check_factor(factor)
    # More samples a second than the player believes: that is all there is to speed.
    return soxr.resample(waveform, factor, 1.0).astype(np.float32)


def change_volume(waveform: Float[np.ndarray, "samples"], decibels: float) -> Float[np.ndarray, "samples"]:
    """Louder or softer: 6 dB more is twice the amplitude.

    Parameters
    ----------
    waveform : (samples,)
    decibels : float
        Positive is louder, negative softer.

    Returns
    -------
    (samples,) float32
        Not limited to −1…1.

    Notes
    -----
    Chapter 08.

    Examples
    --------
    >>> change_volume(np.array([0.5], np.float32), -20.0)
    array([0.05], dtype=float32)
    """
    return (waveform * 10 ** (decibels / 20)).astype(np.float32)


def random_changes(
    waveform: Float[np.ndarray, "samples"],
    rng: np.random.Generator,
    noise: bool = True,
    speed: bool = True,
    volume: bool = True,
) -> Float[np.ndarray, "changed"]:
    """Another room, another pace, another distance, by chance; each can be switched off.

    Parameters
    ----------
    waveform : (samples,)
    rng : Generator
        Where the chance comes from.
    noise : bool
        White noise, 0 to 40 dB below the sound.
    speed : bool
        Up to 15 % slower and lower or faster and higher.
    volume : bool
        Up to 20 dB softer.

    Returns
    -------
    (changed,) float32

    Notes
    -----
    Used in Chapter 08.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bool((random_changes(np.ones(100, np.float32), rng, noise=False, speed=False) < 1).all())
    True
    """
    # All three are drawn each time, so that one switch leaves the others' chance as it was.
    factor, snr, decibels = rng.uniform(0.85, 1.15), rng.uniform(0, 40), rng.uniform(-20, 0)
    if speed:
        waveform = change_speed(waveform, factor)
    if noise:
        waveform = add_noise(waveform, snr, rng)
    return change_volume(waveform, decibels) if volume else waveform


def random_voices(
    sounds: Spectrograms,
    generator: torch.Generator,
    speed: float = 0.15,
    pitch: float = 0.1,
    noise: float = 0.15,
    unheard: float = 0.1,
) -> Spectrograms:
    """Change speed and pitch of each log-mel picture by chance, add noise, and hide parts.

    Parameters
    ----------
    sounds : Spectrograms
        n pictures.
    generator : torch.Generator
        Where the chance comes from.
    speed : float
        Time is stretched or shrunk by up to this share.
    pitch : float
        Bands move up or down by up to half this share of all bands, and spread as much.
    noise : float
        Standard deviation of what is added, in the units of the picture.
    unheard : float
        A run of bands and a run of frames, each up to this share of all, are set to zero.

    Returns
    -------
    Spectrograms
        n pictures, with room for the slowest.

    Notes
    -----
    Used in Chapter 08. Park et al. (2019) for the hidden parts; Jaitly and Hinton (2013) for the pitch.

    Examples
    --------
    >>> sounds = Spectrograms(torch.ones(2, 40, 50), torch.tensor([50, 30]))
    >>> random_voices(sounds, torch.Generator().manual_seed(0)).values.shape
    torch.Size([2, 40, 58])
    """
    pictures, lengths = sounds
    n, mels, frames = pictures.shape

    def uniform(low: float, high: float) -> Float[Tensor, "n"]:
        return torch.rand(n, generator=generator) * (high - low) + low

    room = int(frames * (1 + speed)) + 1
    faster = uniform(1 / (1 + speed), 1 / (1 - speed))
    nothing = torch.zeros(n)
    # Frame j comes from frame j · faster; the rest is F.affine_grid's way to count from −1 to 1.
    time = torch.stack([faster * room / frames, nothing, (faster * (room - 1) + 1) / frames - 1], dim=1)
    band = torch.stack([nothing, uniform(1 - pitch, 1 + pitch), uniform(-pitch, pitch)], dim=1)
    grid = F.affine_grid(torch.stack([time, band], dim=1), [n, 1, mels, room], align_corners=False)
    heard = F.grid_sample(pictures[:, None], grid, padding_mode="border", align_corners=False)[:, 0]
    lengths = (lengths / faster).round().long().clamp(1, room)
    heard = heard + noise * torch.randn(heard.shape, generator=generator)
    present = torch.arange(room) < lengths[:, None]
    hidden_bands = _runs(mels, torch.full((n,), mels), uniform(0, unheard), uniform(0, 1))
    hidden_frames = _runs(room, lengths, uniform(0, unheard), uniform(0, 1))
    keep = present[:, None] & ~hidden_bands[:, :, None] & ~hidden_frames[:, None]
    return Spectrograms(heard * keep, lengths)


def _runs(size: int, lengths: Tensor, share: Tensor, start: Tensor) -> Tensor:
    """For each row a run of positions: ``share`` of its length long, beginning anywhere in it."""
    long = share * lengths
    first = start * (lengths - long)
    places = torch.arange(size)
    return (places >= first[:, None]) & (places < (first + long)[:, None])


def _check_factor(factor: float) -> None:
    if not 0.1 <= factor <= 10:
        raise InputError(
            f"The speed is {factor}.", accepted="0.1 to 10; 1 changes nothing.", remedy="Ask for less."
        )
