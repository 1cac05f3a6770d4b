"""Figures of a space: what is drawn, from which numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox
from PIL import Image

from crossmodal_edu.classroom.figures.concepts import (
    MODALITY_COLOURS,
    agreement_dots,
    cosine_histograms,
    embedding_stripes,
    modality_clouds,
    space_map,
)
from crossmodal_edu.evaluation.diagnostics import PairCosines


def _words(figure: Figure) -> set[str]:
    figure.savefig(io.BytesIO(), format="png")  # draws everything: a figure that cannot be drawn fails here
    return {text.get_text() for axis in figure.axes for text in axis.texts} | {
        axis.get_title() for axis in figure.axes
    }


def test_stripes_show_every_number_in_the_order_of_the_first_row():
    vectors = {"text": np.array([0.6, 0.0, 0.8]), "image": np.array([0.8, 0.6, 0.0])}
    figure = embedding_stripes(
        {"text": "blue phone", "image": Image.new("RGB", (8, 8))}, {"before": vectors, "after": vectors}, "t"
    )
    drawn = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    assert [d.shape for d in drawn].count((1, 3)) == 4
    rows = [d.tolist()[0] for d in drawn if d.shape == (1, 3)]
    assert rows[0] == [0.0, 0.6, 0.8]
    assert rows[2] == [0.6, 0.8, 0.0]
    words = _words(figure)
    assert {"“blue phone”", "before", "after", "cosine 0.48"} <= words


def test_a_waveform_is_drawn_as_a_curve():
    figure = embedding_stripes({"audio": np.zeros(100)}, {"z": {"audio": np.ones(4)}})
    assert len(figure.axes[0].lines) == 1


def test_histograms_hold_all_pairs_and_name_their_auc():
    pairs = PairCosines(np.array([0.9, 0.7]), np.array([0.1, 0.8, 0.2, -0.3]))
    figure = cosine_histograms({"before": pairs, "after": pairs}, title="Nearer")
    assert {"matching", "random", f"before: AUC {pairs.auc:.2f}"} <= _words(figure)
    assert figure.get_suptitle() == "Nearer"
    for axis in figure.axes:
        bars = sum(bar.get_height() for bar in axis.patches if hasattr(bar, "get_height"))
        assert bars == pytest.approx(200)  # 100 % of the matching and 100 % of the random pairs


def test_names_of_coinciding_histograms_do_not_cover_each_other():
    same = np.full(50, 0.5)
    (axis,) = cosine_histograms({"before": PairCosines(same, same)}).axes
    one, other = (text.get_position()[1] for text in axis.texts)
    assert one != other


def test_every_modality_has_a_cloud_a_centre_and_a_name(rng):
    clouds = {name: rng.normal(size=(20, 2)) + shift for shift, name in enumerate(MODALITY_COLOURS)}
    figure = modality_clouds({"before": clouds, "after": clouds}, title="A gap stays")
    assert {"before", "after"} <= _words(figure)
    names = figure.legends[0].get_texts()
    assert {name.get_text(): to_hex(name.get_color()).upper() for name in names} == MODALITY_COLOURS
    sizes = [len(drawn.get_offsets()) for drawn in figure.axes[0].collections]
    assert sizes == [20, 1] * 3 or sizes == [20, 20, 20, 1, 1, 1]
    centres = [
        drawn.get_offsets()[0] for drawn in figure.axes[0].collections if len(drawn.get_offsets()) == 1
    ]
    assert np.allclose(centres, [points.mean(axis=0) for points in clouds.values()])


def test_the_map_draws_every_product_once_per_modality(rng):
    points = {"text": rng.normal(size=(30, 2)), "image": rng.normal(size=(30, 2))}
    groups = ["bags"] * 12 + ["shoes"] * 18
    figure = space_map(points, groups, title="By department")
    (axis,) = figure.axes
    assert sum(len(drawn.get_offsets()) for drawn in axis.collections) == 60
    assert {"bags", "shoes"} <= _words(figure)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["text", "image"]


def test_pictures_on_the_map_keep_clear_of_each_other():
    places = np.array([[0.0, 0.0], [0.001, 0.0], [1.0, 1.0]])
    pictures = {row: Image.new("RGB", (9, 9)) for row in range(3)}
    figure = space_map({"image": places}, ["bags"] * 3, pictures)
    boxes = [part for part in figure.axes[0].artists if isinstance(part, AnnotationBbox)]
    assert np.allclose([box.xy for box in boxes], [(0, 0), (1, 1)])
    assert "bags" in _words(figure)


def test_dots_stand_where_the_shares_are():
    shares = {"text": {"colour": 0.4, "brand": 0.1}, "image": {"colour": 0.35, "brand": 0.08}}
    figure = agreement_dots(shares, {"colour": 0.07, "brand": 0.083}, title="Colour first")
    (axis,) = figure.axes
    assert [drawn.get_offsets()[:, 0].tolist() for drawn in axis.collections] == [[40, 10], [35, 8]]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([7, 8.3])
    assert {"text", "image", "chance"} <= _words(figure)
    names = sorted(text.get_position()[0] for text in axis.texts if text.get_text() != "chance")
    assert names[1] - names[0] >= 3
