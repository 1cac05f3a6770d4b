"""The one training loop: one loss or several in turn, seed, device, progress, best weights, resuming."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from crossmodal_edu.errors import SpaceError, StorageError
from crossmodal_edu.saving import written_aside


@dataclass
class History:
    """What a training did: one entry per epoch.

    ``losses`` holds for each turn the mean over the epoch's batches, ``score`` what ``validate``
    returned (larger is better; empty without it), ``seconds`` the time since the start.
    """

    losses: dict[str, list[float]] = field(default_factory=dict)
    score: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def loss(self) -> list[float]:
        """The loss of the first turn, which is the only one of most trainings."""
        return next(iter(self.losses.values()), [])

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept, counted from 0."""
        return max(range(len(self.score)), key=self.score.__getitem__) if self.score else len(self.loss) - 1


@dataclass(frozen=True)
class Turn:
    """A loss, and whose weights it moves; by AdamW under a one-cycle learning rate.

    Parameters
    ----------
    loss : callable
        ``loss(model, batch)`` gives the scalar to make small.
    module : nn.Module, optional
        The part of the model that learns from it; else all of it.
    learning_rate : float
        The highest rate of the cycle.
    weight_decay : float
        Pull of matrices and filters towards zero; biases and norms are left alone.
    """

    loss: Callable[[Any, Any], Tensor]
    module: nn.Module | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 0.05


