"""Contrastive learning: matching things are drawn together, all others pushed apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.encoders import NetworkEncoder
from crossmodal_edu.modality import Modality


def contrastive_loss(
    one: Float[Tensor, "n d"],
    other: Float[Tensor, "n d"],
    temperature: float | Float[Tensor, ""],
    groups: Int[Tensor, "n"] | None = None,
) -> Float[Tensor, ""]:
    """How badly row i of one kind finds row i of the other among all n, both ways.

    Parameters
    ----------
    one, other : (n, d)
        Unit vectors; row i of both belongs to the same product.
    temperature : float
        Cosines are divided by it: the smaller, the more the nearest mistakes count.
    groups : (n,), optional
        Rows with the same number are the same thing, such as two products under one
        title; each counts as an equally right answer for the others.

    Returns
    -------
    scalar
        Mean cross-entropy of both directions, in nats; ln n for vectors that know nothing.

    Notes
    -----
    Chapter 12. Zhang et al. (2022), equations 2 to 4; Radford et al. (2021), figure 3.

    Examples
    --------
    >>> vectors = torch.eye(3)
    >>> contrastive_loss(vectors, vectors, temperature=0.1).item() < 0.001
    True
    """
    logits = one @ other.T / temperature  # (n, n)
    if groups is None:
        right = torch.eye(len(one), device=one.device)
    else:
        right = (groups[:, None] == groups[None, :]).float()
    right = right / right.sum(dim=1, keepdim=True)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


class ContrastiveLearner(nn.Module):
    """Encoders that learn together, and the temperature that they learn with.

    Parameters
    ----------
    encoders : iterable of NetworkEncoder
        One for each modality, all with vectors of one size.
    temperature : float
        Where the learned temperature of the loss starts.
    lowest : float
        Below which it does not sink.

    Notes
    -----
    Used in Chapter 12. Radford et al. (2021).
    """

    def __init__(self, encoders: Iterable[NetworkEncoder], temperature: float = 0.03, lowest: float = 0.01):
        super().__init__()
        self.lowest = lowest
        self.encoders = nn.ModuleDict({encoder.modality.value: encoder for encoder in encoders})
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)))

    @property
    def temperature(self) -> Float[Tensor, ""]:
        """The temperature of the loss, kept between ``lowest`` and 1."""
        return self.log_temperature.clamp(math.log(self.lowest), 0.0).exp()

    def forward(self, inputs: Mapping[Modality, Any]) -> dict[Modality, Float[Tensor, "n d"]]:
        """Prepared inputs of some modalities to unit vectors."""
        return {m: F.normalize(self.encoders[m.value](x).float(), dim=1) for m, x in inputs.items()}

    def loss(
        self, inputs: Mapping[Modality, Any], groups: Int[Tensor, "n"] | None = None
    ) -> Float[Tensor, ""]:
        """The mean contrastive loss over all pairs of the modalities given."""
        vectors = self(inputs)
        losses = [
            contrastive_loss(vectors[a], vectors[b], self.temperature, groups)
            for a, b in combinations(vectors, 2)
        ]
        return torch.stack(losses).mean()
