"""Rows out of a product table, CSV or Parquet, however a spreadsheet left it; and back into one."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from crossmodal_edu.columns import meanings
from crossmodal_edu.errors import TableError, first_line
from crossmodal_edu.modality import ascii_name, ordinary_file
from crossmodal_edu.saving import written_aside

Cell: TypeAlias = str | int | float | bytes | tuple
"""A tuple holds several cells, as a Parquet file can; an empty cell is ""."""

_MAX_BYTES = 100_000_000
_MAX_UNPACKED = 1_000_000_000  # compression can hide any amount of data in a small file
_MAX_ROWS = 2_000_000
_MAX_BROKEN_ROWS = 1_000
_DAMAGED = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, RecursionError)
_ROW_GROUP = 1_000  # rows that Parquet writes and reads at once
_DATA = re.compile(r"\s*data:[\w/+.-]*(;base64)?", re.IGNORECASE)  # the begin of an address that holds a file
_JSON = {b"crossmodal_edu": b"json"}  # marks a column whose cells are JSON, since no type holds them all
# Arrow refuses what a type does not hold exactly, such as long numbers.
_TYPES = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    tuple: pa.list_(pa.string()),
    dict: pa.struct([("bytes", pa.large_binary()), ("path", pa.string())]),
}


@dataclass(frozen=True)
class RowProblem:
    """A row of a table, or a product, that could not be used, wholly or in part.

    ``line`` is the line of the file where the row begins or, in Parquet, the row counted from 1;
    None for a product that came from no table. ``product`` is its id, where that is known.

    Examples
    --------
    >>> print(RowProblem(5, "the id is empty"))
    line 5: the id is empty
    >>> print(RowProblem(5, "image: it is damaged", "B1"))
    line 5 (product 'B1'): image: it is damaged
    """

    line: int | None
    problem: str
    product: str = ""

    def __str__(self) -> str:
        product = f"product {self.product!r}" if self.product else "a product"
        if self.line is not None:
            product = f"line {self.line}" + (f" ({product})" if self.product else "")
        return f"{product}: {self.problem}"


@dataclass(frozen=True)
class Table:
    """The readable rows of a file, each with its line, and what was wrong with the others.

    ``delimiter`` separates the cells of a CSV, in which all is text; it is empty for a Parquet
    file, which says itself what is a number.
    """

    rows: tuple[tuple[int, Mapping[str, Cell]], ...]
    problems: tuple[RowProblem, ...]
    delimiter: str


def read_table(path: Path, chosen: Mapping[str, str] | None = None) -> Table:
    """Read a CSV file (UTF-8; comma, semicolon, tab or bar) or a Parquet file.

    Parameters
    ----------
    path : Path
    chosen : mapping, optional
        Which column is what, as for :func:`crossmodal_edu.columns.meanings`.

    Raises
    ------
    TableError
        If the file cannot be read as a table, or none of its columns can be searched.

    Notes
    -----
    Chapter 01.
    """
    content = _content(path)
    if content[:4] == b"PAR1":
        return _read_parquet(path, content, chosen)
    return _read_csv(path, _decode(path, content), chosen)


def read_own_table(path: Path) -> list[dict[str, Any]]:
    """Read what :func:`write_table` wrote as Parquet: the same cells, None where there was none.

    It may have any size, since nobody else has made it.

    Raises
    ------
    TableError
        If the file is damaged or missing.
    """
    with _parquet(path, path) as file:
        groups = map(file.read_row_group, range(file.num_row_groups))
        return [row for group in groups for row in _rows(group, group.column_names)]


def write_table(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write columns of equal length as CSV or, if the name ends in .parquet, as Parquet.

    Cells are texts, numbers and None; in Parquet also tuples of texts, vectors of one length, and
    ``{"bytes": …, "path": …}`` for a file, as Hugging Face's data sets have it. A kill leaves the old
    file or the new one, never a part.

    Raises
    ------
    StorageError
        If it cannot be written there.

    Notes
    -----
    Chapter 01.
    """
    with written_aside(path) as fresh:
        if path.suffix.lower() == ".parquet":
            fields, arrays = zip(*map(_column, columns, columns.values()), strict=True)
            table = pa.table(list(arrays), schema=pa.schema(fields))
            pa.parquet.write_table(table, fresh, row_group_size=_ROW_GROUP)
        else:
            with fresh.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(columns)
                writer.writerows(zip(*columns.values(), strict=True))


