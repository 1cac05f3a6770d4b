"""Tables that take long to make: ``data/results/NAME.csv``, and ``NAME.json`` that says how they were made.

``benchmarks/`` makes them (``python -m benchmarks.run NAME``), chapters load them, and a test compares
the hash in the JSON file with the code and the settings as they are now.
"""

from __future__ import annotations

import json

import pandas as pd

from crossmodal_edu.datasets import folders


def load_results(name: str) -> pd.DataFrame:
    """A stored table.

    Parameters
    ----------
    name : str
        Such as "word_vectors".

    Returns
    -------
    DataFrame
        ``attrs`` holds how it was made: ``settings`` (dict), ``seconds`` (what it took),
        ``machine`` and ``made`` (the day).

    Raises
    ------
    DataMissingError
        If no table of that name ships.
    """
    table = pd.read_csv(folders.shipped(f"results/{name}.csv"))
    table.attrs = json.loads(folders.shipped(f"results/{name}.json").read_text(encoding="utf-8"))
    return table
