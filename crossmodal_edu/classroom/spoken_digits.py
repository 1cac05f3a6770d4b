"""``spoken_digits``: six people say the digits 0 to 9, fifty times each; 3,000 recordings at 8 kHz."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import soundfile
from jaxtyping import Float
from numpy import ndarray

from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.sources import again, spoilt
from crossmodal_edu.errors import InputError

_RATE = 8_000
"""Samples a second in every file; the rest of the package works at 16,000."""

_NAME = re.compile(r"(\d)_([a-z]+)_(\d+)")
_TEST_TAKES = range(5)


@dataclass(frozen=True)
class Recording:
    """One digit, said once. Takes 0 to 4 of each speaker and digit are the official test set."""

    path: Path
    digit: int
    speaker: str
    take: int

    @property
    def split(self) -> str:
        """ "test" or "train"."""
        return "test" if self.take in _TEST_TAKES else "train"

    def waveform(self) -> Float[ndarray, "samples"]:
        """The samples as they were recorded, 8,000 a second, −1 to 1.

        Raises
        ------
        InputError
            If the file cannot be read or has another sample rate.
        """
        try:
            samples, rate = soundfile.read(self.path, dtype="float32")
        except (OSError, soundfile.LibsndfileError) as error:
            problem, accepted = f"{self.path.name} cannot be read: {error}", "a WAV file of the data set."
            raise InputError(problem, accepted=accepted, remedy=again("spoken_digits")) from error
        if rate != _RATE:
            raise InputError(
                f"{self.path.name} has {rate} samples a second.",
                accepted=f"{_RATE}.",
                remedy="Open sounds of your own with crossmodal_edu.modality.open_audio.",
            )
        return samples


def load_spoken_digits(folder: str | Path | None = None) -> tuple[Recording, ...]:
    """All recordings, ordered by digit, speaker and take; no file is opened yet.

    Parameters
    ----------
    folder : str or Path, optional
        The folder that holds ``recordings/``; without it,
        :func:`~crossmodal_edu.datasets.folders.find` looks for the data set "spoken_digits".

    Raises
    ------
    DataMissingError
        If the data set is not on this machine.
    TableError
        If the folder holds no recording.

    Notes
    -----
    Used in Chapter 08. Jackson et al., Free Spoken Digit Dataset.
    """
    root = folders.find("spoken_digits") if folder is None else Path(folder)
    named = [(path, _NAME.fullmatch(path.stem)) for path in (root / "recordings").glob("*.wav")]
    recordings = [Recording(path, int(m[1]), m[2], int(m[3])) for path, m in named if m]
    if not recordings:
        what = f"There is no recording in {root.name}/recordings"
        raise spoilt("spoken_digits", what, "files such as 7_george_12.wav: digit, speaker, take")
    return tuple(sorted(recordings, key=lambda r: (r.digit, r.speaker, r.take)))
