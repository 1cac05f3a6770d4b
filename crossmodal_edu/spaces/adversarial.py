"""Networks in contest: a generator against a discriminator, and encoders against a judge of modalities."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.network import NetworkSpace
from crossmodal_edu.spaces.space import Features, paired
from crossmodal_edu.training import History, Turn


class GanLosses(NamedTuple):
    """What each of two networks in contest wants to make small.

    Notes
    -----
    Used in Chapter 11.
    """

    discriminator: Float[Tensor, ""]
    generator: Float[Tensor, ""]


def gan_losses(real: Float[Tensor, "..."], made: Float[Tensor, "..."], saturating: bool = False) -> GanLosses:
    """The losses of a discriminator and of the generator that it judges.

    Parameters
    ----------
    real, made : any shape
        The discriminator's logits of real things and of things that were made; σ(logit) is the
        probability that it gives to "real".
    saturating : bool
        The generator lowers ln(1 − D), as in the game of the formula; else it raises ln D, whose
        slope does not vanish where the discriminator is sure that a thing was made.

    Returns
    -------
    GanLosses
        Means in nats. The discriminator's is 2 ln 2 where it knows nothing.

    Notes
    -----
    Chapter 11. Goodfellow et al. (2014), equation 1 and section 3.

    Examples
    --------
    >>> gan_losses(torch.zeros(3), torch.zeros(3)).discriminator.exp().round()  # 2 ln 2 = ln 4
    tensor(4.)
    """
    discriminator = F.softplus(-real).mean() + F.softplus(made).mean()  # −ln D − ln(1 − D)
    generator = -F.softplus(made).mean() if saturating else F.softplus(-made).mean()
    return GanLosses(discriminator, generator)


def reverse_gradient(x: Float[Tensor, "..."], strength: float = 1.0) -> Float[Tensor, "..."]:
    """The same numbers; on the way back the gradient is multiplied by −strength.

    What lies behind it learns to lower a loss, and what lies before it to raise the same loss.

    Parameters
    ----------
    x : any shape
    strength : float
        0 lets no gradient through.

    Returns
    -------
    the shape of x

    Notes
    -----
    Chapter 11. Ganin and Lempitsky (2015), equations 9 and 10.

    Examples
    --------
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> reverse_gradient(x, 0.5).square().backward()
    >>> x.grad  # of x²: 6, turned round and halved
    tensor(-3.)
    """
    return x.detach() - strength * (x - x.detach())


def triplet_loss(
    one: Float[Tensor, "n d"], other: Float[Tensor, "n d"], kinds: Int[Tensor, "n"], margin: float = 0.3
) -> Float[Tensor, ""]:
    """Is each vector nearer to its partner than to the other modality's things of another kind?

    Parameters
    ----------
    one, other : (n, d)
        Unit vectors; row i of both is the same product.
    kinds : (n,)
        A number for each product's kind. Other products of one kind are no wrong answers.
    margin : float
        By how much the partner's cosine should be ahead.

    Returns
    -------
    scalar
        Mean over all triplets (i, i, j) whose kinds differ; 0 if there is none.

    Notes
    -----
    Chapter 11. Wang et al. (2017), equation 5, with cosines for distances.

    Examples
    --------
    >>> triplet_loss(torch.eye(2), torch.eye(2), torch.tensor([0, 1]))
    tensor(0.)
    """
    cosines = one @ other.T  # (n, n)
    short = F.relu(margin + cosines - cosines.diagonal()[:, None])
    wrong = kinds[:, None] != kinds[None, :]
    return (short * wrong).sum() / wrong.sum().clamp(min=1)


class GenerativeFeatures(NetworkSpace):
    """A GAN for each modality alone; what its discriminator sees in a vector is the feature.

    The generators are thrown away. Nothing ties one modality to another.

    Parameters
    ----------
    dimensions, hidden, dropout, epochs, batch_size, learning_rate, weight_decay, seed, device, progress
        As for :class:`NetworkSpace`.

    Notes
    -----
    Chapter 11. Radford, Metz, Chintala (2016), section 5.

    Examples
    --------
    >>> words = Features(torch.randn(8, 5, generator=torch.Generator().manual_seed(0)), list("abcdefgh"))
    >>> space = GenerativeFeatures(2, hidden=4, epochs=2).fit({Modality.TEXT: words})
    >>> space.embed(Modality.TEXT, words.vectors).shape, space.aligned(Modality.TEXT, Modality.IMAGE)
    (torch.Size([8, 2]), False)
    """

    joint: ClassVar[bool] = False

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> GenerativeFeatures:
        """Train a generator and a discriminator for each modality.

        Raises
        ------
        SpaceError
            If a vector holds NaN or infinity, or a modality has fewer than two products.
        """
        vectors = {side: paired({side: given})[1][side] for side, given in features.items()}
        self.start(vectors)
        self.histories: dict[Modality, History] = {}
        for side, some in vectors.items():
            game = self.game(self.networks[side.value], some.shape[1])
            turns = _turns(self, self.losses, game["makes"], nn.ModuleList([game["sees"], game["judges"]]))
            self.histories[side] = self.learn(game, {"real": self.networks[side.value][0](some)}, turns)
        return self

    def game(self, network: nn.Sequential, d: int) -> nn.ModuleDict:
        """A generator of vectors of d numbers out of noise, and a discriminator on top of a network."""
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            makes, judges = _layers(self.dimensions, self.hidden, d), nn.Linear(self.dimensions, 1)
        return nn.ModuleDict({"makes": makes, "sees": network, "judges": nn.Sequential(nn.ReLU(), judges)})

    def losses(self, game: Any, batch: Mapping[str, Float[Tensor, "n d"]]) -> GanLosses:
        """Of the discriminator, on real rows and as many made of noise, and of the generator."""
        real = batch["real"]
        made = game["makes"](torch.randn(len(real), self.dimensions, device=real.device))
        _, features = game["sees"]  # behind the standardisation
        return gan_losses(game["judges"](features(real)), game["judges"](features(made)))


class CrossGenerator(NetworkSpace):
    """From each modality a generator of the vectors that another one, the target, has.

    The space is that of the target's standardised features. A discriminator for each generator tells
    made vectors from real ones, and ``tie`` pulls what is made of a thing to the vector of that thing.

    Parameters
    ----------
    target : Modality
        Whose features the others are turned into.
    tie : float
        Weight of the mean squared distance to the partner; 0 leaves only the discriminator.
    adversary : float
        Weight of the generator's adversarial loss; 0 leaves a regression by networks.
    pairs : bool
        Show the discriminator what a vector was made of, too; else the vector alone.
    settings
        As for :class:`NetworkSpace`, but ``dimensions``, which are the target's.

    Notes
    -----
    Chapter 11. Mirza and Osindero (2014) for the discriminator that sees pairs; Isola et al. (2017)
    for the tie.

    Examples
    --------
    >>> ids, rng = list("abcdefgh"), torch.Generator().manual_seed(0)
    >>> sides = {side: Features(torch.randn(8, 5, generator=rng), ids) for side in list(Modality)[:3]}
    >>> space = CrossGenerator(Modality.TEXT, hidden=4, epochs=2).fit(sides)
    >>> space.embed(Modality.IMAGE, sides[Modality.IMAGE].vectors).shape
    torch.Size([8, 5])
    """

    def __init__(
        self,
        target: Modality = Modality.TEXT,
        tie: float = 1.0,
        adversary: float = 0.1,
        pairs: bool = True,
        **settings: Any,
    ):
        super().__init__(**settings)
        self.target, self.tie, self.adversary, self.pairs = target, tie, adversary, pairs

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> CrossGenerator:
        """Train the generators of all other modalities against their discriminators.

        Raises
        ------
        SpaceError
            Without the target and another modality, or if :func:`paired` refuses them.
        """
        _check_modalities(features, self.target)
        _, vectors = paired(features)
        self.dimensions = vectors[self.target].shape[1]
        self.start(vectors)
        self.networks[self.target.value][1] = nn.Identity()
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            seen = {side: some.shape[1] * self.pairs + self.dimensions for side, some in vectors.items()}
            judges = {side.value: _layers(d, self.hidden, 1) for side, d in seen.items()}
        game = nn.ModuleDict({"makes": self.networks, "judges": nn.ModuleDict(judges)})
        rows = {side: self.networks[side.value][0](some) for side, some in vectors.items()}
        self.history = self.learn(game, rows, _turns(self, self.losses, game["makes"], game["judges"]))
        return self

    def losses(self, game: Any, batch: Mapping[Modality, Float[Tensor, "n _"]]) -> GanLosses:
        """Sums over the generators; that of the generators holds the tie."""
        discriminator = generator = torch.zeros((), device=batch[self.target].device)
        real = batch[self.target]
        for side, given in batch.items():
            if side != self.target:
                judge, made = game["judges"][side.value], game["makes"][side.value][1](given)
                shown = [torch.cat([given, some], dim=1) if self.pairs else some for some in (real, made)]
                losses = gan_losses(*map(judge, shown))
                discriminator = discriminator + losses.discriminator
                tied = self.tie * (made - real).square().mean()
                generator = generator + self.adversary * losses.generator + tied
        return GanLosses(discriminator, generator)

    def save(self, folder: Path) -> None:
        """Refuse, since a folder would not say which modality is the target."""
        raise SpaceError("A CrossGenerator is not saved.", remedy="Fit it anew; it takes seconds.")


class AdversarialSpace(NetworkSpace):
    """Adversarial cross-modal retrieval: a space that knows kinds, and in which no judge knows modalities.

    A network for each modality learns to let a classifier tell the kinds of products, to bring pairs
    nearer than things of different kinds, and to mislead a judge that tells modalities apart.

    Parameters
    ----------
    dimensions, hidden
        As for :class:`NetworkSpace`.
    adversary : float
        Strength of the reversed gradient; 0 takes the judge's word from the networks.
    label, triplet : float
        Weights of the classifier's loss and of the triplets.
    margin : float
        As for :func:`triplet_loss`.
    settings
        As for :class:`NetworkSpace`.

    Notes
    -----
    Chapter 11. Wang, Yang, Xu, Hanjalic, Shen (2017), equations 2 to 9.

    Examples
    --------
    >>> ids, rng = list("abcdefgh"), torch.Generator().manual_seed(0)
    >>> sides = {side: Features(torch.randn(8, 5, generator=rng), ids) for side in list(Modality)[:3]}
    >>> space = AdversarialSpace(3, hidden=4, epochs=2).fit(sides, {id: id < "d" for id in ids})
    >>> space.embed(Modality.IMAGE, sides[Modality.IMAGE].vectors).shape
    torch.Size([8, 3])
    """

    def __init__(
        self,
        dimensions: int = 128,
        hidden: int = 256,
        adversary: float = 0.1,
        label: float = 1.0,
        triplet: float = 1.0,
        margin: float = 0.3,
        **settings: Any,
    ):
        super().__init__(dimensions, hidden, **settings)
        self.adversary, self.label, self.triplet, self.margin = adversary, label, triplet, margin

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> AdversarialSpace:
        """Train the networks, the classifier of kinds and the judge of modalities.

        Raises
        ------
        SpaceError
            If a product lacks a label, there is one modality only, or :func:`paired` refuses them.
        """
        _check_modalities(features, next(iter(features), None))
        ids, vectors = paired(features)
        _check_labels(ids, labels)
        known = sorted({str(labels[id]) for id in ids})
        kinds = torch.tensor([known.index(str(labels[id])) for id in ids])
        self.start(vectors)
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            parts = {
                "networks": self.networks,
                "kinds": nn.Linear(self.dimensions, len(known)),
                "judge": _layers(self.dimensions, self.hidden, len(vectors)),
            }
        model = nn.ModuleDict(parts)
        turns = {
            "space": Turn(self.loss, None, self.learning_rate, self.weight_decay),
            "judge": Turn(self.judged, model["judge"], self.learning_rate, self.weight_decay),
        }
        self.history = self.learn(model, {**vectors, "kinds": kinds}, turns)
        return self

    def loss(self, model: Any, batch: Mapping[Any, Tensor]) -> Float[Tensor, ""]:
        """What the networks learn from; the judge's loss reaches them with its sign turned."""
        kinds, sides = batch["kinds"], self.placed(model, batch)
        told = torch.stack([F.cross_entropy(model["kinds"](10 * z), kinds) for z in sides]).mean()
        near = [triplet_loss(*pair, kinds, self.margin) for pair in permutations(sides, 2)]
        turned = reverse_gradient(torch.cat(sides), self.adversary)
        return self.label * told + self.triplet * torch.stack(near).mean() + self.guess(model, turned)

    def judged(self, model: Any, batch: Mapping[Any, Tensor]) -> Float[Tensor, ""]:
        """What the judge learns from, in a turn of its own; ln 3 where three modalities look alike."""
        return self.guess(model, torch.cat(self.placed(model, batch)).detach())

    def placed(self, model: Any, batch: Mapping[Any, Tensor]) -> list[Float[Tensor, "n d"]]:
        """The batch in the space, modality by modality."""
        return [F.normalize(network(batch[side])) for side, network in model["networks"].items()]

    def guess(self, model: Any, vectors: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """How badly the judge tells the modalities of vectors that stand one modality after the other."""
        sides = len(model["networks"])
        right = torch.arange(sides, device=vectors.device).repeat_interleave(len(vectors) // sides)
        return F.cross_entropy(model["judge"](vectors), right)


def _layers(d: int, hidden: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(d, hidden or 64), nn.LeakyReLU(0.2), nn.Linear(hidden or 64, out))


def _turns(space: NetworkSpace, losses: Any, generator: nn.Module, discriminator: nn.Module) -> dict:
    """First the discriminator's step, then the generator's, each by its part of ``losses(game, batch)``."""
    rates = space.learning_rate, space.weight_decay
    return {
        "discriminator": Turn(lambda game, batch: losses(game, batch).discriminator, discriminator, *rates),
        "generator": Turn(lambda game, batch: losses(game, batch).generator, generator, *rates),
    }


def _check_modalities(features: Mapping[Modality, Features], target: Modality | None) -> None:
    if len(features) < 2 or target not in features:
        raise SpaceError(
            f"Features of {', '.join(features) or 'nothing'} were given.",
            accepted=f"two modalities or more, {target} among them." if target else "two or more modalities.",
        )


def _check_labels(ids: list[str], labels: Mapping[str, Any] | None) -> None:
    lacking = [id for id in ids if id not in (labels or {})]
    if lacking:
        raise SpaceError(
            f"{len(lacking)} of {len(ids)} products have no label, such as {lacking[0]!r}.",
            accepted="a kind for each id, as fit(features, labels={id: kind, …}).",
        )
