"""GloVe has no reference library: finite differences and a dense autograd version stand in for one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from crossmodal_edu.errors import VocabularyError
from crossmodal_edu.text.cooccurrence import count_cooccurrences
from crossmodal_edu.text.corpus import Corpus
from crossmodal_edu.text.glove import (
    Cells,
    Glove,
    Parameters,
    _check_settings,
    adagrad_pass,
    empty_cells,
    filled_cells,
    glove_errors,
    glove_gradients,
    glove_loss,
    glove_weight,
)
from crossmodal_edu.text.tokens import tokenise

V, D, X_MAX = 12, 5, 10.0


def counts() -> csr_array:
    chance = np.random.default_rng(0)
    upper = np.triu(chance.uniform(0.2, 30, size=(V, V)) * (chance.random((V, V)) < 0.5))
    return csr_array(upper + upper.T)


def random_parameters(dtype: type = np.float64) -> Parameters:
    chance = np.random.default_rng(1)
    return Parameters(*(chance.normal(size=shape).astype(dtype) for shape in ((V, D), (V, D), (V,), (V,))))


def dense_loss(parts: list[torch.Tensor], table: np.ndarray) -> torch.Tensor:
    """Equation 8 over the whole table at once; empty cells have weight 0."""
    X = torch.tensor(table)
    words, contexts, b, c = parts
    weight = torch.clamp((X / X_MAX) ** 0.75, max=1)
    log = torch.where(X > 0, X, torch.ones_like(X)).log()
    return 0.5 * (weight * (words @ contexts.T + b[:, None] + c[None, :] - log) ** 2).sum()


def tensors(parameters: Parameters) -> list[torch.Tensor]:
    return [torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in parameters]


# --- loss and gradient -------------------------------------------------------------------------------


def test_the_weight_is_equation_9():
    """By hand: (6.25 / 100)^0.75 = (1/16)^0.75 = 1/8; beyond x_max all cells count 1."""
    assert glove_weight(np.array([0.0, 6.25, 100.0, 1e6])) == pytest.approx([0, 0.125, 1, 1])
    assert glove_weight(np.array([5.0]), x_max=10, alpha=1) == 0.5


def hand_cell() -> tuple[Parameters, Cells]:
    """The cell worked by hand in chapter 04."""
    start = Parameters(np.array([[1.0, 0.5]]), np.array([[0.5, -1.0]]), np.array([0.5]), np.array([0.3]))
    return start, Cells(np.array([0]), np.array([0]), np.log([1.0]), glove_weight(np.array([1.0]), x_max=16))


def test_the_cell_worked_in_the_chapter():
    """Error 0.8, weight 1/8: loss 0.04, slope 0.1, gradients (0.05, −0.1), (0.1, 0.05), 0.1 and 0.1."""
    start, cell = hand_cell()
    assert glove_errors(start, cell) == pytest.approx([0.8])
    assert glove_loss(start, cell) == pytest.approx(0.04)
    gradients = glove_gradients(start, cell)
    assert gradients.words[0] == pytest.approx([0.05, -0.1])
    assert gradients.contexts[0] == pytest.approx([0.1, 0.05])
    assert (gradients.word_biases[0], gradients.context_biases[0]) == pytest.approx((0.1, 0.1))


def test_gradients_equal_finite_differences_to_1e_6():
    cells, parameters = filled_cells(counts(), X_MAX), random_parameters()
    gradients = glove_gradients(parameters, cells)
    step = 1e-5
    for part, slopes in zip(parameters, gradients, strict=True):
        for place in np.ndindex(part.shape):
            kept = part[place]
            part[place] = kept + step
            above = glove_loss(parameters, cells)
            part[place] = kept - step
            below = glove_loss(parameters, cells)
            part[place] = kept
            assert slopes[place] == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-6)


def test_loss_and_gradients_equal_a_dense_autograd_version_to_1e_6():
    """Cells hold logs and weights in single precision, so equal to about seven digits."""
    cells, parameters = filled_cells(counts(), X_MAX), random_parameters()
    parts = tensors(parameters)
    loss = dense_loss(parts, counts().toarray())
    loss.backward()
    assert glove_loss(parameters, cells) == pytest.approx(loss.item(), rel=1e-6)
    for part, slopes in zip(parts, glove_gradients(parameters, cells), strict=True):
        assert np.allclose(slopes, part.grad.numpy(), rtol=1e-6, atol=1e-5)


def test_an_epoch_equals_torchs_adagrad_one_cell_at_a_time_to_1e_5():
    cells, parameters = filled_cells(counts(), X_MAX), random_parameters(np.float32)
    parts = tensors(parameters)
    optimiser = torch.optim.Adagrad(parts, lr=0.05, initial_accumulator_value=1, eps=0)
    order, total = np.random.default_rng(2).permutation(len(cells.rows)), 0.0
    for n in order.tolist():
        i, j = int(cells.rows[n]), int(cells.columns[n])
        words, contexts, b, c = parts
        error = words[i] @ contexts[j] + b[i] + c[j] - float(cells.logs[n])
        loss = 0.5 * float(cells.weights[n]) * error**2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item()
    squares = Parameters(*(np.ones_like(part) for part in parameters))
    mine = adagrad_pass(order, cells, parameters, squares, np.float32(0.05))
    assert mine == pytest.approx(total, rel=1e-5)
    for part, theirs in zip(parameters, parts, strict=True):
        assert np.allclose(part, theirs.detach().numpy(), atol=1e-5)


def test_only_filled_cells_are_fitted():
    cells = filled_cells(counts(), X_MAX)
    assert len(cells.rows) == counts().nnz
    assert np.allclose(np.exp(cells.logs), counts().toarray()[cells.rows, cells.columns])
    assert cells.weights.max() == 1


def test_empty_cells_are_empty_and_drawn_anew_by_another_seed():
    table, cells = counts().toarray(), empty_cells(counts(), 500, count=0.1, weight=0.3)
    assert 0 < len(cells.rows) < 500
    assert not table[cells.rows, cells.columns].any()
    assert np.allclose(np.exp(cells.logs), 0.1) and np.allclose(cells.weights, 0.3)
    again, other = (empty_cells(counts(), 500, rng=seed) for seed in (0, 1))
    assert np.array_equal(again.rows, cells.rows) and not np.array_equal(other.rows[:9], cells.rows[:9])


def test_empty_cells_are_drawn_by_row_sums_to_the_power_three_quarters():
    table = np.zeros((4, 4))
    table[0, 1] = table[1, 0] = 16
    table[2, 3] = table[3, 2] = 1
    rows = empty_cells(csr_array(table), 200_000).rows
    # Of a pair of rows (0 or 1, 2 or 3) and columns, what is not filled: the expected share of row 0.
    often = np.array([8, 8, 1, 1]) / 18
    kept = np.outer(often, often) * (table == 0)
    assert np.bincount(rows) / len(rows) == pytest.approx(kept.sum(axis=1) / kept.sum(), abs=0.01)


# --- the model ---------------------------------------------------------------------------------------


def titles() -> list[list[str]]:
    chance = np.random.default_rng(3)
    things = [tokenise(f"{c} {t}") for c in ("red", "blue", "green") for t in ("bag", "shoe", "shirt")]
    return [things[i] for i in chance.integers(len(things), size=300)]


def test_training_brings_the_loss_down_and_fits_the_logarithms():
    model = Glove.fit(titles(), dimensions=8, epochs=200, x_max=10, progress=False)
    assert len(model.losses) == 200
    assert model.losses[-1] < 0.002 < model.losses[0]
    cells = filled_cells(count_cooccurrences(Corpus.of(titles())), 10.0)
    assert np.abs(glove_errors(model.parameters, cells)).max() < 0.1


@pytest.mark.parametrize("threads", [1, 3])
def test_an_epoch_visits_every_cell_once(threads):
    """With steps too small to change anything, an epoch's mean loss is the loss itself."""
    cells = filled_cells(counts(), X_MAX)
    model = Glove.fit_cells(
        "abcdefghijkl", cells, dimensions=D, epochs=2, learning_rate=1e-20, threads=threads, progress=False
    )
    whole = glove_loss(model.parameters, cells) / len(cells.rows)
    assert model.losses == pytest.approx((whole, whole), rel=1e-5)


