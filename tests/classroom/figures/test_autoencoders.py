"""Figures of autoencoders: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.autoencoders import (
    labelled_curves,
    narrow_doors,
    rebuilt_pictures,
    trade_off,
)


def _words(figure: Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_the_diagram_names_both_halves_the_codes_and_the_tie():
    figure = narrow_doors(title="Two doors")
    assert figure.get_suptitle() == "Two doors"
    said = _words(figure)
    assert [said.count(word) for word in ("encoder", "decoder", "code")] == [2, 2, 2]
    assert any("tie" in word for word in said)


def test_each_picture_stands_in_its_row_and_is_cut_to_brightness():
    rows = {"original": np.zeros((3, 4, 4, 3)), "8, PCA": np.full((3, 4, 4, 3), 1.5)}
    figure = rebuilt_pictures(rows, title="Blurred")
    table = np.array(figure.axes).reshape(2, 3)
    assert all(axis.images[0].get_array().shape == (4, 4, 3) for axis in table.flat)
    assert table[1, 2].images[0].get_array().max() == 1 and table[0, 0].images[0].get_array().max() == 0
    assert _words(figure) == ["original", "8, PCA"]


def test_curves_end_in_their_names_which_keep_clear_of_each_other():
    curves = {"8, learned": ([1, 2, 3], [1.0, 0.5, 0.3]), "8, new": ([1, 2, 3], [1.0, 0.6, 0.3])}
    figure = labelled_curves(curves, "epoch", "loss", title="Falls", dotted="new")
    axis = figure.axes[0]
    assert set(_words(figure)) == set(curves)
    learned, new = axis.lines
    assert learned.get_color() == new.get_color()
    assert (learned.get_linestyle(), new.get_linestyle()) == ("-", ":")
    assert list(new.get_ydata()) == [1.0, 0.6, 0.3]
    heights = sorted(text.xy[1] for text in axis.texts)
    assert heights[1] - heights[0] > 0.04
    assert max(axis.get_xticks()) <= 3.2 < axis.get_xlim()[1]
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_ylim()[0]) == ("epoch", "loss", 0)


def test_the_trade_off_names_each_path_at_its_best_point():
    paths = {"published": {"α = 0.1": (0.2, 0.1), "α = 1": (0.4, 0.3), "α = 10": (0.8, 0.2)}}
    figure = trade_off(paths, chance=0.05, title="Held")
    axis = figure.axes[0]
    places = {text.get_text(): text.xy for text in axis.texts if hasattr(text, "xy")}
    assert places["published"] == pytest.approx((0.4, 0.3)) and places["α = 10"] == (0.8, 0.2)
    assert axis.lines[0].get_xdata() == pytest.approx([0.2, 0.4, 0.8])
    assert list(axis.lines[1].get_ydata()) == [0.05, 0.05]
    assert "chance" in _words(figure) and axis.get_ylim()[0] == 0
