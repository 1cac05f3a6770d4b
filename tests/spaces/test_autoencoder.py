"""Autoencoders: losses, what a linear one spans, slopes, and what ties the codes of a pair."""

from __future__ import annotations

import pytest
import torch
from sklearn.decomposition import PCA
from torch.nn import functional as F

from crossmodal_edu.classroom.checks.seams import check_space
from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.autoencoder import (
    Autoencoder,
    Autoencoders,
    CorrespondenceAutoencoder,
    cross_entropy_of_shares,
    mean_squared_error,
    repetition,
)
from crossmodal_edu.spaces.space import EmbeddingSpace, Features
from crossmodal_edu.training import train

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def features(n: int = 96) -> dict[Modality, Features]:
    """Three views of the same five numbers, each turned in its own way, with a little noise."""
    hidden, ids = drawn(n, 5), [f"p{i}" for i in range(n)]
    return {
        side: Features(hidden @ drawn(5, d, seed=d) + 0.1 * drawn(n, d, seed=d + 1), ids)
        for side, d in ((TEXT, 12), (IMAGE, 20), (AUDIO, 8))
    }


def tiny(kind=CorrespondenceAutoencoder, **settings):
    usual = {"dimensions": 4, "hidden": 16, "dropout": 0.0, "epochs": 40, "batch_size": 32}
    return kind(**usual | {"learning_rate": 0.01} | settings)


def agreement(space, given, one=TEXT, other=IMAGE) -> float:
    """The mean cosine of matching pairs less that of the next product's."""
    a, b = space.embed(one, given[one].vectors), space.embed(other, given[other].vectors)
    return float((a * b).sum(dim=1).mean() - (a * b.roll(1, 0)).sum(dim=1).mean())


# --- losses -----------------------------------------------------------------------------------------------


def test_the_losses_equal_torchs_to_1e6_and_so_do_their_slopes():
    logits, wanted = drawn(7, 5).double().requires_grad_(), drawn(7, 5, seed=1).sigmoid().double()
    for ours, theirs in (
        (mean_squared_error, F.mse_loss),
        (cross_entropy_of_shares, F.binary_cross_entropy_with_logits),
    ):
        torch.testing.assert_close(ours(logits, wanted), theirs(logits, wanted), atol=1e-6, rtol=0)
        slopes = [torch.autograd.grad(loss(logits, wanted), logits)[0] for loss in (ours, theirs)]
        torch.testing.assert_close(*slopes, atol=1e-6, rtol=0)


def test_the_mean_is_one_over_rows_and_over_coordinates():
    given, wanted = drawn(6, 4), torch.zeros(6, 4)
    loss = mean_squared_error(given, wanted)
    torch.testing.assert_close(mean_squared_error(given.repeat(3, 5), wanted.repeat(3, 5)), loss)


def test_cross_entropy_of_extreme_logits_is_finite():
    loss = cross_entropy_of_shares(torch.tensor([[-1e4, 1e4, 1e4]]), torch.tensor([[0.0, 1.0, 0.0]]))
    assert loss.item() == pytest.approx(1e4 / 3)


def test_the_numbers_of_the_chapter():
    x, came = torch.tensor([[0.0, 0.5, 1.0]]), torch.tensor([[0.2, 0.5, 0.6]])
    assert mean_squared_error(came, x).item() == pytest.approx((0.04 + 0 + 0.16) / 3)
    by_hand = -(torch.tensor(0.8).log() + torch.tensor(0.5).log() + torch.tensor(0.6).log()) / 3
    assert cross_entropy_of_shares(came.logit(), x).item() == pytest.approx(by_hand.item(), abs=1e-6)


def test_repetition_counts_copies_and_nothing_else():
    one = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    other = torch.tensor([[1.0], [1.0], [-1.0], [-1.0]])
    assert repetition(torch.cat([one, other], dim=1)).item() == 0
    assert repetition(one.repeat(1, 5)).item() == pytest.approx(4)
    assert repetition(torch.cat([one, -one, other], dim=1)).item() == pytest.approx(2 / 3)
    codes = drawn(500, 6)
    codes = (codes - codes.mean(dim=0)) / codes.std(dim=0, correction=0)
    correlations = torch.corrcoef(codes.T).fill_diagonal_(0)
    assert repetition(codes).item() == pytest.approx(correlations.square().sum().item() / 6, rel=1e-3)


def test_a_ban_on_repetition_keeps_more_directions_apart():
    given, kept = features(), {}
    for weight in (0.0, 0.3):
        space = tiny(reconstruction=0.0, decorrelation=weight).fit(given)
        codes = space.embed(TEXT, given[TEXT].vectors)
        shares = torch.linalg.svdvals(codes - codes.mean(dim=0)).square()
        kept[weight] = (shares.sum() ** 2 / shares.square().sum()).item()
    assert kept[0.3] > 1.3 * kept[0.0], kept


