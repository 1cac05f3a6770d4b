"""The book's figures, one module per part of it."""

from crossmodal_edu.errors import extra

with extra("book"):
    import matplotlib  # noqa: F401  once for all of them: a missing one says what to install
