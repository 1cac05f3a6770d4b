"""COCO's format of captions, from small files that the tests write."""

from __future__ import annotations

import json

import pytest

from crossmodal_edu.classroom.coco_captions import load_coco_captions
from crossmodal_edu.errors import TableError

IMAGES = [{"id": 42, "file_name": "b.jpg", "width": 3}, {"id": 7, "file_name": "a.jpg"}]


def _written(folder, content):
    path = folder / "captions_tiny.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def _about(*ids):
    return [{"id": i, "image_id": id, "caption": f"caption {i}"} for i, id in enumerate(ids)]


def test_captions_point_to_the_places_of_their_pictures(tmp_path):
    entries = [*_about(7, 42, 7), {"image_id": 42, "caption": "A mug\n on  a table. 杯子"}]
    content = {"info": {"year": 2017}, "licenses": [], "images": IMAGES, "annotations": entries}
    found = load_coco_captions(_written(tmp_path, content))
    assert found.files == ("b.jpg", "a.jpg")
    assert found.captions == ("caption 0", "caption 1", "caption 2", "A mug on a table. 杯子")
    assert found.owners == (1, 0, 1, 0)


def test_a_picture_may_have_no_caption(tmp_path):
    found = load_coco_captions(_written(tmp_path, {"images": IMAGES, "annotations": _about(7)}))
    assert (len(found.files), found.owners) == (2, (1,))


def test_a_byte_order_mark_is_no_hindrance(tmp_path):
    found = load_coco_captions(
        _written(tmp_path, "\ufeff" + json.dumps({"images": IMAGES, "annotations": []}))
    )
    assert found.captions == ()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"images": IMAGES, "annotations": _about(7, 8)}, "'caption 1' is about picture 8"),
        ({"images": [*IMAGES, IMAGES[0]], "annotations": []}, "same id"),
        ({"images": IMAGES}, "lacks 'annotations'"),
        ({"images": [{"id": 1}], "annotations": []}, "lacks 'file_name'"),
        ({"images": IMAGES, "annotations": [{"caption": "a mug"}]}, "lacks 'image_id'"),
        ({"images": 3, "annotations": []}, "another form"),
        ({"images": [{"id": [], "file_name": "a.jpg"}], "annotations": []}, "another form"),
        ({"images": IMAGES, "annotations": [{"image_id": [7], "caption": "a"}]}, "another form"),
        ({"images": [{"id": 1, "file_name": None}], "annotations": []}, "None stands where a text"),
        ({"images": IMAGES, "annotations": [{"image_id": 7, "caption": ["a"]}]}, "stands where a text"),
        ([], "another form"),
        ('{"images": [', "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(tmp_path, content, problem):
    with pytest.raises(TableError, match="cannot be read") as raised:
        load_coco_captions(_written(tmp_path, content))
    assert problem in raised.value.problem and raised.value.accepted and raised.value.remedy


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TableError, match=r"captions_none\.json"):
        load_coco_captions(tmp_path / "captions_none.json")
