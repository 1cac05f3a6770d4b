"""Tables as files: what Parquet and CSV hold comes out as the value that stands there."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet
import pytest

from crossmodal_edu import tables
from crossmodal_edu.errors import StorageError, TableError
from crossmodal_edu.tables import RowProblem, read_own_table, read_table, write_table


def test_a_problem_names_the_line_the_product_or_both():
    assert str(RowProblem(5, "the id is empty")) == "line 5: the id is empty"
    assert str(RowProblem(None, "image: damaged", "B1")) == "product 'B1': image: damaged"
    assert str(RowProblem(5, "image: damaged", "B1")) == "line 5 (product 'B1'): image: damaged"


@pytest.mark.parametrize(
    ("array", "cells"),
    [
        (pa.array([Decimal("19.90"), Decimal("129.00"), None]), [19.9, 129, ""]),
        (pa.array([Decimal("12345678901234567890123")]), [12345678901234567890123]),
        (pa.array([2**62 + 1, None], pa.int64()), [2**62 + 1, ""]),
        (pa.array([2**64 - 1], pa.uint64()), [2**64 - 1]),
        (pa.array([0.1, 1e10, 1.5, None], pa.float32()), [0.1, 1e10, 1.5, ""]),
        (pa.array([0.1, float("nan"), float("inf")]), [0.1, "", ""]),
        (pa.array([True, False, None]), ["True", "False", ""]),
        (pa.array([datetime.date(2024, 2, 1)]), ["2024-02-01"]),
        (pa.array([datetime.datetime(2024, 2, 1, 12, 30)]), ["2024-02-01 12:30:00"]),
        (pa.array(["a", "b", None]).dictionary_encode(), ["a", "b", ""]),
        (pa.array([["x", None, "y"], [], None]), [("x", "y"), "", ""]),
        (pa.array([b"x", b"", None]), [b"x", "", ""]),
        (pa.array([{"bytes": b"x", "path": "a.png"}, {"bytes": None, "path": "b.png"}]), [b"x", "b.png"]),
        (pa.array([[{"bytes": b"x", "path": None}, {"bytes": None, "path": "b.png"}]]), [(b"x", "b.png")]),
        (pa.array([" 007 ", "1e5"]), ["007", "1e5"]),
        (pa.array([{"height": 3}]), ["{'height': 3}"]),
    ],
)
def test_a_parquet_file_says_itself_what_is_a_number(tmp_path, array, cells):
    path = tmp_path / "table.parquet"
    pa.parquet.write_table(pa.table({"title": ["x"] * len(array), "cell": array}), path)
    table = read_table(path)
    assert [row["cell"] for _, row in table.rows] == cells
    assert [type(row["cell"]) for _, row in table.rows] == [type(cell) for cell in cells]
    assert table.delimiter == ""


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_cell_of_a_csv_is_text_at_first(tmp_path, delimiter):
    path = tmp_path / "table.csv"
    path.write_text("title,price\nbag, 1 \n".replace(",", delimiter))
    assert read_table(path) == tables.Table(((2, {"title": "bag", "price": "1"}),), (), delimiter)


COLUMNS = {
    "text": ["a", "", None, " b "],
    "whole": [1, -(2**63), 2**53 + 1, None],
    "fraction": [0.1, 1e300, -0.0, None],
    "number": [1, 0.5, None, 2**53],
    "long": [2**63, 10**1000, 1, None],
    "mixed": [1, "1", 1.5, "n/a\n"],
    "exact": [2**53 + 1, 0.5, None, None],
    "texts": [("a | b", ""), (), None, ("c",)],
    "file": [{"bytes": b"x", "path": None}, {"bytes": b"", "path": None}, None, {"bytes": None, "path": "a"}],
    "nothing": [None, None, None, None],
}


def test_what_was_written_comes_back(tmp_path):
    write_table(tmp_path / "own.parquet", COLUMNS)
    rows = read_own_table(tmp_path / "own.parquet")
    for name, values in COLUMNS.items():
        read = [row[name] for row in rows]
        read = [tuple(cell) if isinstance(cell, list) else cell for cell in read]
        assert read == values, name
        assert [isinstance(cell, str) for cell in read] == [isinstance(cell, str) for cell in values]


def test_what_was_written_comes_back_out_of_many_groups_and_beyond_the_limits_for_others(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(tables, "_ROW_GROUP", 3)
    monkeypatch.setattr(tables, "_MAX_BYTES", 100)
    monkeypatch.setattr(tables, "_MAX_UNPACKED", 100)
    monkeypatch.setattr(tables, "_MAX_ROWS", 1)
    columns = {"title": [str(i) for i in range(10)], "mixed": [i if i % 2 else str(i) for i in range(10)]}
    write_table(tmp_path / "own.parquet", columns)
    assert pa.parquet.ParquetFile(tmp_path / "own.parquet").num_row_groups == 4
    rows = read_own_table(tmp_path / "own.parquet")
    assert {name: [row[name] for row in rows] for name in columns} == columns
    with pytest.raises(TableError, match="more than"):
        read_table(tmp_path / "own.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", b"id,title\n1,Bag\n"])
def test_an_own_file_that_is_damaged_is_refused(tmp_path, content):
    path = tmp_path / "own.parquet"
    path.write_bytes(content)
    with pytest.raises(TableError, match="damaged"):
        read_own_table(path)
    with pytest.raises(TableError):
        read_own_table(tmp_path / "missing.parquet")


@pytest.mark.parametrize("cell", ["[" * 100_000, "{", "1 2"])
def test_a_marked_column_that_holds_something_else_is_damage(tmp_path, cell):
    field = pa.field("mixed", pa.string(), metadata={"crossmodal_edu": "json"})
    table = pa.table([["x"], [cell]], schema=pa.schema([("title", pa.string()), field]))
    pa.parquet.write_table(table, tmp_path / "own.parquet")
    with pytest.raises(TableError, match="damaged"):
        read_own_table(tmp_path / "own.parquet")
    with pytest.raises(TableError, match="damaged"):
        read_table(tmp_path / "own.parquet")


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_a_name_that_is_no_text_is_explained_and_leaves_the_old_table(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"old")
    with pytest.raises(StorageError, match="cannot be written"):
        write_table(path, {"image": ["caf\udce9.png"]})
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_header_with_nul_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"title,a\0b\nbag,1\n")
    with pytest.raises(TableError, match="NUL"):
        read_table(path)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_the_address_that_holds_a_file_needs_no_quotes(tmp_path, delimiter):
    path = tmp_path / "table.csv"
    path.write_text("title|image|price\nbag|data:image/png;base64,AAA=|3\n".replace("|", delimiter))
    table = read_table(path)
    assert [row for _, row in table.rows] == [
        {"title": "bag", "image": "data:image/png;base64,AAA=", "price": "3"}
    ]
