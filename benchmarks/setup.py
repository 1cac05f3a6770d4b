"""From a fresh clone to the first search result, and how long the checks take."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEPS = (
    ("`make book`, first time: environment, website, first search", ["make", "book"]),
    ("`make site`, again, from nothing", ["sh", "-c", "rm -rf book/_build && make site"]),
    ("`crossmodal search`, again", [".venv/bin/crossmodal", "search", "red leather handbag"]),
    ("`make check`", ["make", "check"]),
    ("`make test`", ["make", "test"]),
)


def main() -> str:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        # An empty cache, as on a new machine; pip's own cache stays, so that the network is not measured.
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(home),
            "PIP_CACHE_DIR": str(Path.home() / ".cache/pip"),
        }
        environment.pop("VIRTUAL_ENV", None)
        for name, command in STEPS:
            start = time.perf_counter()
            done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
            seconds = time.perf_counter() - start
            last = (done.stdout.strip().splitlines() or [""])[-1]
            rows.append(f"| {name} | {seconds:,.0f} s | {'' if done.returncode == 0 else 'failed'} |")
            print(rows[-1], last, done.stderr[-500:] if done.returncode else "", flush=True)
    return f"""## From clone to first result

| step | time | |
|---|---|---|
{chr(10).join(rows)}
"""
