"""Pictures of sentence vectors: weights of words, gates of a GRU, what is found, and who finds more."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.canvas import INK, canvas
from crossmodal_edu.classroom.figures.lettering import wrapped
from crossmodal_edu.classroom.figures.pipeline import show_picture
from crossmodal_edu.evaluation.intervals import Estimate
from crossmodal_edu.products import Product

KIND_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Okabe–Ito colours for kinds of methods, in the order in which the kinds appear."""

_RIGHT = "#009E73"
_QUIET = "#767676"


def word_weights(
    words: Sequence[str], weights: Mapping[str, Float[np.ndarray, "t"]], title: str = ""
) -> Figure:
    """A text once for each weighting, every word as large as its share of the vector.

    Parameters
    ----------
    words : sequence of t str
        The words of the text, in order.
    weights : mapping of name to (t,)
        One row each; drawn and written as shares, which add up to 100 %.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 05.
    """
    figure = canvas(0.86 * len(weights) + 0.5, title)
    axis = figure.subplots()
    shares = {name: np.asarray(row, dtype=float) / np.sum(row) for name, row in weights.items()}
    top = max(row.max() for row in shares.values())
    # A long word gets more room than a short one: places in letters, with two between the words.
    widths = np.array([max(len(word), 4) + 2 for word in words])
    places = widths.cumsum() - widths / 2
    for y, (name, row) in enumerate(shares.items()):
        axis.text(-1, y, name, ha="right", va="center", fontsize=10, color=_QUIET)
        for x, word, share in zip(places, words, row, strict=True):
            # The area of the letters follows the share; below 7 points nobody could read them.
            size = max(7, 15 * np.sqrt(share / top))
            colour = "#0072B2" if share >= 1 / len(words) else _QUIET
            axis.text(x, y - 0.1, word, ha="center", va="center", fontsize=size, color=colour)
            axis.text(x, y + 0.3, f"{100 * share:.0f} %", ha="center", va="center", fontsize=9, color=INK)
    axis.set(xlim=(-9, widths.sum()), ylim=(len(weights) - 0.4, -0.5))
    axis.set_axis_off()
    return figure


def gate_heatmap(
    words: Sequence[str], taken_in: Float[np.ndarray, "t w"], title: str = "", sort: bool = True
) -> Figure:
    """How much of each number of its state a GRU replaces at each word.

    Parameters
    ----------
    words : sequence of t str
        The words in the order of reading.
    taken_in : (t, w)
        One minus the update gate: 0 keeps the old number, 1 puts the proposal in its place.
    title : str
        What the figure shows, as a sentence.
    sort : bool
        Put the w numbers in the order of the word that changes them most.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 05.
    """
    figure = canvas(4.0, title)
    bars, axis = figure.subplots(2, 1, height_ratios=[1, 2.6], sharex=True)
    order = np.lexsort((-taken_in.max(axis=0), taken_in.argmax(axis=0))) if sort else slice(None)
    picture = axis.imshow(
        taken_in[:, order].T, aspect="auto", cmap="cividis", vmin=0, vmax=1, interpolation="none"
    )
    means = taken_in.mean(axis=1)
    bars.bar(np.arange(len(words)), 100 * means, color="#0072B2", width=0.6)
    for x, mean in enumerate(means):
        bars.text(x, 100 * mean + 2, f"{100 * mean:.0f} %", ha="center", fontsize=9, color=INK)
    bars.set_ylim(0, 125 * means.max() + 4)
    bars.set_ylabel("replaced,\nmean", fontsize=9)
    bars.spines[["top", "right"]].set_visible(False)
    bars.tick_params(labelsize=9, bottom=False)
    axis.set_xticks(range(len(words)), words, fontsize=11)
    axis.set_yticks([])
    axis.set_ylabel(f"the {taken_in.shape[1]} numbers\nof the state", fontsize=9)
    scale = figure.colorbar(picture, ax=axis, ticks=[0, 0.5, 1], pad=0.01)
    scale.ax.set_yticklabels(["kept", "half", "replaced"], fontsize=9)
    return figure


