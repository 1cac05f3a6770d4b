"""JupyterLab opens the chapters with their drawings, and where their links lead somewhere."""

from __future__ import annotations

import nbformat
from nbformat.sign import NotebookNotary

from book import lab


def test_chapters_are_trusted_as_they_are(tmp_path, root):
    notary = NotebookNotary(data_dir=str(tmp_path), db_file=":memory:")
    chapters = lab.chapters()
    assert [path.relative_to(root).as_posix() for path in chapters[:1]] == ["notebooks/01_pipeline.ipynb"]
    assert any(path.parent.name == "solutions" for path in chapters)

    notebook = nbformat.read(chapters[0], as_version=4)
    assert not notary.check_signature(notebook)
    lab.trust(chapters[:1], notary)
    assert notary.check_signature(notebook)
    notebook.cells[0].source += " changed"
    assert not notary.check_signature(notebook)


def test_jupyterlab_starts_at_the_root_with_the_first_chapter(root):
    command = lab.command("--no-browser")
    assert f"--ServerApp.root_dir={root}" in command
    assert "--no-browser" in command
    assert command[-1] == str(root / "notebooks/01_pipeline.ipynb")
