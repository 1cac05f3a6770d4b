"""What all figures share: their paper, their ink, and where the title goes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.lettering import letter

INK, PAPER = "#222222", "white"
"""Dark grey on white, in the dark theme too: the colours of the data are chosen for white."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Of Okabe and Ito, which colour-blind readers can tell apart."""


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


def name_ends(axis: Axes, ends: Mapping[str, tuple[float, float, str]], apart: float = 0.075) -> None:
    """The name of each line behind its end, none over another and none above the picture.

    Parameters
    ----------
    axis : Axes
        With its limits as they will stay.
    ends : mapping of name to (x, y, colour)
    apart : float
        How far two names keep from each other, as a share of the height.
    """
    low, high = axis.get_ylim()
    apart *= high - low
    ordered = sorted(ends.items(), key=lambda item: item[1][1])
    heights = [y for _, (_, y, _) in ordered]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + apart)
    for i, over in enumerate(reversed(range(len(heights)))):
        heights[over] = min(heights[over], high - i * apart)
    for height, (name, (x, _, colour)) in zip(heights, ordered, strict=True):
        axis.annotate(
            name, (x, height), xytext=(8, 0), textcoords="offset points", fontsize=10, color=colour,
            va="center", annotation_clip=False,
        )  # fmt: skip
