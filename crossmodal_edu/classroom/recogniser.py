"""Which word was said: an encoder, one linear layer, and their training on MFCC pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.audio.encoder import AudioEncoder, GruEncoder, Spectrograms, mfcc_batch
from crossmodal_edu.errors import InputError
from crossmodal_edu.padding import present_until
from crossmodal_edu.training import inference, train

Waveform = Float[np.ndarray, "_"]
Change = Callable[[Waveform, np.random.Generator], Waveform]


class Recogniser(nn.Module):
    """MFCC pictures to scores, one for each word.

    Parameters
    ----------
    kind : str
        "cnn": convolutions along time over the picture. "gru": a recurrent unit over its frames.
    words : int
        How many words there are.
    sample_rate : int
        Samples a second of all sounds that it will hear.
    n_mfcc : int
        Coefficients per frame.
    dimensions : int
        Numbers per sound vector, between the encoder and the scores.

    Raises
    ------
    InputError
        If ``kind`` is another.

    Notes
    -----
    Used in Chapter 08.

    Examples
    --------
    >>> recogniser = Recogniser("gru", words=10, sample_rate=8_000)
    >>> recogniser(recogniser.prepare([np.zeros(4_000, np.float32)])).shape
    torch.Size([1, 10])
    """

    def __init__(
        self,
        kind: str,
        words: int,
        sample_rate: int,
        n_mfcc: int = 20,
        dimensions: int = 128,
        dropout: float = 0.2,
    ):
        super().__init__()
        _check_kind(kind)
        self.sample_rate, self.n_mfcc = sample_rate, n_mfcc
        if kind == "cnn":
            self.encoder = AudioEncoder(n_mfcc, (64, 128, 128), dimensions, dropout=dropout)
        else:
            self.encoder = GruEncoder(n_mfcc, 128, dimensions, dropout=dropout)
        self.scores = nn.Linear(dimensions, words)
        # Coefficient 1 swings by tens, coefficient 15 by ones. Training measures this once.
        self.register_buffer("mean", torch.zeros(n_mfcc, 1))
        self.register_buffer("spread", torch.ones(n_mfcc, 1))

    def prepare(self, waveforms: Sequence[Waveform]) -> Spectrograms:
        """MFCC pictures at the sizes that this recogniser was made for."""
        return mfcc_batch(waveforms, self.sample_rate, self.n_mfcc)

    def forward(self, sounds: Spectrograms) -> Float[Tensor, "n words"]:
        pictures, lengths = sounds
        scaled = (pictures - self.mean) / self.spread * present_until(lengths, pictures.shape[2])[:, None]
        return self.scores(self.encoder(Spectrograms(scaled, lengths)))


def train_recogniser(
    recogniser: Recogniser,
    waveforms: Sequence[Waveform],
    labels: Int[Tensor, "n"],
    change: Change | None = None,
    epochs: int = 20,
    batch_size: int = 64,
    learning_rate: float = 4e-3,
    seed: int = 0,
    progress: bool = True,
) -> Recogniser:
    """Train on sounds and the numbers of their words, by cross-entropy.

    Parameters
    ----------
    recogniser : Recogniser
        Trained in place.
    waveforms : sequence of n (samples,)
    labels : (n,)
        From 0 on.
    change : callable, optional
        ``change(waveform, rng)`` gives what is heard in place of a waveform, anew in each epoch.
    epochs, batch_size, learning_rate, seed, progress
        As for :func:`~crossmodal_edu.training.train`.

    Returns
    -------
    Recogniser
        The same, in evaluation mode.

    Notes
    -----
    Used in Chapter 08; the loop is that of chapter 12.
    """
    rng = np.random.default_rng(seed)
    pictures, lengths = recogniser.prepare(waveforms)
    frames = torch.cat([p[:, :n] for p, n in zip(pictures, lengths, strict=True)], dim=1)  # (n_mfcc, all)
    recogniser.mean.copy_(frames.mean(dim=1, keepdim=True))
    recogniser.spread.copy_(frames.std(dim=1, keepdim=True) + 1e-6)

    def batches(epoch: int) -> Iterator[tuple[Spectrograms, Tensor]]:
        heard = Spectrograms(pictures, lengths)
        if change is not None:
            heard = recogniser.prepare([change(waveform, rng) for waveform in waveforms])
        for rows in torch.from_numpy(rng.permutation(len(waveforms))).split(batch_size):
            longest = int(heard.lengths[rows].max())
            yield Spectrograms(heard.values[rows, :, :longest], heard.lengths[rows]), labels[rows]

    train(
        recogniser,
        batches,
        lambda model, batch: F.cross_entropy(model(batch[0]), batch[1]),
        epochs=epochs,
        batches_per_epoch=-(-len(waveforms) // batch_size),
        learning_rate=learning_rate,
        seed=seed,
        progress=progress,
    )
    return recogniser


def word_heard(recogniser: Recogniser, waveforms: Sequence[Waveform]) -> Int[Tensor, "n"]:
    """The number of the word with the highest score, for each sound.

    Parameters
    ----------
    recogniser : Recogniser
    waveforms : sequence of n (samples,)

    Returns
    -------
    (n,)

    Notes
    -----
    Used in Chapter 08.

    Examples
    --------
    >>> word_heard(Recogniser("cnn", words=3, sample_rate=8_000), [np.zeros(100, np.float32)] * 2).shape
    torch.Size([2])
    """
    with inference(recogniser):
        return recogniser(recogniser.prepare(waveforms)).argmax(dim=1)


def _check_kind(kind: str) -> None:
    if kind not in ("cnn", "gru"):
        raise InputError(f"There is no recogniser of kind {kind!r}.", accepted='"cnn" or "gru".')
