"""Interp against a loop over its outputs."""

from __future__ import annotations

from math import floor

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops

from .one_layer import draw, draw_gradient, net_with


def at(plane: np.ndarray, r: float, c: float) -> float:
    """The plane between its elements."""
    top, left = floor(r), floor(c)
    total = 0.0
    for i, down in ((top, 1 - (r - top)), (top + 1, r - top)):
        for j, across in ((left, 1 - (c - left)), (left + 1, c - left)):
            if down * across:
                total += down * across * float(plane[i, j])
    return total


def naive(x: np.ndarray, height: int, width: int) -> np.ndarray:
    y = np.zeros((*x.shape[:2], height, width))
    for n, k, i, j in np.ndindex(y.shape):
        row = i * (x.shape[2] - 1) / (height - 1) if height > 1 else 0
        column = j * (x.shape[3] - 1) / (width - 1) if width > 1 else 0
        y[n, k, i, j] = at(x[n, k], row, column)
    return y


@pytest.mark.parametrize(
    ("param", "bottom", "cut", "plane"),
    [
        ("zoom_factor: 4", (2, 3, 5, 7), (0, 0), (17, 25)),
        ("shrink_factor: 2", (2, 3, 5, 8), (0, 0), (3, 4)),
        ("shrink_factor: 2 zoom_factor: 2", (2, 3, 5, 8), (0, 0), (5, 7)),
        ("height: 9 width: 2", (2, 3, 5, 7), (0, 0), (9, 2)),
        ("height: 9 width: 2 shrink_factor: 2 zoom_factor: 2", (2, 3, 5, 7), (0, 0), (9, 2)),
        ("height: 9 width: 2 zoom_factor: 2", (2, 3, 5, 7), (0, 0), (9, 13)),
        ("height: 5 width: 5 pad_beg: -1 pad_end: -2", (2, 3, 5, 7), (1, 2), (5, 5)),
        ("height: 1 width: 1", (2, 3, 5, 7), (0, 0), (1, 1)),
        ("height: 5 width: 7", (2, 3, 5, 7), (0, 0), (5, 7)),
    ],
)
def test_every_output_lies_between_four_neighbours(
    param: str, bottom: tuple[int, ...], cut: tuple[int, int], plane: tuple[int, int]
) -> None:
    net = net_with("Interp", f"interp_param {{ {param} }}", bottom, ops=Ops("float64"))
    (x,) = draw(net)
    net.forward()
    kept = x[:, :, cut[0] : bottom[2] - cut[1], cut[0] : bottom[3] - cut[1]]
    assert net.blobs["t0"].shape == (2, 3, *plane)
    np.testing.assert_allclose(net.blobs["t0"].data, naive(kept, *plane), atol=1e-5)  # places are float32, as in the fork


def test_the_gradient_is_shared_as_the_values_were() -> None:
    net = net_with("Interp", "interp_param { zoom_factor: 3 pad_beg: -1 }", (1, 1, 4, 3), ops=Ops("float64"))
    draw(net)
    net.forward()
    dy = draw_gradient(net)
    net.backward()
    wanted = np.zeros((1, 1, 4, 3))
    for i, j in np.ndindex(4, 3):
        one = np.zeros((1, 1, 4, 3))
        one[0, 0, i, j] = 1
        wanted[0, 0, i, j] = float((naive(one[:, :, 1:, 1:], *dy.shape[2:]) * dy).sum())
    np.testing.assert_allclose(net.blobs["b0"].diff, wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("", "wants zoom_factor or shrink_factor, or height and width"),
        ("height: 5", "wants zoom_factor or shrink_factor, or height and width"),
        ("zoom_factor: 0", "zoom_factor must be above 0"),
        ("zoom_factor: 2 pad_end: 1", "pad_end is 1; it can cut, but not pad"),
        ("zoom_factor: 2 pad_beg: -5", r"cut by \(5, 0\), nothing is left of a plane of 5 x 7"),
        ("height: 0 width: 3", "the top's height and width must be above 0"),
    ],
)
def test_what_does_not_fit_is_refused(param: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("Interp", f"interp_param {{ {param} }}", (2, 3, 5, 7))
    with pytest.raises(ModelError, match="the bottom must have 4 axes"):
        net_with("Interp", "interp_param { zoom_factor: 2 }", (2, 3))
