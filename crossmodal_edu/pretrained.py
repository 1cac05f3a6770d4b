"""The models that ship: what each knows, and how it is loaded."""

from __future__ import annotations

from functools import cache

from crossmodal_edu.datasets import folders
from crossmodal_edu.errors import DataMissingError
from crossmodal_edu.model import Model

KNOWS = {
    "shop": "33 kinds of invented products, drawn pictures, synthetic voices; English and Chinese",
    "fashion": "clothes, shoes and accessories, small photos, synthetic voices; English only",
}
"""What each model that ships has seen; of anything else it knows little."""


@cache
def load_pretrained(name: str) -> Model:
    """A model that ships, ready to embed.

    Parameters
    ----------
    name : str
        "shop" or "fashion".

    Raises
    ------
    DataMissingError
        If no model of that name ships.

    Notes
    -----
    Chapter 01.

    Examples
    --------
    >>> load_pretrained("shop").dimensions
    256
    """
    if name not in KNOWS:
        remedy = "Name one of these, or load your own with Model.load."
        raise DataMissingError.unknown(f"No model called {name!r} ships.", KNOWS, remedy)
    return Model.load(folders.shipped(f"models/{name}"))
