"""A contest round a ring: eight heaps of points, and several generators that try to make them, side by side.

The weights of all networks have one more axis, the seeds, so that ten contests cost little more than one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.spaces.adversarial import gan_losses

HEAPS, SPREAD = 8, 0.1
_ANGLES = torch.arange(HEAPS) * 2 * torch.pi / HEAPS
CENTRES: Float[Tensor, "8 2"] = 2 * torch.stack([_ANGLES.cos(), _ANGLES.sin()], dim=1)
"""The middles of the heaps."""

_BATCH, _MOMENTS = 64, (300, 600, 1000, 1500, 3000)


def stretch(
    weights: Float[Tensor, "*s i o"], u: Float[Tensor, "*s 1 o"]
) -> tuple[Float[Tensor, "*s 1 1"], Float[Tensor, "*s 1 o"]]:
    """One round of the power method: there and back through a matrix.

    Parameters
    ----------
    weights : (…, i, o)
        One matrix, or one for each seed, that rows are multiplied with from the left.
    u : (…, 1, o)
        A direction, as the last round left it.

    Returns
    -------
    pair of (…, 1, 1) and (…, 1, o)
        How much the direction is stretched, from below the largest singular value; and the direction.

    Notes
    -----
    Chapter 11. Miyato et al. (2018), algorithm 1.

    Examples
    --------
    >>> u = torch.tensor([[0.6, 0.8]])
    >>> for _ in range(20):
    ...     stretched, u = stretch(torch.diag(torch.tensor([3.0, 1.0])), u)
    >>> stretched.round(decimals=4)
    tensor([[3.]])
    """
    with torch.no_grad():
        v = F.normalize(u @ weights.mT, dim=-1)
        u = F.normalize(v @ weights, dim=-1)
    return (v @ weights * u).sum(dim=-1, keepdim=True), u


def heaps_found(points: Float[Tensor, "s n 2"]) -> tuple[Int[np.ndarray, "s"], Float[np.ndarray, "s"]]:
    """How many heaps hold a fifth of their due or more, and the share of points in any.

    A point lies in a heap within three of its deviations from the middle.

    Notes
    -----
    Used in Chapter 11.

    Examples
    --------
    >>> heaps_found(CENTRES[None, [0, 0, 0, 3]])
    (array([2]), array([1.]))
    """
    distance, which = torch.cdist(points, CENTRES.expand(len(points), HEAPS, 2)).min(dim=-1)
    good = distance < 3 * SPREAD
    counts = torch.stack([(good & (which == heap)).sum(dim=1) for heap in range(HEAPS)], dim=1)
    return (counts >= points.shape[1] / HEAPS / 5).sum(dim=1).numpy(), good.double().mean(dim=1).numpy()


def play(
    *,
    saturating: bool = False,
    rates: tuple[float, float] = (1e-3, 2e-4),
    momentum: float = 0.9,
    penalty: float = 0.0,
    spectral: bool = False,
    seeds: int = 10,
    steps: int = 3000,
    start: int = 0,
) -> dict[str, Any]:
    """Let generators and discriminators of two hidden layers of 32 play for the ring.

    Parameters
    ----------
    saturating : bool
        The generator's loss, as for :func:`~crossmodal_edu.spaces.adversarial.gan_losses`.
    rates : (float, float)
        Learning rates of the generator and of the discriminator, which by default is too slow.
    momentum : float
        The first of Adam's two.
    penalty : float
        Charge for the squared slope of the discriminator's logit at real points.
    spectral : bool
        Divide each matrix of the discriminator by its largest singular value.
    seeds, steps : int
        Contests side by side, and how long they last.
    start : int
        Where all chance comes from.

    Returns
    -------
    dict
        ``modes`` and ``good``, one number for each seed, as :func:`heaps_found`; ``path``, the modes at a few
        moments; ``film``, some points of the first seed's generator then.

    Notes
    -----
    Used in Chapter 11. Metz et al. (2017) for the ring; Mescheder et al. (2018), equation 9, for the charge.

    Examples
    --------
    >>> play(seeds=3, steps=2)["modes"].shape
    (3,)
    """
    rng = torch.Generator().manual_seed(start)
    maker, judge = (_layers((2, 32, 32, out), seeds, rng) for out in (2, 1))
    directions = [torch.randn(seeds, 1, weights.shape[2], generator=rng) for weights in judge[::2]]
    adams = [
        torch.optim.Adam(net, rate, betas=(momentum, 0.999), fused=True)
        for net, rate in zip((maker, judge), rates, strict=True)
    ]

    def make(n: int, rng: torch.Generator = rng) -> Tensor:
        return _run(maker, torch.randn(seeds, n, 2, generator=rng))

    def judged(points: Tensor) -> Tensor:
        net = list(judge)
        if spectral:
            for i, u in enumerate(directions):  # one round a step: the weights change slowly
                stretched, directions[i] = stretch(judge[2 * i], u)
                net[2 * i] = judge[2 * i] / stretched
        return _run(net, points)

    def step(adam: torch.optim.Optimizer, net: list[Tensor], loss: Tensor) -> None:
        adam.zero_grad()
        (seeds * loss).backward(inputs=net)  # each seed its own mean; the other network needs no slopes
        adam.step()

    film, path = {}, {}
    look = torch.Generator().manual_seed(start)  # of its own: to look changes nothing
    for now in range(1, steps + 1):
        which = torch.randint(HEAPS, (seeds, _BATCH), generator=rng)
        real = CENTRES[which] + SPREAD * torch.randn(seeds, _BATCH, 2, generator=rng)
        real.requires_grad_(penalty > 0)
        both = judged(torch.cat([real, make(_BATCH).detach()], dim=1))
        told_real, told_made = both.split(_BATCH, dim=1)
        loss = gan_losses(told_real, told_made).discriminator
        if penalty:
            (slopes,) = torch.autograd.grad(told_real.sum(), real, create_graph=True)
            loss = loss + penalty / 2 * slopes.square().sum(dim=-1).mean()
        step(adams[1], judge, loss)
        made = gan_losses(told_real.detach(), judged(make(_BATCH)), saturating)
        step(adams[0], maker, made.generator)
        if now in _MOMENTS:
            points = make(2000, look).detach()
            film[f"step {now}"], path[now] = points[0, :400].numpy(), heaps_found(points)[0]
    modes, good = heaps_found(make(2000, look).detach())
    return {"modes": modes, "good": good, "path": {**path, steps: modes}, "film": film}


def _layers(sizes: tuple[int, ...], seeds: int, rng: torch.Generator) -> list[Tensor]:
    """Weights (seeds, inputs, outputs) and biases (seeds, 1, outputs) in turn."""
    net = []
    for i, o in pairwise(sizes):
        net += [torch.randn(seeds, i, o, generator=rng) * (2 / i) ** 0.5, torch.zeros(seeds, 1, o)]
    return [part.requires_grad_() for part in net]


def _run(net: list[Tensor], points: Float[Tensor, "s n i"]) -> Float[Tensor, "s n o"]:
    *hidden, weights, biases = net
    for w, b in zip(hidden[::2], hidden[1::2], strict=True):
        points = F.leaky_relu(torch.baddbmm(b, points, w), 0.2)
    return torch.baddbmm(biases, points, weights)
