"""Chains of layers on the GPU: the portable operations' numbers, at fewer launches and without an array."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netproto.net.net import Net
from netproto.net.training import TrainingNet
from netproto.ops.base import Ops
from netproto.ops.gpu import GpuOps
from tests.net.test_rectified import BOTH, gradients, net_of
from tests.ops.backends import worst

from . import fakecupy, shim

MakeOps = Callable[..., GpuOps]
SHAPE = (3, 5, 42)


def normal_chain(ops: Ops, *, scaled: bool, learns: bool, slope: float, in_place: bool) -> tuple[list[np.ndarray], fakecupy.Counters]:
    """mean, var, y, dx, dscale and dshift, the last two added to 2; and what both passes cost."""
    draw = np.random.default_rng(9).standard_normal
    x, dy, scale, shift = (ops.asarray(draw(shape) + 0.3) for shape in (SHAPE, SHAPE, SHAPE[1], SHAPE[1]))
    mean, var, y = ops.empty(SHAPE[1:2]), ops.empty(SHAPE[1:2]), ops.empty(SHAPE)
    dx = dy if in_place else ops.empty(SHAPE)
    dscale, dshift = (ops.asarray(np.full(SHAPE[1], 2)) for _ in range(2))
    factors = (scale, shift) if scaled else (None, None)
    gradients = (dscale, dshift) if learns else (None, None)
    with fakecupy.counting() as cost:
        ops.normal_chain(x, mean, var, *factors, y, eps=1e-3, slope=slope)
        ops.normal_chain_backward(x, mean, var, factors[0], y, dy, dx, *gradients, eps=1e-3, slope=slope)
    return [np.array(ops.to_host(array)) for array in (mean, var, y, dx, dscale, dshift)], cost


@pytest.mark.parametrize(("scaled", "learns"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("in_place", [False, True])
def test_normalised_scaled_and_rectified(scaled: bool, learns: bool, slope: float, in_place: bool, gpu_ops: MakeOps) -> None:
    options = {"scaled": scaled, "learns": learns, "slope": slope, "in_place": in_place}
    ops = gpu_ops()
    for found, wanted in zip(normal_chain(ops, **options)[0], normal_chain(Ops(), **options)[0], strict=True):
        assert worst(found, wanted) < 1e-5
    assert normal_chain(ops, **options)[1] == fakecupy.Counters(launch=4)


def test_no_bit_depends_on_the_order_of_threads(gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for order in (0, 1, 2):
        monkeypatch.setattr(shim.Kernel, "order", order)
        found.append(normal_chain(gpu_ops(), scaled=True, learns=True, slope=0.1, in_place=False)[0])
    for a, b, c in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def statistics(ops: Ops, seen: float) -> tuple[list[np.ndarray], fakecupy.Counters]:
    """What is gathered over batches, and what comes of it; seen: how many batches there were."""
    draw = np.random.default_rng(2).uniform
    mean, var, mean_sum, var_sum, newest, gathered = (ops.asarray(draw(0.5, 1.5, SHAPE[1])) for _ in range(6))
    factor, means, variances = ops.asarray([seen]), ops.empty(SHAPE[1:2]), ops.empty(SHAPE[1:2])
    with fakecupy.counting() as cost:
        ops.global_stats(mean_sum, var_sum, factor, means, variances)
        ops.running_stats(mean, var, mean_sum, var_sum, factor, fraction=0.99, correction=1.1)
        ops.moving_average(newest, gathered, fraction=0.9)
    return [np.array(ops.to_host(a)) for a in (means, variances, mean_sum, var_sum, factor, gathered)], cost


@pytest.mark.parametrize("seen", [0, 3.7])
def test_statistics_of_batches_are_one_launch_each(seen: float, gpu_ops: MakeOps) -> None:
    found, cost = statistics(gpu_ops(), seen)
    for gpu, portable in zip(found, statistics(Ops(), seen)[0], strict=True):
        np.testing.assert_allclose(gpu, portable, rtol=1e-6)
    assert cost == fakecupy.Counters(launch=3)


@pytest.mark.parametrize(("count", "launches"), [(2, 1), (3, None)])
@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_a_sum_and_its_relu(count: int, launches: int | None, slope: float, gpu_ops: MakeOps) -> None:
    drawn = [np.random.default_rng(i).standard_normal(SHAPE).astype(np.float32) for i in range(count)]
    found = []
    for ops in (Ops(), gpu_ops()):
        xs, y = [ops.asarray(x.copy()) for x in drawn], ops.empty(SHAPE)
        with fakecupy.counting() as cost:
            ops.rectified_sum(xs, y, slope=slope)
        found.append(np.array(ops.to_host(y)))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6, atol=1e-7)
    assert launches in (None, cost.launch)
    assert cost.alloc == 0


def test_products_take_their_relu_along(gpu_ops: MakeOps) -> None:
    found, launches = [], []
    for kind in (Net, TrainingNet):
        net = net_of(BOTH, gpu_ops(), kind)
        found.append(gradients(net))
        with fakecupy.counting() as cost:
            gradients(net)
        launches.append(cost.launch)
    for whole, lean in zip(*found, strict=True):
        np.testing.assert_array_equal(whole, lean)
    assert launches[1] == launches[0] - 2
