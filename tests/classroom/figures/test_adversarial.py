"""Figures of contests: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.adversarial import (
    JUDGE,
    MADE,
    REAL,
    Frame,
    contest_curves,
    filmstrip,
    rings,
    seed_dots,
    wanderings,
)

PLACES = np.linspace(0, 1, 5)


def _words(figure: Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return [text.get_text() for axis in figure.axes for text in (*axis.texts, axis.title)]


def test_a_film_has_densities_above_and_the_discriminator_below():
    frame = Frame(PLACES, PLACES[::-1], 0.3 + 0 * PLACES, 0.6 + 0 * PLACES)
    figure = filmstrip(PLACES, {"start": frame, "end": frame}, title="Film")
    assert {"start", "end", "real", "made", "learnt", "p / (p + q)"} <= set(_words(figure))
    above, below = figure.axes[0], figure.axes[2]
    assert [to_hex(line.get_color()).upper() for line in above.lines] == [REAL, MADE]
    assert np.allclose(above.lines[1].get_ydata(), PLACES[::-1])
    learnt = next(line for line in below.lines if to_hex(line.get_color()).upper() == JUDGE)
    assert np.allclose(learnt.get_ydata(), 0.3)
    assert below.get_ylim() == (-0.05, 1.05)


def test_a_ring_shows_its_places_and_what_was_made():
    centres = np.array([[0.0, 2.0], [2.0, 0.0]])
    figure = rings({"1": np.zeros((3, 2)), "2": np.ones((4, 2))}, centres, title="Rings")
    assert {"1", "2"} <= set(_words(figure))
    for axis, n in zip(figure.axes, (3, 4), strict=True):
        places, made = axis.lines
        assert np.allclose(places.get_xydata(), centres)
        assert len(made.get_xdata()) == n
        assert axis.get_xlim() == axis.get_ylim()


def test_every_seed_is_a_dot_and_the_mean_a_stroke():
    panels = {"places": {"as it is": [1.0, 3.0], "mended": [8.0, 8.0]}}
    figure = seed_dots(panels, {"places": 8.0}, title="Seeds")
    (axis,) = figure.axes
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == [[1.0, 3.0], [8.0, 8.0]]
    assert {"2", "8"} <= set(_words(figure))
    assert [label.get_text() for label in axis.get_yticklabels()] == ["as it is", "mended"]
    assert axis.yaxis_inverted()  # the first way stands at the top


def test_a_contest_is_two_curves_and_where_nothing_is_known():
    panels = {"words": {"judge": [2.0, 1.0], "maker": [0.5, 0.7]}, "pictures": {"judge": [1.0]}}
    figure = contest_curves(panels, {"words": (1.386, "ln 4")}, title="Losses")
    first, second = figure.axes
    assert {" judge", " maker", "ln 4", "words"} <= set(_words(figure))
    assert list(first.lines[0].get_xdata()) == [1, 2]
    assert list(first.lines[1].get_ydata()) == [0.5, 0.7]
    assert [line.get_linestyle() for line in first.lines].count("--") == 1
    assert all(line.get_linestyle() != "--" for line in second.lines)


def test_a_wandering_ends_at_its_dot_and_all_have_one_scale():
    path = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]])
    figure = wanderings({"short": 0.1 * path, "long": path}, title="Wander")
    assert {"short", "long", "  end"} <= set(_words(figure))
    for axis, way in zip(figure.axes, (0.1 * path, path), strict=True):
        origin, line, end = axis.lines
        assert np.allclose(line.get_xydata(), way) and np.allclose(end.get_xydata(), way[-1:])
        assert np.allclose(origin.get_xydata(), 0)
        assert np.allclose(axis.get_xlim(), (-2.2, 2.2))
