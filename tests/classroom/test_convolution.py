"""Convolution and pooling from scratch, beside torch: forwards to 1e-5, backwards to 1e-10."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from crossmodal_edu.classroom.convolution import (
    _check_convolution,
    average_pool2d,
    col2im,
    conv2d,
    conv2d_backward,
    conv2d_loops,
    im2col,
    max_pool2d,
    output_size,
    window_places,
)
from crossmodal_edu.errors import InputError

EDGE = torch.tensor([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])
BAG = torch.tensor([[0.0, 0, 9, 9, 9], [0, 0, 9, 9, 9], [0, 0, 9, 9, 9], [0, 0, 9, 9, 9], [0, 0, 0, 0, 0]])

cases = st.fixed_dictionaries(
    {
        "n": st.integers(1, 2),
        "channels": st.integers(1, 3),
        "maps": st.integers(1, 3),
        "height": st.integers(3, 7),
        "width": st.integers(3, 7),
        "size": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 2),
        "seed": st.integers(0, 100),
    }
)


def _drawn(case, dtype=torch.float32):
    generator = torch.Generator().manual_seed(case["seed"])
    pictures = torch.randn(
        case["n"], case["channels"], case["height"], case["width"], generator=generator, dtype=dtype
    )
    filters = torch.randn(case["maps"], case["channels"], *case["size"], generator=generator, dtype=dtype)
    bias = torch.randn(case["maps"], generator=generator, dtype=dtype)
    return pictures, filters, bias, {"stride": case["stride"], "padding": case["padding"]}


# --- the numbers worked by hand in the chapter ---------------------------------------------------------


def test_the_hand_worked_numbers_of_the_chapter():
    answers = conv2d_loops(BAG[None, None], EDGE[None, None])[0, 0]
    assert answers.tolist() == [[27, 27, 0], [27, 27, 0], [18, 18, 0]]


def test_a_turned_filter_makes_the_convolution_of_mathematics():
    """scipy's convolve2d turns the filter; a cross-correlation does not."""
    from scipy.signal import convolve2d

    turned = EDGE.flip(0, 1)
    convolved = torch.from_numpy(convolve2d(BAG.numpy(), EDGE.numpy(), mode="valid"))
    torch.testing.assert_close(conv2d(BAG[None, None], turned[None, None])[0, 0], convolved)
    torch.testing.assert_close(convolved, -conv2d(BAG[None, None], EDGE[None, None])[0, 0])


# --- equal to torch --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(cases)
def test_both_forms_equal_torch_to_1e_5(case):
    pictures, filters, bias, how = _drawn(case)
    expected = F.conv2d(pictures, filters, bias, **how)
    for ours in (conv2d_loops, conv2d):
        torch.testing.assert_close(ours(pictures, filters, bias, **how), expected, atol=1e-5, rtol=1e-5)


@settings(max_examples=60, deadline=None)
@given(cases)
def test_im2col_equals_unfold_and_col2im_equals_fold(case):
    pictures, _, _, how = _drawn(case)
    columns = im2col(pictures, case["size"], **how)
    assert torch.equal(columns, F.unfold(pictures, case["size"], **how))
    shape = case["height"], case["width"]
    back = col2im(columns, *shape, case["size"], **how)
    torch.testing.assert_close(back, F.fold(columns, shape, case["size"], **how))


@settings(max_examples=60, deadline=None)
@given(cases)
def test_the_backward_pass_equals_autograd_to_1e_10_in_double_precision(case):
    pictures, filters, bias, how = _drawn(case, torch.float64)
    leaves = [tensor.requires_grad_() for tensor in (pictures, filters, bias)]
    maps = F.conv2d(*leaves, **how)
    upstream = torch.randn(maps.shape, dtype=maps.dtype, generator=torch.Generator().manual_seed(1))
    expected = torch.autograd.grad(maps, leaves, upstream)
    with torch.no_grad():
        got = conv2d_backward(upstream, pictures, filters, **how)
    for mine, theirs in zip((got.pictures, got.filters, got.bias), expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=1e-10)


