"""Saving a folder so that a crash at any moment leaves the previous version readable.

    catalogue.index/
      CURRENT                 the name of the generation that counts, and the hash of its list
      generation-000007/      the one before, kept for those who are reading it
      generation-000008/      files, and FILES: their sizes and hashes, and the hash of these lines
      .lock                   held by whoever is writing; it is free again when its process ends

A new version is written into a folder of its own, flushed, and opened once. Only when all
of that has gone well is ``CURRENT`` replaced, in one step that the file system does wholly
or not at all. One process saves at a time, and a second one waits; any number may read,
without a lock.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shlex
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import filelock
from safetensors import SafetensorError

from crossmodal_edu.errors import CrossmodalError, DataMissingError, StorageError

_POINTER = "CURRENT"
_LIST = "FILES"
_LOCK = ".lock"
_UNFINISHED = ".unfinished-"
_WAIT = 60.0  # seconds for another process to finish its saving
_NAME = re.compile(r"generation-(\d{6,12})")
_POINTER_LINE = re.compile(r"(generation-\d{6,12}) ([0-9a-f]{64})\n")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
_REASONS = dict.fromkeys(_FULL, "the disk is full") | dict.fromkeys(_NO_LOCKS, "its file system has no locks")
_ERROR_NUMBER = re.compile(r"os error (\d+)")  # safetensors gives the number within its text


@contextmanager
def new_generation(folder: str | Path, check: Callable[[Path], object] | None = None) -> Iterator[Path]:
    """A fresh folder to write in, which becomes the current version if nothing goes wrong.

    Parameters
    ----------
    folder : path
        Made if it does not exist.
    check : callable, optional
        Given what was written, must be able to open it; what it raises keeps the current
        version as it was.

    Yields
    ------
    Path
        An empty folder inside ``folder``. On leaving the block its files are
        flushed to the disk and read again, then ``CURRENT`` is pointed to it, then
        all but the previous version is removed. An exception in the block
        removes the new folder and leaves the current version as it was.

    Raises
    ------
    StorageError
        If the disk refuses (no permission, no space, ``folder`` is a file), what was written
        cannot be opened, or another process goes on writing there for a minute.

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
    folder = _named(folder)
    with alone(folder):
        fresh = folder / f"{_UNFINISHED}{_own_name()}"
        fresh.mkdir()
        try:
            yield fresh
            digest = _write_list(fresh)
            try:
                if check is not None:
                    check(fresh)
            except StorageError as error:
                told = f"What was written to {folder} cannot be opened again: {error.problem}"
                remedy = "What was saved there before is unchanged. Save again, perhaps to another disk."
                raise StorageError(told, accepted="what reads as it was written.", remedy=remedy) from error
            previous, newest = _pointed_to(folder), max(map(_number, os.listdir(folder)))
            fresh = fresh.rename(folder / f"generation-{newest + 1:06d}")
            _replace_pointer(folder, f"{fresh.name} {digest}\n")
        except BaseException:  # Ctrl-C, too, must not leave half a version behind
            if _pointed_to(folder) != fresh.name:
                shutil.rmtree(fresh, ignore_errors=True)
            raise
        kept = (fresh.name, previous)
        _remove(path for path in folder.iterdir() if _number(path.name) and path.name not in kept)


