"""Skips a chapter on downloaded data where they are absent; in CI it has to run.

Such a notebook names its data sets in its metadata: ``"data_sets": ["fashion"]``.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import nbformat
import pytest

from crossmodal_edu.datasets.folders import find
from crossmodal_edu.errors import DataMissingError


@functools.cache
def missing(notebook: Path) -> str:
    """Why the notebook cannot run here; empty if it can."""
    reasons = []
    for name in nbformat.read(notebook, as_version=4).metadata.get("data_sets", ()):
        try:
            find(name)
        except DataMissingError as error:
            reasons.append(f"{error.problem} {error.remedy}")
    return " ".join(reasons)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("CI") == "true":
        return
    for item in items:
        if item.path.suffix == ".ipynb" and (reason := missing(item.path)):
            item.add_marker(pytest.mark.skip(reason=reason))
