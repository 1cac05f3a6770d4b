"""A thousand malformed inputs: each is opened or refused with a CrossmodalError, and nothing else."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

from crossmodal_edu.errors import CrossmodalError, InputError, TableError
from crossmodal_edu.modality import Modality, open_audio, open_image, open_text, recognise
from crossmodal_edu.products import Catalog

sys.path.insert(0, str(Path(__file__).parent))
from malformed import TOTAL, MalformedCase, malformed_inputs


@contextmanager
def _no_hang(seconds: int, name: str):
    """Fail instead of waiting for ever; where there are no alarms (Windows), just run."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise AssertionError(f"{name} kept us busy for {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _open(case: MalformedCase) -> str:
    if case.is_table:
        assert len(Catalog.from_table(case.given)) > 0
        return "table"
    modality = recognise(case.given)
    if modality is Modality.TEXT:
        assert open_text(case.given).strip()
    elif modality is Modality.IMAGE:
        picture = open_image(case.given)
        assert picture.mode == "RGB"
        assert picture.width * picture.height > 0
    else:
        wave = open_audio(case.given)
        assert wave.dtype == np.float32
        assert wave.ndim == 1
        assert wave.size > 0
        assert np.abs(wave).max() <= 1
    return modality.value


def _check_reason(error: CrossmodalError, case: MalformedCase) -> None:
    assert isinstance(error, TableError if case.is_table else InputError)
    assert error.problem
    assert error.accepted
    assert error.remedy
    assert str(error).encode("utf-8")  # a terminal can print it


def test_a_thousand_malformed_inputs_give_a_result_or_a_reason(tmp_path, capfd):
    outcomes = Counter()
    for case in malformed_inputs(tmp_path / "malformed", seed=0):
        with _no_hang(5, case.name):
            try:
                outcomes[_open(case)] += 1
            except CrossmodalError as error:
                _check_reason(error, case)
                outcomes["refused"] += 1
    assert outcomes.total() == TOTAL
    # Damage does not stop at the first doubt: what can be opened is opened.
    least = {"refused": 500, "image": 90, "audio": 120, "table": 30, "video": 15, "text": 10}
    assert all(outcomes[kind] >= count for kind, count in least.items()), outcomes
    printed = capfd.readouterr()
    assert printed.out == printed.err == ""


def test_the_same_seed_gives_the_same_inputs(tmp_path):
    def contents(folder):
        cases = islice(malformed_inputs(folder, seed=3), 250)
        files = (case.given for case in cases if isinstance(case.given, Path))
        small = (path for path in files if path.name.startswith("0") and path.is_file())
        return [(path.name, path.read_bytes()) for path in small]

    first = contents(tmp_path / "one")
    assert len(first) > 80
    assert first == contents(tmp_path / "two")
