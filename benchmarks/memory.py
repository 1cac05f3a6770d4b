"""How much memory a piece of work takes at its peak. Linux only: it tells, and forgets when asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def in_own_process(module: str, *arguments: object) -> str:
    """The last line that ``python -m module arguments`` prints: a fresh process has no memory of others."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]


def peak_growth(work: Callable[[], object]) -> float:
    """By how many MB this process grows at the most while it works."""
    before = _resident("VmRSS")
    # The peak counts from here. (getrusage's counts from the parent process on.)
    Path("/proc/self/clear_refs").write_text("5")
    work()
    return (_resident("VmHWM") - before) / 1_000


def _resident(name: str) -> int:
    """Kilobytes in memory: now (VmRSS) or at the most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
