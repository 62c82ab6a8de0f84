"""Convolution on the GPU, unfolded and depthwise, against loops; and what becomes of its results in the same launch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netproto.ops.base import Array, Ops
from netproto.ops.gpu import GpuOps
from netproto.ops.reference.bound import Finish, Run
from tests.ops.backends import worst
from tests.ops.test_convolution import weights

from . import fakecupy, shim
from .convolutions import CASES, DEPTHWISE, Passes, check

MakeOps = Callable[..., GpuOps]


@pytest.mark.parametrize("name", CASES)
def test_values(name: str, gpu_ops: MakeOps) -> None:
    check(Passes(gpu_ops(), CASES[name]).run(), name)


@pytest.mark.parametrize("name", DEPTHWISE)
def test_depthwise_sums_have_one_order(name: str, gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for order in (0, 1, 2):
        monkeypatch.setattr(shim.Kernel, "order", order)
        found.append(Passes(gpu_ops(), CASES[name]).run())
    for a, b, c in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


@pytest.mark.parametrize("name", DEPTHWISE)
def test_a_depthwise_pass_is_one_launch_for_each_result(name: str, gpu_ops: MakeOps) -> None:
    passes = Passes(gpu_ops(), CASES[name])
    passes.queue()
    with fakecupy.counting() as cost:
        passes.queue()
    assert (cost.alloc, cost.launch) == (0, 2 + 4)  # two are the zeros of dw and db


FINISHES = {
    "bias": (True, False, 1.0),
    "relu": (False, False, 0.0),
    "leaky": (True, False, 0.1),
    "sum": (True, True, 0.0),
    "none": (False, False, 1.0),
}
"""Whether there is a bias, whether something is added, and the slope."""
PRODUCTS = {"groups": 3, "linear": 1}
"""Launches before the finish: the windows of both images, and a product for each; one product."""


def bound(ops: Ops, name: str, finish: str) -> tuple[Run, Array]:
    """A bound convolution, or for "linear" a bound product, and what it writes."""
    draw = np.random.default_rng(8).standard_normal
    with_bias, with_sum, slope = FINISHES[finish]
    if name == "linear":
        x, w, top = draw((4, 7)), draw((5, 7)), (4, 5)
    else:
        case = CASES[name]
        x, w, top = draw((2, case.channels, *case.spatial)), draw(weights(case)), (2, case.filters, *case.geo.out_shape(case.spatial))
    bias, add = ops.asarray(draw(len(w))), ops.asarray(draw(top))
    after, y = Finish(add if with_sum else None, slope), ops.empty(top)
    given = ops.asarray(x), ops.asarray(w), bias if with_bias else None, y
    if name == "linear":
        return ops.bound_linear(*given, transpose=False, finish=after), y
    return ops.bound_conv(*given, geo=CASES[name].geo, finish=after), y


@pytest.mark.parametrize("name", ["groups", "depthwise", "linear"])
@pytest.mark.parametrize("finish", FINISHES)
def test_bias_sum_and_relu_are_one_launch(finish: str, name: str, gpu_ops: MakeOps) -> None:
    portable, wanted = bound(Ops(), name, finish)
    portable()
    ops = gpu_ops()
    run, y = bound(ops, name, finish)
    run()
    with fakecupy.counting() as cost:
        run()
    assert worst(ops.to_host(y), wanted) < 1e-5
    assert (cost.alloc, cost.launch) == (0, 1 if name == "depthwise" else PRODUCTS[name] + (finish != "none"))
