"""Pictures of counts and of what is fitted to them: weights, errors, and methods side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from crossmodal_edu.classroom.figures.canvas import INK, canvas

METHOD_COLOURS = {"Word2Vec": "#0072B2", "gensim": "#56B4E9", "GloVe": "#D55E00", "PPMI": "#009E73"}
"""The Okabe–Ito colour of a method, by how its name begins."""

_OTHER, _QUIET = "#7F7F7F", "#8A8A8A"


def weight_over_counts(
    counts: Float[np.ndarray, "n"], weights: Float[np.ndarray, "n"], title: str = ""
) -> Figure:
    """Where the cells of a table lie, how much each counts in the loss, and where the loss therefore looks.

    Parameters
    ----------
    counts : (n,)
        What stands in the cells that are not empty.
    weights : (n,)
        f of each.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 04.
    """
    figure = canvas(3.6, title)
    axis = figure.subplots()
    bins = np.geomspace(counts.min(), counts.max() * 1.001, 36)
    for shares, colour in ((np.ones(len(counts)), "#0072B2"), (weights, "#D55E00")):
        axis.hist(counts, bins, weights=100 * shares / shares.sum(), color=colour, alpha=0.3)
        axis.hist(counts, bins, weights=100 * shares / shares.sum(), color=colour, histtype="step")
    axis.set(xscale="log", xlabel="count of a cell")
    axis.set_ylabel("% of the cells, % of the weight", fontsize=10)
    right = axis.twinx()
    places, first = np.unique(counts, return_index=True)
    right.plot(places, weights[first], color=INK, linewidth=2)
    right.set_ylim(0, 1.25)
    right.set_yticks([0, 0.5, 1])
    right.set_ylabel("f(x)", fontsize=10)
    for words, colour, x, y, side in (
        ("the cells", "#0072B2", 1.5 * counts.min(), 1.12, "left"),
        ("their weight", "#D55E00", _weighted_quantile(counts, weights, 0.6), 0.34, "left"),
        ("f(x)", INK, 0.8 * places[np.searchsorted(weights[first], 0.85)], 0.9, "right"),
    ):
        right.text(x, y, words, ha=side, color=colour, fontsize=10.5)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    for one in (axis, right):
        one.tick_params(labelsize=9)
        one.spines[["top"]].set_visible(False)
    return figure


def fitting(
    losses: Sequence[float], logs: Float[np.ndarray, "n"], fitted: Float[np.ndarray, "n"], title: str = ""
) -> Figure:
    """A training in two panels: the loss of each epoch, and what the model says against what was counted.

    Parameters
    ----------
    losses : sequence of float
        The mean loss of a cell in each epoch.
    logs : (n,)
        log X_ij.
    fitted : (n,)
        w_i · w̃_j + b_i + b̃_j of the same cells.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 04.
    """
    figure = canvas(3.6, title)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    epochs = np.arange(1, len(losses) + 1)
    left.plot(epochs, losses, "o-", color="#D55E00", markersize=4)
    left.set(ylim=(0, 1.08 * max(losses)), xlabel="epoch", ylabel="mean loss of a cell")
    ends = [(epochs[0], losses[0], "left", 6), (epochs[-1], losses[-1], "right", 4)]
    for x, y, side, shift in ends:
        left.annotate(
            f"{y:.4f}", (x, y), (shift, 8), textcoords="offset points", ha=side, fontsize=9, color=INK
        )
    low, high = float(logs.min()), float(logs.max())
    edges = np.linspace(low - 0.5, high + 0.5, 70)
    density, _, _ = np.histogram2d(logs, np.clip(fitted, edges[0], edges[-1]), bins=(edges, edges))
    right.pcolormesh(edges, edges, np.log1p(density).T, cmap="Greys", rasterized=True)
    right.plot([low, high], [low, high], color="#D55E00", linewidth=1.2)
    right.text(high, 0.8 * high + 0.2 * low, "exact", color="#D55E00", ha="right", va="top", fontsize=9.5)
    right.set(xlabel="log of the count", ylabel="w · w̃ + b + b̃")
    for axis in (left, right):
        axis.tick_params(labelsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def method_bars(panels: Mapping[str, pd.DataFrame], columns: int = 2, title: str = "") -> Figure:
    """Methods side by side, one panel per test: bars are means over seeds, lines run from lowest to highest.

    Parameters
    ----------
    panels : mapping of heading to DataFrame
        With the columns "method" and "value", one row per seed; methods in the order they come.
    columns : int
        Panels in a row.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 04.
    """
    most = max(frame["method"].nunique() for frame in panels.values())
    rows = -(-len(panels) // columns)
    figure = canvas(rows * (0.27 * most + 0.75) + 0.5, title)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    for place, (axis, (heading, frame)) in enumerate(zip(axes, panels.items(), strict=False)):
        values = frame.groupby("method", sort=False)["value"]
        mean, low, high = values.mean(), values.min(), values.max()
        heights = np.arange(len(mean))[::-1]
        axis.barh(heights, mean, height=0.68, color=[_colour(name) for name in mean.index])
        axis.hlines(heights, low, high, color=INK, linewidth=1.6)
        span = max(high.max(), 0) - min(low.min(), 0)
        for y, value, end in zip(heights, mean, high, strict=True):
            axis.text(max(end, 0) + 0.02 * span, y, f"{value:.2f}", va="center", fontsize=9, color=INK)
        axis.set_xlim(min(low.min(), 0) * 1.05, max(high.max(), 0) + 0.14 * span)
        axis.set_yticks(heights, list(mean.index) if place % columns == 0 else [""] * len(mean), fontsize=9)
        axis.set_title(heading, fontsize=10, color=INK, loc="left")
        axis.axvline(0, color=_QUIET, linewidth=0.8)
        axis.tick_params(axis="y", length=0)
        axis.tick_params(axis="x", labelsize=9)
        axis.spines[["top", "right", "left"]].set_visible(False)
    return figure


def _weighted_quantile(
    values: Float[np.ndarray, "n"], weights: Float[np.ndarray, "n"], share: float
) -> float:
    order = np.argsort(values)
    upto = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(upto, share * upto[-1])])


def _colour(method: str) -> str:
    return next((colour for name, colour in METHOD_COLOURS.items() if method.startswith(name)), _OTHER)
