"""What MFCC cost beside librosa, and which recogniser knows a spoken digit: the tables of chapter 08.

``python -m benchmarks.run sounds`` makes all of it and stores the table. ``python -m benchmarks.sounds cost``
makes one part (cost, digits or speakers) and prints it, with ``--quick`` after one pass over few recordings.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context

import librosa
import numpy as np
import pandas as pd
import torch

from benchmarks.memory import in_own_process, peak_growth
from benchmarks.stored import store
from crossmodal_edu.audio.augment import add_noise, change_speed, change_volume, random_changes
from crossmodal_edu.audio.encoder import AudioEncoder
from crossmodal_edu.audio.mfcc import mfcc
from crossmodal_edu.classroom.recogniser import Recogniser, train_recogniser, word_heard
from crossmodal_edu.classroom.spoken_digits import Recording, load_spoken_digits
from crossmodal_edu.evaluation.intervals import bootstrap_interval
from crossmodal_edu.training import inference

SAMPLE_RATE = 8_000  # of the recordings
SETTINGS = {
    "epochs": 15,
    "kinds": ["cnn", "gru"],
    "changes": {
        "nothing": [],
        "noise": ["noise"],
        "speed": ["speed"],
        "volume": ["volume"],
        "all": ["noise", "speed", "volume"],
        "control: words exchanged": [],
    },
    "heard": {
        "as recorded": {},
        "noise, 10 dB": {"snr": 10},
        "15 % faster": {"factor": 1.15},
        "15 % slower": {"factor": 0.85},
        "20 dB softer": {"decibels": -20},
    },
    "samples": 1000,
}
CODE = [
    "benchmarks/sounds.py",
    *(f"crossmodal_edu/audio/{name}.py" for name in ("augment", "encoder", "mfcc", "spectrum")),
    "crossmodal_edu/classroom/recogniser.py",
    "crossmodal_edu/training.py",
]


@dataclass(frozen=True)
class Row:
    """One measured share: which recogniser, trained how, hears whom and how, with its interval."""

    kind: str
    trained_on: str
    split: str
    speaker: str
    heard: str
    accuracy: float
    low: float
    high: float
    n: int
    seconds: float


@dataclass(frozen=True)
class Job:
    """One training, and what is heard afterwards."""

    kind: str
    trained_on: str
    split: str
    speaker: str
    heard: tuple[str, ...]
    epochs: int
    every: int


# --- recognisers -----------------------------------------------------------------------------------------


def as_heard(waveform: np.ndarray, how: str, number: int) -> np.ndarray:
    """A test recording under one of the conditions; ``number`` decides the noise."""
    settings = SETTINGS["heard"][how]
    if "snr" in settings:
        return add_noise(waveform, settings["snr"], np.random.default_rng([8, number]))
    if "factor" in settings:
        return change_speed(waveform, settings["factor"])
    return change_volume(waveform, settings.get("decibels", 0.0))


def sides(job: Job) -> tuple[list[Recording], list[Recording]]:
    """Training and test recordings: the official takes, or one speaker against the five others."""
    everything = load_spoken_digits()[:: job.every]
    if job.split == "takes 0 to 4":
        tested = [r.split == "test" for r in everything]
    else:
        tested = [r.speaker == job.speaker for r in everything]
    return (
        [r for r, mine in zip(everything, tested, strict=True) if not mine],
        [r for r, mine in zip(everything, tested, strict=True) if mine],
    )


def work(job: Job) -> list[Row]:
    """Train once and measure under each condition, on one thread: two jobs run side by side."""
    torch.set_num_threads(1)
    train_side, test_side = sides(job)
    switched = SETTINGS["changes"][job.trained_on]
    change = None
    if switched:
        change = partial(random_changes, **{name: name in switched for name in ("noise", "speed", "volume")})
    said = [r.digit for r in train_side]
    if job.trained_on.startswith("control"):
        said = np.random.default_rng(0).permutation(said).tolist()
    torch.manual_seed(0)
    start = time.perf_counter()
    recogniser = train_recogniser(
        Recogniser(job.kind, words=10, sample_rate=SAMPLE_RATE),
        [r.waveform() for r in train_side],
        torch.tensor(said),
        change,
        epochs=job.epochs,
        progress=False,
    )
    seconds = time.perf_counter() - start
    digits = torch.tensor([r.digit for r in test_side])
    rows = []
    for how in job.heard:
        waveforms = [as_heard(r.waveform(), how, i) for i, r in enumerate(test_side)]
        right = (word_heard(recogniser, waveforms) == digits).double().numpy()
        estimate = bootstrap_interval(right, samples=SETTINGS["samples"])
        ends = estimate.value, estimate.low, estimate.high, estimate.n, round(seconds, 1)
        rows.append(Row(job.kind, job.trained_on, job.split, job.speaker, how, *ends))
        print(f"{job.kind}, {job.trained_on}, {job.split} {job.speaker}, {how}: {estimate}", flush=True)
    return rows


def run_jobs(jobs: Sequence[Job]) -> list[Row]:
    """In two processes; the order of the rows is that of the jobs."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        return [row for rows in workers.map(work, jobs) for row in rows]