# --- one autoencoder --------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [0, 4])
def test_the_slopes_equal_finite_differences(hidden):
    torch.manual_seed(0)
    network, x = Autoencoder(5, 2, hidden).double(), drawn(3, 5).double()
    mean_squared_error(network(x), x).backward()
    step = 1e-6
    for weights in network.parameters():
        flat, slopes = weights.data.view(-1), weights.grad.view(-1)
        for i in range(len(flat)):
            losses = []
            for change in (step, -2 * step):
                flat[i] += change
                losses.append(mean_squared_error(network(x), x).item())
            flat[i] += step
            assert slopes[i].item() == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-6)


def test_a_linear_autoencoder_spans_what_pca_spans():
    """Baldi and Hornik (1989): the same plane, though neither its axes nor their lengths are the same."""
    x = drawn(200, 8) * torch.tensor([4.0, 3, 2, 0.5, 0.5, 0.4, 0.3, 0.2]) @ torch.linalg.qr(drawn(8, 8))[0]
    x = x - x.mean(dim=0)
    torch.manual_seed(0)
    network = Autoencoder(8, 3)
    train(
        network,
        lambda epoch: [x],
        lambda net, batch: mean_squared_error(net(batch), batch),
        epochs=800,
        batches_per_epoch=1,
        learning_rate=0.02,
        weight_decay=0.0,
        progress=False,
    )
    pca = PCA(3).fit(x.numpy())
    axes = torch.linalg.qr(network.decoder[0].weight.detach())[0]  # (8, 3)
    cosines = torch.linalg.svdvals(torch.from_numpy(pca.components_).float() @ axes)
    assert cosines.min() > 0.999, cosines
    own = torch.from_numpy(pca.inverse_transform(pca.transform(x.numpy()))).float()
    assert mean_squared_error(network(x), x).item() == pytest.approx(
        mean_squared_error(own, x).item(), rel=0.01
    )
    other = torch.linalg.qr(drawn(8, 3, seed=9))[0]  # a plane drawn by lot does not pass
    assert torch.linalg.svdvals(torch.from_numpy(pca.components_).float() @ other).min() < 0.9


def test_a_code_that_is_turned_rebuilds_the_same_when_the_decoder_turns_back():
    torch.manual_seed(0)
    network, x = Autoencoder(6, 3, hidden=5), drawn(10, 6)
    before, code = network(x), network.encode(x)
    turn = torch.linalg.qr(drawn(3, 3))[0]
    with torch.no_grad():
        network.encoder[-1].weight.copy_(turn @ network.encoder[-1].weight)
        network.encoder[-1].bias.copy_(turn @ network.encoder[-1].bias)
        network.decoder[0].weight.copy_(network.decoder[0].weight @ turn.T)
    torch.testing.assert_close(network(x), before, atol=1e-5, rtol=1e-5)
    assert F.cosine_similarity(network.encode(x), code).abs().max() < 0.99


