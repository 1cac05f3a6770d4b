"""The training loop: it learns, keeps the best weights, stops early and refuses what cannot be trained."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from crossmodal_edu.errors import SpaceError, StorageError
from crossmodal_edu.training import History, Turn, inference, train

POINTS = torch.linspace(-1, 1, 8)[:, None]


def miss(model: nn.Module, points: Tensor) -> Tensor:
    """How far the model is from three times its input."""
    return (model(points) - 3 * points).square().mean()


def run(model: nn.Module, scores: list[float] | None = None, **settings) -> tuple[History, list[Tensor]]:
    """Train, and copy the weights at the end of each epoch; the scores are given, not measured."""
    seen: list[Tensor] = []

    def validate(model: nn.Module) -> float:
        seen.append(next(model.parameters()).detach().clone())
        return scores[len(seen) - 1]

    settings = {"epochs": 6, "batches_per_epoch": 2, "learning_rate": 0.1, "progress": False, **settings}
    if scores is not None:
        settings["validate"] = validate
    return train(model, lambda epoch: [POINTS[::2], POINTS[1::2]], miss, **settings), seen


def test_it_learns_and_leaves_the_model_ready_to_answer():
    model = nn.Linear(1, 1)
    history, _ = run(model, epochs=100)
    assert history.loss[-1] < 0.01 < history.loss[0]
    assert model.weight.item() == pytest.approx(3, abs=0.2)
    assert not model.training


def test_the_history_has_one_entry_an_epoch():
    history, _ = run(nn.Linear(1, 1), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert history.score == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert len(history.loss) == len(history.seconds) == 6
    assert history.seconds == sorted(history.seconds)
    assert history.best_epoch == 5


def test_the_loss_of_an_epoch_is_the_mean_over_its_batches():
    """A rate of almost nothing, so that both batches are seen by the same weights."""
    model = nn.Linear(1, 1)
    with torch.no_grad():
        expected = (miss(model, POINTS[::2]) + miss(model, POINTS[1::2])).item() / 2
    history, _ = run(model, epochs=1, learning_rate=1e-9)
    assert history.loss == pytest.approx([expected], rel=1e-4)


def test_without_scores_the_last_epoch_is_kept():
    history, _ = run(nn.Linear(1, 1))
    assert history.score == [] and history.best_epoch == 5


@pytest.mark.parametrize(
    ("scores", "best"), [([0, 3, 1, 2, 0, 0], 1), ([5, 4, 3, 2, 1, 0], 0), ([0, 2, 1, 2, 2, 1], 1)]
)
def test_the_weights_of_the_best_epoch_come_back_the_first_of_equals(scores, best):
    model = nn.Linear(1, 1)
    history, seen = run(model, scores)
    assert history.best_epoch == best
    assert torch.equal(model.weight, seen[best])
    assert not any(torch.equal(model.weight, other) for i, other in enumerate(seen) if i != best)


@pytest.mark.parametrize(
    ("patience", "scores", "epochs"),
    [
        (1, [1, 0, 9, 9, 9, 9], 2),
        (2, [1, 0, 2, 1, 1, 9], 5),
        (2, [1, 1, 1, 9, 9, 9], 3),
        (3, [1, 0, 0, 2, 0, 0], 6),
    ],
)
def test_patience_counts_epochs_that_were_not_better(patience, scores, epochs):
    model = nn.Linear(1, 1)
    history, seen = run(model, scores, patience=patience)
    assert history.score == scores[:epochs]
    assert torch.equal(model.weight, seen[history.best_epoch])


@pytest.mark.parametrize(
    ("patience", "scores", "words"), [(2, None, "nothing scores"), (0, [1] * 6, "is 0"), (-1, [1] * 6, "-1")]
)
def test_patience_with_nothing_to_go_by_is_refused(patience, scores, words):
    model = nn.Linear(1, 1)
    before = model.weight.clone()
    with pytest.raises(SpaceError, match=words) as raised:
        run(model, scores, patience=patience)
    assert "validate" in raised.value.accepted
    assert torch.equal(model.weight, before)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_the_training_and_names_the_epoch(value):
    model, losses = nn.Linear(1, 1), iter([1.0, 1.0, value])
    with pytest.raises(SpaceError, match=f"loss became {value} in epoch 2") as raised:
        train(
            model,
            lambda epoch: [POINTS, POINTS],
            lambda model, points: miss(model, points) * next(losses),
            epochs=3,
            batches_per_epoch=2,
            progress=False,
        )
    assert "learning rate" in raised.value.remedy
    assert model.weight.isfinite().all(), "the step that would have spoilt the weights is not taken"


def test_the_seed_decides_what_is_dropped():
    def trained(seed: int) -> Tensor:
        torch.manual_seed(9)
        model = nn.Sequential(nn.Linear(1, 16), nn.Dropout(0.5), nn.Linear(16, 1))
        run(model, seed=seed)
        return model[0].weight

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))


def test_whoever_draws_next_is_not_disturbed():
    model = nn.Sequential(nn.Linear(1, 16), nn.Dropout(0.5), nn.Linear(16, 1))
    state = torch.get_rng_state()
    run(model, seed=3)
    assert torch.equal(torch.get_rng_state(), state)


def test_several_losses_take_turns_and_each_moves_its_own_weights():
    """A critic that is to learn a slope of 2, and a maker that is to make what the critic likes."""
    model = nn.ModuleDict({"critic": nn.Linear(1, 1, bias=False), "maker": nn.Linear(1, 1, bias=False)})
    order: list[str] = []

    def critic(model, x):
        order.append("critic")
        return (model["critic"](x) - 2 * x).square().mean()

    def maker(model, x):
        order.append("maker")
        return (model["critic"](model["maker"](x)) - 6 * x).square().mean()

    turns = {
        "critic": Turn(critic, model["critic"], learning_rate=0.1, weight_decay=0.0),
        "maker": Turn(maker, model["maker"], learning_rate=0.1, weight_decay=0.0),
    }
    history = train(model, lambda epoch: [POINTS], turns, epochs=300, batches_per_epoch=1, progress=False)
    assert order[:4] == ["critic", "maker", "critic", "maker"]
    assert model["critic"].weight.item() == pytest.approx(2, abs=0.05)
    assert model["maker"].weight.item() == pytest.approx(3, abs=0.1)
    assert list(history.losses) == ["critic", "maker"] and history.loss == history.losses["critic"]


def test_the_numbers_of_each_epoch_are_handed_to_a_log():
    told: list[tuple[int, dict]] = []
    history, _ = run(
        nn.Linear(1, 1), [0.1, 0.2], epochs=2, log=lambda epoch, numbers: told.append((epoch, numbers))
    )
    assert [epoch for epoch, _ in told] == [0, 1]
    assert told[1][1] == {"loss": history.loss[1], "score": 0.2, "seconds": history.seconds[1]}


def steps_spied(model: nn.Module, patch: pytest.MonkeyPatch) -> list[Tensor]:
    """The weight after each step of the optimiser."""
    weights: list[Tensor] = []
    step = torch.optim.AdamW.step

    def spy(self, *args, **kwargs):
        result = step(self, *args, **kwargs)
        weights.append(model.weight.detach().clone())
        return result

    patch.setattr(torch.optim.AdamW, "step", spy)
    return weights


@pytest.mark.parametrize("scored", [True, False])
def test_the_mean_of_the_weights_is_judged_and_kept(monkeypatch, scored):
    """By the definition: after each step 0.8 of the mean so far, and 0.2 of the weight now."""
    model = nn.Linear(1, 1)
    mean, means = model.weight.detach().clone(), []
    weights = steps_spied(model, monkeypatch)
    _, judged = run(model, [0.1, 0.2, 0.3] if scored else None, epochs=3, averaged=0.8)
    for weight in weights:
        mean = 0.8 * mean + 0.2 * weight
        means.append(mean)
    assert len(means) == 6
    torch.testing.assert_close(model.weight.detach(), means[-1])
    assert not torch.equal(means[-1], weights[-1])
    if scored:
        torch.testing.assert_close(torch.stack(judged), torch.stack(means[1::2]))


def test_of_averaged_weights_those_of_the_best_epoch_are_kept():
    model = nn.Linear(1, 1)
    _, judged = run(model, [0.1, 0.9, 0.3], epochs=3, averaged=0.5)
    assert torch.equal(model.weight, judged[1])


def test_a_count_beside_the_weights_is_taken_over_and_not_averaged():
    model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    run(model, epochs=3, averaged=0.9)
    assert model[1].num_batches_tracked.item() == 6
    assert 0 < model[1].running_var.item() != 1


@pytest.mark.parametrize("averaged", [0.0, 0.7])
@pytest.mark.parametrize("stopped", [1, 2, 5])
def test_a_training_goes_on_from_its_checkpoint_as_if_it_had_not_stopped(tmp_path, stopped, averaged):
    def trained(checkpoint=None, fail_in=None) -> tuple[nn.Module, History]:
        torch.manual_seed(1)
        model = nn.Sequential(nn.Linear(1, 16), nn.Dropout(0.5), nn.Linear(16, 1))

        def batches(epoch):
            if epoch == fail_in:
                raise KeyboardInterrupt
            return [POINTS[::2], POINTS[1::2]]

        history = train(
            model, batches, miss, epochs=6, batches_per_epoch=2, learning_rate=0.1, seed=4, progress=False,
            validate=lambda model: -miss(model, POINTS).item(), checkpoint=checkpoint, averaged=averaged,
        )  # fmt: skip
        return model, history

    whole, expected = trained()
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "kept.pt", stopped)
    again, history = trained(tmp_path / "kept.pt")
    assert history.loss == pytest.approx(expected.loss) and history.score == pytest.approx(expected.score)
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.pt"]
    assert trained(tmp_path / "kept.pt")[1].loss == history.loss, "and a finished one is not trained again"


@pytest.mark.parametrize(
    "kept",
    [
        *("of another model", "of other turns", "of fewer epochs", "of another rate", "of another mean"),
        *("cut short", "a text"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, kept):
    path = tmp_path / "kept.pt"
    model = nn.Linear(2, 1) if kept == "of another model" else nn.Linear(1, 1)
    points = POINTS.expand(8, model.in_features)
    loss = {"other": Turn(miss)} if kept == "of other turns" else miss
    epochs = 3 if kept == "of fewer epochs" else 6
    rate = 0.2 if kept == "of another rate" else 0.1
    train(
        model,
        lambda epoch: [points],
        loss,
        epochs=epochs,
        batches_per_epoch=2,
        learning_rate=rate,
        averaged=0.5 if kept == "of another mean" else 0.0,
        checkpoint=path,
        progress=False,
    )
    if kept == "cut short":
        path.write_bytes(path.read_bytes()[:100])
    elif kept == "a text":
        path.write_text("epoch 3")
    fresh = nn.Linear(1, 1)
    before = fresh.weight.clone()
    with pytest.raises(StorageError, match="cannot go on from") as raised:
        run(fresh, checkpoint=path)
    assert "Remove the file" in raised.value.remedy
    assert torch.equal(fresh.weight, before), "and the model is as it was"


def test_reduced_precision_computes_in_bfloat16_and_keeps_single_weights():
    model, kinds = nn.Linear(1, 1), set()
    model.register_forward_hook(lambda module, given, answer: kinds.add(answer.dtype))
    history, _ = run(model, epochs=100, reduced_precision=True)
    assert kinds == {torch.bfloat16}
    assert model.weight.dtype == torch.float32
    assert model.weight.item() == pytest.approx(3, abs=0.3) and history.loss[-1] < 0.05


def test_weights_are_pulled_towards_zero_and_biases_are_not():
    """The loss says nothing, so that all that moves is moved by the decay."""
    model = nn.Linear(2, 2)
    matrix, bias = model.weight.detach().clone(), model.bias.detach().clone()
    train(
        model,
        lambda epoch: [torch.zeros(1, 2)] * 5,
        lambda model, x: 0 * model(x).sum(),
        epochs=2,
        batches_per_epoch=5,
        learning_rate=0.1,
        weight_decay=0.5,
        progress=False,
    )
    assert torch.equal(model.bias, bias)
    assert (model.weight.abs() < 0.9 * matrix.abs()).all()


def test_one_huge_example_does_not_throw_the_weights_away():
    """The slope is cut to length one before a step, whatever the loss says."""
    slopes: list[float] = []
    model = nn.Linear(1, 1)
    optimiser_step = torch.optim.AdamW.step

    def spy(self, *args, **kwargs):
        slopes.append(float(torch.cat([p.grad.flatten() for p in model.parameters()]).norm()))
        return optimiser_step(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", spy)
        train(
            model,
            lambda epoch: [POINTS],
            lambda model, x: 1e6 * miss(model, x),
            epochs=1,
            batches_per_epoch=1,
            progress=False,
        )
    assert slopes == [pytest.approx(1, abs=1e-3)]


def test_more_batches_than_were_announced_are_trained_at_the_last_rate():
    history, _ = run(nn.Linear(1, 1), batches_per_epoch=1, epochs=3)  # two come in each
    assert len(history.loss) == 3


@pytest.mark.parametrize("progress", [True, False])
def test_the_bar_is_shown_only_when_asked_for(capsys, progress):
    run(nn.Linear(1, 1), progress=progress)
    assert ("training" in capsys.readouterr().err) == progress


@pytest.mark.parametrize("training", [True, False])
def test_inference_brings_the_mode_back_even_after_an_error(training):
    model = nn.Dropout(0.5).train(training)
    with pytest.raises(ZeroDivisionError), inference(model):
        assert not model.training and not torch.is_grad_enabled()
        1 / 0  # noqa: B018
    assert model.training is training and torch.is_grad_enabled()


def test_what_cannot_be_trained_is_said(tmp_path):
    model, other = nn.Linear(1, 1), nn.Linear(1, 1)
    once = iter([POINTS])
    steps = {"epochs": 2, "batches_per_epoch": 1, "progress": False}
    with pytest.raises(SpaceError, match="'critic' moves weights that are not the model's"):
        train(model, lambda epoch: [POINTS], {"critic": Turn(miss, other)}, **steps)
    for turns, settings in (({}, steps), (miss, {**steps, "epochs": 0})):
        with pytest.raises(SpaceError, match=r"losses and \d steps"):
            train(model, lambda epoch: [POINTS], turns, **settings)
    with pytest.raises(SpaceError, match="Epoch 2 has no batch"):
        train(model, lambda epoch: once, miss, **steps)
    with pytest.raises(SpaceError, match="score of epoch 1 is NaN"):
        train(model, lambda epoch: [POINTS], miss, validate=lambda model: float("nan"), **steps)
