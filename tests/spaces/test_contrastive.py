"""The losses of contrastive learning by hand and by their references, and what learns by them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import jaxtyping
import pytest
import torch
from torch.nn import functional as F

from crossmodal_edu.audio.encoder import AudioEncoder
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.image.encoder import ImageEncoder
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.contrastive import (
    ContrastiveHeads,
    ContrastiveLearner,
    alignment,
    contrastive_loss,
    sigmoid_loss,
    uniformity,
)
from crossmodal_edu.spaces.space import Features
from crossmodal_edu.text.encoder import TextEncoder
from crossmodal_edu.text.tokens import Vocabulary

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO


@pytest.fixture
def as_a_reader() -> Iterator[None]:
    """Without the shape checks of the test suite, so that our own messages are what is seen."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def unit(seed: int, n: int = 6, d: int = 4) -> torch.Tensor:
    return F.normalize(torch.randn(n, d, generator=torch.Generator().manual_seed(seed)), dim=1)


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


def test_it_is_torchs_cross_entropy_with_the_diagonal_as_the_right_classes():
    one, other = unit(0), unit(1)
    logits, classes = one @ other.T / 0.07, torch.arange(6)
    reference = (F.cross_entropy(logits, classes) + F.cross_entropy(logits.T, classes)) / 2
    torch.testing.assert_close(contrastive_loss(one, other, 0.07), reference)


def test_its_slopes_are_torchs_too():
    one, other = unit(0).double().requires_grad_(), unit(1).double()
    groups = torch.tensor([0, 0, 1, 2, 3, 3])
    assert torch.autograd.gradcheck(lambda x: contrastive_loss(x, other, 0.3, groups), (one,))
    assert torch.autograd.gradcheck(lambda x: sigmoid_loss(x, other, 0.3, -2.0, groups), (one,))


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


# Four pairs, and what open_clip 3.3.0's SigLipLoss gives for them in double precision, by (scale, bias).
FOUR = (
    [[1.0, 2.0, 0.0], [0.0, 1.0, -1.0], [2.0, -1.0, 1.0], [-1.0, 0.0, 3.0]],
    [[1.0, 1.0, 0.0], [1.0, 1.0, -1.0], [2.0, 0.0, 1.0], [-1.0, 1.0, 1.0]],
)
OPEN_CLIP = {
    (10.0, -10.0): 1.764803596674307,
    (1.0, 0.0): 2.5772743799195883,
    (14.2857142857, -3.0): 4.480834022597246,
}


@pytest.mark.parametrize("given", OPEN_CLIP)
def test_the_sigmoid_loss_is_open_clips_to_1e5(given):
    one, other = (F.normalize(torch.tensor(rows), dim=1) for rows in FOUR)
    scale, bias = given
    assert sigmoid_loss(one, other, 1 / scale, bias).item() == pytest.approx(OPEN_CLIP[given], abs=1e-5)


def test_the_contrastive_loss_is_open_clips_to_1e6():
    """Its ClipLoss of the same four pairs, by scale."""
    one, other = (F.normalize(torch.tensor(rows), dim=1) for rows in FOUR)
    for scale, reference in {10.0: 0.09331506343181459, 1.0: 0.8925418705801559}.items():
        assert contrastive_loss(one, other, 1 / scale).item() == pytest.approx(reference, abs=1e-6)


def test_two_pairs_of_the_sigmoid_loss_by_hand():
    """Logits ±2 with the bias −2: two pairs of 0 that match, two of −2 that do not."""
    one = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    by_hand = math.log(1 + math.exp(0)) + math.log(1 + math.exp(-2))
    assert sigmoid_loss(one, one, 0.5, -2.0).item() == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize("loss", [contrastive_loss, lambda a, b, t, g=None: sigmoid_loss(a, b, t, -3.0, g)])
def test_groups_of_one_change_nothing_and_their_numbers_do_not_matter(loss):
    one, other = unit(0), unit(1)
    torch.testing.assert_close(loss(one, other, 0.1), loss(one, other, 0.1, torch.arange(6)))
    groups = torch.tensor([0, 1, 1, 2, 0, 3])
    torch.testing.assert_close(loss(one, other, 0.1, groups), loss(one, other, 0.1, 7 - groups))
    assert not torch.isclose(loss(one, other, 0.1), loss(one, other, 0.1, groups))


def test_groups_in_the_sigmoid_loss_make_their_pairs_match():
    same, groups = F.normalize(torch.ones(2, 3), dim=1), torch.tensor([4, 4])
    assert sigmoid_loss(same, same, 0.05, -10.0, groups).item() < 1e-3
    assert sigmoid_loss(same, same, 0.05, -10.0).item() > 5


