"""Make a shop of any size: one table, and a picture and a spoken title for each product."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from crossmodal_edu.audio.speech import VOICES, Voice, say
from crossmodal_edu.datasets.shop.load import load_shop
from crossmodal_edu.datasets.shop.pictures import render
from crossmodal_edu.datasets.shop.truth import Truth, draw_truth
from crossmodal_edu.datasets.shop.wording import write
from crossmodal_edu.errors import InputError, StorageError, TableError
from crossmodal_edu.packing import encode_opus
from crossmodal_edu.products import Catalog, Product

SPLITS = ("train", "validation", "test")
SHIPPED_PRODUCTS = 2_000
SHIPPED_SEED = 2_024
"""``make_shop(SHIPPED_PRODUCTS, SHIPPED_SEED, folder)`` makes the shop that ships."""

COLUMNS = (
    "id", "title", "description", "title_zh", "description_zh", "captions", "image", "audio", "split",
    "voice", "type", "style", "colour", "accent", "pattern", "material", "brand", "price", "sizes",
    "stock", "department",
)  # fmt: skip

_MOST = 1_000_000  # about a third of all the products that there can be
_BETWEEN_CAPTIONS, _BETWEEN_SIZES = " | ", ", "


def make_shop(
    n: int,
    seed: int,
    folder: str | Path,
    splits: Sequence[str] = SPLITS,
    progress: bool = True,
    workers: int = 1,
) -> Catalog:
    """Make a shop of ``n`` products.

    Every product has its own stream of random numbers, derived from the seed and its
    position. So the first products are the same in a small and in a large shop, and the
    same bytes come out with any number of workers.

    Parameters
    ----------
    n : int
        How many products, 1 to 1,000,000. No two agree in all attributes.
    seed : int
        0 or more.
    folder : str or Path
        A new or empty folder. ``products.csv``, ``images`` and ``audio`` appear in it together,
        when all is done; a run that is stopped leaves nothing.
    splits : sequence of str
        The splits to make products for. Which product is in which is decided by its
        attributes, so a training shop never holds a test product of another shop.
    progress : bool
        Show a progress bar.
    workers : int
        Processes that work side by side.

    Returns
    -------
    Catalog

    Raises
    ------
    InputError
        If an argument is out of range.
    StorageError
        If the folder is not empty or cannot be written.

    Notes
    -----
    Chapter 01. About 20 products a second on one core; 9 kB a product.

    Examples
    --------
    >>> import tempfile
    >>> shop = make_shop(2, seed=7, folder=tempfile.mkdtemp(), progress=False)
    >>> [product.attributes["type"] for product in shop]
    ['kite', 'drum']
    """
    _check(n, seed, splits, workers)
    if not isinstance(folder, (str, Path)) or not str(folder):
        raise InputError(f"The folder is {folder!r}.", accepted="the name of a new or empty folder.")
    folder = Path(folder).absolute()
    truths = _distinct_truths(n, seed, frozenset(splits))
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise StorageError(
                f"{folder} is not empty.",
                accepted="a new or an empty folder.",
                remedy="Choose another folder, or empty this one first.",
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write_shop(unfinished, truths, n, seed, progress, workers)
            unfinished.chmod(0o755)  # mkdtemp hides its folder from other users
            if folder.exists():
                folder.rmdir()
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as problem:
        raise StorageError(
            f"The shop cannot be written to {folder}: {problem.strerror or problem}.",
            accepted="a folder that you may write to, with about 9 kB of room for each product.",
            remedy="Choose another folder.",
        ) from None
    return load_shop(folder)


def truths(catalog: Iterable[Product]) -> list[Truth]:
    """What is true of each product of a generated shop.

    Raises
    ------
    TableError
        If the products do not carry the attributes of a generated shop.
    """
    found = []
    for product in catalog:
        values = dict(product.attributes)
        missing = [field.name for field in fields(Truth) if field.name not in values]
        if missing:
            raise TableError(
                f"Product {product.id} has no {missing[0]}.",
                accepted="a shop made by make_shop.",
                remedy="Open it with load_shop.",
            )
        sizes = values["sizes"]
        sizes = tuple(sizes.split(_BETWEEN_SIZES)) if isinstance(sizes, str) else (f"{sizes:g}",)
        known = {field.name: values[field.name] for field in fields(Truth)}
        found.append(Truth(**known | {"sizes": sizes, "stock": int(values["stock"])}))
    return found


def _check(n: int, seed: int, splits: Sequence[str], workers: int) -> None:
    for name, value, low, high in (
        ("n", n, 1, _MOST),
        ("seed", seed, 0, 2**63),
        ("workers", workers, 1, 256),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
            raise InputError(f"{name} is {value!r}.", accepted=f"a whole number from {low} to {high:,}.")
    if isinstance(splits, str) or not splits or not set(splits) <= set(SPLITS):
        raise InputError(
            f"The splits are {splits!r}.", accepted=f"one or more of {', '.join(SPLITS)}, as a tuple."
        )


def _stream(seed: int, index: int, purpose: int) -> np.random.Generator:
    """Random numbers for one purpose of one product; a change to its words leaves its picture alone."""
    return np.random.default_rng([int(seed), index, purpose])


_TRUTH, _WORDS, _PICTURE, _SOUND = range(4)


def _distinct_truths(n: int, seed: int, splits: frozenset[str]) -> Iterator[Truth]:
    """Draw each product again until it is new and in one of the splits."""
    seen: set[tuple[str, ...]] = set()
    for index in range(n):
        rng = _stream(seed, index, _TRUTH)
        truth = draw_truth(rng)
        while truth.identity in seen or truth.split not in splits:
            truth = draw_truth(rng)
        seen.add(truth.identity)
        yield truth


def _write_shop(
    folder: Path, truths: Iterator[Truth], n: int, seed: int, progress: bool, workers: int
) -> None:
    (folder / "images").mkdir()
    (folder / "audio").mkdir()
    make = partial(_make_product, seed=seed, folder=folder)
    # The map of a pool reads all its input at once: a table of truths, no pictures or sounds.
    with ProcessPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
        rows = pool.map(make, range(n), truths, chunksize=16) if pool else map(make, range(n), truths)
        with open(folder / "products.csv", "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows(tqdm(rows, total=n, unit="product", desc="shop", disable=not progress))


def _make_product(index: int, truth: Truth, *, seed: int, folder: Path) -> dict[str, object]:
    """Write the picture and the sound of one product, and return its row of the table."""
    name = f"{index:05d}"
    wording = write(truth, _stream(seed, index, _WORDS))
    image, audio = f"images/{name}.webp", f"audio/{name}.opus"
    render(truth, _stream(seed, index, _PICTURE)).save(folder / image, quality=80, method=6)
    rng = _stream(seed, index, _SOUND)
    voice = _draw_voice(truth.split, rng)
    waveform = say(wording.spoken, voice, speed=rng.uniform(0.85, 1.2), pitch=rng.uniform(0.9, 1.1))
    (folder / audio).write_bytes(encode_opus(waveform))
    return asdict(truth) | {
        "id": name,
        "title": wording.title,
        "description": wording.description,
        "title_zh": wording.title_zh,
        "description_zh": wording.description_zh,
        "captions": _BETWEEN_CAPTIONS.join(wording.captions),
        "image": image,
        "audio": audio,
        "split": truth.split,
        "voice": voice.name,
        "price": f"{truth.price:.2f}",
        "sizes": _BETWEEN_SIZES.join(truth.sizes),
        "department": truth.product_type.department,
    }


def _draw_voice(split: str, rng: np.random.Generator) -> Voice:
    """Half of the test products are spoken by a voice that no other split has heard."""
    held_out = split == "test" and rng.random() < 0.5
    voices = [voice for voice in VOICES if voice.language == "en" and voice.held_out == held_out]
    return voices[rng.integers(len(voices))]
