"""Figures of autoencoders: the narrow door, what comes through it, and what a tie of codes costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle

from crossmodal_edu.classroom.figures.canvas import INK, canvas

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's, in the order in which lines are drawn."""

_QUIET = "#8A8A8A"


def narrow_doors(title: str = "") -> Figure:
    """Two autoencoders, one above the other, and the tie between their codes.

    Parameters
    ----------
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 10.
    """
    figure = canvas(3.5, title)
    axis = figure.subplots()
    axis.set_xlim(0, 10)
    axis.set_ylim(0, 4.4)
    axis.set_axis_off()
    rows = (
        ("“red leather handbag”", "words", 3.3, COLOURS[0]),
        ("a picture of it", "picture", 1.1, COLOURS[1]),
    )
    for said, name, y, colour in rows:
        _box(axis, 0.1, y, 1.9, said, colour)
        _half(axis, 2.3, 4.3, y, wide_left=True, text="encoder", colour=colour)
        axis.add_patch(Rectangle((4.55, y - 0.28), 0.5, 0.56, facecolor=colour, edgecolor=colour))
        _half(axis, 5.3, 7.3, y, wide_left=False, text="decoder", colour=colour)
        _box(axis, 7.6, y, 2.3, f"the {name}, rebuilt", colour)
        for start, end in ((2.0, 2.3), (4.3, 4.55), (5.05, 5.3), (7.3, 7.6)):
            axis.add_patch(
                FancyArrowPatch((start, y), (end, y), arrowstyle="-|>", mutation_scale=9, color=INK)
            )
        axis.text(4.8, y + 0.42, "code", ha="center", va="bottom", fontsize=9.5, color=INK)
    axis.add_patch(
        FancyArrowPatch(
            (4.8, 2.95), (4.8, 1.78), arrowstyle="<|-|>", mutation_scale=11, color=INK, linestyle="--"
        )
    )
    axis.text(5.0, 2.36, "the tie: these two should be equal", fontsize=9.5, color=INK, va="center")
    return figure


def rebuilt_pictures(rows: Mapping[str, Float[np.ndarray, "n side side 3"]], title: str = "") -> Figure:
    """Small pictures in rows, the same ones in each: as they are, and as they come back.

    Parameters
    ----------
    rows : mapping of name to (n, side, side, 3)
        Brightness from 0 to 1; what lies outside is cut off.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 10.
    """
    n = len(next(iter(rows.values())))
    figure = canvas(0.2 + 0.78 * len(rows), title)
    axes = figure.subplots(len(rows), n, squeeze=False)
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(np.clip(picture, 0, 1), interpolation="nearest")
            axis.set_axis_off()
        line[0].text(
            -0.12, 0.5, name, transform=line[0].transAxes, ha="right", va="center", fontsize=9.5, color=INK
        )
    return figure


def labelled_curves(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    across: str,
    up: str,
    title: str = "",
    dotted: str = "",
) -> Figure:
    """Lines, each with its name at its end.

    Parameters
    ----------
    curves : mapping of name to (x, y)
        The part of a name before a comma fixes its colour.
    across, up : str
        What the axes say.
    title : str
        What the figure shows, as a sentence.
    dotted : str
        Names that end so are drawn dotted.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 10.
    """
    figure = canvas(3.4, title)
    axis = figure.subplots()
    families = list(dict.fromkeys(name.partition(",")[0] for name in curves))
    ends = []
    for name, (x, y) in curves.items():
        colour = COLOURS[families.index(name.partition(",")[0]) % len(COLOURS)]
        style = ":" if dotted and name.endswith(dotted) else "-"
        axis.plot(x, y, color=colour, linestyle=style, linewidth=1.8, marker="o" if len(x) < 9 else None)
        ends.append([y[-1], x[-1], name, colour])
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, 0), high)
    step, last = 0.065 * (high - min(low, 0)), -np.inf
    for y, x, name, colour in sorted(ends):
        last = max(y, last + step)  # names keep clear of each other
        axis.annotate(
            name,
            (x, last),
            xytext=(7, 0),
            textcoords="offset points",
            color=colour,
            fontsize=9.5,
            va="center",
        )
    axis.set_xlabel(across, fontsize=9.5)
    axis.set_ylabel(up, fontsize=9.5)
    axis.spines[["top", "right"]].set_visible(False)
    left, right = axis.get_xlim()
    axis.set_xticks([tick for tick in axis.get_xticks() if left <= tick <= right])
    axis.set_xlim(left, right + 0.34 * (right - left))
    return figure


def trade_off(
    paths: Mapping[str, Mapping[str, tuple[float, float]]],
    chance: float,
    title: str = "",
) -> Figure:
    """What is lost of the features against what is found across modalities, along a weight.

    Parameters
    ----------
    paths : mapping of name to mapping of label to (error, R@10)
        One path a method; its points in the order of their weight.
    chance : float
        R@10 by chance.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 10.
    """
    figure = canvas(3.7, title)
    axis = figure.subplots()
    for number, ((name, points), colour) in enumerate(zip(paths.items(), COLOURS, strict=False)):
        x, y = np.array(list(points.values())).T
        axis.plot(x, y, color=colour, marker="o", linewidth=1.6)
        for label, place in points.items():
            axis.annotate(
                label,
                place,
                xytext=(4, -13) if number % 2 == 0 else (-4, -13),
                ha="left" if number % 2 == 0 else "right",
                textcoords="offset points",
                fontsize=9,
                color=colour,
            )
        best = y.argmax()
        axis.annotate(
            name,
            (x[best], y[best]),
            xytext=(0, 9),
            textcoords="offset points",
            ha="left",
            fontsize=9.5,
            color=colour,
        )
    axis.axhline(chance, color=_QUIET, linewidth=1, linestyle="--")
    left, right = axis.get_xlim()
    axis.set_xlim(left, right + 0.12 * (right - left))
    axis.set_ylim(0, axis.get_ylim()[1] * 1.1)
    axis.text(axis.get_xlim()[1], chance, "chance", color=_QUIET, fontsize=9, va="bottom", ha="right")
    axis.set_xlabel("reconstruction error: share of the features that is lost", fontsize=9.5)
    axis.set_ylabel("R@10 across modalities", fontsize=9.5)
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def _box(axis: Axes, x: float, y: float, width: float, text: str, colour: str) -> None:
    axis.add_patch(Rectangle((x, y - 0.6), width, 1.2, facecolor="white", edgecolor=colour, linewidth=1.6))
    axis.text(x + width / 2, y, text.replace(" ", "\n", 1), ha="center", va="center", fontsize=9.5, color=INK)


def _half(
    axis: Axes, left: float, right: float, y: float, *, wide_left: bool, text: str, colour: str
) -> None:
    """A half of an autoencoder, which narrows to the code, or widens from it."""
    first, last = (0.6, 0.28) if wide_left else (0.28, 0.6)
    corners = [(left, y - first), (left, y + first), (right, y + last), (right, y - last)]
    axis.add_patch(Polygon(corners, facecolor=colour, alpha=0.22, edgecolor=colour))
    axis.text((left + right) / 2, y, text, ha="center", va="center", fontsize=9.5, color=INK)
