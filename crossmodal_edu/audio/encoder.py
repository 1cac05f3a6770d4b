"""The sound encoder: convolutions along time over a log-mel picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.audio.spectrum import SAMPLE_RATE, log_mel


class Spectrograms(NamedTuple):
    """A batch of log-mel pictures, padded at the end, and how many frames of each count."""

    pictures: Float[Tensor, "n mels frames"]
    lengths: Int[Tensor, "n"]

    def to(self, device: torch.device) -> Spectrograms:
        return Spectrograms(*(part.to(device) for part in self))


class AudioEncoder(nn.Module):
    """Waveforms to vectors.

    Convolutions along time see about one second each, the length of a word or two; a
    weighted mean, with learned weights, gathers what they found, so that a pause or a
    cough can be passed over.

    Parameters
    ----------
    channels : sequence of int
        Channels of each stage, each of which halves the number of frames.
    dimensions : int
        Numbers per sound vector.
    seconds : float
        Longer sounds are cut to this.

    Notes
    -----
    Chapter 08.

    Examples
    --------
    >>> encoder = AudioEncoder(dimensions=6)
    >>> encoder(encoder.prepare([np.zeros(8000, np.float32)])).shape
    torch.Size([1, 6])
    """

    def __init__(
        self,
        n_mels: int = 40,
        channels: Sequence[int] = (128, 192, 192),
        dimensions: int = 256,
        seconds: float = 6.0,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.n_mels, self.seconds = n_mels, seconds
        self.stages = nn.ModuleList()
        before = n_mels
        for width in channels:
            self.stages.append(
                nn.Sequential(
                    nn.Conv1d(before, width, 5, stride=2, padding=2, bias=False),
                    nn.BatchNorm1d(width),
                    nn.ReLU(),
                )
            )
            before = width
        self.weight = nn.Linear(before, 1)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(before, dimensions)

    def prepare(self, waveforms: Sequence[Float[np.ndarray, "_"]]) -> Spectrograms:
        """Log-mel pictures whose loudness is taken off: each band's mean over time is zero."""
        longest = int(self.seconds * SAMPLE_RATE)
        pictures = []
        for waveform in waveforms:
            picture = log_mel(torch.as_tensor(waveform[:longest], dtype=torch.float32), self.n_mels)
            # 60 dB below the loudest is silence; quieter noise tells nothing.
            picture = picture.clamp(min=picture.max() - 60.0)
            pictures.append((picture - picture.mean(dim=1, keepdim=True)) / 20.0)
        return stack_spectrograms(pictures)

    def forward(self, sounds: Spectrograms) -> Float[Tensor, "n d"]:
        maps, lengths = sounds.pictures, sounds.lengths
        for stage in self.stages:
            maps, lengths = stage(maps), (lengths + 1) // 2
            # Padding is set back to zero, so that a sound's vector does not depend on its neighbours.
            maps = maps * (torch.arange(maps.shape[2], device=maps.device) < lengths[:, None])[:, None]
        frames = maps.transpose(1, 2)  # (n, frames / 8, channels)
        present = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]
        weights = self.weight(frames).squeeze(2).masked_fill(~present, -torch.inf).softmax(dim=1)
        return self.project(self.dropout(torch.einsum("nt,ntc->nc", weights, frames)))


def stack_spectrograms(pictures: Sequence[Float[Tensor, "mels _"]]) -> Spectrograms:
    """Put log-mel pictures of different lengths into one batch, with zeros at the end.

    Notes
    -----
    Chapter 08.

    Examples
    --------
    >>> stack_spectrograms([torch.ones(40, 3), torch.ones(40, 5)]).lengths
    tensor([3, 5])
    """
    lengths = torch.tensor([picture.shape[1] for picture in pictures])
    longest = int(lengths.max())
    return Spectrograms(torch.stack([F.pad(p, (0, longest - p.shape[1])) for p in pictures]), lengths)
