"""A generated shop whose truth is known: ``load_shop`` opens the one that ships, ``make_shop`` makes more."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossmodal_edu.datasets.shop.generate import load_shop, make_shop, truths

__all__ = ["load_shop", "make_shop", "truths"]


def __getattr__(name: str):
    if name in __all__:
        return getattr(importlib.import_module("crossmodal_edu.datasets.shop.generate"), name)
    raise AttributeError(f"module 'crossmodal_edu.datasets.shop' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
