"""BERT: hidden words are chosen as they should be and learned from their neighbours; places matter."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from crossmodal_edu.padding import pad
from crossmodal_edu.text.bert import Bert, BertSettings, MaskedWordModel, hide_words
from crossmodal_edu.text.wordpiece import SPECIAL, WordPiece


def test_hidden_words_are_80_10_10():
    numbers = torch.randint(5, 1_000, (200, 100), generator=torch.Generator().manual_seed(3))
    numbers[:, 0], numbers[:, -1] = SPECIAL.index("[CLS]"), SPECIAL.index("[SEP]")
    hidden = hide_words(numbers, 1_000, torch.Generator().manual_seed(4))
    assert not hidden.chosen[:, [0, -1]].any()
    assert torch.equal(hidden.numbers[~hidden.chosen], numbers[~hidden.chosen])
    assert hidden.chosen[:, 1:-1].double().mean().item() == pytest.approx(0.15, abs=0.01)
    shown, true = hidden.numbers[hidden.chosen], numbers[hidden.chosen]
    is_mask = shown == SPECIAL.index("[MASK]")
    assert is_mask.double().mean().item() == pytest.approx(0.8, abs=0.03)
    assert (shown == true).double().mean().item() == pytest.approx(0.1, abs=0.02)
    assert (shown[~is_mask] >= len(SPECIAL)).all()
    again = hide_words(numbers, 1_000, torch.Generator().manual_seed(4))
    assert torch.equal(again.numbers, hidden.numbers)


def test_hidden_words_are_learned_from_the_words_around_them():
    """Which of two nouns is hidden depends on the adjective two places before it, and on that alone."""
    texts = ["soft small coat", "soft large coat", "loud small drum", "loud large drum"]
    wordpiece = WordPiece([*SPECIAL, *sorted({word for text in texts for word in text.split()})])
    numbers = pad([wordpiece.encode(text) for text in texts]).numbers
    shown = numbers.clone()
    shown[:, 3] = wordpiece.number["[MASK]"]
    model = MaskedWordModel(BertSettings(len(wordpiece), 8, width=16, heads=2, layers=1, hidden=32))
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(60):
        loss = F.cross_entropy(model(shown)[:, 3], numbers[:, 3])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert torch.equal(model(shown)[:, 3].argmax(dim=1), numbers[:, 3])


def test_places_matter():
    model = Bert(BertSettings(9, 8, width=8, heads=2, layers=1, hidden=16)).eval()
    there, back = torch.tensor([[2, 5, 6, 3]]), torch.tensor([[2, 6, 5, 3]])
    assert not torch.allclose(model(there)[0, 1], model(back)[0, 2], atol=1e-3)
    torch.nn.init.zeros_(model.positions.weight)
    assert torch.allclose(model(there)[0, 1], model(back)[0, 2], atol=1e-5)
