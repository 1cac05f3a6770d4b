"""A generated shop whose truth is known: ``load_shop`` opens the one that ships, ``make_shop`` makes more."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossmodal_edu.datasets.shop.generate import make_shop, truths
    from crossmodal_edu.datasets.shop.load import load_shop

_HOME = {"load_shop": "load", "make_shop": "generate", "truths": "generate"}

__all__ = ["load_shop", "make_shop", "truths"]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(importlib.import_module(f"crossmodal_edu.datasets.shop.{_HOME[name]}"), name)
    raise AttributeError(f"module 'crossmodal_edu.datasets.shop' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