def test_vectors_are_the_sum_of_both():
    model = Glove.fit(titles(), dimensions=4, epochs=3, progress=False)
    assert np.array_equal(model.vectors, model.parameters.words + model.parameters.contexts)


def test_words_used_alike_become_alike():
    model = Glove.fit(titles(), dimensions=8, epochs=100, x_max=10, progress=False)
    words = model.parameters.words / np.linalg.norm(model.parameters.words, axis=1, keepdims=True)
    cosine = words @ words.T
    red, blue, bag = (model.row(word) for word in ("red", "blue", "bag"))
    assert cosine[red, blue] > cosine[red, bag]


def test_one_thread_and_one_seed_give_the_same_vectors():
    one, same, other = (
        Glove.fit(titles(), dimensions=4, epochs=3, seed=seed, progress=False) for seed in (5, 5, 6)
    )
    assert np.array_equal(one.vectors, same.vectors) and one.losses == same.losses
    assert not np.array_equal(one.vectors, other.vectors)


def test_several_threads_visit_every_cell_and_end_at_about_the_same_loss():
    one, three = (
        Glove.fit(titles(), dimensions=4, epochs=30, threads=threads, progress=False) for threads in (1, 3)
    )
    assert three.losses[-1] == pytest.approx(one.losses[-1], rel=0.25)


