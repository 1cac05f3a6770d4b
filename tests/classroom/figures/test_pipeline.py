"""What a ranking's figure draws: the query, the products in order, the right ones framed."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from crossmodal_edu.audio.speech import say
from crossmodal_edu.classroom.figures.pipeline import RIGHT, ranking_figure
from crossmodal_edu.modality import Modality
from crossmodal_edu.products import Product
from crossmodal_edu.results import Hit, Results


@pytest.fixture
def hits(shop):
    return [Hit(i + 1, shop[i], 3.0, Modality.IMAGE, 0.9 - 0.1 * i) for i in range(3)]


def _found(*products: Product) -> Results:
    found = (Hit(rank, product, 0.5, Modality.TEXT, 0.5) for rank, product in enumerate(products, start=1))
    return Results(hits=tuple(found), asked=(Modality.TEXT,))


def _draw(figure) -> None:
    figure.savefig(io.BytesIO(), format="png")


def _said(axis) -> str:
    return " ".join(text.get_text() for text in axis.texts)


def test_products_stand_in_order_with_score_and_side(hits):
    figure = ranking_figure([("red bag", hits), (hits[0].product.image, hits[:2])])
    assert len(figure.axes) == 2 * 4
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[1].startswith("0.90 image\n")
    assert titles[3].startswith("0.70 image\n")
    assert not figure.axes[7].images
    assert "red bag" in figure.axes[0].texts[0].get_text()


def test_only_the_right_products_are_framed_in_green(hits):
    figure = ranking_figure([("bag", hits)], right={hits[1].product.id})
    colours = [to_hex(axis.spines["left"].get_edgecolor()) if axis.axison else "" for axis in figure.axes]
    assert [colour.lower() == RIGHT.lower() for colour in colours] == [False, False, True, False]


def test_a_sound_is_drawn_as_what_is_heard_and_a_picture_as_itself(hits):
    figure = ranking_figure([(say("red bag"), hits), ([hits[2].product.image, "in blue"], hits)])
    assert figure.axes[0].images[0].get_array().shape[0] == 40
    assert figure.axes[4].images[0].get_array().shape == (96, 96, 3)
    assert figure.axes[4].get_title() == "in blue"


def test_a_product_without_a_picture_has_a_frame_that_says_what_is_missing(tmp_path):
    png = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(png, "PNG")
    found = _found(
        Product("1", title="fine", image=png.getvalue()),
        Product("2", title="damaged", image=b"\xff\xd8\xff no picture"),
        Product("3", title="gone", image=tmp_path / "gone.jpg"),
        Product("4", audio=b"RIFF"),
        Product("5", title="words", audio=b"RIFF"),
    )
    figure = ranking_figure([("bag", found)], right={"2"})
    _draw(figure)
    _, fine, *others = figure.axes
    assert len(fine.images) == 1 and not fine.axison
    broken, gone, sound, words = others
    assert _said(broken) == _said(gone) == "its picture\ncannot be opened"
    assert (_said(sound), _said(words)) == ("only a sound", "no picture")
    assert all(axis.axison and not axis.images for axis in others)
    assert to_hex(broken.spines["left"].get_edgecolor()).lower() == RIGHT.lower()
    assert sound.get_title() == "0.50 text\n4"


def test_queries_that_find_nothing_or_cannot_be_opened_have_their_row():
    figure = ranking_figure([("bag", _found()), ([], []), (Path("/no/such.jpg"), [])])
    _draw(figure)
    assert [_said(axis) for axis in figure.axes[1::2]] == ["nothing found"] * 3
    assert _said(figure.axes[4]) == "the query\ncannot be opened"
    _draw(ranking_figure([], title="none was asked"))


def test_all_parts_of_a_query_are_named():
    photo, sound = Image.new("RGB", (9, 9), "blue"), np.zeros(16_000, dtype=np.float32)
    figure = ranking_figure(
        [(["in", photo, "blue", sound, photo], []), ([photo, sound], []), (["a", "b"], [])]
    )
    _draw(figure)
    titles = [axis.get_title().replace("\n", " ") for axis in figure.axes[::2]]
    assert titles == ["in blue + audio + image", "a query: image + audio", ""]
    assert _said(figure.axes[4]) == "“a b”"


@pytest.mark.parametrize("title", ["$x_{$", "x" * 300, "word " * 99, "two\n\nlines\x07", "حقيبة " * 9])
def test_titles_of_any_kind_are_drawn_on_two_lines_at_most(title):
    figure = ranking_figure([("bag", _found(Product("1", title=title))), (title[:5000], [])])
    _draw(figure)
    score, *lines = figure.axes[1].get_title().split("\n")
    assert score == "0.50 text"
    assert len(lines) <= 2 and all(len(line) <= 19 for line in lines)


def test_many_products_stand_in_rows_of_ten_and_those_left_out_are_counted():
    products = [Product(str(i)) for i in range(123)]
    figure = ranking_figure([("bag", _found(*products)), ("bag", _found(*products[:12]))])
    table = np.array(figure.axes).reshape(12, 11)
    assert [axis.get_title() for axis in table[9, 1:3]] == ["0.50 text\n90", "0.50 text\n91"]
    assert [_said(axis) for axis in table[[0, 1, 9, 10, 11], 0]] == [
        "“bag”", "", "23 more\nare not shown", "“bag”", "",
    ]  # fmt: skip
    assert [bool(axis.get_title()) for axis in table[11, 1:]] == [True] * 2 + [False] * 8
    assert _said(ranking_figure([("bag", _found(*products[:100]))]).axes[9 * 11]) == ""


def test_a_long_strip_is_made_small_before_it_is_made_square(monkeypatch):
    made, new = [], Image.new
    strip = Image.new("RGB", (2, 3_000), "red")
    monkeypatch.setattr(Image, "new", lambda mode, size, *more: made.append(size) or new(mode, size, *more))
    figure = ranking_figure([(strip, [])])
    assert figure.axes[0].images[0].get_array().shape == (192, 192, 3)
    assert all(max(size) <= 192 for size in made)
