"""Figures of word vectors: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from crossmodal_edu.classroom.figures.word2vec import (
    loss_curves,
    neighbour_lists,
    similarity_scatter,
    size_curves,
    word_map,
)
from crossmodal_edu.text.wordvectors import Neighbour


def _words(figure: Figure) -> list[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    texts = [text.get_text().strip() for place in (figure, *figure.axes) for text in place.texts]
    return [text for text in texts if text != figure.get_suptitle()]


WORDS = ["red", "blue", "nike"]
KINDS = {"red": "colour", "blue": "colour", "nike": "brand", "sofa": "type"}


def test_a_map_draws_each_word_once_in_the_colour_of_its_kind():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    figure = word_map({"before": points, "after": points + 1}, WORDS, KINDS, title="Apart")
    for axis, shift in zip(figure.axes, (0, 1), strict=True):
        (drawn,) = axis.collections
        assert np.allclose(drawn.get_offsets(), points + shift)
        first, second, third = (to_hex(colour) for colour in drawn.get_facecolors())
        assert first == second != third
    assert set(_words(figure)) == {*WORDS, "colour", "brand"}
    assert [axis.get_title() for axis in figure.axes] == ["before", "after"]
    assert figure.get_suptitle() == "Apart"


def test_only_the_named_words_are_written_and_none_on_another():
    points = np.array([[0.0, 0.0], [0.001, 0.0], [5.0, 5.0]])
    (axis,) = word_map({"": points}, WORDS, KINDS).axes  # few words: the second name moves up
    red, blue, nike = (text.get_position()[1] for text in axis.texts)
    assert red == 0 and blue > 0.1 and nike == 5
    assert "red" not in _words(word_map({"": points}, WORDS, KINDS, named=["nike"]))
    many = [f"word{i}" for i in range(20)]
    crowd = np.zeros((20, 2))
    crowd[-1] = 5
    figure = word_map({"": crowd}, many, dict.fromkeys(many, "kind"))  # many: it is left out
    assert _words(figure) == ["kind", "word0", "word19"]


def test_the_loss_has_a_dot_for_each_part_and_a_line_through_the_epochs():
    losses = np.array([[4.0, 3.0], [2.0, 1.0], [1.0, 1.0]])
    figure = loss_curves({"in order": losses, "shuffled": losses + 0.01}, title="Falls")
    (axis,) = figure.axes
    dots = axis.collections[0].get_offsets()
    assert dots[:, 0].tolist() == pytest.approx([0.25, 0.75, 1.25, 1.75, 2.25, 2.75])
    assert dots[:, 1].tolist() == [4, 3, 2, 1, 1, 1]
    assert axis.lines[0].get_ydata().tolist() == [3.5, 1.5, 1]
    assert {word.strip() for word in _words(figure)} == {"in order", "shuffled"}
    low, high = sorted(text.get_position()[1] for text in axis.texts)
    assert high - low > 0.1  # the names keep clear of each other


def test_pairs_stand_where_their_ranks_are():
    figure = similarity_scatter(
        [0.9, 0.1, 0.5], [8.0, 2.0, 9.0], ["a, b", "c, d", "e, f"], named=["c, d"], title="Agrees"
    )
    (axis,) = figure.axes
    assert axis.collections[0].get_offsets().tolist() == [[2, 3], [1, 1], [3, 2]]
    assert axis.collections[1].get_offsets().tolist() == [[1, 1]]
    assert _words(figure) == ["c, d"]


def test_neighbours_stand_in_columns_with_their_cosines():
    shop = {"titan": [Neighbour("citizen", 0.8), Neighbour("timex", 0.7)], "gas": [Neighbour("bata", 0.5)]}
    book = {"titan": [Neighbour("moon", 0.6), Neighbour("helios", 0.4)], "gas": [Neighbour("oil", 0.9)]}
    figure = neighbour_lists({"shop": shop, "encyclopedia": book}, title="Two lives")
    assert [axis.get_title() for axis in figure.axes] == ["titan", "gas", "", ""]
    assert [text.get_text() for text in figure.axes[0].texts] == ["citizen", "timex"]
    assert [bar.get_width() for bar in figure.axes[2].patches] == [0.6, 0.4]
    assert [figure.axes[place].get_ylabel() for place in (0, 2)] == ["shop", "encyclopedia"]
    _words(figure)


def test_a_shorter_line_ends_early():
    figure = size_curves([300, 1_000, 3_000], {"5 times": [0.0, 0.9, 1.0], "50 times": [1.0, 0.6]}, "cosine")
    (axis,) = figure.axes
    assert axis.lines[0].get_xydata().tolist() == [[300, 0], [1000, 0.9], [3000, 1]]
    assert axis.lines[1].get_xydata().tolist() == [[300, 1], [1000, 0.6]]
    assert set(_words(figure)) == {"5 times", "50 times"}
    assert axis.get_xscale() == "log" and axis.get_ylabel() == "cosine"
    assert [label.get_text() for label in axis.get_xticklabels()] == ["300", "1,000", "3,000"]
