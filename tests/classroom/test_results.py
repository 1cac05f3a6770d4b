"""Stored tables: made by the code and the settings as they are now, and loaded with their history."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from benchmarks import stored
from crossmodal_edu.classroom import results
from crossmodal_edu.classroom.results import load_results
from crossmodal_edu.datasets import folders
from crossmodal_edu.errors import DataMissingError

RECORDS = sorted((results.ROOT / "data" / "results").glob("*.json"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_stored_table_is_what_the_code_would_make_now(record):
    how = json.loads(record.read_text(encoding="utf-8"))
    assert how["fingerprint"] == results.fingerprint(how["settings"], how["code"]), (
        f"{', '.join(how['code'])} or the settings have changed: "
        "run `python -m benchmarks.run` for this table again, then the chapters that load it"
    )
    assert not load_results(record.stem).empty


def test_each_stored_table_is_told_of():
    told = (results.ROOT / "data" / "results" / "README.md").read_text(encoding="utf-8")
    assert RECORDS
    for record in RECORDS:
        assert f"| `{record.stem}` |" in told


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(folders, "data_folder", lambda: tmp_path)
    (tmp_path / "work.py").write_text('def f(x):\n    """Doc."""\n    return x  # why\n', encoding="utf-8")
    return tmp_path


def test_a_table_comes_back_with_how_it_was_made(checkout):
    table = pd.DataFrame({"method": ["mean", "gru"], "R@1": [0.25, 0.5]})
    stored.store("sentences", table, {"seeds": 3}, ["work.py"], seconds=61.4)
    loaded = load_results("sentences")
    pd.testing.assert_frame_equal(loaded, table)
    assert loaded.attrs["settings"] == {"seeds": 3}
    assert loaded.attrs["seconds"] == 61


@pytest.mark.parametrize(
    ("source", "settings", "stale"),
    [
        ('def f(x):\n    """Other words."""\n    return x\n', {"k": 1}, False),
        ("def f(x: int) -> int:\n    return x\n", {"k": 1}, False),
        ("def f(x):\n    return -x\n", {"k": 1}, True),
        ("def f(x):\n    return x\n", {"k": 2}, True),
    ],
    ids=["words", "types", "code", "settings"],
)
def test_code_and_settings_count_and_words_do_not(checkout, source, settings, stale):
    before = results.fingerprint({"k": 1}, ["work.py"])
    (checkout / "work.py").write_text(source, encoding="utf-8")
    assert (results.fingerprint(settings, ["work.py"]) != before) is stale


def test_a_table_that_does_not_ship_is_named(checkout):
    with pytest.raises(DataMissingError, match=r"results/none\.csv"):
        load_results("none")
