"""Convolution against loops: every backend, every algorithm, every geometry."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pytest

from netproto.ops import cpu_convolution
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.ops.cpu_kernels import conv_choice, depthwise, direct, gemm_conv, pointwise, streaming, winograd
from netproto.ops.geometry import ConvGeometry

from . import naive
from .backends import BACKENDS, drawn, spoil, spoilt, worst

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A convolution; a number stands for all axes."""

    batch: int
    channels: int
    filters: int
    spatial: tuple[int, ...]
    kernel: int | tuple[int, ...]
    stride: int | tuple[int, ...] = 1
    pad: int | tuple[int, ...] = 0
    dilation: int | tuple[int, ...] = 1
    group: int = 1

    @property
    def geo(self) -> ConvGeometry:
        axes = (self.kernel, self.stride, self.pad, self.dilation)
        return ConvGeometry(*(a if isinstance(a, tuple) else (a,) * len(self.spatial) for a in axes), self.group)


CASES = {
    "plain": Case(2, 3, 5, (7, 9), 3),
    "pad": Case(3, 4, 7, (6, 11), 3, pad=1),
    "pad beyond kernel": Case(2, 3, 5, (4, 5), 2, pad=3),
    "stride beyond kernel": Case(2, 5, 3, (11, 8), 2, stride=3),
    "axes differ": Case(2, 4, 6, (11, 8), (3, 2), stride=(2, 1), pad=(1, 2), dilation=(1, 3), group=2),
    "dilated": Case(1, 3, 9, (12, 13), 3, pad=2, dilation=2),
    "1x1": Case(3, 7, 20, (5, 9), 1),
    "1x1 strided": Case(2, 7, 5, (7, 6), 1, stride=2),
    "1x1 in whole blocks": Case(3, 24, 40, (4, 12), 1),
    "1x1 in broken blocks": Case(5, 136, 24, (5, 9), 1),
    "1x1 of long rows": Case(2, 16, 264, (9, 43), 1, stride=(1, 2)),
    "1x1 of every second pixel": Case(2, 8, 16, (9, 34), 1, stride=2),
    "1x1 of few pixels": Case(3, 8, 16, (11, 8), 1, stride=(2, 3)),
    "whole map": Case(3, 5, 17, (4, 6), (4, 6)),
    "batch of one": Case(1, 6, 33, (9, 7), 3, pad=1),
    "7x7 strided": Case(2, 3, 16, (23, 21), 7, stride=2, pad=3),
    "wide": Case(2, 3, 4, (6, 50), (2, 5), pad=2, stride=(1, 3)),
    "wide strided": Case(1, 3, 5, (9, 75), 3, stride=2, pad=1),
    "groups": Case(2, 6, 9, (7, 8), 3, pad=1, group=3),
    "one axis": Case(2, 6, 9, (17,), 4, stride=3, pad=2, group=3),
    "three axes": Case(2, 3, 4, (4, 5, 6), (2, 3, 2), stride=(1, 2, 1), pad=(1, 0, 1)),
    "three axes in groups": Case(2, 4, 6, (7, 5, 6), (3, 2, 2), stride=(2, 1, 1), pad=(2, 0, 1), dilation=(2, 1, 2), group=2),
    "three axes, padding alone": Case(1, 2, 3, (1, 5, 4), (3, 2, 2), stride=(2, 1, 1), pad=(4, 0, 0)),
    "no axis": Case(3, 5, 4, (), ()),
    "depthwise": Case(2, 5, 5, (7, 9), 3, pad=1, group=5),
    "depthwise strided": Case(2, 3, 6, (9, 8), (3, 2), stride=2, pad=1, group=3),
    "depthwise dilated": Case(1, 4, 8, (12, 11), (2, 3), stride=(1, 3), pad=(0, 1), dilation=(2, 1), group=4),
    "depthwise of many columns": Case(2, 3, 3, (19, 37), 3, stride=2, pad=1, group=3),
    "depthwise of a large filter": Case(1, 2, 2, (8, 21), (4, 5), stride=(1, 2), pad=2, group=2),
    "3x3": Case(8, 20, 24, (13, 11), 3, pad=1),
    "3x3 groups": Case(9, 36, 40, (9, 14), 3, pad=(1, 0), group=2),
    "5x5": Case(9, 18, 34, (7, 10), 5, pad=2),
    "11x11 strided": Case(3, 2, 17, (51, 43), 11, stride=4, pad=1),
}
SHORT = {"3x3": (4, 5, 6), "3x3 groups": (4, 5, 6), "5x5": (3, 4), "11x11 strided": (4, 5, 6)}


def run(ops: Ops, case: Case, *, bias: bool = True) -> list[np.ndarray]:
    """y, dx, dw - 1, db - 2, from arrays and workspaces that hold nothing sensible."""
    geo, top = case.geo, naive.conv_shape(case.spatial, case.geo.kernel, case.geo.stride, case.geo.pad, case.geo.dilation)
    x, w, b, dy = arrays(ops, case, top)
    y, dx, dw, db = spoilt(ops, dy.shape), spoilt(ops, x.shape), np.ones(w.shape, ops.dtype), np.full(b.shape, 2, ops.dtype)
    spoil(ops)
    ops.conv(x, w, b if bias else None, y, geo=geo)
    spoil(ops)
    ops.conv_backward(x, w, dy, dx, dw, db, geo=geo)
    return [y, dx, dw - 1, db - 2]


