"""Spoken digits: who says what, and which takes are for testing."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import soundfile

from crossmodal_edu.classroom.spoken_digits import _RATE, load_spoken_digits
from crossmodal_edu.errors import InputError, TableError


def test_fifty_takes_of_each_digit_and_speaker(data_set):
    recordings = load_spoken_digits(data_set("spoken_digits"))
    assert set(Counter((r.digit, r.speaker) for r in recordings).values()) == {50}
    assert len(recordings) == 3000
    assert Counter(r.split for r in recordings) == {"train": 2700, "test": 300}
    waveform = recordings[0].waveform()
    assert waveform.dtype == np.float32
    assert 0.1 < len(waveform) / _RATE < 2.5


def test_files_that_are_none_of_it_are_refused(tmp_path):
    with pytest.raises(TableError, match="no recording"):
        load_spoken_digits(tmp_path)
    (tmp_path / "recordings").mkdir()
    soundfile.write(tmp_path / "recordings" / "7_anna_0.wav", np.zeros(80), 16_000)
    (tmp_path / "recordings" / "7_anna_12.wav").write_bytes(b"RIFF")
    (tmp_path / "recordings" / "notes.wav").write_bytes(b"")
    first, second = load_spoken_digits(tmp_path)
    assert (first.split, second.split) == ("test", "train")
    with pytest.raises(InputError, match="16000 samples a second"):
        first.waveform()
    with pytest.raises(InputError, match="cannot be read"):
        second.waveform()
