"""The whole pipeline in one object and one folder: recognise, encode, rank."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.embedding import CONTENTS, EmbeddedProducts, embed_products, side_of
from crossmodal_edu.errors import CrossmodalError, InputError, StorageError, TableError
from crossmodal_edu.filters import unmatched
from crossmodal_edu.modality import OPENERS, Modality, Query, read_query
from crossmodal_edu.packing import packed
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.products import Catalog, Product
from crossmodal_edu.retrieval.index import Index
from crossmodal_edu.retrieval.ranking import as_tensor, check_k, exact_cosines, normalise, top_k
from crossmodal_edu.saving import new_generation, read_generation
from crossmodal_edu.spaces.contrastive import CrossModalEncoder, check_saveable
from crossmodal_edu.text.tokens import tokenise

_FORMAT = 2
_SILENCE = 1e-4  # of full scale
_SAID = {Modality.TEXT: "words", Modality.IMAGE: "a picture", Modality.AUDIO: "a sound"}


@dataclass(frozen=True)
class Hit:
    """One search result: the product, its score, and the side of it that was nearest to the query."""

    rank: int
    product: Product
    score: float
    matched: Modality


@dataclass(frozen=True)
class Results(Sequence[Hit]):
    """What a search found, best first; the modalities of what was asked; and what to know of it.

    ``notes`` are sentences for people, such as that a word of the query is unknown to the model.
    """

    hits: tuple[Hit, ...]
    asked: tuple[Modality, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, position):
        return self.hits[position]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __repr__(self) -> str:
        first = ", ".join(f"{hit.product.id!r} {hit.score:.3f}" for hit in self.hits[:3])
        return f"Results({len(self)} found: {first}{', …' if len(self) > 3 else ''})"

    def to_dict(self) -> dict[str, Any]:
        """Everything but the pictures and sounds, in forms that JSON knows."""
        found = [
            {
                "rank": hit.rank,
                "id": hit.product.id,
                "score": round(hit.score, 4),
                "matched": hit.matched.value,
                "title": hit.product.title,
                "attributes": dict(hit.product.attributes),
            }
            for hit in self.hits
        ]
        return {"asked": [side.value for side in self.asked], "found": found, "notes": list(self.notes)}


@dataclass(frozen=True, eq=False)
class EmbeddedQuery:
    """A query as the engine sees it: its modalities, its unit vector, and what to know of it."""

    asked: tuple[Modality, ...]
    vector: Float[Tensor, "d"]
    notes: tuple[str, ...]


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
        self._indexes = {side: Index(model.dimensions) for side in CONTENTS}
        self._positions: dict[Modality, Tensor] = {}
        self._rows: dict[Modality, Tensor] = {}
        self._place(self.catalog)

    @classmethod
    def from_catalog(
        cls,
        catalog: Catalog,
        model: str | CrossModalEncoder = "shop",
        lenient: bool = False,
        progress: bool = False,
    ) -> SearchEngine:
        """Embed every product of a catalogue.

        Parameters
        ----------
        catalog : Catalog
            What is to be searched.
        model : str or CrossModalEncoder
            The name of a model that ships (shop, fashion), or one of your own.
        lenient : bool
            Go on when a picture or sound cannot be opened. It is dropped and reported in
            ``engine.catalog.problems``, and so is a product of which nothing remains.
            Otherwise the first of them is an error.
        progress : bool
            Show a progress bar.

        Raises
        ------
        InputError
            If a picture or sound cannot be opened, unless ``lenient``.
        """
        engine = cls(load_pretrained(model) if isinstance(model, str) else model)
        engine.catalog = Catalog([], catalog.name, catalog.problems)
        engine.add(catalog, lenient=lenient, progress=progress)
        return engine

    @classmethod
    def of_vectors(
        cls, catalog: Catalog, model: CrossModalEncoder, vectors: Mapping[Modality, Float[Tensor, "_ d"]]
    ) -> SearchEngine:
        """An engine whose products are embedded already: one row a product on each side that is given."""
        engine = cls(model)
        ids = tuple(product.id for product in catalog)
        for side, rows in vectors.items():
            engine._indexes[side].add(ids, rows)
        engine._place(catalog)
        return engine

    def __len__(self) -> int:
        return len(self.catalog)

    def search(
        self,
        query: Query | Tensor | list | None = None,
        k: int = 10,
        modality: Modality | str | None = None,
        filters: Mapping[str, object] | None = None,
        **named: object,
    ) -> Results:
        """The k products nearest to a query.

        Parameters
        ----------
        query : words, Path, bytes, picture, waveform, or a list of several of them
            A string is always words: no file is opened because of what somebody typed.
            Several are searched for together: the mean of their vectors is the query.
        k : int
            How many products, 1 or more; fewer come if fewer are left.
        modality : Modality or str, optional
            Compare with this side of the products only: "text", "image" or "audio".
        filters : mapping, optional
            As for :meth:`Catalog.where`.
        **named
            ``text=``, ``image=``, ``audio=``, ``vector=``: parts of the query that are taken for
            what they are called; see :meth:`embed_query`.

        Returns
        -------
        Results

        Raises
        ------
        InputError
            If a query cannot be read, or is a video.
        RankingError
            If k is no whole number from 1 on, or the modality is none.
        TableError
            If a filter names an attribute that no product has.

        Notes
        -----
        Chapter 01.
        """
        check_k(k)
        sides = list(CONTENTS) if modality is None else [side_of(modality)]
        asked = self.embed_query(query, **named)
        passed = None
        if filters:
            passed = torch.zeros(len(self), dtype=torch.bool)
            passed[self.catalog.where(filters)] = True
        found = [self._nearest(side, asked.vector, k, passed) for side in sides]
        candidates = torch.cat(found).unique()  # in the order of the catalogue
        if not len(candidates):
            return Results((), asked.asked, (*asked.notes, *self._why_nothing(sides, filters)))
        cosines = torch.stack([self._cosines(side, asked.vector, candidates) for side in sides])
        scores, nearest = cosines.max(dim=0)
        best = top_k(scores[None], min(k, len(candidates)))
        hits = (
            Hit(rank, self.catalog[int(candidates[i])], score, sides[int(nearest[i])])
            for rank, (i, score) in enumerate(
                zip(best.indices[0].tolist(), best.scores[0].tolist(), strict=True), start=1
            )
        )
        return Results(tuple(hits), asked.asked, asked.notes)

    def embed_query(
        self,
        query: Query | Tensor | list | None = None,
        *,
        text: object = None,
        image: object = None,
        audio: object = None,
        vector: object = None,
    ) -> EmbeddedQuery:
        """A query as one unit vector; of several parts, the mean of theirs made a unit vector.

        Parameters
        ----------
        query : as for :meth:`search`
            Its modality is recognised.
        text : str
            Words, whatever they look like.
        image : Path, bytes, PIL picture or array
        audio : Path, bytes, waveform or (waveform, sample rate)
        vector : (d,) tensor, array or list
            A point of the engine's own space, of any length.

        Raises
        ------
        InputError
            If a part of it cannot be read, or there is none.

        Notes
        -----
        Chapter 01.
        """
        parts = [read_query(self._checked(one)) for one in (query if isinstance(query, list) else [query])
                 if one is not None]  # fmt: skip
        for side, given in ((Modality.TEXT, text), (Modality.IMAGE, image), (Modality.AUDIO, audio)):
            if given is not None:
                parts.append((side, _as_said(side, given)))
        vectors = [self.model.embed(side, [content]) for side, content in parts]
        if vector is not None:
            vectors.append(_point(vector, self.model.dimensions))
        if not vectors:
            raise InputError(
                "There is nothing to search for.", accepted="words, a picture, a sound or a vector."
            )
        notes = tuple(note for side, content in parts for note in self._notes(side, content))
        return EmbeddedQuery(
            tuple(side for side, _ in parts), normalise(torch.cat(vectors).mean(dim=0)), notes
        )

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
        self._append(embed_products(self.model, new, lenient, progress))

    def remove(self, ids: Iterable[str]) -> None:
        """Take products out.

        Raises
        ------
        TableError
            If one of them is not there; then nothing is removed.
        """
        if isinstance(ids, str):  # a string would be taken for its letters, each of them an id
            raise TableError(
                f"The ids to remove are given as one string, {ids!r}.",
                accepted="a list of ids.",
                remedy=f"Write remove([{ids!r}]).",
            )
        gone = {id: self.catalog.position(id) for id in ids}
        for index in self._indexes.values():
            index.remove([id for id in gone if id in index])
        kept = [product for product in self.catalog if product.id not in gone]
        self._place(Catalog(kept, self.catalog.name, self.catalog.problems))

    def vectors(self, modality: Modality | str) -> tuple[tuple[str, ...], Float[Tensor, "n d"]]:
        """The ids of the products that have this side, and its unit vectors, in the same order.

        Raises
        ------
        RankingError
            If the modality is none of the sides.
        """
        index = self._indexes[side_of(modality)]
        return index.ids, index.vectors

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
            If the model could not be brought back.
        """
        check_saveable(self.model)
        with new_generation(folder, check=self._read) as fresh:
            Catalog(map(packed, self.catalog)).to_table(fresh / "products.parquet")
            for side, index in self._indexes.items():
                index.write(fresh / side.value)
            self.model.save(fresh / "model")
            about = {"format": _FORMAT, "name": self.catalog.name, "model": self.model.name}
            (fresh / "engine.json").write_text(json.dumps(about) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> SearchEngine:
        """Read what :meth:`save` wrote.

        Raises
        ------
        StorageError
            If the folder holds no engine, or one that was damaged.
        """
        return read_generation(folder, cls._read)

    @classmethod
    def _read(cls, saved: Path) -> SearchEngine:
        try:
            about = json.loads((saved / "engine.json").read_text(encoding="utf-8"))
            if about["format"] > _FORMAT:
                raise ValueError("it was made by a newer version")
            engine = cls(CrossModalEncoder.load(saved / "model"))
            engine._indexes = {side: Index.read(saved / side.value) for side in CONTENTS}
            products = []
            if any(engine._indexes.values()):
                products = Catalog.from_table(saved / "products.parquet", own=True)
            engine._place(Catalog(products, about["name"]))
        except (OSError, ValueError, KeyError, TypeError, CrossmodalError) as error:
            raise StorageError(
                f"{saved} does not hold a search engine: {error}",
                accepted="a folder written by SearchEngine.save or by crossmodal index.",
                remedy="Build it again: crossmodal index my_products.csv",
            ) from error
        return engine

    def _append(self, embedded: EmbeddedProducts) -> None:
        problems = (*self.catalog.problems, *embedded.problems)
        grown = Catalog([*self.catalog, *embedded.products], self.catalog.name, problems)
        for side, index in self._indexes.items():
            index.add(embedded.ids[side], embedded.vectors[side])
        self._place(grown)

    def _place(self, catalog: Catalog) -> None:
        """Take over a catalogue, and note where in it the rows of each index stand, and the reverse."""
        self.catalog = catalog
        for side, index in self._indexes.items():
            positions = torch.tensor([catalog.position(id) for id in index.ids], dtype=torch.int64)
            self._positions[side] = positions
            self._rows[side] = torch.full((len(catalog),), -1)  # −1: the product has no such side
            self._rows[side][positions] = torch.arange(len(index))

    def _nearest(self, side: Modality, vector: Tensor, k: int, passed: Tensor | None) -> Tensor:
        """The positions in the catalogue of the k products whose side is nearest to a vector."""
        positions = self._positions[side]
        among = None if passed is None else passed[positions].nonzero().squeeze(1)
        return positions[self._indexes[side].search(vector[None], k, among).indices[0]]

    def _cosines(self, side: Modality, vector: Tensor, products: Tensor) -> Tensor:
        """The cosines of these products' sides with a vector; −∞ where a product has no such side."""
        rows = self._rows[side][products]
        cosines = torch.full((len(products),), -torch.inf)
        cosines[rows >= 0] = exact_cosines(vector, self._indexes[side].vectors[rows[rows >= 0]])
        return cosines

    def _checked(self, query: object) -> object:
        if getattr(query, "shape", None) == (self.model.dimensions,):
            raise InputError(
                f"An array of {self.model.dimensions} numbers may be a sound or a vector.",
                accepted="audio=array, or vector=array.",
                remedy="Say which of the two it is.",
            )
        return query

    def _notes(self, side: Modality, content: Any) -> Iterator[str]:
        if side is Modality.AUDIO and np.abs(content).max() < _SILENCE:
            yield "The sound is silent: what was found is no answer to it."
        vocabulary = getattr(self.model.encoders["text"], "vocabulary", None)
        if side is Modality.TEXT and vocabulary is not None:
            unknown = vocabulary.unknown(content)
            listed = ", ".join(unknown[:8]) + (", …" if len(unknown) > 8 else "")
            if len(unknown) == len(set(tokenise(content))):
                words = listed or "there is none"
                yield f"The model knows no word of the query ({words}); do not trust the ranking."
            elif unknown:
                yield f"Words that the model does not know, and takes by their letters: {listed}."

    def _why_nothing(self, sides: list[Modality], filters: Mapping[str, object] | None) -> list[str]:
        if not any(len(self._indexes[side]) for side in sides):
            return [f"No product has {' or '.join(_SAID[side] for side in sides)}."]
        return ["No product passes the filters.", *unmatched(filters or {}, self.catalog)]


def _as_said(side: Modality, given: object) -> Any:
    """The content of a part of a query whose modality its name tells."""
    if isinstance(given, str) != (side is Modality.TEXT):
        raise InputError(
            f"{side.value}= was given {given!r:.80}.",
            accepted="a string."
            if side is Modality.TEXT
            else "a Path, bytes, or the thing itself; no string.",
            remedy="" if side is Modality.TEXT else f"For a file write {side.value}=Path(name).",
        )
    return OPENERS[side](given)


def _point(vector: object, dimensions: int) -> Float[Tensor, "1 d"]:
    point = as_tensor(vector)
    if not isinstance(point, Tensor) or point.shape != (dimensions,) or not point.any():
        raise InputError(
            f"The vector is {tuple(point.shape) if isinstance(point, Tensor) else type(point).__name__}.",
            accepted=f"{dimensions} numbers, not all of them 0, in a space of this engine's model.",
            remedy="Take a row of engine.vectors(side), or the vector of engine.embed_query(query).",
        )
    return normalise(point.detach().to("cpu", torch.float32))[None]
