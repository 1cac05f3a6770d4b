"""The public interface has types, and pyright finds nothing wrong in it nor in calls of it."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.no_cover
def test_pyright_is_content_with_the_public_interface_and_calls_of_it(root, need):
    assert (root / "crossmodal_edu" / "py.typed").exists()
    # Named, since a configuration in a folder above would be taken instead.
    project = ["--project", str(root / "pyproject.toml")]
    command = [sys.executable, "-m", "pyright", *project, "--pythonpath", sys.executable]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        need("pyright, which fetches Node.js the first time, did not end within five minutes")
    if "error" not in done.stdout and "0 errors" not in done.stdout:
        need(f"pyright could not run: {(done.stderr or done.stdout)[-300:]}")
    assert done.returncode == 0, done.stdout