def train(
    model: nn.Module,
    batches: Callable[[int], Iterable[Any]],
    loss: Callable[[Any, Any], Tensor] | Mapping[str, Turn],
    *,
    epochs: int,
    batches_per_epoch: int,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.05,
    seed: int = 0,
    device: str | torch.device = "cpu",
    reduced_precision: bool = False,
    validate: Callable[[Any], float] | None = None,
    patience: int | None = None,
    averaged: float = 0.0,
    log: Callable[[int, Mapping[str, float]], None] | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> History:
    """Train a model by AdamW under a one-cycle learning rate.

    Parameters
    ----------
    model : nn.Module
        Trained in place; left in evaluation mode, with the weights of the best epoch
        if ``validate`` is given.
    batches : callable
        ``batches(epoch)`` gives the batches of one epoch. What it draws by chance should depend on
        the epoch alone, if a training is to be resumed.
    loss : callable, or mapping of name to Turn
        ``loss(model, batch)`` gives the scalar to make small. Several turns are taken one after the
        other on each batch, as those of a generator and its critic.
    epochs, batches_per_epoch : int
        They fix the length of the learning-rate cycle.
    learning_rate, weight_decay : float
        As for :class:`Turn`, where ``loss`` is a function.
    seed : int
        For dropout and whatever else draws from torch's generator, whose state of before comes back
        at the end.
    device : str or torch.device
        Where the model is trained.
    reduced_precision : bool
        Compute convolutions and products in bfloat16: about twice as fast on recent
        processors, weights stay in single precision.
    validate : callable, optional
        ``validate(model)`` after each epoch; larger is better.
    patience : int, optional
        Stop when so many epochs in a row were not better by ``validate``; 1 or more.
    averaged : float
        If not 0, what is judged and kept is a running mean of the weights, to which each step gives
        1 − ``averaged``.
    log : callable, optional
        ``log(epoch, numbers)`` after each epoch, with its losses, score and seconds by name.
    checkpoint : Path, optional
        A file, written after each epoch. If it is there at the start, the training goes on from it
        and ends as if it had never stopped.
    progress : bool
        Show a progress bar.

    Returns
    -------
    History

    Raises
    ------
    SpaceError
        If the loss is no longer a number, or ``patience`` has nothing to go by.
    StorageError
        If the checkpoint is of another training, or cannot be written.

    Notes
    -----
    Chapter 12. Loshchilov and Hutter (2019) for AdamW; Smith (2018) for the cycle; Polyak and
    Juditsky (1992) for the mean of the weights.

    Examples
    --------
    >>> model, points = nn.Linear(1, 1, bias=False), torch.tensor([[1.0], [2.0]])
    >>> history = train(model, lambda epoch: [points], lambda m, x: (m(x) - 3 * x).square().mean(),
    ...                 epochs=300, batches_per_epoch=1, learning_rate=0.1, weight_decay=0.0, progress=False)
    >>> round(model.weight.item(), 1)
    3.0
    """
    _check_patience(patience, validate)
    turns = loss if isinstance(loss, Mapping) else {"loss": Turn(loss, None, learning_rate, weight_decay)}
    _check_turns(turns, model, epochs * batches_per_epoch)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model.to(device)
        run = _Run(model, turns, epochs * batches_per_epoch, averaged)
        if checkpoint is not None and checkpoint.exists():
            run.resume(checkpoint)
        with tqdm(
            total=epochs * batches_per_epoch, desc="training", unit="batch", disable=not progress
        ) as bar:
            bar.update(run.epoch * batches_per_epoch)
            while run.epoch < epochs and not run.is_stale(patience):
                kind = torch.device(device).type
                precision = torch.autocast(kind, torch.bfloat16, enabled=reduced_precision)
                run.one_epoch(batches, precision, bar)
                run.judge(validate)
                numbers = run.numbers()
                bar.set_postfix({name: f"{value:.3f}" for name, value in numbers.items()})
                if log is not None:
                    log(run.epoch - 1, numbers)
                if checkpoint is not None:
                    run.keep(checkpoint)
    model.load_state_dict(run.best or run.kept.state_dict())
    model.eval()
    return run.history


class _Run:
    """A training between two epochs: everything that a resumed one needs."""

    def __init__(self, model: nn.Module, turns: Mapping[str, Turn], steps: int, averaged: float):
        self.model, self.turns, self.steps = model, turns, steps
        self.averaged, self.kept = averaged, deepcopy(model) if averaged else model
        self.optimisers = {
            name: torch.optim.AdamW(
                _parameter_groups(turn.module or model, turn.weight_decay), lr=turn.learning_rate
            )
            for name, turn in turns.items()
        }
        self.schedules = {
            name: torch.optim.lr_scheduler.OneCycleLR(
                self.optimisers[name], turn.learning_rate, total_steps=steps, pct_start=0.15
            )
            for name, turn in turns.items()
        }
        self.history = History({name: [] for name in turns})
        self.epoch, self.best, self.start = 0, None, time.perf_counter()

    def one_epoch(self, batches: Callable[[int], Iterable[Any]], precision: Any, bar: tqdm) -> None:
        self.model.train()
        totals, count = dict.fromkeys(self.turns, 0.0), 0
        for batch in batches(self.epoch):
            for name, turn in self.turns.items():
                with precision:
                    loss = turn.loss(self.model, batch)
                if not torch.isfinite(loss):
                    raise SpaceError(
                        f"The {name} became {loss.item()} in epoch {self.epoch + 1}.",
                        accepted="a loss that stays finite.",
                        remedy="Lower the learning rate, or look for NaN and infinite numbers in the data.",
                    )
                self.model.zero_grad()  # of all: another turn's loss may have gone through these weights
                loss.backward()
                nn.utils.clip_grad_norm_((turn.module or self.model).parameters(), 1.0)
                self.optimisers[name].step()
                if self.schedules[name].last_epoch < self.steps:
                    self.schedules[name].step()
                totals[name] += loss.item()
            self.average()
            count += 1
            bar.update()
        if not count:
            raise SpaceError(
                f"Epoch {self.epoch + 1} has no batch.",
                accepted="a function that gives batches for every epoch.",
                remedy="A generator gives them once: make it anew each time batches(epoch) is called.",
            )
        for name, total in totals.items():
            self.history.losses[name].append(total / count)
        self.history.seconds.append(time.perf_counter() - self.start)
        self.epoch += 1

    @torch.no_grad()
    def average(self) -> None:
        if self.averaged:
            for kept, now in zip(*(m.state_dict().values() for m in (self.kept, self.model)), strict=True):
                kept.copy_(kept.lerp(now, 1 - self.averaged) if kept.is_floating_point() else now)

    def judge(self, validate: Callable[[Any], float] | None) -> None:
        if validate is None:
            return
        with inference(self.kept):
            score = float(validate(self.kept))
        if math.isnan(score):
            raise SpaceError(
                f"The score of epoch {self.epoch} is NaN.", accepted="a number to be made large."
            )
        self.history.score.append(score)
        if self.history.best_epoch == self.epoch - 1:
            self.best = deepcopy(self.kept.state_dict())

    def is_stale(self, patience: int | None) -> bool:
        worse = self.epoch - 1 - self.history.best_epoch
        return patience is not None and self.epoch > 0 and worse >= patience

    def numbers(self) -> dict[str, float]:
        scores = {"score": self.history.score[-1]} if self.history.score else {}
        losses = {name: values[-1] for name, values in self.history.losses.items()}
        return {**losses, **scores, "seconds": self.history.seconds[-1]}

    def settings(self) -> dict[str, Any]:
        """What has to be the same when a training goes on."""
        shapes = {name: list(value.shape) for name, value in self.model.state_dict().items()}
        rates = {name: [turn.learning_rate, turn.weight_decay] for name, turn in self.turns.items()}
        return {"steps": self.steps, "turns": rates, "weights": shapes, "averaged": self.averaged}

    def keep(self, path: Path) -> None:
        parts = {"model": self.model.state_dict(), "best": self.best, "history": asdict(self.history)}
        parts["kept"] = self.kept.state_dict()
        states = {
            name: [self.optimisers[name].state_dict(), self.schedules[name].state_dict()]
            for name in self.turns
        }
        with written_aside(path) as fresh:
            torch.save(
                {
                    **parts,
                    "epoch": self.epoch,
                    "settings": self.settings(),
                    "states": states,
                    "rng": torch.get_rng_state(),
                },
                fresh,
            )

    def resume(self, path: Path) -> None:
        try:
            kept = torch.load(path, weights_only=True)  # numbers only: a pickle could run code
            if kept["settings"] != self.settings():
                raise ValueError(f"its settings are {kept['settings']}, not {self.settings()}")
            self.model.load_state_dict(kept["model"])
            self.kept.load_state_dict(kept["kept"])
            for name, (optimiser, schedule) in kept["states"].items():
                self.optimisers[name].load_state_dict(optimiser)
                self.schedules[name].load_state_dict(schedule)
            self.epoch, self.best, self.history = kept["epoch"], kept["best"], History(**kept["history"])
            torch.set_rng_state(kept["rng"])
            self.start = time.perf_counter() - self.history.seconds[-1]
        except Exception as error:  # whatever a damaged file makes torch say
            raise StorageError(
                f"The training cannot go on from {path}: {error}",
                accepted="a checkpoint of the same model, with the same losses, epochs and batches.",
                remedy="Remove the file to begin again.",
            ) from error


@contextmanager
def inference(model: nn.Module):
    """Evaluation mode without gradients; the mode of before comes back afterwards.

    Notes
    -----
    Chapter 12.

    Examples
    --------
    >>> with inference(nn.Linear(1, 1)) as model:
    ...     model(torch.ones(1, 1)).requires_grad
    False
    """
    training = model.training
    if training:  # a walk through all modules, which a query need not wait for
        model.eval()
    try:
        with torch.inference_mode():
            yield model
    finally:
        if training:
            model.train()


def _check_turns(turns: Mapping[str, Turn], model: nn.Module, steps: int) -> None:
    own = {id(weights) for weights in model.parameters()}
    outside = [
        name
        for name, turn in turns.items()
        if turn.module is not None and not {id(weights) for weights in turn.module.parameters()} <= own
    ]
    if outside or not turns or steps < 1:
        problem = f"The turn {outside[0]!r} moves weights that are not the model's." if outside else ""
        raise SpaceError(
            problem or f"There are {len(turns)} losses and {steps} steps.",
            accepted="one loss or more, of parts of the model, and one step or more.",
            remedy="Put all parts that learn into one module: nn.ModuleDict({'maker': …, 'critic': …}).",
        )


def _check_patience(patience: int | None, validate: object) -> None:
    if patience is not None and (validate is None or patience < 1):
        raise SpaceError(
            f"The patience is {patience}" + (", but nothing scores the epochs." if validate is None else "."),
            accepted="a patience of 1 epoch or more, together with validate.",
            remedy="Pass validate, which gives a model's score, or leave patience out to run all epochs.",
        )


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    rest = [p for p in model.parameters() if p.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
