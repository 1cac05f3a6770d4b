"""Filters over words equal torch's convolution; short texts, padding, order."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from crossmodal_edu.text.cnn import TextCNN, convolve_words, max_over_time


@pytest.mark.parametrize("size", [1, 2, 5])
def test_outputs_and_gradients_equal_torchs_conv1d_to_1e_10(size):
    words = torch.randn(3, 8, 4, dtype=torch.double, requires_grad=True)
    filters = torch.randn(6, 4, size, dtype=torch.double, requires_grad=True)
    bias = torch.randn(6, dtype=torch.double, requires_grad=True)
    ours = convolve_words(words, filters, bias)
    theirs = F.conv1d(words.transpose(1, 2), filters, bias).transpose(1, 2)
    torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=0)
    upstream = torch.randn_like(theirs)
    mine = torch.autograd.grad((ours * upstream).sum(), (words, filters, bias))
    their = torch.autograd.grad((theirs * upstream).sum(), (words, filters, bias))
    for one, other in zip(mine, their, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=0)


def test_the_filter_worked_by_hand_in_the_chapter():
    """red (−1, 0), white (1, 0), dots (0, 1): a filter for "white dots" over "white dots red dots"."""
    text = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 1.0]]])
    white_dots = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])  # (1 filter, d, k)
    fits = convolve_words(text, white_dots, torch.zeros(1))
    assert fits[0, :, 0].tolist() == [2, 0, 0]
    assert max_over_time(fits, torch.ones(1, 3, dtype=torch.bool)).item() == 2


def test_the_maximum_is_taken_over_the_text_alone():
    fits = torch.tensor([[[-3.0], [-1.0], [7.0]], [[1.0], [2.0], [3.0]]])
    present = torch.tensor([[True, True, False], [False, False, False]])
    assert max_over_time(fits, present)[:, 0].tolist() == [-1, 0]


def test_the_whole_reader_equals_torchs_on_texts_of_full_length():
    reader = TextCNN(4, filters=5, sizes=(1, 2, 3)).double()
    words = torch.randn(3, 7, 4, dtype=torch.double)
    expected = torch.cat([c(words.transpose(1, 2)).relu().amax(dim=2) for c in reader.convolutions], dim=1)
    ours = reader(words, torch.ones(3, 7, dtype=torch.bool))
    torch.testing.assert_close(ours, expected, atol=1e-10, rtol=0)


def test_a_text_does_not_depend_on_its_neighbours_nor_on_what_stands_at_padding():
    reader = TextCNN(4, filters=5, sizes=(1, 2, 3))
    words = torch.randn(4, 6, 4)
    lengths = torch.tensor([6, 1, 2, 4])
    present = torch.arange(6) < lengths[:, None]
    together = reader(torch.where(present[:, :, None], words, 50.0), present)
    for row, length in enumerate(lengths.tolist()):
        alone = reader(words[row : row + 1, :length], torch.ones(1, length, dtype=torch.bool))
        torch.testing.assert_close(together[row : row + 1], alone, atol=1e-6, rtol=1e-5)


def test_a_text_without_words_is_finite():
    reader = TextCNN(4, filters=5, sizes=(1, 3))
    assert not reader(torch.randn(1, 3, 4), torch.zeros(1, 3, dtype=torch.bool)).any()
    assert reader(torch.randn(0, 3, 4), torch.zeros(0, 3, dtype=torch.bool)).shape == (0, 10)


def test_filters_of_one_word_see_neither_order_nor_number_and_filters_of_two_see_order():
    words = torch.randn(3, 4)
    texts = torch.stack([words[[0, 1, 2, 1]], words[[2, 1, 0, 0]], words[[0, 1, 2, 2]]])
    present = torch.ones(3, 4, dtype=torch.bool)
    singles = TextCNN(4, filters=16, sizes=(1,))(texts, present)
    torch.testing.assert_close(singles[0], singles[1])
    torch.testing.assert_close(singles[0], singles[2])
    pairs = TextCNN(4, filters=16, sizes=(2,))(texts, present)
    assert not torch.allclose(pairs[0], pairs[1], atol=1e-4)
