"""BERT: a vector for each word in its sentence, learned by guessing hidden words."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from crossmodal_edu.text.attention import EncoderBlock, LayerNorm
from crossmodal_edu.text.wordpiece import SPECIAL


@dataclass(frozen=True)
class BertSettings:
    """The sizes of an encoder. The defaults are those of MiniLM, but for the vocabulary."""

    vocabulary: int
    positions: int = 512
    width: int = 384
    heads: int = 12
    layers: int = 6
    hidden: int = 1536
    dropout: float = 0.0


class Bert(nn.Module):
    """Numbers of word pieces to one vector per piece, in which its neighbours have a say.

    Parameters
    ----------
    settings : BertSettings

    Notes
    -----
    Chapter 06. Devlin et al. (2019), section 3.

    Examples
    --------
    >>> bert = Bert(BertSettings(vocabulary=9, positions=8, width=8, heads=2, layers=1, hidden=16))
    >>> bert(torch.tensor([[2, 5, 3]]), torch.ones(1, 3, dtype=torch.bool)).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, settings: BertSettings):
        super().__init__()
        s = self.settings = settings
        self.words = nn.Embedding(s.vocabulary, s.width)
        self.positions = nn.Embedding(s.positions, s.width)
        self.segments = nn.Embedding(2, s.width)  # BERT reads pairs of texts, too; ours are all first
        self.norm = LayerNorm(s.width)
        blocks = (EncoderBlock(s.width, s.heads, s.hidden, s.dropout) for _ in range(s.layers))
        self.blocks = nn.ModuleList(blocks)
        for matrix in (p for p in self.parameters() if p.ndim == 2):
            nn.init.normal_(matrix, std=s.width**-0.5)

    def embed(self, numbers: Int[Tensor, "n t"]) -> Float[Tensor, "n t width"]:
        """What goes into the first block: word, place and segment added up, then normed."""
        places = torch.arange(numbers.shape[1], device=numbers.device)  # (t,)
        first = torch.zeros_like(numbers)
        return self.norm(self.words(numbers) + self.positions(places) + self.segments(first))

    def forward(
        self, numbers: Int[Tensor, "n t"], present: Bool[Tensor, "n t"] | None = None
    ) -> Float[Tensor, "n t width"]:
        x = self.embed(numbers)
        for block in self.blocks:
            x = block(x, present)
        return x


def head_weights(
    bert: Bert, numbers: Int[Tensor, "n t"], present: Bool[Tensor, "n t"] | None = None
) -> Float[Tensor, "layers n heads t t"]:
    """What every head of every block looks at; row i holds the weights of word i.

    Parameters
    ----------
    bert : Bert
    numbers, present : (n, t)
        As :func:`~crossmodal_edu.padding.pad` makes them.

    Returns
    -------
    (layers, n, heads, t, t)

    Notes
    -----
    Used in Chapter 06.

    Examples
    --------
    >>> bert = Bert(BertSettings(vocabulary=9, positions=8, width=8, heads=2, layers=3, hidden=16))
    >>> head_weights(bert, torch.tensor([[2, 5, 3, 0]])).shape
    torch.Size([3, 1, 2, 4, 4])
    """
    x, maps = bert.embed(numbers), []
    for block in bert.blocks:
        maps.append(block.attention.weights(x, present))
        x = block(x, present)
    return torch.stack(maps)


@dataclass(frozen=True, eq=False)
class Hidden:
    """A batch in which some words were hidden, and where: ``chosen`` are those to be guessed."""

    numbers: Int[Tensor, "n t"]
    chosen: Bool[Tensor, "n t"]


def hide_words(
    numbers: Int[Tensor, "n t"], vocabulary: int, generator: torch.Generator, share: float = 0.15
) -> Hidden:
    """Choose words to be guessed; hide most of them, replace some by a random word, leave some.

    Of the chosen ones 80 in 100 become ``[MASK]`` and 10 another word. The last 10 stay, so that
    the model may trust no word that it sees, and has to look at the others for each.

    Parameters
    ----------
    numbers : (n, t)
        In a vocabulary that begins with the five special pieces, in the order of
        ``wordpiece.SPECIAL``; these are never chosen.
    vocabulary : int
        Pieces in the vocabulary.
    generator : torch.Generator
    share : float
        Of the words, how many are chosen.

    Returns
    -------
    Hidden

    Notes
    -----
    Chapter 06. Devlin et al. (2019), section 3.1, task 1.

    Examples
    --------
    >>> numbers = torch.tensor([[2, 7, 8, 3]])
    >>> hide_words(numbers, 9, torch.Generator().manual_seed(0), share=1.0).chosen
    tensor([[False,  True,  True, False]])
    """
    special = len(SPECIAL)
    chosen = (numbers >= special) & (torch.rand(numbers.shape, generator=generator) < share)
    fate = torch.rand(numbers.shape, generator=generator)
    others = torch.randint(special, vocabulary, numbers.shape, generator=generator)
    shown = torch.where(fate < 0.8, SPECIAL.index("[MASK]"), torch.where(fate < 0.9, others, numbers))
    return Hidden(torch.where(chosen, shown, numbers), chosen)


class MaskedWordModel(nn.Module):
    """A :class:`Bert` that gives every vocabulary entry a score at every place.

    The scores are dot products with the word vectors themselves, so that a guess is the word whose
    vector lies nearest; a bias per word holds how frequent it is.

    Notes
    -----
    Used in Chapter 06. Devlin et al. (2019), section 3.1; the layer between encoder and scores is left out.

    Examples
    --------
    >>> model = MaskedWordModel(BertSettings(9, positions=8, width=8, heads=2, layers=1, hidden=16))
    >>> model(torch.tensor([[2, 4, 3]])).shape
    torch.Size([1, 3, 9])
    """

    def __init__(self, settings: BertSettings):
        super().__init__()
        self.bert = Bert(settings)
        self.bias = nn.Parameter(torch.zeros(settings.vocabulary))

    def forward(
        self, numbers: Int[Tensor, "n t"], present: Bool[Tensor, "n t"] | None = None
    ) -> Float[Tensor, "n t vocabulary"]:
        return self.bert(numbers, present) @ self.bert.words.weight.T + self.bias
