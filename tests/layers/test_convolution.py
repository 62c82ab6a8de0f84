"""Convolution and Deconvolution against naive loops, where no recorded value reaches; and what cannot be."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps

from .one_layer import draw, net_with

BACKENDS = {"portable": Ops, "cpu": CpuOps}


def naive_convolution(
    x: np.ndarray, w: np.ndarray, bias: np.ndarray, out: tuple[int, ...], stride: int, pad: int, dilation: int, group: int
) -> np.ndarray:
    """Every product of one element and one weight, added up; what is outside the input counts as 0."""
    channels, outputs = x.shape[1] // group, w.shape[0] // group
    y = np.zeros((x.shape[0], w.shape[0], *out))
    for n, k, *at in product(*map(range, y.shape)):
        y[n, k, *at] = bias[k]
        for c, *tap in product(range(channels), *map(range, w.shape[2:])):
            place = [a * stride - pad + t * dilation for a, t in zip(at, tap, strict=True)]
            if all(0 <= p < size for p, size in zip(place, x.shape[2:], strict=True)):
                y[n, k, *at] += w[k, c, *tap] * x[n, k // outputs * channels + c, *place]
    return y


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "pad", "dilation", "group", "out"),
    [
        ((2, 3, 5, 7), 3, 1, 0, 1, 1, (3, 5)),
        ((2, 6, 7, 8), 2, 2, 1, 3, 3, (3, 4)),
        ((2, 3, 2, 6), 5, 3, 0, 1, 1, None),
        ((2, 3, 4, 4), 5, 3, 0, 1, 1, (1, 1)),  # hangs over the end by less than a stride
        ((2, 4, 2, 3), 3, 2, 0, 2, 2, None),
        ((2, 4, 3, 4), 3, 3, 0, 2, 2, (1, 1)),
        ((2, 3, 5, 7), 3, 1, 0, 0, 1, (5, 7)),  # dilation 0: all taps meet the same element
        ((2, 5, 9), 4, 2, 3, 1, 5, (6,)),
        ((2, 3, 4, 5, 2), 2, 1, 1, 1, 3, (5, 6, 3)),
    ],
)
def test_convolution_is_the_naive_sum(
    backend: str, shape: tuple[int, ...], kernel: int, stride: int, pad: int, dilation: int, group: int, out: tuple[int, ...] | None
) -> None:
    body = f"num_output: {2 * group} kernel_size: {kernel} stride: {stride} pad: {pad} dilation: {dilation} group: {group}"
    ops = BACKENDS[backend]()
    if out is None:
        with pytest.raises(ModelError, match="does not fit"):
            net_with("Convolution", f"convolution_param {{ {body} }}", shape, ops=ops)
        return
    net = net_with("Convolution", f"convolution_param {{ {body} }}", shape, ops=ops)
    x, w, bias = draw(net)
    net.forward()
    expected = naive_convolution(x, w, bias, out, stride, pad, dilation, group)
    np.testing.assert_allclose(net.blobs["t0"].data, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_deconvolution_is_the_transpose_of_convolution(backend: str) -> None:
    """<deconvolution of u, v> = <u, convolution of v> for the same weights and geometry."""
    window = "kernel_size: 3 stride: 2 pad: 1 dilation: 2 group: 2 bias_term: false"
    down = net_with("Convolution", f"convolution_param {{ num_output: 4 {window} }}", (2, 6, 9, 13), ops=BACKENDS[backend]())
    up = net_with("Deconvolution", f"convolution_param {{ num_output: 6 {window} }}", (2, 4, 4, 6), ops=BACKENDS[backend]())
    assert up.blobs["t0"].shape == (2, 6, 9, 13)
    v, w = draw(down)
    (u, _), up.params["L"][0].data[...] = draw(up, seed=8), w
    down.forward()
    up.forward()
    assert float((up.blobs["t0"].data * v).sum()) == pytest.approx(float((u * down.blobs["t0"].data).sum()), rel=1e-4)


def test_gradients_of_several_bottoms_add_up_in_the_weights() -> None:
    both = net_with("Convolution", "convolution_param { num_output: 3 kernel_size: 2 }", (2, 3, 5, 4), (2, 3, 5, 4), tops=2)
    one = net_with("Convolution", "convolution_param { num_output: 3 kernel_size: 2 }", (4, 3, 5, 4))
    x0, x1, w, bias = draw(both)
    for blob, values in zip([one.blobs["b0"], *one.params["L"]], [np.concatenate([x0, x1]), w, bias], strict=True):
        blob.data[...] = values
    one.blobs["t0"].diff[...] = np.random.default_rng(3).standard_normal(one.blobs["t0"].shape)
    for j, part in enumerate((slice(0, 2), slice(2, 4))):
        both.blobs[f"t{j}"].diff[...] = one.blobs["t0"].diff[part]
    for net in (both, one):
        net.forward()
        net.clear_param_diffs()
        net.backward()
    for mine, its in zip(both.params["L"], one.params["L"], strict=True):
        np.testing.assert_allclose(mine.diff, its.diff, rtol=1e-4, atol=1e-4)


def test_macs_count_products() -> None:
    down = net_with("Convolution", "convolution_param { num_output: 6 kernel_size: 3 stride: 2 group: 2 }", (2, 4, 7, 9))
    up = net_with("Deconvolution", "convolution_param { num_output: 6 kernel_size: 3 stride: 2 group: 2 }", (2, 4, 7, 9))
    assert down.layers[-1].macs([(2, 4, 7, 9)], [(2, 6, 3, 4)]) == 2 * 6 * 3 * 4 * (2 * 3 * 3)
    assert up.layers[-1].macs([(2, 4, 7, 9)], [(2, 6, 15, 19)]) == 2 * 4 * 7 * 9 * (3 * 3 * 3)


@pytest.mark.parametrize("layer_type", ["Convolution", "Deconvolution"])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("kernel_size: 3", "num_output must be at least 1"),
        ("num_output: 4", "0 kernel_size for 2 spatial axes"),
        ("num_output: 4 kernel_size: 0", "kernel cannot be 0"),
        ("num_output: 4 kernel_size: [3, 0]", "kernel cannot be 0"),
        ("num_output: 4 kernel_size: [1, 2, 3]", "3 kernel_size for 2 spatial axes"),
        ("num_output: 4 kernel_h: 3", "kernel cannot be 0. Where one of _h and _w is given"),
        ("num_output: 4 kernel_size: 3 kernel_w: 3", "kernel_size and kernel_w are both given"),
        ("num_output: 4 kernel_size: 3 stride: 0", "stride cannot be 0"),
        ("num_output: 4 kernel_size: 3 stride_h: 2", "stride cannot be 0"),
        ("num_output: 4 kernel_size: 3 stride: 2 stride_h: 2 stride_w: 2", "stride and stride_h are both given"),
        ("num_output: 4 kernel_size: 3 pad: [1, 1, 1]", "3 pad for 2 spatial axes"),
        ("num_output: 4 kernel_size: 3 pad: 1 pad_w: 1", "pad and pad_w are both given"),
        ("num_output: 4 kernel_size: 3 dilation: [1, 2, 3]", "3 dilation for 2 spatial axes"),
        ("num_output: 4 kernel_size: 3 group: 0", "group 0 does not divide"),
        ("num_output: 4 kernel_size: 3 group: 4", "group 4 does not divide both the 6 channels and num_output 4"),
        ("num_output: 4 kernel_size: 3 group: 3", "group 3 does not divide both the 6 channels and num_output 4"),
        ("num_output: 4 kernel_size: 3 axis: 4", "axis 4 of a blob with 4 axes"),
    ],
)
def test_a_window_that_cannot_be_is_refused(layer_type: str, body: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        net_with(layer_type, f"convolution_param {{ {body} }}", (2, 6, 7, 8))
    assert "layer 'L'" in str(caught.value)
    assert str(caught.value).startswith("<string>:")


def test_sides_are_for_two_axes() -> None:
    with pytest.raises(ModelError, match=r"kernel_h is for 2 spatial axes, not 1\. Use kernel_size"):
        net_with("Convolution", "convolution_param { num_output: 4 kernel_h: 3 kernel_w: 3 }", (2, 6, 7))


def test_bottoms_must_be_alike() -> None:
    with pytest.raises(ModelError, match=r"bottom 1 has the shape \(2, 3, 5, 6\), bottom 0 has \(2, 3, 5, 7\)"):
        net_with("Convolution", "convolution_param { num_output: 4 kernel_size: 3 }", (2, 3, 5, 7), (2, 3, 5, 6), tops=2)


def test_a_top_without_elements_is_refused() -> None:
    with pytest.raises(ModelError, match=r"an input of \(2, 3\) would give an output of \(-1, 0\)"):
        net_with("Deconvolution", "convolution_param { num_output: 4 kernel_size: 2 pad: 2 }", (2, 3, 2, 3))


def test_channels_cannot_change_after_setup() -> None:
    net = net_with("Convolution", "convolution_param { num_output: 4 kernel_size: 3 }", (2, 3, 5, 7))
    assert net.layers[-1].reshape([(5, 3, 8, 9)]) == [(5, 4, 6, 7)]
    for shape in ((2, 4, 5, 7), (2, 3, 5)):
        with pytest.raises(ModelError, match="its weights are for 3 channels and 2 spatial axes"):
            net.layers[-1].reshape([shape])


def test_depthwise_names_are_convolutions() -> None:
    nets = [
        net_with("Convolution", "convolution_param { num_output: 5 group: 5 kernel_size: 3 pad: 1 }", (2, 5, 6, 7)),
        net_with("DepthwiseConvolution", "convolution_param { num_output: 5 group: 5 kernel_size: 3 pad: 1 }", (2, 5, 6, 7)),
        net_with("ConvolutionDepthwise", "convolution_param { kernel_size: 3 pad: 1 }", (2, 5, 6, 7)),
    ]
    for net in nets:
        draw(net)
        net.forward()
        np.testing.assert_array_equal(net.blobs["t0"].data, nets[0].blobs["t0"].data)
    with pytest.raises(ModelError, match=r"num_output 10 for 5 channels, each of which has one filter\. Leave num_output out"):
        net_with("ConvolutionDepthwise", "convolution_param { num_output: 10 kernel_size: 3 }", (2, 5, 6, 7))
    with pytest.raises(ModelError, match="group 1 for 5 channels"):
        net_with("ConvolutionDepthwise", "convolution_param { num_output: 5 group: 1 kernel_size: 3 }", (2, 5, 6, 7))
