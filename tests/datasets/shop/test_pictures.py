from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

from crossmodal_edu.datasets.shop.attributes import BRANDS, MATERIALS, PATTERNS, PRODUCT_TYPES
from crossmodal_edu.datasets.shop.paint import CLASSES, MARKS, PAINTS, SURFACES
from crossmodal_edu.datasets.shop.pictures import artwork_path, render
from crossmodal_edu.datasets.shop.texture import SURFACES_FOLDER
from crossmodal_edu.datasets.shop.truth import Truth, draw_truth
from crossmodal_edu.errors import DataMissingError

SHAPES = {"svg", "g", "path", "rect", "circle", "ellipse", "polygon", "polyline", "line", "use"}
DRAWINGS = [(kind.name, style.name) for kind in PRODUCT_TYPES for style in kind.styles]


@pytest.fixture
def bag() -> Truth:
    truth = draw_truth(np.random.default_rng(0))
    return replace(
        truth,
        type="handbag",
        style="satchel",
        colour="red",
        accent="white",
        pattern="plain",
        material="leather",
        brand="Lumbrel",
    )


def pixels(truth: Truth, seed: int = 3, size: int = 96) -> np.ndarray:
    return np.asarray(render(truth, np.random.default_rng(seed), size), dtype=float)


@pytest.mark.parametrize(("kind", "style"), DRAWINGS)
def test_every_style_has_a_drawing_in_the_agreed_format(kind, style):
    path = artwork_path(kind, style)
    root = ElementTree.parse(path).getroot()
    assert root.attrib["viewBox"] == "0 0 100 100"
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        assert tag in SHAPES, f"{path.name}: <{tag}>"
        assert element.get("class", "shade") in CLASSES, f"{path.name}: class {element.get('class')}"
        for name in ("fill", "stroke"):
            colour = element.get(name, "none")
            paint = re.fullmatch(r"url\(#(\w+)\)", colour)
            allowed = colour == "none" or (paint is not None and paint[1] in SURFACES + PAINTS)
            assert allowed, f"{path.name}: {name} {colour}"
    marks = [element for element in root.iter() if element.get("href") == "#mark"]
    assert len(marks) == 1


def test_every_value_that_is_drawn_has_its_drawing():
    drawn = {path.stem for path in SURFACES_FOLDER.glob("*.svg")}
    assert drawn == {m.name for m in MATERIALS} | {p.name for p in PATTERNS} - {"plain"}
    assert {brand.mark for brand in BRANDS} == set(MARKS)


def test_same_seed_same_bytes_and_another_seed_another_picture(bag):
    first, again = (render(bag, np.random.default_rng(5)).tobytes() for _ in range(2))
    assert first == again
    assert first != render(bag, np.random.default_rng(6)).tobytes()


def test_size_and_mode(bag):
    picture = render(bag, np.random.default_rng(0))
    assert (picture.size, picture.mode) == ((96, 96), "RGB")
    assert render(bag, np.random.default_rng(0), size=250).size == (250, 250)


def test_a_larger_picture_shows_the_same_scene(bag):
    for seed in range(4):
        small = pixels(bag, seed)
        large = pixels(bag, seed, size=288).reshape(96, 3, 96, 3, 3).mean(axis=(1, 3))
        assert np.abs(small - large).mean() < 6


def test_a_red_bag_is_redder_than_a_blue_one(bag):
    red, blue = pixels(bag), pixels(replace(bag, colour="navy"))
    body = np.abs(red - blue).sum(axis=2) > 60
    assert body.mean() > 0.1
    assert red[body][:, 0].mean() > blue[body][:, 0].mean() + 50
    assert blue[body][:, 2].mean() > red[body][:, 2].mean() + 20


@pytest.mark.parametrize("pattern", [p.name for p in PATTERNS if p.name != "plain"])
def test_a_pattern_changes_part_of_the_surface_and_not_the_background(bag, pattern):
    plain, patterned = pixels(bag), pixels(replace(bag, pattern=pattern))
    changed = np.abs(plain - patterned).sum(axis=2) > 60
    assert 0.03 < changed.mean() < 0.4
    assert not changed[0].any()


def test_every_material_looks_different(bag):
    pictures = [pixels(replace(bag, material=material.name)) for material in MATERIALS]
    for i, one in enumerate(pictures):
        for other in pictures[:i]:
            assert np.abs(one - other).mean() > 0.5


def test_glass_lets_the_background_through(bag):
    def contrast(material: str) -> float:
        return np.abs(
            pixels(replace(bag, material=material, colour="black"))
            - pixels(replace(bag, material=material, colour="white"))
        ).mean()

    assert contrast("glass") < 0.75 * contrast("plastic")


def test_marks_of_two_brands_differ_where_they_sit(bag):
    one, other = pixels(bag), pixels(replace(bag, brand="Arkadee"))
    rows, columns = np.nonzero(np.abs(one - other).sum(axis=2) > 60)
    assert len(rows) > 8
    assert np.ptp(rows) < 24
    assert np.ptp(columns) < 24


def test_the_background_does_not_depend_on_the_product(bag):
    other = replace(bag, type="t-shirt", style="polo", colour="teal", material="silk", pattern="dotted")
    for seed in range(6):
        # Things in the way may reach the top row; the median is free of them.
        rows = [np.median(pixels(truth, seed)[0], axis=0) for truth in (bag, other)]
        assert np.abs(rows[0] - rows[1]).max() <= 2


def test_a_missing_drawing_says_what_to_do(bag):
    with pytest.raises(DataMissingError, match="Reinstall") as caught:
        render(replace(bag, style="doctor"), np.random.default_rng(0))
    assert "handbag_doctor.svg" in caught.value.problem
