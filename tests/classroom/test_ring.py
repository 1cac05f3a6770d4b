"""The contest round a ring: what is counted, what is stretched, and that each setting does its part."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crossmodal_edu.classroom.ring import CENTRES, heaps_found, play, stretch


def test_a_heap_is_found_with_a_fifth_of_its_due_within_three_deviations():
    near, far = CENTRES[:1] + torch.tensor([0.29, 0.0]), CENTRES[:1] + torch.tensor([0.0, 0.31])
    rows = [CENTRES, CENTRES[:1].expand(8, 2), torch.cat([near, far.expand(7, 2)]), far.expand(8, 2)]
    modes, good = heaps_found(torch.stack(rows))
    assert modes.tolist() == [8, 1, 1, 0]
    assert good.tolist() == [1, 1, 1 / 8, 0]


def test_rounds_end_at_the_largest_singular_value_of_each_seed():
    rng = torch.Generator().manual_seed(0)
    weights, u = torch.randn(3, 6, 4, generator=rng), torch.randn(3, 1, 4, generator=rng)
    for _ in range(300):
        stretched, u = stretch(weights, u)
    exact = np.linalg.svd(weights.numpy(), compute_uv=False)[:, 0]
    assert np.allclose(stretched[:, 0, 0], exact, rtol=1e-4)


def test_a_stretch_lets_gradients_through_to_the_weights():
    weights = torch.diag(torch.tensor([3.0, 1.0])).requires_grad_()
    stretch(weights, torch.tensor([[1.0, 0.0]]))[0].sum().backward()
    assert torch.allclose(weights.grad, torch.tensor([[1.0, 0.0], [0.0, 0.0]]))


@pytest.mark.parametrize(
    "settings",
    [
        {"saturating": True},
        {"rates": (1e-4, 1e-3)},
        {"momentum": 0.0},
        {"penalty": 1.0},
        {"spectral": True},
        {"start": 1},
    ],
)
def test_each_setting_changes_the_game_and_a_game_can_be_repeated(settings):
    plain, other, again = (play(seeds=2, steps=300, **some) for some in ({}, settings, settings))
    assert not np.allclose(plain["film"]["step 300"], other["film"]["step 300"])
    assert np.allclose(other["film"]["step 300"], again["film"]["step 300"], atol=1e-4)
    assert plain["film"]["step 300"].shape == (400, 2) and list(plain["film"]) == ["step 300"]
