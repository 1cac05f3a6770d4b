"""Contrastive learning: matching things are drawn together, all others pushed apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.encoders import NetworkEncoder
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.network import NetworkSpace
from crossmodal_edu.spaces.space import Features, paired


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

    Raises
    ------
    SpaceError
        If the two are not of one shape (n, d) with n ≥ 1, the temperature is not above 0, or
        there is not one group a row.

    Notes
    -----
    Chapter 12. Zhang et al. (2022), equations 2 to 4; Radford et al. (2021), figure 3.

    Examples
    --------
    >>> vectors = torch.eye(3)
    >>> contrastive_loss(vectors, vectors, temperature=0.1).item() < 0.001
    True
    """
    check_batch(one, other, temperature, groups)
    logits = one @ other.T / temperature  # (n, n)
    if groups is None:
        groups = torch.arange(len(one), device=one.device)
    right = (groups[:, None] == groups[None, :]).float()
    right = right / right.sum(dim=1, keepdim=True)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def sigmoid_loss(
    one: Float[Tensor, "n d"],
    other: Float[Tensor, "n d"],
    temperature: float | Float[Tensor, ""],
    bias: float | Float[Tensor, ""],
    groups: Int[Tensor, "n"] | None = None,
) -> Float[Tensor, ""]:
    """How badly each pair of the batch, taken alone, is told to match or not to match.

    Parameters
    ----------
    one, other : (n, d)
        Unit vectors; row i of both belongs to the same product.
    temperature : float
        Cosines are divided by it; the paper's t is one over it.
    bias : float
        Added to every logit: well below 0 at the start, since nearly all pairs do not match.
    groups : (n,), optional
        Rows with the same number are the same thing: all their pairs match.

    Returns
    -------
    scalar
        The sum over all n² pairs of −ln σ(± logit), divided by n.

    Raises
    ------
    SpaceError
        As for :func:`contrastive_loss`.

    Notes
    -----
    Chapter 12. Zhai, Mustafa, Kolesnikov, Beyer (2023), equation 1 and algorithm 1.

    Examples
    --------
    >>> vectors = torch.eye(3)
    >>> sigmoid_loss(vectors, vectors, temperature=0.05, bias=-10.0).item() < 0.001
    True
    """
    check_batch(one, other, temperature, groups)
    logits = one @ other.T / temperature + bias  # (n, n)
    if groups is None:
        groups = torch.arange(len(one), device=one.device)
    signs = 2.0 * (groups[:, None] == groups[None, :]) - 1  # 1 where a pair matches, else −1
    return -F.logsigmoid(signs * logits).sum(dim=1).mean()


def alignment(
    one: Float[Tensor, "n d"], other: Float[Tensor, "n d"], power: float = 2.0
) -> Float[Tensor, ""]:
    """How far apart the two sides of a pair are: 0 if they coincide, up to 2 to that power.

    Parameters
    ----------
    one, other : (n, d)
        Unit vectors; row i of both belongs to the same product.
    power : float
        The distance is raised to it before the mean.

    Returns
    -------
    scalar

    Raises
    ------
    SpaceError
        If the two are not of one shape (n, d) with n ≥ 1.

    Notes
    -----
    Chapter 12. Wang and Isola (2020), section 4.1.

    Examples
    --------
    >>> alignment(torch.eye(2), -torch.eye(2))
    tensor(4.)
    """
    check_batch(one, other)
    return (one - other).norm(dim=1).pow(power).mean()


def uniformity(vectors: Float[Tensor, "n d"], sharpness: float = 2.0) -> Float[Tensor, ""]:
    """How unevenly vectors lie on the sphere: 0 if all are one point, the lower the more even.

    Parameters
    ----------
    vectors : (n, d)
        Unit vectors of one modality, n ≥ 2.
    sharpness : float
        The paper's t: how fast the potential of a pair falls with its squared distance.

    Returns
    -------
    scalar
        The logarithm of the mean over pairs of e to the −``sharpness`` · squared distance.

    Raises
    ------
    SpaceError
        If there are fewer than two vectors.

    Notes
    -----
    Chapter 12. Wang and Isola (2020), section 4.1.

    Examples
    --------
    >>> round(uniformity(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])).item(), 3)  # −2 · 2²
    -8.0
    """
    check_batch(vectors, vectors, n=2)
    return torch.pdist(vectors).square().mul(-sharpness).exp().mean().log()


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
    Chapter 12. Radford et al. (2021).
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


