"""What the examples in docstrings print does not depend on the order in which a processor adds numbers up."""

from __future__ import annotations

import os
import subprocess
import sys

# Where sums, products, transforms and trainings are printed.
MODULES = [
    "audio/augment.py",
    "audio/mfcc.py",
    "audio/spectrum.py",
    "evaluation",
    "image/augment.py",
    "classroom/convolution.py",
    "retrieval",
    "text/attention.py",
    "text/glove.py",
    "text/recurrent.py",
    "text/sentences.py",
    "text/wordvectors.py",
    "training.py",
]
# Kernels without AVX, of each library that chooses them by the processor it finds.
OLDER = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "OPENBLAS_CORETYPE": "Nehalem",
}


def test_examples_print_the_same_on_an_older_processor(root):
    """In a process of its own, since the libraries choose when they are loaded."""
    modules = [str(root / "crossmodal_edu" / name) for name in MODULES]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--doctest-modules", "-q", "-p", "no:cacheprovider", *modules],
        env=os.environ | OLDER,
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stdout[-5_000:] + run.stderr[-1_000:]