def test_the_backward_pass_equals_autograd_to_1e_5_in_single_precision():
    case = {"n": 4, "channels": 3, "maps": 8, "height": 12, "width": 10, "size": (3, 3), "stride": 2}
    pictures, filters, bias, how = _drawn(case | {"padding": 1, "seed": 0})
    leaves = [tensor.requires_grad_() for tensor in (pictures, filters, bias)]
    maps = F.conv2d(*leaves, **how)
    upstream = torch.ones_like(maps) / maps.numel()
    expected = torch.autograd.grad(maps, leaves, upstream)
    with torch.no_grad():
        got = conv2d_backward(upstream, pictures, filters, **how)
    for mine, theirs in zip((got.pictures, got.filters, got.bias), expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


def test_torch_can_differentiate_through_our_convolution():
    """The forward pass is made of plain operations, so that autograd agrees with the derived gradients."""
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(2, 2, 6, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    filters = torch.randn(3, 2, 3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, f: conv2d(x, f, stride=2, padding=1), (pictures, filters))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(4, 9), st.integers(4, 9))
def test_pooling_equals_torch(size, stride, height, width):
    maps = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    assert torch.equal(max_pool2d(maps, size, stride), F.max_pool2d(maps, size, stride))
    torch.testing.assert_close(average_pool2d(maps, size, stride), F.avg_pool2d(maps, size, stride))


def test_windows_touch_unless_a_stride_is_given():
    maps = torch.randn(1, 2, 7, 6)
    assert torch.equal(max_pool2d(maps, 3), F.max_pool2d(maps, 3))


# --- what a convolution is --------------------------------------------------------------------------------


@given(cases)
@settings(max_examples=30, deadline=None)
def test_col2im_is_the_transpose_of_im2col(case):
    """⟨im2col(x), y⟩ = ⟨x, col2im(y)⟩ for every x and y, which is what the backward pass rests on."""
    pictures, _, _, how = _drawn(case, torch.float64)
    columns = im2col(pictures, case["size"], **how)
    other = torch.randn(columns.shape, dtype=columns.dtype, generator=torch.Generator().manual_seed(2))
    back = col2im(other, case["height"], case["width"], case["size"], **how)
    torch.testing.assert_close((columns * other).sum(), (pictures * back).sum())


def test_a_shifted_picture_gives_shifted_maps():
    picture = torch.zeros(1, 1, 12, 12)
    picture[..., 3:6, 3:6] = torch.rand(3, 3)
    stencil = torch.randn(2, 1, 3, 3)
    moved = conv2d(picture.roll((2, 4), (2, 3)), stencil)
    torch.testing.assert_close(moved, conv2d(picture, stencil).roll((2, 4), (2, 3)))


def test_places_are_where_the_stencil_lies():
    numbered = torch.arange(20).view(4, 5)
    places = window_places(4, 5, (2, 3), stride=2)
    assert places.shape == (6, 2, 2)
    assert places[:, 1, 1].tolist() == numbered[2:4, 2:5].flatten().tolist()


# --- what cannot be laid ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((2, 3, 1, 0), "does not fit on 2 pixels"),
        ((5, 0, 1, 0), "cannot be laid"),
        ((5, 3, 0, 0), "stride 0"),
        ((5, 3, 1, -1), "padding -1"),
    ],
)
def test_a_stencil_that_cannot_be_laid_is_refused(numbers, message):
    with pytest.raises(InputError, match=message):
        output_size(*numbers)


@pytest.mark.parametrize("convolve", [conv2d, conv2d_loops])
def test_a_picture_smaller_than_the_stencil_is_refused_with_a_remedy(convolve):
    with pytest.raises(InputError, match="what to do: Enlarge"):
        convolve(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 3, 3))
    assert convolve(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 3, 3), padding=1).item() == 1


def test_a_pool_larger_than_the_maps_is_refused():
    for pool in (max_pool2d, average_pool2d):
        with pytest.raises(InputError, match="does not fit"):
            pool(torch.ones(1, 1, 3, 3), 4)


@pytest.mark.parametrize(
    ("pictures", "filters", "bias", "message"),
    [
        ((2, 8, 8, 3), (4, 3, 3, 3), None, "permute"),
        ((3, 8, 8), (4, 3, 3, 3), None, "cannot be laid"),
        ((2, 3, 8, 8), (3, 3, 3), None, "cannot be laid"),
        ((2, 3, 8, 8), (4, 3, 3, 3), (3,), "4 filters need as many biases"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(pictures, filters, bias, message):
    """Called directly: while tests run, the shapes in the signatures are checked before."""
    with pytest.raises(InputError, match=message):
        _check_convolution(
            torch.ones(pictures), torch.ones(filters), None if bias is None else torch.ones(bias)
        )
