"""Words drown pictures: how are the cosines of a product's sides put on one scale?

The claim: a product is found by its picture alone nearly as well as by its title, and products with
titles are found as before, if a side counts by how rare its cosine is between different products, and
if another side than the first counts a power of ten less. The rarity is measured on the training side,
once for each model: two numbers for each modality of a query and each side of a product.

Chosen on the validation sides; the test side of the shop is measured as it is and with the winner only.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from crossmodal_edu.audio.speech import speak_title
from crossmodal_edu.datasets.fashion import load_fashion, same_product
from crossmodal_edu.datasets.shop import load_shop, truths
from crossmodal_edu.datasets.shop.pictures import render
from crossmodal_edu.embedding import embed_products
from crossmodal_edu.evaluation.intervals import paired_difference
from crossmodal_edu.image.augment import random_views
from crossmodal_edu.modality import Modality, open_image
from crossmodal_edu.pretrained import load_pretrained
from crossmodal_edu.retrieval.merging import FIRST, SAMPLE, fisher

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO
SHARE, DISCOUNT = 0.02, 1.0
COLUMNS = ("R@1", "R@10", "MRR", "R@10, half blank", "R@10 of the blank")

Sides = Mapping[Modality, Tensor]  # cosines or scores (q, n); vectors (n, d); or who has the side (n,)


class Scale(NamedTuple):
    """Of the cosines between different products, for one modality of query and one side."""

    mean: float
    deviation: float
    zero: float  # Fisher's z at which the line of the rarity crosses 0
    tenfold: float  # by how much it rises for each power of ten


class Part(NamedTuple):
    """A gallery; queries by name, with their modality and their right products; the scales of the model."""

    name: str
    gallery: Sides
    searches: Mapping[str, tuple[Modality, Tensor, Sequence[Sequence[int]]]]
    scales: Mapping[tuple[Modality, Modality], Scale]


def scale(asked: Tensor, side: Tensor, same: Tensor) -> Scale:
    """Measured on all pairs but the ``same``: mean and deviation, and the tail of the nearest SHARE."""
    cosines = (asked @ side.T)[~same]
    heights = fisher(cosines)
    start = float(np.quantile(heights.numpy(), 1 - SHARE))
    tenfold = float((heights[heights > start] - start).mean()) * math.log(10)
    return Scale(float(cosines.mean()), float(cosines.std()), start + tenfold * math.log10(SHARE), tenfold)


def scales_here(part: Part, has: Sides, asked: Modality) -> dict[Modality, Scale]:
    """Measured on the gallery itself; where it lacks the modality of the query, those of the model."""
    found = {side: part.scales[asked, side] for side in part.gallery}
    if asked in part.gallery:
        rows = has[asked].nonzero().squeeze(1)[:SAMPLE]
        for side, vectors in part.gallery.items():
            columns = has[side].nonzero().squeeze(1)
            same = rows[:, None] == columns[None]
            found[side] = scale(part.gallery[asked][rows], vectors[columns], same)
    return found


def largest(scores: Sides, has: Sides, order: Sequence[Modality] = (), discount: float = 0.0) -> Tensor:
    """The best side of each product; what is not its first in the ``order`` counts ``discount`` less."""
    best, had = torch.tensor(-torch.inf), torch.tensor(False)
    for side in [side for side in order or scores if side in scores]:
        best = torch.maximum(best, torch.where(has[side], scores[side] - discount * had, -torch.inf))
        had = had | has[side]
    return best


def mean(scores: Sides, has: Sides) -> Tensor:
    return sum(torch.where(has[s], scores[s], 0.0) for s in scores) / sum(has[s].int() for s in scores)


def z(cosines: Sides, scales: Mapping[Modality, Scale]) -> Sides:
    return {s: (cosines[s] - scales[s].mean) / scales[s].deviation for s in cosines}


def rarity(cosines: Sides, scales: Mapping[Modality, Scale]) -> Sides:
    """3 says: of a thousand pairs of different products, one is as near."""
    return {s: (fisher(cosines[s]) - scales[s].zero) / scales[s].tenfold for s in cosines}


METHODS: dict[str, Callable[[Sides, Sides, Mapping[Modality, Scale], Sequence[Modality]], Tensor]] = {
    "largest cosine (as it is)": lambda c, has, scales, order: largest(c, has),
    "mean z": lambda c, has, scales, order: mean(z(c, scales), has),
    "largest z": lambda c, has, scales, order: largest(z(c, scales), has),
    "first side, z": lambda c, has, scales, order: largest(z(c, scales), has, order, DISCOUNT),
    "largest rarity": lambda c, has, scales, order: largest(rarity(c, scales), has),
    "first side, rarity": lambda c, has, scales, order: largest(rarity(c, scales), has, order, DISCOUNT),
}
WINNER, HERE = "first side, rarity", "the same, measured on the gallery"


def values(scores: Tensor, right: Sequence[Iterable[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hit@1, R@10 (of at most ten) and MRR; NaN for a query without a right product."""
    places = scores.argsort(dim=1, descending=True, stable=True).argsort(dim=1).numpy() + 1
    found = [np.sort(row[list(some)]) for row, some in zip(places, right, strict=True)]
    firsts = np.array([some[0] if len(some) else np.nan for some in found])
    tens = [(some <= 10).sum() / min(10, len(some)) if len(some) else np.nan for some in found]
    return np.where(np.isnan(firsts), np.nan, firsts == 1), np.array(tens), 1 / firsts


