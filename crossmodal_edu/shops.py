"""From what somebody names, a shop that ships, a saved folder or a table, to its catalogue and its engine."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.fashion import load_fashion
from crossmodal_edu.datasets.shop import load_shop
from crossmodal_edu.embedding import load_vectors
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.errors import InputError, StorageError, TableError
from crossmodal_edu.pretrained import KNOWS, load_pretrained
from crossmodal_edu.products import COLUMNS, Catalog, Product
from crossmodal_edu.saving import alone, current_generation
from crossmodal_edu.tables import write_table

_LOADERS = {"shop": load_shop, "fashion": load_fashion}


def open_engine(
    name: str,
    model: str | None = None,
    progress: bool = False,
    media_root: Path | None = None,
    columns: Mapping[str, str] | None = None,
) -> SearchEngine:
    """An engine for the catalogue called shop or fashion, a saved engine, or one made from a table.

    The vectors of the shop ship with it. What was embedded for fashion, or for the shop with another
    model, is kept in the user's cache and used again until the model or the data change.

    Parameters
    ----------
    name : str
        shop, fashion, a folder or a table. A folder that is called like one of the two is
        written ``./shop``.
    model : str, optional
        The model that embeds: shop or fashion. A catalogue that is called like a model takes that
        one, a table takes shop, and a saved engine has its own.
    progress : bool
        Show a progress bar.
    media_root, columns : Path, mapping, optional
        As for :meth:`Catalog.from_table`.

    Raises
    ------
    DataMissingError, TableError, StorageError
        If it is not there, or cannot be read.
    InputError
        If a saved engine is asked to use another model than its own.
    """
    if model is not None and model not in KNOWS:
        load_pretrained(model)  # says which there are
    if name not in _LOADERS and Path(name).is_dir():
        engine = SearchEngine.load(name)
        if model not in (None, engine.model.name):
            raise InputError(
                f"The products in {name} were embedded by the model {engine.model.name or 'of your own'!r}, "
                f"not by {model!r}.",
                accepted="the model that the folder holds.",
                remedy=f"Leave --model out, or index the table again with --model {model}.",
            )
        return engine
    if name not in _LOADERS:
        table = Catalog.from_table(name, media_root, columns)
        return SearchEngine.from_catalog(table, model or "shop", lenient=True, progress=progress)
    model = model or name
    source = folders.shipped("shop") if name == "shop" else folders.find(name)
    if name == model == "shop":
        with suppress(StorageError):  # made for another model or catalogue, as while one is changed
            vectors = load_vectors(source, folders.shipped("models/shop"))
            return SearchEngine.of_vectors(load_shop(), load_pretrained("shop"), vectors)
    return _cached(name, model, source, progress)


@contextmanager
def changing(folder: str | Path) -> Iterator[SearchEngine]:
    """A saved engine to change, which is saved again if it did; meanwhile no other process can.

    Raises
    ------
    StorageError
        If the folder holds no engine, cannot be written, or another process goes on writing there.
    """
    current_generation(folder)  # says that nothing is saved there, and makes no folder
    with alone(folder):
        engine = SearchEngine.load(folder)
        before = tuple(engine.catalog)
        yield engine
        if tuple(engine.catalog) != before:
            engine.save(folder)


def completed(products: Iterable[Product], catalog: Catalog) -> list[Product]:
    """Products of a table, with what their rows leave empty as it is in a catalogue."""
    known = {product.id: product for product in catalog}
    whole = []
    for product in products:
        old = known.get(product.id, product)
        empty = {name: getattr(old, name) for name in COLUMNS if not getattr(product, name)}
        whole.append(replace(product, attributes={**old.attributes, **product.attributes}, **empty))
    return whole


def check_whole(products: Catalog) -> None:
    """Refuse a table of which rows could not be read, before what it lacks is removed.

    Raises
    ------
    TableError
        With the first of them.
    """
    unread = [problem for problem in products.problems if "the row is left out" in problem.problem]
    if unread:
        raise TableError(
            f"{len(unread):,} rows cannot be read, so their products would be removed: {unread[0]}",
            accepted="with --remove-missing, a table all of whose rows can be read.",
            remedy="Correct them, or update without --remove-missing.",
        )


def export_vectors(engine: SearchEngine, path: Path) -> None:
    """Write a row for each product: its id, title and attributes, and the vector of each side it has.

    Raises
    ------
    InputError
        If the name does not end in .parquet.
    StorageError
        If it cannot be written there.
    """
    if path.suffix.lower() != ".parquet":
        raise InputError(f"{path.name!r} names no Parquet file.", accepted="a name that ends in .parquet.")
    columns = {name: [getattr(p, name) for p in engine.catalog] for name in ("id", "title")}
    columns |= {name: [p.attributes.get(name) for p in engine.catalog] for name in engine.catalog.attributes}
    for side in engine.sides:
        if rows := dict(zip(*engine.vectors(side), strict=True)):
            columns[f"{side.value}_vector"] = [rows.get(id) for id in columns["id"]]
    write_table(path, columns)


def check_new_name(folder: str) -> None:
    """Refuse to write a folder that could never be named again, since a catalogue has its name.

    Raises
    ------
    InputError
        If the folder is called shop or fashion and nothing more.
    """
    if folder in _LOADERS:
        told = f"{folder!r} is the name of a catalogue, and would always mean that one."
        raise InputError(told, accepted=f"any other name, or the path ./{folder}, here and for --catalog.")


def _cached(name: str, model: str, source: Path, progress: bool) -> SearchEngine:
    engines = folders.cache_folder("engines")
    kept = engines / f"{name}-{model}-{_fingerprint(folders.shipped(f'models/{model}'), source)}"
    with suppress(StorageError):  # not there, or damaged: it is only a cache, and is made again
        return SearchEngine.load(kept)
    engine = SearchEngine.from_catalog(_LOADERS[name](), model, progress=progress)
    with suppress(StorageError):  # a machine whose cache cannot be written can still search
        engine.save(kept)
        for older in engines.glob(f"{name}-*"):
            if older != kept and (older.name.startswith(f"{name}-{model}-") or older.name.count("-") == 1):
                shutil.rmtree(older, ignore_errors=True)
    return engine


def _fingerprint(*folders: Path) -> str:
    """Changes when a file's size or date does; reading them all would take longer than a search."""
    files = sorted(path for folder in folders for path in folder.glob("*") if path.is_file())
    facts = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
