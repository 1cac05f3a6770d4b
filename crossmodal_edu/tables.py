"""Rows out of a product table, CSV or Parquet, however a spreadsheet left it; and back into one."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from crossmodal_edu.columns import meanings
from crossmodal_edu.errors import TableError
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
        product = f"product {self.product!r}" if self.product else ""
        if self.line is None:
            return f"{product or 'a product'}: {self.problem}"
        return f"line {self.line}{f' ({product})' if product else ''}: {self.problem}"


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
    rows: list[dict[str, Any]] = []
    try:
        with pa.parquet.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                group = file.read_row_group(number)
                cells = zip(*map(_values, group.columns, group.schema), strict=True)
                rows += [dict(zip(group.column_names, row, strict=True)) for row in cells]
    except _DAMAGED as error:
        raise _damaged(path, error) from None
    return rows


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
            arrays = {name: _array(values) for name, values in columns.items()}
            schema = pa.schema(
                pa.field(name, array.type, metadata=mark) for name, (array, mark) in arrays.items()
            )
            table = pa.table([array for array, _ in arrays.values()], schema=schema)
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
    return TableError(f"The table {ascii_name(path)} {why}.", accepted=accepted, remedy=remedy)


def ascii_name(path: Path) -> str:
    """The name of a file in quotes, printable on any terminal."""
    name = path.name if len(path.name) <= 80 else f"{path.name[:60]}…{path.name[-12:]}"
    return f"'{name}'" if name.isprintable() else ascii(name)


def _content(path: Path) -> bytes:
    try:
        if not path.exists():
            raise unreadable(path, "does not exist", "Check the name and the folder.")
        if not path.is_file():
            raise unreadable(path, "is not a file", "Name the table in the folder.")
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise unreadable(path, f"has {size:,} bytes, more than {_MAX_BYTES:,}", "Divide it into several.")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise unreadable(path, f"cannot be opened ({reason})", "Check its name and access rights.") from None
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
        told = f"The table {ascii_name(path)} cannot be searched. {error.problem}"
        raise TableError(told, accepted=error.accepted, remedy=error.remedy) from None
    called = [found.get(name, name) for name in cleaned]
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
    holds_nul = "\0" in text
    for line, cells, problem in records:
        if not problem and not any(cell.strip() for cell in cells):
            continue
        while len(cells) > len(names) and not cells[-1].strip():
            cells.pop()  # separators at the end of a line, as spreadsheets leave them
        if len(cells) > len(names):
            cells = _with_addresses(cells, delimiter)
        if not problem and len(cells) != len(names):
            problem = f"it has {len(cells)} cells, the header has {len(names)}"
        if not problem and holds_nul and any("\0" in cell for cell in cells):
            problem = "it holds NUL characters"
        if problem:
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
        rest = (lines[i] for i in range(start, len(lines)))
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
                raise unreadable(
                    path, f"has more than {_MAX_BROKEN_ROWS:,} rows that cannot be read"
                ) from None
            yield start + used + 1, [], _quoting(error)
            start += used + 1


def _with_addresses(cells: list[str], delimiter: str) -> list[str]:
    """Put together the two parts of each ``data:`` address, in which the delimiter stands once."""
    joined: list[str] = []
    for cell in cells:
        if joined and _DATA.fullmatch(joined[-1]):
            joined[-1] += delimiter + cell
        else:
            joined.append(cell)
    return joined


def _quoting(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quotation mark is opened and never closed"
    if "field larger" in str(error):
        return f"a cell is longer than {csv.field_size_limit():,} characters"
    return f"its quotation marks cannot be read ({error})"


# Parquet


def _read_parquet(path: Path, content: bytes, chosen: Mapping[str, str] | None) -> Table:
    try:
        with pa.parquet.ParquetFile(pa.BufferReader(content)) as file:
            about = file.metadata
            size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
            if size > _MAX_UNPACKED or about.num_rows > _MAX_ROWS:
                raise unreadable(path, "unpacks to more than a catalogue can hold", "Divide it into several.")
            names, problems = _header(path, file.schema_arrow.names, chosen)
            table = file.read()
            cells = list(map(_values, table.columns, table.schema))
    except _DAMAGED as error:
        raise _damaged(path, error) from None
    rows = (
        {name: _cell(cell) for name, cell in zip(names, row, strict=True) if name}
        for row in zip(*cells, strict=True)
    )
    return Table(tuple(enumerate(rows, start=1)), tuple(problems), delimiter="")


def _damaged(path: Path, error: BaseException) -> TableError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
    return unreadable(path, f"is a damaged Parquet file ({reason})", "Write it again.")


def _values(column: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    """The cells of a column as Python's values."""
    if pa.types.is_float32(field.type):  # 0.1 in single precision is 0.1, not 0.10000000149
        column = column.cast(pa.string()).cast(pa.float64())
    cells = column.to_pylist()
    if (field.metadata or {}).items() >= _JSON.items():
        return [None if cell is None else json.loads(cell) for cell in cells]
    return cells


def _array(values: Sequence[Any]) -> tuple[pa.Array, dict[bytes, bytes] | None]:
    """A column of Parquet, and the mark of one whose values are of several types."""
    there = [value for value in values if value is not None]
    kinds = {str if isinstance(value, str) else type(value) for value in there}
    if kinds <= {str}:
        return pa.array(values, pa.string()), None
    if kinds == {np.ndarray}:
        rows = [None if value is None else value.tolist() for value in values]
        return pa.array(rows, pa.list_(pa.float32(), len(there[0]))), None
    if kinds == {tuple}:
        return pa.array(values, pa.list_(pa.string())), None
    if kinds == {dict}:
        return pa.array(values, pa.struct([("bytes", pa.large_binary()), ("path", pa.string())])), None
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in there):
        return pa.array(values, pa.int64()), None
    if kinds <= {int, float} and all(abs(value) <= 2**53 for value in there if isinstance(value, int)):
        return pa.array(values, pa.float64()), None
    cells = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    return pa.array(cells, pa.string()), _JSON


def _cell(cell: object) -> Cell:
    """A cell as a CSV has it, but for numbers, the content of files, and several in one."""
    if isinstance(cell, dict) and cell.keys() & {"bytes", "path"}:  # as Hugging Face's data sets have it
        return cell.get("bytes") or cell.get("path") or ""
    if isinstance(cell, (list, tuple)):
        return tuple(_cell(part) for part in cell if part is not None) or ""
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return cell if isinstance(cell, int) or math.isfinite(cell) else ""
    if isinstance(cell, bytes):
        return cell or ""
    return "" if cell is None else str(cell).strip()
