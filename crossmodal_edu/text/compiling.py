"""How the loops of this package are compiled: the same for all of them, and once for all sessions."""

from __future__ import annotations

from collections.abc import Callable

from numba import njit


def compiled(function: Callable) -> Callable:
    """Compile for this processor, without Python's lock, and keep the result for the next session.

    Sums may be added up in another order, so that the processor handles eight or sixteen numbers
    at a time. Not all of "fastmath": a number that is none must stay one, or a table would be read
    outside its bounds.

    Parameters
    ----------
    function : callable
        Of arrays and numbers; it also has to carry ``typing.no_type_check``.

    Notes
    -----
    Used in Chapter 03, where a cell says ``njit``.

    Examples
    --------
    >>> compiled(lambda x: 2 * x)(21)
    42
    """
    options = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "reassoc"}}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # a read-only installation and no home folder: nowhere to keep it
        return njit(**options)(function)
