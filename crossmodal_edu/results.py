"""What a search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from crossmodal_edu.modality import Modality
from crossmodal_edu.products import Product


@dataclass(frozen=True)
class Hit:
    """One search result: the product, its score, and the side of it that answered best.

    ``rank`` counts from 1 by score, over all pages. ``score`` says how rare it is that another product
    comes so near: 3 is one in a thousand. ``cosine`` is that of the side that matched.
    """

    rank: int
    product: Product
    score: float
    matched: Modality
    cosine: float

    def __repr__(self) -> str:
        return f"Hit({self.rank}, {self.product.id!r}, {self.score:.3f} by {self.matched.value})"


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

    @overload
    def __getitem__(self, position: int) -> Hit: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, position: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[position]

    def __repr__(self) -> str:
        first = ", ".join(f"{hit.product.id!r} {hit.score:.3f}" for hit in self.hits[:3])
        return f"Results({len(self)} found: {first}{', …' if len(self) > 3 else ''})"

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the products, in order."""
        return tuple(hit.product.id for hit in self.hits)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the pictures and sounds, in forms that JSON knows."""
        found = [
            {
                "rank": hit.rank,
                "id": hit.product.id,
                "score": round(hit.score, 4),
                "cosine": round(hit.cosine, 4),
                "matched": hit.matched.value,
                "title": hit.product.title,
                "attributes": dict(hit.product.attributes),
            }
            for hit in self.hits
        ]
        return {"asked": [side.value for side in self.asked], "found": found, "notes": list(self.notes)}