def test_a_corpus_gives_what_its_sentences_give():
    settings = {"dimensions": 4, "epochs": 2, "progress": False}
    of_corpus = Glove.fit(Corpus.of(titles()), **settings)
    assert np.array_equal(of_corpus.vectors, Glove.fit(titles(), **settings).vectors)


def test_saved_vectors_come_back_without_parameters(tmp_path):
    model = Glove.fit(titles(), dimensions=4, epochs=2, progress=False)
    model.save(tmp_path / "glove.txt")
    loaded = Glove.load(tmp_path / "glove.txt")
    assert loaded.words == model.words and np.array_equal(loaded.vectors, model.vectors)
    assert loaded.parameters is None and loaded.losses == ()


# --- what goes wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("dimensions", 0),
        ("epochs", 0),
        ("threads", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("x_max", 0.0),
        ("alpha", -1.0),
        ("window", 0),
    ],
)
def test_a_setting_out_of_range_is_named(setting, value):
    with pytest.raises(VocabularyError, match=setting):
        Glove.fit(titles(), **{"epochs": 1, "progress": False, setting: value})


def test_half_a_dimension_is_refused():
    with pytest.raises(VocabularyError, match=r"dimensions is 2\.5"):
        _check_settings({"dimensions": 2.5}, {})


def test_a_learning_rate_that_blows_up_is_told_and_gives_no_nan():
    with pytest.raises(VocabularyError, match="loss became") as caught:
        Glove.fit(titles(), dimensions=8, epochs=20, learning_rate=1e20, progress=False)
    assert "learning_rate" in caught.value.remedy


def test_an_empty_corpus_and_one_word_titles_are_refused():
    with pytest.raises(VocabularyError, match="Nothing to learn from"):
        Glove.fit([], progress=False)
    with pytest.raises(VocabularyError, match="No two known words"):
        Glove.fit([["red"]] * 9, progress=False)


def test_a_string_instead_of_words_is_refused():
    with pytest.raises(VocabularyError, match="letters would be taken for words"):
        Glove.fit(["red bag"], progress=False)


def test_numbers_other_scripts_and_very_long_lines_give_finite_vectors():
    lines = [tokenise("iphone 13 红色手机 т"), ["a", "b"] * 20_000]
    model = Glove.fit(lines, minimum_count=1, dimensions=4, epochs=2, progress=False)
    assert {"13", "红", "т"} <= set(model.words)
    assert np.isfinite(model.vectors).all()


def test_a_word_that_stands_alone_keeps_its_random_start_and_is_finite():
    model = Glove.fit([*titles(), *[["alone"]] * 5], dimensions=4, epochs=20, progress=False)
    assert np.linalg.norm(model["alone"]) < 0.5 < np.linalg.norm(model["red"])


def test_unknown_words_are_named():
    with pytest.raises(VocabularyError, match="'sofa' is unknown"):
        Glove.fit(titles(), dimensions=4, epochs=1, progress=False).similarity("red", "sofa")