def measure(part: Part, query: str, name: str) -> dict[str, np.ndarray]:
    """The COLUMNS, one value a unit: all titles there; and each half in turn as pictures alone."""
    asked, vectors, right = part.searches[query]
    cosines = {side: vectors @ rows.T for side, rows in part.gallery.items()}
    n = len(part.gallery[TEXT])

    def score(blank: Tensor) -> Tensor:
        has = {side: ~blank if side is not IMAGE else torch.ones(n, dtype=torch.bool) for side in cosines}
        scales = {side: part.scales[asked, side] for side in cosines}
        if name == HERE:
            scales = scales_here(part, has, asked)
        return METHODS[WINNER if name == HERE else name](cosines, has, scales, FIRST[asked])

    found = values(score(torch.zeros(n, dtype=torch.bool)), right)
    half, blanks = [], []
    for parity in (0, 1):
        scores = score(torch.arange(n) % 2 == parity)
        half.append(values(scores, right)[1])
        blanks.append(values(scores, [[i for i in some if i % 2 == parity] for some in right])[1])
    rows = dict(zip(COLUMNS, (*found, np.mean(half, axis=0), np.nanmean(blanks, axis=0)), strict=True))
    per_unit = 5 if query == "caption" else 1  # five captions are one product's
    return {column: row.reshape(-1, per_unit).mean(axis=1) for column, row in rows.items()}


def bearers(things: Iterable[tuple[int, object]]) -> dict[object, list[int]]:
    where = defaultdict(list)
    for i, thing in things:
        where[thing].append(i)
    return where


def model_scales(name: str) -> dict[tuple[Modality, Modality], Scale]:
    """Of all pairs of modalities, from SAMPLE products of the training side."""
    model = load_pretrained(name)
    training = (load_shop() if name == "shop" else load_fashion()).split("train")
    sample = training.take(np.random.default_rng(0).choice(len(training), SAMPLE, replace=False).tolist())
    vectors = dict(embed_products(model, sample).vectors)
    if name == "fashion":  # it has no sounds of its own
        vectors[AUDIO] = model.embed(AUDIO, [speak_title(p.title, int(p.id)) for p in sample])
    same = torch.eye(SAMPLE, dtype=torch.bool)
    return {(a, b): scale(vectors[a], vectors[b], same) for a in vectors for b in vectors}


