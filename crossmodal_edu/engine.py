"""The whole pipeline in one object and one folder: recognise, encode, rank."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.embedding import digest, embed_products
from crossmodal_edu.encoders import SIDES, Side, side_named
from crossmodal_edu.errors import SpaceError, TableError
from crossmodal_edu.filters import unmatched
from crossmodal_edu.modality import Modality, Query
from crossmodal_edu.model import Model, check_names, class_named
from crossmodal_edu.packing import packed
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.queries import EmbeddedQuery, embed_query
from crossmodal_edu.results import Hit, Results
from crossmodal_edu.retrieval.index import ExactIndex, Index
from crossmodal_edu.retrieval.merging import Scales
from crossmodal_edu.retrieval.ranking import check_k, exact_cosines, top_k
from crossmodal_edu.saving import new_generation, read_generation, reading
from crossmodal_edu.spaces.space import Features

_FORMAT = 3
_ROUNDING = 1e-5  # of a cosine in single precision


class SearchEngine:
    """Search products by words, picture and sound.

    Each product keeps one vector per modality it has. They stay apart: a query of words
    can be compared with each of them, but not with all of them joined to one long vector.
    A product's score is that of its nearest side, once the scores of all sides are on one scale.

    Parameters
    ----------
    model : Model
        Turns words, pictures and sounds into vectors of one space.
    index : class of Index
        What holds the vectors of each side: :class:`ExactIndex`, or another that fulfils
        :class:`Index`.
    sides : mapping of Modality to Side
        What each modality sees of a product.

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

    def __init__(
        self,
        model: Model,
        index: Callable[[int], Index] = ExactIndex,
        sides: Mapping[Modality, Side] = SIDES,
    ):
        self.model, self.sides = model, sides
        self.catalog = Catalog([])
        self.scales = Scales.from_dict(model.scales)
        self._indexes = {side: index(model.dimensions) for side in sides if side in model.encoders}
        self._digests: dict[Modality, dict[str, str]] = {side: {} for side in self._indexes}
        self._first: dict[tuple[Modality, ...], list[set[str]]] = {}

    @classmethod
    def from_catalog(
        cls,
        catalog: Catalog,
        model: str | Model = "shop",
        lenient: bool = False,
        progress: bool = False,
        **made: Any,
    ) -> SearchEngine:
        """Embed every product of a catalogue.

        Parameters
        ----------
        catalog : Catalog
            What is to be searched.
        model : str or Model
            The name of a model that ships (shop, fashion), or one of your own.
        lenient : bool
            Go on when a picture or sound cannot be opened. It is dropped and reported in
            ``engine.catalog.problems``, and so is a product of which nothing remains.
            Otherwise the first of them is an error.
        progress : bool
            Show a progress bar.
        **made
            ``index=`` and ``sides=``, as for the class.

        Raises
        ------
        InputError
            If a picture or sound cannot be opened, unless ``lenient``.
        """
        engine = cls(load_pretrained(model) if isinstance(model, str) else model, **made)
        engine.catalog = Catalog([], catalog.name, catalog.problems)
        engine.add(catalog, lenient=lenient, progress=progress)
        return engine

    @classmethod
    def of_vectors(
        cls, catalog: Catalog, model: Model, vectors: Mapping[Modality, Float[Tensor, "_ d"]]
    ) -> SearchEngine:
        """An engine whose products are embedded already: one row a product on each side that is given."""
        engine = cls(model)
        engine.catalog = catalog
        for side, rows in vectors.items():
            engine._indexes[side].add([product.id for product in catalog], rows)
        engine._measure_scales()
        return engine

    def __len__(self) -> int:
        return len(self.catalog)

    def search(
        self,
        query: Query | Tensor | list | None = None,
        k: int = 10,
        modality: Modality | str | None = None,
        filters: Mapping[str, object] | None = None,
        *,
        text: str | None = None,
        image: object = None,
        audio: object = None,
        video: object = None,
        vector: object = None,
        weights: Sequence[float] | np.ndarray | None = None,
        offset: int = 0,
        order: str | None = None,
    ) -> Results:
        """The products nearest to a query.

        Parameters
        ----------
        query : words, Path, bytes, picture, waveform, or a list of several of them
            A string is always words: no file is opened because of what somebody typed.
            Of several, a product's score is the mean of what each gives it.
        k : int
            How many products, 1 or more; fewer come if fewer are left.
        modality : Modality or str, optional
            Compare with this side of the products only: "text", "image" or "audio".
        filters : mapping, optional
            As for :meth:`Catalog.where`. They never change a score.
        text, image, audio, video, vector
            Further parts of the query, taken for what they are called: a string; a Path, bytes, or
            the thing itself; a point of the engine's own space, of any length.
        weights : sequence of float, optional
            One for each part, those of ``query`` first, then in the order above. Below 0: away from it.
        offset : int
            How many of the best to leave out, as for a second page.
        order : str, optional
            List the k products by this attribute, "-price" from the highest; those without it last.

        Returns
        -------
        Results

        Raises
        ------
        InputError
            If a query cannot be read, or is a video.
        RankingError
            If k is no whole number from 1 on, or the modality is none.
        SpaceError
            If the query and the side are not aligned in the space of the model.
        TableError
            If a filter or the order names an attribute that no product has.

        Notes
        -----
        Chapter 01.
        """
        check_k(k)
        check_k(offset, "offset", least=0)
        asked = self.embed_query(
            query, text=text, image=image, audio=audio, video=video, vector=vector, weights=weights
        )
        sides = self._comparable(asked, modality)
        allowed = None if not filters else {self.catalog[i].id for i in self.catalog.where(filters)}
        vector, found = asked.vector, set()
        for side, among in self._lists(asked, sides, allowed):
            found.update(self._best(side, vector, offset + k, among))
        if not found:
            return Results((), asked.asked, (*asked.notes, *self._why_nothing(sides, filters)))
        # In the order of the catalogue, which equal scores keep.
        ids = sorted(found, key=self.catalog.position)
        cosines = {side: self._cosines(side, vector, ids) for side in sides}
        scores, nearest = self.scales.scores(asked.parts, cosines)
        best = top_k(scores[None], min(offset + k, len(ids)))
        places = best.indices[0].tolist()[offset:]
        hits = []
        for rank, i in enumerate(places, start=offset + 1):
            side = sides[int(nearest[i])]
            hits.append(Hit(rank, self.catalog.get(ids[i]), float(scores[i]), side, float(cosines[side][i])))
        notes = list(asked.notes)
        if not hits:
            notes.append(f"No more than {len(ids):,} were found, and the first {offset:,} are left out.")
        return Results(tuple(self._ordered(hits, order)), asked.asked, tuple(notes))

    def embed_query(
        self,
        query: Query | Tensor | list | None = None,
        *,
        weights: Sequence[float] | np.ndarray | None = None,
        **named: object,
    ) -> EmbeddedQuery:
        """The parts of a query, embedded, and what to know of them; takes what :meth:`search` takes.

        Raises
        ------
        InputError
            If a part of it cannot be read, or there is none.

        Notes
        -----
        Chapter 01.
        """
        return embed_query(self.model, self.sides, query, named, weights)

    def add(self, products: Iterable[Product], lenient: bool = False, progress: bool = False) -> None:
        """Embed more products and append them; on an error nothing changes.

        Raises
        ------
        TableError
            If an id is there already.
        InputError
            If a picture or sound cannot be opened, unless ``lenient``, as in :meth:`from_catalog`.
        """
        new = list(products)
        Catalog([*self.catalog, *new])  # refuses ids that are there already
        self.update(new, lenient, progress)

    def remove(self, ids: Iterable[str]) -> None:
        """Take products out.

        Raises
        ------
        TableError
            If one of them is not there; then nothing is removed.
        """
        if isinstance(ids, str):  # a string would be taken for its letters, each of them an id
            told = f"The ids to remove are given as one string, {ids!r}."
            raise TableError(told, accepted="a list of ids.", remedy=f"Write remove([{ids!r}]).")
        gone = {id: self.catalog.position(id) for id in ids}
        for index in self._indexes.values():
            index.remove([id for id in gone if id in index])
        for digests in self._digests.values():
            for id in gone:
                digests.pop(id, None)
        kept = [product for product in self.catalog if product.id not in gone]
        self.catalog = Catalog(kept, self.catalog.name, self.catalog.problems)
        self._measure_scales()

    def update(
        self, products: Iterable[Product], lenient: bool = False, progress: bool = False
    ) -> tuple[int, int, int]:
        """Add new products and replace those whose id is there; only sides that changed are embedded.

        With ``lenient``, a picture or sound that cannot be opened now stays as it was.

        Parameters
        ----------
        products : iterable of Product
        lenient, progress
            As for :meth:`from_catalog`.

        Returns
        -------
        (int, int, int)
            How many were added, how many were there before, and how many sides were embedded.

        Raises
        ------
        InputError
            If a picture or sound cannot be opened, unless ``lenient``; then nothing changes.
        """
        given, known = Catalog(products), {product.id: product for product in self.catalog}
        stays: dict[Modality, set[str]] = {}
        for side, index in self._indexes.items():
            told = {p.id: digest(self.sides[side].content(p)) for p in given if p.id in index}
            stays[side] = {id for id, now in told.items() if now and now == self._digests[side].get(id)}
        embedded = embed_products(self.model, given, lenient, progress, self.sides, stays)
        for side, index in self._indexes.items():
            done = {*embedded.ids[side], *stays[side]}
            shown = [p.id for p in given if p.id in index and self.sides[side].content(p) is not None]
            stays[side] |= {id for id in shown if id not in done}  # cannot be opened: as it was
            index.remove([p.id for p in given if p.id in index and p.id not in stays[side]])
            index.add(embedded.ids[side], embedded.vectors[side])
            self._digests[side] |= embedded.digests[side]
        lost = {p.id for p in given}.difference((p.id for p in embedded.products), *stays.values())
        opened = {p.id: p for p in (*given, *embedded.products) if p.id not in lost}
        new = {id: self._as_stored(p, known.get(id), stays) for id, p in opened.items()}
        added = len(new.keys() - known.keys())
        catalog = [new.pop(p.id, p) for p in self.catalog if p.id not in lost] + list(new.values())
        told = [p for p in embedded.problems if p.product in lost or "left out" not in p.problem]
        self.catalog = Catalog(catalog, self.catalog.name, (*self.catalog.problems, *told))
        self._measure_scales()
        return added, len(given) - len(lost) - added, sum(map(len, embedded.ids.values()))

    def vectors(self, modality: Modality | str) -> tuple[tuple[str, ...], Float[np.ndarray, "n d"]]:
        """The ids of the products that have this side, and its unit vectors, in the same order.

        Raises
        ------
        RankingError
            If the modality is none of the sides.
        """
        index = self._indexes[side_named(modality, self._indexes)]
        return index.ids, index.get(index.ids).numpy()

    def save(self, folder: str | Path) -> None:
        """Write products, vectors and model to one folder; a kill leaves what was there before.

        The folder needs nothing outside of it: pictures and sounds are copied, large ones as
        thumbnails and as one minute of speech quality, since only people look at them and hear
        them from now on. What was written is opened once before it takes the place of what was
        there.

        Raises
        ------
        StorageError
            If the disk refuses, or another process is writing to the folder.
        SpaceError
            If the model or the index could not be brought back.
        """
        own = {*self.model.classes(), *map(type, self._indexes.values())}
        check_names(own)
        with new_generation(folder, check=lambda fresh: self._read(fresh, own, self.sides)) as fresh:
            Catalog(map(packed, self.catalog)).to_table(fresh / "products.parquet")
            for side, index in self._indexes.items():
                index.save(fresh / side.value)
            self.model.save(fresh / "model")
            about = {
                "format": _FORMAT,
                "name": self.catalog.name,
                "indexes": {side.value: type(index).__name__ for side, index in self._indexes.items()},
                "scales": self.scales.to_dict(),
            }
            (fresh / "engine.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
            known = {side.value: digests for side, digests in self._digests.items()}
            (fresh / "digests.json").write_text(json.dumps(known), encoding="utf-8")

    @classmethod
    def load(
        cls, folder: str | Path, classes: Iterable[type] = (), sides: Mapping[Modality, Side] = SIDES
    ) -> SearchEngine:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        folder : str or Path
        classes : iterable of classes, optional
            Your own encoders, spaces and indexes, as for :meth:`Model.load`.
        sides : mapping of Modality to Side
            Those that it was made with.

        Raises
        ------
        StorageError
            If the folder holds no engine, or one that was damaged.
        """
        return read_generation(folder, lambda saved: cls._read(saved, classes, sides))

    @classmethod
    def _read(cls, saved: Path, classes: Iterable[type], sides: Mapping[Modality, Side]) -> SearchEngine:
        accepted = "a folder written by SearchEngine.save or by crossmodal index."
        remedy = "Build it again: crossmodal index my_products.csv"
        with reading(saved, "a search engine", accepted, remedy):
            about = json.loads((saved / "engine.json").read_text(encoding="utf-8"))
            if about["format"] > _FORMAT:
                raise ValueError("a newer version of this package made it; update the package")
            if about["format"] < _FORMAT:
                raise ValueError("an older version of this package made it")
            own = {kind.__name__: kind for kind in classes}
            engine = cls(Model.load(saved / "model", classes), sides=sides)
            for side, kind in about["indexes"].items():
                modality = Modality(side)  # first: a name may not lead out of the folder
                engine._indexes[modality] = class_named(kind, own).load(saved / modality.value)
            products = []
            if any(engine._indexes.values()):
                products = Catalog.from_table(saved / "products.parquet", own=True)
            engine.catalog = Catalog(products, about["name"])
            engine.scales = Scales.from_dict(about["scales"])
            known = json.loads((saved / "digests.json").read_text(encoding="utf-8"))
            engine._digests = {side: known.get(side.value, {}) for side in engine._indexes}
        return engine

    def _as_stored(
        self, product: Product, old: Product | None, stays: Mapping[Modality, Collection[str]]
    ) -> Product:
        """A product with the files of before on the sides that did not change."""
        same = [side.value for side, ids in stays.items() if product.id in ids]
        files = {name: getattr(old, name) for name in same if name in Product.__dataclass_fields__}
        return replace(product, **files) if files else product

    def _measure_scales(self) -> None:
        """What the model does not bring is measured on the catalogue."""
        self._first.clear()
        if not self.model.scales:
            features = {
                side: Features(index.get(index.ids), index.ids) for side, index in self._indexes.items()
            }
            self.scales = Scales.measured(features, self.model.space.aligned)

    def _lists(
        self, asked: EmbeddedQuery, sides: list[Modality], allowed: set[str] | None
    ) -> Iterator[tuple[Modality, Collection[str] | None]]:
        """Lists whose best hold the best of all: of each side, who has it first, and the others.

        Within a list the order of the scores is that of the cosines, since all of it is discounted or none.
        """
        order = self.scales.order(asked.parts, sides)
        for place, side in enumerate(order or sides):
            earlier = order[:place]
            if (side, *earlier) not in self._first:
                index = self._indexes[side]
                first = {id for id in index.ids if not any(id in self._indexes[one] for one in earlier)}
                self._first[side, *earlier] = [first, set(index.ids) - first]
            for group in self._first[side, *earlier]:
                if len(group) == len(self._indexes[side]):
                    yield side, allowed
                elif group:
                    yield side, group if allowed is None else group & allowed

    def _best(
        self, side: Modality, vector: Float[Tensor, "d"], n: int, among: Collection[str] | None
    ) -> tuple[str, ...]:
        """The n best of a list, and all that equal the last: an index may order equals as it likes."""
        asked = n + 8
        while True:
            ids, scores = self._indexes[side].search(vector[None], asked, among)
            if len(ids[0]) < asked or scores[0, n - 1] - scores[0, -1] > _ROUNDING:
                return ids[0]
            asked *= 4

    def _cosines(self, side: Modality, vector: Float[Tensor, "d"], ids: list[str]) -> Float[Tensor, "n"]:
        """With each product, summed alone and in double precision; −∞ for one without this side."""
        index = self._indexes[side]
        cosines = torch.full((len(ids),), -torch.inf)
        there = [place for place, id in enumerate(ids) if id in index]
        cosines[there] = exact_cosines(vector, index.get([ids[place] for place in there]))
        return cosines

    def _comparable(self, asked: EmbeddedQuery, modality: Modality | str | None) -> list[Modality]:
        """The sides that the space has aligned with every part of a query."""
        chosen = list(self._indexes) if modality is None else [side_named(modality, self._indexes)]
        sides = [s for s in chosen if all(self.model.space.aligned(part, s) for part in asked.asked)]
        sides = [s for s in sides if len(self._indexes[s])] or sides  # what nobody has needs no scale
        one_space = all(self.model.space.aligned(one, s) for one in self._indexes for s in self._indexes)
        if not sides or (modality is None and not asked.asked and not one_space):
            said = f"A query of {' and '.join(asked.asked) or 'a vector'}"
            raise SpaceError(
                f"{said} cannot be compared with {' or '.join(chosen)}: these sides are not aligned.",
                accepted="a query and a side that the space of the model has aligned.",
                remedy="Ask by another modality, name a side, or take a model that aligns them: shop.",
            )
        return sides

    def _ordered(self, hits: list[Hit], order: str | None) -> list[Hit]:
        if order is None:
            return hits
        name = order.removeprefix("-")
        if name not in self.catalog.attributes:
            problem = f"No product has an attribute {name!r} to order by; '-price' is price from the highest."
            raise TableError.unknown(problem, self.catalog.attributes)
        there = [hit for hit in hits if name in hit.product.attributes]
        # Texts behind numbers, which cannot be compared with each other.
        there.sort(
            key=lambda hit: (isinstance(hit.product.attributes[name], str), hit.product.attributes[name]),
            reverse=order.startswith("-"),
        )
        return there + [hit for hit in hits if name not in hit.product.attributes]

    def _why_nothing(self, sides: list[Modality], filters: Mapping[str, object] | None) -> list[str]:
        if not any(len(self._indexes[side]) for side in sides):
            return [f"No product has {' or '.join(self.sides[side].said for side in sides)}."]
        return ["No product passes the filters.", *unmatched(filters or {}, self.catalog)]
