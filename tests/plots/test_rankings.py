"""What a ranking's figure draws: the query, the products in order, the right ones framed."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from crossmodal_edu.audio.speech import say
from crossmodal_edu.engine import Hit
from crossmodal_edu.modality import Modality
from crossmodal_edu.plots.rankings import RIGHT, products_figure, ranking_figure
from crossmodal_edu.products import Product


@pytest.fixture
def hits(shop):
    return [Hit(i + 1, shop[i], 0.9 - 0.1 * i, Modality.IMAGE) for i in range(3)]


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


def test_a_catalogue_page_shows_every_product_and_a_title_for_those_without_a_picture(shop):
    figure = products_figure([*shop[:3], Product("x", title="no picture")], columns=3)
    assert sum(bool(axis.images) for axis in figure.axes) == 3
    assert figure.axes[3].get_title() == "no picture"
    assert not np.allclose(figure.axes[0].images[0].get_array(), figure.axes[1].images[0].get_array())