def test_a_lower_temperature_makes_a_near_mistake_cost_more_and_a_far_one_less():
    right = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    wrong = right.flip(0)
    costs = [[contrastive_loss(right, side, t).item() for t in (1.0, 0.1)] for side in (right, wrong)]
    assert costs[0][0] > costs[0][1]
    assert costs[1][0] < costs[1][1]


def test_alignment_and_uniformity_by_hand():
    ends = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert alignment(ends, ends).item() == 0
    assert alignment(ends, ends.flip(0)).item() == 4
    assert alignment(ends, ends.flip(0), power=1.0).item() == 2
    assert uniformity(torch.ones(3, 1)).item() == 0
    square = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    mean = (4 * math.exp(-2 * 2) + 2 * math.exp(-2 * 4)) / 6  # four sides of √2, two diagonals of 2
    assert uniformity(square).item() == pytest.approx(math.log(mean), abs=1e-6)


def test_even_vectors_are_more_uniform_than_a_bundle():
    bundle = F.normalize(unit(0, 200, 16) + 3, dim=1)
    assert uniformity(unit(0, 200, 16)) < -3 < -1 < uniformity(bundle) < 0


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: contrastive_loss(unit(0), unit(0, 5), 0.1), "(6, 4), (5, 4)"),
        (lambda: contrastive_loss(unit(0), unit(0, 6, 3), 0.1), "(6, 4), (6, 3)"),
        (lambda: contrastive_loss(unit(0)[0], unit(0)[0], 0.1), "(4,), (4,)"),
        (lambda: contrastive_loss(unit(0)[:0], unit(0)[:0], 0.1), "(0, 4)"),
        (lambda: contrastive_loss(unit(0), unit(1), 0.0), "temperature 0"),
        (lambda: contrastive_loss(unit(0), unit(1), torch.tensor(-0.1)), "temperature -0.1"),
        (lambda: contrastive_loss(unit(0), unit(1), math.nan), "temperature nan"),
        (lambda: contrastive_loss(unit(0), unit(1), 0.1, torch.arange(5)), "groups of (5,)"),
        (lambda: sigmoid_loss(unit(0), unit(1), 0.1, -1.0, torch.eye(6).long()), "groups of (6, 6)"),
        (lambda: sigmoid_loss(unit(0), unit(1), 0.0, -1.0), "temperature 0"),
        (lambda: alignment(unit(0), unit(0, 5)), "(6, 4), (5, 4)"),
        (lambda: uniformity(unit(0, 1)), "n ≥ 2"),
    ],
)
@pytest.mark.usefixtures("as_a_reader")
def test_what_is_no_batch_of_pairs_is_refused_in_words(make, told):
    with pytest.raises(SpaceError) as raised:
        make()
    assert told in f"{raised.value.problem} {raised.value.accepted}"


def test_one_pair_has_nothing_to_be_told_from_and_zero_vectors_stay_numbers():
    assert contrastive_loss(unit(0, 1), unit(1, 1), 0.1).item() == 0
    nothing = torch.zeros(3, 4)
    assert contrastive_loss(nothing, nothing, 0.1).item() == pytest.approx(math.log(3), abs=1e-6)
    assert sigmoid_loss(nothing, nothing, 0.1, 0.0).item() == pytest.approx(3 * math.log(2), abs=1e-6)


# --- heads on frozen features -----------------------------------------------------------------------------


def seen(n: int = 60, seed: int = 0, titles: int | None = None) -> dict[Modality, Features]:
    """Products with a hidden cause of 6 numbers, seen through a matrix and some noise by each modality."""
    rng = torch.Generator().manual_seed(seed)
    hidden = torch.randn(titles or n, 6, generator=rng)[torch.arange(n) % (titles or n)]
    maps = torch.Generator().manual_seed(99)
    return {
        side: Features(
            hidden @ torch.randn(6, d, generator=maps) + 0.1 * torch.randn(n, d, generator=rng),
            [f"p{i}" for i in range(n)],
        )
        for side, d in ((TEXT, 10), (IMAGE, 14), (AUDIO, 8))
    }


def found(space: ContrastiveHeads, given: dict[Modality, Features], asked: Modality, side: Modality) -> float:
    scores = space.embed(asked, given[asked].vectors) @ space.embed(side, given[side].vectors).T
    return (scores.argmax(dim=1) == torch.arange(len(scores))).double().mean().item()


def small_heads(**settings) -> ContrastiveHeads:
    return ContrastiveHeads(
        16, 32, **{"epochs": 40, "batch_size": 30, "dropout": 0.0, "learning_rate": 1e-2} | settings
    )