def found_products(
    query: str, found: Mapping[str, Sequence[Product]], right: Collection[str] = (), title: str = ""
) -> Figure:
    """What several methods find for one query, a row each, best first.

    Parameters
    ----------
    query : str
        Written above the rows.
    found : mapping of method to sequence of Product
        Equally many each.
    right : collection of str
        Ids of the products that are right answers; they are framed in green.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 05.
    """
    columns = max(len(products) for products in found.values())
    figure = canvas(1.8 * len(found) + 0.75, width=1.62 * columns + 1.3, dpi=76)
    figure.get_layout_engine().set(h_pad=0.1, w_pad=0.08)  # titles keep clear of their neighbours
    table = figure.subplots(len(found), columns + 1, squeeze=False, width_ratios=[0.85, *[1] * columns])
    for row, (method, products) in zip(table, found.items(), strict=True):
        row[0].set_axis_off()
        row[0].text(0.95, 0.5, method, ha="right", va="center", fontsize=10, color=INK)
        for axis in row[1:]:
            axis.set_axis_off()
        for axis, product in zip(row[1:], products, strict=False):
            _draw_product(axis, product, product.id in right)
    heading = f"“{query}”"
    figure.suptitle(f"{title}\n{heading}" if title else heading, fontsize=11.5, color=INK)
    return figure


def interval_dots(
    panels: Mapping[str, Mapping[str, Estimate]],
    kinds: Mapping[str, str],
    chance: Mapping[str, float] | None = None,
    title: str = "",
    label: str = "",
) -> Figure:
    """Methods one below the other, each a dot with its interval; the same methods in every panel.

    Parameters
    ----------
    panels : mapping of heading to mapping of method to Estimate
        Values from 0 to 1. A method that is not in a panel has no dot there.
    kinds : mapping of method to str
        Methods of one kind share a colour; the order is that of the rows.
    chance : mapping of heading to float, optional
        Drawn as a dashed line.
    title : str
        What the figure shows, as a sentence.
    label : str
        What the axes measure.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 05.
    """
    figure = canvas(0.31 * len(kinds) + 1.35, title)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    paint = dict(zip(dict.fromkeys(kinds.values()), KIND_COLOURS, strict=False))
    rows = {method: y for y, method in enumerate(kinds)}
    for axis, (heading, estimates) in zip(axes, panels.items(), strict=True):
        for method, e in estimates.items():
            colour = paint[kinds[method]]
            axis.plot([e.low, e.high], [rows[method]] * 2, color=colour, linewidth=3, solid_capstyle="butt")
            axis.plot([e.value], [rows[method]], "o", color=colour, markersize=4.5)
            beside, side = (e.high + 0.03, "left") if e.high < 0.8 else (e.low - 0.03, "right")
            axis.text(beside, rows[method], f"{e.value:.2f}", fontsize=9, color=INK, ha=side, va="center")
        if chance and heading in chance:
            axis.axvline(chance[heading], color=_QUIET, linestyle=":", linewidth=1.2)
            axis.text(
                chance[heading] + 0.02, len(kinds) - 0.45, "chance", fontsize=9, color=_QUIET, va="bottom"
            )
        axis.set_title(textwrap.fill(heading, 22), fontsize=10, color=INK)
        axis.set(xlim=(0, 1.02), ylim=(len(kinds) - 0.4, -0.6))
        axis.set_xlabel(label, fontsize=9)
        axis.tick_params(labelsize=9)
        axis.tick_params(axis="y", length=0)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.grid(axis="x", color="#EEEEEE")
        axis.set_axisbelow(True)
    axes[0].set_yticks(list(rows.values()), list(rows), fontsize=9.5)
    for tick, method in zip(axes[0].get_yticklabels(), rows, strict=True):
        tick.set_color(paint[kinds[method]])
    return figure


def _draw_product(axis: Axes, product: Product, right: bool) -> None:
    show_picture(axis, product)
    axis.set_title("\n".join(wrapped(product.title or product.id, 21, 3)), fontsize=9, color=INK)
    if right:
        axis.set_axis_on()
        axis.set(xticks=[], yticks=[])
        for spine in axis.spines.values():
            spine.set(color=_RIGHT, linewidth=3)
