"""Text spoken aloud by synthetic voices, in memory, without internet.

The voices come from espeak-ng, a formant synthesiser of 600 kB that the package
``espeakng_loader`` brings along. Nobody would mistake one for a person. They
serve here because they are free to ship, speak at about 300 times real time, and
differ from each other in accent, pitch and timbre, as callers do.
"""

from __future__ import annotations

import _ctypes
import ctypes
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from jaxtyping import Float

from crossmodal_edu.errors import DataMissingError, InputError, extra
from crossmodal_edu.modality import SAMPLE_RATE

with extra("book"):
    import espeakng_loader


@dataclass(frozen=True)
class Voice:
    """One synthetic speaker.

    ``accent`` and ``variant`` are espeak-ng's names: how the words are pronounced, and
    the throat that pronounces them. ``pitch`` multiplies the variant's own pitch.
    A ``held_out`` voice speaks in test splits only.
    """

    name: str
    accent: str
    variant: str
    pitch: float = 1.0
    held_out: bool = False
    language: str = "en"


VOICES = (
    Voice("anna", "en-us", "f2"),
    Voice("ben", "en-us", "m1"),
    Voice("clara", "en-gb-x-rp", "f3", pitch=1.1),
    Voice("david", "en", "m3", pitch=1.15),
    Voice("elspeth", "en-gb-scotland", "f5"),
    Voice("fergus", "en-gb-scotland", "m7"),
    Voice("grace", "en-029", "Annie"),
    Voice("harvey", "en-us", "klatt3"),
    Voice("iris", "en-gb-x-gbclan", "grandma", pitch=0.85),
    Voice("jack", "en-us-nyc", "Nguyen"),
    Voice("kate", "en-us", "steph", held_out=True),
    Voice("leo", "en-gb-x-rp", "quincy", pitch=1.2, held_out=True),
    Voice("mei", "cmn", "f2", language="zh"),
)

_ESPEAK_RATE = 22_050
_WORDS_PER_MINUTE = 160
_MARGIN = 0.03  # seconds of silence kept before and after the words
_PEAK = 0.8
_LONGEST = 2_000  # characters: about two minutes of speech

# espeak-ng's constants, from speak_lib.h
_SYNCHRONOUS, _DO_NOT_EXIT, _UTF8, _BY_CHARACTER = 2, 0x8000, 1, 1
_RATE, _PITCH = 1, 3
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

_one_at_a_time = threading.Lock()


def find_voice(name: str) -> Voice:
    """The voice of that name.

    Raises
    ------
    InputError
        If no voice is called so.

    Notes
    -----
    Used in Chapter 08.

    Examples
    --------
    >>> find_voice("fergus").accent
    'en-gb-scotland'
    """
    voices = {voice.name: voice for voice in VOICES}
    if name not in voices:
        accepted = ", ".join(voices) + ", or a Voice of your own."
        raise InputError(f"There is no voice called {name!r}.", accepted=accepted)
    return voices[name]


def say(
    text: str, voice: str | Voice = "anna", speed: float = 1.0, pitch: float = 1.0
) -> Float[np.ndarray, "samples"]:
    """Speak a text.

    The same arguments give the same samples, whatever was said before.

    Parameters
    ----------
    text : str
        What to say, at most 2,000 characters.
    voice : str or Voice
        A voice, or the name of one of :data:`VOICES`.
    speed : float
        0.5 to 2.5; 1.0 is 160 words a minute.
    pitch : float
        0.5 to 1.9, multiplies the voice's own pitch.

    Returns
    -------
    (samples,) float32
        Mono, 16 kHz, the loudest sample at ±0.8, without silence at the ends.

    Raises
    ------
    InputError
        If the text is empty, too long or holds nothing that can be spoken, the voice is
        unknown, or speed or pitch is out of range.

    Notes
    -----
    Used in Chapter 08. The voices are espeak-ng's (https://github.com/espeak-ng/espeak-ng).

    Examples
    --------
    >>> waveform = say("red leather handbag", "clara")
    >>> 1.0 < len(waveform) / 16_000 < 2.0
    True
    """
    if isinstance(voice, str):
        voice = find_voice(voice)
    if not isinstance(text, str) or len(text) > _LONGEST:
        accepted = f"a text of up to {_LONGEST:,} characters; a longer one is spoken in parts."
        raise InputError(f"{text!r:.40} … cannot be spoken.", accepted=accepted)
    for name, value, low, high in (("speed", speed, 0.5, 2.5), ("pitch", pitch, 0.5, 1.9)):
        if not low <= value <= high:
            raise InputError(f"The {name} is {value}.", accepted=f"{low} to {high}; 1.0 is the usual one.")
    words = " ".join(text.replace("\0", " ").split())  # C would end the text at a zero
    with _one_at_a_time:
        spoken = _synthesise(words, voice, speed, voice.pitch * pitch)
    loudness = np.abs(spoken)
    if loudness.max(initial=0) < 0.01:
        raise InputError(f"Nothing in {text[:40]!r} can be spoken.", accepted="a text with words or numbers.")
    audible = np.flatnonzero(loudness > 0.01 * loudness.max())
    margin = int(_MARGIN * _ESPEAK_RATE)
    spoken = spoken[max(audible[0] - margin, 0) : audible[-1] + margin]
    waveform = soxr.resample(spoken, _ESPEAK_RATE, SAMPLE_RATE)
    return (waveform * (_PEAK / np.abs(waveform).max())).astype(np.float32)


