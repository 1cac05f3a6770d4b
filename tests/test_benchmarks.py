"""Benchmarks are run by hand; here they are imported, so that no change of the package passes them by."""

from __future__ import annotations

import importlib

import pytest

from benchmarks.run import SECTIONS


@pytest.mark.no_cover
@pytest.mark.parametrize("name", SECTIONS)
def test_a_benchmark_can_be_imported_and_has_a_section_to_write(name):
    assert callable(importlib.import_module(f"benchmarks.{name}").main)