def digits(quick: bool = False) -> list[Row]:
    """The official split: every way of training under every condition."""
    epochs, every = (1, 7) if quick else (SETTINGS["epochs"], 1)
    heard = tuple(SETTINGS["heard"])
    return run_jobs(
        [
            Job(kind, change, "takes 0 to 4", "all", heard, epochs, every)
            for kind in SETTINGS["kinds"]
            for change in SETTINGS["changes"]
        ]
    )


def speakers(quick: bool = False) -> list[Row]:
    """Each speaker in turn is heard by recognisers that were trained on the five others."""
    epochs, every = (1, 7) if quick else (SETTINGS["epochs"], 1)
    names = sorted({recording.speaker for recording in load_spoken_digits()})
    return run_jobs(
        [
            Job(kind, change, "unheard speaker", name, ("as recorded",), epochs, every)
            for kind in SETTINGS["kinds"]
            for change in ("nothing", "all")
            for name in names
        ]
    )


# --- cost ------------------------------------------------------------------------------------------------

SIZES = {
    "speech: 13 of 40, 512 every 160": {"n_fft": 512, "hop_length": 160, "n_mels": 40, "n_mfcc": 13},
    "librosa's own: 20 of 128, 2048 every 512": {
        "n_fft": 2048,
        "hop_length": 512,
        "n_mels": 128,
        "n_mfcc": 20,
    },
}
BATCHES = (8, 32, 128)
BATCH = 32


def per_second(work: Callable[[], object], amount: int, repeats: int) -> float:
    """How much of ``amount`` is done in a second: the median of some runs after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return amount / float(np.median(times))


def extra_memory(who: str, clips: int) -> float:
    """The peak while one of the two takes the MFCC of so many clips of one second."""
    torch.set_num_threads(2)
    sizes = SIZES["speech: 13 of 40, 512 every 160"]
    sounds = np.random.default_rng(0).normal(0, 0.1, (clips, 16_000)).astype(np.float32)
    if who == "ours":
        mfcc(torch.from_numpy(sounds[:1]), **sizes)  # what is set up once
        return peak_growth(lambda: mfcc(torch.from_numpy(sounds), **sizes))
    theirs = partial(librosa.feature.mfcc, sr=16_000, **sizes)
    theirs(y=sounds[0])
    return peak_growth(lambda: [theirs(y=clip) for clip in sounds])


def cost(quick: bool = False) -> str:
    torch.set_num_threads(2)
    repeats = 1 if quick else 7
    clips = np.random.default_rng(0).normal(0, 0.1, (max(BATCHES), 16_000)).astype(np.float32)
    lines = []
    for name, sizes in SIZES.items():
        theirs = per_second(
            lambda s=sizes: [librosa.feature.mfcc(y=clip, sr=16_000, **s) for clip in clips[:BATCH]],
            BATCH,
            repeats,
        )
        ours = [
            per_second(lambda s=sizes, n=n: mfcc(torch.from_numpy(clips[:n]), **s), n, repeats)
            for n in (1, *BATCHES)
        ]
        cells = [f"{speed:,.0f} ({speed / theirs:.1f})" for speed in ours]
        lines.append(f"| {name} | {theirs:,.0f} | {' | '.join(cells)} |")
    sounds = list(clips[:BATCH])
    encoders = {
        "CNN over MFCC": Recogniser("cnn", 10, 16_000),
        "GRU over MFCC": Recogniser("gru", 10, 16_000),
        "the shop's encoder over log-mel": AudioEncoder(),
    }
    speeds = []
    for name, encoder in encoders.items():
        with inference(encoder):
            prepared = encoder.prepare(sounds)
            whole = per_second(lambda e=encoder: e(e.prepare(sounds)), BATCH, repeats)
            only = per_second(lambda e=encoder, p=prepared: e(p), BATCH, repeats)
        speeds.append(f"| {name} | {whole:,.0f} | {only:,.0f} |")
    memory = {
        (who, n): float(in_own_process("benchmarks.sounds", "memory", who, n))
        for who, n in (("ours", BATCH), ("ours", 512), ("librosa", 512))
    }
    return f"""MFCC of clips of one second, 16 kHz, two threads: clips a second, in brackets ours ÷
