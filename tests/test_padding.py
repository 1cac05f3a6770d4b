"""Padding: one table for texts of all lengths, in which filling is never taken for a word."""

from __future__ import annotations

import pytest
import torch

from crossmodal_edu.padding import pad, weighted_mean


def test_padding_says_where_the_words_are():
    numbers, present = pad([[4, 2, 9], [], [7]])
    assert numbers.tolist() == [[4, 2, 9], [0, 0, 0], [7, 0, 0]]
    assert present.tolist() == [[True] * 3, [False] * 3, [True, False, False]]


@pytest.mark.parametrize(("texts", "shape"), [([], (0, 1)), ([[]], (1, 1)), ([[], [1, 2]], (2, 2))])
def test_padding_of_next_to_nothing(texts, shape):
    assert pad(texts).numbers.shape == pad(texts).present.shape == shape


def test_a_word_with_the_number_of_the_filling_stays_a_word():
    numbers, present = pad([[2, 9, 3], [2, 3]], filling=9)
    assert numbers.tolist() == [[2, 9, 3], [2, 3, 9]]
    assert present.tolist() == [[True, True, True], [True, True, False]]


def test_a_mean_without_weights_is_zero_not_nan():
    assert weighted_mean(torch.ones(2, 3, 4), torch.zeros(2, 3)).tolist() == torch.zeros(2, 4).tolist()
