"""Im2col: where its elements come from, and what cannot be."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from netproto.errors import ModelError

from .one_layer import draw, net_with


def test_channels_are_ordered_by_bottom_channel_and_tap() -> None:
    net = net_with("Im2col", "convolution_param { kernel_h: 2 kernel_w: 3 stride: 2 pad: 1 dilation: 2 }", (2, 3, 5, 7))
    (x,) = draw(net)
    net.forward()
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    top = net.blobs["t0"].data
    assert top.shape == (2, 18, 3, 3)
    for n, c, i, j, row, column in product(range(2), range(3), range(2), range(3), range(3), range(3)):
        assert top[n, c * 6 + i * 3 + j, row, column] == padded[n, c, row * 2 + i * 2, column * 2 + j * 2]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("kernel_size: 8", "the window does not fit"),
        ("kernel_size: 2 axis: 3", "there is no spatial axis behind the channels"),
        ("stride: 2", "0 kernel_size for 2 spatial axes"),
    ],
)
def test_a_window_that_cannot_be_is_refused(body: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("Im2col", f"convolution_param {{ {body} }}", (2, 3, 5, 7))


def test_the_number_of_axes_cannot_change_after_setup() -> None:
    net = net_with("Im2col", "convolution_param { kernel_size: 2 }", (2, 3, 5, 7))
    with pytest.raises(ModelError, match="set up for 2 spatial axes"):
        net.layers[-1].reshape([(2, 3, 5)])
