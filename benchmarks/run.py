"""Run the benchmarks and write ``benchmarks/results.md``.

``python -m benchmarks.run`` runs all of them but ``setup``; ``python -m benchmarks.run latency setup``
the named ones. What is not run keeps the section it had.
"""

from __future__ import annotations

import datetime
import importlib
import os
import platform
import subprocess
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
SECTIONS = (
    *(
        "shop",
        "fashion",
        "fashion_ablation",
        "spaces",
        "word2vec",
        "glove",
        "sentences",
        "transformer",
        "pictures",
    ),
    *("sounds", "merging", "latency", "throughput", "malformed", "setup"),
)
LEFT_OUT_BY_DEFAULT = ("setup",)  # it installs everything twice


def machine() -> str:
    """Where the figures come from, in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{datetime.date.today()}, {cores} cores of {platform.machine()}, {platform.system()}, "
        f"Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}, no GPU"
    )


def main(names: list[str]) -> None:
    """Run the named sections, keep what the others measured before, and write the page."""
    parts = HERE / "results"
    parts.mkdir(exist_ok=True)
    names = names or [name for name in SECTIONS if name not in LEFT_OUT_BY_DEFAULT]
    if len(names) > 1:  # each in a process of its own, so that none pays for the memory of another
        for name in names:
            subprocess.run([sys.executable, "-m", "benchmarks.run", name], check=True)
        return
    for name in names:
        print(f"== {name}", flush=True)
        text = importlib.import_module(f"benchmarks.{name}").main()
        (parts / f"{name}.md").write_text(f"{text.strip()}\n\n*{machine()}*\n", encoding="utf-8")
    write_page()


def write_page() -> None:
    """Put the sections that have been measured so far onto one page."""
    measured = [HERE / "results" / f"{name}.md" for name in SECTIONS]
    sections = [path.read_text(encoding="utf-8") for path in measured if path.exists()]
    page = (
        "# Results\n\nWritten by `make bench`. Times depend on the machine; compare ratios.\n\n"
        + "\n".join(sections)
    )
    (HERE / "results.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main(sys.argv[1:])
