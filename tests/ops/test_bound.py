"""Operations bound to their arrays, with what happens to a result before it is written: every backend against loops."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.ops.cpu_kernels.conv_choice import Winograd, cheapest_algorithm
from netproto.ops.reference.bound import Finish

from . import naive
from .backends import BACKENDS, drawn, spoil, worst
from .test_convolution import CASES, Case

FINISHES = {"plain": (False, 1.0), "relu": (False, 0.0), "leaky": (False, 0.1), "sum": (True, 1.0), "sum and relu": (True, 0.0)}


def finished(y: np.ndarray, add: np.ndarray | None, slope: float) -> np.ndarray:
    total = y if add is None else y + add
    return np.where(total > 0, total, slope * total)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_a_bound_convolution(name: str, backend: str) -> None:
    ops, case = BACKENDS[backend], CASES[name]
    x, w, bias, top = problem(ops, case)
    plain = naive.conv(x, w, None, np.zeros(top), case.geo.kernel, case.geo.stride, case.geo.pad, case.geo.dilation, case.group)[0]
    for number, (adds, slope) in enumerate(FINISHES.values()):
        level = bias if number % 2 else None
        add = drawn(ops, *top, seed=9) if adds else None
        y = np.full(top, np.nan, ops.dtype)
        spoil(ops)
        run = ops.bound_conv(x, w, level, y, geo=case.geo, finish=Finish(add, slope))
        wanted = plain if level is None else plain + bias.reshape(-1, *(1,) * len(case.spatial))
        for _ in range(2):
            spoil(ops)
            run()
            assert worst(y, finished(wanted, add, slope)) < 1e-5


@pytest.mark.parametrize("backend", [backend for backend, ops in BACKENDS.items() if ops.writes_channels])
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if len(case.spatial) == 2])
def test_a_bound_convolution_writes_to_some_channels(name: str, backend: str) -> None:
    ops, case = BACKENDS[backend], CASES[name]
    x, w, bias, top = problem(ops, case)
    whole = np.full((top[0], top[1] + 5, *top[2:]), 7, ops.dtype)
    wanted = np.array(whole)
    alone, add = np.empty(top, ops.dtype), drawn(ops, *top, seed=9)
    for finish in (Finish(slope=0.0), Finish(add, 0.0)):
        ops.bound_conv(x, w, bias, alone, geo=case.geo, finish=finish)()
        ops.bound_conv(x, w, bias, whole[:, 3:-2], geo=case.geo, finish=finish)()
        wanted[:, 3:-2] = alone
        assert worst(whole, wanted) < 1e-5
        np.testing.assert_array_equal(whole[:, :3], 7)
        np.testing.assert_array_equal(whole[:, -2:], 7)


def test_a_bound_operation_reads_weights_once_and_data_each_time() -> None:
    ops, case = CpuOps(threads=2), CASES["3x3"]
    x, w, bias, top = problem(ops, case)
    y, again = np.empty(top, ops.dtype), np.empty(top, ops.dtype)
    run = ops.bound_conv(x, w, bias, y, geo=case.geo, finish=Finish())
    x *= 2
    run()
    ops.conv(x, w, bias, again, geo=case.geo)
    assert worst(y, again) < 1e-5


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize(("rows", "inputs", "outputs"), [(1, 7, 5), (1, 300, 70), (2, 33, 16), (3, 64, 129), (17, 50, 35)])
def test_a_bound_inner_product(rows: int, inputs: int, outputs: int, transpose: bool, backend: str) -> None:
    ops = BACKENDS[backend]
    x, bias = drawn(ops, rows, inputs), drawn(ops, outputs)
    w = drawn(ops, *((inputs, outputs) if transpose else (outputs, inputs)))
    plain = x.astype("float64") @ (w if transpose else w.T).astype("float64")
    for number, (adds, slope) in enumerate(FINISHES.values()):
        level, add = (bias if number % 2 else None), drawn(ops, rows, outputs, seed=9) if adds else None
        y = np.full((rows, outputs), np.nan, ops.dtype)
        run = ops.bound_linear(x, w, level, y, transpose=transpose, finish=Finish(add, slope))
        for _ in range(2):
            spoil(ops)
            run()
            assert worst(y, finished(plain if level is None else plain + bias, add, slope)) < 1e-5


@pytest.mark.parametrize("name", ["3x3", "1x1", "7x7 strided", "depthwise", "batch of one"])
def test_the_number_of_workers_changes_no_bit_of_a_convolution(name: str) -> None:
    case, made = CASES[name], []
    for ops in (CpuOps(threads=count) for count in (1, 2, 3)):
        x, w, bias, top = problem(ops, case)
        made.append(np.empty(top, "float32"))
        ops.bound_conv(x, w, bias, made[-1], geo=case.geo, finish=Finish(slope=0.1))()
    np.testing.assert_array_equal(made[1], made[0])
    np.testing.assert_array_equal(made[2], made[0])


@pytest.mark.parametrize("rows", [1, 3, 6])
def test_the_number_of_workers_changes_no_bit_of_an_inner_product(rows: int) -> None:
    made = []
    for ops in (CpuOps(threads=count) for count in (1, 2, 3)):
        x, w, bias = drawn(ops, rows, 4001), drawn(ops, 1003, 4001), drawn(ops, 1003)
        made.append(np.empty((rows, 1003), "float32"))
        ops.bound_linear(x, w, bias, made[-1], transpose=False, finish=Finish())()
    np.testing.assert_array_equal(made[1], made[0])
    np.testing.assert_array_equal(made[2], made[0])


@pytest.mark.parametrize("slope", [0.0, 0.1, 1.0])
def test_infinities_and_nan_go_through_a_finish_as_through_relu(slope: float) -> None:
    ops, case = CpuOps(threads=1), Case(4, 16, 16, (16, 16), 3, pad=1)
    x, w, bias, top = problem(ops, case)
    add, y, wanted = np.zeros(top, "float32"), np.empty(top, "float32"), np.empty(top, "float32")
    add[0, 0, 0, :4] = np.inf, -np.inf, np.nan, 1e30
    ops.bound_conv(x, w, bias, y, geo=case.geo, finish=Finish(add, slope))()
    ops.conv(x, w, bias, wanted, geo=case.geo)
    wanted += add
    ops.relu(wanted, wanted, slope=slope)
    np.testing.assert_allclose(y[0, 0, 0, :4], wanted[0, 0, 0, :4])


def test_small_maps_go_by_products_and_large_ones_by_short_algorithms() -> None:
    geo = CASES["3x3"].geo
    chosen = {size: cheapest_algorithm((1, 160, size, size), (320, 160, 3, 3), geo) for size in (7, 14, 112)}
    assert [way.outputs if way else None for way in chosen.values()] == [None, 4, 6]
    assert cheapest_algorithm((16, 3, 224, 224), (64, 3, 3, 3), geo) is None
    eleven = CASES["11x11 strided"].geo
    assert cheapest_algorithm((1, 3, 227, 227), (96, 3, 11, 11), eleven) == Winograd(5, 3)


def problem(ops: Ops, case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, ...]]:
    """x, w, bias and the shape of the top."""
    spatial = naive.conv_shape(case.spatial, case.geo.kernel, case.geo.stride, case.geo.pad, case.geo.dilation)
    x, w = drawn(ops, case.batch, case.channels, *case.spatial), drawn(ops, case.filters, case.channels // case.group, *case.geo.kernel)
    return x, w, drawn(ops, case.filters), (case.batch, case.filters, *spatial)
