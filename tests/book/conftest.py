"""The website, built once for the tests of its files and the tests in a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml


@pytest.fixture(scope="session")
def toc(root: Path) -> list[str]:
    """The pages of the table of contents, as paths without their suffix."""
    contents = yaml.safe_load((root / "book/_toc.yml").read_text(encoding="utf-8"))

    def files(node: object) -> list[str]:
        if isinstance(node, list):
            return [file for part in node for file in files(part)]
        if isinstance(node, dict):
            own = [node[key] for key in ("root", "file") if key in node]
            return own + [file for value in node.values() for file in files(value)]
        return []

    return files(contents)


@pytest.fixture(scope="session")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fresh build, made as ``make book`` makes it: every warning is an error."""
    output = tmp_path_factory.mktemp("site")
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    arguments = "build . --config book/_config.yml --toc book/_toc.yml -W -n --keep-going --path-output"
    done = subprocess.run(
        [jupyter_book, *arguments.split(), output],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    problems = [line for line in done.stderr.splitlines() if "WARNING" in line or "ERROR" in line]
    assert done.returncode == 0, "\n".join(problems or done.stderr.splitlines()[-30:])
    return output / "_build/html"
