"""Pooling: sizes, ties, empty windows, the draws of STOCHASTIC, and what cannot be."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps

from .one_layer import TEST, draw, draw_gradient, net_with

BACKENDS = {"portable": Ops, "cpu": CpuOps}
LOWEST = -float(np.finfo(np.float32).max)


@pytest.mark.parametrize(
    ("body", "plane", "out"),
    [
        ("kernel_size: 2 stride: 2", (7, 8), (4, 4)),
        ("kernel_size: 2 stride: 2 round_mode: FLOOR", (7, 8), (3, 4)),
        ("kernel_size: 2 stride: 2 pad: 1", (3, 4), (2, 3)),  # the last window would begin behind the plane and its padding
        ("kernel_size: 2 stride: 2 pad_h: 1 pad_w: 0", (3, 5), (2, 3)),
        ("kernel_size: 2 stride: 3", (5, 6), (2, 3)),  # without padding, a window may lie beyond
        ("kernel_size: 6 stride: 4", (5, 3), (1, 1)),
        ("kernel_h: 3 kernel_w: 1 stride_h: 1 stride_w: 2", (5, 8), (3, 5)),
        ("global_pooling: true", (5, 7), (1, 1)),
    ],
)
def test_sizes(body: str, plane: tuple[int, int], out: tuple[int, int]) -> None:
    net = net_with("Pooling", f"pooling_param {{ {body} }}", (2, 3, *plane))
    assert net.blobs["t0"].shape == (2, 3, *out)


def test_global_pooling_follows_the_plane() -> None:
    net = net_with("Pooling", "pooling_param { pool: AVE global_pooling: true }", (2, 3, 5, 7))
    net.blobs["b0"].reshape((2, 3, 4, 9))
    (x,) = draw(net)
    net.forward()
    np.testing.assert_allclose(net.blobs["t0"].data[..., 0, 0], x.mean(axis=(2, 3)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_first_of_equal_elements_is_the_largest(backend: str) -> None:
    net = net_with("Pooling", "pooling_param { kernel_size: 3 stride: 1 }", (1, 2, 4, 5), tops=2, ops=BACKENDS[backend]())
    net.blobs["b0"].data[...] = 1
    net.forward()
    assert net.blobs["t1"].data[0, 1].tolist() == [[0, 1, 2], [5, 6, 7]]
    net.blobs["t0"].diff[...] = 1
    net.backward()
    assert net.blobs["b0"].diff[0, 1].tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [0] * 5, [0] * 5]


@pytest.mark.parametrize("backend", BACKENDS)
def test_empty_windows(backend: str) -> None:
    most = net_with("Pooling", "pooling_param { kernel_size: 1 stride: 3 }", (1, 2, 3, 5), tops=2, ops=BACKENDS[backend]())
    draw(most)
    most.forward()
    assert np.isfinite(most.blobs["t0"].data[..., 0, :2]).all()
    assert (most.blobs["t0"].data[..., 1, :] == LOWEST).all()
    assert (most.blobs["t1"].data[..., 1, :] == -1).all()
    average = net_with("Pooling", "pooling_param { pool: AVE kernel_size: 1 stride: 3 }", (1, 2, 3, 5), ops=BACKENDS[backend]())
    draw(average)
    with np.errstate(invalid="ignore"):
        average.forward()
    assert np.isnan(average.blobs["t0"].data[..., 1, :]).all()
    assert np.isfinite(average.blobs["t0"].data[..., 0, :]).all()


def test_stochastic_draws_in_proportion_to_value() -> None:
    net = net_with("Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 }", (1, 1, 2, 2000))
    net.blobs["b0"].data[0, 0] = np.tile([[1, 2], [0, 5]], 1000)
    net.forward()
    drawn = Counter(net.blobs["t0"].data.reshape(-1).tolist())
    assert set(drawn) == {1, 2, 5}
    for value in (1, 2, 5):
        assert drawn[value] / 1000 == pytest.approx(value / 8, abs=0.05)
    gradient = draw_gradient(net)
    first = np.array(net.blobs["t0"].data)
    net.backward()
    chosen = net.blobs["b0"].diff.reshape(2, 1000, 2).transpose(1, 0, 2).reshape(1000, 4)
    assert (np.count_nonzero(chosen, axis=1) == 1).all()
    np.testing.assert_array_equal(chosen.sum(axis=1), gradient.reshape(-1))
    net.forward()
    assert (net.blobs["t0"].data != first).any()


def test_stochastic_is_the_weighted_mean_at_test() -> None:
    net = net_with("Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 }", (1, 1, 2, 4), phase=TEST)
    net.blobs["b0"].data[0, 0] = [[1, 2, 0, 0], [0, 5, 0, 0]]
    net.forward()
    assert net.blobs["t0"].data.reshape(-1).tolist() == [pytest.approx(30 / 8), 0]
    with pytest.raises(ModelError, match="in the TRAIN phase only"):
        net.backward()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "wants kernel_size, or kernel_h and kernel_w"),
        ("kernel_h: 3", "wants kernel_size, or kernel_h and kernel_w"),
        ("kernel_size: 3 kernel_h: 3 kernel_w: 3", "wants kernel_size, or kernel_h and kernel_w"),
        ("kernel_size: 0", "kernel_size cannot be 0"),
        ("kernel_size: 2 stride: 0", "stride cannot be 0"),
        ("kernel_size: 2 stride_h: 2", "stride is written once, or as stride_h and stride_w"),
        ("kernel_size: 2 pad: 1 pad_h: 1 pad_w: 1", "pad is written once, or as pad_h and pad_w"),
        ("kernel_size: 2 pad: 2", r"pad \(2, 2\) is not smaller than the window \(2, 2\)"),
        ("pool: STOCHASTIC kernel_size: 2 pad: 1", "STOCHASTIC pooling takes no padding"),
        ("kernel_size: 9", r"a plane of \(5, 7\) would give \(-3, -1\) windows"),
        ("global_pooling: true kernel_w: 2", "no kernel_w"),
        ("global_pooling: true stride: 2", "global_pooling has no stride and no pad"),
        ("global_pooling: true pad: 1", "global_pooling has no stride and no pad"),
    ],
)
def test_a_window_that_cannot_be_is_refused(body: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("Pooling", f"pooling_param {{ {body} }}", (2, 3, 5, 7))


def test_only_max_has_a_second_top() -> None:
    with pytest.raises(ModelError, match="AVE pooling has no second top"):
        net_with("Pooling", "pooling_param { pool: AVE kernel_size: 2 }", (2, 3, 5, 7), tops=2)


def test_four_axes_are_wanted() -> None:
    with pytest.raises(ModelError, match="must have 4 axes"):
        net_with("Pooling", "pooling_param { kernel_size: 2 }", (3, 5, 7))
