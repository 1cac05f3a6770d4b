"""A gated recurrent unit from its equations: it reads a text word by word and keeps a state."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F


class Step(NamedTuple):
    """What one word does to the state: the new state, and the gates that decided it, all (n, w)."""

    state: Float[Tensor, "n w"]
    reset: Float[Tensor, "n w"]
    update: Float[Tensor, "n w"]


class Reading(NamedTuple):
    """What a GRU went through: its state after each word, and the gates; and where each text ended."""

    states: Float[Tensor, "n t w"]
    last: Float[Tensor, "n w"]
    reset: Float[Tensor, "n t w"]
    update: Float[Tensor, "n t w"]


def gru_step(
    word: Float[Tensor, "n d"],
    state: Float[Tensor, "n w"],
    weight_ih: Float[Tensor, "3*w d"],
    weight_hh: Float[Tensor, "3*w w"],
    bias_ih: Float[Tensor, "3*w"],
    bias_hh: Float[Tensor, "3*w"],
) -> Step:
    """Read one word: how much of the old state to keep, and what to put in place of the rest.

    Parameters
    ----------
    word : (n, d)
        The vector of the next word of each text.
    state : (n, w)
        What was kept of the words before it.
    weight_ih, weight_hh, bias_ih, bias_hh : (3w, d), (3w, w), (3w,), (3w,)
        Of the reset gate, the update gate and the proposal, one below the other, as torch keeps them.

    Returns
    -------
    Step
        The new state, and both gates, between 0 and 1. An update gate of 1 keeps the old state.

    Notes
    -----
    Chapter 05. Cho et al. (2014), equations 5 to 8, but for the place of the reset gate: there
    ``U (r ⊙ h)``, here and in torch ``r ⊙ (U h + b)``, which needs one matrix product instead of two.

    Examples
    --------
    >>> zeros = torch.zeros(3, 1)
    >>> gru_step(torch.ones(1, 1), torch.ones(1, 1), zeros, zeros, zeros[:, 0], zeros[:, 0]).state
    tensor([[0.5000]])
    """
    reset_word, update_word, propose_word = F.linear(word, weight_ih, bias_ih).chunk(3, dim=1)
    reset_state, update_state, propose_state = F.linear(state, weight_hh, bias_hh).chunk(3, dim=1)
    reset = torch.sigmoid(reset_word + reset_state)
    update = torch.sigmoid(update_word + update_state)
    proposal = torch.tanh(propose_word + reset * propose_state)
    return Step((1 - update) * proposal + update * state, reset, update)


def gru_read(
    words: Float[Tensor, "n t d"],
    present: Bool[Tensor, "n t"],
    weight_ih: Float[Tensor, "w3 d"],
    weight_hh: Float[Tensor, "w3 w"],
    bias_ih: Float[Tensor, "w3"],
    bias_hh: Float[Tensor, "w3"],
) -> Reading:
    """Read all texts side by side, word by word; a text that has ended keeps its state.

    Parameters
    ----------
    words : (n, t, d)
        The word vectors of each text, t ≥ 1; at places without a word anything finite.
    present : (n, t)
        Where there is a word.
    weight_ih, weight_hh, bias_ih, bias_hh
        As :func:`gru_step`.

    Returns
    -------
    Reading
        ``states`` and the gates are 0 where there is no word; ``last`` is 0 for a text without words.

    Notes
    -----
    Chapter 05. Cho et al. (2014), section 2.2.

    Examples
    --------
    >>> words, present = torch.ones(2, 3, 4), torch.tensor([[True, True, True], [True, False, False]])
    >>> reading = gru_read(words, present, torch.ones(15, 4), torch.ones(15, 5), *torch.zeros(2, 15))
    >>> reading.states.shape, torch.equal(reading.last[1], reading.states[1, 0])
    (torch.Size([2, 3, 5]), True)
    """
    state = words.new_zeros(len(words), weight_hh.shape[1])
    steps = []
    for t in range(words.shape[1]):
        step = gru_step(words[:, t], state, weight_ih, weight_hh, bias_ih, bias_hh)
        here = present[:, t, None]  # (n, 1)
        state = torch.where(here, step.state, state)
        steps.append(torch.stack(step) * here)  # (3, n, w)
    states, reset, update = torch.stack(steps, dim=2)  # each (n, t, w)
    return Reading(states, state, reset, update)


class GRU(nn.Module):
    """A GRU of one layer that reads forwards, batch first.

    Its parameters have the names, shapes and starting values of ``torch.nn.GRU(…, batch_first=True)``,
    so that either loads the other's ``state_dict``.

    Parameters
    ----------
    input_size : int
        Numbers per word vector, d.
    hidden_size : int
        Numbers of the state, w.

    Notes
    -----
    Used in Chapter 05. Cho et al. (2014); Chung et al. (2014).

    Examples
    --------
    >>> words, present = torch.ones(2, 3, 4), torch.tensor([[True, True, True], [True, False, False]])
    >>> reading = GRU(4, 5)(words, present)
    >>> reading.states.shape, torch.equal(reading.last[1], reading.states[1, 0])
    (torch.Size([2, 3, 5]), True)
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(3 * hidden_size))
        self.bias_hh_l0 = nn.Parameter(torch.empty(3 * hidden_size))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)

    def forward(self, words: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"] | None = None) -> Reading:
        """All texts, as :func:`gru_read`; without ``present``, every place is a word."""
        if present is None:
            present = torch.ones(words.shape[:2], dtype=torch.bool, device=words.device)
        return gru_read(words, present, *self.parameters())


class GRUReader(nn.Module):
    """A text as the state that a GRU has after its last word.

    Parameters
    ----------
    input_size, width : int
        Numbers per word vector, and per text.

    Notes
    -----
    Used in Chapter 05. Cho et al. (2014), section 2.2.
    """

    def __init__(self, input_size: int, width: int):
        super().__init__()
        self.width = width
        self.gru = GRU(input_size, width)

    def forward(self, words: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"]) -> Float[Tensor, "n w"]:
        return self.gru(words, present).last