def read_generation(folder: str | Path, opener: Callable[[Path], Any]) -> Any:
    """What ``opener`` makes of the current version, even if it is replaced in the meantime.

    Parameters
    ----------
    folder : path
        A folder written by :func:`new_generation`.
    opener : callable
        Reads a version. It is called again if its files vanished because a writer has
        made two newer versions since.

    Returns
    -------
    object
        What ``opener`` returned.

    Raises
    ------
    StorageError
        As :func:`current_generation`, or whatever ``opener`` raises.

    Notes
    -----
    Chapter 14.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with new_generation(folder) as fresh:
    ...     _ = (fresh / "colours.txt").write_text("red")
    >>> read_generation(folder, lambda version: (version / "colours.txt").read_text())
    'red'
    """
    folder = _named(folder)
    while True:
        pointed = _pointed_to(folder)
        try:
            return opener(current_generation(folder))
        except (OSError, StorageError):
            if _pointed_to(folder) == pointed:  # nobody came between: it is damaged
                raise


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
        If nothing was saved there, or a file is missing, cut short or altered. If the version
        before it is whole, the message says how to go back to it.

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
    folder = _named(folder)
    try:
        match = _read_pointer(folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        if previous_generation(folder) is None:
            accepted = f"a folder with a file named {_POINTER}: check the path, or save to it first."
            raise StorageError(f"Nothing is saved in {folder.as_posix()}.", accepted=accepted) from error
        raise _cannot_read(folder, f"{_POINTER} is missing") from error
    except OSError as error:
        raise _cannot_read(folder, str(error)) from error
    if match is None:
        raise _cannot_read(folder, f"{_POINTER} does not name a version")
    if wrong := _what_is_wrong(folder / match[1], match[2]):
        raise _cannot_read(folder, f"{match[1]}{wrong}")
    return folder / match[1]


def previous_generation(folder: str | Path) -> Path | None:
    """The newest whole version beside the one that counts, if there is one.

    Parameters
    ----------
    folder : path
        A folder written by :func:`new_generation`.

    Returns
    -------
    Path or None
        Where to read. Its files are as they were saved, by the list that lies beside them.

    Notes
    -----
    Chapter 14.

    Examples
    --------
    >>> import tempfile
    >>> previous_generation(tempfile.mkdtemp()) is None
    True
    """
    folder, names = Path(folder), []
    with suppress(OSError):
        names = sorted(filter(_number, os.listdir(folder)), key=_number, reverse=True)
    current = _pointed_to(folder)
    others = (folder / name for name in names if name != current)
    return next((version for version in others if not _what_is_wrong(version)), None)


def restore_previous(folder: str | Path) -> Path:
    """Make the newest whole version beside the current one the one that counts.

    Parameters
    ----------
    folder : path
        A folder written by :func:`new_generation`.

    Returns
    -------
    Path
        Where it lies.

    Raises
    ------
    StorageError
        If there is none, the disk refuses, or another process goes on writing there.

    Notes
    -----
    Chapter 14.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> for colour in ("red", "blue"):
    ...     with new_generation(folder) as fresh:
    ...         _ = (fresh / "colours.txt").write_text(colour)
    >>> (restore_previous(folder) / "colours.txt").read_text()
    'red'
    """
    folder = _named(folder)
    if not folder.is_dir():
        current_generation(folder)  # says that nothing is saved there
    with alone(folder):
        previous = previous_generation(folder)
        if previous is None:
            raise StorageError(
                f"There is no whole version in {folder} to go back to.",
                accepted="a folder that was saved at least twice, its older version undamaged.",
                remedy="Build it again, or take it from a backup.",
            )
        _replace_pointer(folder, f"{previous.name} {_sha256(previous / _LIST)}\n")
    return previous


@contextmanager
def written_aside(path: str | Path) -> Iterator[Path]:
    """A path beside a file, to write to; it takes the file's place if nothing goes wrong.

    Parameters
    ----------
    path : str or Path
        Its folder is made. A kill leaves the old file or the new one, never a part of one.

    Yields
    ------
    Path
        A name of its own in the same folder, with the same ending.

    Raises
    ------
    StorageError
        If the disk refuses.

    Examples
    --------
    >>> import tempfile
    >>> colours = Path(tempfile.mkdtemp(), "colours.txt")
    >>> with written_aside(colours) as fresh:
    ...     _ = fresh.write_text("red")
    >>> colours.read_text()
    'red'
    """
    path = Path(path)
    fresh = path.with_name(f".{_own_name()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("xb"):  # the rights that a new file has here, which some libraries narrow
            rights = fresh.stat().st_mode
        yield fresh
        fresh.chmod(rights)
        os.replace(fresh, path)
    except (OSError, UnicodeError, SafetensorError) as error:  # a file's name may be no text
        raise _refused(path, error) from error
    finally:
        with suppress(OSError):
            fresh.unlink()


def installed_file(package: str, name: str, sha256: str) -> Path:
    """A file that an installed package brings, its content checked; none of the package's code is run.

    Parameters
    ----------
    package : str
        As pip calls it.
    name : str
        Its place inside the package.
    sha256 : str
        Of the file as it was published.

    Raises
    ------
    DataMissingError
        If the package is not installed, or not whole.
    StorageError
        If the file is another than the one that was published.
    """
    found = find_spec(package.replace("-", "_"))
    places = [Path(place, name) for place in (found.submodule_search_locations or ())] if found else []
    path = next(filter(Path.is_file, places), None)
    remedy = f"Run: pip install --force-reinstall {package}"
    if path is None:
        state = "not whole" if places else "not installed"
        told = f"{Path(name).name} is not on this machine: the package {package} is {state}."
        raise DataMissingError(told, accepted=f"{package}, which holds {name}.", remedy=remedy)
    if (digest := _sha256(path)) != sha256:
        told = f"{path.name} is not the file that was published: its SHA-256 is {digest[:12]}…"
        raise StorageError(told, accepted=f"{sha256[:12]}…, from the package {package}.", remedy=remedy)
    return path


def check_folder(folder: str | Path) -> None:
    """Refuse a place where nothing can be saved, before hours of work are to be saved there.

    Raises
    ------
    StorageError
        If it is a file, or may not be written to.
    """
    with alone(folder):
        pass


@contextmanager
def reading(folder: Path, what: str, accepted: str, remedy: str, kind: type = StorageError) -> Iterator[None]:
    """Around the reading of what was saved: whatever is wrong with its files is one error.

    Parameters
    ----------
    folder : Path
    what : str
        "a model", for the message.
    accepted, remedy : str
        Of the error. What an error inside says of the remedy comes first.
    kind : class of CrossmodalError

    Raises
    ------
    CrossmodalError
        Of that kind.

    Examples
    --------
    >>> with reading(Path("no/such"), "a number", "number.txt.", "Save it again."):
    ...     int(Path("no/such/number.txt").read_text())
    Traceback (most recent call last):
    crossmodal_edu.errors.StorageError: no/such does not hold a number: ...
      accepted: number.txt.
      what to do: Save it again.
    """
    unfit = OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, SafetensorError
    try:
        yield
    except (*unfit, CrossmodalError) as error:
        told = f"{folder.as_posix()} does not hold {what}: {getattr(error, 'problem', error)}"
        raise kind(told, accepted=accepted, remedy=getattr(error, "remedy", "") or remedy) from error


@contextmanager
def alone(folder: str | Path) -> Iterator[None]:
    """The right to write to a folder, for one process at a time; what the disk refuses is explained.

    Whoever has it may ask for it again, as :func:`new_generation` does.

    Raises
    ------
    StorageError
        If the disk refuses, or another process goes on writing there for a minute.
    """
    folder = _named(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A soft lock would stay behind when its process is killed, and nobody could save any more.
        with filelock.FileLock(folder / _LOCK, timeout=_WAIT, fallback_to_soft=False, is_singleton=True):
            _remove(folder.glob(f"{_UNFINISHED}*"))  # of writers that were killed: we are alone now
            try:
                yield
            finally:
                _remove(folder.glob(f"{_UNFINISHED}*"))
    except filelock.Timeout as error:
        raise StorageError(
            f"Another process has been writing to {folder} for {_WAIT:g} seconds; it holds {folder / _LOCK}.",
            accepted="a folder to which nobody else is writing.",
            remedy="Wait until it has finished, or end it. Nothing was changed.",
        ) from error
    except (OSError, SafetensorError, StorageError) as error:
        cause = error.__cause__ if isinstance(error, StorageError) else error
        if not isinstance(cause, (OSError, SafetensorError)):
            raise
        raise _refused(folder, cause) from error


def _refused(place: Path, cause: Exception) -> StorageError:
    told = _ERROR_NUMBER.search(str(cause))
    number = int(told[1]) if told else getattr(cause, "errno", None)
    return StorageError(
        f"{place} cannot be written: {_REASONS.get(number, cause)}.",
        accepted="a place with permission to write and enough space.",
        remedy="Choose another, or make room. What was saved there before is unchanged.",
    )


def _named(folder: str | Path) -> Path:
    """A folder by its name, which "" is not, though it would stand for the one we are in."""
    if folder == "":
        raise StorageError("No folder is named.", accepted="the name of a folder; '.' for this one.")
    return Path(folder)


def _ordinary(path: Path) -> Path:
    """The path of a file that can be opened: a pipe would never answer, and a link leads elsewhere."""
    if path.is_symlink() or (path.exists() and not (path.is_file() or path.is_dir())):
        raise OSError(f"{path.name} is not an ordinary file")
    return path


def _number(name: str) -> int:
    return int(match[1]) if (match := _NAME.fullmatch(name)) else 0


def _read_pointer(folder: Path) -> re.Match | None:
    """The name and the hash in ``CURRENT``, or nothing if it does not hold them."""
    return _POINTER_LINE.fullmatch(_ordinary(folder / _POINTER).read_text(encoding="ascii", errors="replace"))


def _pointed_to(folder: Path) -> str:
    """The name in ``CURRENT``, or nothing if it cannot be read: a new version may replace a broken one."""
    with suppress(OSError):
        if match := _read_pointer(folder):
            return match[1]
    return ""


def _write_list(generation: Path) -> str:
    """Flushes every file, lists them as the disk gives them back, and returns the hash of that list."""
    inside, listed = sorted(generation.rglob("*")), b""
    for path in filter(Path.is_file, inside):
        _flush(path)
        name = path.relative_to(generation).as_posix()
        listed += f"{_sha256(path)} {path.stat().st_size} {name}\n".encode()
    listed += _last_line(listed)
    (generation / _LIST).write_bytes(listed)
    for path in (generation / _LIST, *filter(Path.is_dir, inside), generation):
        _flush(path)
    return hashlib.sha256(listed).hexdigest()


def _last_line(entries: bytes) -> bytes:
    """Ends a list, which so can be checked even when ``CURRENT`` no longer tells its hash."""
    return f"{hashlib.sha256(entries).hexdigest()} {_LIST}\n".encode()


def _what_is_wrong(generation: Path, digest: str | None = None) -> str:
    """What is wrong with a version, judged by the hash of its list, or by the list's own last line."""
    home = generation.parent.resolve() / generation.name
    try:
        if (home / _LIST).resolve() != home / _LIST:
            return f"/{_LIST} is a link"
        listed = _ordinary(home / _LIST).read_bytes()
        last = _last_line(listed[: -len(_last_line(b""))])
        vouched = listed.endswith(last) if digest is None else hashlib.sha256(listed).hexdigest() == digest
        if not vouched:
            return f"/{_LIST} was altered"
        for entry in listed.removesuffix(last).decode("utf-8").splitlines():
            expected, size, name = entry.split(" ", 2)
            path = home / name
            if path.resolve() != path or home not in path.parents:
                return f"/{name} is a link, or leads out of the folder"
            # The size first: it costs nothing and finds a file that was cut short.
            if path.stat().st_size != int(size) or _sha256(path) != expected:
                return f"/{name} was altered or cut short"
    except (OSError, ValueError) as error:
        return f" cannot be read: {error}"
    return ""


def _replace_pointer(folder: Path, line: str) -> None:
    _flush(folder)
    draft = folder / f"{_UNFINISHED}{_own_name()}"
    draft.write_text(line, encoding="ascii", newline="\n")
    _flush(draft)
    os.replace(draft, folder / _POINTER)
    with suppress(OSError):  # from here on the new version counts, and no error may say otherwise
        _flush(folder)


def _own_name() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}"


def _remove(paths: Iterable[Path]) -> None:
    """What cannot be removed now is removed at the next save."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    if path.is_dir() and os.name != "posix":  # Windows has no such call and needs none
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_read(folder: Path, reason: str) -> StorageError:
    remedy = "Build and save it again, or copy it again if it came from elsewhere."
    previous = previous_generation(folder)
    if previous is not None:
        saved = time.strftime("%Y-%m-%d %H:%M", time.localtime((previous / _LIST).stat().st_mtime))
        command = f"crossmodal restore {shlex.quote(str(folder))}"
        remedy = f"{previous.name}, saved on {saved}, is whole. To go back to it: {command}"
    told = f"What is saved in {folder} cannot be read: {reason}."
    return StorageError(told, accepted="a folder as it was saved.", remedy=remedy)
