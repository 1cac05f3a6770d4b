"""The GRU equals torch's in outputs and gradients; padding, empty texts, gates."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from crossmodal_edu.text.recurrent import GRU, GRUReader, gru_step


@pytest.fixture
def pair():
    torch.manual_seed(3)
    theirs = nn.GRU(5, 7, batch_first=True).double()
    ours = GRU(5, 7).double()
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def test_outputs_and_gradients_equal_torch_to_1e_10(pair):
    ours, theirs = pair
    words = torch.randn(4, 9, 5, dtype=torch.double)
    one, other = words.clone().requires_grad_(), words.clone().requires_grad_()
    reading = ours(one)
    states, last = theirs(other)
    torch.testing.assert_close(reading.states, states, atol=1e-10, rtol=0)
    torch.testing.assert_close(reading.last, last[0], atol=1e-10, rtol=0)
    upstream = torch.randn_like(states)
    (reading.states * upstream).sum().backward()
    (states * upstream).sum().backward()
    torch.testing.assert_close(one.grad, other.grad, atol=1e-10, rtol=0)
    for (name, mine), (their_name, their) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        assert name == their_name
        torch.testing.assert_close(mine.grad, their.grad, atol=1e-10, rtol=0)


def test_padded_texts_equal_torchs_packed_sequences_to_1e_10(pair):
    ours, theirs = pair
    words, lengths = torch.randn(4, 6, 5, dtype=torch.double), torch.tensor([6, 1, 4, 2])
    present = torch.arange(6) < lengths[:, None]
    one, other = words.clone().requires_grad_(), words.clone().requires_grad_()
    packed = pack_padded_sequence(other, lengths, batch_first=True, enforce_sorted=False)
    packed_states, last = theirs(packed)
    states, _ = pad_packed_sequence(packed_states, batch_first=True, total_length=6)
    reading = ours(one, present)
    torch.testing.assert_close(reading.states, states, atol=1e-10, rtol=0)
    torch.testing.assert_close(reading.last, last[0], atol=1e-10, rtol=0)
    reading.last.square().sum().backward()
    last.square().sum().backward()
    torch.testing.assert_close(one.grad, other.grad, atol=1e-10, rtol=0)
    assert not one.grad[~present].any()  # padding has no say


def test_torch_loads_our_weights(pair):
    ours, _ = pair
    theirs = nn.GRU(5, 7, batch_first=True).double()
    theirs.load_state_dict(ours.state_dict())
    words = torch.randn(2, 3, 5, dtype=torch.double)
    torch.testing.assert_close(ours(words).states, theirs(words)[0], atol=1e-10, rtol=0)


def test_gradients_equal_finite_differences(pair):
    ours, _ = pair
    words = torch.randn(2, 3, 5, dtype=torch.double, requires_grad=True)
    present = torch.tensor([[True, True, True], [True, False, False]])
    assert torch.autograd.gradcheck(lambda x: ours(x, present).last, words)


def test_the_step_worked_by_hand_in_the_chapter():
    """Word 1, state 0.4; the rows are reset, update, proposal."""
    from_word, from_state = torch.tensor([[-0.2], [-1.5], [0.6]]), torch.tensor([[0.5], [1.0], [0.5]])
    zeros = torch.zeros(3)
    step = gru_step(torch.tensor([[1.0]]), torch.tensor([[0.4]]), from_word, from_state, zeros, zeros)
    assert step.reset.item() == pytest.approx(0.5, abs=0.005)
    assert step.update.item() == pytest.approx(0.25, abs=0.005)
    assert step.state.item() == pytest.approx(0.55, abs=0.005)


def test_cho_puts_the_reset_gate_elsewhere(pair):
    """r ⊙ (U h + b) is not U (r ⊙ h) + b: weights trained for the one are wrong for the other."""
    ours, _ = pair
    word, state = torch.randn(1, 5, dtype=torch.double), torch.randn(1, 7, dtype=torch.double)
    step = gru_step(word, state, *ours.parameters())
    w_n, u_n = ours.weight_ih_l0[14:], ours.weight_hh_l0[14:]
    b_n, c_n = ours.bias_ih_l0[14:], ours.bias_hh_l0[14:]
    cho = torch.tanh(word @ w_n.T + b_n + (step.reset * state) @ u_n.T + c_n)
    torchs = torch.tanh(word @ w_n.T + b_n + step.reset * (state @ u_n.T + c_n))
    torch.testing.assert_close(step.state, (1 - step.update) * torchs + step.update * state)
    assert not torch.allclose(cho, torchs, atol=1e-3)


def test_gates_lie_between_0_and_1_and_are_0_at_padding():
    words, present = torch.randn(3, 4, 5), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]).bool()
    reading = GRU(5, 6)(words, present)
    for gate in (reading.reset, reading.update):
        assert ((gate > 0) & (gate < 1))[present].all()
        assert not gate[~present].any()
    assert not reading.last[2].any()  # nothing was read


def test_huge_numbers_stay_finite():
    reading = GRU(5, 6)(torch.full((1, 50, 5), 1e30))
    assert reading.states.isfinite().all() and reading.states.abs().max() <= 1


def test_padding_may_hold_anything_finite():
    torch.manual_seed(0)
    reader = GRUReader(5, 6)
    words, present = torch.randn(2, 4, 5), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).bool()
    other = torch.where(present[:, :, None], words, 99.0)
    assert torch.equal(reader(words, present), reader(other, present))
