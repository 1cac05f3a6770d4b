"""What all figures share: their paper, their ink, and where the title goes."""

from __future__ import annotations

import warnings
from typing import Any

from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.lettering import letter

INK, PAPER = "#222222", "white"
"""Dark grey on white, in the dark theme too: the colours of the data are chosen for white."""


class _Lettered(Figure):
    """A figure whose words may come from anywhere: they are prepared by :func:`letter` when it is drawn."""

    def draw(self, renderer: Any) -> None:
        """Draw it, as matplotlib asks for."""
        letter(self)
        with warnings.catch_warnings():  # what no font has was said in one sentence; here come twenty
            warnings.filterwarnings("ignore", "Glyph|Matplotlib currently does not support", UserWarning)
            super().draw(renderer)


_Lettered.__name__ = "Figure"  # what a notebook prints where it cannot draw


def canvas(height: float, title: str = "", width: float = 8.6, dpi: int = 90) -> Figure:
    """An empty figure, as wide as a page of the book, whose parts keep clear of each other.

    Parameters
    ----------
    height, width : float
        In inches.
    title : str
        What the figure shows, as a sentence; none if it is empty.
    dpi : int
        Pixels per inch.

    Returns
    -------
    Figure

    Examples
    --------
    >>> canvas(3.4, title="Unseen voices cost eleven points").get_suptitle()
    'Unseen voices cost eleven points'
    """
    figure = _Lettered(figsize=(width, height), dpi=dpi, facecolor=PAPER, layout="constrained")
    if title:
        figure.suptitle(title, fontsize=12, color=INK)
    return figure
