"""What the shared checks of test_seams.py do not look at: exactness, order of equals, files, odd input."""

from __future__ import annotations

import json
import math

import faiss
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from crossmodal_edu.errors import RankingError, StorageError
from crossmodal_edu.retrieval.approximate import FaissIndex
from crossmodal_edu.retrieval.index import ExactIndex
from crossmodal_edu.retrieval.ranking import normalise

each_kind = pytest.mark.parametrize("kind", [ExactIndex, FaissIndex])


def index_of(n: int, d: int = 8, kind: type = ExactIndex):
    index = kind(d)
    index.add([f"p{i}" for i in range(n)], torch.randn(n, d))
    return index


def test_search_equals_faiss_flat_inner_product_to_1e_6():
    gallery, queries = normalise(torch.randn(2000, 64)), normalise(torch.randn(600, 64))
    index = ExactIndex(64)
    index.add([str(i) for i in range(2000)], gallery)
    flat = faiss.IndexFlatIP(64)
    flat.add(gallery.numpy())
    scores, positions = flat.search(queries.numpy(), 10)
    found = index.search(queries, 10)
    np.testing.assert_allclose(found.scores.numpy(), scores, atol=1e-6)
    # Where two scores are closer than rounding, the two may order them differently.
    clear = np.abs(np.diff(scores, axis=1, prepend=9.0)) > 1e-6
    clear &= np.abs(np.diff(scores, axis=1, append=-9.0)) > 1e-6
    np.testing.assert_array_equal(np.array(found.ids, dtype=np.int64)[clear], positions[clear])
    assert clear.mean() > 0.99


@each_kind
@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, 19)), max_size=40))
def test_adding_and_removing_follow_a_plain_dictionary(kind, steps):
    vectors = torch.randn(20, 4)
    index, expected = kind(4), {}
    for what, number in steps:
        name = f"p{number}"
        if what == "add" and name not in expected:
            index.add([name], vectors[number : number + 1])
            expected[name] = normalise(vectors[number])
        elif what == "remove" and name in expected:
            index.remove([name])
            del expected[name]
    assert index.ids == tuple(expected)
    assert len(index) == len(expected)
    assert all(name in index for name in expected)
    torch.testing.assert_close(
        index.get(index.ids), torch.stack([*expected.values(), torch.zeros(4)])[:-1], atol=1e-6, rtol=1e-5
    )


def test_many_small_additions_are_one_large_one():
    vectors = torch.randn(100, 8)
    one_by_one, at_once = ExactIndex(8), ExactIndex(8)
    for i in range(100):
        one_by_one.add([str(i)], vectors[i : i + 1])
    at_once.add([str(i) for i in range(100)], vectors)
    torch.testing.assert_close(one_by_one.get(one_by_one.ids), at_once.get(at_once.ids))


def test_vectors_taken_before_a_removal_stay_as_they_were():
    index = index_of(5)
    before = index.get(index.ids)
    copy = before.clone()
    index.remove(["p0", "p3"])
    index.add(["new"], torch.randn(1, 8))
    before[0] = 0
    copy[0] = 0
    assert torch.equal(before, copy)
    assert index.ids == ("p1", "p2", "p4", "new")


@each_kind
def test_an_item_scores_the_same_with_a_filter_as_without(kind):
    index, query = index_of(50, kind=kind), torch.randn(1, 8)
    everything = index.search(query, 50)
    scores = dict(zip(everything.ids[0], everything.scores[0].tolist(), strict=True))
    some = index.search(query, 5, allowed=[f"p{i}" for i in range(0, 50, 7)])
    assert [scores[name] for name in some.ids[0]] == pytest.approx(some.scores[0].tolist(), abs=1e-6)


def test_equal_scores_keep_the_order_of_adding():
    index = ExactIndex(2)
    index.add(list("abcd"), torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 2.0], [5.0, 0.0]]))
    assert index.search(torch.tensor([[1.0, 0.0]]), 4).ids == (("b", "d", "a", "c"),)
    assert index.search(torch.tensor([[1.0, 0.0]]), 2, allowed=["d", "c", "a"]).ids == (("d", "a"),)


@each_kind
def test_fewer_candidates_than_k_all_come(kind):
    assert index_of(3, kind=kind).search(torch.randn(2, 8), 10).scores.shape == (2, 3)
    assert kind(8).search(torch.randn(2, 8), 10).scores.shape == (2, 0)
    assert index_of(3, kind=kind).search(torch.randn(2, 8), 10, allowed=[]).ids == ((), ())
    assert index_of(3, kind=kind).search(torch.empty(0, 8), 2).ids == ()


@each_kind
def test_queries_of_any_length_find_the_same(kind):
    index, queries = index_of(30, kind=kind), torch.randn(2, 8)
    assert index.search(queries, 5).ids == index.search(queries * 1000, 5).ids


@each_kind
@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        (["p1", "x", "p2"], "already holds 'p1' and 1 more"),
        (["x", "y", "x"], "'x' is given twice"),
        (["x", "y"], "2 names came with vectors of shape"),
    ],
)
def test_bad_names_are_refused_and_change_nothing(kind, ids, problem):
    index = index_of(3, kind=kind)
    with pytest.raises(RankingError, match=problem):
        index.add(ids, torch.randn(3, 8))
    assert index.ids == ("p0", "p1", "p2")


