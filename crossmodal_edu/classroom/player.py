"""Sounds in a notebook: a player with its transcript, and a microphone where somebody listens."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float

from crossmodal_edu.errors import InputError
from crossmodal_edu.modality import SAMPLE_RATE


@dataclass(frozen=True, eq=False)
class Player:
    """A sound that can be played in a notebook and on the website, with what it says below it.

    Parameters
    ----------
    waveform : (samples,)
        −1 to 1; what exceeds that is cut off. 16 bits a sample go into the page, about 43 kB for
        a second at 16 kHz.
    transcript : str
        What is heard, for those who do not hear it.
    sample_rate : int
        What the player is told. Told wrong, it plays at the wrong speed.

    Raises
    ------
    InputError
        If the transcript is empty, the sound is empty, or a sample is NaN or infinite.

    Notes
    -----
    Chapter 08.

    Examples
    --------
    >>> Player(np.zeros(8_000, np.float32), "half a second of silence")
    sound, 0.50 s: half a second of silence
    """

    waveform: Float[np.ndarray, "samples"]
    transcript: str
    sample_rate: int = SAMPLE_RATE

    def __post_init__(self):
        if not self.transcript.strip():
            raise InputError(
                "A sound without a transcript is lost to those who do not hear it.",
                accepted="a few words that say what is heard.",
                remedy='Write Player(waveform, "a voice says: red shoes").',
            )
        if not len(self.waveform) or not np.isfinite(self.waveform).all():
            raise InputError(
                "The sound is empty or holds samples that are not numbers.",
                accepted="one finite sample or more.",
                remedy="Look at waveform.shape and np.isfinite(waveform).all().",
            )

    @property
    def wav(self) -> bytes:
        """The sound as a WAV file of 16 bits a sample."""
        file = io.BytesIO()
        soundfile.write(file, np.clip(self.waveform, -1, 1), self.sample_rate, format="WAV", subtype="PCM_16")
        return file.getvalue()

    def __repr__(self) -> str:
        return f"sound, {len(self.waveform) / self.sample_rate:.2f} s: {self.transcript}"

    def _repr_html_(self) -> str:
        content = base64.b64encode(self.wav).decode()
        words = escape(self.transcript)
        return (
            '<figure style="display:inline-block;margin:.3rem 1rem .3rem 0">'
            f'<audio controls preload="metadata" aria-label="{words}" '
            f'src="data:audio/wav;base64,{content}"></audio><figcaption>{words}</figcaption></figure>'
        )


@dataclass(frozen=True)
class Microphone:
    """A button that records, in a notebook that is running in JupyterLab or Jupyter Notebook.

    The browser asks for permission, records, and puts a WAV file beside the notebook, through
    the server that runs it; nothing leaves the machine on which that server runs. On a website
    there is no such server, and a sentence stands in place of the button.

    Parameters
    ----------
    file : str
        Name of the file, ending in ".wav". An older one of that name is replaced.
    seconds : float
        How long it listens, 0.5 to 30.

    Raises
    ------
    InputError
        If the name is not a plain file name, or the time is out of range.

    Notes
    -----
    Chapter 08. MediaRecorder and getUserMedia (W3C), and the contents interface of Jupyter Server.

    Examples
    --------
    >>> Microphone("my_voice.wav", seconds=2)
    microphone, 2 s into my_voice.wav
    """

    file: str = "my_voice.wav"
    seconds: float = 3.0

    def __post_init__(self):
        if not re.fullmatch(r"[\w-]+\.wav", self.file):
            raise InputError(
                f"{self.file!r} cannot be the name of the recording.",
                accepted="letters, digits, _ and -, then .wav.",
                remedy='Write Microphone("my_voice.wav").',
            )
        if not 0.5 <= self.seconds <= 30:
            raise InputError(
                f"{self.seconds} seconds cannot be recorded.",
                accepted="0.5 to 30.",
                remedy="3 are enough for the name of a product.",
            )

    def __repr__(self) -> str:
        return f"microphone, {self.seconds:g} s into {self.file}"

    def _repr_html_(self) -> str:
        script = Path(__file__).with_name("microphone.js").read_text(encoding="utf-8")
        settings = {"file": self.file, "seconds": self.seconds, "rate": SAMPLE_RATE}
        return (
            f'<div class="microphone" data-file="{self.file}"><p role="status">'
            "A microphone appears here when this notebook is running; "
            "a page of the website has nobody who could listen.</p></div>"
            f"<script>({script.strip()})({json.dumps(settings)})</script>"
        )
