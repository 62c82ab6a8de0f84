"""Programs: what their operations make one after the other, whatever lies in their memory, and the same bits for any number of workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from netproto.ops import cpu_lowering, cpu_parts
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.ops.cpu_kernels import blocked_short_plan
from netproto.ops.cpu_kernels import program as kernel
from netproto.ops.cpu_kernels.blocked_plan import Plan
from netproto.ops.cpu_kernels.blocked_short_plan import ShortPlan
from netproto.ops.geometry import ConvGeometry, PoolGeometry
from netproto.ops.reference.program import Convolve, Instruction, Normalise, Pool, Product, Rectify, Weights

from .backends import BACKENDS, drawn, worst
from .test_convolution import CASES, Case
from .test_pooling import CASES as POOLINGS

MORE = {
    "whole blocks": Case(2, 32, 48, (9, 30), 3, pad=1),
    "many channels": Case(1, 528, 40, (5, 6), 3, pad=1),
    "1x1 of many channels": Case(2, 1040, 24, (3, 5), 1),
    "blocks in groups": Case(3, 64, 96, (9, 11), 3, stride=2, pad=1, group=2),
    "depthwise of whole blocks": Case(2, 32, 32, (15, 13), 3, stride=2, pad=1, group=32),
    "picture": Case(2, 3, 20, (31, 37), 11, stride=4),
    "later bands": Case(1, 96, 16, (70, 40), 3, pad=1),
}
ALL = CASES | MORE
TAKEN = ["cpu", "one worker", "three workers"]
PORTABLE = Ops("float64")
Arrays = dict[int, np.ndarray]


def convolution(case: Case, x: int = 0, y: int = 1, **more: Any) -> tuple[Convolve, Weights, tuple[int, ...]]:
    """With its weights, and the shape of its top."""
    w = drawn(PORTABLE, case.filters, case.channels // case.group, *case.geo.kernel, seed=1)
    top = case.batch, case.filters, *case.geo.out_shape(case.spatial)
    return Convolve(x, y, w.shape, case.geo, **more), (w, drawn(PORTABLE, case.filters, seed=2)), top


def made(ops: Ops, program: Sequence[tuple[Instruction, Weights | None]], shapes: Mapping[int, Any], given: Sequence[int]) -> Arrays:
    """The values that are given, after the program has run twice: the second time over memory that holds nothing but NaN."""
    learned = [weights and tuple(None if w is None else np.ascontiguousarray(w, ops.dtype) for w in weights) for _, weights in program]
    arrays = {value: drawn(ops, *shapes[value], seed=value) for value in given}
    run = ops.bound_program([instruction for instruction, _ in program], learned, shapes, given)
    run({value: np.array(array) for value, array in arrays.items()})
    for memory in getattr(getattr(run, "__self__", None), "memory", {}).values():
        memory.fill(np.nan)
    run(arrays)
    return arrays


def agree(program: Sequence[tuple[Instruction, Weights | None]], shapes: Mapping[int, Any], given: Sequence[int], ops: Ops) -> None:
    wanted = made(PORTABLE, program, shapes, given)
    got = made(ops, program, shapes, given)
    for value in given:
        assert worst(got[value], wanted[value]) < 1e-5, value


def is_taken(name: str) -> bool:
    return len(ALL[name].spatial) == 2 and CpuOps().takes(convolution(ALL[name])[0])


@pytest.mark.parametrize("backend", [*TAKEN, "portable"])
@pytest.mark.parametrize("name", [name for name in ALL if is_taken(name)])
def test_a_convolution(name: str, backend: str) -> None:
    case = ALL[name]
    instruction, weights, top = convolution(case, slope=0.1)
    shapes = {0: (case.batch, case.channels, *case.spatial), 1: top, 2: top}
    agree([(instruction, weights)], shapes, [0, 1], BACKENDS[backend])
    if case.group == 1 or case.group < case.channels:
        agree([(replace(instruction, add=2), (weights[0], None))], shapes, [0, 1, 2], BACKENDS[backend])


@pytest.mark.parametrize("short", [(m, r) for r, each in blocked_short_plan.OUTPUTS.items() for m in each])
@pytest.mark.parametrize("backend", TAKEN)
def test_short_algorithms(short: tuple[int, int], backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    m, r = short
    monkeypatch.setattr(cpu_lowering, "shortest", lambda plan: ShortPlan(plan, m))
    for case in (
        Case(2, 64, 64, (14, 14), r, pad=r // 2),
        Case(1, 32, 96, (17, 13), r, pad=r - 1, group=2),
        Case(3, 40, 24, (13, 11), r),
        Case(5, 20, 50, (7, 30), r, pad=1),
    ):
        instruction, weights, top = convolution(case, slope=0.1, add=2)
        agree([(instruction, weights)], {0: (case.batch, case.channels, *case.spatial), 1: top, 2: top}, [0, 1, 2], BACKENDS[backend])


def test_it_is_short_where_that_pays() -> None:
    def short(case: Case) -> ShortPlan | None:
        filters = case.filters, case.channels // case.group, *case.geo.kernel
        shape = case.batch, case.channels, *case.spatial
        return blocked_short_plan.shortest(cpu_lowering.plan_of(shape, filters, case.geo, plain=False, channelwise=False))

    assert short(Case(8, 256, 256, (14, 14), 3, pad=1)) == ShortPlan(short(Case(8, 256, 256, (14, 14), 3, pad=1)).plan, 5)
    for case in (
        Case(1, 512, 512, (3, 3), 3, pad=1),
        Case(8, 256, 256, (14, 14), 3, pad=1, stride=2),
        Case(8, 256, 256, (14, 14), 3, pad=2, dilation=2),
        Case(8, 256, 256, (14, 14), 3, pad=3),
        Case(8, 256, 256, (14, 14), (3, 5), pad=1),
        Case(8, 256, 256, (14, 14), 7, pad=3),
        Case(8, 256, 256, (14, 14), 1),
    ):
        assert short(case) is None


@pytest.mark.parametrize("slope", [1.0, 0.0])
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("name", [name for name in POOLINGS if name != "empty windows"])
def test_pooling(name: str, average: bool, slope: float) -> None:
    size, kernel, stride, pad, out = POOLINGS[name]
    program = [(Pool(0, 1, PoolGeometry(kernel, stride, pad, out), average), None), (Rectify(1, 1, slope), None)]
    agree(program, {0: (2, 19, *size), 1: (2, 19, *out)}, [0, 1], BACKENDS["cpu"])


def test_empty_windows_and_nan() -> None:
    geo = PoolGeometry((1, 1), (4, 4), (0, 0), (2, 1))
    x, y = np.ones((1, 3, 3, 3), "float32"), np.zeros((1, 3, 2, 1), "float32")
    CpuOps().bound_program([Pool(0, 1, geo, average=False)], [None], {0: x.shape, 1: y.shape}, [0, 1])({0: x, 1: y})
    np.testing.assert_array_equal(y[0, 0, :, 0], [1, -np.finfo("float32").max])
    x[0, 1, 0, 0] = np.nan
    CpuOps().bound_program([Rectify(0, 1, 0.0)], [None], {0: x.shape, 1: x.shape}, [0, 1])({0: x, 1: (top := np.zeros_like(x))})
    np.testing.assert_array_equal(top, x)


@pytest.mark.parametrize("batch", [1, 4, 5, 37])
@pytest.mark.parametrize("backend", TAKEN)
def test_rows(batch: int, backend: str) -> None:
    """A product of a map, with a sum; of rows; and probabilities."""
    program = [
        (Rectify(0, 1, 0.3), None),
        (Product(1, 2, 3 * 5 * 7, 21, add=5, slope=0.1), (drawn(PORTABLE, 21, 105, seed=1) / 10, drawn(PORTABLE, 21, seed=2))),
        (Product(2, 3, 21, 10), (drawn(PORTABLE, 10, 21, seed=3) / 5, None)),
        (Normalise(3, 4), None),
    ]
    shapes = {0: (batch, 3, 5, 7), 1: (batch, 3, 5, 7), 2: (batch, 21), 3: (batch, 10), 4: (batch, 10), 5: (batch, 21)}
    agree(program, shapes, [0, 2, 4, 5], BACKENDS[backend])


def net(n: int = 2) -> tuple[list[tuple[Instruction, Weights | None]], dict[int, Any]]:
    """Two convolutions that write to their parts of a value, which a third one reads, a sum with what came before, and products."""
    a, b = Case(n, 3, 32, (12, 10), 3, pad=1), Case(n, 32, 16, (12, 10), 3, pad=1)
    first, second = convolution(a, 0, 1, slope=0.0), convolution(b, 1, 2, slope=0.0)
    third = convolution(Case(n, 32, 32, (12, 10), 1), 1, 2, channel=16)
    fourth = convolution(Case(n, 48, 32, (12, 10), 3, pad=1), 2, 3, add=1)
    program: list[Any] = [(each[0], each[1]) for each in (first, second, third, fourth)]
    program += [
        (Pool(3, 4, PoolGeometry((2, 2), (2, 2), (0, 0), (6, 5)), average=False), None),
        (Product(4, 5, 960, 7), (drawn(PORTABLE, 7, 960, seed=4) / 30, None)),
    ]
    return program, {0: (n, 3, 12, 10), 1: first[2], 2: (n, 48, 12, 10), 3: fourth[2], 4: (n, 32, 6, 5), 5: (n, 7)}


@pytest.mark.parametrize("given", [[0, 5], [0, 1, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]])
@pytest.mark.parametrize("backend", TAKEN)
def test_several_together(given: list[int], backend: str) -> None:
    agree(*net(), given, BACKENDS[backend])


@pytest.mark.parametrize("given", [[0, 5], [0, 1, 5], [0, 2, 3, 5]])
@pytest.mark.parametrize(("near", "parts"), [(1, 5), (120_000, 3)])
def test_a_batch_goes_through_the_first_steps_in_parts(near: int, parts: int, given: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_parts, "NEAR", near)
    monkeypatch.setattr(cpu_parts, "SHARE", 0)
    program, shapes = net(5)
    agree(program, shapes, given, BACKENDS["cpu"])
    run: Any = BACKENDS["cpu"].bound_program([what for what, _ in program], [weights for _, weights in program], shapes, given)
    kinds = [step.what for step in run.__self__.parts.steps]
    assert sum(kinds.count(kind) for kind in (kernel.CONVOLVE, *kernel.SHORT.values())) == 4 * parts
    assert kinds.count(kernel.MANY_ROWS) == 1


def test_the_bits_are_the_same_for_any_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netproto.ops.cpu_program.WORTH", 0)
    one, *others = (made(BACKENDS[backend], *net(), [0, 3, 5]) for backend in ("one worker", "cpu", "three workers"))
    for other in others:
        for value, array in one.items():
            np.testing.assert_array_equal(other[value], array)


def test_within_a_task_a_program_has_one_worker() -> None:
    ops, (program, shapes) = CpuOps(threads=2), net()
    runs = [partial(made, ops, program, shapes, [0, 5]) for _ in range(4)]
    results: list[Arrays] = []
    ops.side_by_side([lambda run=run: results.append(run()) for run in runs])
    for result in results:
        np.testing.assert_array_equal(result[5], made(ops, program, shapes, [0, 5])[5])


def test_what_is_not_taken() -> None:
    ops = CpuOps()
    plain = convolution(Case(1, 32, 32, (9, 9), 3))[0]
    assert ops.takes(plain)
    assert not ops.takes(replace(plain, channel=8))
    assert not ops.takes(replace(plain, filters=(24, 8, 3, 3), geo=replace(plain.geo, group=4)))
    assert not ops.takes(replace(plain, filters=(64, 1, 3, 3), geo=replace(plain.geo, group=32)))
    assert not ops.takes(replace(plain, filters=(32, 1, 3, 3), geo=replace(plain.geo, group=32), add=3))
    assert not ops.takes(replace(plain, filters=(32, 32, 3), geo=ConvGeometry((3,), (1,), (0,), (1,))))
    for instruction in (plain, Rectify(0, 1, 0.0), Normalise(0, 1)):
        assert not CpuOps("float64").takes(instruction)
        assert not Ops().takes(instruction)


def test_plans_cover_every_output() -> None:
    """Bands and chunks, for maps and workers of any size."""
    for rows, columns, channels, workers in [(1, 1, 16, 3), (7, 7, 512, 2), (224, 224, 64, 2), (13, 200, 2048, 5), (40, 3, 16, 1)]:
        geo = ConvGeometry((3, 3), (1, 1), (1, 1), (1, 1))
        plan = cpu_lowering.plan_of((2, channels, rows, columns), (32, channels, 3, 3), geo, plain=False, channelwise=False)
        assert isinstance(plan, Plan)
        told = cpu_lowering.told(plan, np.zeros(plan.filters, "float32"), workers)
        assert (told.numbers["bands"] - 1) * told.numbers["rows"] < rows <= told.numbers["bands"] * told.numbers["rows"]
        assert told.workspace["copies"] * 4 == workers * told.numbers["chunk"] * told.numbers["copy"]


@pytest.mark.parametrize("by_filters", [False, True])
def test_a_channelwise_convolution_is_divided_as_what_it_reads(by_filters: bool) -> None:
    geo = ConvGeometry((3, 3), (1, 1), (1, 1), (1, 1), 64)
    plan = cpu_lowering.plan_of((1, 64, 14, 14), (64, 1, 3, 3), geo, plain=False, channelwise=True)
    told = cpu_lowering.told_channelwise(plan, np.zeros(plan.filters, "float32"), 2, by_filters=by_filters)
    assert told.numbers["by_filters"] == by_filters
    assert told.numbers["bands"] == (1 if by_filters else 2)