@pytest.mark.usefixtures("as_a_reader")
def test_names_have_to_be_a_list_of_strings():
    for ids in ("abc", [1, 2, 3]):
        with pytest.raises(RankingError, match="not all strings"):
            index_of(3).add(ids, torch.randn(3, 8))


@each_kind
def test_bad_vectors_are_refused_and_change_nothing(kind):
    index = index_of(3, kind=kind)
    with pytest.raises(RankingError, match=r"shape \(1, 7\)"):
        index.add(["x"], torch.randn(1, 7))
    with pytest.raises(RankingError, match="NaN"):
        index.add(["x"], torch.full((1, 8), math.nan))
    assert len(index) == 3
    assert "x" not in index


@each_kind
def test_removing_what_is_not_there_is_refused_and_changes_nothing(kind):
    index = index_of(3, kind=kind)
    with pytest.raises(RankingError, match="does not hold 'x'"):
        index.remove(["p1", "x"])
    assert len(index) == 3


@each_kind
def test_bad_searches_are_refused(kind):
    with pytest.raises(RankingError, match="k is 0"):
        index_of(3, kind=kind).search(torch.randn(1, 8), 0)
    with pytest.raises(RankingError, match=r"shape \(1, 5\)"):
        index_of(3, kind=kind).search(torch.randn(1, 5), 1)
    with pytest.raises(RankingError, match="NaN"):
        index_of(3, kind=kind).search(torch.full((1, 8), math.nan), 1)
    with pytest.raises(RankingError, match="dimension is 0"):
        kind(0)


@each_kind
@pytest.mark.parametrize("n", [0, 1, 37])
def test_a_saved_index_comes_back_to_the_bit(tmp_path, kind, n):
    index = kind(8)
    index.add([f"红色 {i}" for i in range(n)], torch.randn(n, 8))
    index.save(tmp_path / "deep" / "folder")
    loaded = kind.load(tmp_path / "deep" / "folder")
    assert loaded.ids == index.ids
    assert loaded.dimension == 8
    assert torch.equal(loaded.get(loaded.ids), index.get(index.ids))
    loaded.add(["one more"], torch.randn(1, 8))
    assert len(loaded) == n + 1


@each_kind
def test_saving_again_replaces(tmp_path, kind):
    index = index_of(3, kind=kind)
    index.save(tmp_path)
    index.remove(["p1"])
    index.save(tmp_path)
    assert kind.load(tmp_path).ids == ("p0", "p2")


@each_kind
@pytest.mark.parametrize("damage", ["missing", "empty", "cut short"])
def test_a_damaged_file_is_a_storage_error(tmp_path, kind, damage):
    index_of(20, kind=kind).save(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        content = path.read_bytes()
        path.unlink()
        if damage != "missing":
            path.write_bytes(b"" if damage == "empty" else content[: len(content) // 2])
        with pytest.raises(StorageError, match="does not hold an index"):
            kind.load(tmp_path)
        path.write_bytes(content)


def test_names_that_do_not_fit_the_numbers_of_faiss_are_a_storage_error(tmp_path):
    index_of(3, kind=FaissIndex).save(tmp_path)
    for content in ('{"p0": 0, "p1": 1}', '{"p0": 0, "p1": 1, "p2": 9}', "[]", "3"):
        (tmp_path / "numbers.json").write_text(content)
        with pytest.raises(StorageError, match="does not hold an index"):
            FaissIndex.load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "3",
        "[" * 100_000,
        '{"format": 1}',
        '{"format": 2, "dimension": 8, "ids": []}',
        '{"format": 1, "dimension": 8, "ids": ["a"]}',
        '{"format": 1, "dimension": "8", "ids": ["a", "b"]}',
        '{"format": 1, "dimension": 8, "ids": ["a", "a"]}',
        '{"format": 1, "dimension": 8, "ids": ["a", 1]}',
        '{"format": 1, "dimension": 8, "ids": null}',
    ],
)
def test_an_unfitting_list_of_names_is_a_storage_error(tmp_path, content):
    index_of(2).save(tmp_path)
    (tmp_path / "ids.json").write_text(content)
    with pytest.raises(StorageError, match="does not hold an index"):
        ExactIndex.load(tmp_path)


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"vectors": torch.full((2, 8), math.nan)},
        {"vectors": torch.zeros(2, 8, dtype=torch.float64)},
        {"vectors": torch.zeros(16)},
        {"vectors": torch.zeros(3, 8)},
    ],
)
def test_unfitting_vectors_are_a_storage_error(tmp_path, tensors):
    index_of(2).save(tmp_path)
    save_file(tensors, tmp_path / "vectors.safetensors")
    with pytest.raises(StorageError, match="does not hold an index"):
        ExactIndex.load(tmp_path)


def test_names_are_plain_json(tmp_path):
    index_of(2).save(tmp_path)
    assert json.loads((tmp_path / "ids.json").read_text(encoding="utf-8"))["ids"] == ["p0", "p1"]


def test_a_file_in_the_way_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        index_of(2).save(tmp_path / "file")
    with pytest.raises(StorageError, match="does not hold an index"):
        ExactIndex.load(tmp_path / "file")
