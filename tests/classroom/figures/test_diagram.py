"""The pipeline drawing: every stage is there, the marked one is marked, and it is well-formed SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from crossmodal_edu.classroom.figures.diagram import STAGES, pipeline_diagram
from crossmodal_edu.errors import InputError

SVG = "{http://www.w3.org/2000/svg}"


def _words(svg: str) -> str:
    return " ".join(text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text"))


@pytest.mark.parametrize("layout", ["wide", "narrow"])
@pytest.mark.parametrize("here", [None, *STAGES])
def test_every_stage_is_drawn_and_only_the_named_one_is_marked(layout: str, here: str | None) -> None:
    svg = getattr(pipeline_diagram(here), layout)
    words = _words(svg)
    for stage in STAGES:
        assert stage in words
    assert words.count("you are here") == (here is not None)


def test_the_mark_is_on_the_stage_that_was_asked_for() -> None:
    root = ElementTree.fromstring(pipeline_diagram("audio processing").wide)
    inside = list(root)
    mark = next(i for i, part in enumerate(inside) if part.text == "you are here")
    before = [part.text for part in inside[:mark] if part.tag == f"{SVG}text"]
    assert before[-2:] == ["audio", "processing"]


@pytest.mark.parametrize("layout", ["wide", "narrow"])
def test_a_screen_reader_hears_what_the_drawing_says(layout: str) -> None:
    root = ElementTree.fromstring(getattr(pipeline_diagram("embedding space"), layout))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text
    assert root.find(f"{SVG}desc").text == root.get("aria-label")
    assert root.get("aria-label").endswith("You are here: embedding space.")


@pytest.mark.parametrize("layout", ["wide", "narrow"])
def test_nothing_is_drawn_outside_the_picture(layout: str) -> None:
    root = ElementTree.fromstring(getattr(pipeline_diagram("ranked results"), layout))
    _, _, width, height = map(float, root.get("viewBox").split())
    for box in root.findall(f"{SVG}rect"):
        x, y, w, h = (float(box.get(name)) for name in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height


def test_boxes_do_not_overlap() -> None:
    for svg in (pipeline_diagram().wide, pipeline_diagram().narrow):
        boxes = [
            tuple(float(box.get(name)) for name in ("x", "y", "width", "height"))
            for box in ElementTree.fromstring(svg).findall(f"{SVG}rect")
        ]
        assert len(boxes) == len(STAGES)
        for i, (x, y, w, h) in enumerate(boxes):
            for a, b, c, d in boxes[:i]:
                assert x >= a + c or a >= x + w or y >= b + d or b >= y + h


def test_text_takes_the_colour_of_the_page_so_that_it_reads_in_the_dark() -> None:
    root = ElementTree.fromstring(pipeline_diagram().wide)
    assert root.get("fill") == "currentColor"
    assert not any(text.get("fill") for text in root.iter(f"{SVG}text"))


def test_the_same_call_gives_the_same_characters() -> None:
    assert pipeline_diagram("input")._repr_html_() == pipeline_diagram("input")._repr_html_()


def test_the_page_holds_both_layouts_and_no_ids_that_could_collide() -> None:
    page = pipeline_diagram()._repr_html_()
    assert page.count("<svg") == 2
    assert not re.search(r"\bid=|https?://(?!www\.w3\.org/2000/svg)", page)


def test_an_unknown_stage_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(InputError) as refusal:
        pipeline_diagram("speech")
    assert "'speech'" in str(refusal.value)
    assert "audio processing" in refusal.value.accepted
