"""What each modality sees of a product, and products as vectors: opened, embedded, one vector a side."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from crossmodal_edu.errors import CrossmodalError, RankingError, StorageError
from crossmodal_edu.modality import OPENERS, Modality
from crossmodal_edu.products import Product
from crossmodal_edu.saving import written_aside
from crossmodal_edu.spaces.contrastive import CrossModalEncoder
from crossmodal_edu.tables import RowProblem
from crossmodal_edu.text.tokens import LONGEST, tokenise

CONTENTS: Mapping[Modality, Callable[[Product], Any]] = {
    Modality.TEXT: lambda product: product.text or product.text_zh or None,
    Modality.IMAGE: lambda product: product.image,
    Modality.AUDIO: lambda product: product.audio,
}
"""The sides of a product: what words, eyes and ears see of it; None where there is nothing."""

_BATCH = 256
_MOST_NUMBERS = 200_000_000  # pixels and samples of pictures and sounds that wait in memory


@dataclass(frozen=True, eq=False)
class EmbeddedProducts:
    """Products as vectors.

    ``products`` are those that can be found, without the pictures and sounds that could not be
    opened; ``ids`` and ``vectors`` hold for each side whose vectors there are, and the unit
    vectors; ``problems`` what could not be opened.
    """

    products: tuple[Product, ...]
    ids: Mapping[Modality, tuple[str, ...]]
    vectors: Mapping[Modality, Float[Tensor, "_ d"]]
    problems: tuple[RowProblem, ...]


def side_of(modality: Modality | str) -> Modality:
    """A side of products by name: text, image or audio.

    Raises
    ------
    RankingError
        If products have no such side.
    """
    try:
        side = Modality(modality)
    except ValueError:
        side = None
    if side not in CONTENTS:
        raise RankingError(
            f"Products have no side called {modality!r}.",
            accepted=", ".join(side.value for side in CONTENTS) + ".",
            remedy="Leave it out to compare with all of them.",
        )
    return side


def embed_products(
    model: CrossModalEncoder, products: Iterable[Product], lenient: bool = False, progress: bool = False
) -> EmbeddedProducts:
    """Turn every side of every product into a unit vector.

    Equal contents are embedded once, so that equal products have vectors that are equal to the
    last bit and rank in the order of the catalogue.

    Parameters
    ----------
    model : CrossModalEncoder
    products : iterable of Product
    lenient : bool
        Go on when a picture or sound cannot be opened: it is dropped and reported, and so is
        a product of which nothing remains.
    progress : bool
        Show a progress bar.

    Raises
    ------
    InputError
        If something cannot be opened, unless ``lenient``; the message names the product.
    """
    kept = list(products)
    problems: list[RowProblem] = []
    ids: dict[Modality, tuple[str, ...]] = {}
    vectors: dict[Modality, Tensor] = {}
    with tqdm(total=len(CONTENTS) * len(kept), desc="embedding", unit="side", disable=not progress) as bar:
        for side in CONTENTS:
            ids[side], vectors[side] = _embed_side(model, side, kept, problems if lenient else None, bar)
    findable = {id for names in ids.values() for id in names}
    lost = {problem.product for problem in problems} - findable
    problems += [
        RowProblem(product.line, "nothing of it can be searched; it is left out", product.id)
        for product in kept
        if product.id in lost
    ]
    problems.sort(key=lambda problem: problem.line or 0)
    return EmbeddedProducts(
        tuple(product for product in kept if product.id not in lost), ids, vectors, tuple(problems)
    )


def _embed_side(
    model: CrossModalEncoder,
    side: Modality,
    products: list[Product],
    problems: list[RowProblem] | None,
    bar: tqdm,
) -> tuple[tuple[str, ...], Tensor]:
    """Ids and vectors of one side; what cannot be opened is taken out of ``products`` and reported."""
    rows: dict[str, int] = {}  # id → row of the distinct contents
    known: dict[object, int] = {}  # content → row
    waiting: list[Any] = []
    embedded: list[Tensor] = []

    def flush() -> None:
        embedded.append(model.embed(side, waiting, _BATCH))
        waiting.clear()

    numbers = 0
    for position, product in enumerate(products):
        bar.update()
        content = CONTENTS[side](product)
        if content is None:
            continue
        try:
            thing = content if side is Modality.TEXT else OPENERS[side](content)
        except CrossmodalError as error:
            named = RowProblem(product.line, f"{side.value}: {error.problem}", product.id)
            if problems is None:
                raise type(error)(str(named), accepted=error.accepted, remedy=error.remedy) from error
            problems.append(named)
            products[position] = replace(product, **{side.value: None})
            continue
        if problems is not None and side is Modality.TEXT and (n := _too_many(thing)):
            cut = f"text: only the first {LONGEST:,} of its {n:,} words count"
            problems.append(RowProblem(product.line, cut, product.id))
        size, key = _size_and_key(thing)
        if key not in known:
            known[key] = len(known)
            waiting.append(thing)
            numbers += size
            if len(waiting) == _BATCH or numbers > _MOST_NUMBERS:
                flush()
                numbers = 0
        rows[product.id] = known[key]
    flush()
    return tuple(rows), torch.cat(embedded)[list(rows.values())]


def _too_many(text: str) -> int:
    """The words of a text that has more than count, else 0."""
    n = len(tokenise(text)) if len(text) > LONGEST else 0
    return n if n > LONGEST else 0


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
    try:
        with safe_open(folder / "vectors.safetensors", "pt") as file:
            if file.metadata().get("made_from") != _made_from(folder, model_folder):
                raise ValueError("made from another table, or by another model")
            return {side: file.get_tensor(side.value).float() for side in CONTENTS}
    except (OSError, ValueError, AttributeError, SafetensorError) as error:
        raise StorageError(
            f"The vectors of {folder.name!r} cannot be used ({error}).",
            accepted="vectors.safetensors, made from the table and the model that lie there.",
            remedy="Make them again: python -m crossmodal_edu.recipes vectors",
        ) from None


def _made_from(folder: Path, model_folder: Path) -> str:
    """The hash of the table and of the model, by which vectors are known to be theirs."""
    files = [folder / "products.csv", *(model_folder / name for name in ("settings.json", "vocabulary.txt"))]
    total = hashlib.sha256()
    for path in [*files, model_folder / "weights.safetensors"]:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
