"""One list from several sides: how rare is a cosine between products that are not the same?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.space import Features

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO
FIRST: Mapping[Modality, tuple[Modality, ...]] = {
    TEXT: (TEXT, IMAGE, AUDIO),
    IMAGE: (IMAGE, TEXT, AUDIO),
    AUDIO: (TEXT, AUDIO, IMAGE),
}
"""For a query of each modality, the sides in the order of how well they answer it."""

SAMPLE = 500
"""Products on which the scales are measured."""

_FEWEST = 50  # from fewer products the tail of the cosines cannot be told
_SHARE = 0.02  # the tail: the nearest pairs
_DISCOUNT = 1.0  # another side than the first counts a power of ten less


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a query: its modality (None for a vector as such), its unit vector, and its weight.

    Notes
    -----
    Used in Chapter 14.
    """

    modality: Modality | None
    vector: Float[Tensor, "d"]
    weight: float = 1.0


def fisher(cosines: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Fisher's z of cosines: near 1, where a small step says much, it rises without end.

    Notes
    -----
    Used in Chapter 14. Fisher (1915).

    Examples
    --------
    >>> fisher(torch.tensor([0.0, 0.5, 1.0])).round(decimals=2)
    tensor([0.0000, 0.5500, 7.2500])
    """
    return cosines.clamp(-1 + 1e-6, 1 - 1e-6).atanh()


@dataclass(frozen=True)
class Scales:
    """For each modality of a query and each side: how a cosine becomes a rarity.

    A rarity of 3 says that of a thousand pairs of different products one is as near. Above a high
    threshold, how far values lie beyond it falls off exponentially; so the rarity is a straight line
    in Fisher's z, whose two constants come from the nearest pairs of different products.

    Parameters
    ----------
    constants : mapping of (modality of a query, side) to (zero, tenfold)
        Fisher's z at which the line crosses 0, and by how much it has to rise for each power of ten.
        Without them a score is the cosine.

    Notes
    -----
    Used in Chapter 14. Pickands (1975) for the tail; Tippett (1931) for taking the rarest.
    """

    constants: Mapping[tuple[Modality, Modality], tuple[float, float]]

    @classmethod
    def measured(
        cls, features: Mapping[Modality, Features], aligned: Callable[[Modality, Modality], bool]
    ) -> Scales:
        """From vectors of products, of which there should be some hundred; from fewer than 50, nothing."""
        constants = {}
        for asked, queries in features.items():
            rows = slice(SAMPLE)
            for side, gallery in features.items():
                if min(len(queries.ids), len(gallery.ids)) < _FEWEST or not aligned(asked, side):
                    continue
                same = np.array(queries.ids[rows])[:, None] == np.array(gallery.ids)[None, :]
                heights = fisher((queries.vectors[rows] @ gallery.vectors.T)[torch.from_numpy(~same)])
                start = float(np.quantile(heights.numpy(), 1 - _SHARE))
                tenfold = float((heights[heights > start] - start).mean()) * math.log(10)
                if tenfold > 0:  # not all are alike
                    constants[asked, side] = (start + tenfold * math.log10(_SHARE), tenfold)
        return cls(constants)

    def scores(self, parts: Sequence[Part], cosines: Mapping[Modality, Tensor]) -> tuple[Tensor, Tensor]:
        """The score of each product, and which of its sides gave it.

        Parameters
        ----------
        parts : sequence of Part
            Of the query. Several have the mean of their constants, and no first side.
        cosines : mapping of side to (n,)
            Of each product with the query; −∞ where it has no such side.

        Returns
        -------
        (n,), (n,) int64
            The largest rarity of a product's sides, where another side than its first counts ten
            times less; and the number of that side in ``cosines``.
        """
        scores = dict(cosines)
        if all(self._pairs(parts, side) for side in cosines):  # on one scale all, or none
            order = self.order(parts, list(cosines))
            had = torch.tensor(False)
            for side in order or cosines:
                rarity = self._rarity(parts, side, cosines[side])
                scores[side] = rarity - _DISCOUNT * had if order else rarity
                had = had | (cosines[side] > -torch.inf)
        best, number = torch.stack(list(scores.values())).max(dim=0)
        return best, number

    def order(self, parts: Sequence[Part], sides: Sequence[Modality]) -> list[Modality]:
        """The sides from the first to the last, if some answer the query better than others."""
        asked = parts[0].modality if len(parts) == 1 else None
        if asked is None or not all((asked, side) in self.constants for side in sides):
            return []
        known = [side for side in FIRST.get(asked, (asked,)) if side in sides]
        return known + [side for side in sides if side not in known]

    def to_dict(self) -> dict[str, list[float]]:
        """In forms that JSON knows."""
        return {f"{asked.value} {side.value}": list(pair) for (asked, side), pair in self.constants.items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Scales:
        """What :meth:`to_dict` gave."""
        constants = {}
        for name, (zero, tenfold) in content.items():
            asked, side = map(Modality, name.split())
            constants[asked, side] = (float(zero), float(tenfold))
        return cls(constants)

    def _pairs(self, parts: Sequence[Part], side: Modality) -> list[tuple[float, tuple[float, float]]]:
        """For a side, the weights of the parts and their constants; nothing if some are not known."""
        pairs = []
        for part in parts:
            # A vector as such may be of any modality.
            asked = [part.modality] if part.modality else [one for one, s in self.constants if s == side]
            pairs += [(abs(part.weight), self.constants.get((one, side))) for one in asked]
        return [] if any(pair is None for _, pair in pairs) else pairs  # type: ignore[return-value]

    def _rarity(self, parts: Sequence[Part], side: Modality, cosines: Tensor) -> Tensor:
        weights, pairs = zip(*self._pairs(parts, side), strict=True)
        zero, tenfold = np.average(pairs, axis=0, weights=weights)
        # In double precision, so that equal cosines have equal scores on every processor.
        rarity = (fisher(cosines.double()) - zero) / tenfold
        return torch.where(cosines > -torch.inf, rarity, -torch.inf).float()
