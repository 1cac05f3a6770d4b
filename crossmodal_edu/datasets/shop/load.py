"""Open a generated shop: nothing is drawn or spoken, so that searching needs no generator."""

from __future__ import annotations

from pathlib import Path

from crossmodal_edu.datasets import folders
from crossmodal_edu.products import Catalog


def load_shop(folder: str | Path | None = None) -> Catalog:
    """Open a generated shop, by default the one of 2,000 products that ships.

    Raises
    ------
    DataMissingError
        If no folder is given and the shop that ships is not there.
    TableError
        If the folder holds no shop.

    Notes
    -----
    Chapter 01.
    """
    folder = folders.shipped("shop") if folder is None else Path(folder)
    catalog = Catalog.from_table(folder / "products.csv")
    return Catalog(catalog, name="shop", problems=catalog.problems)
