"""The synthetic voices: what they say, how long it takes, and that they say it again."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace

import librosa
import numpy as np
import pytest

from crossmodal_edu.audio import speech
from crossmodal_edu.audio.speech import VOICES, find_voice, say
from crossmodal_edu.errors import InputError

TITLE = "Lumbrel red striped leather tote handbag"
ENGLISH = [voice for voice in VOICES if voice.language == "en"]


def _digest(waveform: np.ndarray) -> str:
    return hashlib.sha256(waveform.tobytes()).hexdigest()


def test_there_are_at_least_ten_english_voices_two_of_them_held_out():
    assert len(ENGLISH) >= 10
    assert sum(voice.held_out for voice in VOICES) == 2
    assert len({voice.name for voice in VOICES}) == len(VOICES)
    assert len({(voice.accent, voice.variant) for voice in VOICES}) == len(VOICES)


@pytest.mark.parametrize("voice", ENGLISH, ids=lambda voice: voice.name)
def test_a_voice_gives_two_or_three_seconds_at_16_khz_between_minus_one_and_one(voice):
    waveform = say(TITLE, voice)
    assert waveform.dtype == np.float32 and waveform.ndim == 1
    assert np.isfinite(waveform).all()
    assert np.abs(waveform).max() == pytest.approx(0.8, abs=1e-3)
    assert 0.05 < np.sqrt((waveform**2).mean()) < 0.3
    assert 2.0 < len(waveform) / 16_000 < 3.2


def test_each_voice_says_it_differently():
    assert len({_digest(say(TITLE, voice)) for voice in ENGLISH}) == len(ENGLISH)


def test_silence_at_the_ends_is_at_most_50_ms():
    for voice in ENGLISH:
        waveform = np.abs(say(TITLE, voice))
        audible = np.flatnonzero(waveform > 0.01 * waveform.max())
        assert audible[0] <= 0.05 * 16_000
        assert len(waveform) - audible[-1] <= 0.05 * 16_000


def test_length_falls_as_speed_rises():
    usual = len(say(TITLE, "anna"))
    assert len(say(TITLE, "anna", speed=0.8)) / usual == pytest.approx(1 / 0.8, rel=0.1)
    assert len(say(TITLE, "anna", speed=1.5)) / usual == pytest.approx(1 / 1.5, rel=0.1)


def _pitch(waveform: np.ndarray) -> float:
    hertz = librosa.yin(waveform, fmin=60, fmax=400, sr=16_000, frame_length=1_024, hop_length=256)
    loudness = librosa.feature.rms(y=waveform, frame_length=1_024, hop_length=256)[0]
    return float(np.median(hertz[: len(loudness)][loudness > 0.3 * loudness.max()]))


def test_pitch_multiplies_the_fundamental_frequency():
    assert _pitch(say(TITLE, "ben", pitch=1.3)) / _pitch(say(TITLE, "ben")) == pytest.approx(1.3, rel=0.08)


def test_the_held_out_voices_lie_within_the_range_of_the_others():
    pitches = {voice.name: _pitch(say(TITLE, voice)) for voice in ENGLISH}
    heard = [pitches[voice.name] for voice in ENGLISH if not voice.held_out]
    for voice in ENGLISH:
        if voice.held_out:
            assert min(heard) < pitches[voice.name] < max(heard)


def test_the_same_samples_come_again_whatever_was_said_before():
    first = _digest(say(TITLE, "grace", speed=1.1, pitch=0.95))
    say("something else entirely", "harvey", speed=0.7)
    assert _digest(say(TITLE, "grace", speed=1.1, pitch=0.95)) == first


def test_another_process_a_second_later_gives_the_same_samples(root):
    """A second later, since the library takes the time for its seed unless it is told one."""
    program = (
        "import hashlib, time; from crossmodal_edu.audio.speech import VOICES, say\n"
        "time.sleep(1)\n"
        f"for voice in VOICES: print(hashlib.sha256(say({TITLE!r}, voice).tobytes()).hexdigest())"
    )
    here = [_digest(say(TITLE, voice)) for voice in VOICES]
    there = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root
    )
    assert there.stdout.split() == here


def test_the_chinese_voice_speaks_chinese():
    waveform = say("红色条纹皮革手提包", "mei")
    assert find_voice("mei").language == "zh"
    assert 1.0 < len(waveform) / 16_000 < 4.0


def test_an_unknown_voice_is_answered_with_the_names_of_the_known_ones():
    with pytest.raises(InputError, match="anna, ben"):
        say(TITLE, "nobody")
    for wrong in ({"variant": "nothing"}, {"accent": "martian"}):
        with pytest.raises(InputError, match="espeak-ng has no voice"):
            say(TITLE, replace(VOICES[0], **wrong))


@pytest.mark.parametrize("text", ["", "  \n", "\0", "...", "x" * 2_001])
def test_what_cannot_be_spoken_is_an_input_error(text):
    with pytest.raises(InputError):
        say(text)


@pytest.mark.parametrize(
    "arguments", [{"speed": 0.0}, {"speed": 9.0}, {"pitch": -1.0}, {"speed": float("nan")}]
)
def test_speed_and_pitch_have_limits(arguments):
    with pytest.raises(InputError, match="accepted"):
        say(TITLE, **arguments)


@pytest.mark.parametrize("held_out", [False, True])
def test_titles_are_spoken_by_voices_of_the_right_side_each_number_in_its_own_way(monkeypatch, held_out):
    asked = []
    monkeypatch.setattr(speech, "say", lambda *args, **kw: asked.append((args, kw)) or np.zeros(1))
    for number in [*range(40), *range(40)]:
        speech.speak_title("red bag", number, held_out)
    assert asked[:40] == asked[40:]
    assert len({str(one) for one in asked[:40]}) == 40
    voices = {args[1] for args, _ in asked}
    assert len(voices) > 1
    assert voices <= {v.name for v in VOICES if v.held_out == held_out and (held_out or v.language == "en")}
    assert all(0.85 <= kw["speed"] <= 1.2 and 0.85 <= kw["pitch"] <= 1.15 for _, kw in asked)