def speak_title(title: str, number: int, held_out: bool = False) -> Float[np.ndarray, "samples"]:
    """A title as sound for products that have none; ``number`` decides voice, speed and pitch.

    Parameters
    ----------
    title : str
    number : int
        Such as the product's position: the same number, the same sound.
    held_out : bool
        By one of the voices that no training hears.

    Returns
    -------
    (samples,)
        16 kHz mono.

    Notes
    -----
    Used in Chapter 09.
    """
    chance = np.random.default_rng([7, number])  # as the shop's seed
    names = [v.name for v in VOICES if v.held_out == held_out and (held_out or v.language == "en")]
    voice = names[chance.integers(len(names))]
    return say(title, voice, speed=chance.uniform(0.85, 1.2), pitch=chance.uniform(0.85, 1.15))


def _synthesise(text: str, voice: Voice, speed: float, pitch: float) -> Float[np.ndarray, "samples"]:
    """The samples as espeak-ng makes them, 22,050 a second.

    The library carries the phase of its vibrato from one sentence into the next, and
    initialising it again does not reset that. Loading it afresh does, and costs 4 ms.
    """
    pieces: list[np.ndarray] = []

    @_CALLBACK
    def collect(samples, count, _events):
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float32) / 32_768)
        return 0

    try:
        espeak = ctypes.CDLL(espeakng_loader.get_library_path())
        data = Path(espeakng_loader.get_data_path())
        if espeak.espeak_Initialize(_SYNCHRONOUS, 0, str(data).encode(), _DO_NOT_EXIT) < 0:
            raise OSError("its data folder cannot be read")
    except OSError as problem:
        told = f"The speech synthesiser does not load: {problem}."
        raise DataMissingError(told, remedy="pip install --force-reinstall espeakng-loader") from None
    try:
        # It would take an unknown variant for none at all.
        known = (data / "voices" / "!v" / voice.variant).is_file()
        if not known or espeak.espeak_SetVoiceByName(f"{voice.accent}+{voice.variant}".encode()) != 0:
            told = f"espeak-ng has no voice {voice.accent}+{voice.variant}."
            raise InputError(told, accepted="accents and variants of espeak-ng 1.52, or one of VOICES.")
        espeak.espeak_ng_SetRandSeed(ctypes.c_long(1))  # of the breath; the clock is the seed otherwise
        espeak.espeak_SetSynthCallback(collect)
        espeak.espeak_SetParameter(_RATE, round(_WORDS_PER_MINUTE * speed), 0)
        # espeak's scale runs from 0 to 99; 50 steps are one octave.
        espeak.espeak_SetParameter(_PITCH, int(np.clip(round(50 + 50 * np.log2(pitch)), 0, 99)), 0)
        spelled = text.encode() + b"\0"
        espeak.espeak_Synth(spelled, ctypes.c_size_t(len(spelled)), 0, _BY_CHARACTER, 0, _UTF8, None, None)
    finally:
        espeak.espeak_Terminate()
        getattr(_ctypes, "dlclose", getattr(_ctypes, "FreeLibrary", None))(espeak._handle)
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
