"""The whole pipeline in one object and one folder: recognise, encode, rank."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from crossmodal_edu.datasets import storage
from crossmodal_edu.datasets.fashion import load_fashion
from crossmodal_edu.datasets.shop import load_shop
from crossmodal_edu.errors import CrossmodalError, InputError, RankingError, StorageError
from crossmodal_edu.modality import Modality, Query, open_audio, open_image, open_text, recognise
from crossmodal_edu.pretrained import RECIPES, load_pretrained
from crossmodal_edu.products import Catalog, Media, Product
from crossmodal_edu.retrieval.generations import current_generation, new_generation
from crossmodal_edu.retrieval.index import Index
from crossmodal_edu.retrieval.ranking import normalise, top_k
from crossmodal_edu.spaces.contrastive import CrossModalEncoder
from crossmodal_edu.tables import RowProblem

_OPEN = {Modality.TEXT: open_text, Modality.IMAGE: open_image, Modality.AUDIO: open_audio}
_BATCH = 256
_LARGEST_PICTURE = 50_000  # bytes; larger pictures are saved as thumbnails
_THUMBNAIL = (256, 256)


@dataclass(frozen=True)
class Hit:
    """One search result: the product, its score, and the side of it that was nearest to the query."""

    rank: int
    product: Product
    score: float
    matched: Modality


@dataclass(frozen=True)
class Results(Sequence[Hit]):
    """What a search found, best first, and the modalities of what was asked."""

    hits: tuple[Hit, ...]
    asked: tuple[Modality, ...]

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, position):
        return self.hits[position]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


class SearchEngine:
    """Search products by words, picture and sound.

    Each product keeps one vector per modality it has. They stay apart: a query of words
    can be compared with each of them, but not with all of them joined to one long vector.
    A product's score is the largest of its cosines with the query: that of its nearest side.

    Parameters
    ----------
    model : CrossModalEncoder
        Turns words, pictures and sounds into vectors of one space.

    Notes
    -----
    Chapter 01; taken apart again in chapter 18.

    Examples
    --------
    >>> shop = Catalog([Product("1", title="red leather handbag"), Product("2", title="wooden chair")])
    >>> engine = SearchEngine.from_catalog(shop, model="shop")
    >>> engine.search("a chair", k=1)[0].product.id
    '2'
    """

    def __init__(self, model: CrossModalEncoder):
        self.model = model
        self.catalog = Catalog([])
        self._indexes = {m: Index(model.dimensions) for m in _OPEN}
        self._positions: dict[Modality, Tensor] = {m: torch.empty(0, dtype=torch.int64) for m in _OPEN}

    @classmethod
    def from_catalog(
        cls,
        catalog: Catalog,
        model: str | CrossModalEncoder = "shop",
        progress: bool = False,
        problems: list[RowProblem] | None = None,
    ) -> SearchEngine:
        """Embed every product of a catalogue.

        Parameters
        ----------
        catalog : Catalog
            What shall be searched.
        model : str or CrossModalEncoder
            The name of a model that ships (shop, fashion), or one of your own.
        progress : bool
            Show a progress bar.
        problems : list, optional
            Pictures and sounds that cannot be opened are reported here, by position, and the
            product is kept with what remains. Without it the first of them is an error.

        Raises
        ------
        InputError
            If a picture or sound cannot be opened and ``problems`` is not given.
        """
        engine = cls(load_pretrained(model) if isinstance(model, str) else model)
        engine.add(catalog, progress=progress, problems=problems)
        engine.catalog = Catalog(engine.catalog, catalog.name, catalog.problems)
        return engine

    def __len__(self) -> int:
        return len(self.catalog)

    def search(
        self,
        query: Query | list[Query],
        k: int = 10,
        modality: Modality | str | None = None,
        filters: Mapping[str, object] | None = None,
    ) -> Results:
        """The k products nearest to a query.

        Parameters
        ----------
        query : text, path, bytes, picture, waveform, or a list of several of them
            Several are searched for together: the mean of their vectors is the query.
        k : int
            How many products, 1 or more; fewer come if fewer are left.
        modality : Modality or str, optional
            Compare with this side of the products only: "text", "image" or "audio".
        filters : mapping, optional
            As for :meth:`Catalog.where`.

        Returns
        -------
        Results

        Raises
        ------
        InputError
            If a query cannot be read, or is a video.
        RankingError
            If k is below 1, or the modality is none.
        TableError
            If a filter names an attribute that no product has.

        Notes
        -----
        Chapter 01.
        """
        if k < 1:
            raise RankingError(f"k is {k}.", accepted="1 or more.", remedy="Ask for one product or more.")
        filled = [side for side, index in self._indexes.items() if len(index)] or [Modality.TEXT]
        sides = filled if modality is None else [_side(modality)]
        asked, vector = self.embed_query(query)
        cosines = torch.full((len(sides), len(self)), -torch.inf)
        for row, side in enumerate(sides):
            # The vectors are as long as one already: their products are the cosines.
            cosines[row, self._positions[side]] = self._indexes[side].vectors @ vector
        scores, nearest = cosines.max(dim=0)
        candidates = scores.isfinite().nonzero().squeeze(1)
        if filters:
            passed = torch.zeros(len(self), dtype=torch.bool)
            passed[self.catalog.where(filters)] = True
            candidates = candidates[passed[candidates]]
        if not len(candidates):
            return Results((), asked)
        ranking = top_k(scores[candidates][None], min(k, len(candidates)))
        best = candidates[ranking.indices[0]]
        hits = (
            Hit(rank, self.catalog[position], score, sides[side])
            for rank, (position, score, side) in enumerate(
                zip(best.tolist(), ranking.scores[0].tolist(), nearest[best].tolist(), strict=True), start=1
            )
        )
        return Results(tuple(hits), asked)

    def embed_query(self, query: Query | list[Query]) -> tuple[tuple[Modality, ...], Float[Tensor, "d"]]:
        """The modalities of a query and its unit vector; of several, their mean made a unit vector.

        Raises
        ------
        InputError
            If a part of it cannot be read, or the list is empty.

        Notes
        -----
        Chapter 01.
        """
        queries = query if isinstance(query, list) else [query]
        if not queries:
            raise InputError("The list of queries is empty.", accepted="one query or more.")
        asked = tuple(recognise(one) for one in queries)
        vectors = []
        for one, kind in zip(queries, asked, strict=True):
            if kind not in _OPEN:
                raise InputError(
                    f"A {kind.value} cannot be searched with yet.",
                    accepted="words, a picture or a sound.",
                    remedy="Take a frame or the sound track of it.",
                )
            vectors.append(self.model.embed(kind, [_OPEN[kind](one)]))
        return asked, normalise(torch.cat(vectors).mean(dim=0))

    def add(
        self, products: Iterable[Product], progress: bool = False, problems: list[RowProblem] | None = None
    ) -> None:
        """Embed more products and append them; on an error nothing changes.

        Raises
        ------
        TableError
            If an id is there already.
        InputError
            If a picture or sound cannot be opened and ``problems`` is not given.
        """
        new = list(products)
        grown = Catalog([*self.catalog, *new], self.catalog.name, self.catalog.problems)
        ids: dict[Modality, list[str]] = {side: [] for side in _OPEN}
        vectors: dict[Modality, list[Tensor]] = {side: [] for side in _OPEN}
        for start in tqdm(
            range(0, len(new), _BATCH), "embedding products", disable=not progress, unit="batch"
        ):
            batch = list(enumerate(new[start : start + _BATCH], start=start))
            for side, opener in _OPEN.items():
                opened = {}
                for position, product in batch:
                    content = _content(product, side)
                    if content is None:
                        continue
                    try:
                        opened[product.id] = content if side is Modality.TEXT else opener(content)
                    except CrossmodalError as error:
                        if problems is None:
                            raise
                        problems.append(RowProblem(position, f"{side.value}: {error.problem}"))
                ids[side] += opened
                vectors[side].append(self.model.embed(side, list(opened.values()), _BATCH))
        for side, index in self._indexes.items():
            if ids[side]:
                index.add(ids[side], torch.cat(vectors[side]))
        self._place(grown)

    def remove(self, ids: Iterable[str]) -> None:
        """Take products out.

        Raises
        ------
        TableError
            If one of them is not there; then nothing is removed.
        """
        gone = {id: self.catalog.position(id) for id in ids}
        for index in self._indexes.values():
            index.remove([id for id in gone if id in index])
        kept = [product for product in self.catalog if product.id not in gone]
        self._place(Catalog(kept, self.catalog.name, self.catalog.problems))

    def save(self, folder: str | Path) -> None:
        """Write products, vectors and model to one folder; a kill leaves what was there before.

        The folder needs nothing outside of it: sounds are copied, pictures too, or, if
        larger than 50 kB, as thumbnails, since only people look at them from now on.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        products = [replace(p, image=_small(p.image), audio=_bytes(p.audio)) for p in self.catalog]
        with new_generation(folder) as fresh:
            Catalog(products).to_table(fresh / "products.parquet")
            for side, index in self._indexes.items():
                index.write(fresh / side.value)
            self.model.save(fresh / "model")
            (fresh / "engine.json").write_text(json.dumps({"format": 1, "name": self.catalog.name}) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> SearchEngine:
        """Read what :meth:`save` wrote.

        Raises
        ------
        StorageError
            If the folder holds no engine, or one that was damaged.
        """
        saved = current_generation(folder)
        try:
            name = json.loads((saved / "engine.json").read_text())["name"]
            engine = cls(CrossModalEncoder.load(saved / "model"))
            engine._indexes = {side: Index.read(saved / side.value) for side in _OPEN}
            products = Catalog.from_table(saved / "products.parquet") if any(engine._indexes.values()) else []
            engine._place(Catalog(products, name))
        except (OSError, ValueError, KeyError, TypeError, CrossmodalError) as error:
            raise StorageError(
                f"{folder} does not hold a search engine: {error}",
                accepted="a folder written by SearchEngine.save or by crossmodal index.",
                remedy="Build it again: crossmodal index my_products.csv",
            ) from error
        return engine

    def _place(self, catalog: Catalog) -> None:
        """Take over a catalogue, and note where in it the rows of each index stand."""
        self.catalog = catalog
        for side, index in self._indexes.items():
            self._positions[side] = torch.tensor(
                [catalog.position(id) for id in index.ids], dtype=torch.int64
            )


def _side(modality: Modality | str) -> Modality:
    try:
        side = Modality(modality)
    except ValueError:
        side = None
    if side not in _OPEN:
        raise RankingError(
            f"Products have no side called {modality!r}.",
            accepted=", ".join(side.value for side in _OPEN) + ".",
            remedy="Leave it out to compare with all of them.",
        )
    return side


def _content(product: Product, side: Modality) -> Any:
    if side is Modality.TEXT:
        return product.text or product.text_zh or None
    return getattr(product, side.value)


def _bytes(media: Media | None) -> bytes | None:
    try:
        return media.read_bytes() if isinstance(media, Path) else media
    except OSError:
        return None


def _small(media: Media | None) -> bytes | None:
    content = _bytes(media)
    if content is None or len(content) <= _LARGEST_PICTURE:
        return content
    try:
        picture: Image.Image = open_image(content)
    except InputError:
        return None
    picture.thumbnail(_THUMBNAIL)
    file = io.BytesIO()
    picture.save(file, "WEBP")
    return file.getvalue()


def open_catalog(name: str) -> Catalog:
    """The catalogue called shop or fashion, that of a saved engine, or a table of products.

    Raises
    ------
    DataMissingError, TableError, StorageError
        If it is not there, or cannot be read.
    """
    if name == "shop":
        return load_shop()
    if name == "fashion":
        return load_fashion()
    if Path(name).is_dir():
        return SearchEngine.load(name).catalog
    return Catalog.from_table(name)


def open_engine(name: str, model: str = "shop", progress: bool = False) -> SearchEngine:
    """An engine for the catalogue called shop or fashion, a saved engine, or one made from a table.

    What was embedded for shop and fashion is kept in the user's cache and used again
    until the model or the data change.

    Raises
    ------
    DataMissingError, TableError, StorageError
        If it is not there, or cannot be read.
    """
    if Path(name).is_dir() and name not in RECIPES:
        return SearchEngine.load(name)
    if name not in RECIPES:
        return SearchEngine.from_catalog(open_catalog(name), model, progress, problems=[])
    source = storage.shipped("shop") if name == "shop" else storage.find(name)
    kept = storage.cache_folder(
        "engines", f"{name}-{_fingerprint(storage.shipped(f'models/{name}'), source)}"
    )
    if kept.is_dir():
        with suppress(StorageError):  # damaged: it is only a cache, and is made again
            return SearchEngine.load(kept)
    engine = SearchEngine.from_catalog(open_catalog(name), name, progress)
    with suppress(StorageError):  # a machine whose cache cannot be written can still search
        engine.save(kept)
    return engine


def _fingerprint(*folders: Path) -> str:
    """Changes when a file's size or date does; reading them all would take longer than a search."""
    files = sorted(path for folder in folders for path in folder.glob("*") if path.is_file())
    facts = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
