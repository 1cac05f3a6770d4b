"""Find data on this machine: what ships, what was downloaded, and where to get the rest."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import platformdirs

from crossmodal_edu.datasets.sources import SOURCES, Source, useless
from crossmodal_edu.errors import CrossmodalError, DataMissingError, StorageError

DATA_VARIABLE = "CROSSMODAL_EDU_DATA"
_PACKAGE = Path(__file__).resolve().parents[1]
_ONE_DAY = 24 * 60 * 60


def data_folder() -> Path:
    """The folder of what ships: ``data/`` of the checkout, or its copy inside an installed wheel.

    Returns
    -------
    Path
        The folder. A checkout's may be written to; an installed one should be left alone.

    Raises
    ------
    DataMissingError
        If the package was installed without its data.

    Notes
    -----
    The build maps ``data/`` to ``crossmodal_edu/data``, so that a wheel and a checkout hold the same files.
    """
    installed, checkout = _PACKAGE / "data", _PACKAGE.parent
    if installed.is_dir():
        return installed
    if (checkout / "pyproject.toml").is_file():
        return checkout / "data"
    raise DataMissingError(
        f"The package in {_PACKAGE} was installed without its data.",
        accepted="a wheel that holds crossmodal_edu/data, or a checkout with data/ beside the package.",
        remedy="Install it again from a wheel or from a clone of the repository.",
    )


def shipped(relative: str | Path) -> Path:
    """A file or folder that comes with the package.

    Parameters
    ----------
    relative : str or Path
        Its place below ``data/``, for example ``"shop"`` or ``"models/shop.safetensors"``.

    Returns
    -------
    Path
        Where it is; it exists.

    Raises
    ------
    DataMissingError
        If there is no such file or folder.

    Examples
    --------
    >>> shipped("models/none-such.safetensors")
    Traceback (most recent call last):
    ...
    crossmodal_edu.errors.DataMissingError: models/none-such.safetensors does not come with this copy...
    """
    path = data_folder() / relative
    if not path.exists():
        raise DataMissingError(
            f"{Path(relative).as_posix()} does not come with this copy of the package: {path} is missing.",
            accepted="a file or folder below data/.",
            remedy="Check the name, or install the package again.",
        )
    return path


def cache_folder(*parts: str) -> Path:
    """The user's cache for this package, or a place below it. Nothing is created.

    Parameters
    ----------
    *parts : str
        Folders below the cache.

    Examples
    --------
    >>> cache_folder("datasets", "grocery").parts[-2:]
    ('datasets', 'grocery')
    """
    return platformdirs.user_cache_path("crossmodal_edu", appauthor=False).joinpath(*parts)


def find(name: str) -> Path:
    """The folder of a data set that is on this machine.

    Looks in ``$CROSSMODAL_EDU_DATA/<name>``, then in the user's cache. Nothing is downloaded.

    Parameters
    ----------
    name : str
        A name of :data:`crossmodal_edu.datasets.sources.SOURCES`, or any folder of your own there.

    Returns
    -------
    Path
        The first folder that holds the data set.

    Raises
    ------
    DataMissingError
        If neither place holds it; the message names both and the command that downloads it.
    """
    places = _places(name)
    for place in places:
        if SOURCES[name].is_in(place) if name in SOURCES else place.is_dir():
            return place
    looked = " or in ".join(str(place) for place in places)
    hint = "" if os.environ.get(DATA_VARIABLE) else f" ({DATA_VARIABLE} is not set)"
    problem = f"The data set {name!r} is not on this machine: not in {looked}{hint}."
    accepted = f"one of {', '.join(sorted(SOURCES))}, or a folder of that name."
    remedy = f"Put it there yourself, or set {DATA_VARIABLE} to the folder that holds {name}/."
    if source := SOURCES.get(name):
        accepted = f"{source.what} ({source.terms})."
        remedy = f"Run: crossmodal download {name}    (about {source.size / 1e6:.0f} MB)"
    raise DataMissingError(problem, accepted=accepted, remedy=remedy)


def content_hash(folder: str | Path) -> str:
    """SHA-256 of everything in a folder: names and bytes, whatever archive they came in.

    Over the lines ``sha256␣␣path\\n`` of all files, sorted by path. A path begins with the folder's
    own name and has forward slashes, so that every system gives the same.

    Parameters
    ----------
    folder : str or Path
        An existing folder.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    folder = Path(folder)
    files = {path.relative_to(folder.parent).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    total = hashlib.sha256()
    for relative in sorted(files):
        with files[relative].open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{digest}  {relative}\n".encode())
    return total.hexdigest()


def download(
    name: str,
    progress: bool = True,
    source: str | Path | None = None,
    *,
    folder: str | Path | None = None,
    sources: Mapping[str, Source] = SOURCES,
) -> Path:
    """Bring a data set to this machine, or all of them.

    What is already here is not downloaded again, unless ``source`` names another origin. The files are
    unpacked and checked in a hidden folder, which gets its name last: a kill leaves no half data set.

    Parameters
    ----------
    name : str
        A name of ``sources``, or ``"all"``.
    progress : bool
        Show a progress bar on stderr.
    source : str or Path, optional
        Another origin. For ``fashion``: the owner/name of a data set on the Hugging Face Hub, or a
        Parquet file or folder of your own. For ``grocery`` and ``spoken_digits``: the address or file
        of the same archive.
    folder : str or Path, optional
        Keep it in ``folder/<name>`` instead of the user's cache.
    sources : mapping, optional
        The table of what can be downloaded.

    Returns
    -------
    Path
        The folder of the data set; for ``"all"`` the folder that holds all of them.

    Raises
    ------
    DataMissingError
        If the name is unknown, or the origin cannot be reached.
    StorageError
        If what arrived is not the data set, or cannot be written.
    """
    keep_in = Path(folder) if folder is not None else cache_folder("datasets")
    if name == "all":
        return _download_all(progress, keep_in, folder is not None, sources)
    if name not in sources:
        told = f"There is no data set {name!r} to download; the shop comes with the package."
        raise DataMissingError.unknown(told, [*sorted(sources), "or all"])
    target = keep_in / name
    if source is None:
        for place in [target] if folder is not None else _places(name):
            if sources[name].is_in(place):
                return place
    try:
        keep_in.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(keep_in, name)
        with TemporaryDirectory(prefix=f".{name}-", dir=keep_in, ignore_cleanup_errors=True) as staging:
            fresh = Path(staging) / name
            _fetch(sources[name], source, fresh, progress)
            if target.exists():
                target.rename(fresh.with_name("replaced"))
            fresh.rename(target)
    except OSError as error:
        raise StorageError(
            f"Cannot write to {keep_in}: {error.strerror or error}.",
            accepted="a folder with room that you may write to.",
            remedy="Make room, or choose another folder.",
        ) from error
    return target


def _places(name: str) -> list[Path]:
    chosen = os.environ.get(DATA_VARIABLE)
    own = [Path(chosen).expanduser() / name] if chosen else []
    return [*own, cache_folder("datasets", name)]


def _download_all(progress: bool, keep_in: Path, own_folder: bool, sources: Mapping[str, Source]) -> Path:
    failures = []
    for name in sources:
        try:
            download(name, progress, folder=keep_in if own_folder else None, sources=sources)
        except CrossmodalError as error:
            failures.append(f"  {name}: {error.problem}")
    if failures:
        problem = f"{len(failures)} of {len(sources)} data sets could not be downloaded:"
        remedy = "Run the same command again: what has arrived is kept."
        raise DataMissingError("\n".join([problem, *failures]), remedy=remedy)
    return keep_in


def _fetch(entry: Source, origin: str | Path | None, into: Path, progress: bool) -> None:
    # torch, pyarrow and the Hub's client take seconds to import, and finding a folder needs none of them.
    from crossmodal_edu.datasets.fetch import FETCHERS

    into.mkdir()
    FETCHERS[entry.kind](entry, origin, into, progress)
    if entry.sha256 and (found := content_hash(into / entry.subfolder)) != entry.sha256:
        what = f"What arrived as {entry.name!r} has other content than it should (SHA-256 {found})"
        accepted = f"SHA-256 {entry.sha256} over {entry.subfolder}/"
        raise useless(what, accepted, "Download it again; if it fails again, the origin has changed.")
    if not entry.is_in(into):
        raise useless(
            f"What arrived as {entry.name!r} holds no {entry.sign}", entry.what, "Check the origin."
        )


def _remove_leftovers(keep_in: Path, name: str) -> None:
    """Hidden folders of downloads that were killed; a day's grace, since another may be running."""
    for leftover in keep_in.glob(f".{name}-*"):
        if time.time() - leftover.stat().st_mtime > _ONE_DAY:
            shutil.rmtree(leftover, ignore_errors=True)
