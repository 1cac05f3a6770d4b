"""Rows out of a product table, CSV or Parquet, however a spreadsheet left it; and back into one."""

from __future__ import annotations

import contextlib
import csv
import io
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet

from crossmodal_edu.errors import StorageError, TableError

Cell: TypeAlias = str | int | float | bytes

_MAX_BYTES = 100_000_000
_MAX_UNPACKED = 1_000_000_000  # compression can hide any amount of data in a small file
_MAX_ROWS = 2_000_000
_MAX_BROKEN_ROWS = 1_000


@dataclass(frozen=True)
class RowProblem:
    """A row of a table that could not be used, wholly or in part.

    ``line`` is the line of the file where the row begins or, in Parquet, the row counted from 1.
    """

    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}"


@dataclass(frozen=True)
class Table:
    """The readable rows of a file, each with its line, and what was wrong with the others.

    ``typed`` tells whether the file itself says what is a number (Parquet), or all is text (CSV).
    """

    rows: tuple[tuple[int, Mapping[str, Cell]], ...]
    problems: tuple[RowProblem, ...]
    typed: bool


def read_table(path: Path, columns: Sequence[str]) -> Table:
    """Read a CSV file (UTF-8; comma, semicolon, tab or bar) or a Parquet file.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        The names that are expected in the header; they are found in upper case, too.

    Raises
    ------
    TableError
        If the file cannot be read as a table, or has none of the columns.

    Notes
    -----
    Chapter 01.
    """
    content = _content(path)
    if content[:4] == b"PAR1":
        return _read_parquet(path, content, columns)
    return _read_csv(path, _decode(path, content), columns)


def write_table(path: Path, columns: Mapping[str, Sequence[Cell] | pa.Array]) -> None:
    """Write columns of equal length as CSV or, if the name ends in .parquet, as Parquet.

    A kill leaves the old file or the new one, never a part.

    Raises
    ------
    StorageError
        If it cannot be written there.

    Notes
    -----
    Chapter 01.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".parquet":
            pa.parquet.write_table(pa.table(dict(columns)), partial)
        else:
            with partial.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(columns)
                writer.writerows(zip(*columns.values(), strict=True))
        os.replace(partial, path)
    except OSError as error:
        raise StorageError(
            f"The table {path.name!r} cannot be written ({error.strerror or error}).",
            accepted="a file in a folder that can be written to, on a disk with room.",
            remedy="Choose another folder.",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


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


def _header(path: Path, names: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The names of the columns, cleaned; one without a name stays empty and is not read."""
    cleaned = [" ".join(name.split()) for name in names]
    cleaned = [name.lower() if name.lower() in columns else name for name in cleaned]
    if not set(cleaned) & set(columns):
        shown = ", ".join(name[:40] for name in cleaned[:12] if name) or "no names"
        raise TableError(
            f"The table {ascii_name(path)} has none of the expected columns; its first line is: {shown}.",
            accepted=f"a header with some of {', '.join(columns)}; other columns are attributes.",
            remedy="Write the names of the columns into the first line of the table.",
        )
    twice = [name for name, count in Counter(cleaned).items() if name and count > 1]
    if twice:
        raise unreadable(path, f"has the column {twice[0]!r} twice", "Rename one of the two.")
    return cleaned


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


def _read_csv(path: Path, text: str, columns: Sequence[str]) -> Table:
    lines = list(io.StringIO(text, newline=""))
    start = next(i for i, line in enumerate(lines) if line.strip())
    delimiter = max(",;\t|", key=lambda candidate: _fit(lines[start], candidate, columns))
    records = _records(path, lines, start, delimiter)
    _, names, problem = next(records)
    if problem:
        raise unreadable(path, f"has a header that cannot be read: {problem}")
    names = _header(path, names, columns)
    rows, problems = [], []
    for line, cells, problem in records:
        if not problem and not any(cell.strip() for cell in cells):
            continue
        while len(cells) > len(names) and not cells[-1].strip():
            cells.pop()  # separators at the end of a line, as spreadsheets leave them
        if not problem and len(cells) != len(names):
            problem = f"it has {len(cells)} cells, the header has {len(names)}"
        if not problem and any("\0" in cell for cell in cells):
            problem = "it holds NUL characters"
        if problem:
            problems.append(RowProblem(line, f"{problem}; the row is left out"))
        else:
            rows.append((line, {name: cell.strip() for name, cell in zip(names, cells, strict=True) if name}))
    return Table(tuple(rows), tuple(problems), typed=False)


def _fit(line: str, delimiter: str, columns: Sequence[str]) -> tuple[int, int]:
    """How well a header reads with a delimiter: expected columns first, then columns at all."""
    try:
        names = [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:
        return 0, 0
    return len(set(names) & set(columns)), len(names)


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


def _quoting(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quotation mark is opened and never closed"
    if "field larger" in str(error):
        return f"a cell is longer than {csv.field_size_limit():,} characters"
    return f"its quotation marks cannot be read ({error})"


# Parquet


def _read_parquet(path: Path, content: bytes, columns: Sequence[str]) -> Table:
    try:
        with pa.parquet.ParquetFile(pa.BufferReader(content)) as file:
            about = file.metadata
            size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
            if size > _MAX_UNPACKED or about.num_rows > _MAX_ROWS:
                raise unreadable(path, "unpacks to more than a catalogue can hold", "Divide it into several.")
            names = _header(path, file.schema_arrow.names, columns)
            cells = [column.to_pylist() for column in file.read().columns]
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise unreadable(path, f"is a damaged Parquet file ({reason})", "Write it again.") from None
    rows = (
        {name: _cell(cell) for name, cell in zip(names, row, strict=True) if name}
        for row in zip(*cells, strict=True)
    )
    return Table(tuple(enumerate(rows, start=1)), (), typed=True)


def _cell(cell: object) -> Cell:
    """A cell as a CSV has it, but for numbers and the content of files."""
    if isinstance(cell, dict):  # a picture or sound as Hugging Face's datasets store it
        return cell.get("bytes") or cell.get("path") or ""
    if isinstance(cell, (list, tuple)):
        return " | ".join(str(part) for part in cell if part is not None)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return cell if math.isfinite(cell) else ""
    return cell if isinstance(cell, bytes) else "" if cell is None else str(cell).strip()
