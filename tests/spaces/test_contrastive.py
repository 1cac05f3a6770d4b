"""The contrastive loss, by hand and over all pairs."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from crossmodal_edu.audio.encoder import AudioEncoder
from crossmodal_edu.image.encoder import ImageEncoder
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.contrastive import ContrastiveLearner, contrastive_loss
from crossmodal_edu.text.encoder import TextEncoder
from crossmodal_edu.text.tokens import Vocabulary


def small_learner() -> ContrastiveLearner:
    return ContrastiveLearner(
        [
            TextEncoder(Vocabulary(["red", "bag"], buckets=16), 8, 8),
            ImageEncoder((16, 16), (8, 8), 8),
            AudioEncoder(channels=(8, 8), dimensions=8),
        ]
    )


def test_two_pairs_by_hand():
    """Cosines 1, 0, 0, 1 at temperature 1: −ln(e / (e + 1)) in each row and column."""
    loss = contrastive_loss(torch.eye(2), torch.eye(2), temperature=1.0)
    assert loss.item() == pytest.approx(-math.log(math.e / (math.e + 1)), abs=1e-6)


def test_vectors_that_know_nothing_cost_ln_n():
    same = F.normalize(torch.ones(5, 3), dim=1)
    assert contrastive_loss(same, same, 0.1).item() == pytest.approx(math.log(5), abs=1e-5)


def test_groups_make_equal_titles_equally_right():
    """Rows 0 and 1 are one thing: swapping them costs nothing with groups, and a lot without."""
    one, other = torch.eye(3), torch.eye(3)[[1, 0, 2]]
    groups = torch.tensor([0, 0, 1])
    swapped, straight = contrastive_loss(one, other, 0.1, groups), contrastive_loss(one, one, 0.1, groups)
    assert swapped.item() == pytest.approx(straight.item(), abs=1e-5)
    assert contrastive_loss(one, other, 0.1).item() > 3


def test_the_loss_is_the_mean_over_all_pairs_of_modalities(rng):
    model = small_learner().eval()
    inputs = {
        Modality.TEXT: model.encoders["text"].prepare(["red bag", "blue"]),
        Modality.IMAGE: torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8),
        Modality.AUDIO: model.encoders["audio"].prepare(
            [rng.normal(size=4000).astype("float32") for _ in "ab"]
        ),
    }
    text, image, audio = model(inputs).values()
    pairs = [
        contrastive_loss(a, b, model.temperature) for a, b in ((text, image), (text, audio), (image, audio))
    ]
    assert model.loss(inputs).item() == pytest.approx(sum(p.item() for p in pairs) / 3, abs=1e-5)


def test_the_temperature_is_learned_between_two_ends():
    learner = small_learner()
    assert learner.temperature.item() == pytest.approx(0.03)
    for given, kept in ((math.log(1e-5), 0.01), (3.0, 1.0)):
        with torch.no_grad():
            learner.log_temperature.fill_(given)
        assert learner.temperature.item() == pytest.approx(kept)
