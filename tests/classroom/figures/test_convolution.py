"""Figures of chapter 07: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from crossmodal_edu.classroom.figures.convolution import (
    confused_pairs,
    filter_responses,
    method_intervals,
    picture_as_numbers,
    shift_curves,
    sliding_stencil,
)
from crossmodal_edu.evaluation.intervals import Estimate


def _words(figure: Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return [text.get_text() for axis in figure.axes for text in axis.texts] + [
        axis.get_title() for axis in figure.axes
    ]


def test_the_numbers_are_those_of_the_framed_pixels(rng):
    picture = Image.fromarray(rng.integers(0, 256, (12, 10), dtype=np.uint8))
    figure = picture_as_numbers(picture.convert("RGB"), corner=(3, 2), side=4, title="Numbers")
    left, right = figure.axes
    assert right.images[0].get_array().tolist() == np.asarray(picture)[3:7, 2:6].tolist()
    written = [text.get_text() for text in right.texts]
    assert written == [str(value) for value in np.asarray(picture)[3:7, 2:6].flatten()]
    assert left.patches[0].get_xy() == (1.5, 2.5) and left.patches[0].get_width() == 4
    assert figure.get_suptitle() == "Numbers" and "12 × 10 pixels" in _words(figure)


def test_the_stencil_lies_where_its_answer_is():
    picture, stencil, answers = np.zeros((5, 5)), np.ones((3, 3)), np.arange(9.0).reshape(3, 3)
    figure = sliding_stencil(picture, stencil, answers, place=(2, 1))
    assert [axis.images[0].get_array().shape for axis in figure.axes] == [(5, 5), (3, 3), (3, 3)]
    covered, answer = figure.axes[0].patches[0], figure.axes[2].patches[0]
    assert covered.get_xy() == answer.get_xy() == (0.5, 1.5)
    assert (covered.get_width(), answer.get_width()) == (3, 1)
    assert {"7", "stencil, 3 × 3"} <= set(_words(figure))


@pytest.mark.parametrize("with_filters", [True, False])
def test_zero_is_white_and_every_map_has_its_name(with_filters, rng):
    maps = {"edges": rng.normal(size=(6, 6)), "nothing": np.zeros((6, 6))}
    filters = {name: rng.normal(size=(3, 3)) for name in maps} if with_filters else None
    figure = filter_responses(Image.new("RGB", (6, 6)), maps, filters, title="Seen")
    drawn = [axis.images[0] for axis in figure.axes if axis.images]
    assert len(drawn) == 1 + len(maps) * (2 if with_filters else 1)
    shown = [image for image in drawn if image.get_array().shape == (6, 6)]
    assert [image.get_array().tolist() for image in shown] == [m.tolist() for m in maps.values()]
    for image in shown:
        assert image.norm.vmin == -image.norm.vmax != 0
    assert {"edges", "nothing"} <= set(_words(figure))


def test_curves_are_in_per_cent_and_named_at_their_ends():
    point = lambda value: Estimate(value, value - 0.1, value + 0.1, 50)  # noqa: E731
    curves = {"pooled": {0: point(0.9), 4: point(0.8)}, "flat": {0: point(0.9), 4: point(0.79)}}
    figure = shift_curves(curves, "pixels", "%", title="Pooling finds it")
    (axis,) = figure.axes
    assert [line.get_ydata().tolist() for line in axis.lines] == [[90, 80], [90, 79]]
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(70) and band.max() == pytest.approx(100)
    assert {"pooled", "flat"} <= set(_words(figure))
    heights = sorted(text.xy[1] for text in axis.texts)
    assert heights[1] - heights[0] >= 7
    assert axis.get_ylim()[0] == 0


def _confusions():
    """Four pictures of each of three classes; 1 is taken for 2 twice, once more surely; 0 never errs."""
    labels = np.repeat([0, 1, 2], 4)
    pixels = np.arange(12, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), dtype=np.uint8)
    scores = np.eye(3)[labels]
    scores[5], scores[6] = (0, 1, 2), (0, 1, 9)
    features = np.eye(12, 12) + 0.01
    features[9, 6] = 5  # number 9, of class 2, is nearest to number 6
    return pixels, labels, scores, features


def test_a_confusion_shows_the_surest_mistake_and_the_nearest_of_the_other_class():
    figure = confused_pairs(*_confusions(), ["bag", "shirt", "coat"], title="Alike")
    assert [int(axis.images[0].get_array()[0, 0]) for axis in figure.axes] == [6, 9]
    assert {"shirt", "taken for\ncoat"} <= set(_words(figure))
    assert figure.axes[1].get_xlabel() == "2 of 4"


def test_a_network_without_mistakes_has_an_empty_figure():
    pixels, labels, _, features = _confusions()
    figure = confused_pairs(pixels, labels, np.eye(3)[labels], features, ["bag", "shirt", "coat"])
    assert not any(axis.images for axis in figure.axes)


def test_dots_and_intervals_stand_where_the_numbers_are():
    rows = {
        "ours": {"product": Estimate(0.3, 0.28, 0.33, 9), "category": Estimate(0.5, 0.4, 0.6, 9)},
        "theirs": {"product": Estimate(0.6, 0.5, 0.7, 9), "category": Estimate(0.8, 0.7, 0.9, 9)},
    }
    figure = method_intervals(rows, "%", title="Trained elsewhere")
    (axis,) = figure.axes
    drawn = [
        (np.atleast_1d(line.get_xdata()).tolist(), np.atleast_1d(line.get_ydata()).tolist())
        for line in axis.lines
    ]
    flat = [number for xs, _ in drawn for number in xs]
    assert flat == pytest.approx([28, 33, 30, 40, 60, 50, 50, 70, 60, 70, 90, 80])
    assert {ys[0] for _, ys in drawn} == {0, 1}
    assert [label.get_text() for label in axis.get_yticklabels()] == ["ours", "theirs"]
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the first row is at the top
    assert {"product", "category"} <= set(_words(figure))