librosa; median of {repeats} runs. A batch that outgrows the processor's cache is slower again.

| frames | librosa, clip by clip | ours, clip by clip | {" | ".join(f"batches of {n}" for n in BATCHES)} |
|---|---|---|{"---|" * len(BATCHES)}
{chr(10).join(lines)}

Seconds of sound that are encoded in a second, batches of {BATCH} s:

| encoder | from the waveform | from the picture |
|---|---|---|
{chr(10).join(speeds)}

Memory beyond the sounds themselves: {memory["ours", BATCH]:.0f} MB for a batch of {BATCH} clips,
{memory["ours", 512]:.0f} MB for one of 512; librosa, clip by clip, {memory["librosa", 512]:.0f} MB for 512.
"""


# --- all -------------------------------------------------------------------------------------------------


def shown(table: pd.DataFrame) -> str:
    """Both tables in words for the page of results."""
    official = table[table.split == "takes 0 to 4"]
    wide = official.pivot(index=["kind", "trained_on"], columns="heard", values="accuracy")
    wide = wide[list(SETTINGS["heard"])].loc[
        [(k, c) for k in SETTINGS["kinds"] for c in SETTINGS["changes"] if (k, c) in wide.index]
    ]
    unheard = table[table.split == "unheard speaker"]
    wide_too = unheard.pivot(index=["kind", "trained_on"], columns="speaker", values="accuracy")
    wide_too["mean"] = wide_too.mean(axis=1)
    return "\n\n".join(
        f"{heading}\n\n" + as_markdown(part)
        for heading, part in (
            ("Spoken digits, takes 0 to 4, share recognised by what was changed in training:", wide),
            ("A speaker that training has not heard:", wide_too),
        )
    )


def as_markdown(table: pd.DataFrame) -> str:
    heads = [*table.index.names, *table.columns]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for names, values in zip(table.index, table.to_numpy(), strict=True):
        lines.append(f"| {' | '.join([*names, *(f'{value:.3f}' for value in values)])} |")
    return "\n".join(lines)


def main() -> str:
    start = time.perf_counter()
    table = pd.DataFrame([asdict(row) for row in [*digits(), *speakers()]])
    seconds = time.perf_counter() - start
    store("sounds", table, SETTINGS, CODE, seconds)
    return f"""## Sounds

{cost()}
{shown(table)}

Made in {seconds / 60:.0f} minutes.
"""


if __name__ == "__main__":
    if sys.argv[1] == "memory":
        print(extra_memory(sys.argv[2], int(sys.argv[3])))
    else:
        part = {"cost": cost, "digits": digits, "speakers": speakers}[sys.argv[1]]
        result = part(quick="--quick" in sys.argv)
        print(result if isinstance(result, str) else pd.DataFrame(result).to_string())
