"""Tables that chapters load: written with a hash of the settings and the code that made them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence

import pandas as pd

from benchmarks.run import machine
from crossmodal_edu.classroom.results import fingerprint
from crossmodal_edu.datasets import folders


def store(name: str, table: pd.DataFrame, settings: Mapping, code: Sequence[str], seconds: float) -> None:
    """Write ``data/results/NAME.csv``, and beside it how it was made.

    Parameters
    ----------
    name : str
    table : DataFrame
        Written without its index, numbers to six digits.
    settings : mapping
        What decides the numbers; goes through JSON.
    code : sequence of str
        The files that decide the numbers, below the repository's root.
    seconds : float
        What the table took to make.
    """
    folder = folders.data_folder() / "results"
    folder.mkdir(exist_ok=True)
    record = {
        "fingerprint": fingerprint(settings, code),
        "settings": dict(settings),
        "code": sorted(code),
        "seconds": round(seconds),
        "machine": machine(),
        "made": datetime.date.today().isoformat(),
    }
    table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
    (folder / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
