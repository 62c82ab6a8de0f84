"""Crop: where it cuts, and what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .one_layer import draw, draw_gradient, net_with


def test_what_is_cut_off_has_no_gradient() -> None:
    net = net_with("Crop", "crop_param { axis: 1 offset: 2 offset: 0 offset: 1 }", (2, 5, 3, 7), (1, 2, 3, 4))
    x, _ = draw(net)
    net.forward()
    np.testing.assert_array_equal(net.blobs["t0"].data, x[:, 2:4, :, 1:5])
    gradient = draw_gradient(net)
    net.backward()
    expected = np.zeros((2, 5, 3, 7))
    expected[:, 2:4, :, 1:5] = gradient
    np.testing.assert_array_equal(net.blobs["b0"].diff, expected.astype(np.float32))


def test_the_reference_gets_a_gradient_of_zero() -> None:
    net = net_with("Crop", "loss_weight: 1 propagate_down: [true, true]", (2, 3, 5, 7), (2, 3, 4, 4))
    net.blobs["b1"].diff[...] = 9
    net.forward()
    net.backward()
    assert not net.blobs["b1"].diff.any()


@pytest.mark.parametrize(
    ("body", "bottoms", "message"),
    [
        ("axis: 4", [(2, 3, 5, 7), (2, 3, 4, 4)], "axis 4 of a blob with 4 axes"),
        ("offset: [1, 2, 3]", [(2, 3, 5, 7), (2, 3, 4, 4)], "3 offsets for the 2 axes from axis 2 on"),
        ("offset: 2", [(2, 3, 5, 7), (2, 3, 4, 4)], "axis 2 of bottom 0 has 5 elements, fewer than offset 2 and the 4 of bottom 1 need"),
        ("", [(2, 3, 5, 7), (2, 3, 5, 8)], "axis 3 of bottom 0 has 7 elements"),
        ("axis: 1", [(2, 3, 5, 7), (2, 3, 5)], "too few axes"),
    ],
)
def test_what_does_not_fit_is_refused(body: str, bottoms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("Crop", f"crop_param {{ {body} }}", *bottoms)