def test_heads_bring_all_six_directions_together_on_products_they_never_saw():
    space, unseen = small_heads().fit(seen(120)), seen(40, seed=1)
    for asked in (TEXT, IMAGE, AUDIO):
        for side in (TEXT, IMAGE, AUDIO):
            if asked != side:
                assert space.aligned(asked, side)
                assert found(space, unseen, asked, side) > 0.7  # chance is 1 in 40
    assert space.history.loss[-1] < 0.3 * space.history.loss[0]


def test_heads_of_the_same_seed_are_equal_and_others_differ():
    def first(seed: int) -> torch.Tensor:
        given = seen()
        return small_heads(epochs=1, seed=seed).fit(given).embed(TEXT, given[TEXT].vectors)

    assert torch.equal(first(0), first(0))
    assert not torch.equal(first(0), first(1))


def test_several_vectors_of_one_product_are_not_told_apart(monkeypatch):
    given = seen(8)
    twice = Features(given[TEXT].vectors.repeat(2, 1), [*given[TEXT].ids, *given[TEXT].ids])
    batches = _groups_of(monkeypatch, small_heads(epochs=1, batch_size=16), given | {TEXT: twice})
    assert [sorted(batch) for batch in batches] == [sorted([*range(8), *range(8)])]


def test_by_label_equal_titles_are_one_group(monkeypatch):
    labels = {f"p{i}": "red bag" if i < 3 else f"title {i}" for i in range(8)}
    batches = _groups_of(monkeypatch, small_heads(epochs=1, by_label=True), seen(8), labels)
    assert sorted(batches[0]) == [0, 0, 0, 1, 2, 3, 4, 5]
    batches = _groups_of(monkeypatch, small_heads(epochs=1), seen(8), labels)
    assert sorted(batches[0]) == list(range(8)), "labels alone change nothing"


def _groups_of(monkeypatch, space, given, labels=None) -> list[list[int]]:
    batches: list[list[int]] = []
    loss = ContrastiveLearner.loss

    def spy(self, inputs, groups=None):
        batches.append(groups.tolist())
        return loss(self, inputs, groups)

    with monkeypatch.context() as patched:
        patched.setattr(ContrastiveLearner, "loss", spy)
        space.fit(given, labels)
    return batches


def test_another_learner_may_have_another_loss():
    class Sigmoid(ContrastiveLearner):
        def __init__(self, encoders, temperature=0.1):
            super().__init__(encoders, temperature)
            self.bias = torch.nn.Parameter(torch.tensor(-3.0))

        def loss(self, inputs, groups=None):
            text, image = (self(inputs)[side] for side in (TEXT, IMAGE))
            return sigmoid_loss(text, image, self.temperature, self.bias, groups)

    class SigmoidHeads(ContrastiveHeads):
        learner = Sigmoid

    settings = {"epochs": 40, "batch_size": 30, "dropout": 0.0, "learning_rate": 1e-2}
    space = SigmoidHeads(16, 32, **settings).fit(seen(120))
    assert found(space, seen(40, seed=1), TEXT, IMAGE) > 0.7


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda: small_heads(by_label=True).fit(seen(8)), "8 of 8 products lack a label"),
        (lambda: small_heads(by_label=True).fit(seen(8), {"p0": "bag"}), "7 of 8 products lack a label"),
        (lambda: small_heads().fit(seen(1)), "1 products have all modalities"),
        (lambda: small_heads().fit({}), "0 products"),
        (lambda: small_heads().fit({TEXT: Features(torch.full((3, 2), torch.nan), "abc")}), "NaN"),
        (
            lambda: small_heads().fit(
                {TEXT: Features(unit(0), "abcdef"), IMAGE: Features(unit(0), "ghijkl")}
            ),
            "0 products have all modalities",
        ),
        (lambda: small_heads(epochs=1).fit(seen(8)).embed(TEXT, torch.ones(1, 3)), "shape"),
        (lambda: small_heads().embed(TEXT, torch.ones(1, 3)), "not fitted on text"),
        (lambda: small_heads(batch_size=1), "batches of 1"),
    ],
)
def test_what_heads_cannot_do_is_said(act, told):
    with pytest.raises(SpaceError, match=told) as raised:
        act()
    assert raised.value.accepted


def test_one_modality_has_no_pair_to_learn_from():
    with pytest.raises(SpaceError, match="modalities"):
        small_heads().fit({TEXT: seen()[TEXT]})


def test_fewer_products_than_a_batch_and_fewer_than_dimensions_are_one_batch():
    space = small_heads(epochs=2).fit(seen(3))
    assert len(space.history.loss) == 2
    assert torch.isfinite(space.embed(TEXT, torch.zeros(2, 10))).all()
