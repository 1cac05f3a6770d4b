"""Pictures of word vectors: maps of words, the loss of a training, cosines against what people say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import rankdata

from crossmodal_edu.classroom.figures.canvas import INK, PAPER, canvas
from crossmodal_edu.text.wordvectors import Neighbour

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_QUIET = "#8A8A8A"


def word_map(
    panels: Mapping[str, Float[np.ndarray, "n 2"]],
    words: Sequence[str],
    kinds: Mapping[str, str],
    named: Collection[str] | None = None,
    title: str = "",
) -> Figure:
    """Maps of the same words side by side; colour says the kind.

    Parameters
    ----------
    panels : mapping of heading to (n, 2)
        One map each; of several, each has equal scales in both directions.
    words : sequence of n str
    kinds : mapping of word to kind
        At most six kinds; they are named below the maps in their colours.
    named : collection of str, optional
        The words that are written beside their dot, as far as there is room; without it, all.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 03.
    """
    height = 3.9 if len(panels) > 1 else 5.6
    figure = canvas(height, title)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    paint = dict(zip(dict.fromkeys(kinds[word] for word in words), _COLOURS, strict=False))
    for axis, (heading, points) in zip(axes, panels.items(), strict=True):
        colours = [paint[kinds[word]] for word in words]
        axis.scatter(*points.T, s=22 if len(words) < 60 else 14, c=colours, alpha=0.75, linewidths=0)
        axis.set(xticks=[], yticks=[], aspect="equal" if len(panels) > 1 else "auto")
        axis.set_adjustable("datalim")
        axis.margins(0.2 if len(words) <= 12 else 0.08)
        axis.spines[:].set_color("#CCCCCC")
        axis.set_title(heading, fontsize=10, color=INK)
        _name_points(axis, points, words, colours, words if named is None else named)
    for place, (kind, colour) in enumerate(paint.items()):
        figure.text(0.02 + 0.12 * place, 0.0, kind, color=colour, fontsize=11, weight="bold", va="bottom")
    figure.get_layout_engine().set(rect=(0, 0.07, 1, 0.93))
    return figure


def loss_curves(runs: Mapping[str, Float[np.ndarray, "epochs chunks"]], title: str = "") -> Figure:
    """The loss of several trainings: a pale dot for each part of the text, a line through the epochs.

    Parameters
    ----------
    runs : mapping of name to (epochs, chunks)
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 03.
    """
    figure = canvas(3.4, title)
    axis = figure.subplots()
    for losses, colour in zip(runs.values(), _COLOURS, strict=False):
        epochs, chunks = losses.shape
        axis.scatter((np.arange(losses.size) + 0.5) / chunks, losses.ravel(), s=5, color=colour, alpha=0.25)
        axis.plot(np.arange(epochs) + 0.5, losses.mean(axis=1), color=colour, linewidth=2)
    _name_ends(axis, {name: (len(losses) + 0.1, losses[-1].mean()) for name, losses in runs.items()})
    longest = max(len(losses) for losses in runs.values())
    axis.set(xlim=(0, 1.22 * longest), xticks=range(0, longest + 1, max(longest // 5, 1)))
    axis.set_xlabel("times the text was read", fontsize=9)
    axis.set_ylabel("loss of a pair", fontsize=9)
    _quiet(axis)
    return figure


def similarity_scatter(
    cosines: Sequence[float],
    human: Sequence[float],
    pairs: Sequence[str],
    named: Collection[str] = (),
    title: str = "",
) -> Figure:
    """Word pairs by rank: to the right the nearer to people, upwards the nearer to the vectors.

    Parameters
    ----------
    cosines, human : sequences of n float
        Only their order is drawn, which is what Spearman's correlation looks at.
    pairs : sequence of n str
        Such as "coffee, cup".
    named : collection of str
        The pairs that are written beside their dot.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 03.
    """
    figure = canvas(4.8, title)
    axis = figure.subplots()
    points = np.column_stack([rankdata(human), rankdata(cosines)])
    axis.plot([1, len(points)], [1, len(points)], color="#DDDDDD", linewidth=6, zorder=0)
    axis.scatter(*points.T, s=14, color=_COLOURS[0], alpha=0.5, linewidths=0)
    for point, pair in zip(points, pairs, strict=True):
        if pair in named:
            axis.scatter(*point, s=34, color=_COLOURS[1], zorder=3)
            left = point[0] > 0.75 * len(points)
            axis.annotate(
                pair, point, xytext=(-6 if left else 6, 0), textcoords="offset points", fontsize=9.5,
                color=_COLOURS[1], ha="right" if left else "left", va="center",
                bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            )  # fmt: skip
    axis.set_xlabel("rank by people: unrelated → related", fontsize=9)
    axis.set_ylabel("rank by cosine", fontsize=9)
    _quiet(axis)
    return figure


def neighbour_lists(lists: Mapping[str, Mapping[str, Sequence[Neighbour]]], title: str = "") -> Figure:
    """The neighbours of words in two texts or more: a column for each word, a row for each text.

    Parameters
    ----------
    lists : mapping of text to mapping of word to neighbours
        Best first; a bar behind each says its cosine. All texts hold the same words.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 03.
    """
    words = list(next(iter(lists.values())))
    longest = max(len(found) for columns in lists.values() for found in columns.values())
    height = len(lists) * (0.24 * longest + 0.35) + 0.5
    figure = canvas(height, title)
    table = figure.subplots(len(lists), len(words), squeeze=False)
    for row, (text, columns), colour in zip(table, lists.items(), _COLOURS, strict=False):
        for axis, word in zip(row, words, strict=True):
            found = columns[word]
            places = -np.arange(len(found))
            axis.barh(places, [near.cosine for near in found], height=0.86, color=colour, alpha=0.25)
            for place, near in zip(places, found, strict=True):
                axis.text(0.03, place, near.word, fontsize=9.5, va="center", color=INK)
            axis.set(xlim=(0, 1), ylim=(0.6 - longest, 0.6), xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if axis.get_subplotspec().is_first_row():
                axis.set_title(word, fontsize=11, color=INK, weight="bold")
        row[0].set_ylabel(text, fontsize=10, color=colour)
    return figure


def size_curves(
    sizes: Sequence[int], lines: Mapping[str, Sequence[float]], what: str, title: str = ""
) -> Figure:
    """What becomes of a measure as the text grows, one line for each way of training.

    Parameters
    ----------
    sizes : sequence of n int
        Titles read; drawn on a logarithmic axis.
    lines : mapping of name to up to n float
        From 0 to 1; a shorter line ends early.
    what : str
        The name of the measure.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 03.
    """
    figure = canvas(3.4, title)
    axis = figure.subplots()
    for (name, values), colour in zip(lines.items(), _COLOURS, strict=False):
        axis.plot(sizes[: len(values)], values, color=colour, linewidth=2, marker="o")
        axis.annotate(
            name, (sizes[len(values) - 1], values[-1]), xytext=(8, 0), textcoords="offset points",
            color=colour, fontsize=10, va="center",
        )  # fmt: skip
    axis.set_xscale("log")
    axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axis.set_xticks([], minor=True)
    axis.set(ylim=(-0.05, 1.05), xlim=(sizes[0] / 1.3, sizes[-1] * 2.2))
    axis.set_xlabel("titles read", fontsize=9)
    axis.set_ylabel(what, fontsize=9)
    _quiet(axis)
    return figure


def _name_ends(axis: Axes, ends: Mapping[str, tuple[float, float]]) -> None:
    """The name of each line at its end, the lowest first, kept apart."""
    gap, last = 0.075 * np.ptp(axis.get_ylim()), -np.inf
    paint = dict(zip(ends, _COLOURS, strict=False))
    for name, (x, y) in sorted(ends.items(), key=lambda item: item[1][1]):
        last = max(y, last + gap)
        axis.text(x, last, f" {name}", color=paint[name], fontsize=10, va="center")


def _quiet(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=9)


def _name_points(
    axis: Axes,
    points: Float[np.ndarray, "n 2"],
    words: Sequence[str],
    colours: Sequence[str],
    named: Collection[str],
) -> None:
    """Write words beside their dots, the first ones first.

    A name that would cover another one is moved up or down if the words are few, and left out if
    they are many.
    """
    room = np.ptp(points, axis=0).max() * np.array([0.013, 0.045])  # a letter's width, a line's height
    moves = (0, 1, -1, 2, -2, 3, -3) if len(words) <= 12 else (0,)
    taken: list[tuple[float, float, float]] = []
    for (x, y), word, colour in zip(points.tolist(), words, colours, strict=True):
        right = x + room[0] * (len(word) + 2)
        free = (
            height
            for height in (y + move * room[1] for move in moves)
            if not any(
                abs(height - h) < 0.99 * room[1] and x <= end and start <= right for start, end, h in taken
            )
        )
        height = next(free, None) if word in named else None
        if height is not None:
            axis.annotate(f"  {word}", (x, y), xytext=(x, height), fontsize=9, color=colour, va="center")
            taken.append((x, right, height))
