"""Figures of sentence vectors: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.sentences import (
    KIND_COLOURS,
    found_products,
    gate_heatmap,
    interval_dots,
    word_weights,
)
from crossmodal_edu.evaluation.intervals import Estimate
from crossmodal_edu.products import Product


def _words(figure: Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_words_are_as_large_as_their_share():
    rows = {"equal": np.ones(2), "TF-IDF": np.array([1.0, 3.0])}
    figure = word_weights(["with", "dots"], rows, title="Rare words weigh more")
    assert figure.get_suptitle() == "Rare words weigh more"
    drawn = _words(figure)
    assert drawn == ["equal", "with", "50 %", "dots", "50 %", "TF-IDF", "with", "25 %", "dots", "75 %"]
    sizes = {(t.get_text(), t.get_position()[1]): t.get_fontsize() for t in figure.axes[0].texts}
    assert sizes["with", -0.1] == sizes["dots", -0.1]
    assert (sizes["dots", 0.9] / sizes["with", 0.9]) ** 2 == pytest.approx(3)  # area, not height


def test_a_word_without_weight_can_still_be_read():
    figure = word_weights(["with", "dots"], {"SIF": np.array([0.0, 1.0])})
    assert min(text.get_fontsize() for text in figure.axes[0].texts) >= 7
    assert "0 %" in _words(figure)


def test_the_heatmap_shows_every_number_once_in_the_order_of_its_word():
    taken_in = np.array([[0.1, 0.9, 0.2], [0.8, 0.3, 0.1], [0.2, 0.1, 0.7]])  # (words, numbers)
    figure = gate_heatmap(["red", "silk", "bag"], taken_in, title="Read")
    bars, axis, _ = figure.axes
    drawn = axis.images[0].get_array()  # (numbers, words)
    assert drawn.argmax(axis=1).tolist() == [0, 1, 2]
    assert np.allclose(np.sort(drawn, axis=0), np.sort(taken_in.T, axis=0))
    assert [bar.get_height() for bar in bars.patches] == pytest.approx([40, 40, 100 / 3])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["red", "silk", "bag"]
    assert {"40 %", "33 %"} <= set(_words(figure))


def test_the_heatmap_can_keep_the_order_of_the_state():
    taken_in = np.array([[0.1, 0.9], [0.8, 0.3]])
    figure = gate_heatmap(["red", "bag"], taken_in, sort=False)
    assert np.array_equal(figure.axes[1].images[0].get_array(), taken_in.T)


def test_each_method_has_its_row_and_the_right_product_its_frame(shop):
    found = {"a mean": shop[:3], "a GRU": [shop[2], shop[1], Product("x", title="no picture")]}
    figure = found_products("red bag", found, right={shop[2].id}, title="Found")
    assert figure.get_suptitle() == "Found\n“red bag”"
    table = np.array(figure.axes).reshape(2, 4)
    assert [row[0].texts[0].get_text() for row in table] == ["a mean", "a GRU"]
    framed = [
        [axis.axison and to_hex(axis.spines["left"].get_edgecolor()) == "#009e73" for axis in row]
        for row in table
    ]
    assert framed == [[False, False, False, True], [False, True, False, False]]
    assert [[len(axis.images) for axis in row] for row in table] == [[0, 1, 1, 1], [0, 1, 1, 0]]
    assert table[1, 3].get_title() == "no picture"
    _words(figure)


def test_dots_and_intervals_stand_where_the_values_are():
    values = {"counted": Estimate(0.3, 0.28, 0.32, 9), "GRU": Estimate(0.9, 0.85, 0.95, 9)}
    kinds = {"counted": "counts", "GRU": "trained", "MiniLM": "pretrained"}
    figure = interval_dots(
        {"captions": values}, kinds, {"captions": 0.02}, title="Training wins", label="R@1"
    )
    (axis,) = figure.axes
    lines = [list(line.get_xdata()) for line in axis.lines]
    assert lines[:4] == [[0.28, 0.32], [0.3], [0.85, 0.95], [0.9]]
    assert [to_hex(line.get_color()).upper() for line in axis.lines[:4:2]] == list(KIND_COLOURS[:2])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["counted", "GRU", "MiniLM"]
    assert {"0.30", "0.90", "chance"} <= set(_words(figure))
    for text in axis.texts:  # numbers stay inside
        assert 0 <= text.get_position()[0] <= 1.02
