"""Pictures of measuring: what a share of something does as queries, products or truths grow."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.canvas import COLOURS, INK, canvas, name_ends
from crossmodal_edu.evaluation.intervals import Estimate

_QUIET = "#767676"
_STYLES = ("-", "--", "-.", ":")


def named_lines(
    lines: Mapping[str, Mapping[float, float | Estimate]],
    labels: tuple[str, str],
    level: tuple[str, float] | None = None,
    logarithmic: bool = False,
    limits: tuple[float, float] | None = None,
    title: str = "",
) -> Figure:
    """Several lines, each named behind its end; those made of estimates stand in their band.

    Parameters
    ----------
    lines : mapping of name to mapping of x to y
        A y is a number, or an Estimate, whose interval is drawn as a band.
    labels : (str, str)
        What is counted along, and what up.
    level : (name, value), optional
        Drawn across, dotted, and named like a line, such as what was promised.
    logarithmic : bool
        Equal steps to the right multiply.
    limits : (low, high), optional
        Of the vertical axis; without them, from 0.
    title : str
        What the figure shows, as a sentence.

    Returns
    -------
    Figure

    Notes
    -----
    Chapter 16.
    """
    figure = canvas(3.5, title)
    axis = figure.subplots()
    ends = {}
    for (name, line), colour, style in zip(lines.items(), COLOURS, _STYLES, strict=False):
        x = sorted(line)
        middle = [getattr(line[at], "value", line[at]) for at in x]
        axis.plot(x, middle, style, color=colour, linewidth=2, marker="o", markersize=4)
        if hasattr(line[x[0]], "low"):  # the package's, or one that a chapter has written
            low, high = ([getattr(line[at], end) for at in x] for end in ("low", "high"))
            axis.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        ends[name] = (x[-1], middle[-1], colour)
    if logarithmic:
        axis.set_xscale("log")
        marks = sorted({at for line in lines.values() for at in line})
        axis.set_xticks(marks, [f"{mark:,g}" for mark in marks])
        axis.minorticks_off()
    axis.set_ylim(limits or (0, None))
    if level is not None:
        axis.axhline(level[1], color=_QUIET, linestyle=":", linewidth=1.4)
        ends[level[0]] = (max(at for line in lines.values() for at in line), level[1], _QUIET)
    name_ends(axis, ends)
    axis.set_xlabel(labels[0], fontsize=10, color=INK)
    axis.set_ylabel(labels[1], fontsize=10, color=INK)
    axis.tick_params(labelsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    return figure
