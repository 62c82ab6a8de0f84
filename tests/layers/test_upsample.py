"""Upsample: SegNet's and YOLO's, told apart by their bottoms."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import DataError, ModelError
from netproto.ops.base import Ops
from netproto.testing import net_of

from .one_layer import draw, draw_gradient, net_with

SHAPE = (2, 3, 5, 7)


def test_repeats_each_element_over_a_square() -> None:
    net = net_with("Upsample", "upsample_param { scale: 2 }", SHAPE, ops=Ops("float64"))
    (x,) = draw(net)
    net.forward()
    y = net.blobs["t0"].data
    assert y.shape == (2, 3, 10, 14)
    for n, c, i, j in np.ndindex(y.shape):
        assert y[n, c, i, j] == x[n, c, i // 2, j // 2]
    dy = draw_gradient(net)
    net.backward()
    for n, c, i, j in np.ndindex(SHAPE):
        assert net.blobs["b0"].diff[n, c, i, j] == pytest.approx(dy[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].sum())


def test_undoes_a_pooling_by_its_mask() -> None:
    net = net_of(
        """
        layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 9 } } }
        layer { name: "pool" type: "Pooling" bottom: "x" top: "p" top: "mask" pooling_param { kernel_size: 3 stride: 3 } }
        layer { name: "up" type: "Upsample" bottom: "p" bottom: "mask" top: "y" upsample_param { upsample_h: 6 upsample_w: 9 } }
        """
    )
    x = np.random.default_rng(1).standard_normal((2, 3, 6, 9))
    net.blobs["x"].data[...] = x
    net.forward()
    for n, c, i, j in np.ndindex(2, 3, 2, 3):
        window = x[n, c, 3 * i : 3 * i + 3, 3 * j : 3 * j + 3]
        wanted = np.where(window == window.max(), window, 0)
        np.testing.assert_array_equal(net.blobs["y"].data[n, c, 3 * i : 3 * i + 3, 3 * j : 3 * j + 3], wanted)


@pytest.mark.parametrize(
    ("param", "plane"),
    [
        ("", (10, 14)),
        ("scale: 3", (15, 21)),
        ("scale_h: 2 scale_w: 4", (10, 28)),
        ("scale: 2 pad_out_h: true", (9, 14)),
        ("pad_out_w: true", (10, 13)),
        ("scale: 2 upsample_h: 11 upsample_w: 8", (11, 8)),
    ],
)
def test_the_size_of_segnets_top(param: str, plane: tuple[int, int]) -> None:
    assert net_with("Upsample", f"upsample_param {{ {param} }}", SHAPE, SHAPE).blobs["t0"].shape == (2, 3, *plane)


def test_a_place_that_the_top_lacks() -> None:
    net = net_with("Upsample", "upsample_param { upsample_h: 3 upsample_w: 4 }", (1, 1, 2, 2), (1, 1, 2, 2))
    net.blobs["b1"].data[...] = [[[[0, 3], [12, 5]]]]
    with pytest.raises(DataError, match=r"the mask, bottom 'b1', names place 12 at \(0, 0, 1, 0\).* planes of 3 x 4 have 12"):
        net.forward()


@pytest.mark.parametrize(
    ("param", "bottoms", "message"),
    [
        ("scale: 0", [SHAPE], "the scale must be above 0"),
        ("upsample_h: 5", [SHAPE], "upsample_h is SegNet's, whose Upsample has a mask"),
        ("scale: 1", [SHAPE, SHAPE], r"the factors are \(1, 1\), but must be above 1"),
        ("scale: 2 scale_h: 2 scale_w: 2", [SHAPE, SHAPE], "the factor is written once"),
        ("scale_h: 2", [SHAPE, SHAPE], "the factor is written once"),
        ("scale: 3 pad_out_h: true", [SHAPE, SHAPE], "pad_out_h goes with a factor of 2 only"),
        ("upsample_h: 1 upsample_w: 5", [SHAPE, SHAPE], "the top's size must be above 1"),
        ("", [SHAPE, (2, 3, 7, 5)], r"the mask has the shape \(2, 3, 7, 5\) and bottom 0 \(2, 3, 5, 7\)"),
        ("", [(2, 3)], "the bottom must have 4 axes"),
    ],
)
def test_what_does_not_fit_is_refused(param: str, bottoms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("Upsample", f"upsample_param {{ {param} }}", *bottoms)
