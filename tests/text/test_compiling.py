"""Compiled loops: also where nothing can be written."""

from __future__ import annotations

from numba.core.caching import _CacheLocator

from crossmodal_edu.text import compiling


class _Nowhere(_CacheLocator):
    @classmethod
    def from_function(cls, *_):
        return None


def test_it_compiles_where_nothing_can_be_written(monkeypatch):
    """A read-only installation and no home folder: numba finds no place for its cache."""
    monkeypatch.setattr("numba.core.caching.CacheImpl._locator_classes", [_Nowhere])
    monkeypatch.setattr("numba.core.caching.CompileResultCacheImpl._locator_classes", [_Nowhere])
    double = compiling.compiled(_double)
    assert double(2.0) == 4.0


def _double(x):
    return 2 * x