def arrays(ops: Ops, case: Case, top: tuple[int, ...]) -> list[np.ndarray]:
    x = drawn(ops, case.batch, case.channels, *case.spatial)
    w = drawn(ops, case.filters, case.channels // case.group, *case.geo.kernel)
    return [x, w, drawn(ops, case.filters), drawn(ops, case.batch, case.filters, *top)]


def expected(case: Case, *, bias: bool = True) -> tuple[np.ndarray, ...]:
    geo = case.geo
    x, w, b, dy = arrays(BACKENDS["portable"], case, naive.conv_shape(case.spatial, geo.kernel, geo.stride, geo.pad, geo.dilation))
    return naive.conv(x, w, b if bias else None, dy, geo.kernel, geo.stride, geo.pad, geo.dilation, geo.group)


def check(got: list[np.ndarray], wanted: tuple[np.ndarray, ...], tolerance: float = 1e-5) -> None:
    for name, a, b in zip(("y", "dx", "dw", "db"), got, wanted, strict=True):
        assert worst(a, b) < tolerance, name


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", CASES)
def test_values(case: str, backend: str) -> None:
    check(run(BACKENDS[backend], CASES[case]), expected(CASES[case]))


@pytest.mark.parametrize("case", CASES)
def test_the_number_of_workers_changes_no_bit(case: str) -> None:
    results = [run(BACKENDS[name], CASES[case]) for name in ("cpu", "one worker", "three workers")]
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", ["plain", "3x3", "depthwise", "one axis", "1x1 in whole blocks"])
@pytest.mark.parametrize("backend", ["portable", "cpu"])
def test_without_bias(case: str, backend: str) -> None:
    check(run(BACKENDS[backend], CASES[case], bias=False), expected(CASES[case], bias=False))


@pytest.mark.parametrize("backend", ["portable", "cpu"])
@pytest.mark.parametrize("wanted", ["dx", "dw", "db"])
@pytest.mark.parametrize("case", ["plain", "3x3", "11x11 strided", "depthwise", "three axes", "1x1 of long rows"])
def test_one_gradient_alone(case: str, wanted: str, backend: str) -> None:
    ops, geo = BACKENDS[backend], CASES[case].geo
    x, w, _, dy = arrays(ops, CASES[case], naive.conv_shape(CASES[case].spatial, geo.kernel, geo.stride, geo.pad, geo.dilation))
    all_three = dict(zip(("dx", "dw", "db"), expected(CASES[case])[1:], strict=True))
    made = np.zeros(all_three[wanted].shape, ops.dtype)
    given = [made if name == wanted else None for name in ("dx", "dw", "db")]
    ops.conv_backward(x if wanted == "dw" else None, w, dy, *given, geo=geo)
    assert worst(made, all_three[wanted]) < 1e-5


@pytest.mark.parametrize("case", [name for name in CASES if len(CASES[name].spatial) == 2])
def test_products_of_unfolded_windows_do_them_all(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_convolution, "is_depthwise", lambda *_: False)
    monkeypatch.setattr(cpu_convolution, "short_algorithm", lambda *_: None)
    monkeypatch.setattr(cpu_convolution, "is_direct", lambda *_: False)
    monkeypatch.setattr(pointwise, "suits", lambda *_: False)
    monkeypatch.setattr(gemm_conv, "PIECE", 2000)  # so that a batch takes several pieces
    check(run(CpuOps(threads=2), CASES[case]), expected(CASES[case]), 2e-6)


@pytest.mark.parametrize("case", [name for name in CASES if len(CASES[name].spatial) == 2 and CASES[name].group == 1])
@pytest.mark.parametrize("threads", [1, 3])
def test_windows_can_be_read_where_they_lie(case: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_convolution, "short_algorithm", lambda *_: None)
    monkeypatch.setattr(cpu_convolution, "is_direct", lambda *_: True)
    monkeypatch.setattr(direct, "PIECE", 1000)  # so that a map takes several pieces
    check(run(CpuOps(threads=threads), CASES[case]), expected(CASES[case]), 2e-6)


@pytest.mark.parametrize("case", [name for name in CASES if name.startswith(("1x1 in", "1x1 of"))])
@pytest.mark.parametrize("threads", [1, 3])
def test_matrices_of_1x1_are_taken_in_pieces(case: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STEP", 48), ("TERMS", 32), ("HEIGHT", 16), ("SUMS", 1)):
        monkeypatch.setattr(pointwise, name, value)
    assert pointwise.suits(weights(CASES[case]), CASES[case].geo)
    check(run(CpuOps(threads=threads), CASES[case]), expected(CASES[case]), 2e-6)


@pytest.mark.parametrize("threads", [1, 3])
def test_large_results_of_1x1_pass_the_caches_by(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    case, ops = CASES["1x1 in whole blocks"], CpuOps(threads=threads)
    x, w, _, dy = arrays(ops, case, case.spatial)
    y, wanted = ops.empty(dy.shape), ops.empty(dy.shape)
    ops.conv(x, w, None, wanted, geo=case.geo)
    monkeypatch.setattr(streaming, "LARGE", 1)
    assert streaming.passes_by(y.reshape(*y.shape[:2], -1))
    ops.conv(x, w, None, y, geo=case.geo)
    np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize(("case", "outputs"), [(case, m) for case in SHORT for m in SHORT[case]])
def test_every_short_algorithm(case: str, outputs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conv_choice, "OUTPUTS", {3: (outputs,), 5: (outputs,)})
    monkeypatch.setattr(conv_choice, "FEWEST_TILES", 1)
    monkeypatch.setattr(winograd, "FORWARD_TILES", 8)
    monkeypatch.setattr(winograd, "BACKWARD_PLANES", 50000)
    assert conv_choice.short_algorithm(
        (CASES[case].batch, CASES[case].channels, *CASES[case].spatial), weights(CASES[case]), CASES[case].geo
    )
    check(run(CpuOps(threads=2), CASES[case]), expected(CASES[case]))


def weights(case: Case) -> tuple[int, ...]:
    return (case.filters, case.channels // case.group, *case.geo.kernel)


def test_few_tiles_are_shared_by_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conv_choice, "FEWEST_TILES", 1)
    case = Case(1, 20, 70, (7, 6), 3, pad=1)
    check(run(CpuOps(threads=2), case), expected(case))


@pytest.mark.parametrize(
    ("x", "w", "options", "chosen"),
    [
        ((64, 256, 13, 13), (384, 256, 3, 3), {"pad": 1}, (5, 3)),
        ((64, 96, 27, 27), (256, 48, 5, 5), {"pad": 2, "group": 2}, (4, 5)),
        ((64, 3, 227, 227), (96, 3, 11, 11), {"stride": 4}, (5, 3)),
        ((4, 64, 224, 224), (64, 64, 3, 3), {"pad": 1}, (6, 3)),
        ((1, 256, 13, 13), (384, 256, 3, 3), {"pad": 1}, None),  # few tiles
        ((4, 3, 224, 224), (64, 3, 3, 3), {"pad": 1}, None),  # few channels
        ((16, 64, 56, 56), (64, 64, 1, 1), {}, None),
        ((16, 64, 56, 56), (64, 64, 3, 3), {"pad": 2, "dilation": 2}, None),
        ((16, 64, 56, 56), (64, 64, 3, 3), {"pad": 1, "stride": 2}, None),
    ],
)
def test_choice(x: Shape, w: Shape, options: dict[str, int], chosen: Shape | None) -> None:
    pair = {name: (options.get(name, default),) * 2 for name, default in (("stride", 1), ("pad", 0), ("dilation", 1))}
    found = conv_choice.short_algorithm(x, w, ConvGeometry(w[2:], **pair, group=options.get("group", 1)))
    assert (found and (found.outputs, found.taps)) == chosen


@pytest.mark.parametrize("module", [depthwise, direct, gemm_conv, pointwise, winograd])
def test_a_case_reaches_each_algorithm(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    forward = module.forward
    monkeypatch.setattr(module, "forward", lambda *args: used.append(module) or forward(*args))
    for name in ("plain", "3x3", "depthwise", "1x1", "1x1 in whole blocks"):
        run(BACKENDS["cpu"], CASES[name])
    assert used


@pytest.mark.parametrize("spoiled", ["dtype", "order"])
def test_other_arrays_run_on_the_portable_version(spoiled: str) -> None:
    case, ops = CASES["plain"], CpuOps(threads=2)
    x, w, b, dy = arrays(BACKENDS["portable"], case, (5, 7))
    if spoiled == "dtype":
        ops = CpuOps("float64", threads=2)
        x, w, b, dy = (a.astype("float64") for a in (x, w, b, dy))
    else:
        x = np.asfortranarray(x)
    y = spoilt(ops, dy.shape)
    ops.conv(x, w, b, y, geo=case.geo)
    assert worst(y, expected(case)[0]) < 1e-6


@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize("case", CASES)
def test_a_relu_can_be_taken_along(case: str, slope: float) -> None:
    ops, shape = BACKENDS["cpu"], CASES[case]
    geo = shape.geo
    x, w, b, _ = arrays(ops, shape, geo.out_shape(shape.spatial))
    y = ops.empty((shape.batch, shape.filters, *geo.out_shape(shape.spatial)))
    ops.conv(x, w, b, y, geo=geo)
    wanted = np.where(y > 0, y, np.float32(slope) * y)
    spoil(ops)
    y.fill(np.nan)
    ops.rectified_conv(x, w, b, y, geo=geo, slope=slope)
    np.testing.assert_array_equal(y, wanted)