def shop_part(name: str = "shop", model_name: str = "shop", split: str = "validation") -> Part:
    """Asked by the products of the split; the gallery of validation holds those of training as well."""
    shop, model = load_shop(), load_pretrained(model_name)
    asking = list(shop.split(split))
    products = asking + (list(shop.split("train")) if split == "validation" else [])
    own = [[i] for i in range(len(asking))]
    said = bearers((i, caption) for i, p in enumerate(products) for caption in set(p.captions))
    captions = [caption for p in asking for caption in p.captions]
    searches = {"caption": (TEXT, model.embed(TEXT, captions), [said[c] for c in captions])}
    if model_name == "shop":
        drawn = [render(truth, np.random.default_rng([99, i])) for i, truth in enumerate(truths(asking))]
        spoken = [speak_title(p.captions[0], i, held_out=True) for i, p in enumerate(asking)]
        searches["Chinese title"] = TEXT, model.embed(TEXT, [p.title_zh for p in asking]), own
        searches["another picture"] = IMAGE, model.embed(IMAGE, [open_image(p) for p in drawn]), own
        searches["spoken caption"] = AUDIO, model.embed(AUDIO, spoken), [said[c] for c in captions[::5]]
    return Part(name, embed_products(model, products).vectors, searches, model_scales(model_name))


def fashion_part() -> Part:
    """Each distinct product of the validation side asks among them and every twelfth of training."""
    fashion, model = load_fashion(), load_pretrained("fashion")
    products = [*fashion.split("validation"), *list(fashion.split("train"))[::12]]
    groups = same_product([p.title for p in products], [p.image for p in products])
    alike = [some for some in bearers(enumerate(groups)).values() if products[some[0]].split == "validation"]
    asking = [products[some[0]] for some in alike]
    rng, light = np.random.default_rng(0), torch.Generator().manual_seed(0)

    def half(words: list[str]) -> str:
        return " ".join(words[j] for j in sorted(rng.permutation(len(words))[: -(-len(words) // 2)]))

    def view(picture: Image.Image) -> Image.Image:
        pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
        return open_image(Image.fromarray(random_views(pixels, light)[0].permute(1, 2, 0).byte().numpy()))

    kinds = (" ".join(str(p.attributes.get(a, "")) for a in ("colour", "type", "usage")) for p in products)
    said = bearers(enumerate(kinds))
    said = {kind: some for kind, some in said.items() if products[some[0]].split == "validation"}
    titles = [half(p.title.split()) for p in asking]
    pictures = [view(open_image(p.image)) for p in asking]
    spoken = [speak_title(p.title, i, held_out=True) for i, p in enumerate(asking)]
    searches = {
        "half the words of a title": (TEXT, model.embed(TEXT, titles), alike),
        "colour, type and usage": (TEXT, model.embed(TEXT, list(said)), list(said.values())),
        "another view of a picture": (IMAGE, model.embed(IMAGE, pictures), alike),
        "spoken title": (AUDIO, model.embed(AUDIO, spoken), alike),
    }
    vectors = embed_products(model, products).vectors
    return Part("fashion", {s: vectors[s] for s in (TEXT, IMAGE)}, searches, model_scales("fashion"))


def table(part: Part, methods: Sequence[str] = (*METHODS, HERE)) -> str:
    """Markdown rows; after the first method with the difference to it and its 95 % interval."""
    lines = [f"### {part.name}: {len(part.gallery[TEXT]):,} products"]
    for query in part.searches:
        lines += ["", f"| {query} | {' | '.join(COLUMNS)} |", "|---" * (1 + len(COLUMNS)) + "|"]
        first: dict[str, np.ndarray] = {}
        for name in methods:
            rows, cells = measure(part, query, name), []
            for column, row in rows.items():
                base = first.setdefault(column, row)
                known = ~np.isnan(row)
                more = "" if base is row else f"; {paired_difference(row[known], base[known])}"
                cells.append(f"{row[known].mean():.3f}{more}")
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> str:
    torch.set_num_threads(1)
    parts = (shop_part(), fashion_part(), shop_part("shop, seen by the model fashion", "fashion"))
    chosen = "\n".join(table(part) for part in parts)
    tested = table(shop_part("shop, test side", split="test"), [next(iter(METHODS)), WINNER])
    return f"""## How are the sides of a product merged?

Right are the same product, or all products of which the words are true (R@10 then counts up to ten). Half
blank: every second product is a picture alone, each half in turn; of the blank: how many of these are found.
After the semicolon: the difference to the first row, with its 95 % paired bootstrap interval over products
(over queries for colour, type and usage).
Chosen on the validation sides; the scales come from {SAMPLE} products of the training side.

{chosen}
{tested}"""
