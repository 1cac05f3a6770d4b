"""Benchmarks are run by hand; here they are imported, so that no change of the package passes them by."""

from __future__ import annotations

import importlib

import pandas as pd
import pytest

from benchmarks.run import SECTIONS
from benchmarks.spaces import markdown


@pytest.mark.no_cover
@pytest.mark.parametrize("name", SECTIONS)
def test_a_benchmark_can_be_imported_and_has_a_section_to_write(name):
    assert callable(importlib.import_module(f"benchmarks.{name}").main)


def test_the_table_of_spaces_shows_each_direction_under_its_name():
    ways = [("text", "image"), ("image", "text")]
    rows = [
        {"data": "shop", "space": space, "query": query, "gallery": gallery, "measure": "R@10"}
        | {"value": 0.1 + 0.2 * (query == "image"), "low": 0.0, "high": 1.0, "seconds": 1.0}
        for space, order in (("ridge", ways), ("end to end", ways[::-1]))
        for query, gallery in order
    ]
    lines = markdown(pd.DataFrame(rows)).splitlines()
    assert lines[2] == "| space | text → image | image → text | seconds |"
    for line in lines[4:6]:
        assert line.endswith("| 0.100 (0.000–1.000) | 0.300 (0.000–1.000) | 1.0 |")
