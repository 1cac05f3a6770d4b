"""The three ways in which a data set arrives: an archive, torchvision's loader, Parquet files."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import pyarrow
import pyarrow.parquet
from tqdm.auto import tqdm

from crossmodal_edu.datasets.sources import FASHION_COLUMNS, Source, useless
from crossmodal_edu.errors import CrossmodalError, DataMissingError, extra, first_line

_TIMEOUT = 30.0  # seconds without a byte
_LARGEST_GROWTH = 20  # unpacked bytes for each byte that the archive should have


def fetch_zip(source: Source, origin: str | Path | None, into: Path, progress: bool) -> None:
    """Download an archive and unpack the one folder of it that is wanted, and its licence.

    Parameters
    ----------
    source : Source
        What is wanted; its ``subfolder`` lies below the archive's single top folder.
    origin : str or Path, optional
        Another address, or an archive on this machine.
    into : Path
        An empty folder.
    progress : bool
        Show progress bars.

    Raises
    ------
    DataMissingError
        If the address cannot be reached.
    StorageError
        If the archive is cut short or damaged, or holds a member outside its folder.
    """
    address = str(origin or source.address)
    if Path(address).is_file():
        return _unpack(Path(address), source, into, progress)
    with extra("book"):
        import pooch
        import requests
    archive = into.parent / "archive.zip"
    try:
        pooch.HTTPDownloader(progressbar=progress, timeout=_TIMEOUT)(address, str(archive), None)
    except requests.RequestException as error:
        offline = isinstance(error, (requests.ConnectionError, requests.Timeout))
        raise _unreachable(source, address, "no connection" if offline else str(error)) from error
    _unpack(archive, source, into, progress)


def fetch_torchvision(source: Source, origin: str | Path | None, into: Path, progress: bool) -> None:
    """Let torchvision download Fashion-MNIST, which checks the files itself.

    Raises
    ------
    DataMissingError
        If another origin is asked for, or torchvision cannot download it.
    """
    if origin is not None:
        problem = f"{source.name!r} comes through torchvision only, not from {origin}."
        remedy = f"Run: crossmodal download {source.name}"
        raise DataMissingError(problem, accepted="no other origin.", remedy=remedy)
    with extra("book"):
        import torchvision
    try:
        torchvision.datasets.FashionMNIST(root=into, train=True, download=True)
    except (RuntimeError, OSError) as error:
        raise _unreachable(source, source.address, str(error)) from error


def fetch_parquet(source: Source, origin: str | Path | None, into: Path, progress: bool) -> None:
    """Bring the Parquet files of ``fashion``: from the Hub, or a file or folder of the reader.

    Raises
    ------
    DataMissingError
        If the data set cannot be reached on the Hub.
    StorageError
        If the files lack a column that the loader needs.
    """
    address = str(origin or source.address)
    place, bring = Path(address), shutil.copyfile
    if not place.exists():
        place, bring = into.parent / "hub", shutil.move
        _from_the_hub(source, address, source.revision if origin is None else "", place, progress)
    found = [place] if place.is_file() else sorted(place.rglob("*.parquet"))
    _check_columns(found, address)
    for path in tqdm(found, desc=source.name, unit="file", disable=not progress):
        bring(path, into / path.name)


def _from_the_hub(source: Source, address: str, revision: str, into: Path, progress: bool) -> None:
    with extra("book"):
        import huggingface_hub
    try:
        huggingface_hub.snapshot_download(
            address,
            repo_type="dataset",
            revision=revision or None,
            allow_patterns=["*.parquet", "data/*.parquet"],
            local_dir=into,
            tqdm_class=None if progress else _NoBar,
        )
    except Exception as error:  # the Hub's client has a dozen kinds, and changes them between versions
        raise _unreachable(source, f"the Hugging Face data set {address}", first_line(error)) from error


FETCHERS: Mapping[str, Callable[[Source, str | Path | None, Path, bool], None]] = MappingProxyType(
    {"zip": fetch_zip, "torchvision": fetch_torchvision, "huggingface": fetch_parquet}
)
"""How each kind of :class:`~crossmodal_edu.datasets.sources.Source` arrives."""


class _NoBar(tqdm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **(kwargs | {"disable": True}))


def _unpack(archive: Path, source: Source, into: Path, progress: bool) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            wanted = _wanted(opened.infolist(), source)
            for member, relative in tqdm(wanted, desc=source.name, unit="file", disable=not progress):
                path = into / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as packed, path.open("wb") as file:
                    shutil.copyfileobj(packed, file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        what = f"The archive of {source.name!r} is cut short or damaged ({error})"
        raise useless(what, "a whole ZIP archive") from error


def _wanted(members: list[zipfile.ZipInfo], source: Source) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The members to unpack, with their path below the archive's top folder."""
    wanted = []
    for member in members:
        path = PurePosixPath(member.filename)
        is_link = stat.S_ISLNK(member.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or set("\\:") & set(member.filename) or is_link:
            what = f"The archive of {source.name!r} holds a member outside its folder: {member.filename!r}"
            raise useless(what, "members below one top folder, and no links", "Do not use this archive.")
        below = path.parts[1:]
        is_licence = len(below) == 1 and below[0].upper().startswith("LICEN")
        if below and not member.is_dir() and (below[0] == source.subfolder or is_licence):
            wanted.append((member, PurePosixPath(*below)))
    if sum(member.file_size for member, _ in wanted) > _LARGEST_GROWTH * source.size:
        what = f"The archive of {source.name!r} would unpack to far more than the data set holds"
        most = f"at most {_LARGEST_GROWTH * source.size / 1e6:.0f} MB"
        raise useless(what, most, "Do not use this archive.")
    return wanted


def _check_columns(files: list[Path], address: str) -> None:
    wrong = "" if files else f"{address} holds no Parquet file"
    for path in files:
        try:
            names = pyarrow.parquet.read_schema(path).names
        except (pyarrow.ArrowInvalid, OSError):
            wrong = f"{path.name} of {address} is no readable Parquet file"
            break
        if missing := [column for column in FASHION_COLUMNS if column not in names]:
            wrong = f"{path.name} of {address} lacks the columns {', '.join(missing)}"
            break
    if wrong:
        accepted = f"Parquet files with the columns {', '.join(FASHION_COLUMNS)}"
        raise useless(wrong, accepted, "Name another data set or file with --source.")


def _unreachable(source: Source, address: str, reason: str) -> CrossmodalError:
    return DataMissingError(
        f"{source.name!r} could not be downloaded from {address}: {reason[:200].rstrip('.')}.",
        accepted=f"a connection to it: {source.what}, about {source.size / 1e6:.0f} MB.",
        remedy="Try again when connected, or copy the folder from a machine that has it and set "
        f"CROSSMODAL_EDU_DATA to the folder that holds {source.name}/.",
    )
