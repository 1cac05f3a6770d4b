"""A convolutional network for texts: filters that each look for one phrase of a few words."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F


def convolve_words(
    words: Float[Tensor, "n t d"], filters: Float[Tensor, "f d k"], bias: Float[Tensor, "f"]
) -> Float[Tensor, "n s f"]:
    """How well each run of k words fits each filter.

    Parameters
    ----------
    words : (n, t, d)
        The vectors of the words of each text, t ≥ k.
    filters : (f, d, k)
        k word vectors each, side by side, as torch keeps them.
    bias : (f,)

    Returns
    -------
    (n, t − k + 1, f)
        The dot product of each run of k words with each filter, plus the bias.

    Notes
    -----
    Chapter 05. Kim (2014), equation 2, before the activation.

    Examples
    --------
    >>> words = torch.tensor([[[1.0], [2.0], [3.0]]])
    >>> convolve_words(words, torch.tensor([[[10.0, 1.0]]]), torch.zeros(1))[0, :, 0]
    tensor([12., 23.])
    """
    runs = words.unfold(1, filters.shape[2], 1)  # (n, t − k + 1, d, k)
    return torch.einsum("nsdk,fdk->nsf", runs, filters) + bias


def max_over_time(fits: Float[Tensor, "n s f"], present: Bool[Tensor, "n s"]) -> Float[Tensor, "n f"]:
    """The best fit of each filter anywhere in the text, and where there is nothing, 0.

    Parameters
    ----------
    fits : (n, s, f)
    present : (n, s)
        Which runs of words belong to the text.

    Notes
    -----
    Chapter 05. Collobert and Weston (2008); Kim (2014), section 2.

    Examples
    --------
    >>> max_over_time(torch.tensor([[[-3.0], [-1.0], [7.0]]]), torch.tensor([[True, True, False]]))
    tensor([[-1.]])
    """
    best = fits.masked_fill(~present[:, :, None], -torch.inf).amax(dim=1)
    return torch.where(present.any(dim=1, keepdim=True), best, 0)


class TextCNN(nn.Module):
    """A text as the best fits of its phrases to learned filters, of several lengths.

    Parameters
    ----------
    input_size : int
        Numbers per word vector, d.
    filters : int
        Filters of each length.
    sizes : sequence of int
        The lengths in words.

    Notes
    -----
    Chapter 05. Kim (2014). A text shorter than a filter is filled up with zeros, so that
    it is seen once; what else stands in the batch changes nothing.

    Examples
    --------
    >>> reader = TextCNN(4, filters=5, sizes=(1, 2, 3))
    >>> reader(torch.ones(2, 2, 4), torch.ones(2, 2, dtype=torch.bool)).shape
    torch.Size([2, 15])
    """

    def __init__(self, input_size: int, filters: int = 64, sizes: Sequence[int] = (1, 2, 3)):
        super().__init__()
        self.width = filters * len(sizes)
        self.convolutions = nn.ModuleList([nn.Conv1d(input_size, filters, size) for size in sizes])

    def forward(self, words: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"]) -> Float[Tensor, "n m"]:
        words = words * present[:, :, None]  # zeros where there is no word
        lengths = present.sum(dim=1, keepdim=True)  # (n, 1)
        starts = torch.arange(words.shape[1], device=words.device)  # (t,)
        best = []
        for convolution in self.convolutions:
            size = convolution.kernel_size[0]
            filled = F.pad(words, (0, 0, 0, size - 1))  # (n, t + k − 1, d)
            fits = convolve_words(filled, convolution.weight, convolution.bias).relu()  # (n, t, f)
            # A run counts if its last word is still in the text; the first one always does.
            whole = present & (starts < (lengths - size + 1).clamp(min=1))
            best.append(max_over_time(fits, whole))
        return torch.cat(best, dim=1)
