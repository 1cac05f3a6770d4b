"""The examples in docstrings print the same on a processor that adds numbers up in another order."""

from __future__ import annotations

import os
import subprocess
import sys

STAGES = ("text", "image", "audio", "spaces", "retrieval", "evaluation")
# Kernels without AVX, of each of the libraries that chooses by the processor it finds.
OLDER = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "OPENBLAS_CORETYPE": "Nehalem",
}


def test_examples_print_the_same_on_an_older_processor(root):
    """No process of our own is as it was: the libraries choose once, when they are loaded."""
    folders = [str(root / "crossmodal_edu" / stage) for stage in STAGES]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--doctest-modules", "-q", "-p", "no:cacheprovider", *folders],
        cwd=root,
        env=os.environ | OLDER,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stdout[-5_000:] + run.stderr[-1_000:]
