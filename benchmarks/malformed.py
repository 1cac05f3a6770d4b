"""A thousand malformed inputs through ``search`` and ``index``: how they end, how long, how much memory."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from typer.testing import CliRunner

from crossmodal_edu import shops
from crossmodal_edu.cli import app

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from malformed import malformed_inputs


def main() -> str:
    engine = shops.open_engine("shop")
    shops.open_engine = lambda *arguments, **options: engine  # opened once, not a thousand times
    ends, slowest = {"a result": 0, "an error explained": 0, "anything else": 0}, (0.0, "")
    with tempfile.TemporaryDirectory() as folder:
        for case in malformed_inputs(Path(folder) / "inputs"):
            if not case.on_command_line:
                continue
            index = ["index", str(case.given), "--out", f"{folder}/index"]
            start = time.perf_counter()
            result = CliRunner().invoke(
                app, index if case.is_table else ["search", "--json", "--", str(case.given)]
            )
            slowest = max(slowest, (time.perf_counter() - start, case.name))
            if result.exit_code == 0:
                ends["a result"] += 1
            elif result.exit_code in (1, 2) and isinstance(result.exception, SystemExit):
                ends["an error explained"] += 1
            else:
                ends["anything else"] += 1
                print(case.name, repr(result.exception))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    rows = "\n".join(f"| {end} | {count} |" for end, count in ends.items())
    return f"""## Malformed inputs

{sum(ends.values())} of the 1,000 malformed inputs of `tests/malformed.py` can be given on a command line;
each went through `crossmodal search` or, if a table, `crossmodal index`, in one process.

| ended in | inputs |
|---|---|
{rows}

The slowest took {slowest[0]:.1f} s ({slowest[1]}); the process, with torch, the model and the shop in memory,
never held more than {memory:.2f} GB.
"""
