"""Pictures of contests: densities that move, rings that are hit or missed, seeds side by side, losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.canvas import INK, canvas

REAL, MADE, JUDGE = "#0072B2", "#D55E00", "#009E73"
"""Okabe–Ito colours: what is real, what was made, and who judges."""

_QUIET = "#767676"


@dataclass(frozen=True, eq=False)
class Frame:
    """A moment of a contest in one dimension, each as a curve over the same places.

    ``real`` and ``made`` are densities, ``learnt`` and ``optimal`` the discriminator's probabilities.
    """

    real: Float[np.ndarray, "x"]
    made: Float[np.ndarray, "x"]
    learnt: Float[np.ndarray, "x"]
    optimal: Float[np.ndarray, "x"]


def filmstrip(places: Float[np.ndarray, "x"], frames: Mapping[str, Frame], title: str = "") -> Figure:
    """Densities above, the discriminator below, one column for each moment.

    Parameters
    ----------
    places : (x,)
        Where the curves have their values.
    frames : mapping of heading to Frame
        In the order of time.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 11.
    """
    figure = canvas(3.9, title)
    rows = figure.subplots(2, len(frames), sharex=True, sharey="row", squeeze=False)
    for column, (heading, frame) in enumerate(frames.items()):
        above, below = rows[:, column]
        for curve, colour in ((frame.real, REAL), (frame.made, MADE)):
            above.plot(places, curve, color=colour, linewidth=1.6)
            above.fill_between(places, curve, color=colour, alpha=0.15)
        below.plot(places, frame.optimal, color=INK, linewidth=1.2, linestyle="--")
        below.plot(places, frame.learnt, color=JUDGE, linewidth=1.8)
        below.axhline(0.5, color="#DDDDDD", linewidth=0.8, zorder=0)
        below.set_ylim(-0.05, 1.05)
        above.set_title(heading, fontsize=10, color=INK)
        for axis in (above, below):
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(labelsize=9)
    first, lower = rows[:, 0]
    frame = next(iter(frames.values()))
    for curve, word, colour in ((frame.real, "real", REAL), (frame.made, "made", MADE)):
        place = int(curve.argmax())
        first.text(places[place], curve[place], word, fontsize=9.5, color=colour, ha="center", va="bottom")
    first.set_ylim(0, 1.25 * max(max(f.real.max(), f.made.max()) for f in frames.values()))
    first.set_ylabel("density", fontsize=9)
    lower.set_ylabel("D: “real”", fontsize=9)
    lower.text(0.04, 0.86, "learnt", transform=lower.transAxes, fontsize=9, color=JUDGE)
    lower.text(0.04, 0.72, "p / (p + q)", transform=lower.transAxes, fontsize=9, color=INK)
    return figure


def rings(
    panels: Mapping[str, Float[np.ndarray, "n 2"]], centres: Float[np.ndarray, "m 2"], title: str = ""
) -> Figure:
    """What generators make, beside the places where real points lie.

    Parameters
    ----------
    panels : mapping of heading to (n, 2)
    centres : (m, 2)
        The middle of each heap of real points; drawn as a circle.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 11.
    """
    figure = canvas(2.6 if len(panels) > 3 else 3.2, title)
    edge = 1.45 * np.abs(centres).max()
    for axis, (heading, points) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        axis.plot(*centres.T, "o", markersize=15, markerfacecolor="none", markeredgecolor=REAL, zorder=3)
        axis.plot(*points.T, ".", markersize=2, color=MADE, alpha=0.5)
        axis.set(xlim=(-edge, edge), ylim=(-edge, edge), xticks=[], yticks=[], aspect="equal")
        axis.set_title(heading, fontsize=9.5, color=INK)
        axis.spines[:].set_color("#CCCCCC")
    return figure


def seed_dots(
    panels: Mapping[str, Mapping[str, Sequence[float]]], tops: Mapping[str, float], title: str = ""
) -> Figure:
    """Ways of training one below the other: a dot for each seed, and a stroke at their mean.

    Parameters
    ----------
    panels : mapping of heading to mapping of way to values
        The same ways in every panel; the first is the one that the others are to mend.
    tops : mapping of heading to float
        Where the axis of a panel ends.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 11.
    """
    ways = list(next(iter(panels.values())))
    figure = canvas(0.36 * len(ways) + 1.2, title)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (heading, values) in zip(axes, panels.items(), strict=True):
        for y, way in enumerate(ways):
            colour = _QUIET if y == 0 else REAL
            mean = float(np.mean(values[way]))
            axis.plot(values[way], [y] * len(values[way]), "o", color=colour, alpha=0.45, markersize=6)
            axis.plot([mean] * 2, [y - 0.3, y + 0.3], color=INK, linewidth=2)
            axis.text(1.02 * tops[heading], y, f"{mean:.2g}", fontsize=9.5, color=INK, va="center")
        axis.axvline(float(np.mean(values[ways[0]])), color=_QUIET, linestyle=":", linewidth=1)
        axis.set(xlim=(-0.03 * tops[heading], 1.15 * tops[heading]), ylim=(len(ways) - 0.4, -0.6))
        axis.set_title(heading, fontsize=10, color=INK)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(labelsize=9)
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="x", color="#EEEEEE")
        axis.set_axisbelow(True)
    axes[0].set_yticks(range(len(ways)), ways, fontsize=9.5)
    return figure


def contest_curves(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    levels: Mapping[str, tuple[float, str]],
    title: str = "",
) -> Figure:
    """Losses over the epochs, a panel for each training; a dashed line where nothing is known.

    Parameters
    ----------
    panels : mapping of heading to mapping of name to losses
    levels : mapping of heading to (float, str)
        A loss to compare with, and what it is, for some of the panels.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 11.
    """
    figure = canvas(2.9, title)
    for axis, (heading, curves) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        for (name, losses), colour in zip(curves.items(), (JUDGE, MADE, REAL), strict=False):
            epochs = np.arange(1, len(losses) + 1)
            axis.plot(epochs, losses, color=colour, linewidth=1.8)
            axis.text(epochs[-1], losses[-1], f" {name}", fontsize=9, color=colour, va="center")
        if heading in levels:
            level, word = levels[heading]
            axis.axhline(level, color=_QUIET, linestyle="--", linewidth=1)
            last = 1.45 * max(map(len, curves.values()))
            axis.text(last, level, word, fontsize=9, color=_QUIET, ha="right", va="bottom")
        axis.set_title(heading, fontsize=10, color=INK)
        axis.set_xlabel("epoch", fontsize=9)
        axis.set_xlim(1, 1.45 * max(map(len, curves.values())))
        axis.set_ylim(0, None)
        axis.tick_params(labelsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("loss, nats", fontsize=9)
    return figure


def wanderings(panels: Mapping[str, Float[np.ndarray, "n 2"]], title: str = "") -> Figure:
    """Where something goes in the plane as a training goes on, a panel for each training.

    Parameters
    ----------
    panels : mapping of heading to (n, 2)
        In the order of time; all panels have one scale, and their origin is a cross.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 11.
    """
    figure = canvas(3.3, title)
    edge = 1.1 * max(float(np.abs(path).max()) for path in panels.values())
    for axis, (heading, path) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        axis.plot(0, 0, "+", color=INK, markersize=10)
        axis.plot(*path.T, color=MADE, linewidth=1.2, alpha=0.8)
        axis.plot(*path[-1], "o", color=MADE, markersize=6)
        axis.text(*path[-1], "  end", fontsize=9, color=MADE, va="center")
        axis.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")
        axis.set_title(heading, fontsize=10, color=INK)
        axis.tick_params(labelsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    return figure
