"""ShuffleChannel and Reorg: where each element goes, by loops over indices."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .one_layer import draw, draw_gradient, net_with


def test_shuffle_channel_deals_channels_out() -> None:
    net = net_with("ShuffleChannel", "shuffle_channel_param { group: 3 }", (2, 15, 2, 7))
    (x,) = draw(net)
    net.forward()
    dy = draw_gradient(net)
    net.backward()
    for group in range(3):
        for k in range(5):
            np.testing.assert_array_equal(net.blobs["t0"].data[:, k * 3 + group], x[:, group * 5 + k])
            np.testing.assert_array_equal(net.blobs["b0"].diff[:, group * 5 + k], dy[:, k * 3 + group])


def darknet(source: np.ndarray, channels: int, height: int, width: int, stride: int, *, forward: bool) -> np.ndarray:
    """What Darknet's loop does to one image's memory: a map of that size on one side, larger planes and fewer channels on the other."""
    target = np.zeros(source.size)
    fewer = channels // stride**2
    for c in range(channels):
        for h in range(height):
            for w in range(width):
                near = w + width * (h + height * c)
                across, down = w * stride + c // fewer % stride, h * stride + c // fewer // stride
                far = across + width * stride * (down + height * stride * (c % fewer))
                if forward:
                    target[far] = source[near]
                else:
                    target[near] = source[far]
    return target


@pytest.mark.parametrize(("shape", "stride", "reverse"), [((2, 8, 6, 10), 2, False), ((2, 18, 5, 7), 3, True), ((1, 9, 3, 6), 3, False)])
def test_reorg_moves_as_darknet_does(shape: tuple[int, ...], stride: int, reverse: bool) -> None:
    net = net_with("Reorg", f"reorg_param {{ stride: {stride} reverse: {str(reverse).lower()} }}", shape)
    (x,) = draw(net)
    net.forward()
    dy = draw_gradient(net)
    net.backward()
    n, c, h, w = shape
    factor = stride if reverse else 1 / stride
    y = net.blobs["t0"].data
    assert y.shape == (n, c / factor**2, h * factor, w * factor)
    for image in range(n):
        np.testing.assert_array_equal(y[image].ravel(), darknet(x[image].ravel(), c, h, w, stride, forward=reverse))
        np.testing.assert_array_equal(net.blobs["b0"].diff[image].ravel(), darknet(dy[image].ravel(), c, h, w, stride, forward=not reverse))


@pytest.mark.parametrize(
    ("kind", "body", "shape", "message"),
    [
        ("ShuffleChannel", "shuffle_channel_param { group: 4 }", (2, 15), "15 channels cannot be parted into 4 equal groups"),
        ("ShuffleChannel", "shuffle_channel_param { group: 0 }", (2, 15), "15 channels cannot be parted into 0 equal groups"),
        ("ShuffleChannel", "", (7,), "which has no channels"),
        ("Reorg", "", (2, 8, 6, 10), "reorg_param wants a stride above 0"),
        ("Reorg", "reorg_param { stride: 0 }", (2, 8, 6, 10), "reorg_param wants a stride above 0"),
        ("Reorg", "reorg_param { stride: 2 }", (2, 6, 6, 10), "6 channels are no multiple of the stride's square, 4"),
        ("Reorg", "reorg_param { stride: 2 }", (2, 8, 5, 10), "a stride of 2 does not divide 5 x 10"),
        ("Reorg", "reorg_param { stride: 2 }", (2, 8), "the bottom must have 4 axes"),
    ],
)
def test_what_does_not_fit_is_refused(kind: str, body: str, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with(kind, body, shape)
