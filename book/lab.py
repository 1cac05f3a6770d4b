"""Open the chapters in JupyterLab.

python -m book.lab

JupyterLab shows no drawing and plays no sound of a notebook that it has not been told to trust. It starts
at the root of the repository, so that a chapter's links to the glossary and the references open.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat.sign import NotebookNotary

ROOT = Path(__file__).resolve().parents[1]


def chapters() -> list[Path]:
    """The notebooks of the book and their solutions, in order."""
    return [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("notebooks/solutions/*.ipynb"))]


def trust(notebooks: Iterable[Path], notary: NotebookNotary | None = None) -> None:
    """Tell Jupyter that these notebooks, as they are, may show their stored outputs."""
    notary = notary or NotebookNotary()
    for path in notebooks:
        notary.sign(nbformat.read(path, as_version=4))


def command(*options: str) -> list[str]:
    """What starts JupyterLab at the repository's root with the first chapter open."""
    root = f"--ServerApp.root_dir={ROOT}"
    return [sys.executable, "-m", "jupyterlab", root, *options, str(chapters()[0])]


def main() -> None:
    """Trust the chapters and start JupyterLab; further options are handed on to it."""
    trust(chapters())
    sys.exit(subprocess.call(command(*sys.argv[1:])))


if __name__ == "__main__":
    main()