def unreadable(
    path: Path, why: str, remedy: str = 'Save it from your spreadsheet as "CSV UTF-8".'
) -> TableError:
    """The error for a file that is no table at all."""
    accepted = "a CSV file in UTF-8 with a header, or a Parquet file."
    return TableError(f"The table {ascii_name(path.name)} {why}.", accepted=accepted, remedy=remedy)


def _content(path: Path) -> bytes:
    with ordinary_file(path, partial(unreadable, path)) as (file, size):
        if size > _MAX_BYTES:
            raise unreadable(path, f"has {size:,} bytes, more than {_MAX_BYTES:,}", "Divide it into several.")
        content = file.read()
    if not content.strip():
        raise unreadable(path, "is empty", "Write a header and at least one product into it.")
    return content


def _header(
    path: Path, names: Sequence[str], chosen: Mapping[str, str] | None
) -> tuple[list[str], list[RowProblem]]:
    """What each column is called here, and which were taken for something by another name.

    One without a name stays empty and is not read.
    """
    cleaned = [" ".join(name.split()) for name in names]
    if any("\0" in name for name in cleaned):
        raise unreadable(path, "has NUL characters in the names of its columns")
    try:
        found = meanings(cleaned, chosen)
    except TableError as error:
        told = f"The table {ascii_name(path.name)} cannot be searched. {error.problem}"
        raise TableError(told, accepted=error.accepted, remedy=error.remedy) from None
    # What is called like a meaning for which another column was chosen is left out.
    called = [found.get(name, "" if name.lower() in (chosen or {}) else name) for name in cleaned]
    twice = [name for name, count in Counter(called).items() if name and count > 1]
    if twice:
        raise unreadable(path, f"has the column {twice[0]!r} twice", "Rename one of the two.")
    taken = [f"{name!r} as {what}" for name, what in found.items() if name.lower() != what]
    return called, [RowProblem(1, f"taken: {', '.join(taken)}")] if taken else []


# CSV