class ContrastiveHeads(NetworkSpace):
    """Small networks on features that stay as they are, trained by the contrastive loss.

    Rows of one product, such as several captions of its picture, are right answers for each other.

    Parameters
    ----------
    dimensions, hidden, **settings
        As for :class:`NetworkSpace`; half of the hidden units are left out by chance, unless ``dropout``
        says otherwise.
    by_label : bool
        Products with the same label are right answers for each other too: give ``fit`` the titles
        as labels, and equal titles are not told apart.

    Notes
    -----
    Chapter 12. Zhang et al. (2022).

    Examples
    --------
    >>> rows = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    >>> seen = {side: Features(rows, list("abcdefgh")) for side in (Modality.TEXT, Modality.IMAGE)}
    >>> space = ContrastiveHeads(2, epochs=1).fit(seen)
    >>> space.embed(Modality.IMAGE, rows).shape
    torch.Size([8, 2])
    """

    learner: ClassVar[type[ContrastiveLearner]] = ContrastiveLearner
    """Whose ``loss`` is made small, and whose temperature is learned; a subclass may have others."""

    def __init__(self, dimensions: int = 128, hidden: int = 512, *, by_label: bool = False, **settings: Any):
        super().__init__(dimensions, hidden, **{"dropout": 0.5, **settings})
        self.by_label = by_label

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> ContrastiveHeads:
        """Train a network for each modality, on products that have all of them.

        ``history`` holds what the training did.

        Raises
        ------
        SpaceError
            As :func:`paired`, or if a product lacks the label that it is to be grouped by.
        """
        ids, vectors = paired(features)
        check_groups(features, ids, labels, self.by_label)
        keys = [labels[id] for id in ids] if self.by_label else ids
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        groups = torch.tensor([numbers[key] for key in keys])
        self.start(vectors)
        learner = self.learner(())
        learner.encoders = self.networks

        def loss(learner: ContrastiveLearner, batch: Mapping[Any, Tensor]) -> Tensor:
            inputs = {side: batch[side] for side in vectors}
            return learner.loss(inputs, batch["groups"])

        self.history = self.learn(learner, {**vectors, "groups": groups}, loss)
        return self


def check_groups(features: Any, ids: Sequence[str], labels: Mapping[str, Any] | None, needed: bool) -> None:
    """Refuse a single modality, and products without a label where labels are needed.

    Raises
    ------
    SpaceError

    Notes
    -----
    Used in Chapter 12.
    """
    missing = [id for id in ids if needed and id not in (labels or {})]
    if len(features) < 2 or missing:
        raise SpaceError(
            f"There are {len(features)} modalities, and {len(missing)} of {len(ids)} products lack a label.",
            accepted="two modalities or more, and with by_label a label for each product, by its id.",
            remedy="Give labels={id: title}, or leave by_label out.",
        )


def check_batch(one: Tensor, other: Tensor, temperature: Any = 1.0, groups: Any = None, n: int = 1) -> None:
    """Refuse two sides that are no batch of pairs.

    Raises
    ------
    SpaceError
        If they are not of one shape (at least ``n``, d), the temperature is not above 0, or there
        is not one group a row.

    Notes
    -----
    Used in Chapter 12.
    """
    rows = one.shape[:1] if groups is None else groups.shape
    if (
        one.ndim != 2
        or one.shape != other.shape
        or len(one) < n
        or not temperature > 0
        or rows != one.shape[:1]
    ):
        shapes = f"{tuple(one.shape)}, {tuple(other.shape)} and groups of {tuple(rows)}"
        raise SpaceError(
            f"A batch of shapes {shapes} came with the temperature {float(temperature):g}.",
            accepted=f"two tables of one shape, n ≥ {n} rows, a group for each, and a temperature above 0.",
            remedy="Row i of both sides belongs to the same product; leave out those that lack a side.",
        )
