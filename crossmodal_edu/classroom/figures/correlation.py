"""The figures of chapter 09: clouds that are turned into one, what damping does, the gap, the hubs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.canvas import INK, canvas
from crossmodal_edu.classroom.figures.lettering import wrapped
from crossmodal_edu.classroom.figures.pipeline import show_picture
from crossmodal_edu.products import Product

WORDS, PICTURES = "#0072B2", "#D55E00"
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_QUIET = "#6b6b6b"

Clouds = tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]


def clouds(
    panels: Mapping[str, Clouds],
    names: Sequence[str] = (),
    title: str = "",
    joined: int = 0,
    told: Sequence[str] = ("words", "pictures"),
) -> Figure:
    """Two modalities as clouds of points in the plane, once in each panel.

    Parameters
    ----------
    panels : mapping of heading to two tables (n, 2)
        Row i of both is the same product.
    names : sequence of n str
        Written beside the points of the first modality; none if there are too many.
    title : str
        What the figure shows, as a sentence.
    joined : int
        For how many products, the first ones, a line joins the two points.
    told : two str
        The names of the two modalities.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 09.
    """
    figure = canvas(3.5 if len(panels) == 2 else 3.1, title)
    few = bool(names)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (heading, (first, second)) in zip(axes, panels.items(), strict=True):
        for one, other in zip(first[:joined], second[:joined], strict=True):
            axis.plot(*zip(one, other, strict=True), color="#999999", linewidth=0.8, zorder=1)
        size = 46 if few else 9
        axis.scatter(*first.T, s=size, color=WORDS, marker="o", zorder=2, linewidths=0)
        axis.scatter(*second.T, s=size, color=PICTURES, marker="^", zorder=2, linewidths=0)
        for name, place in zip(names, first, strict=False):
            _beside(axis, name, place, WORDS, (6, 5))
        for name, place in zip(names, second, strict=False):
            _beside(axis, name, place, PICTURES, (6, -11))
        reach = 1.25 * max(np.abs(first).max(), np.abs(second).max())
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        axis.axhline(0, color="#DDDDDD", linewidth=0.8, zorder=0)
        axis.axvline(0, color="#DDDDDD", linewidth=0.8, zorder=0)
        axis.set_title(heading, fontsize=10, color=INK)
        axis.tick_params(labelsize=9, colors=_QUIET)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].text(0.02, 0.99, f"● {told[0]}", transform=axes[0].transAxes, color=WORDS, fontsize=10, va="top")
    axes[0].text(
        0.02, 0.91, f"▲ {told[1]}", transform=axes[0].transAxes, color=PICTURES, fontsize=10, va="top"
    )
    return figure


def damping_curves(
    values: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    chosen: float,
    title: str = "",
    label: str = "R@10",
) -> Figure:
    """What comes out at each strength of the regularisation; 0 stands at the left end.

    Parameters
    ----------
    values : sequence of m float
        From 0 upwards.
    curves : mapping of name to m values
    chosen : float
        The strength that is marked.
    title : str
        What the figure shows, as a sentence.
    label : str
        What the upright axis measures.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 09.
    """
    figure = canvas(3.3, title)
    axis = figure.subplots()
    places = np.arange(len(values))
    for colour, (name, heights) in zip(LINES, curves.items(), strict=False):
        axis.plot(places, heights, "o-", color=colour, markersize=4.5)
        axis.text(places[-1] + 0.12, heights[-1], name, color=colour, fontsize=10, va="center")
    at = list(values).index(chosen)
    axis.axvline(at, color=_QUIET, linestyle=":", linewidth=1.2)
    axis.text(at + 0.06, 0.03, "chosen", fontsize=9, color=_QUIET)
    axis.set_xticks(places, [f"{value:g}" for value in values], fontsize=9)
    axis.set(ylim=(0, 1.05), xlim=(-0.3, len(values) + 0.9))
    axis.set_xlabel("regularisation, in units of the mean variance", fontsize=10)
    axis.set_ylabel(label, fontsize=10)
    axis.tick_params(labelsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def hub_curves(occurrences: Mapping[str, Int[np.ndarray, "n"]], k: int = 10, title: str = "") -> Figure:
    """How often each item is found, the most frequent first.

    Parameters
    ----------
    occurrences : mapping of name to (n,)
        In how many answers each item stands.
    k : int
        How long the answers are; an item that is found as often as any other is found k times.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 09.
    """
    figure = canvas(3.1, title)
    axis = figure.subplots()
    top = max(found.max() for found in occurrences.values())
    for i, (colour, (name, found)) in enumerate(zip(LINES, occurrences.items(), strict=False)):
        axis.plot(np.arange(1, len(found) + 1), np.sort(found)[::-1], color=colour, linewidth=2)
        axis.text(
            0.97, 0.95 - 0.11 * i, name, transform=axis.transAxes, color=colour, fontsize=10, ha="right"
        )
    axis.axhline(k, color=_QUIET, linestyle=":", linewidth=1.2)
    axis.text(len(found), k + 0.02 * top, "all alike", fontsize=9, color=_QUIET, ha="right", va="bottom")
    axis.set(xlim=(1, len(found)), ylim=(0, 1.05 * top))
    axis.set_xlabel("items, those found most often first", fontsize=10)
    axis.set_ylabel(f"how often among the first {k}", fontsize=10)
    axis.tick_params(labelsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def photo_rows(rows: Mapping[str, Sequence[tuple[Product, bool]]], title: str = "") -> Figure:
    """What was found for each query, a row each, best first; right answers are framed in green.

    Parameters
    ----------
    rows : mapping of query to sequence of (Product, bool)
        Equally many each; true for what is right.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 09.
    """
    columns = max(len(found) for found in rows.values())
    figure = canvas(1.15 * len(rows) + 0.4, title, dpi=62)
    table = figure.subplots(len(rows), columns + 1, squeeze=False, width_ratios=[1.9, *[1] * columns])
    for row, (query, found) in zip(table, rows.items(), strict=True):
        for axis in row:
            axis.set_axis_off()
        words = "\n".join(wrapped(query, 22, 4))
        row[0].text(0.95, 0.5, words, ha="right", va="center", fontsize=10.5, color=INK)
        for axis, (product, right) in zip(row[1:], found, strict=False):
            show_picture(axis, product)
            if right:
                axis.set_axis_on()
                axis.set(xticks=[], yticks=[])
                for spine in axis.spines.values():
                    spine.set(color="#009E73", linewidth=3)
    return figure


def _beside(axis, words: str, place: Float[np.ndarray, "2"], colour: str, offset: tuple[int, int]) -> None:
    axis.annotate(words, place, textcoords="offset points", xytext=offset, fontsize=9, color=colour)