def _decode(path: Path, content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise unreadable(path, "is in UTF-16, not UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise unreadable(path, f"is not UTF-8 (line {line}, byte 0x{content[error.start]:02x})") from None
    if text.count("\0") > len(text) // 10 or not text.strip():
        raise unreadable(path, "holds no text")
    return text


def _read_csv(path: Path, text: str, chosen: Mapping[str, str] | None) -> Table:
    lines = list(io.StringIO(text, newline=""))
    start = next(i for i, line in enumerate(lines) if line.strip())
    delimiter = max(",;\t|", key=lambda candidate: _fit(lines[start], candidate, chosen))
    records = _records(path, lines, start, delimiter)
    _, names, problem = next(records)
    if problem:
        raise unreadable(path, f"has a header that cannot be read: {problem}")
    names, problems = _header(path, names, chosen)
    rows = []
    for line, cells, problem in records:
        if not problem and not any(cell.strip() for cell in cells):
            continue
        while len(cells) > len(names) and not cells[-1].strip():
            cells.pop()  # separators at the end of a line, as spreadsheets leave them
        if len(cells) > len(names):
            cells = _with_addresses(cells, delimiter)
        if not problem and len(cells) != len(names):
            problem = f"it has {len(cells)} cells, the header has {len(names)}"
        if problem or "\0" in "".join(cells):
            problem = problem or "it holds NUL characters"
            problems.append(RowProblem(line, f"{problem}; the row is left out"))
        else:
            rows.append((line, {name: cell.strip() for name, cell in zip(names, cells, strict=True) if name}))
    return Table(tuple(rows), tuple(problems), delimiter)


def _fit(line: str, delimiter: str, chosen: Mapping[str, str] | None) -> tuple[int, int]:
    """How well a header reads with a delimiter: columns that mean something first, then columns at all."""
    try:
        names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]
        return len(meanings(names, chosen)), len(names)
    except (csv.Error, TableError):
        return 0, 0


def _records(
    path: Path, lines: Sequence[str], start: int, delimiter: str
) -> Iterator[tuple[int, list[str], str]]:
    """The records from a line on: the number of the first line, the cells, and what is wrong.

    After a record that cannot be read, reading goes on at the line below its first: one quote
    that is never closed would otherwise swallow the rest of the table.
    """
    broken = 0
    while start < len(lines):
        rest = map(lines.__getitem__, range(start, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        used = 0  # lines of the complete records so far
        try:
            for cells in reader:
                yield start + used + 1, cells, ""
                used = reader.line_num
            return
        except csv.Error as error:
            broken += 1
            if broken > _MAX_BROKEN_ROWS:
                why = f"has more than {_MAX_BROKEN_ROWS:,} rows that cannot be read"
                raise unreadable(path, why) from None
            yield start + used + 1, [], _quoting(error)
            start += used + 1


def _with_addresses(cells: list[str], delimiter: str) -> list[str]:
    """Put together the two parts of each ``data:`` address, in which the delimiter stands once."""
    joined: list[str] = []
    for cell in cells:
        begun = [joined.pop()] if joined and _DATA.fullmatch(joined[-1]) else []
        joined.append(delimiter.join([*begun, cell]))
    return joined


def _quoting(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quotation mark is opened and never closed"
    if "field larger" in str(error):
        return f"a cell is longer than {csv.field_size_limit():,} characters"
    return f"its quotation marks cannot be read ({error})"


# Parquet


def _read_parquet(path: Path, content: bytes, chosen: Mapping[str, str] | None) -> Table:
    with _parquet(path, pa.BufferReader(content)) as file:
        about = file.metadata
        size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if size > _MAX_UNPACKED or about.num_rows > _MAX_ROWS:
            raise unreadable(path, "unpacks to more than a catalogue can hold", "Divide it into several.")
        names, problems = _header(path, file.schema_arrow.names, chosen)
        rows = _rows(file.read(), names)
    cells = ({name: _cell(cell) for name, cell in row.items() if name} for row in rows)
    return Table(tuple(enumerate(cells, start=1)), tuple(problems), delimiter="")


@contextmanager
def _parquet(path: Path, source: Path | pa.BufferReader) -> Iterator[pa.parquet.ParquetFile]:
    """An open file; what Arrow says of a damaged one, while it is read, becomes one error of ours."""
    try:
        with pa.parquet.ParquetFile(source) as file:
            yield file
    except _DAMAGED as error:
        why = f"is a damaged Parquet file ({first_line(error)})"
        raise unreadable(path, why, "Write it again.") from None


def _rows(table: pa.Table, names: Sequence[str]) -> list[dict[str, Any]]:
    cells = zip(*map(_values, table.columns, table.schema), strict=True)
    return [dict(zip(names, row, strict=True)) for row in cells]


def _values(column: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    """The cells of a column as Python's values."""
    if pa.types.is_float32(field.type):  # 0.1 in single precision is 0.1, not 0.10000000149
        column = column.cast(pa.string()).cast(pa.float64())
    cells = column.to_pylist()
    if (field.metadata or {}).items() >= _JSON.items():
        return [None if cell is None else json.loads(cell) for cell in cells]
    return cells


def _column(name: str, values: Sequence[Any]) -> tuple[pa.Field, pa.Array]:
    """A column of Parquet; where no type holds all its values exactly they are JSON, and it is marked so."""
    there = [value for value in values if value is not None]
    kinds = {str if isinstance(value, str) else type(value) for value in there} or {str}
    if kinds == {np.ndarray}:
        kind = pa.list_(pa.float32(), len(there[0]))
    else:
        kinds = {float} if kinds == {int, float} else kinds
        kind = _TYPES.get(kinds.pop()) if len(kinds) == 1 else None
    if kind is not None:
        with suppress(pa.ArrowInvalid, OverflowError):
            return pa.field(name, kind), pa.array(values, kind)
    cells = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    return pa.field(name, pa.string(), metadata=_JSON), pa.array(cells, pa.string())


def _cell(cell: object) -> Cell:
    """A cell as a CSV has it, but for numbers, the content of files, and several in one."""
    if isinstance(cell, dict) and cell.keys() & {"bytes", "path"}:  # as Hugging Face's data sets have it
        return cell.get("bytes") or cell.get("path") or ""
    if isinstance(cell, (list, tuple)):
        return tuple(_cell(part) for part in cell if part is not None) or ""
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if cell is None or cell == b"" or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    is_plain = isinstance(cell, (int, float, bytes)) and not isinstance(cell, bool)
    return cell if is_plain else str(cell).strip()
