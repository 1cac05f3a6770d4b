"""Autoencoders: each modality through a narrow door and back, alone or with the codes of a pair tied."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.network import NetworkSpace
from crossmodal_edu.spaces.space import Features, check_dimensions, check_fitted, paired
from crossmodal_edu.training import inference


def mean_squared_error(given: Float[Tensor, "n d"], wanted: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """The mean over rows and coordinates of the squared difference.

    A mean in both: a sum over coordinates would grow with their number, and the learning rate that
    suits 100 numbers would be 14 times too high for 1,408.

    Parameters
    ----------
    given, wanted : (n, d)

    Returns
    -------
    scalar

    Notes
    -----
    Chapter 10.

    Examples
    --------
    >>> mean_squared_error(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]]))
    tensor(2.5000)
    """
    return (given - wanted).square().mean()


def cross_entropy_of_shares(logits: Float[Tensor, "n d"], wanted: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """The mean over rows and coordinates of the cross-entropy of numbers between 0 and 1.

    Parameters
    ----------
    logits : (n, d)
        Any numbers x; σ(x) is the guess.
    wanted : (n, d)
        From 0 to 1, such as the brightness of a pixel.

    Returns
    -------
    scalar
        In nats. It ends above 0 even for a perfect guess, unless all that is wanted is 0 or 1.

    Notes
    -----
    Chapter 10. −t ln σ(x) − (1 − t) ln(1 − σ(x)) in a form that never overflows.

    Examples
    --------
    >>> cross_entropy_of_shares(torch.zeros(1, 1), torch.tensor([[0.3]])).exp()  # a guess of one half
    tensor(2.)
    """
    return (logits.clamp(min=0) - logits * wanted + (-logits.abs()).exp().log1p()).mean()


def repetition(codes: Float[Tensor, "n k"]) -> Float[Tensor, ""]:
    """How much the numbers of a code repeat each other, over a batch.

    Parameters
    ----------
    codes : (n, k)
        Each of the k numbers with mean 0 and spread 1 over the batch.

    Returns
    -------
    scalar
        For each number the squared correlations with all others, summed; the mean over the numbers:
        0 if none tells anything of another, k − 1 if all are the same.

    Notes
    -----
    Chapter 10. Bardes, Ponce, LeCun (2022), the covariance term; of codes of spread 1 these are correlations.
    Zbontar, Jing, Misra, LeCun, Deny (2021) take those between the codes of a pair instead.

    Examples
    --------
    >>> twice = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    >>> repetition(twice)
    tensor(1.)
    """
    products = codes.T @ codes / len(codes)  # (k, k)
    return (products - products.diag().diag()).square().sum() / len(products)


class Autoencoder(nn.Module):
    """An encoder into a few numbers, the code, and a decoder that rebuilds the input from them.

    Parameters
    ----------
    d : int
        Numbers of the input.
    bottleneck : int
        Numbers of the code.
    hidden : int
        Units of a layer on each side of the code; 0 for none, which makes both halves linear.
    dropout : float
        Share of the hidden units that are left out by chance in training.
    held : bool
        Bring each number of the code to mean 0 and spread 1 over the batch, so that it cannot shrink.

    Notes
    -----
    Chapter 10. Rumelhart, Hinton, Williams (1986); Hinton and Salakhutdinov (2006).

    Examples
    --------
    >>> narrow = Autoencoder(6, 2, hidden=4)
    >>> narrow.encode(torch.ones(3, 6)).shape, narrow(torch.ones(3, 6)).shape
    (torch.Size([3, 2]), torch.Size([3, 6]))
    """

    def __init__(self, d: int, bottleneck: int, hidden: int = 0, dropout: float = 0.0, held: bool = False):
        super().__init__()
        self.encoder = self.half(d, hidden, bottleneck, dropout)
        self.decoder = self.half(bottleneck, hidden, d, dropout)
        if held:
            self.encoder.append(nn.BatchNorm1d(bottleneck, affine=False))

    @staticmethod
    def half(d: int, hidden: int, out: int, dropout: float) -> nn.Sequential:
        """One linear layer, or two with ReLU in between."""
        if not hidden:
            return nn.Sequential(nn.Linear(d, out))
        return nn.Sequential(nn.Linear(d, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, out))

    def encode(self, inputs: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """The codes of inputs."""
        return self.encoder(inputs)

    def decode(self, codes: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """What codes stand for."""
        return self.decoder(codes)

    def forward(self, inputs: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Inputs as they come back."""
        return self.decode(self.encode(inputs))


