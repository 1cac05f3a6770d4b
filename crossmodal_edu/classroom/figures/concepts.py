"""Pictures of an embedding space: stripes of numbers, histograms of cosines, maps in two dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from PIL import Image

from crossmodal_edu.classroom.figures.canvas import INK, PAPER, canvas
from crossmodal_edu.evaluation.diagnostics import PairCosines

MODALITY_COLOURS = {"text": "#0072B2", "image": "#D55E00", "audio": "#009E73"}
"""The Okabe–Ito colour of each modality; darker shades of the pipeline drawing's."""

_MARKERS = {"text": "o", "image": "s", "audio": "^"}
_GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#B8A800")
_QUIET = "#8A8A8A"


def embedding_stripes(
    forms: Mapping[str, Any], columns: Mapping[str, Mapping[str, Float[np.ndarray, "d"]]], title: str = ""
) -> Figure:
    """One thing in several forms, and beside each form the numbers it becomes, as coloured stripes.

    In each column the numbers stand in the order of the first row's, smallest first, so that a
    row which agrees with it runs from dark to bright too. Its cosine with the first row is given.

    Parameters
    ----------
    forms : mapping of modality to str, PIL picture or waveform
        One row each, drawn at the left.
    columns : mapping of heading to mapping of modality to (d,)
        Embeddings of the same forms, such as before and after training; all d numbers are drawn.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 02.
    """
    figure = canvas(0.95 * len(forms) + 0.6, title)
    table = figure.subplots(
        len(forms), 1 + len(columns), squeeze=False, width_ratios=[1.1, *[2.6] * len(columns)]
    )
    for row, (modality, form) in zip(table, forms.items(), strict=True):
        _draw_form(row[0], form, MODALITY_COLOURS[modality])
        for axis, (heading, vectors) in zip(row[1:], columns.items(), strict=True):
            first = np.asarray(vectors[next(iter(forms))])
            numbers = np.asarray(vectors[modality])[np.argsort(first)]
            limit = 2.5 / np.sqrt(len(numbers))  # 1/√d is the typical size of a number of a unit vector
            axis.imshow(numbers[None], aspect="auto", cmap="PuOr_r", vmin=-limit, vmax=limit)
            axis.set(xticks=[], yticks=[])
            if axis.get_subplotspec().is_first_row():
                axis.set_title(heading, fontsize=10, color=INK)
            else:
                cosine = numbers @ np.sort(first) / np.linalg.norm(numbers) / np.linalg.norm(first)
                halo = {"facecolor": PAPER, "edgecolor": "none", "pad": 2}
                axis.text(
                    0.98,
                    0.1,
                    f"cosine {round(cosine, 2) + 0.0:.2f}",
                    transform=axis.transAxes,
                    ha="right",
                    fontsize=9,
                    bbox=halo,
                )
    return figure


