"""Cross-modal search for shops, from scratch: words, pictures and sound in one space.

The package is read as part of the book; each public function names the chapter
that builds it. Nothing is imported until it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossmodal_edu.engine import SearchEngine
    from crossmodal_edu.modality import Modality
    from crossmodal_edu.products import Catalog, Product

__version__ = "0.1.0"

_HOME = {
    "Catalog": "products",
    "Modality": "modality",
    "Product": "products",
    "SearchEngine": "engine",
}

__all__ = ["Catalog", "Modality", "Product", "SearchEngine"]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(importlib.import_module(f"crossmodal_edu.{_HOME[name]}"), name)
    raise AttributeError(f"module 'crossmodal_edu' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
