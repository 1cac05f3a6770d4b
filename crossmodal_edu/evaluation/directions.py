"""Each modality finds every other: all directions of search over one catalogue, measured."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from crossmodal_edu.encoders import SIDES
from crossmodal_edu.errors import MetricError
from crossmodal_edu.evaluation.relevance import rank_relevant
from crossmodal_edu.evaluation.report import Report, evaluate_ranking
from crossmodal_edu.modality import Modality
from crossmodal_edu.model import Model
from crossmodal_edu.products import Catalog


@dataclass(frozen=True, eq=False)
class SideVectors:
    """What some products are in one modality: unit vectors, and whose they are.

    ``products`` holds the position in the catalogue of each vector's product; ``name``
    says what was embedded where the modality alone does not ("text (Chinese)").
    """

    modality: Modality
    vectors: Float[Tensor, "n d"]
    products: Int[np.ndarray, "n"]
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.modality.value

    def where(self, keep: Callable[[int], bool], name: str) -> SideVectors:
        """Only the vectors of products at positions that ``keep`` accepts, under another name."""
        rows = [row for row, product in enumerate(self.products) if keep(int(product))]
        return SideVectors(self.modality, self.vectors[rows], self.products[rows], name)

    def shuffled(self) -> SideVectors:
        """The same vectors, each as that of another product."""
        order = np.random.default_rng(0).permutation(len(self.products))
        return replace(self, products=np.roll(self.products[order], 1)[order.argsort()])


def catalog_sides(model: Model, catalog: Catalog) -> dict[str, SideVectors]:
    """Embed the titles, Chinese titles, pictures and sounds of a catalogue.

    Parameters
    ----------
    model : Model
    catalog : Catalog

    Returns
    -------
    dict
        "text", "text (Chinese)", "image" and "audio", those that at least one product has.

    Raises
    ------
    InputError
        If a picture or sound cannot be opened.

    Notes
    -----
    Used in Chapter 16.
    """
    return {
        **_side(model, Modality.TEXT, "text", [[p.title or None] for p in catalog]),
        **_side(model, Modality.TEXT, "text (Chinese)", [[p.title_zh or None] for p in catalog]),
        **_side(model, Modality.IMAGE, "image", [[p.image] for p in catalog]),
        **_side(model, Modality.AUDIO, "audio", [[p.audio] for p in catalog]),
    }


def indexed_sides(
    model: Model, catalog: Catalog, vectors: Mapping[Modality, tuple[Sequence[str], np.ndarray]]
) -> dict[str, SideVectors]:
    """The sides of a catalogue as a search finds them: the vectors of an index, and further queries.

    Parameters
    ----------
    model : Model
        Which embedded the index; it embeds the titles, the Chinese titles and the captions.
    catalog : Catalog
    vectors : mapping of side to (ids, (n, d))
        As :meth:`SearchEngine.vectors` gives them.

    Returns
    -------
    dict
        "text", "image" and "audio", those that at least one product has; and, for queries only,
        "title" where products have a description too, "title (Chinese)" and "caption".

    Notes
    -----
    Used in Chapter 16.
    """
    sides = {}
    for side, (ids, rows) in vectors.items():
        if len(ids):
            positions = np.array([catalog.position(id) for id in ids])
            sides[side.value] = SideVectors(side, torch.from_numpy(rows), positions, side.value)
    if any(product.description for product in catalog):
        sides |= _side(model, Modality.TEXT, "title", [[p.title or None] for p in catalog])
    sides |= _side(model, Modality.TEXT, "title (Chinese)", [[p.title_zh or None] for p in catalog])
    return sides | _side(model, Modality.TEXT, "caption", [p.captions for p in catalog])


def _side(
    model: Model, modality: Modality, name: str, contents: Sequence[Sequence]
) -> dict[str, SideVectors]:
    """A side by its name, of the contents that each product has of it; none if no product has one."""
    had = [(i, content) for i, some in enumerate(contents) for content in some if content is not None]
    if not had:
        return {}
    products, things = zip(*had, strict=True)
    opened = things if modality is Modality.TEXT else [SIDES[modality].open(thing) for thing in things]
    return {name: SideVectors(modality, model.embed(modality, opened), np.array(products), name)}


def evaluate_direction(
    queries: SideVectors, gallery: SideVectors, grades: Callable[[int, int], float] | None = None
) -> Report:
    """How well one side of products finds the other: the same product is right.

    Parameters
    ----------
    queries, gallery : SideVectors
        Queries whose product is not in the gallery are left out.
    grades : callable, optional
        ``grades(a, b)``, 0 to 1, is how relevant product b is to product a, for nDCG;
        without it, only the same product counts.

    Returns
    -------
    Report

    Raises
    ------
    MetricError
        If no query has its product in the gallery.

    Notes
    -----
    Used in Chapter 16.
    """
    places: dict[int, set[int]] = defaultdict(set)
    for place, product in enumerate(gallery.products):
        places[int(product)].add(place)
    rows = [row for row, product in enumerate(queries.products) if int(product) in places]
    if not rows:
        accepted = "a catalogue in which some products have both; else measure another direction."
        raise MetricError(f"No product has both {queries} and {gallery}.", accepted=accepted)
    asked, found, graded = queries.products[rows].tolist(), gallery.products.tolist(), None
    right = [places[product] for product in asked]
    if grades is not None:
        graded = [{i: g for i, b in enumerate(found) if (g := grades(a, b)) > 0} for a in asked]
    ranks = rank_relevant(queries.vectors[rows], gallery.vectors, graded or right)
    ks = [k for k in (1, 5, 10) if k <= ranks.depth]
    return evaluate_ranking(ranks, right, graded, ks)


def evaluate_directions(
    sides: Mapping[str, SideVectors],
    grades: Callable[[int, int], float] | None = None,
    aligned: Callable[[Modality, Modality], bool] = lambda one, other: True,
    control: bool = False,
) -> dict[tuple[str, str], Report]:
    """All directions between different modalities, queries by name first, then gallery.

    Sides with a name of their own, such as Chinese titles, are queries only. Directions in
    which fewer than two products have both sides are left out: one query has no interval.

    Parameters
    ----------
    sides : mapping of name to SideVectors
    grades : callable, optional
        As for :func:`evaluate_direction`.
    aligned : callable, optional
        Which modalities may be compared.
    control : bool
        Shuffle whose each query is.

    Returns
    -------
    dict of (query, gallery) to Report

    Notes
    -----
    Used in Chapter 16.
    """
    reports = {}
    for query, gallery in itertools.permutations(sides.values(), 2):
        found = gallery.name == gallery.modality.value and query.modality is not gallery.modality
        enough = np.isin(query.products, gallery.products).sum() >= 2
        if found and enough and aligned(query.modality, gallery.modality):
            asked = query.shuffled() if control else query
            reports[query.name, gallery.name] = evaluate_direction(asked, gallery, grades)
    return reports


def evaluate_index(
    model: Model,
    catalog: Catalog,
    vectors: Mapping[Modality, tuple[Sequence[str], np.ndarray]],
    part: Catalog | None = None,
    control: bool = False,
) -> dict[tuple[str, str], Report]:
    """All directions of an index, among some of its products.

    Parameters
    ----------
    model, catalog, vectors
        As for :func:`indexed_sides`.
    part : Catalog, optional
        Only these products of the catalogue ask and are found.
    control : bool
        Shuffle whose each query is: the result should be about chance, and if it is not, something
        else than the pair gives the answer away.

    Returns
    -------
    dict of (query, gallery) to Report

    Notes
    -----
    Used in Chapter 16.
    """
    keep = {catalog.position(product.id) for product in (catalog if part is None else part)}
    sides = indexed_sides(model, catalog, vectors)
    kept = {name: side.where(keep.__contains__, name) for name, side in sides.items()}
    return evaluate_directions(kept, aligned=model.space.aligned, control=control)
