"""Eltwise: ties, zeros and wrong coefficients."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .single import layer_net


def test_of_equal_values_bottom_1_gets_the_gradient_before_0_and_0_before_2() -> None:
    net = layer_net("Eltwise", "eltwise_param { operation: MAX }", bottoms=[(4,)] * 3)
    for i, values in enumerate(([5, 5, 7, 1], [5, 3, 2, 2], [5, 5, 7, 2])):
        net.blobs[f"b{i}"].data[...] = values
    net.forward()
    net.blobs["t0"].diff[...] = [2, 3, 5, 7]
    net.backward()
    assert net.blobs["t0"].data.tolist() == [5, 5, 7, 2]
    assert [net.blobs[f"b{i}"].diff.tolist() for i in range(3)] == [[0, 3, 5, 0], [2, 0, 0, 7], [0, 0, 0, 0]]


@pytest.mark.parametrize(("stable", "wanted"), [("true", 6.0), ("false", np.nan)])
def test_the_gradient_of_a_product_at_zero(stable: str, wanted: float) -> None:
    net = layer_net("Eltwise", f"eltwise_param {{ operation: PROD stable_prod_grad: {stable} }}", bottoms=[(1,)] * 2)
    net.blobs["b0"].data[...], net.blobs["b1"].data[...] = 0, 3
    net.forward()
    net.blobs["t0"].diff[...] = 2
    net.backward()
    np.testing.assert_array_equal(net.blobs["b0"].diff, [wanted])


def test_coefficients_are_ignored_by_max() -> None:
    net = layer_net("Eltwise", "eltwise_param { operation: MAX coeff: -1 coeff: 2 }", bottoms=[(2,)] * 2)
    net.blobs["b0"].data[...], net.blobs["b1"].data[...] = [2, 3], [5, 1]
    net.forward()
    assert net.blobs["t0"].data.tolist() == [5, 3]


@pytest.mark.parametrize(
    ("param", "bottoms", "message"),
    [
        ("coeff: 1 coeff: 2", [(2, 3)] * 3, "2 coeff for 3 bottoms"),
        ("operation: PROD coeff: 1 coeff: 2", [(2, 3)] * 2, "coeff is written for PROD"),
        ("", [(2, 3), (3, 2)], r"bottom 1 has the shape \(3, 2\) and bottom 0 \(2, 3\)"),
        ("", [(2, 3)], "takes at least 2 bottom blobs, not 1"),
    ],
)
def test_settings_that_cannot_be(param: str, bottoms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        layer_net("Eltwise", f"eltwise_param {{ {param} }}", bottoms=bottoms)