def cosine_histograms(panels: Mapping[str, PairCosines], title: str = "") -> Figure:
    """How the cosines of matching and of random pairs lie, one panel for each entry.

    Parameters
    ----------
    panels : mapping of heading to PairCosines
        Drawn from left to right on the same axis, from the lowest cosine to 1.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 02.
    """
    figure = canvas(3.0, title)
    axes = figure.subplots(1, len(panels), sharex=True, squeeze=False)[0]
    lowest = min(min(pairs.matching.min(), pairs.random.min()) for pairs in panels.values())
    bins = np.linspace(np.floor(lowest * 10) / 10, 1, 61)
    for axis, (heading, pairs) in zip(axes, panels.items(), strict=True):
        kinds = (("random", pairs.random, "#D55E00"), ("matching", pairs.matching, "#0072B2"))
        for name, cosines, colour in kinds:
            # Shares, not counts: there are many more random pairs than matching ones.
            weights = np.full(len(cosines), 100 / len(cosines))
            axis.hist(cosines, bins, weights=weights, color=colour, alpha=0.3)
            axis.hist(cosines, bins, weights=weights, color=colour, histtype="step", label=name)
        axis.margins(y=0.22)
        _label_histograms(axis, kinds, bins)
        axis.set_title(f"{heading}: AUC {pairs.auc:.2f}", fontsize=10, color=INK)
        axis.set_xlabel("cosine", fontsize=9)
        axis.tick_params(labelsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("% of the pairs", fontsize=9)
    return figure


def modality_clouds(panels: Mapping[str, Mapping[str, Float[np.ndarray, "_ 2"]]], title: str = "") -> Figure:
    """Maps in two dimensions, side by side, in which each modality is a cloud with its centre marked.

    Parameters
    ----------
    panels : mapping of heading to mapping of modality to (n, 2)
        Each panel has its own projection, of equal scale in both directions.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 02.
    """
    figure = canvas(3.5, title)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (heading, clouds) in zip(axes, panels.items(), strict=True):
        for modality, points in clouds.items():
            colour = MODALITY_COLOURS[modality]
            axis.scatter(*points.T, s=7, marker=_MARKERS[modality], color=colour, alpha=0.35, linewidths=0)
        for modality, points in clouds.items():
            centre = points.mean(axis=0)
            axis.scatter(
                *centre,
                s=90,
                marker=_MARKERS[modality],
                color=MODALITY_COLOURS[modality],
                edgecolors=INK,
                zorder=3,
            )
        axis.margins(0.1)
        axis.set_title(heading, fontsize=10, color=INK)
        axis.set(xticks=[], yticks=[], aspect="equal")
        axis.set_adjustable("datalim")
        axis.spines[:].set_color("#CCCCCC")
    _name_modalities(figure, list(next(iter(panels.values()))), coloured=True)
    return figure


def space_map(
    points: Mapping[str, Float[np.ndarray, "n 2"]],
    groups: Sequence[str],
    pictures: Mapping[int, Image.Image] | None = None,
    title: str = "",
) -> Figure:
    """A map of the space: colour says the group, the mark's form the modality.

    Parameters
    ----------
    points : mapping of modality to (n, 2)
        Row i of each is the same product.
    groups : sequence of n str
        The group of each product, at most eight; they are named above the map in their colours.
    pictures : mapping of row to PIL picture, optional
        Products that are shown as themselves, where their image lies, as far as there is room.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 02.
    """
    figure = canvas(6.4, title, dpi=80)
    axis = figure.subplots()
    members = np.asarray(groups)
    paint = dict(zip(dict.fromkeys(groups), _GROUP_COLOURS, strict=False))
    for name, colour in paint.items():
        for modality, places in points.items():
            mine = places[members == name]
            axis.scatter(
                *mine.T, s=16, marker=_MARKERS[modality], color=colour, edgecolors=INK, linewidths=0.15
            )
    everyone = np.concatenate(list(points.values()))
    room, shown = np.ptp(everyone, axis=0) / (9, 7), []
    for row, picture in (pictures or {}).items():
        place = points["image"][row]
        if all((np.abs(place - other) > room).any() for other in shown):
            small = OffsetImage(np.asarray(picture.resize((64, 64))), zoom=0.5)
            axis.add_artist(AnnotationBbox(small, place, pad=0.12, bboxprops={"edgecolor": "#999999"}))
            shown.append(place)
    _name_modalities(figure, list(points), coloured=False)
    for place, (name, colour) in enumerate(paint.items()):
        left = (place + 0.5) / len(paint)
        axis.text(left, 1.015, name, transform=axis.transAxes, ha="center", color=colour, weight="bold")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_color("#CCCCCC")
    return figure


def agreement_dots(
    shares: Mapping[str, Mapping[str, float]], chance: Mapping[str, float], title: str = ""
) -> Figure:
    """For each attribute, how often what is found agrees with what was asked, one dot per modality.

    Parameters
    ----------
    shares : mapping of modality to mapping of attribute to float
        From 0 to 1.
    chance : mapping of attribute to float
        The same for products drawn by lot; a grey bar ends there.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 02.
    """
    figure = canvas(0.52 * len(chance) + 1.1, title)
    axis = figure.subplots()
    rows = np.arange(len(chance))[::-1]
    axis.barh(rows, [100 * value for value in chance.values()], height=0.5, color="#DDDDDD")
    for modality, found in shares.items():
        axis.scatter(
            [100 * found[attribute] for attribute in chance],
            rows,
            s=75,
            marker=_MARKERS[modality],
            color=MODALITY_COLOURS[modality],
            edgecolors=PAPER,
            zorder=3,
        )
    first = next(iter(chance))
    axis.text(100 * chance[first] + 0.5, rows[0], "chance", fontsize=9, color=_QUIET, va="center")
    axis.set_yticks(rows, list(chance), fontsize=10)
    axis.set_xlabel("of the first ten, % that agree with the query", fontsize=9)
    most = max(max(found.values()) for found in [chance, *shares.values()])
    axis.set(xlim=(0, min(112 * most, 104)), ylim=(-0.6, len(chance) - 0.1))
    _spread_labels(axis, {modality: 100 * found[first] for modality, found in shares.items()}, rows[0] + 0.36)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    return figure


def _draw_form(axis: Axes, form: Any, colour: str) -> None:
    axis.set_axis_off()
    if isinstance(form, str):
        axis.text(0.5, 0.5, f"“{form}”", ha="center", va="center", fontsize=11, color=colour)
    elif isinstance(form, Image.Image):
        axis.imshow(form)
    else:
        axis.plot(form, color=colour, linewidth=0.4)


def _label_histograms(axis: Axes, kinds: Sequence[tuple], bins: Float[np.ndarray, "b"]) -> None:
    """Write each name above its peak; where the peaks coincide, one below the other."""
    peaks = []
    for name, cosines, colour in kinds:
        counts = np.histogram(cosines, bins)[0]
        peak = int(counts.argmax())
        peaks.append((bins[peak : peak + 2].mean(), 100 * counts[peak] / len(cosines), name, colour))
    near = abs(peaks[0][0] - peaks[1][0]) < 0.15 * (bins[-1] - bins[0])
    top = max(height for _, height, _, _ in peaks)
    for step, (x, height, name, colour) in enumerate(peaks):
        y = top * (1.03 + 0.1 * step) if near else height + 0.03 * top
        x = np.clip(x, bins[0] + 0.09 * (bins[-1] - bins[0]), bins[-1] - 0.09 * (bins[-1] - bins[0]))
        axis.text(x, y, name, ha="center", va="bottom", fontsize=9.5, color=colour)


def _spread_labels(axis: Axes, places: Mapping[str, float], y: float) -> None:
    """Names above dots, kept apart."""
    last, width = -np.inf, 0.075 * np.ptp(axis.get_xlim())
    for modality, x in sorted(places.items(), key=lambda item: item[1]):
        last = max(x, last + width)
        axis.text(last, y, modality, ha="center", fontsize=9.5, color=MODALITY_COLOURS[modality])


def _name_modalities(figure: Figure, modalities: Sequence[str], coloured: bool) -> None:
    """Mark and name of each modality, in a row below the figure."""
    colours = [MODALITY_COLOURS[modality] if coloured else INK for modality in modalities]
    marks = [
        Line2D([], [], linestyle="", marker=_MARKERS[modality], color=colour, label=modality)
        for modality, colour in zip(modalities, colours, strict=True)
    ]
    where = {"loc": "outside lower center", "ncols": len(marks), "frameon": False}
    figure.legend(handles=marks, labelcolor=colours, fontsize=10.5, handletextpad=0.2, **where)
