"""Figures of contrastive learning: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.contrastive import (
    COLOURS,
    ablation_dots,
    batch_table,
    bound_curves,
    difference_dots,
    epoch_lines,
    gaussian_pairs,
    interval_curves,
    space_table,
    training_path,
)
from crossmodal_edu.evaluation.intervals import Estimate


def _words(figure: Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_a_batch_is_a_table_with_its_diagonal_framed(shop):
    numbers = np.array([[0.9, 0.1], [-0.2, 0.8]])
    figure = batch_table(shop[:2], {"cosines": numbers}, title="Two")
    assert {"0.90", "0.10", "-0.20", "0.80"} <= set(_words(figure))
    table = next(axis for axis in figure.axes if axis.patches)
    assert [patch.get_xy() for patch in table.patches] == [(-0.5, -0.5), (0.5, 0.5)]
    assert np.allclose(table.images[0].get_array(), numbers)
    assert sum(bool(axis.images) for top in figure.axes for axis in top.child_axes) == 2


def test_each_bound_is_drawn_below_its_ceiling():
    figure = bound_curves([1.0, 5.0], {8: [0.9, 2.0], 64: [1.0, 3.9]}, title="Bounded")
    (axis,) = figure.axes
    truth, *others = axis.lines
    assert list(truth.get_xdata()) == list(truth.get_ydata()) == [0, 5]
    assert others[0].get_ydata()[0] == pytest.approx(np.log(8))
    assert list(others[1].get_ydata()) == [0.9, 2.0]
    assert "64 pairs: ln n = 4.2" in _words(figure)


def test_a_curve_goes_through_its_values_within_its_band():
    line = {0.1: Estimate(0.5, 0.4, 0.6, 9), 1.0: Estimate(0.3, 0.2, 0.4, 9)}
    figure = interval_curves({"heads": line, "ridge": line}, "τ", "R@1", chance=0.05, title="Curve")
    (axis,) = figure.axes
    assert list(axis.lines[0].get_xdata()) == [0.1, 1.0]
    assert list(axis.lines[0].get_ydata()) == [0.5, 0.3]
    assert axis.collections[0].get_paths()[0].get_extents().get_points()[:, 1].tolist() == [0.2, 0.6]
    assert {"chance", "heads", "ridge"} <= set(_words(figure))
    assert axis.get_xscale() == "log" and axis.get_ylim()[0] == 0
    names = [text.xy[1] for text in axis.texts if text.get_text() in ("heads", "ridge")]
    assert names[0] != names[1], "two names at one place"
    assert interval_curves({"heads": line}, "n", "R@1", logarithmic=False).axes[0].get_xscale() == "linear"


def test_lines_over_epochs_are_named_at_their_ends_and_apart():
    figure = epoch_lines({"a": [3.0, 1.0], "b": [2.0, 1.0]}, "loss", ("ln n", 2.5), title="Falling")
    (axis,) = figure.axes
    assert [list(line.get_ydata()) for line in axis.lines] == [[3, 1], [2, 1], [2.5, 2.5]]
    assert set(_words(figure)) == {"a", "b", "ln n"}
    first, other = (text.xy for text in axis.texts if text.get_text() in ("a", "b"))
    assert first[0] == other[0] == 1 and abs(first[1] - other[1]) >= 0.2


def test_a_path_is_drawn_in_order():
    points = np.array([[-3.0, 2.0], [-3.5, 1.0]])
    figure = training_path({"τ = 0.1": points}, {0: "untrained", 9: "never"}, title="Path")
    (axis,) = figure.axes
    assert np.allclose(np.column_stack(axis.lines[0].get_data()), points)
    assert _words(figure) == ["τ = 0.1", "untrained"]


def test_a_difference_is_hollow_where_its_interval_holds_zero():
    differences = {
        "better": Estimate(0.1, 0.05, 0.15, 9),
        "same": Estimate(0.01, -0.1, 0.1, 9),
        "worse": Estimate(-0.1, -0.2, -0.05, 9),
    }
    figure = difference_dots({"R@10": differences}, "0", ("ridge", "heads"), title="Who wins")
    (axis,) = figure.axes
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    assert [to_hex(dot.get_markerfacecolor()).upper() for dot in dots] == [COLOURS[0], "#FFFFFF", COLOURS[1]]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [0.1, 0.01, -0.1]
    assert axis.get_xlim()[0] == -axis.get_xlim()[1]
    _words(figure)


def _stored() -> pd.DataFrame:
    rows = []
    for space, value, difference in (("random", 0.02, -0.5), ("ridge", 0.6, None), ("heads", 0.7, 0.1)):
        for query, gallery in (("text", "image"), ("image", "text")):
            row = {"data": "shop", "space": space, "query": query, "gallery": gallery, "measure": "R@10"}
            row |= {"value": value, "low": value - 0.02, "high": value + 0.02, "seeds": 3}
            if difference is not None:
                row |= {"difference": difference, "difference_low": difference - 0.03}
                row |= {"difference_high": difference + 0.03, "worst_seed": value - 0.01}
                row |= {"best_seed": value + 0.01}
            rows.append(row)
    rows.append({**rows[0], "data": "fashion", "value": 0.9})
    return pd.DataFrame(rows)


def test_the_table_of_spaces_has_a_row_a_space_and_a_panel_a_direction():
    figure = space_table(_stored(), "shop", chance=0.017, title="Worth it")
    one, other = figure.axes
    assert [axis.get_title() for axis in (one, other)] == ["words →\npictures", "pictures →\nwords"]
    assert [label.get_text() for label in one.get_yticklabels()] == ["heads", "ridge", "random"]
    dots = [line for line in one.lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [0.7, 0.6, 0.02]
    colours = [to_hex(dot.get_markerfacecolor()).upper() for dot in dots]
    assert colours == [COLOURS[0], "#222222", COLOURS[1]]
    assert [0.69, 0.71] in [pytest.approx(list(line.get_xdata())) for line in one.lines]
    _words(figure)


def test_the_table_of_spaces_keeps_an_order_and_names():
    figure = space_table(_stored(), "shop", order=["random", "heads", "none"], names={"heads": "ours"})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["random", "ours"]


def test_an_ablation_leaves_out_the_training_that_the_others_are_compared_with():
    rows = [
        {"trained": name, "query": query, "measure": measure, "difference": difference}
        | {"difference_low": difference - 0.02, "difference_high": difference + 0.02}
        for query in ("title", "spoken title")
        for measure in ("R@1", "R@10")
        for name, difference in (("whole", 0.0), ("without words", -0.1), ("without sound", 0.01))
    ]
    figure = ablation_dots(pd.DataFrame(rows), title="Left out")
    assert [axis.get_title() for axis in figure.axes] == ["title, R@10", "spoken title, R@10"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "without words", "without sound",
    ]  # fmt: skip
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [-0.1, 0.01]
    _words(figure)


def test_gaussian_pairs_hold_the_information_that_was_asked_for():
    """The mean of the best logit of a pair, its constant added, is the mutual information."""
    one, other = gaussian_pairs(40_000, 3.0, torch.Generator().manual_seed(0))
    rho2 = 1 - np.exp(-2 * 3.0 / 20)
    told = (one * other).sum(dim=1).mean().item() - 10 * np.log(1 - rho2)
    assert told == pytest.approx(3.0, abs=0.05)
