"""The small network: its shapes, its parameters, and our own convolutions in place of torch's."""

from __future__ import annotations

import torch
from torch import nn

from crossmodal_edu.classroom.cnn import SmallCNN
from crossmodal_edu.classroom.convolution import conv2d, max_pool2d


def test_every_shape_is_as_the_chapter_says():
    net = SmallCNN(classes=10)
    x, shapes = torch.zeros(5, 1, 28, 28), []
    for layer in net.layers:
        x = layer(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes[0] == (32, 28, 28)
    assert shapes[3] == (32, 14, 14)
    assert shapes[4] == (64, 14, 14)
    assert shapes[-1] == (128, 7, 7)
    assert net(torch.zeros(5, 1, 28, 28)).shape == (5, 10)


def test_parameters_counted_by_hand():
    """Filters 9·1·32 + 9·32·64 + 9·64·128, two numbers a map for each norm, 128·10 + 10 in the end."""
    filters, norms = 288 + 18_432 + 73_728, 2 * (32 + 64 + 128)
    count = sum(p.numel() for p in SmallCNN(classes=10).parameters())
    assert count == filters + norms + 1_290 == 94_186


def test_the_network_equals_our_own_convolutions_to_1e_4():
    net = SmallCNN(classes=4, widths=(8, 16)).eval()
    pixels = torch.randint(0, 256, (3, 1, 20, 20), dtype=torch.uint8)
    for layer in net.modules():  # norms that do something
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.5, 0.5)
            layer.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        x = pixels.float() / 255
        for layer in net.layers:
            if isinstance(layer, nn.Conv2d):
                x = conv2d(x, layer.weight, padding=1)
            elif isinstance(layer, nn.MaxPool2d):
                x = max_pool2d(x)
            else:
                x = layer(x)
        torch.testing.assert_close(net.classify(x.mean(dim=(2, 3))), net(pixels), atol=1e-4, rtol=1e-4)


def test_global_pooling_takes_pictures_of_any_size():
    net = SmallCNN(10).eval()
    assert net(torch.zeros(1, 1, 40, 33)).shape == (1, 10)
    assert net.maps(torch.zeros(1, 1, 40, 33)).shape == (1, 128, 10, 8)


def test_depth_and_colour():
    net = SmallCNN(10, channels=3, widths=(4, 8), depth=2)
    assert sum(isinstance(layer, nn.Conv2d) for layer in net.layers) == 4
    assert net(torch.zeros(2, 3, 16, 16)).shape == (2, 10)
