"""InnerProduct: what its axis means for shapes, and what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .one_layer import draw, net_with


def test_transpose_stores_the_weight_the_other_way() -> None:
    straight = net_with("InnerProduct", "inner_product_param { num_output: 4 axis: 2 }", (2, 3, 5, 7))
    turned = net_with("InnerProduct", "inner_product_param { num_output: 4 axis: 2 transpose: true }", (2, 3, 5, 7))
    x, w, bias = draw(straight)
    assert (w.shape, turned.params["L"][0].shape) == ((4, 35), (35, 4))
    for blob, values in zip([turned.blobs["b0"], *turned.params["L"]], [x, w.T, bias], strict=True):
        blob.data[...] = values
    straight.forward()
    turned.forward()
    assert turned.blobs["t0"].shape == (2, 3, 4)
    np.testing.assert_allclose(turned.blobs["t0"].data, straight.blobs["t0"].data, rtol=1e-5, atol=1e-5)


def test_macs_count_products() -> None:
    net = net_with("InnerProduct", "inner_product_param { num_output: 4 axis: 2 }", (2, 3, 5, 7))
    assert net.layers[-1].macs([(2, 3, 5, 7)], [(2, 3, 4)]) == 2 * 3 * 5 * 7 * 4


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ModelError, match="num_output must be at least 1"):
        net_with("InnerProduct", "", (2, 3))
    with pytest.raises(ModelError, match="axis 2 of a blob with 2 axes"):
        net_with("InnerProduct", "inner_product_param { num_output: 4 axis: 2 }", (2, 3))


def test_the_number_of_inputs_cannot_change_after_setup() -> None:
    layer = net_with("InnerProduct", "inner_product_param { num_output: 4 }", (2, 3, 5)).layers[-1]
    assert layer.reshape([(7, 5, 3)]) == [(7, 4)]
    with pytest.raises(ModelError, match=r"its weights are for 15 inputs, but the bottom \(2, 3, 4\) has 12 from axis 1 on"):
        layer.reshape([(2, 3, 4)])
