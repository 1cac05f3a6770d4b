"""Products as vectors: opened, embedded, one vector a side; and kept beside a shop that ships."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from crossmodal_edu.encoders import SIDES, Side
from crossmodal_edu.errors import CrossmodalError
from crossmodal_edu.modality import Modality
from crossmodal_edu.model import Model
from crossmodal_edu.products import Product
from crossmodal_edu.saving import reading, written_aside
from crossmodal_edu.tables import RowProblem
from crossmodal_edu.text.tokens import LONGEST, tokenise

_BATCH = 256
_MOST_NUMBERS = 200_000_000  # pixels and samples of pictures and sounds that wait in memory


@dataclass(frozen=True, eq=False)
class EmbeddedProducts:
    """Products as vectors.

    ``products`` are those that can be found, without the pictures and sounds that could not be
    opened; ``ids`` and ``vectors`` hold for each side whose vectors there are, and the unit
    vectors; ``problems`` what could not be opened; ``digests`` for each side what tells its
    content, by id.
    """

    products: tuple[Product, ...]
    ids: Mapping[Modality, tuple[str, ...]]
    vectors: Mapping[Modality, Float[Tensor, "_ d"]]
    problems: tuple[RowProblem, ...]
    digests: Mapping[Modality, Mapping[str, str]] = field(default_factory=dict)


def embed_products(
    model: Model,
    products: Iterable[Product],
    lenient: bool = False,
    progress: bool = False,
    sides: Mapping[Modality, Side] = SIDES,
    same: Mapping[Modality, Collection[str]] | None = None,
) -> EmbeddedProducts:
    """Turn every side of every product into a unit vector.

    Equal contents are embedded once, so that equal products have vectors that are equal to the
    last bit and rank in the order of the catalogue.

    Parameters
    ----------
    model : Model
        Sides for which it has no encoder are passed over.
    products : iterable of Product
    lenient : bool
        Go on when a picture or sound cannot be opened: it is dropped and reported, and so is
        a product of which nothing remains.
    progress : bool
        Show a progress bar.
    sides : mapping of Modality to Side
    same : mapping of Modality to ids, optional
        Whose vectors of a side are known; they are passed over there.

    Raises
    ------
    InputError
        If something cannot be opened, unless ``lenient``; the message names the product.
    """
    kept = list(products)
    problems: list[RowProblem] = []
    ids: dict[Modality, tuple[str, ...]] = {}
    vectors: dict[Modality, Tensor] = {}
    digests: dict[Modality, dict[str, str]] = {}
    with tqdm(total=len(sides) * len(kept), desc="embedding", unit="side", disable=not progress) as bar:
        for side in sides:
            ids[side], vectors[side] = (), torch.empty(0, model.dimensions)
            if side in model.encoders:
                some = _Openings(side, sides[side], kept, (same or {}).get(side, ()), lenient, problems)
                ids[side], vectors[side] = some.embedded(model, bar)
                digests[side] = some.digests
    findable = {id for names in (*ids.values(), *(same or {}).values()) for id in names}
    told = kept if lenient else [p for p in kept if p.id in {problem.product for problem in problems}]
    lost = {product.id for product in told} - findable
    problems += [
        RowProblem(product.line, "nothing of it can be searched; it is left out", product.id)
        for product in kept
        if product.id in lost
    ]
    problems.sort(key=lambda problem: problem.line or 0)
    return EmbeddedProducts(
        tuple(product for product in kept if product.id not in lost), ids, vectors, tuple(problems), digests
    )


@dataclass
class _Openings:
    """One side of some products, opened one after the other.

    What cannot be opened is taken out of ``products``, and noted in ``problems``, or raises.
    """

    side: Modality
    how: Side
    products: list[Product]
    same: Collection[str]
    lenient: bool
    problems: list[RowProblem]
    digests: dict[str, str] = field(default_factory=dict)

    def embedded(self, model: Model, bar: tqdm) -> tuple[tuple[str, ...], Tensor]:
        """The ids of the products that have this side, and their vectors."""
        rows: dict[str, int] = {}  # id → row of the distinct contents
        known: dict[object, int] = {}  # content → row
        waiting: list[Any] = []
        done: list[Tensor] = []
        numbers = 0
        for position, product in enumerate(self.products):
            bar.update()
            content = self.how.content(product)
            thing = None if product.id in self.same else self.opened(content, position, product)
            if thing is None:
                continue
            self.digests[product.id] = digest(content)
            size, key = _size_and_key(thing)
            if key not in known:
                known[key] = len(known)
                waiting.append(thing)
                numbers += size
                if len(waiting) == _BATCH or numbers > _MOST_NUMBERS:
                    done.append(model.embed(self.side, waiting))
                    waiting, numbers = [], 0
            rows[product.id] = known[key]
        done.append(model.embed(self.side, waiting))
        return tuple(rows), torch.cat(done)[list(rows.values())]

    def opened(self, content: Any, position: int, product: Product) -> Any:
        if isinstance(content, str):
            n = len(tokenise(content)) if self.lenient and len(content) > LONGEST else 0
            if n > LONGEST:
                cut = f"text: only the first {LONGEST:,} of its {n:,} words count"
                self.problems.append(RowProblem(product.line, cut, product.id))
            return content
        try:
            return None if content is None else self.how.open(content)
        except CrossmodalError as error:
            named = RowProblem(product.line, f"{self.side.value}: {error.problem}", product.id)
            if not self.lenient:
                raise type(error)(str(named), accepted=error.accepted, remedy=error.remedy) from error
            self.problems.append(named)
            if hasattr(product, self.side.value):
                self.products[position] = replace(product, **{self.side.value: None})
            return None


def digest(content: Any) -> str:
    """What tells a content from another: the same words, or the same bytes of a file; else nothing."""
    try:
        told = content.read_bytes() if isinstance(content, Path) else content
    except OSError:
        return ""
    told = told.encode() if isinstance(told, str) else told
    return hashlib.blake2b(told, digest_size=12).hexdigest() if isinstance(told, bytes) else ""


def _size_and_key(thing: Any) -> tuple[int, object]:
    """How many numbers it has, and a key that is the same for the same words, pixels or samples."""
    if isinstance(thing, str):
        return len(thing), thing
    content = np.ascontiguousarray(thing)
    return content.size, (content.shape, hashlib.blake2b(content.data, digest_size=16).digest())


def save_vectors(folder: Path, model_folder: Path, vectors: Mapping[Modality, Float[Tensor, "_ d"]]) -> Path:
    """Write the vectors of a shop beside its table, in half precision, with what they were made from.

    Parameters
    ----------
    folder : Path
        Holds ``products.csv``; ``vectors.safetensors`` is written there, or replaced.
    model_folder : Path
        Of the model that made them.
    vectors : mapping of side to (n, d)
        One row a product, in the order of the table.
    """
    halves = {side.value: rows.half().contiguous() for side, rows in vectors.items()}
    path = folder / "vectors.safetensors"
    with written_aside(path) as fresh:
        save_file(halves, fresh, {"made_from": _made_from(folder, model_folder)})
    return path


def load_vectors(folder: Path, model_folder: Path) -> dict[Modality, Float[Tensor, "_ d"]]:
    """Read what :func:`save_vectors` wrote.

    Raises
    ------
    StorageError
        If there is nothing, or it was made by another model or from another table.
    """
    accepted = "vectors.safetensors, made from the table and the model that lie there."
    remedy = "Make them again: python -m crossmodal_edu.recipes vectors"
    with (
        reading(folder, "vectors of this table and model, and cannot be used", accepted, remedy),
        safe_open(folder / "vectors.safetensors", "pt") as file,
    ):
        if file.metadata().get("made_from") != _made_from(folder, model_folder):
            raise ValueError("made from another table, or by another model")
        return {Modality(side): file.get_tensor(side).float() for side in file.keys()}  # noqa: SIM118


def _made_from(folder: Path, model_folder: Path) -> str:
    """The hash of the table and of the model, by which vectors are known to be theirs."""
    parts = [folder / "products.csv", *sorted(p for p in model_folder.glob("*/*") if p.is_file())]
    total = hashlib.sha256()
    for path in parts:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
