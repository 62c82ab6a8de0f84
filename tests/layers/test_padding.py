"""Padding: planes with a border of zeros, or without their borders."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .one_layer import draw, draw_gradient, net_with


@pytest.mark.parametrize(("begin", "end"), [(2, 1), (0, 3), (0, 0), (-1, -2), (0, -1), (-2, 0)])
def test_place_by_place(begin: int, end: int) -> None:
    net = net_with("Padding", f"padding_param {{ pad_beg: {begin} pad_end: {end} }}", (2, 3, 5, 7))
    (x,) = draw(net)
    net.forward()
    top = net.blobs["t0"]
    assert top.shape == (2, 3, 5 + begin + end, 7 + begin + end)
    dy, dx = draw_gradient(net), np.zeros_like(x)
    for n, c, h, w in np.ndindex(*top.shape):
        inside = 0 <= h - begin < 5 and 0 <= w - begin < 7
        assert top.data[n, c, h, w] == (x[n, c, h - begin, w - begin] if inside else 0)
        if inside:
            dx[n, c, h - begin, w - begin] = dy[n, c, h, w]
    net.backward()
    np.testing.assert_array_equal(net.blobs["b0"].diff, dx)


@pytest.mark.parametrize(
    ("param", "shape", "message"),
    [
        ("pad_beg: 1 pad_end: -1", (2, 3, 5, 7), "pad_beg is 1 and pad_end -1"),
        ("pad_beg: -3 pad_end: -2", (2, 3, 5, 7), "nothing is left of planes of 5 x 7"),
        ("pad_beg: 1", (3, 5, 7), r"the bottom has the shape \(3, 5, 7\)"),
    ],
)
def test_what_cannot_be(param: str, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("Padding", f"padding_param {{ {param} }}", shape)
