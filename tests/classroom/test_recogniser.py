"""The recogniser learns three words of synthetic voices, with and without changes, and repeats itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crossmodal_edu.audio.augment import random_changes
from crossmodal_edu.audio.speech import say
from crossmodal_edu.classroom.recogniser import Recogniser, train_recogniser, word_heard
from crossmodal_edu.errors import InputError

WORDS = ("red", "yellow", "boots")
VOICES = ("anna", "ben", "fergus", "jack")


@pytest.fixture(scope="module")
def spoken() -> tuple[list[np.ndarray], torch.Tensor]:
    waveforms = [say(word, voice, speed=s) for word in WORDS for voice in VOICES for s in (0.9, 1.0, 1.1)]
    return waveforms, torch.arange(3).repeat_interleave(12)


@pytest.mark.parametrize("kind", ["cnn", "gru"])
@pytest.mark.parametrize("change", [None, random_changes], ids=["as said", "changed"])
def test_it_learns_three_words(spoken, kind, change):
    waveforms, labels = spoken
    recogniser = Recogniser(kind, 3, 16_000, dropout=0.0)
    train_recogniser(recogniser, waveforms, labels, change, epochs=20, batch_size=12, progress=False)
    assert not recogniser.training
    assert (word_heard(recogniser, waveforms) == labels).float().mean() > 0.9


def test_the_same_seed_gives_the_same_recogniser(spoken):
    waveforms, labels = spoken

    def scores() -> torch.Tensor:
        torch.manual_seed(1)
        recogniser = Recogniser("cnn", 3, 16_000)
        train_recogniser(recogniser, waveforms, labels, random_changes, epochs=2, progress=False)
        return recogniser(recogniser.prepare(waveforms))

    assert torch.equal(scores(), scores())


def test_statistics_come_from_the_frames_that_count(spoken):
    waveforms, labels = spoken
    recogniser = train_recogniser(Recogniser("cnn", 3, 16_000), waveforms, labels, epochs=1, progress=False)
    pictures, lengths = recogniser.prepare(waveforms)
    frames = torch.cat([p[:, :n] for p, n in zip(pictures, lengths, strict=True)], dim=1)
    torch.testing.assert_close(recogniser.mean, frames.mean(dim=1, keepdim=True))
    torch.testing.assert_close(recogniser.spread, frames.std(dim=1, keepdim=True), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["cnn", "gru"])
def test_an_answer_does_not_depend_on_the_others(spoken, kind):
    waveforms, _ = spoken
    recogniser = Recogniser(kind, 3, 16_000).eval()
    recogniser.mean += 20.0  # what stands behind a short sound must stay zero all the same
    together = recogniser(recogniser.prepare([waveforms[0], waveforms[0][:2_000], np.zeros(0, np.float32)]))
    alone = recogniser(recogniser.prepare([waveforms[0][:2_000]]))
    torch.testing.assert_close(together[1:2], alone, atol=1e-4, rtol=1e-4)
    assert together.isfinite().all()


def test_another_kind_is_refused():
    with pytest.raises(InputError, match="transformer"):
        Recogniser("transformer", 3, 16_000)
