"""From what a cell of a table says of a picture or sound to its file, or to its content."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import stat
import unicodedata
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias

from crossmodal_edu.errors import TableError
from crossmodal_edu.modality import LIMITS

Media: TypeAlias = Path | bytes
"""A picture or a sound: where its file is, or the content of that file."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|//|file:", re.IGNORECASE)
_WINDOWS = re.compile(r"[a-z]:[\\/]", re.IGNORECASE)
_ALLOW = "copy it there, or allow its folder: media_root=…, --media-root on the command line"


class Attachments:
    """The pictures and sounds that the cells of one table mean.

    A file may be used if it is an ordinary one and lies, with all links followed, in the table's
    folder or in ``media_root``. So a table of somebody else's cannot bring other files of this
    machine into an index. Nothing is opened here: a pipe would never answer.

    Parameters
    ----------
    folder : Path
        Of the table; names are relative to it.
    media_root : Path, optional
        Another folder whose files may be used.

    Raises
    ------
    TableError
        If ``media_root`` is no folder.
    """

    def __init__(self, folder: Path, media_root: Path | None = None):
        if media_root is not None and not media_root.is_dir():
            raise TableError(
                f"The media root {str(media_root)!r} is not a folder.",
                accepted="a folder, in which the files of the table lie.",
                remedy="Check its name, or leave it out.",
            )
        self._folder = folder
        allowed = [os.path.realpath(root) for root in (folder, media_root) if root is not None]
        # Many files lie in few folders.
        self._is_inside, self._listing = cache(partial(_lies_in, allowed)), cache(_listing)

    def find(self, cell: object) -> tuple[Media | None, str]:
        """What the cell means, and what is to be said of it.

        Parameters
        ----------
        cell : str, bytes or tuple of them
            A file name; the content itself; a ``data:`` address, which holds it; or several of
            them, of which the first that can be used is taken. In a text they are separated by
            commas, semicolons or bars, unless a file is called like the whole.
        """
        parts = [part for part in cell if part] if isinstance(cell, tuple) else [cell]
        if isinstance(cell, str) and cell[:5].lower() != "data:":
            found, why = self._one(cell)
            if found is not None:
                return found, why
            parts = [part.strip() for part in re.split(r"[,;|\n]", cell) if part.strip()] or [cell]
        reasons = []
        for part in parts:
            found, why = self._one(part)
            if found is not None:
                taken = repr(part[:80]) if isinstance(found, Path) else "one"
                return found, f"it has {len(parts)}, of which {taken} is taken" if len(parts) > 1 else ""
            reasons.append(why)
        first = reasons[0] if reasons else ""
        return None, f"none of its {len(parts)} can be used: {first}" if len(parts) > 1 else first

    def _one(self, cell: object) -> tuple[Media | None, str]:
        if isinstance(cell, bytes) or not cell:
            return cell or None, ""
        name = str(cell)
        if name[:5].lower() == "data:":
            return _content(name)
        shown = repr(name[:80])
        if _ADDRESS.match(name):
            return None, f"{shown} is an address; download it and give the file's name"
        if name.startswith("\\\\") or (os.name != "nt" and _WINDOWS.match(name)):
            return None, f"{shown} is a path of another machine; copy the file beside the table"
        # A table written on Windows has the other separator.
        for written in dict.fromkeys((name, name.replace("\\", "/"))):
            for look in (self._file, self._in_any_case):
                path, why = look(written)
                if path is not None or why:
                    return path, f"{shown} {why}" if why else ""
        return None, f"there is no file {shown} in the table's folder"

    def _file(self, name: str) -> tuple[Path | None, str]:
        """The file of this name, or why it may not be used; neither if there is none."""
        path = os.path.join(self._folder, name)
        try:
            # Whether a file outside exists is nobody's business: that comes first.
            if not self._is_inside(os.path.dirname(path)):
                how = "is an absolute path that leads" if os.path.isabs(name) else "leads"
                return None, f"{how} out of the table's folder; {_ALLOW}"
            about = os.lstat(path)
            if stat.S_ISLNK(about.st_mode):
                target = os.path.realpath(path, strict=True)
                if not self._is_inside(os.path.dirname(target)):
                    return None, f"is a link that leads out of the table's folder; {_ALLOW}"
                about = os.stat(target)
        except (OSError, ValueError):  # missing, too long for a name, or not a name
            return None, ""
        if stat.S_ISREG(about.st_mode):
            return self._folder / name, ""
        kind = "a folder" if stat.S_ISDIR(about.st_mode) else "a device or a pipe"
        return None, f"is {kind}, not a file; name a picture or a sound"

    def _in_any_case(self, name: str) -> tuple[Path | None, str]:
        """The one file whose name differs in upper and lower case, or in how accents are encoded."""
        found = [self._folder]
        for part in Path(name).parts:
            found = [
                folder / entry for folder in found for entry in self._listing(folder).get(_folded(part), ())
            ]
        if len(found) == 1:
            return self._file(os.path.relpath(found[0], self._folder))
        names = " or ".join(repr(path.name) for path in found[:2])
        return None, f"may be {names}; write the name as it is" if found else ""


def _lies_in(roots: Sequence[str], folder: str) -> bool:
    """Whether a folder is one of the roots, or lies in one, with all links followed."""
    place = os.path.join(os.path.realpath(folder), "")
    return any(place.startswith(os.path.join(root, "")) for root in roots)


def _listing(folder: Path) -> dict[str, list[str]]:
    """The names in a folder by what they are without regard to case."""
    names: dict[str, list[str]] = {}
    with contextlib.suppress(OSError, ValueError):  # not a folder, or not a name
        for name in os.listdir(folder):
            names.setdefault(_folded(name), []).append(name)
    return names


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _content(address: str) -> tuple[bytes | None, str]:
    """What a ``data:`` address holds."""
    about, _, written = address.partition(",")
    why = "is damaged"
    if not about.lower().endswith(";base64"):
        why = "holds no base64"
    elif len(written) > LIMITS.bytes:
        why = f"is longer than {LIMITS.bytes:,} characters"
    else:
        with contextlib.suppress(ValueError):
            if content := base64.b64decode("".join(written.split()), validate=True):
                return content, ""
    return None, f"the data: address {why}; give a file's name"
