"""The generated shop: the same bytes from the same seed, clean splits, sounds that can be heard."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossmodal_edu.audio.speech import VOICES
from crossmodal_edu.datasets.shop import generate
from crossmodal_edu.datasets.shop.generate import COLUMNS, load_shop, make_shop, truths
from crossmodal_edu.errors import InputError, StorageError, TableError
from crossmodal_edu.modality import open_audio
from crossmodal_edu.products import Catalog, Product

HELD_OUT = {voice.name for voice in VOICES if voice.held_out}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    make_shop(6, 3, folder, progress=False)
    return folder


def _files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_shop_is_one_table_and_two_files_a_product(folder):
    assert len(_files(folder)) == 1 + 2 * 6
    with open(folder / "products.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert all(row["captions"].count(" | ") == 4 for row in rows)
    catalog = load_shop(folder)
    assert len(catalog) == 6 and catalog.problems == ()
    for product in catalog:
        picture = Image.open(product.image)
        assert picture.size == (96, 96) and picture.format == "WEBP"
        assert 0.8 < len(open_audio(product.audio)) / 16_000 < 8


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    make_shop(6, 3, tmp_path / "again", progress=False)
    assert _files(tmp_path / "again") == _files(folder)


def test_two_workers_give_the_same_bytes(folder, tmp_path):
    make_shop(6, 3, tmp_path / "side-by-side", progress=False, workers=2)
    assert _files(tmp_path / "side-by-side") == _files(folder)


def test_a_larger_shop_begins_with_the_smaller_and_another_seed_differs(folder, tmp_path):
    make_shop(7, 3, tmp_path / "larger", progress=False)
    small, large = _files(folder), _files(tmp_path / "larger")
    assert {name: large[name] for name in small if name != "products.csv"} == {
        name: digest for name, digest in small.items() if name != "products.csv"
    }
    assert (tmp_path / "larger/products.csv").read_bytes().startswith((folder / "products.csv").read_bytes())
    make_shop(1, 4, tmp_path / "other", progress=False)
    assert _files(tmp_path / "other")["images/00000.webp"] != small["images/00000.webp"]


def test_the_truth_comes_back_from_the_catalogue(folder):
    expected = list(generate._distinct_truths(6, 3, frozenset(generate.SPLITS)))
    assert truths(load_shop(folder)) == expected
    with pytest.raises(TableError, match="has no type"):
        truths(Catalog([Product("1", title="Bag")]))


def test_products_are_distinct_and_splits_are_decided_by_the_product_alone():
    every = frozenset(generate.SPLITS)
    shops = [list(generate._distinct_truths(2_000, seed, every)) for seed in (1, 2)]
    split_of: dict[tuple[str, ...], str] = {}
    for shop in shops:
        assert len({truth.identity for truth in shop}) == 2_000
        for truth in shop:
            assert split_of.setdefault(truth.identity, truth.split) == truth.split
    assert sum(truth.split == "test" for truth in shops[0]) >= 500


def test_a_shop_for_training_holds_training_products_only():
    assert {truth.split for truth in generate._distinct_truths(50, 1, frozenset({"train"}))} == {"train"}


def test_held_out_voices_speak_half_of_the_test_products_and_nothing_else():
    heard = {
        split: [generate._draw_voice(split, np.random.default_rng(seed)).name for seed in range(600)]
        for split in generate.SPLITS
    }
    for split in ("train", "validation"):
        assert not HELD_OUT & set(heard[split])
        assert len(set(heard[split])) >= 8
    assert np.mean([name in HELD_OUT for name in heard["test"]]) == pytest.approx(0.5, abs=0.07)
    assert set(heard["test"]) >= HELD_OUT


@pytest.mark.parametrize(
    "n, seed, arguments",
    [
        (0, 1, {}),
        (-3, 1, {}),
        (10**9, 1, {}),
        (2, -1, {}),
        (2, 1, {"splits": ("dev",)}),
        (2, 1, {"splits": ()}),
        (2, 1, {"splits": "test"}),
        (2, 1, {"workers": 0}),
    ],
)
def test_arguments_out_of_range_are_refused_before_anything_is_written(tmp_path, n, seed, arguments):
    with pytest.raises(InputError):
        make_shop(n, seed, tmp_path / "shop", progress=False, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for folder in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(StorageError, match="not empty"):
            make_shop(1, 1, folder, progress=False)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        make_shop(1, 1, tmp_path / "file" / "shop", progress=False)
    with pytest.raises(InputError):
        make_shop(1, 1, "", progress=False)


def test_a_run_that_breaks_off_leaves_nothing(tmp_path, monkeypatch):
    done = []

    def draw_three(truth, rng):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(truth)
        return Image.new("RGB", (96, 96))

    monkeypatch.setattr(generate, "render", draw_three)
    with pytest.raises(KeyboardInterrupt):
        make_shop(5, 1, tmp_path / "shop", progress=False)
    assert list(tmp_path.iterdir()) == []
