"""The grocery data set: products and photos as they were published."""

from __future__ import annotations

from collections import Counter

import pytest

from crossmodal_edu.classroom.grocery import Photo, load_grocery
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


def test_a_folder_of_the_published_form(tmp_path):
    root = tmp_path / "dataset"
    texts = {
        "classes.csv": "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID (int),"
        "Iconic Image Path (str),Product Description Path (str)\n"
        "Golden-Delicious,0,Apple,1,/icons/Fruit/Apple/a.jpg,/icons/Fruit/Apple/a.txt\n"
        "Oatly,1,Oat-Milk,0,/icons/Packages/Oat-Milk/b.jpg,/icons/Packages/Oat-Milk/b.txt\n",
        "icons/Fruit/Apple/a.txt": "Sweet.\n",
        "icons/Packages/Oat-Milk/b.txt": "Of oats.",
        "train.txt": "train/1.jpg, 0, 1\ntrain/2.jpg, 1, 0\n",
        "val.txt": "val/3.jpg, 1, 0\n",
        "test.txt": "",
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    grocery = load_grocery(tmp_path)
    apple, oats = grocery.products
    assert (apple.title, apple.description) == ("Golden Delicious", "Sweet.")
    assert apple.image == root / "icons/Fruit/Apple/a.jpg"
    assert oats.attributes == {"category": "Oat-Milk", "department": "Packages"}
    assert grocery.categories == ("Oat-Milk", "Apple"), "by their numbers, not by their order in the list"
    assert grocery.split("train") == (
        Photo(root / "train/1.jpg", 0, 1, "train"),
        Photo(root / "train/2.jpg", 1, 0, "train"),
    )
    assert [photo.product for photo in grocery.split("validation")] == [1]
    assert grocery.split("test") == ()
    with pytest.raises(TableError, match="'val'"):
        grocery.split("val")


def test_a_folder_that_is_not_the_data_set_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"classes\.csv"):
        load_grocery(tmp_path)
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "classes.csv").write_text("Name,Number\n")
    with pytest.raises(TableError, match=r"Line 1 of classes\.csv has 2 columns"):
        load_grocery(tmp_path)
