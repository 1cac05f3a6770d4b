"""Self-attention and the parts around it: several heads, layer norm, GELU, the encoder block."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from crossmodal_edu.errors import SpaceError


def attention_weights(
    queries: Float[Tensor, "*n t d"],
    keys: Float[Tensor, "*n s d"],
    present: Bool[Tensor, "*#n #t s"] | None = None,
) -> Float[Tensor, "*n t s"]:
    """How much each query takes from each key: softmax(Q Kᵀ / √d), a row of shares that add up to 1.

    Parameters
    ----------
    queries : (…, t, d)
        One row per word that asks.
    keys : (…, s, d)
        One row per word that is asked.
    present : (…, t or 1, s), optional
        False where a key may not be looked at, such as padding; it gets the weight 0 exactly.

    Returns
    -------
    (…, t, s)

    Raises
    ------
    SpaceError
        If a query may look at no key at all: its weights would be 0/0.

    Notes
    -----
    Chapter 06. Vaswani et al. (2017), equation 1.

    Examples
    --------
    >>> query = torch.tensor([[2.0, 0, 2, 0]])
    >>> keys = torch.tensor([[1.0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 1]])
    >>> attention_weights(query, keys).round(decimals=2)
    tensor([[0.6700, 0.2400, 0.0900]])
    """
    _check_present(present)
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])  # (…, t, s)
    if present is not None:
        scores = scores.masked_fill(~present, -torch.inf)
    return scores.softmax(dim=-1)


def attention(
    queries: Float[Tensor, "*n t d"],
    keys: Float[Tensor, "*n s d"],
    values: Float[Tensor, "*n s v"],
    present: Bool[Tensor, "*#n #t s"] | None = None,
) -> Float[Tensor, "*n t v"]:
    """Each query's mean of the values, weighted by :func:`attention_weights`.

    Parameters
    ----------
    queries, keys, present
        As :func:`attention_weights`.
    values : (…, s, v)
        What is taken from each word.

    Returns
    -------
    (…, t, v)

    Notes
    -----
    Chapter 06. Vaswani et al. (2017), equation 1.

    Examples
    --------
    >>> words = torch.tensor([[1.0, 0], [0, 1]])
    >>> attention(words, words, words, torch.tensor([[True, False]]))
    tensor([[1., 0.],
            [1., 0.]])
    """
    return attention_weights(queries, keys, present) @ values


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own share of the width, mixed at the end.

    Parameters
    ----------
    width : int
        Numbers per word, a multiple of ``heads``.
    heads : int
        How many attentions.

    Raises
    ------
    SpaceError
        If the width cannot be shared out evenly.

    Notes
    -----
    Chapter 06. Vaswani et al. (2017), section 3.2.2.

    Examples
    --------
    >>> attend = MultiHeadAttention(width=8, heads=2)
    >>> attend(torch.ones(1, 3, 8)).shape, attend.weights(torch.ones(1, 3, 8)).shape
    (torch.Size([1, 3, 8]), torch.Size([1, 2, 3, 3]))
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        _check_heads(width, heads)
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)

    def split(self, x: Float[Tensor, "n t width"]) -> Float[Tensor, "n heads t d"]:
        """Each head's share of every word."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def weights(
        self, x: Float[Tensor, "n t width"], present: Bool[Tensor, "n t"] | None = None
    ) -> Float[Tensor, "n heads t t"]:
        """What each head looks at: row i holds the weights with which word i takes from each word."""
        mask = None if present is None else present[:, None, None]  # (n, 1, 1, t): all heads, all queries
        return attention_weights(self.split(self.query(x)), self.split(self.key(x)), mask)

    def forward(
        self, x: Float[Tensor, "n t width"], present: Bool[Tensor, "n t"] | None = None
    ) -> Float[Tensor, "n t width"]:
        mixed = self.weights(x, present) @ self.split(self.value(x))  # (n, heads, t, d)
        return self.output(mixed.transpose(1, 2).flatten(2))  # heads side by side: (n, t, width)


def layer_norm(
    x: Float[Tensor, "*n width"],
    gain: Float[Tensor, "width"],
    bias: Float[Tensor, "width"],
    epsilon: float = 1e-12,
) -> Float[Tensor, "*n width"]:
    """Every word's numbers brought to mean 0 and variance 1, then scaled and shifted as was learned.

    Parameters
    ----------
    x : (…, width)
        The mean and the variance run over the last axis: each word by itself.
    gain, bias : (width,)
    epsilon : float
        Added to the variance, so that a word of equal numbers becomes the bias.

    Returns
    -------
    (…, width)

    Notes
    -----
    Chapter 06. Ba, Kiros and Hinton (2016), equation 4.

    Examples
    --------
    >>> layer_norm(torch.tensor([[1.0, 3.0]]), torch.ones(2), torch.zeros(2))
    tensor([[-1.,  1.]])
    """
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / (variance + epsilon).sqrt() * gain + bias


def gelu(x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """x · Φ(x): each number times the probability that a standard normal number is smaller.

    Parameters
    ----------
    x : any shape

    Returns
    -------
    The same shape.

    Notes
    -----
    Chapter 06. Hendrycks and Gimpel (2016), section 2.

    Examples
    --------
    >>> gelu(torch.tensor([-1.0, 0.0, 1.0, 3.0])).round(decimals=3)
    tensor([-0.1590,  0.0000,  0.8410,  2.9960])
    """
    return x / 2 * (1 + torch.erf(x / math.sqrt(2)))


class LayerNorm(nn.Module):
    """:func:`layer_norm` with its learned gain and bias."""

    def __init__(self, width: int, epsilon: float = 1e-12):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.epsilon = epsilon

    def forward(self, x: Float[Tensor, "*n width"]) -> Float[Tensor, "*n width"]:
        return layer_norm(x, self.weight, self.bias, self.epsilon)


class EncoderBlock(nn.Module):
    """One layer: words look at each other, then each thinks for itself; both are added to what was there.

    Parameters
    ----------
    width, heads : int
        As :class:`MultiHeadAttention`.
    hidden : int
        Numbers between the two linear layers that every word passes, usually four times the width.
    dropout : float
        Share of the changes that is left out in training.

    Notes
    -----
    Chapter 06. Vaswani et al. (2017), section 3.1; Devlin et al. (2019), section 3.

    Examples
    --------
    >>> EncoderBlock(width=8, heads=2, hidden=32)(torch.zeros(1, 3, 8)).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float = 0.0):
        super().__init__()
        self.attention = MultiHeadAttention(width, heads)
        self.attention_norm = LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.output_norm = LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "n t width"], present: Bool[Tensor, "n t"] | None = None
    ) -> Float[Tensor, "n t width"]:
        x = self.attention_norm(x + self.dropout(self.attention(x, present)))
        return self.output_norm(x + self.dropout(self.narrow(gelu(self.widen(x)))))


def _check_present(present: Tensor | None) -> None:
    if present is not None and not present.any(dim=-1).all():
        raise SpaceError(
            "The mask of one query or more leaves no key to look at.",
            accepted="at least one True in each row.",
            remedy="True marks what is there; a mask that marks the padding has to be turned around (~mask).",
        )


def _check_heads(width: int, heads: int) -> None:
    if heads < 1 or width < 1 or width % heads:
        raise SpaceError(
            f"A width of {width} cannot be shared out among {heads} heads.",
            accepted="a width that is a multiple of the number of heads, such as 384 and 12.",
        )
