"""How often each fault is tried: ten times in ``make test``, in full in ``make stress``."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest


@pytest.fixture
def rounds() -> Callable[[int], int]:
    """``rounds(100)`` is 100 in ``make stress`` and 10 elsewhere."""
    return lambda full: full if os.environ.get("CROSSMODAL_EDU_STRESS") else min(full, 10)
