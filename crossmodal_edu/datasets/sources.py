"""Where each data set comes from, how big it is, and under which terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from crossmodal_edu.errors import StorageError, TableError

FASHION_COLUMNS = (
    "id", "masterCategory", "subCategory", "articleType", "baseColour", "season", "usage",
    "productDisplayName", "image",
)  # fmt: skip
"""What a table of ``fashion`` has at least."""


def useless(what: str, accepted: str, remedy: str = "Download it again.") -> StorageError:
    """The error for something that arrived and is not the data set."""
    return StorageError(f"{what}.", accepted=f"{accepted}.", remedy=f"{remedy} Nothing was kept.")


def again(name: str) -> str:
    """What to do about a data set that is damaged; one that is there would not be downloaded again."""
    return f"Name another folder, or move this one away and run: crossmodal download {name}"


def spoilt(name: str, what: str, accepted: str = "the data set as it was published") -> TableError:
    """The error for a data set that is here and cannot be read."""
    return TableError(f"{what}.", accepted=f"{accepted}.", remedy=again(name))


@dataclass(frozen=True)
class Source:
    """One data set that does not ship.

    Parameters
    ----------
    name : str
        What :func:`crossmodal_edu.datasets.folders.find` calls it.
    what, terms : str
        One sentence for the reader; the licence, or what is known of it.
    size : int
        Bytes to download, about.
    kind : str
        ``"zip"``: an archive at a fixed address; ``"torchvision"``: torchvision's own loader;
        ``"huggingface"``: Parquet files of a data set on the Hugging Face Hub.
    address : str
        The archive's address, or the owner/name of the data set on the Hub.
    revision : str
        The commit on the Hub; empty for its newest.
    subfolder : str
        The only folder of the archive that is kept.
    sha256 : str
        What :func:`crossmodal_edu.datasets.folders.content_hash` gives for ``subfolder``.
    sign : str
        A pattern that at least one file of a complete copy matches.
    """

    name: str
    what: str
    terms: str
    size: int
    kind: Literal["zip", "torchvision", "huggingface"]
    address: str
    revision: str = ""
    subfolder: str = ""
    sha256: str = ""
    sign: str = "*"

    def is_in(self, folder: Path) -> bool:
        """Whether ``folder`` holds this data set."""
        return folder.is_dir() and next(folder.glob(self.sign), None) is not None


_ALL = (
    Source(
        "fashion",
        "44,072 real fashion products: photo, title, category tree, colour, season, usage",
        "terms of redistribution unclear: for your own study, not to be passed on",
        size=271_000_000, kind="huggingface", address="ashraq/fashion-product-images-small",
        revision="bd09c69e56fc0b1f279743fef89d735f3bdf8a42", sign="*.parquet",
    ),
    Source(
        "grocery",
        "5,421 phone photos of 81 products, with shop pictures and descriptions",
        "MIT (Klasson, Zhang, Kjellström, WACV 2019)",
        size=120_000_000, kind="zip", subfolder="dataset", sign="dataset/classes.csv",
        address="https://github.com/marcusklasson/GroceryStoreDataset/archive/"
        "fc80ba90f803d79d0383df52c5a4ac5de99ff6fc.zip",
        sha256="0cf54f0feaf9d32d328510dd3920d993bfa6052cce439f87048a3e630891ade8",
    ),
    Source(
        "fashion_mnist",
        "70,000 grey 28×28 product pictures in 10 classes",
        "MIT (Xiao, Rasul, Vollgraf, 2017)",
        size=31_000_000, kind="torchvision", address="torchvision.datasets.FashionMNIST",
        sign="FashionMNIST/raw/train-images-idx3-ubyte*",
    ),
    Source(
        "spoken_digits",
        "3,000 recordings of the digits by 6 human speakers, 8 kHz",
        "CC BY-SA 4.0 (Jackson et al., Free Spoken Digit Dataset)",
        size=16_000_000, kind="zip", subfolder="recordings", sign="recordings/*.wav",
        address="https://github.com/Jakobovski/free-spoken-digit-dataset/archive/"
        "26eb9aaf76e81b692f806f9140c2d2777410d7a1.zip",
        sha256="04e1baae96c6a26e39c623f2b01d0182ddae627ba0ac02a3cdc17ba2af99fd9b",
    ),
)  # fmt: skip
SOURCES: Mapping[str, Source] = MappingProxyType({source.name: source for source in _ALL})
"""Every data set that ``crossmodal download`` knows, by name."""
