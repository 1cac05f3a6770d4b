"""Saving a folder so that a crash at any moment leaves the previous version readable.

    catalogue.index/
      CURRENT                 the name of the generation that counts, and the hash of its list
      generation-000007/      the one before, kept for those who are reading it
      generation-000008/      files, and FILES: their sizes and hashes

A new version is written into a folder of its own. Only when all of it is on the
disk is ``CURRENT`` replaced, in one step that the file system does wholly or not
at all. One process saves at a time; any number may read.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossmodal_edu.errors import StorageError

_POINTER = "CURRENT"
_LIST = "FILES"
_NAME = re.compile(r"generation-(\d{6,12})")
_POINTER_LINE = re.compile(r"(generation-\d{6,12}) ([0-9a-f]{64})\n")


@contextmanager
def new_generation(folder: str | Path) -> Iterator[Path]:
    """A fresh folder to write in, which becomes the current version if nothing goes wrong.

    Parameters
    ----------
    folder : path
        Made if it does not exist.

    Yields
    ------
    Path
        An empty folder inside ``folder``. On leaving the block its files are
        flushed to the disk, then ``CURRENT`` is pointed to it, then versions
        older than the previous one are removed. An exception in the block
        removes the new folder and leaves the current version as it was.

    Raises
    ------
    StorageError
        If the disk refuses: no permission, no space, or ``folder`` is a file.

    Notes
    -----
    Chapter 14. Pillai et al. (2014), "All file systems are not created equal", OSDI:
    why the data is flushed before the rename, and the folder after it.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with new_generation(folder) as fresh:
    ...     _ = (fresh / "colours.txt").write_text("red")
    >>> (current_generation(folder) / "colours.txt").read_text()
    'red'
    """
    folder = Path(folder)
    try:
        fresh = _make_next(folder)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        yield fresh
        previous = _pointed_to(folder)
        digest = _write_list(fresh)
        _replace_pointer(folder, f"{fresh.name} {digest}\n")
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise _cannot_write(folder, error) from error
    except BaseException:  # Ctrl-C, too, must not leave half a version behind
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _remove_older(folder, fresh.name, previous)


def current_generation(folder: str | Path) -> Path:
    """The folder of the current version, after checking that its files are whole.

    Parameters
    ----------
    folder : path
        A folder written by :func:`new_generation`.

    Returns
    -------
    Path
        Where to read. Every file in it has the size and SHA-256 it was saved with.

    Raises
    ------
    StorageError
        If nothing was saved there, or a file is missing, cut short or altered.

    Notes
    -----
    Chapter 14.

    Examples
    --------
    >>> current_generation("no/such/folder")
    Traceback (most recent call last):
    crossmodal_edu.errors.StorageError: Nothing is saved in no/such/folder.
      ...
    """
    folder = Path(folder)
    try:
        line = (folder / _POINTER).read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StorageError(
            f"Nothing is saved in {folder.as_posix()}.",
            accepted=f"a folder with a file named {_POINTER}.",
            remedy="Check the path, or save to it first.",
        ) from error
    except OSError as error:
        raise _cannot_read(folder, str(error)) from error
    match = _POINTER_LINE.fullmatch(line)
    if match is None:
        raise _cannot_read(folder, f"{_POINTER} does not name a version")
    generation = folder / match[1]
    try:
        listed = (generation / _LIST).read_bytes()
        if hashlib.sha256(listed).hexdigest() != match[2]:
            raise _cannot_read(folder, f"{match[1]}/{_LIST} was altered")
        for entry in listed.decode("utf-8").splitlines():
            digest, size, name = entry.split(" ", 2)
            # The size first: it costs nothing and finds a file that was cut short.
            if (generation / name).stat().st_size != int(size) or _sha256(generation / name) != digest:
                raise _cannot_read(folder, f"{match[1]}/{name} was altered or cut short")
    except OSError as error:
        raise _cannot_read(folder, str(error)) from error
    return generation


def _make_next(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    number = max([_number(path.name) for path in folder.iterdir()], default=-1) + 1
    while True:
        fresh = folder / f"generation-{max(number, 1):06d}"
        try:
            fresh.mkdir()
            return fresh
        except FileExistsError:  # someone else took the number between looking and making
            number = max(number, 1) + 1


def _number(name: str) -> int:
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else 0


def _pointed_to(folder: Path) -> str:
    """The name in ``CURRENT``, or nothing if it cannot be read: a new version may replace a broken one."""
    try:
        match = _POINTER_LINE.fullmatch((folder / _POINTER).read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        return ""
    return match[1] if match else ""


def _write_list(generation: Path) -> str:
    """Flushes every file, lists them in ``FILES``, and returns the hash of that list."""
    lines = []
    for path in sorted(generation.rglob("*")):
        if path.is_file():
            _flush(path)
            lines.append(f"{_sha256(path)} {path.stat().st_size} {path.relative_to(generation).as_posix()}\n")
    text = "".join(lines).encode("utf-8")
    (generation / _LIST).write_bytes(text)
    _flush(generation / _LIST)
    for path in [*generation.rglob("*"), generation]:
        if path.is_dir():
            _flush_folder(path)
    return hashlib.sha256(text).hexdigest()


def _replace_pointer(folder: Path, line: str) -> None:
    _flush_folder(folder)
    draft = folder / f"{_POINTER}.new"
    draft.write_text(line, encoding="ascii", newline="\n")
    _flush(draft)
    os.replace(draft, folder / _POINTER)
    _flush_folder(folder)


def _remove_older(folder: Path, newest: str, previous: str) -> None:
    """Removes finished and unfinished versions before the newest, except the previous one.

    Higher numbers stay: they belong to someone who began to save after us.
    """
    for path in folder.iterdir():
        if 0 < _number(path.name) < _number(newest) and path.name != previous:
            shutil.rmtree(path, ignore_errors=True)  # what cannot be removed now goes at the next save


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    if os.name != "posix":  # Windows has no such call and needs none
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_write(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{folder} cannot be written: {error}.",
        accepted="a folder with permission to write and enough space.",
        remedy="Choose another folder, or make room. What was saved there before is unchanged.",
    )


def _cannot_read(folder: Path, reason: str) -> StorageError:
    return StorageError(
        f"What is saved in {folder} cannot be read: {reason}.",
        accepted="a folder as it was saved.",
        remedy="Build and save it again, or copy it again if it came from elsewhere.",
    )
