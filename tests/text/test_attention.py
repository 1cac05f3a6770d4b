"""Attention, heads, norm, GELU and the block: equal to torch's own, and what a mask has to guarantee."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from crossmodal_edu.errors import SpaceError
from crossmodal_edu.text.attention import (
    EncoderBlock,
    LayerNorm,
    MultiHeadAttention,
    attention,
    attention_weights,
    gelu,
    layer_norm,
)


def _close(ours: torch.Tensor, theirs: torch.Tensor, atol: float = 2e-6) -> bool:
    return torch.allclose(ours, theirs, rtol=0, atol=atol)


@pytest.fixture
def words() -> torch.Tensor:
    return torch.randn(3, 7, 24, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def present() -> torch.Tensor:
    return torch.arange(7) < torch.tensor([7, 3, 1])[:, None]


def test_the_hand_worked_numbers_of_the_chapter():
    query = torch.tensor([[2.0, 0, 2, 0]])
    keys = torch.tensor([[1.0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 1]])  # blue, light, lamp
    values = torch.tensor([[1.0, 0], [0, 1], [1, 1]])
    assert (query @ keys.T).tolist() == [[4, 2, 0]]
    assert attention_weights(query, keys)[0].tolist() == pytest.approx([0.6652, 0.2447, 0.0900], abs=1e-4)
    assert attention(query, keys, values)[0].tolist() == pytest.approx([0.76, 0.33], abs=5e-3)
    no_lamp = attention_weights(query, keys, torch.tensor([[True, True, False]]))[0].tolist()
    assert no_lamp == pytest.approx([0.7311, 0.2689, 0], abs=1e-4) and no_lamp[2] == 0
    assert layer_norm(torch.tensor([1.0, 3.0]), torch.ones(2), torch.zeros(2)).tolist() == [-1, 1]
    assert gelu(torch.tensor([1.0, -1.0])).tolist() == pytest.approx([0.841, -0.159], abs=5e-4)


@given(
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(1, 9),
    st.integers(0, 2**31),
    st.data(),
)
def test_attention_equals_torch_to_2e6(n, t, s, d, seed, data):
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(n, length, d, generator=generator) for length in (t, s, s))
    mask = torch.tensor(data.draw(st.lists(st.booleans(), min_size=s, max_size=s)))
    mask[0] = True
    assert _close(attention(q, k, v), F.scaled_dot_product_attention(q, k, v))
    ours = attention(q, k, v, mask[None, None])
    assert _close(ours, F.scaled_dot_product_attention(q, k, v, attn_mask=mask.expand(n, t, s)))


def test_weights_are_shares_and_the_mask_is_exact(words, present):
    weights = attention_weights(words, words, present[:, None])
    assert _close(weights.sum(dim=-1), torch.ones(3, 7))
    assert (weights >= 0).all() and (weights[~present[:, None].expand_as(weights)] == 0).all()


def test_large_scores_do_not_overflow():
    large = torch.full((1, 4), 1e4)
    assert attention_weights(large, torch.cat([large, -large])).tolist() == [[1, 0]]


def test_what_the_mask_hides_changes_nothing(words, present):
    attend = MultiHeadAttention(24, 4)
    other = words + 100 * torch.randn(3, 7, 1) * ~present[..., None]
    ours, theirs = attend(words, present), attend(other, present)
    assert torch.equal(ours[present], theirs[present])
    assert not _close(attend(words)[present], attend(other)[present])  # without the mask it does


def test_a_mask_that_leaves_nothing_is_refused(words):
    with pytest.raises(SpaceError, match="turned around"):
        attention_weights(words, words, torch.zeros(3, 1, 7, dtype=torch.bool))


def test_words_shuffled_before_or_after_are_the_same(words):
    order, attend = torch.randperm(7), MultiHeadAttention(24, 4)
    assert _close(attend(words[:, order]), attend(words)[:, order])


def test_many_heads_equal_torch_to_2e6(words, present):
    ours, theirs = MultiHeadAttention(24, 4), nn.MultiheadAttention(24, 4, batch_first=True)
    with torch.no_grad():
        asking = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(torch.cat([linear.weight for linear in asking]))
        theirs.in_proj_bias.copy_(torch.cat([linear.bias for linear in asking]))
    theirs.out_proj.load_state_dict(ours.output.state_dict())
    out, weights = theirs(words, words, words, key_padding_mask=~present, average_attn_weights=False)
    assert _close(ours(words, present), out)
    assert _close(ours.weights(words, present), weights)
    assert _close(ours(words), theirs(words, words, words)[0])


@pytest.mark.parametrize(("width", "heads"), [(24, 5), (24, 0), (0, 1)])
def test_a_width_that_cannot_be_shared_is_refused(width, heads):
    with pytest.raises(SpaceError, match="shared out"):
        MultiHeadAttention(width, heads)


def test_layer_norm_equals_torch_to_2e6(words):
    gain, bias = torch.randn(2, 24)
    for epsilon in (1e-12, 1e-5):
        assert _close(layer_norm(words, gain, bias, epsilon), F.layer_norm(words, (24,), gain, bias, epsilon))
    assert _close(LayerNorm(24)(words), nn.LayerNorm(24, eps=1e-12)(words))


def test_a_word_of_equal_numbers_becomes_the_bias():
    bias = torch.randn(4)
    assert torch.equal(layer_norm(torch.full((1, 4), 3.0), torch.ones(4), bias)[0], bias)


def test_gelu_equals_torch_to_2e6():
    x = torch.linspace(-12, 12, 4001)
    assert _close(gelu(x), F.gelu(x))


def test_a_block_equals_torchs_encoder_layer_to_5e6(words, present):
    ours = EncoderBlock(24, 4, 96)
    theirs = nn.TransformerEncoderLayer(24, 4, 96, 0.0, "gelu", layer_norm_eps=1e-12, batch_first=True)
    asking = (ours.attention.query, ours.attention.key, ours.attention.value)
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": torch.cat([linear.weight for linear in asking]),
            "self_attn.in_proj_bias": torch.cat([linear.bias for linear in asking]),
            "self_attn.out_proj.weight": ours.attention.output.weight,
            "self_attn.out_proj.bias": ours.attention.output.bias,
            "linear1.weight": ours.widen.weight,
            "linear1.bias": ours.widen.bias,
            "linear2.weight": ours.narrow.weight,
            "linear2.bias": ours.narrow.bias,
            "norm1.weight": ours.attention_norm.weight,
            "norm1.bias": ours.attention_norm.bias,
            "norm2.weight": ours.output_norm.weight,
            "norm2.bias": ours.output_norm.bias,
        }
    )
    found = theirs(words, src_key_padding_mask=~present)
    assert _close(ours(words, present)[present], found[present], 5e-6)


def test_a_block_has_12_w_squared_and_13_w_parameters():
    assert (
        sum(p.numel() for p in EncoderBlock(384, 12, 1536).parameters())
        == 12 * 384**2 + 13 * 384
        == 1_774_464
    )


def test_dropout_is_for_training_only(words):
    block = EncoderBlock(24, 4, 96, dropout=0.5)
    assert not torch.equal(block(words), block(words))
    assert torch.equal(block.eval()(words), block(words))
