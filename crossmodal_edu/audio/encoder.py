"""Sound encoders: convolutions along time, or a GRU that reads frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from crossmodal_edu.audio.mfcc import mfcc
from crossmodal_edu.audio.spectrum import log_mel
from crossmodal_edu.encoders import NetworkEncoder
from crossmodal_edu.modality import SAMPLE_RATE, Modality
from crossmodal_edu.padding import present_until, softmax_mean, weighted_mean


class Spectrograms(NamedTuple):
    """A batch of log-mel or MFCC pictures, padded at the end, and how many frames of each count."""

    values: Float[Tensor, "n mels frames"]
    lengths: Int[Tensor, "n"]

    def to(self, device: str | torch.device) -> Spectrograms:
        return Spectrograms(*(part.to(device) for part in self))


class AudioEncoder(NetworkEncoder):
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
    >>> encoder.embed([np.zeros(8000, np.float32)]).shape
    torch.Size([1, 6])
    """

    modality = Modality.AUDIO

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
        self.channels, self.dimensions = tuple(channels), dimensions
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

    def prepare(self, waveforms: Sequence[Float[np.ndarray, "_"] | Float[Tensor, "_"]]) -> Spectrograms:
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
        maps, lengths = sounds.values, sounds.lengths
        for stage in self.stages:
            maps, lengths = stage(maps), (lengths + 1) // 2
            # Filling is set back to zero, so that a sound's vector does not depend on its neighbours.
            maps = maps * present_until(lengths, maps.shape[2])[:, None]
        frames = maps.transpose(1, 2)  # (n, frames / 8, channels)
        scores = self.weight(frames).squeeze(2)
        sound = softmax_mean(frames, scores, present_until(lengths, frames.shape[1]))
        return self.project(self.dropout(sound))

    def settings(self) -> dict[str, Any]:
        return {
            "n_mels": self.n_mels,
            "channels": self.channels,
            "dimensions": self.dimensions,
            "seconds": self.seconds,
            "dropout": self.dropout.p,
        }


class GruEncoder(nn.Module):
    """Frames to vectors, read in order by a gated recurrent unit.

    What the unit holds after each frame is averaged over the frames that count.

    Parameters
    ----------
    n_mels : int
        Numbers per frame: mel bands, or MFCC.
    hidden : int
        Numbers that the unit carries from frame to frame.
    dimensions : int
        Numbers per sound vector.

    Notes
    -----
    Used in Chapter 08. Cho et al. (2014); chapter 05 builds the unit from its equations.

    Examples
    --------
    >>> encoder = GruEncoder(n_mels=20, dimensions=6)
    >>> encoder(stack_spectrograms([torch.zeros(20, 30), torch.zeros(20, 50)])).shape
    torch.Size([2, 6])
    """

    def __init__(self, n_mels: int = 20, hidden: int = 128, dimensions: int = 128, dropout: float = 0.0):
        super().__init__()
        self.unit = nn.GRU(n_mels, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(hidden, dimensions)

    def forward(self, sounds: Spectrograms) -> Float[Tensor, "n d"]:
        held, _ = self.unit(sounds.values.transpose(1, 2))  # (n, frames, hidden)
        mean = weighted_mean(held, present_until(sounds.lengths, held.shape[1]).float())
        return self.project(self.dropout(mean))


def mfcc_batch(
    waveforms: Sequence[Float[np.ndarray, "_"]],
    sample_rate: int = SAMPLE_RATE,
    n_mfcc: int = 20,
    seconds: float = 1.0,
) -> Spectrograms:
    """MFCC of clips of different lengths, without their volume, as one batch.

    Frames are 32 ms long and 16 ms apart, whatever the sample rate. A change of volume adds the
    same number to coefficient 0 of every frame, and to nothing else; so that coefficient's mean
    is taken off.

    Parameters
    ----------
    waveforms : sequence of (samples,)
        Mono clips.
    sample_rate : int
        In hertz.
    n_mfcc : int
        Coefficients per frame.
    seconds : float
        Longer clips are cut to this.

    Returns
    -------
    Spectrograms
        ``values`` (n, n_mfcc, frames).

    Raises
    ------
    InputError
        If samples are NaN or infinite.

    Notes
    -----
    Used in Chapter 08.

    Examples
    --------
    >>> mfcc_batch([np.zeros(4_000, np.float32), np.zeros(6_000, np.float32)], 8_000).lengths
    tensor([32, 47])
    """
    n_fft, hop_length = round(0.032 * sample_rate), round(0.016 * sample_rate)
    clips = [torch.as_tensor(w[: round(seconds * sample_rate)], dtype=torch.float32) for w in waveforms]
    pictures = []
    for start in range(0, len(clips), 32):  # blocks that fit a processor's cache
        some = clips[start : start + 32]
        batch = mfcc(pad_sequence(some, batch_first=True), sample_rate, n_mfcc, n_fft, hop_length)
        # Zeros at the end are what a lone clip is padded with too: its frames do not change.
        pictures += [p[:, : len(clip) // hop_length + 1] for p, clip in zip(batch, some, strict=True)]
    for picture in pictures:
        picture[0] -= picture[0].mean()
    return stack_spectrograms(pictures)


def stack_spectrograms(pictures: Sequence[Float[Tensor, "mels _"]]) -> Spectrograms:
    """Put log-mel pictures of different lengths into one batch, with zeros at the end.

    Notes
    -----
    Used in Chapter 08.

    Examples
    --------
    >>> stack_spectrograms([torch.ones(40, 3), torch.ones(40, 5)]).lengths
    tensor([3, 5])
    """
    lengths = torch.tensor([picture.shape[1] for picture in pictures])
    longest = int(lengths.max())
    return Spectrograms(torch.stack([F.pad(p, (0, longest - p.shape[1])) for p in pictures]), lengths)
