"""Contests: losses and their slopes, a gradient turned round, triplets, and three spaces on tiny data."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.adversarial import (
    AdversarialSpace,
    CrossGenerator,
    GenerativeFeatures,
    gan_losses,
    reverse_gradient,
    triplet_loss,
)
from crossmodal_edu.spaces.space import Features

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO
IDS = [f"p{i}" for i in range(48)]
KINDS = {id: f"kind {i % 4}" for i, id in enumerate(IDS)}


@pytest.fixture
def given():
    """Words and pictures of 48 products: two turns of the same six numbers, near the middle of a kind."""
    rng = torch.Generator().manual_seed(0)
    middles = 3 * torch.randn(4, 6, generator=rng)
    hidden = middles.repeat(12, 1) + torch.randn(48, 6, generator=rng)
    turns = [torch.linalg.qr(torch.randn(6, 6, generator=rng)).Q for _ in range(2)]
    return {side: Features(hidden @ turn, IDS) for side, turn in zip((TEXT, IMAGE), turns, strict=True)}


def test_losses_are_cross_entropies_of_real_and_made():
    real, made = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([0.7, -0.4])
    losses = gan_losses(real, made)
    ones, zeros = torch.ones_like, torch.zeros_like
    entropy = F.binary_cross_entropy_with_logits
    assert losses.discriminator.item() == pytest.approx(
        (entropy(real, ones(real)) + entropy(made, zeros(made))).item(), abs=1e-6
    )
    assert losses.generator.item() == pytest.approx(entropy(made, ones(made)).item(), abs=1e-6)
    saturating = gan_losses(real, made, saturating=True).generator
    assert saturating.item() == pytest.approx((1 - made.sigmoid()).log().mean().item(), abs=1e-6)


@pytest.mark.parametrize(("saturating", "slope"), [(True, -0.01), (False, -0.99)])
def test_where_a_thing_is_surely_made_only_one_loss_has_a_slope(saturating, slope):
    logit = torch.tensor([math.log(0.01 / 0.99)], requires_grad=True)  # D = 0.01
    gan_losses(torch.zeros(1), logit, saturating).generator.backward()
    assert logit.grad.item() == pytest.approx(slope, abs=1e-6)


def test_the_best_discriminator_of_a_table_is_the_share_of_the_real():
    logits = torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = gan_losses(logits[[0, 0, 0, 1]], logits[[0, 1, 1, 1]]).discriminator
        value.backward()
        return value

    optimiser.step(loss)
    assert torch.allclose(logits.detach().sigmoid(), torch.tensor([0.75, 0.25]), atol=1e-4)
    divergence = (math.log(4) - loss().item()) / 2
    assert divergence == pytest.approx(0.1308, abs=1e-4)  # chapter 11, by hand


@pytest.mark.parametrize("strength", [0.0, 0.3, 2.0])
def test_a_reversed_gradient_is_minus_strength_times_the_finite_difference(strength):
    rng = torch.Generator().manual_seed(1)
    x = torch.randn(4, 3, generator=rng, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(3, 2, generator=rng, dtype=torch.float64)

    def loss(x, layer=lambda x: x):
        return (layer(x) @ weights).tanh().square().sum()

    assert torch.equal(reverse_gradient(x, strength), x)
    (slope,) = torch.autograd.grad(loss(x, lambda x: reverse_gradient(x, strength)), x)
    for row, column in ((0, 0), (3, 2)):
        step = torch.zeros_like(x)
        step[row, column] = 1e-6
        change = (loss(x + step) - loss(x - step)).item() / 2e-6
        assert slope[row, column].item() == pytest.approx(-strength * change, abs=1e-7)


def test_triplets_of_one_kind_are_left_out():
    rng = torch.Generator().manual_seed(2)
    one, other = (F.normalize(torch.randn(6, 4, generator=rng)) for _ in range(2))
    kinds = [0, 1, 0, 2, 1, 1]
    shorts = [
        max(0.0, 0.3 + (one[i] @ other[j] - one[i] @ other[i]).item())
        for i in range(6)
        for j in range(6)
        if kinds[i] != kinds[j]
    ]
    assert triplet_loss(one, other, torch.tensor(kinds)).item() == pytest.approx(
        sum(shorts) / len(shorts), abs=1e-6
    )
    assert triplet_loss(one, other, torch.zeros(6, dtype=torch.int64)).item() == 0


def test_features_of_a_contest_are_of_one_modality(given):
    words = Features(given[TEXT].vectors, IDS)
    one, again = (
        GenerativeFeatures(4, hidden=8, epochs=3).fit({TEXT: words, IMAGE: given[IMAGE]}) for _ in "ab"
    )
    assert torch.equal(one.embed(TEXT, words.vectors), again.embed(TEXT, words.vectors))
    assert one.embed(IMAGE, given[IMAGE].vectors).norm(dim=1).allclose(torch.ones(48), atol=1e-5)
    assert one.aligned(TEXT, TEXT) and not one.aligned(TEXT, IMAGE)
    assert set(one.histories) == {TEXT, IMAGE}
    assert list(one.histories[TEXT].losses) == ["discriminator", "generator"]


def test_a_generator_that_is_tied_finds_the_partner(given):
    space = CrossGenerator(
        TEXT, adversary=0.0, hidden=32, epochs=300, batch_size=48, learning_rate=1e-2, dropout=0.0
    )
    space.fit(given)
    words, pictures = (space.embed(side, some.vectors) for side, some in given.items())
    assert ((pictures @ words.T).argmax(dim=1) == torch.arange(48)).float().mean() > 0.9
    assert space.dimensions == 6
    untied = CrossGenerator(TEXT, tie=0.0, adversary=1.0, pairs=False, hidden=8, epochs=2).fit(given)
    assert untied.embed(IMAGE, given[IMAGE].vectors).shape == (48, 6)


def test_the_target_keeps_its_standardised_features(given):
    space = CrossGenerator(TEXT, hidden=8, epochs=1).fit(given)
    standard = given[TEXT].vectors - given[TEXT].vectors.mean(dim=0)
    assert torch.allclose(space.embed(TEXT, given[TEXT].vectors), F.normalize(standard), atol=1e-5)


def test_a_space_of_kinds_knows_kinds(given):
    space = AdversarialSpace(8, 16, epochs=60, batch_size=48, learning_rate=1e-2).fit(given, KINDS)
    words, pictures = (space.embed(side, some.vectors) for side, some in given.items())
    kinds = [KINDS[id] for id in IDS]
    nearest = (words @ pictures.T).argmax(dim=1).tolist()
    assert sum(kinds[i] == kinds[j] for i, j in enumerate(nearest)) > 43
    assert list(space.history.losses) == ["space", "judge"]


def test_the_networks_raise_the_loss_that_the_judge_lowers(given):
    space = AdversarialSpace(8, 16, epochs=1).fit(given, KINDS)
    parts = {"networks": space.networks, "kinds": nn.Linear(8, 4), "judge": nn.Linear(8, 2)}
    model = nn.ModuleDict(parts).eval()
    batch = {side: some.vectors for side, some in given.items()} | {"kinds": torch.arange(48) % 4}
    network, judge = model["networks"]["image"][1][0].weight, model["judge"].weight
    slopes = {}
    for space.adversary in (0.0, 0.5):
        slopes[space.adversary] = torch.autograd.grad(space.loss(model, batch), [network, judge])
    guess = space.guess(model, torch.cat(space.placed(model, batch)))
    for_network, for_judge = torch.autograd.grad(guess, [network, judge])
    assert torch.allclose(slopes[0.5][0] - slopes[0.0][0], -0.5 * for_network, atol=1e-6)
    assert torch.allclose(slopes[0.5][1], for_judge, atol=1e-6)
    assert for_network.abs().max() > 1e-4


def test_a_space_of_kinds_is_saved_without_its_judge(given, tmp_path):
    space = AdversarialSpace(5, hidden=4, epochs=1).fit(given, KINDS)
    space.save(tmp_path)
    back = AdversarialSpace.load(tmp_path)
    assert torch.equal(back.embed(IMAGE, given[IMAGE].vectors), space.embed(IMAGE, given[IMAGE].vectors))
    assert back.aligned(TEXT, IMAGE)


def test_the_judge_of_vectors_that_are_all_alike_knows_nothing():
    space = AdversarialSpace(2)
    space.networks = nn.ModuleDict({"text": nn.Identity(), "image": nn.Identity()})
    loss = space.guess(
        nn.ModuleDict({"networks": space.networks, "judge": nn.Linear(2, 2)}), torch.zeros(6, 2)
    )
    assert loss.item() >= math.log(2) - 1e-6


@pytest.mark.parametrize(
    ("fit", "told"),
    [
        (
            lambda given: AdversarialSpace(2).fit(given, dict(list(KINDS.items())[1:])),
            "1 of 48 products have no label",
        ),
        (lambda given: AdversarialSpace(2).fit(given), "48 of 48 products have no label"),
        (lambda given: AdversarialSpace(2).fit({TEXT: given[TEXT]}, KINDS), "Features of text were given"),
        (lambda given: AdversarialSpace(2).fit({}, KINDS), "Features of nothing were given"),
        (lambda given: CrossGenerator(AUDIO).fit(given), "Features of text, image were given"),
        (lambda given: CrossGenerator().save(Path("there")), "is not saved"),
        (lambda given: GenerativeFeatures(2).fit({TEXT: Features(torch.ones(1, 3), ["a"])}), "1 products"),
    ],
)
def test_what_cannot_be_fitted_says_why(fit, told, given):
    with pytest.raises(SpaceError, match=told):
        fit(given)
