"""The same words from other mouths: slower, faster, higher, lower, partly unheard."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.audio.encoder import Spectrograms


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
    Chapter 08. Park et al. (2019) for the hidden parts; Jaitly and Hinton (2013) for the pitch.

    Examples
    --------
    >>> sounds = Spectrograms(torch.ones(2, 40, 50), torch.tensor([50, 30]))
    >>> random_voices(sounds, torch.Generator().manual_seed(0)).pictures.shape
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
