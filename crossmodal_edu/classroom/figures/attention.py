"""Pictures of attention: who looks at whom, what √d does, guessed words, one word in several senses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.canvas import INK, PAPER, canvas

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_QUIET = "#666666"


def attention_maps(
    words: Sequence[str], panels: Mapping[str, Float[np.ndarray, "t t"]], title: str = ""
) -> Figure:
    """One table of weights per panel: a row per word that looks, a column per word it looks at.

    Parameters
    ----------
    words : sequence of t str
    panels : mapping of heading to (t, t)
        Weights from 0, white, to 1, dark blue. Those of a tenth and more are written as hundredths.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 06.
    """
    figure = canvas(3.7, title)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (heading, weights) in zip(axes, panels.items(), strict=True):
        axis.imshow(weights, cmap="Blues", vmin=0, vmax=1)
        for (row, column), weight in np.ndenumerate(weights):
            if weight >= 0.095:
                colour = PAPER if weight > 0.6 else INK
                place = {"ha": "center", "va": "center"}
                axis.text(column, row, f"{100 * weight:.0f}", color=colour, fontsize=9, **place)
        axis.set_xticks(range(len(words)), words, rotation=90, fontsize=9.5)
        axis.set_yticks(range(len(words)), words if axis is axes[0] else [], fontsize=9.5)
        axis.tick_params(length=0)
        axis.set_title(heading, fontsize=10, color=INK)
        axis.spines[:].set_color("#CCCCCC")
    axes[0].set_ylabel("the word that looks", fontsize=9, color=_QUIET)
    axes[len(axes) // 2].set_xlabel("the word it looks at; numbers are hundredths", fontsize=9, color=_QUIET)
    return figure


def lines_over_width(
    widths: Sequence[int], lines: Mapping[str, Sequence[float]], label: str, title: str = ""
) -> Figure:
    """Curves over the width d on a logarithmic axis, each named at its right end.

    Parameters
    ----------
    widths : sequence of int
    lines : mapping of name to one value from 0 to 1 per width
    label : str
        What the upright axis counts.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 06.
    """
    figure = canvas(3.0, title, width=7.4)
    axis = figure.subplots()
    for (name, values), colour in zip(lines.items(), _COLOURS, strict=False):
        axis.plot(widths, values, color=colour, marker="o", markersize=4)
        axis.text(widths[-1] * 1.12, values[-1], name, color=colour, fontsize=10, va="center")
    axis.set_xscale("log", base=2)
    axis.set_xticks(widths, [str(width) for width in widths], fontsize=9)
    axis.set(ylim=(0, 1.04), xlim=(widths[0] * 0.85, widths[-1] * 4))
    axis.set_xlabel("numbers per query and key, d", fontsize=9)
    axis.set_ylabel(label, fontsize=9)
    axis.tick_params(labelsize=9)
    _open(axis)
    return figure


def guessed_words(panels: Mapping[str, Mapping[str, float]], title: str = "") -> Figure:
    """For each sentence with a hidden word the most probable words, as bars, the best on top.

    Parameters
    ----------
    panels : mapping of sentence to mapping of word to probability
        The words best first.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 06.
    """
    figure = canvas(2.6, title)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (sentence, guesses), colour in zip(axes, panels.items(), _COLOURS, strict=False):
        rows = np.arange(len(guesses))[::-1]
        percents = 100 * np.array(list(guesses.values()))
        axis.barh(rows, percents, height=0.62, color=colour, alpha=0.75)
        for row, percent in zip(rows, percents, strict=True):
            axis.text(percent + 0.02 * percents.max(), row, f"{percent:.0f} %", va="center", fontsize=9)
        axis.set_yticks(rows, list(guesses), fontsize=10)
        axis.set(xticks=[], xlim=(0, 1.35 * percents.max()))
        axis.tick_params(axis="y", length=0)
        axis.set_title(sentence, fontsize=10, color=INK)
        _open(axis)
        axis.spines["bottom"].set_visible(False)
    return figure


def sense_maps(
    panels: Mapping[str, Float[np.ndarray, "n 2"]], senses: Sequence[str], title: str = ""
) -> Figure:
    """The occurrences of one word as points, coloured and named by what it means there.

    Parameters
    ----------
    panels : mapping of heading to (n, 2)
        Each panel has its own projection; row i is the same occurrence in all.
    senses : sequence of n str
        At most six different ones.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 06.
    """
    figure = canvas(3.4, title)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    member = np.asarray(senses)
    names = dict(zip(dict.fromkeys(senses), zip(_COLOURS, _MARKERS, strict=True), strict=False))
    for axis, (heading, points) in zip(axes, panels.items(), strict=True):
        for sense, (colour, marker) in names.items():
            mine = points[member == sense]
            axis.scatter(*mine.T, s=22, color=colour, marker=marker, alpha=0.55, linewidths=0)
        axis.margins(0.16)
        axis.set(xticks=[], yticks=[])
        axis.set_title(heading, fontsize=10, color=INK)
        axis.spines[:].set_color("#CCCCCC")
    handles = [
        axes[0].scatter([], [], color=colour, marker=marker, label=sense)
        for sense, (colour, marker) in names.items()
    ]
    where = {"loc": "outside lower center", "ncols": len(names), "frameon": False}
    colours = [colour for colour, _ in names.values()]
    figure.legend(handles=handles, labelcolor=colours, fontsize=10.5, handletextpad=0.2, **where)
    return figure


def _open(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
