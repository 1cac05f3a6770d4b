"""Figures of measuring: what is drawn, from which numbers."""

from __future__ import annotations

import io
import itertools

from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.evaluation import COLOURS, named_lines
from crossmodal_edu.evaluation.intervals import Estimate


def _words(figure: Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return [text.get_text().strip() for axis in figure.axes for text in axis.texts]


def test_lines_go_through_their_values_and_are_named_apart():
    lines = {"bootstrap": {0.9: 0.8, 0.5: 0.94}, "Wilson": {0.5: 0.95, 0.9: 0.81}}
    figure = named_lines(lines, ("truth", "covered"), ("promised", 0.95), limits=(0, 1), title="Covered")
    (axis,) = figure.axes
    assert [list(line.get_xdata()) for line in axis.lines[:2]] == [[0.5, 0.9]] * 2
    assert [list(line.get_ydata()) for line in axis.lines] == [[0.94, 0.8], [0.95, 0.81], [0.95, 0.95]]
    assert [line.get_color() for line in axis.lines[:2]] == list(COLOURS[:2])
    assert {"bootstrap", "Wilson", "promised"} == set(_words(figure))
    one, other = (text.xy[1] for text in axis.texts if text.get_text() in lines)
    assert abs(one - other) > 0.07
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_ylim()) == ("truth", "covered", (0, 1))
    assert figure.get_suptitle() == "Covered"


def test_estimates_have_a_band_and_a_logarithmic_axis_names_each_value():
    line = {500: Estimate(0.5, 0.4, 0.6, 9), 4000: Estimate(0.3, 0.2, 0.4, 9)}
    figure = named_lines({"MRR@10": line}, ("products", "MRR@10"), logarithmic=True)
    (axis,) = figure.axes
    assert list(axis.lines[0].get_ydata()) == [0.5, 0.3]
    assert axis.collections[0].get_paths()[0].get_extents().get_points()[:, 1].tolist() == [0.2, 0.6]
    assert axis.get_xscale() == "log" and axis.get_ylim()[0] == 0
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["500", "4,000"]
    assert _words(figure) == ["MRR@10"]


def test_names_of_lines_that_end_together_stay_apart_and_within_the_picture():
    lines = {name: {1: 0.0, 2: y} for name, y in {"a": 0.99, "b": 1.0, "c": 1.0, "d": 0.5}.items()}
    (axis,) = named_lines(lines, ("x", "y"), ("all", 1.0), limits=(0, 1.05)).axes
    heights = sorted(text.xy[1] for text in axis.texts)
    assert len(heights) == 5 and heights[0] == 0.5 and heights[-1] <= 1.05
    assert min(b - a for a, b in itertools.pairwise(heights)) > 0.07
    assert not any(text.get_annotation_clip() for text in axis.texts)
