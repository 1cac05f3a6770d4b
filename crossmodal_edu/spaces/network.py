"""Spaces that are made of small networks: one for each modality, from its features to the space."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.saving import reading, written_aside
from crossmodal_edu.spaces.space import Features, check_dimensions, check_fitted
from crossmodal_edu.training import History, Turn, inference, train


class Standardise(nn.Module):
    """Features less their mean, over one common spread: what a network likes to be given.

    Notes
    -----
    Used in Chapter 10.

    Examples
    --------
    >>> Standardise(2).measured(torch.tensor([[1.0, 0.0], [3.0, 0.0]]))(torch.tensor([[3.0, 0.0]]))[0, 1]
    tensor(0.)
    """

    def __init__(self, d: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(d))
        self.register_buffer("spread", torch.ones(()))

    def measured(self, vectors: Float[Tensor, "n d"]) -> Standardise:
        """The same, with the mean and the spread of these vectors."""
        self.mean.copy_(vectors.mean(dim=0))
        # One for all: a feature that hardly varies is not blown up.
        self.spread.copy_((vectors - self.mean).square().mean().sqrt().clamp(min=1e-9))
        return self

    def forward(self, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        return (vectors.float() - self.mean) / self.spread


class NetworkSpace(nn.Module):
    """What spaces of networks share; each has a ``fit`` of its own, which calls :meth:`start` first.

    ``networks`` holds for each modality the way from its features to the space, before vectors are
    brought to length one. ``joint`` says whether vectors of different modalities may be compared.

    Parameters
    ----------
    dimensions : int
        Numbers per vector of the space.
    hidden : int
        Units of the layer in between; 0 for none, which makes the way linear.
    dropout : float
        Share of the hidden units that are left out by chance in training.
    epochs, batch_size, learning_rate, weight_decay, seed, device
        As for :func:`crossmodal_edu.training.train`.

    Notes
    -----
    Used in Chapter 10.
    """

    joint: ClassVar[bool] = True

    def __init__(
        self,
        dimensions: int = 128,
        hidden: int = 256,
        dropout: float = 0.1,
        epochs: int = 30,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.05,
        seed: int = 0,
        device: str = "cpu",
        progress: bool = False,
    ):
        super().__init__()
        if dimensions < 1 or hidden < 0 or batch_size < 2:
            raise SpaceError(
                f"{dimensions} dimensions, {hidden} hidden units and batches of {batch_size} were asked for.",
                accepted="1 dimension or more, 0 hidden units or more, and batches of 2 or more.",
            )
        self.dimensions, self.hidden, self.dropout = dimensions, hidden, dropout
        self.epochs, self.batch_size = epochs, batch_size
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.seed, self.device, self.progress = seed, device, progress
        self.networks = nn.ModuleDict()

    def fit(
        self, features: Mapping[Modality, Features], labels: Mapping[str, Any] | None = None
    ) -> NetworkSpace:
        """Train the networks."""
        raise NotImplementedError

    def start(self, vectors: Mapping[Modality, Float[Tensor, "n _"]]) -> None:
        """Make a new network for each modality, by the seed, behind the mean and spread of its vectors."""
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            self.networks = nn.ModuleDict({m.value: self._network(v.shape[1]) for m, v in vectors.items()})
        for modality, some in vectors.items():
            self.networks[modality.value][0].measured(some)

    def learn(
        self,
        model: nn.Module,
        rows: Mapping[Any, Tensor],
        loss: Callable[[Any, Any], Tensor] | Mapping[str, Turn],
    ) -> History:
        """Train a model by the settings of this space; a batch is the same rows of each table.

        The rows that are left over when an epoch ends have their turn in another.
        """
        n = len(next(iter(rows.values())))
        size = min(self.batch_size, n)

        def batches(epoch: int) -> Iterator[dict[Any, Tensor]]:
            order = torch.randperm(n, generator=torch.Generator().manual_seed(1000 * self.seed + epoch))
            for some in order[: n - n % size].split(size):
                yield {name: table[some].to(self.device) for name, table in rows.items()}

        return train(
            model,
            batches,
            loss,
            epochs=self.epochs,
            batches_per_epoch=n // size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            seed=self.seed,
            device=self.device,
            progress=self.progress,
        )

    def build(self, d: int) -> nn.Module:
        """An untrained network from standardised features (n, d) to (n, dimensions)."""
        if not self.hidden:
            return nn.Linear(d, self.dimensions)
        return nn.Sequential(
            nn.Linear(d, self.hidden),
            nn.ReLU(),
            nn.Dropout(self.dropout),
            nn.Linear(self.hidden, self.dimensions),
        )

    def embed(self, modality: Modality, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Where vectors of a modality lie in the space, at length one.

        Raises
        ------
        SpaceError
            If the space was not fitted on the modality, or on vectors of another size.
        """
        check_fitted(modality, self.networks)
        network = self.networks[modality.value]
        check_dimensions(modality, vectors, len(network[0].mean))
        with inference(network):
            return F.normalize(network(vectors.to(network[0].mean.device))).cpu()

    def aligned(self, one: Modality, other: Modality) -> bool:
        """A modality with itself, and if the space is joint, each that it was fitted on with each other."""
        return one == other or (self.joint and one in self.networks and other in self.networks)

    def save(self, folder: Path) -> None:
        """Write the sizes and the weights of the networks; what only ``fit`` needs is not kept."""
        sizes = {name: len(network[0].mean) for name, network in self.networks.items()}
        about = {"dimensions": self.dimensions, "hidden": self.hidden, "sizes": sizes}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        with written_aside(folder / "weights.safetensors") as fresh:
            save_file({name: value.contiguous() for name, value in self.networks.state_dict().items()}, fresh)

    @classmethod
    def load(cls, folder: Path) -> NetworkSpace:
        """Read what :meth:`save` wrote.

        Raises
        ------
        SpaceError
            If it is not there, or damaged.
        """
        with reading(
            folder, f"a {cls.__name__}", "what one save() wrote.", "Fit and save it again.", SpaceError
        ):
            about = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
            space = cls(about["dimensions"], about["hidden"])
            networks = {name: space._network(size) for name, size in about["sizes"].items()}
            space.networks = nn.ModuleDict(networks)
            space.networks.load_state_dict(load_file(folder / "weights.safetensors"))
        return space.eval()

    def _network(self, d: int) -> nn.Sequential:
        return nn.Sequential(Standardise(d), self.build(d))
