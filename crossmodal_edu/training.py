"""The one training loop: seed, device, progress bar, early stop, history."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from crossmodal_edu.errors import SpaceError


@dataclass
class History:
    """What a training did: one entry per epoch.

    ``loss`` is the mean over the epoch's batches, ``score`` what ``validate`` returned
    (larger is better; empty without it), ``seconds`` the time since the start.
    """

    loss: list[float] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept, counted from 0."""
        return max(range(len(self.score)), key=self.score.__getitem__) if self.score else len(self.loss) - 1


def train(
    model: nn.Module,
    batches: Callable[[int], Iterable[Any]],
    loss_of: Callable[[nn.Module, Any], Tensor],
    *,
    epochs: int,
    batches_per_epoch: int,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.05,
    seed: int = 0,
    device: str | torch.device = "cpu",
    reduced_precision: bool = False,
    validate: Callable[[nn.Module], float] | None = None,
    patience: int | None = None,
    progress: bool = True,
) -> History:
    """Train a model by AdamW under a one-cycle learning rate.

    Parameters
    ----------
    model : nn.Module
        Trained in place; left in evaluation mode, with the weights of the best epoch
        if ``validate`` is given.
    batches : callable
        ``batches(epoch)`` gives the batches of one epoch.
    loss_of : callable
        ``loss_of(model, batch)`` gives the scalar to make small.
    epochs, batches_per_epoch : int
        They fix the length of the learning-rate cycle.
    learning_rate : float
        The highest rate of the cycle.
    weight_decay : float
        Pull of matrices and filters towards zero; biases and norms are left alone.
    seed : int
        For dropout and whatever else draws from torch's generator.
    device : str or torch.device
        Where the model is trained.
    reduced_precision : bool
        Compute convolutions and products in bfloat16: about twice as fast on recent
        processors, weights stay in single precision.
    validate : callable, optional
        ``validate(model)`` after each epoch; larger is better.
    patience : int, optional
        Stop when so many epochs in a row were not better by ``validate``; 1 or more.
    progress : bool
        Show a progress bar.

    Returns
    -------
    History

    Raises
    ------
    SpaceError
        If the loss is no longer a number, or ``patience`` has nothing to go by.

    Notes
    -----
    Chapter 12. Loshchilov and Hutter (2019) for AdamW; Smith (2018) for the cycle.

    Examples
    --------
    >>> model, points = nn.Linear(1, 1, bias=False), torch.tensor([[1.0], [2.0]])
    >>> history = train(model, lambda epoch: [points], lambda m, x: (m(x) - 3 * x).square().mean(),
    ...                 epochs=300, batches_per_epoch=1, learning_rate=0.1, weight_decay=0.0, progress=False)
    >>> round(model.weight.item(), 1)
    3.0
    """
    if patience is not None and (validate is None or patience < 1):
        raise SpaceError(
            f"The patience is {patience}" + (", but nothing scores the epochs." if validate is None else "."),
            accepted="a patience of 1 epoch or more, together with validate.",
            remedy="Pass validate, which gives a model's score, or leave patience out to run all epochs.",
        )
    torch.manual_seed(seed)
    model.to(device)
    optimiser = torch.optim.AdamW(_parameter_groups(model, weight_decay), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learning_rate, total_steps=epochs * batches_per_epoch, pct_start=0.15
    )
    history, best, start = History(), None, time.perf_counter()
    bar = tqdm(total=epochs * batches_per_epoch, desc="training", unit="batch", disable=not progress)
    with bar:
        for epoch in range(epochs):
            model.train()
            total, count = 0.0, 0
            for batch in batches(epoch):
                with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=reduced_precision):
                    loss = loss_of(model, batch)
                if not torch.isfinite(loss):
                    raise SpaceError(
                        f"The loss became {loss.item()} in epoch {epoch + 1}.",
                        accepted="a loss that stays finite.",
                        remedy="Lower the learning rate, or look for NaN and infinite numbers in the data.",
                    )
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                if schedule.last_epoch < schedule.total_steps:
                    schedule.step()
                total, count = total + loss.item(), count + 1
                bar.update()
            history.loss.append(total / max(count, 1))
            history.seconds.append(time.perf_counter() - start)
            if validate is not None:
                with inference(model):
                    history.score.append(validate(model))
                if history.best_epoch == epoch:
                    best = deepcopy(model.state_dict())
                if patience is not None and epoch - history.best_epoch >= patience:
                    break
            bar.set_postfix(epoch=epoch + 1, loss=f"{history.loss[-1]:.3f}", score=history.score[-1:])
    if best is not None:
        model.load_state_dict(best)
    model.eval()
    return history


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
    model.eval()
    try:
        with torch.inference_mode():
            yield model
    finally:
        model.train(training)


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    rest = [p for p in model.parameters() if p.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