def test_held_codes_have_mean_0_and_spread_1_over_a_batch():
    torch.manual_seed(0)
    codes = Autoencoder(6, 3, hidden=5, held=True).encode(100 * drawn(64, 6) + 7)
    torch.testing.assert_close(codes.mean(dim=0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(codes.std(dim=0, correction=0), torch.ones(3), atol=1e-3, rtol=0)


# --- spaces -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Autoencoders, CorrespondenceAutoencoder])
def test_a_space_passes_the_checks_and_comes_back(kind, tmp_path):
    space, given = tiny(kind), features()
    assert isinstance(space, EmbeddingSpace)
    verdict = check_space(space, given)
    assert verdict, verdict
    space.save(tmp_path / "space")
    again = kind.load(tmp_path / "space")
    for side, some in given.items():
        torch.testing.assert_close(again.embed(side, some.vectors), space.embed(side, some.vectors))
    with pytest.raises(SpaceError):
        kind.load(tmp_path / "none")


def test_autoencoders_learn_and_do_not_align():
    given = features()
    space = tiny(Autoencoders).fit(given)
    assert not space.aligned(TEXT, IMAGE)
    assert all(history.loss[-1] < 0.5 * history.loss[0] for history in space.histories)
    assert abs(agreement(space, given)) < 0.4


@pytest.mark.parametrize("variant", ["own", "cross", "full"])
def test_corresponding_codes_agree(variant):
    given = features()
    space = tiny(variant=variant).fit(given)
    assert space.aligned(TEXT, AUDIO)
    for one, other in ((TEXT, IMAGE), (AUDIO, TEXT)):
        assert agreement(space, given, one, other) > 0.6


def test_pairs_that_are_shuffled_do_not_align():
    given = features()
    wrong = given | {TEXT: Features(given[TEXT].vectors, given[TEXT].ids[::-1])}
    assert agreement(tiny().fit(wrong), given) < 0.4


def test_weight_0_of_the_pairs_equals_autoencoders_of_the_same_start_one_by_one():
    class Unheld(CorrespondenceAutoencoder):
        build = Autoencoders.build

    given = features()
    together, alone = (
        tiny(kind, **more).fit(given)
        for kind, more in ((Unheld, {"alpha": 0, "decorrelation": 0}), (Autoencoders, {}))
    )
    for side, some in given.items():
        own, theirs = (space.embed(side, some.vectors) for space in (together, alone))
        assert (own * theirs).sum(dim=1).min() > 0.999


def test_the_variants_rebuild_what_they_say():
    class Marked(Autoencoder):
        def decode(self, codes):
            ways.append((float(codes[0, 0]), self.number))
            return torch.zeros(2, 2)

        def encode(self, inputs):
            return torch.full((2, 2), self.number)

    expected = {"own": {(0, 0), (1, 1)}, "cross": {(0, 1), (1, 0)}, "full": {(0, 0), (0, 1), (1, 0), (1, 1)}}
    for variant, wanted in expected.items():
        ways: list[tuple[float, float]] = []
        space = CorrespondenceAutoencoder(2, 4, 3.0, 0.5, decorrelation=0.0, variant=variant)
        for number, side in enumerate((TEXT, IMAGE)):
            marked = Marked(2, 2)
            marked.number = float(number)
            space.networks[side.value] = torch.nn.Sequential(torch.nn.Identity(), marked)
        loss = space.loss({TEXT: 2 * torch.ones(2, 2), IMAGE: 2 * torch.ones(2, 2)})
        assert set(ways) == wanted and len(ways) == len(wanted)
        assert loss.item() == pytest.approx(0.5 * 4 + 3.0 * 1)


def test_seeds_and_gaps():
    """The same seed gives the same space, and a product that lacks a modality is left out."""
    given = features(40)
    some = given | {AUDIO: Features(given[AUDIO].vectors[5:], given[AUDIO].ids[5:])}
    one, again, other = (tiny(epochs=2, seed=seed).fit(some) for seed in (1, 1, 2))
    codes = [space.embed(TEXT, given[TEXT].vectors) for space in (one, again, other)]
    assert torch.equal(codes[0], codes[1]) and not torch.allclose(codes[0], codes[2])


def test_few_products_are_enough_to_run_and_a_zero_vector_to_be_placed():
    given = {side: Features(some.vectors[:3], some.ids[:3]) for side, some in features().items()}
    for space in (tiny(Autoencoders, epochs=2), tiny(epochs=2)):
        space.fit(given)
        placed = space.embed(TEXT, torch.zeros(1, 12))
        assert torch.isfinite(placed).all() and placed.norm().item() == pytest.approx(1, abs=1e-4)


NOT_A_NUMBER = {TEXT: Features(torch.full((4, 3), torch.nan), list("abcd"))}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: CorrespondenceAutoencoder(alpha=-1), r"weights are \(-1"),
        (lambda: CorrespondenceAutoencoder(alpha=0, reconstruction=0, decorrelation=0), "weights are"),
        (lambda: CorrespondenceAutoencoder(alpha=float("nan")), "weights are .*nan"),
        (lambda: CorrespondenceAutoencoder(variant="sideways"), "sideways"),
        (lambda: Autoencoders(0), "0 dimensions"),
        (lambda: tiny(Autoencoders).fit(NOT_A_NUMBER), "NaN"),
        (lambda: tiny().fit(features() | NOT_A_NUMBER), "NaN"),
        (lambda: tiny().fit({TEXT: features()[TEXT]}), "nothing to correspond"),
        (lambda: tiny(Autoencoders).fit({TEXT: Features(torch.ones(1, 3), ["a"])}), "1 products"),
        (lambda: tiny().fit(features() | {TEXT: Features(torch.ones(4, 3), list("abcd"))}), "0 products"),
        (lambda: tiny().embed(TEXT, torch.ones(1, 12)), "not fitted on text"),
        (lambda: tiny(epochs=1).fit(features()).embed(TEXT, torch.ones(1, 3)), "shape"),
    ],
)
def test_what_cannot_be_done_is_said(make, said):
    with pytest.raises(SpaceError, match=said) as raised:
        make()
    assert raised.value.accepted
