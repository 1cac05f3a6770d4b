"""What all spaces stand on: rows that belong together, maps that are saved, learning that can be repeated."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.modality import Modality
from crossmodal_edu.spaces.linear import LinearSpace
from crossmodal_edu.spaces.network import NetworkSpace, Standardise
from crossmodal_edu.spaces.principal import PrincipalComponents
from crossmodal_edu.spaces.space import Features, paired

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO


def numbered(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float32)[:, None]


def test_rows_follow_their_products_whatever_the_order():
    ids, vectors = paired(
        {
            TEXT: Features(numbered(1, 2, 3), ["a", "b", "c"]),
            IMAGE: Features(numbered(30, 10, 20), ["c", "a", "b"]),
        }
    )
    assert ids == ["a", "b", "c"]
    assert torch.equal(vectors[IMAGE], 10 * vectors[TEXT])


def test_a_product_without_one_of_the_modalities_is_left_out():
    ids, vectors = paired(
        {
            TEXT: Features(numbered(1, 2, 3), ["a", "b", "c"]),
            IMAGE: Features(numbered(1, 3, 4), ["a", "c", "d"]),
            AUDIO: Features(numbered(1, 2, 3), ["a", "b", "c"]),
        }
    )
    assert ids == ["a", "c"]
    assert {side: some.flatten().tolist() for side, some in vectors.items()} == {
        side: [1, 3] for side in (TEXT, IMAGE, AUDIO)
    }


def test_several_captions_of_a_picture_are_several_rows():
    words = Features(numbered(1, 2, 9, 3), ["a", "a", "b", "a"])
    ids, vectors = paired({TEXT: words, IMAGE: Features(numbered(5, 6), ["b", "a"])})
    assert ids == ["a", "a", "a", "b"]
    assert vectors[TEXT].flatten().tolist() == [1, 2, 3, 9]
    assert vectors[IMAGE].flatten().tolist() == [6, 6, 6, 5]


def test_features_in_half_or_double_precision_become_single():
    _, vectors = paired({TEXT: Features(torch.ones(2, 3).double(), ["a", "b"])})
    assert vectors[TEXT].dtype == torch.float32


@pytest.mark.parametrize(
    ("features", "told"),
    [
        ({}, "0 products have all modalities, of none"),
        ({TEXT: Features(torch.ones(1, 2), ["a"])}, "1 products have all modalities, of 1 of text"),
        (
            {TEXT: Features(torch.ones(2, 2), ["a", "b"]), IMAGE: Features(torch.ones(2, 2), ["c", "d"])},
            "0 products have all modalities, of 2 of text, 2 of image",
        ),
        ({TEXT: Features(torch.tensor([[1.0], [torch.nan]]), ["a", "b"])}, "hold NaN"),
        ({TEXT: Features(torch.tensor([[1.0], [torch.inf]]), ["a", "b"])}, "hold NaN"),
    ],
)
def test_what_cannot_be_paired_is_refused(features, told):
    with pytest.raises(SpaceError, match=told):
        paired(features)


def test_an_id_for_each_vector():
    with pytest.raises(SpaceError, match="3 vectors came with 2 ids"):
        Features(torch.ones(3, 2), ["a", "b"])


def test_a_space_of_matrices_is_the_same_after_saving(tmp_path):
    rng = torch.Generator().manual_seed(0)
    given = {
        side: Features(torch.randn(9, d, generator=rng), list("abcdefghi"))
        for side, d in ((TEXT, 5), (IMAGE, 4))
    }
    space = PrincipalComponents(3).fit(given)
    space.save(tmp_path)
    again = PrincipalComponents.load(tmp_path)
    for side, some in given.items():
        assert torch.equal(again.embed(side, some.vectors), space.embed(side, some.vectors))
    assert again.dimensions == 3


def test_a_damaged_space_says_so(tmp_path):
    with pytest.raises(SpaceError, match="does not hold a PrincipalComponents"):
        PrincipalComponents.load(tmp_path)
    (tmp_path / "space.safetensors").write_bytes(b"\0" * 40)
    with pytest.raises(SpaceError, match="does not hold a PrincipalComponents"):
        PrincipalComponents.load(tmp_path)


@pytest.mark.parametrize("dimensions", [0, -3])
def test_a_space_has_a_dimension(dimensions):
    with pytest.raises(SpaceError, match="dimensions were asked for"):
        LinearSpace(dimensions)


class Guess(NetworkSpace):
    """Learns that each vector's first number is what its product's picture has."""

    def fit(self, features, labels=None):
        _, vectors = paired(features)
        self.start(vectors)

        def loss(networks, batch):
            return (networks["text"](batch[TEXT])[:, 0] - batch[IMAGE][:, 0]).square().mean()

        self.history = self.learn(self.networks, vectors, loss)
        return self


def pairs(n: int = 40) -> dict[Modality, Features]:
    rng = torch.Generator().manual_seed(1)
    hidden = torch.randn(n, 3, generator=rng)
    ids = [str(i) for i in range(n)]
    return {
        TEXT: Features(5 + 2 * hidden, ids),
        IMAGE: Features(hidden @ torch.randn(3, 6, generator=rng), ids),
    }


def test_a_network_learns_and_is_the_same_for_a_seed():
    spaces = [Guess(2, 8, epochs=30, learning_rate=1e-2, dropout=0.0, seed=s).fit(pairs()) for s in (0, 0, 1)]
    losses = spaces[0].history.loss
    assert losses[-1] < 0.5 * losses[0]
    vectors = pairs()[TEXT].vectors
    first, same, other = (space.embed(TEXT, vectors) for space in spaces)
    assert torch.equal(first, same)
    assert not torch.allclose(first, other)


def test_fitting_leaves_torchs_generator_alone():
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    Guess(2, 4, epochs=1).fit(pairs())
    assert torch.equal(torch.rand(3), wanted)


def test_fewer_rows_than_a_batch_are_one_batch():
    assert len(Guess(2, 4, epochs=3, batch_size=100).fit(pairs(5)).history.loss) == 3


def test_a_space_of_networks_is_the_same_after_saving(tmp_path):
    space = Guess(2, 4, epochs=1).fit(pairs())
    space.save(tmp_path)
    again = Guess.load(tmp_path)
    vectors = pairs()[IMAGE].vectors
    assert torch.allclose(again.embed(IMAGE, vectors), space.embed(IMAGE, vectors))
    assert again.aligned(TEXT, IMAGE) and not again.aligned(TEXT, AUDIO)
    (tmp_path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(SpaceError, match="does not hold a Guess"):
        Guess.load(tmp_path)


@pytest.mark.parametrize("settings", [{"dimensions": 0}, {"hidden": -1}, {"batch_size": 1}])
def test_sizes_that_cannot_be_are_refused(settings):
    with pytest.raises(SpaceError, match="were asked for"):
        NetworkSpace(**settings)


def test_what_was_never_fitted_is_refused_with_what_was():
    with pytest.raises(SpaceError, match="not fitted on text"):
        NetworkSpace(2).embed(TEXT, torch.ones(1, 3))
    space = Guess(2, 4, epochs=1).fit(pairs())
    with pytest.raises(SpaceError, match=r"not fitted on audio(.|\n)*text, image"):
        space.embed(AUDIO, torch.ones(1, 3))
    with pytest.raises(SpaceError, match="shape"):
        space.embed(TEXT, torch.ones(1, 4))


def test_a_feature_that_never_varies_is_not_blown_up():
    module = Standardise(2).measured(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))
    assert module(torch.tensor([[2.0, 5.001]])).abs().max() < 0.01
    assert isinstance(module, nn.Module)
    same = Standardise(1).measured(torch.ones(3, 1))
    assert torch.equal(same(torch.ones(1, 1)), torch.zeros(1, 1))
