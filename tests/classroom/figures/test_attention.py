"""Figures of attention: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.attention import (
    attention_maps,
    guessed_words,
    lines_over_width,
    sense_maps,
)


def _words(figure: Figure) -> set[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return {text.get_text() for axis in figure.axes for text in axis.texts} | {
        axis.get_title() for axis in figure.axes
    }


def test_maps_show_the_weights_and_write_the_large_ones():
    weights = np.array([[0.96, 0.04], [0.25, 0.75]])
    figure = attention_maps(["red", "bag"], {"head 1": weights, "head 2": weights.T}, "Two heads")
    assert np.array_equal(figure.axes[0].images[0].get_array(), weights)
    assert figure.axes[0].images[0].get_clim() == (0, 1)
    assert {"head 1", "head 2", "96", "25", "75"} <= _words(figure) and "4" not in _words(figure)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["red", "bag"]
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["red", "bag"]
    assert figure.get_suptitle() == "Two heads"


def test_a_number_stands_where_its_weight_is():
    figure = attention_maps(["a", "b"], {"": np.array([[0.0, 1.0], [0.5, 0.5]])})
    places = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert places["100"] == (1, 0)  # column 1, row 0


def test_lines_end_with_their_names():
    figure = lines_over_width([4, 16], {"with": [0.3, 0.31], "without": [0.5, 0.9]}, "share", "The root")
    (axis,) = figure.axes
    assert [line.get_ydata().tolist() for line in axis.lines] == [[0.3, 0.31], [0.5, 0.9]]
    heights = {text.get_text(): text.get_position()[1] for text in axis.texts}
    assert heights == {"with": 0.31, "without": 0.9}
    colours = {text.get_text(): text.get_color() for text in axis.texts}
    assert colours == {
        name: line.get_color() for name, line in zip(("with", "without"), axis.lines, strict=True)
    }
    assert axis.get_ylim()[0] == 0 and axis.get_ylabel() == "share" and _words(figure)


def test_the_best_guess_is_on_top():
    figure = guessed_words({"red [MASK]": {"boots": 0.4, "bag": 0.2}, "a [MASK]": {"pair": 0.9}}, "Guesses")
    first = figure.axes[0]
    assert [bar.get_width() for bar in first.patches] == pytest.approx([40, 20])
    top = max(first.patches, key=lambda bar: bar.get_y())
    assert top.get_width() == pytest.approx(40)
    assert [tick.get_text() for tick in first.get_yticklabels()] == ["boots", "bag"]
    assert {"40 %", "20 %", "90 %", "red [MASK]", "a [MASK]"} <= _words(figure)


def test_each_sense_has_its_points_and_its_name(rng):
    points, senses = rng.normal(size=(9, 2)), ["a lamp"] * 4 + ["a colour"] * 5
    figure = sense_maps({"before": points, "after": points + 1}, senses, "Two senses")
    sizes = [len(drawn.get_offsets()) for drawn in figure.axes[1].collections]
    assert sizes == [4, 5]
    assert np.allclose(figure.axes[1].collections[0].get_offsets(), points[:4] + 1)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a lamp", "a colour"]
    assert {"before", "after"} <= _words(figure)
