"""The grocery data set: products and photos as they were published."""

from __future__ import annotations

from collections import Counter

import pytest

from crossmodal_edu.datasets.grocery import load_grocery
from crossmodal_edu.errors import TableError
from crossmodal_edu.modality import open_image


def test_the_published_counts(data_set):
    grocery = load_grocery(data_set("grocery"))
    assert len(grocery.products) == 81
    assert len(grocery.categories) == 43
    assert Counter(photo.split for photo in grocery.photos) == {
        "train": 2640,
        "validation": 296,
        "test": 2485,
    }
    assert len({photo.path for photo in grocery.photos}) == 5421
    apple = grocery.products[0]
    assert (apple.title, apple.attributes["category"], apple.attributes["department"]) == (
        "Golden Delicious", "Apple", "Fruit",
    )  # fmt: skip
    assert apple.description.startswith("Golden Delicious has")
    for photo in grocery.photos:
        assert grocery.products[photo.product].attributes["category"] == grocery.categories[photo.category]
    assert open_image(grocery.split("test")[0].path).mode == "RGB"
    assert open_image(apple.image).mode == "RGB"
    with pytest.raises(TableError, match="'val'"):
        grocery.split("val")


def test_a_folder_that_is_not_the_data_set_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"classes\.csv"):
        load_grocery(tmp_path)
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "classes.csv").write_text("Name,Number\n")
    with pytest.raises(TableError, match=r"Line 1 of classes\.csv has 2 columns"):
        load_grocery(tmp_path)
