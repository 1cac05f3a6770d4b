"""What a network sees: pictures as numbers, stencils, maps, confusions, and how well each method does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from crossmodal_edu.classroom.figures.canvas import INK, canvas
from crossmodal_edu.evaluation.intervals import Estimate

_QUIET = "#6B6B6B"
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")


def picture_as_numbers(
    picture: Image.Image, corner: tuple[int, int], side: int = 8, title: str = ""
) -> Figure:
    """A picture, and one small square of it as the numbers it is made of.

    Parameters
    ----------
    picture : PIL.Image.Image
        Shown as it is; the numbers are those of its grey version, 0 (black) to 255 (white).
    corner : (int, int)
        Row and column of the square's upper left pixel.
    side : int
        Of the square, in pixels.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 07.
    """
    grey = np.asarray(picture.convert("L"))
    row, column = corner
    square = grey[row : row + side, column : column + side]
    figure = canvas(3.9, title)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
    left.imshow(picture)
    frame = Rectangle((column - 0.5, row - 0.5), side, side, fill=False, edgecolor="#D55E00", linewidth=2)
    left.add_patch(frame)
    left.set_title(f"{grey.shape[0]} × {grey.shape[1]} pixels", fontsize=10, color=INK)
    right.set_title(f"the {side} × {side} pixels in the frame, in grey", fontsize=10, color=INK)
    _numbers(right, square, low=0, high=255)
    left.set_axis_off()
    return figure


def sliding_stencil(
    picture: Float[np.ndarray, "h w"],
    stencil: Float[np.ndarray, "kh kw"],
    answers: Float[np.ndarray, "rows columns"],
    place: tuple[int, int],
    title: str = "",
) -> Figure:
    """A stencil on a small picture: what it covers, and the number that comes out there.

    Parameters
    ----------
    picture : (h, w)
    stencil : (kh, kw)
    answers : (rows, columns)
        What the stencil gives at each place.
    place : (int, int)
        Row and column of the place that is framed.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 07.
    """
    figure = canvas(3.1, title)
    tables = {"picture": picture, "stencil": stencil, "answers": answers}
    axes = figure.subplots(1, 3, width_ratios=[array.shape[1] for array in tables.values()])
    for axis, (name, array) in zip(axes, tables.items(), strict=True):
        limit = float(np.abs(array).max()) or 1.0
        grey = name == "picture"
        _numbers(axis, array, low=0 if grey else -1.6 * limit, high=(1 if grey else 1.6) * limit, grey=grey)
        axis.set_title(f"{name}, {array.shape[0]} × {array.shape[1]}", fontsize=10, color=INK)
    row, column = place
    kh, kw = stencil.shape
    for axis, (height, width) in ((axes[0], (kh, kw)), (axes[2], (1, 1))):
        axis.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), width, height, fill=False, edgecolor="#0072B2", linewidth=3.5
            )
        )
    return figure


def filter_responses(
    picture: Image.Image,
    maps: Mapping[str, Float[np.ndarray, "h w"]],
    filters: Mapping[str, Float[np.ndarray, "kh kw"]] | None = None,
    title: str = "",
) -> Figure:
    """A picture, and beside it what each of some filters answers at every place.

    Parameters
    ----------
    picture : PIL.Image.Image
    maps : mapping of name to (h, w)
        Orange where the filter agrees, violet where it disagrees, white for nothing.
    filters : mapping of name to (kh, kw), optional
        Drawn small above each map.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 07.
    """
    side = 8.6 / (1 + len(maps))
    heights = [side] if filters is None else [0.45 * side, side]
    figure = canvas(sum(heights) + 0.75, title)
    table = figure.subplots(len(heights), 1 + len(maps), squeeze=False, height_ratios=heights)
    for axis in table.flat:
        axis.set_axis_off()
    table[-1, 0].imshow(picture, cmap="gray")
    for column, (name, answers) in enumerate(maps.items(), start=1):
        _signed(table[-1, column], answers)
        table[0, column].set_title(name, fontsize=9.5, color=INK)
        if filters is not None:
            _signed(table[0, column], filters[name])
    return figure


def shift_curves(
    curves: Mapping[str, Mapping[float, Estimate]], axis_label: str, value_label: str, title: str = ""
) -> Figure:
    """One curve per method over some amount of change, each with its interval, labelled at its end.

    Parameters
    ----------
    curves : mapping of name to mapping of amount to Estimate
        Shares from 0 to 1, drawn in per cent.
    axis_label, value_label : str
        What changes, and what is measured.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 07.
    """
    figure = canvas(3.4, title)
    axis = figure.subplots()
    ends = {}
    for (name, points), colour in zip(curves.items(), _COLOURS, strict=False):
        x = list(points)
        value, low, high = (
            100 * np.array([getattr(point, part) for point in points.values()])
            for part in ("value", "low", "high")
        )
        axis.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.plot(x, value, color=colour, linewidth=2, marker="o", markersize=4)
        ends[name] = (x[-1], value[-1], colour)
    axis.set_xlabel(axis_label, fontsize=9.5)
    axis.set_ylabel(value_label, fontsize=9.5)
    axis.set_ylim(0, 103)
    last = -np.inf
    for name, (x, y, colour) in sorted(ends.items(), key=lambda item: item[1][1]):
        last = max(y, last + 7)  # names of curves that end together stand one above the other
        axis.annotate(
            name, (x, last), (8, 0), textcoords="offset points", va="center", fontsize=10, color=colour
        )
    longest = max(len(name) for name in ends)
    first, final = axis.get_xlim()
    axis.set_xlim(first, final + (final - first) * 0.0125 * longest)
    axis.set_xticks(sorted({x for points in curves.values() for x in points}))
    axis.tick_params(labelsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def confused_pairs(
    pixels: UInt8[np.ndarray, "n h w"],
    labels: Int[np.ndarray, "n"],
    scores: Float[np.ndarray, "n k"],
    features: Float[np.ndarray, "n d"],
    classes: Sequence[str],
    most: int = 5,
    title: str = "",
) -> Figure:
    """What is most often taken for what, as pictures.

    Above stands the mistake of which the network was surest, below it the picture of the other class
    whose features are nearest, and how often this mistake was made.

    Parameters
    ----------
    pixels : (n, h, w)
        Grey pictures.
    labels : (n,)
        The class of each.
    scores : (n, k)
        The network's score for each class.
    features : (n, d)
        Compared by their cosine.
    classes : sequence of str
        The k names.
    most : int
        How many pairs of classes, the most frequent first; fewer if there are fewer.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 07.
    """
    guesses = scores.argmax(axis=1)
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(counts, (labels, guesses), 1)
    sizes = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    pairs = np.argsort(-counts, axis=None, kind="stable")[: min(most, np.count_nonzero(counts))]
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    figure = canvas(4.1, title)
    table = figure.subplots(2, max(len(pairs), 1), squeeze=False)
    for axis in table.flat:
        axis.set(xticks=[], yticks=[])
    for column, pair in enumerate(pairs):
        right, given = divmod(int(pair), len(classes))
        taken = np.flatnonzero((labels == right) & (guesses == given))
        surest = taken[scores[taken, given].argmax()]
        others = np.flatnonzero(labels == given)
        nearest = others[(unit[others] @ unit[surest]).argmax()] if len(others) else surest
        rows = ((surest, classes[right], "#0072B2"), (nearest, f"taken for\n{classes[given]}", "#D55E00"))
        for axis, (i, words, colour) in zip(table[:, column], rows, strict=True):
            axis.imshow(pixels[i], cmap="gray", vmin=0, vmax=255)
            axis.set_title(words, fontsize=9.5, color=INK)
            axis.spines[:].set(color=colour, linewidth=2)
        table[1, column].set_xlabel(f"{counts[right, given]} of {sizes[right]:,}", fontsize=9, color=_QUIET)
    return figure


def method_intervals(rows: Mapping[str, Mapping[str, Estimate]], value_label: str, title: str = "") -> Figure:
    """One row per method, with a dot and an interval for each measure.

    Parameters
    ----------
    rows : mapping of method to mapping of measure to Estimate
        Drawn from top to bottom; shares from 0 to 1, drawn in per cent.
    value_label : str
        What the axis says.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 07.
    """
    figure = canvas(0.42 * len(rows) + 1.2, title)
    axis = figure.subplots()
    measures = list(next(iter(rows.values())))
    values = np.array([[found[measure].value for measure in measures] for found in rows.values()])
    gaps = np.diff(np.sort(values, axis=1), axis=1).min(axis=1, initial=np.inf)
    named = gaps.argmax()  # the measures are named where there is most room
    for row, found in enumerate(rows.values()):
        for measure, marker, colour in zip(measures, "os^", _COLOURS, strict=False):
            estimate = found[measure]
            axis.plot(
                [100 * estimate.low, 100 * estimate.high], [row, row], color=colour, linewidth=3, alpha=0.5
            )
            axis.plot(100 * estimate.value, row, marker=marker, color=colour, markersize=8)
            if row == named:
                above = (100 * estimate.value, row - 0.45)
                axis.text(*above, measure, ha="center", va="center", fontsize=9.5, color=colour)
    axis.set_yticks(range(len(rows)), list(rows), fontsize=9.5)
    axis.set_ylim(len(rows) - 0.5, -0.8)
    axis.set_xlim(0, 100)
    axis.set_xlabel(value_label, fontsize=9.5)
    axis.grid(axis="x", color="#E3E3E3")
    axis.set_axisbelow(True)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    return figure


def _numbers(axis: Axes, array: np.ndarray, low: float, high: float, grey: bool = True) -> None:
    """A table of numbers, each in a cell of its own shade."""
    axis.imshow(array, cmap="gray" if grey else "PuOr_r", vmin=low, vmax=high)
    for (row, column), value in np.ndenumerate(array):
        dark = grey and (value - low) < 0.5 * (high - low)
        colour = "white" if dark else "black"
        axis.text(column, row, f"{value:g}", ha="center", va="center", fontsize=9.5, color=colour)
    axis.set(xticks=[], yticks=[])


def _signed(axis: Axes, array: np.ndarray) -> None:
    """Zero is white; the strongest answer, of either sign, is the strongest colour."""
    limit = float(np.abs(array).max()) or 1.0
    axis.imshow(array, cmap="PuOr_r", vmin=-limit, vmax=limit)
