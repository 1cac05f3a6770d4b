"""Fashion-MNIST: both parts whole, ten classes evenly."""

from __future__ import annotations

import pytest
import torch

from crossmodal_edu.classroom.fashion_mnist import CLASSES, load_fashion_mnist
from crossmodal_edu.errors import DataMissingError, TableError


@pytest.mark.parametrize(("split", "n"), [("train", 60_000), ("test", 10_000)])
def test_each_class_has_a_tenth(data_set, split, n):
    pictures = load_fashion_mnist(split, data_set("fashion_mnist"))
    assert tuple(pictures.pixels.shape) == (n, 28, 28)
    assert torch.bincount(pictures.labels).tolist() == [n // 10] * len(CLASSES)
    assert len(pictures) == n


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(DataMissingError, match="not whole"):
        load_fashion_mnist("train", tmp_path)
    with pytest.raises(TableError, match="'validation'"):
        load_fashion_mnist("validation", tmp_path)
