"""Scale and Bias: how their blobs are spread, what fills them, and what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .one_layer import draw, draw_gradient, net_with


def test_scale_begins_with_one_and_bias_with_zero() -> None:
    net = net_with("Scale", "scale_param { bias_term: true }", (2, 3, 5))
    assert [blob.data.tolist() for blob in net.params["L"]] == [[1, 1, 1], [0, 0, 0]]
    assert net_with("Bias", "", (2, 3, 5)).params["L"][0].data.tolist() == [0, 0, 0]
    written = net_with("Scale", "scale_param { filler { value: 2 } bias_term: true bias_filler { value: 3 } }", (2, 3))
    assert [blob.data.tolist() for blob in written.params["L"]] == [[2, 2, 2], [3, 3, 3]]


@pytest.mark.parametrize("in_place", [False, True])
def test_scale_spreads_over_the_axes_from_axis_on(in_place: bool) -> None:
    net = net_with("Scale", "scale_param { axis: 1 num_axes: 2 bias_term: true }", (2, 3, 5, 7), in_place=in_place)
    x, scale, bias = draw(net)
    top = "b0" if in_place else "t0"
    net.forward()
    np.testing.assert_allclose(net.blobs[top].data, x * scale[..., None] + bias[..., None], rtol=1e-5, atol=1e-6)
    gradient = draw_gradient(net, top)
    net.clear_param_diffs()
    net.backward()
    np.testing.assert_allclose(net.params["L"][0].diff, (gradient * x).sum(axis=(0, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(net.params["L"][1].diff, gradient.sum(axis=(0, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(net.blobs["b0"].diff, gradient * scale[..., None], rtol=1e-5, atol=1e-6)


def test_the_gradient_of_a_second_bottom_is_not_added_to() -> None:
    for layer_type in ("Scale", "Bias"):
        net = net_with(layer_type, "", (2, 3, 5), (3,))
        draw(net)
        net.forward()
        draw_gradient(net)
        net.backward()
        once = np.array(net.blobs["b1"].diff)
        net.backward()
        np.testing.assert_array_equal(net.blobs["b1"].diff, once)


@pytest.mark.parametrize(("layer_type", "field"), [("Scale", "scale_param"), ("Bias", "bias_param")])
@pytest.mark.parametrize(
    ("body", "bottoms", "message"),
    [
        ("axis: 3", [(2, 3, 5)], "axis 3 of a blob with 3 axes"),
        ("num_axes: -2", [(2, 3, 5)], "num_axes is -2. -1 means all axes"),
        ("num_axes: 3", [(2, 3, 5)], r"3 axes from axis 1 on reach beyond the bottom, whose shape is \(2, 3, 5\)"),
        ("", [(2, 3, 5), (5,)], r"a blob of shape \(5,\) does not fit the axes from 1 on"),
        ("axis: -1", [(2, 3, 5), (5, 1)], r"a blob of shape \(5, 1\) does not fit the axes from 2 on"),
    ],
)
def test_what_does_not_fit_is_refused(layer_type: str, field: str, body: str, bottoms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with(layer_type, f"{field} {{ {body} }}", *bottoms)


def test_a_second_bottom_without_axes_is_one_number() -> None:
    net = net_with("Scale", "scale_param { axis: 7 }", (2, 3), ())
    x, scale = draw(net)
    net.forward()
    np.testing.assert_allclose(net.blobs["t0"].data, x * scale, rtol=1e-6)
