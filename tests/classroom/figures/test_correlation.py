"""Figures of the chapter on one space: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.correlation import clouds, damping_curves, hub_curves, photo_rows


def _words(figure: Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_clouds_hold_every_point_and_join_the_first():
    rng = np.random.default_rng(0)
    pair = rng.normal(size=(7, 2)), rng.normal(size=(7, 2)) + 5
    figure = clouds({"raw": pair, "turned": pair[::-1]}, title="Turned", joined=3)
    assert figure.get_suptitle() == "Turned"
    for axis, (first, second) in zip(figure.axes, (pair, pair[::-1]), strict=True):
        drawn = [dots.get_offsets() for dots in axis.collections]
        np.testing.assert_array_equal(drawn[0], first)
        np.testing.assert_array_equal(drawn[1], second)
        lines = [line.get_xydata() for line in axis.lines][:3]
        np.testing.assert_array_equal(lines, np.stack([first[:3], second[:3]], axis=1))
        for points in (first, second):  # nothing lies outside
            assert (np.abs(points) <= axis.get_xlim()[1]).all()
    assert _words(figure) == ["● words", "▲ pictures"]
    assert [axis.get_title() for axis in figure.axes] == ["raw", "turned"]


def test_few_points_have_names():
    four = np.eye(4)[:, :2]
    words = _words(clouds({"raw": (four, four)}, names=["mirror", "sofa", "ring", "cap"]))
    assert words.count("mirror") == 2 and "cap" in words


def test_curves_stand_where_the_values_are_and_the_choice_is_marked():
    curves = {"train": [1, 1, 0.6], "validation": [0.1, 0.9, 0.8]}
    figure = damping_curves([0, 0.1, 10], curves, chosen=0.1, title="By heart", label="R@10")
    (axis,) = figure.axes
    assert [list(line.get_ydata()) for line in axis.lines[:2]] == [[1, 1, 0.6], [0.1, 0.9, 0.8]]
    assert list(axis.lines[2].get_xdata()) == [1, 1]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "0.1", "10"]
    assert {"train", "validation", "chosen"} <= set(_words(figure))
    with pytest.raises(ValueError):
        damping_curves([0, 1], curves, chosen=0.5)


def test_hubs_come_first():
    figure = hub_curves({"cosine": np.array([0, 30, 0, 10]), "CSLS": np.array([10, 9, 11, 10])}, title="Hubs")
    (axis,) = figure.axes
    assert [list(line.get_ydata()) for line in axis.lines[:2]] == [[30, 10, 0, 0], [11, 10, 10, 9]]
    assert list(axis.lines[2].get_ydata()) == [10, 10]
    assert {"cosine", "CSLS", "all alike"} <= set(_words(figure))


def test_each_query_has_its_row_and_the_right_photo_its_frame(shop):
    rows = {
        "red bag": [(shop[0], False), (shop[1], True)],
        "a blue shoe with a very long title": [(shop[2], True)],
    }
    figure = photo_rows(rows, title="Found")
    table = np.array(figure.axes).reshape(2, 3)
    assert [row[0].texts[0].get_text().replace("\n", " ") for row in table] == list(rows)
    framed = [
        [axis.axison and to_hex(axis.spines["left"].get_edgecolor()) == "#009e73" for axis in row]
        for row in table
    ]
    assert framed == [[False, False, True], [False, True, False]]
    assert [[len(axis.images) for axis in row] for row in table] == [[0, 1, 1], [0, 1, 0]]
    _words(figure)
