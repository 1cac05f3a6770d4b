"""``fashion_mnist``: 70,000 grey pictures of clothes, 28×28 pixels, in ten classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torchvision
from jaxtyping import Int, UInt8
from torch import Tensor

from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.sources import again
from crossmodal_edu.errors import DataMissingError, TableError

CLASSES = (
    "t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "trainer", "bag", "ankle boot",
)  # fmt: skip
"""What the labels 0 to 9 stand for."""


@dataclass(frozen=True, eq=False)
class LabelledPictures:
    """Grey pictures, white on black, and the number of the class of each."""

    pixels: UInt8[Tensor, "n 28 28"]
    labels: Int[Tensor, "n"]

    def __len__(self) -> int:
        return len(self.labels)


def load_fashion_mnist(split: str, folder: str | Path | None = None) -> LabelledPictures:
    """One of the two official parts, read by torchvision.

    Parameters
    ----------
    split : str
        "train" (60,000) or "test" (10,000).
    folder : str or Path, optional
        The folder that holds ``FashionMNIST/``; without it,
        :func:`~crossmodal_edu.datasets.folders.find` looks for the data set "fashion_mnist".

    Returns
    -------
    LabelledPictures

    Raises
    ------
    DataMissingError
        If the data set is not on this machine, or not whole.
    TableError
        If there is no such split.

    Notes
    -----
    Used in Chapter 07. Xiao, Rasul, Vollgraf (2017).
    """
    if split not in ("train", "test"):
        raise TableError.unknown(f"There is no split {split!r}.", ("train", "test"))
    root = folders.find("fashion_mnist") if folder is None else Path(folder)
    try:
        pictures = torchvision.datasets.FashionMNIST(root, train=split == "train")
    except (RuntimeError, OSError, ValueError) as error:
        raise DataMissingError(
            f"The {split} part of fashion_mnist is not whole: {error}",
            accepted="the four files of the published data set in FashionMNIST/raw.",
            remedy=again("fashion_mnist"),
        ) from error
    return LabelledPictures(pictures.data, pictures.targets)
