"""Pictures of contrastive learning: a batch as a table, its bound, curves, a path, the table of spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from crossmodal_edu.classroom.figures.canvas import COLOURS, INK, PAPER, canvas, name_ends
from crossmodal_edu.classroom.figures.lettering import wrapped
from crossmodal_edu.classroom.figures.pipeline import show_picture
from crossmodal_edu.evaluation.intervals import Estimate
from crossmodal_edu.products import Product

_QUIET = "#767676"
_SIDES = {"text": "words", "image": "pictures", "audio": "sounds"}


def gaussian_pairs(
    n: int, information: float, rng: torch.Generator, dimensions: int = 20
) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]:
    """Pairs of correlated Gaussian vectors, as two tables whose products are the best logits there are.

    With x and y of correlation ρ in each of ``dimensions`` numbers, ln p(y|x) − ln p(y) is
    Σ ρ/(1−ρ²)·xy − ρ²/(2(1−ρ²))·(x² + y²) and a constant, which no softmax notices.

    Parameters
    ----------
    n : int
        Pairs.
    information : float
        The mutual information of x and y, in nats: −``dimensions``/2 · ln(1 − ρ²).
    rng : torch.Generator
    dimensions : int

    Returns
    -------
    (n, dimensions + 2) twice

    Notes
    -----
    Chapter 12. Poole et al. (2019), section 3.

    Examples
    --------
    >>> one, other = gaussian_pairs(5, 0.0, torch.Generator())  # no information: all logits are 0
    >>> bool((one @ other.T).abs().max() == 0)
    True
    """
    rho = float((1 - np.exp(-2 * information / dimensions)) ** 0.5)
    x = torch.randn(n, dimensions, generator=rng)
    y = rho * x + (1 - rho**2) ** 0.5 * torch.randn(n, dimensions, generator=rng)
    a, b = rho / (1 - rho**2), rho**2 / (2 * (1 - rho**2))
    of_x, of_y = (-b * side.square().sum(dim=1, keepdim=True) for side in (x, y))
    ones = torch.ones(n, 1)
    return torch.cat([a * x, of_x, ones], dim=1), torch.cat([y, ones, of_y], dim=1)


def batch_table(
    products: Sequence[Product], tables: Mapping[str, Float[np.ndarray, "n n"]], title: str = ""
) -> Figure:
    """A small batch: titles down the side, pictures along the top, a number for each pair.

    Parameters
    ----------
    products : sequence of n Product
        Row i and column i are the same one; the pairs that match are framed.
    tables : mapping of heading to (n, n)
        From −1 to 1, such as cosines; one table each, side by side.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 12.
    """
    n = len(products)
    figure = canvas(0.48 * n + 1.75, title)
    grid = figure.subplots(2, len(tables), squeeze=False, height_ratios=[1, n])
    for column, (heading, numbers) in enumerate(tables.items()):
        top, axis = grid[:, column]
        axis.imshow(numbers, cmap="PuOr_r", vmin=-1.4, vmax=1.4, aspect="auto")
        for row in range(n):
            for place in range(n):
                axis.text(
                    place, row, f"{numbers[row, place]:.2f}", ha="center", va="center", fontsize=9, color=INK
                )
            axis.add_patch(Rectangle((row - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=2))
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        if column == 0:
            names = ["\n".join(wrapped(product.title or product.id, 26, 2)) for product in products]
            axis.set_yticks(range(n), names, fontsize=9)
            axis.tick_params(length=0)
        top.set_axis_off()
        top.set_title(heading, fontsize=10, color=INK)
        for place, product in enumerate(products):
            show_picture(_bare(top.inset_axes((place / n, 0, 1 / n, 1))), product)
    return figure


def bound_curves(truth: Sequence[float], bounds: Mapping[int, Sequence[float]], title: str = "") -> Figure:
    """What a batch can say of the information that two sides share, beside what there is.

    Parameters
    ----------
    truth : sequence of m float
        The mutual information, in nats.
    bounds : mapping of batch size to m float
        ln n less the loss; drawn with its ceiling, ln n.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 12.
    """
    figure = canvas(3.6, title)
    axis = figure.subplots()
    end = max(truth)
    axis.plot([0, end], [0, end], color="#BBBBBB", linewidth=5, solid_capstyle="butt")
    axis.text(0.62 * end, 0.66 * end, "what there is", color=_QUIET, fontsize=10, ha="right")
    for (n, values), colour in zip(bounds.items(), COLOURS, strict=False):
        axis.plot([0, end], [np.log(n)] * 2, color=colour, linestyle=":", linewidth=1.2)
        axis.plot(truth, values, "o-", color=colour, markersize=4)
        axis.text(
            1.02 * end,
            np.log(n),
            f"{n:,} pairs: ln n = {np.log(n):.1f}",
            color=colour,
            fontsize=10,
            va="center",
        )
    axis.set(xlim=(0, 1.3 * end), ylim=(-0.2, 1.02 * end))
    axis.set_xlabel("mutual information of the two sides, nats", fontsize=9)
    axis.set_ylabel("ln n − loss, nats", fontsize=9)
    _quiet(axis)
    return figure


def interval_curves(
    lines: Mapping[str, Mapping[float, Estimate]],
    x_label: str,
    y_label: str,
    chance: float | None = None,
    logarithmic: bool = True,
    title: str = "",
) -> Figure:
    """How a measure goes with a setting: a line through its values, and its intervals as a band.

    Parameters
    ----------
    lines : mapping of name to mapping of setting to Estimate
    x_label, y_label : str
    chance : float, optional
        Drawn as a dotted line.
    logarithmic : bool
        Equal steps of the axis are equal ratios of the setting.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 12.
    """
    figure = canvas(3.4, title)
    axis = figure.subplots()
    settings = sorted({setting for line in lines.values() for setting in line})
    ends = {}
    for (name, line), colour in zip(lines.items(), COLOURS, strict=False):
        places = list(line)
        values = list(line.values())
        axis.fill_between(
            places, [e.low for e in values], [e.high for e in values], color=colour, alpha=0.18, linewidth=0
        )
        axis.plot(places, [e.value for e in values], "o-", color=colour, markersize=5)
        ends[name] = (places[-1], values[-1].value, colour)
    top = max(e.high for line in lines.values() for e in line.values())
    if chance is not None:
        axis.axhline(chance, color=_QUIET, linestyle=":")
        axis.text(settings[0], chance, "chance", fontsize=9, color=_QUIET, va="bottom")
    if logarithmic:
        axis.set_xscale("log")
        axis.minorticks_off()
        axis.set_xlim(settings[0] / 1.15, settings[-1] * (settings[-1] / settings[0]) ** 0.28)
    else:
        axis.set_xlim(settings[0], settings[-1] + 0.28 * (settings[-1] - settings[0]))
    axis.set_xticks(settings, [f"{setting:,.7g}" for setting in settings])
    axis.set_ylim(0, 1.08 * top)
    name_ends(axis, ends, 0.055)
    axis.set_xlabel(x_label, fontsize=9)
    axis.set_ylabel(y_label, fontsize=9)
    _quiet(axis)
    return figure


def epoch_lines(
    lines: Mapping[str, Sequence[float]],
    y_label: str,
    level: tuple[str, float] | None = None,
    title: str = "",
) -> Figure:
    """What became of a number from epoch to epoch, each line named at its end.

    Parameters
    ----------
    lines : mapping of name to one number an epoch
    y_label : str
    level : (str, float), optional
        A name, and the height at which it is drawn as a dotted line.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 12.
    """
    figure = canvas(3.0, title)
    axis = figure.subplots()
    ends = {}
    for (name, line), colour in zip(lines.items(), COLOURS, strict=False):
        axis.plot(range(len(line)), line, color=colour)
        ends[name] = (len(line) - 1, line[-1], colour)
    top = max(max(line) for line in lines.values())
    if level is not None:
        name, height = level
        axis.axhline(height, color=_QUIET, linestyle=":")
        axis.text(0.97, height, name, fontsize=9, color=_QUIET, ha="right", va="bottom",
                  transform=axis.get_yaxis_transform())  # fmt: skip
    longest = max(len(line) for line in lines.values()) - 1
    axis.set(xlim=(0, 1.3 * max(longest, 1)), ylim=(0, 1.05 * top))
    axis.set_xticks(range(0, longest + 1, max(longest // 5, 1)))
    name_ends(axis, ends)
    axis.set_xlabel("epoch", fontsize=9)
    axis.set_ylabel(y_label, fontsize=9)
    _quiet(axis)
    return figure


def training_path(
    paths: Mapping[str, Float[np.ndarray, "epochs 2"]],
    marks: Mapping[int, str] | None = None,
    title: str = "",
) -> Figure:
    """Where a training goes in the plane of alignment and uniformity; both axes are better to the lower left.

    Parameters
    ----------
    paths : mapping of name to (epochs, 2)
        Uniformity, alignment; from the first point on.
    marks : mapping of position to words, optional
        Written beside points of every path.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 12. Wang and Isola (2020), figure 6.
    """
    figure = canvas(3.8, title)
    axis = figure.subplots()
    for (name, points), colour in zip(paths.items(), COLOURS, strict=False):
        axis.plot(*points.T, "-", color=colour, linewidth=1.6)
        axis.scatter(*points.T, s=14, color=colour)
        axis.scatter(*points[-1], s=60, color=colour, zorder=3)
        axis.annotate(
            name, points[-1], xytext=(-8, 0), textcoords="offset points", fontsize=10, color=colour,
            ha="right", va="center",
        )  # fmt: skip
        for place, words in (marks or {}).items():
            if place < len(points):
                axis.annotate(
                    words, points[place], xytext=(6, 5), textcoords="offset points", fontsize=9, color=_QUIET
                )
    axis.set_xlabel("uniformity (further left: products are spread more evenly)", fontsize=9)
    axis.set_ylabel("alignment (lower: pairs are nearer)", fontsize=9)
    axis.margins(0.12)
    low, high = axis.get_xlim()
    axis.set_xlim(low - 0.08 * (high - low), high)  # names stand to the left of their ends
    _quiet(axis)
    return figure


def difference_dots(
    panels: Mapping[str, Mapping[str, Estimate]], label: str, sides: tuple[str, str], title: str = ""
) -> Figure:
    """Paired differences, each a dot with its interval about zero; hollow where it holds zero.

    Parameters
    ----------
    panels : mapping of heading to mapping of name to Estimate
        The same names in every panel.
    label : str
        What was subtracted.
    sides : (str, str)
        Who is better on the left of zero, and on the right.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 12.
    """
    names = list(next(iter(panels.values())))
    figure = canvas(0.31 * len(names) + 1.35, title)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    widest = max(max(abs(e.low), abs(e.high)) for panel in panels.values() for e in panel.values())
    reach = 1.25 * widest or 1.0
    for axis, (heading, differences) in zip(axes, panels.items(), strict=True):
        axis.axvline(0, color=_QUIET, linewidth=1)
        for row, name in enumerate(names):
            _dot(axis, differences[name], row, differences[name])
        axis.set_title(heading, fontsize=10, color=INK)
        axis.set(xlim=(-reach, reach), ylim=(len(names) - 0.4, -0.6))
        axis.set_xlabel(f"← {sides[0]}    {label}    {sides[1]} →", fontsize=9)
        _rows(axis)
    axes[0].set_yticks(range(len(names)), names, fontsize=9.5)
    return figure


def ablation_dots(table: pd.DataFrame, measure: str = "R@10", title: str = "") -> Figure:
    """What leaving out one part of a recipe costs, a panel for each kind of query.

    Parameters
    ----------
    table : DataFrame
        Rows of ``trained, query, measure, difference, difference_low, difference_high``; the first
        training is the one that the others are compared with.
    measure : str
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 12.
    """
    rows = table[table["measure"] == measure]
    others = rows[rows["trained"] != rows["trained"].iloc[0]]
    panels = {
        f"{query}, {measure}": {
            row.trained: Estimate(row.difference, row.difference_low, row.difference_high, 2)
            for row in some.itertuples()
        }
        for query, some in others.groupby("query", sort=False)
    }
    return difference_dots(panels, "0", ("worse", "better"), title)


def space_table(
    table: pd.DataFrame,
    data: str,
    measure: str = "R@10",
    chance: float | None = None,
    order: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    title: str = "",
) -> Figure:
    """Every space in every direction: a dot with its interval over queries, whiskers over seeds.

    Blue is better than the baseline by the interval of the paired difference, orange worse, hollow grey
    about the same; black where nothing was subtracted, as for the baseline itself.

    Parameters
    ----------
    table : DataFrame
        A row for each data set, space and direction: ``data, space, query, gallery, measure, value, low,
        high, difference, difference_low, difference_high, seeds, worst_seed, best_seed, seconds, gap,
        hubness``. What was not measured may be missing.
    data, measure : str
        Which rows are drawn.
    chance : float, optional
        Drawn as a dotted line.
    order : sequence of str, optional
        The spaces from top to bottom; without it, by their mean over the directions, best first.
    names : mapping of space to str, optional
        What is written for a space.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 12.
    """
    rows = table[(table["data"] == data) & (table["measure"] == measure)]
    means = rows.groupby("space")["value"].mean().sort_values(ascending=False)
    spaces = list(means.index) if order is None else [space for space in order if space in means.index]
    directions = [
        (query, gallery)
        for query in _SIDES
        for gallery in _SIDES
        if ((rows["query"] == query) & (rows["gallery"] == gallery)).any()
    ]
    figure = canvas(0.3 * len(spaces) + 1.5, title)
    axes = figure.subplots(1, max(len(directions), 1), sharey=True, sharex=True, squeeze=False)[0]
    top = 1.05 * max([*rows["high"], *rows.get("best_seed", pd.Series(dtype=float)).dropna(), 0.05])
    for axis, (query, gallery) in zip(axes, directions, strict=False):
        here = rows[(rows["query"] == query) & (rows["gallery"] == gallery)].set_index("space")
        for y, space in enumerate(spaces):
            if space in here.index:
                _space_row(axis, here.loc[space], y)
        if chance is not None:
            axis.axvline(chance, color=_QUIET, linestyle=":", linewidth=1.2)
        axis.set_title(f"{_SIDES[query]} →\n{_SIDES[gallery]}", fontsize=10, color=INK)
        axis.set(xlim=(0, top), ylim=(len(spaces) - 0.4, -0.6))
        axis.tick_params(labelsize=9)
        _rows(axis)
    axes[0].set_yticks(
        range(len(spaces)), [(names or {}).get(space, space) for space in spaces], fontsize=9.5
    )
    label = f"{measure}, {data}" + ("; dotted: chance" if chance is not None else "")
    figure.supxlabel(label, fontsize=9, color=INK)
    return figure


def _space_row(axis: Axes, row: pd.Series, y: int) -> None:
    seeds = [row.get("worst_seed", np.nan), row.get("best_seed", np.nan)]
    if np.isfinite(seeds).all():
        axis.plot(seeds, [y, y], color="#BBBBBB", linewidth=5, solid_capstyle="butt", zorder=1)
    limits = [row.get(f"difference{end}", np.nan) for end in ("", "_low", "_high")]
    difference = Estimate(*map(float, limits), 2) if np.isfinite(limits).all() else None
    _dot(axis, Estimate(float(row["value"]), float(row["low"]), float(row["high"]), 2), y, difference)


def _dot(axis: Axes, shown: Estimate, y: int, difference: Estimate | None) -> None:
    """A value with its interval; its colour says whether a difference leaves out zero."""
    if difference is None:
        colour, face = INK, INK
    elif difference.low <= 0 <= difference.high:
        colour, face = _QUIET, PAPER
    else:
        colour = face = COLOURS[0] if difference.low > 0 else COLOURS[1]
    axis.plot([shown.low, shown.high], [y, y], color=colour, linewidth=2, solid_capstyle="butt", zorder=2)
    axis.plot(
        [shown.value], [y], "o", color=colour, markerfacecolor=face, markersize=5, zorder=3, clip_on=False
    )


def _rows(axis: Axes) -> None:
    axis.tick_params(axis="y", length=0)
    axis.tick_params(labelsize=9)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.grid(axis="x", color="#EEEEEE")
    axis.set_axisbelow(True)


def _bare(axis: Axes) -> Axes:
    axis.set_axis_off()
    return axis


def _quiet(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=9)