class Autoencoders(NetworkSpace):
    """An autoencoder for each modality, trained alone: nothing ties the code of one to that of another.

    Parameters
    ----------
    dimensions : int
        Numbers of a code.
    hidden, dropout, epochs, batch_size, learning_rate, weight_decay, seed, device, progress
        As for :class:`NetworkSpace`.

    Notes
    -----
    Chapter 10.

    Examples
    --------
    >>> words = Features(torch.randn(8, 5, generator=torch.Generator().manual_seed(0)), list("abcdefgh"))
    >>> space = Autoencoders(2, hidden=4, epochs=2).fit({Modality.TEXT: words})
    >>> space.embed(Modality.TEXT, words.vectors).shape, space.aligned(Modality.TEXT, Modality.IMAGE)
    (torch.Size([8, 2]), False)
    """

    joint: ClassVar[bool] = False

    def build(self, d: int) -> nn.Module:
        """An untrained autoencoder of standardised features."""
        return Autoencoder(d, self.dimensions, self.hidden, self.dropout)

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> Autoencoders:
        """Train each modality to give back its own features.

        Raises
        ------
        SpaceError
            If a vector holds NaN or infinity, or a modality has fewer than two products.
        """
        vectors = {side: paired({side: given})[1][side] for side, given in features.items()}
        self.start(vectors)
        inputs = {side: self.networks[side.value][0](some) for side, some in vectors.items()}
        self.histories = [self.learn(self, {side: x}, type(self).loss) for side, x in inputs.items()]
        return self

    def embed(self, modality: Modality, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """The codes of vectors, at length one.

        Raises
        ------
        SpaceError
            If the space was not fitted on the modality, or on vectors of another size.
        """
        check_fitted(modality, self.networks)
        standardise, autoencoder = self.networks[modality.value]
        check_dimensions(modality, vectors, len(standardise.mean))
        with inference(autoencoder):
            return F.normalize(autoencoder.encode(standardise(vectors.to(standardise.mean.device)))).cpu()

    def loss(self, inputs: Mapping[Modality, Float[Tensor, "n _"]]) -> Float[Tensor, ""]:
        """How badly standardised features come back, as a mean over the modalities given."""
        came = [mean_squared_error(self.networks[side.value][1](x), x) for side, x in inputs.items()]
        return torch.stack(came).mean()


VARIANTS = ("own", "cross", "full")
"""Which modality a code has to rebuild: its own, each of the others, or all."""


class CorrespondenceAutoencoder(Autoencoders):
    """Autoencoders of all modalities, trained together: the codes of one product have to agree.

    Parameters
    ----------
    dimensions : int
        Numbers of a code.
    alpha : float
        Weight of the squared distance of the codes of a pair, as a mean over coordinates and pairs.
    reconstruction : float
        Weight of what comes back.
    decorrelation : float
        Weight of :func:`repetition`, as a mean over the modalities.
    variant : str
        "own", "cross" or "full": see :data:`VARIANTS`. The decoder of a modality is shared by all codes.
    settings
        As for :class:`NetworkSpace`.

    Raises
    ------
    SpaceError
        If a weight is negative, all are 0, or there is no such variant.

    Notes
    -----
    Chapter 10. Feng, Wang, Li (2014), section 3; there for two modalities, with codes that are not held
    and may repeat each other, and a decoder of its own for each way.

    Examples
    --------
    >>> hidden = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    >>> ids = [str(i) for i in range(64)]
    >>> sides = {Modality.TEXT: Features(hidden, ids), Modality.IMAGE: Features(-2 * hidden, ids)}
    >>> space = CorrespondenceAutoencoder(2, hidden=0, epochs=40, learning_rate=0.02).fit(sides)
    >>> words, pictures = (space.embed(side, given.vectors) for side, given in sides.items())
    >>> (words * pictures).sum(dim=1).mean().item() > 0.8
    True
    """

    joint: ClassVar[bool] = True

    def __init__(
        self,
        dimensions: int = 64,
        hidden: int = 256,
        alpha: float = 1.0,
        reconstruction: float = 1.0,
        decorrelation: float = 0.1,
        variant: str = "own",
        **settings: Any,
    ):
        super().__init__(dimensions, hidden, **settings)
        _check_weights((alpha, reconstruction, decorrelation), variant)
        self.alpha, self.reconstruction = alpha, reconstruction
        self.decorrelation, self.variant = decorrelation, variant

    def build(self, d: int) -> nn.Module:
        """An untrained autoencoder whose codes are held."""
        return Autoencoder(d, self.dimensions, self.hidden, self.dropout, held=True)

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> CorrespondenceAutoencoder:
        """Train all modalities together, on the products that have each of them.

        Raises
        ------
        SpaceError
            If a vector holds NaN or infinity, there is one modality alone, or too few products have all.
        """
        _check_sides(features)
        _, vectors = paired(features)
        self.start(vectors)
        inputs = {side: self.networks[side.value][0](some) for side, some in vectors.items()}
        self.histories = [self.learn(self, inputs, type(self).loss)]
        return self

    def loss(self, inputs: Mapping[Modality, Float[Tensor, "n _"]]) -> Float[Tensor, ""]:
        """What comes back wrong, how far codes of pairs are apart, what they repeat, each with its weight."""
        nets = {side: self.networks[side.value][1] for side in inputs}
        codes = {side: nets[side].encode(x) for side, x in inputs.items()}
        ways = [
            (a, b)
            for a, b in product(inputs, inputs)
            if self.variant == "full" or (a == b) == (self.variant == "own")
        ]
        came = [mean_squared_error(nets[b].decode(codes[a]), inputs[b]) for a, b in ways]
        apart = [mean_squared_error(codes[a], codes[b]) for a, b in combinations(inputs, 2)]
        alike = [repetition(code) for code in codes.values()]
        return (
            self.reconstruction * torch.stack(came).mean()
            + self.alpha * torch.stack(apart).mean()
            + self.decorrelation * torch.stack(alike).mean()
        )


def _check_weights(weights: tuple[float, ...], variant: str) -> None:
    if not min(weights) >= 0 or not 0 < sum(weights) < float("inf") or variant not in VARIANTS:
        raise SpaceError(
            f"The weights are {weights}, of pairs, of what comes back and of what codes repeat, and the "
            f"variant is {variant!r}.",
            accepted=f"weights of 0 or more, not all 0, and a variant of {', '.join(VARIANTS)}.",
        )


def _check_sides(features: Mapping[Modality, Features]) -> None:
    if len(features) < 2:
        raise SpaceError("There is nothing to correspond to.", accepted="two modalities or more.")
