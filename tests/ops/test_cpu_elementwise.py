"""Operations that are shared out in pieces give what the portable ones give, at every seam."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from netproto.ops import cpu_elementwise
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.ops.cpu_elementwise import CpuElementwise

SHAPE = (11, 7, 13)
POWER = {"power": 1.5, "scale": 0.5, "shift": 3}
LOG = {"scale": 0.5, "log_base": 2.0}

READS_AND_OPTIONS: dict[str, tuple[int, dict[str, Any]]] = {
    "sigmoid": (1, {"rate": 1.5}),
    "sigmoid_backward": (2, {}),
    "tanh": (1, {}),
    "tanh_backward": (2, {}),
    "elu": (1, {"alpha": 0.5}),
    "elu_backward": (3, {"alpha": 0.5}),
    "bnll": (1, {}),
    "bnll_backward": (2, {}),
    "clip": (1, {"low": -0.5, "high": 1}),
    "clip_backward": (2, {"low": -0.5, "high": 1, "closed": True}),
    "threshold": (1, {"threshold": 0.5}),
    "absolute": (1, {}),
    "absolute_backward": (2, {}),
    "power": (1, POWER),
    "power_backward": (2, POWER),
    "exp": (1, {"rate": 0.5, "factor": 2}),
    "exp_backward": (2, {"rate": 0.5}),
    "log": (1, {**LOG, "shift": 3}),
    "log_backward": (2, LOG),
    "multiply": (1, {"factor": 3}),
    "eltwise_quotient_backward": (3, {}),
    "swish_backward": (3, {"beta": 1.5}),
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_elementwise, "PIECE", 32)


def drawn(count: int, dtype: str = "float32", shape: tuple[int, ...] = SHAPE) -> list[np.ndarray]:
    generator = np.random.default_rng(5)
    return [generator.standard_normal(shape).astype(dtype) for _ in range(count)]


def spoilt(*, dtype: str = "float32", shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.full(shape, 113, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", READS_AND_OPTIONS)
def test_pieces_of_one_output(name: str, dtype: str) -> None:
    reads, options = READS_AND_OPTIONS[name]
    given, wanted, got = drawn(reads, dtype), spoilt(dtype=dtype), spoilt(dtype=dtype)
    getattr(Ops(dtype), name)(*given, wanted, **options)
    getattr(CpuOps(dtype), name)(*given, got, **options)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6)


def test_swish_writes_two_arrays() -> None:
    (x,) = drawn(1)
    wanted, got = [spoilt(), spoilt()], [spoilt(), spoilt()]
    Ops().swish(x, *wanted, beta=1.5)
    CpuOps().swish(x, *got, beta=1.5)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [("eltwise_sum", {}), ("eltwise_sum", {"coeffs": [2, -3, 1]}), ("eltwise_sum", {"coeffs": [1, 1, 5]}), ("eltwise_product", {})],
)
def test_pieces_of_several_inputs(name: str, options: dict[str, Any]) -> None:
    xs, wanted, got = drawn(3), spoilt(), spoilt()
    getattr(Ops(), name)(xs, wanted, **options)
    getattr(CpuOps(), name)(xs, got, **options)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6)


def test_the_gradient_of_a_product() -> None:
    *xs, dy = drawn(4)
    wanted, got = spoilt(), spoilt()
    Ops().eltwise_product_backward(xs, dy, wanted, index=1)
    CpuOps().eltwise_product_backward(xs, dy, got, index=1)
    np.testing.assert_allclose(wanted, dy * xs[0] * xs[2], rtol=1e-6)
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_maximum_and_its_gradient() -> None:
    xs = [np.round(x) for x in drawn(3)]
    dy = drawn(4)[3]
    results = []
    for ops in (Ops(), CpuOps()):
        y, mask, dx = spoilt(), spoilt(dtype="int32"), spoilt()
        ops.eltwise_max(xs, y, mask)
        ops.eltwise_max_backward(mask, dy, dx, index=1)
        results.append((y, mask, dx))
    for wanted, got in zip(*results, strict=True):
        np.testing.assert_array_equal(got, wanted)
    order = np.stack([xs[1], xs[0], xs[2]])
    np.testing.assert_array_equal(results[0][1], np.array([1, 0, 2])[order.argmax(axis=0)])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_concat_and_back(axis: int) -> None:
    shapes = [tuple(n if i == axis else d for i, d in enumerate(SHAPE)) for n in (5, 1, 3)]
    parts = [x for s in shapes for x in drawn(1, shape=s)]
    whole = spoilt(shape=tuple(9 if i == axis else d for i, d in enumerate(SHAPE)))
    CpuOps().concat(parts, whole, axis=axis)
    np.testing.assert_array_equal(whole, np.concatenate(parts, axis))
    back = [spoilt(shape=s) for s in shapes]
    CpuOps().unconcat(whole, back, axis=axis, wanted=[True, False, True])
    np.testing.assert_array_equal(back[0], parts[0])
    np.testing.assert_array_equal(back[2], parts[2])
    assert (back[1] == 113).all()


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 0, 1)])
def test_permute_and_back(order: tuple[int, ...]) -> None:
    (x,) = drawn(1)
    y, back = spoilt(shape=tuple(SHAPE[o] for o in order)), spoilt()
    CpuOps().permute(x, y, order=order)
    np.testing.assert_array_equal(y, x.transpose(order))
    CpuOps().permute_backward(y, back, order=order)
    np.testing.assert_array_equal(back, x)


def test_strided_arrays_are_worked_on_where_they_are() -> None:
    (x,) = drawn(1)
    y = spoilt()
    CpuOps().tanh(x[:, ::2], y[:, ::2])
    np.testing.assert_allclose(y[:, ::2], np.tanh(x[:, ::2]), rtol=1e-6)
    assert (y[:, 1::2] == 113).all()


@pytest.mark.parametrize("name", [n for n in vars(CpuElementwise) if not n.startswith("_")])
def test_signatures_are_those_of_the_portable_operations(name: str) -> None:
    assert inspect.signature(getattr(CpuElementwise, name)) == inspect.signature(getattr(Ops, name))


@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize("size", [37, 600_001])
def test_a_sum_and_its_relu(size: int, slope: float) -> None:
    generator = np.random.default_rng(5)
    a, b, dy = (generator.standard_normal(size, np.float32) for _ in range(3))
    y, da, db = (np.full(size, np.nan, np.float32) for _ in range(3))
    ops = CpuOps(threads=2)
    ops.rectified_sum([a, b], y, slope=slope)
    np.testing.assert_array_equal(y, np.where(a + b > 0, a + b, np.float32(slope) * (a + b)))
    ops.rectified_sum_backward(y, [dy], [da, db], slope=slope)
    for dx in (da, db):
        np.testing.assert_array_equal(dx, np.where(y > 0, dy, np.float32(slope) * dy))


@pytest.mark.parametrize("ops", [Ops(), CpuOps(threads=2)])
@pytest.mark.parametrize("places", [(2, 3), (0, 1), (1, 0), (0, 3)])
def test_gradients_from_two_sides_are_added_up_wherever_the_result_goes(places: tuple[int, int], ops: Ops) -> None:
    generator = np.random.default_rng(7)
    y, *arrays = (generator.standard_normal(600_001, np.float32) for _ in range(5))
    total = arrays[0] + arrays[1]
    dxs = [arrays[i] for i in places]
    ops.rectified_sum_backward(y, arrays[:2], dxs, slope=0.3)
    for dx in dxs:
        np.testing.assert_array_equal(dx, np.where(y > 0, total, np.float32(0.3) * total))
