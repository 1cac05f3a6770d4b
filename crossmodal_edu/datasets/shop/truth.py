"""What is true of one generated product, and how alike two products are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from crossmodal_edu.datasets.shop.attributes import BRANDS, COLOURS, PATTERNS, PRODUCT_TYPES, ProductType

GRADED = ("type", "style", "colour", "accent", "pattern", "material", "brand")
"""The attributes that make a product what it is. Two products are as relevant to each
other as the share of these on which they agree."""

_SPLIT_SHARES = (("train", 0.6), ("validation", 0.7), ("test", 1.0))


@dataclass(frozen=True)
class Truth:
    """The attributes of one product, each a name from :mod:`.attributes`.

    ``accent`` is the second colour: straps, soles, buttons and the pattern are
    painted with it.
    """

    type: str
    style: str
    colour: str
    accent: str
    pattern: str
    material: str
    brand: str
    price: float
    sizes: tuple[str, ...]
    stock: int

    @property
    def product_type(self) -> ProductType:
        return next(kind for kind in PRODUCT_TYPES if kind.name == self.type)

    @property
    def identity(self) -> tuple[str, ...]:
        """The values of :data:`GRADED`: price, sizes and stock may change, these may not."""
        return tuple(getattr(self, name) for name in GRADED)

    @property
    def split(self) -> str:
        """Train, validation or test, decided by the identity alone.

        So a product of the test split of one shop never appears in the training
        split of another, whatever the seed and however many are made.
        """
        digest = hashlib.sha256("|".join(self.identity).encode()).digest()
        share = int.from_bytes(digest[:8], "big") / 2**64
        return next(name for name, limit in _SPLIT_SHARES if share < limit)


def draw_truth(rng: np.random.Generator) -> Truth:
    """Draw the attributes of one product.

    Four products in ten are plain; the accent always differs from the colour.
    """
    kind = PRODUCT_TYPES[rng.integers(len(PRODUCT_TYPES))]
    colour, accent = rng.choice(len(COLOURS), size=2, replace=False)
    brand = BRANDS[rng.integers(len(BRANDS))]
    plain = rng.random() < 0.4
    pattern = PATTERNS[0] if plain else PATTERNS[1 + rng.integers(len(PATTERNS) - 1)]
    low, high = kind.price
    price = low + (high - low) * rng.beta(1.5, 3.0) * brand.price_level
    first = rng.integers(len(kind.sizes))
    return Truth(
        type=kind.name,
        style=kind.styles[rng.integers(len(kind.styles))].name,
        colour=COLOURS[colour].name,
        accent=COLOURS[accent].name,
        pattern=pattern.name,
        material=kind.materials[rng.integers(len(kind.materials))],
        brand=brand.name,
        price=float(np.floor(price) + 0.99),
        sizes=kind.sizes[first : first + 1 + rng.integers(len(kind.sizes) - first)],
        stock=int(rng.integers(0, 60)),
    )


def relevance(one: Truth, other: Truth) -> float:
    """How relevant two products are to each other: the share of equal attributes, 0 to 1."""
    return sum(a == b for a, b in zip(one.identity, other.identity, strict=True)) / len(GRADED)
