"""BatchNorm with what follows it against the formula in float64: every backend, runs shorter and longer than vectors and groups."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.ops.base import Ops
from netproto.ops.cpu_kernels import streaming

from .backends import BACKENDS, drawn, spoil, spoilt, worst

SHAPES = [(3, 5, 7), (2, 35, 16), (1, 7, 49), (4, 3, 5003), (3, 300, 37)]
EPS = 1e-3


def run(ops: Ops, shape: tuple[int, ...], slope: float, *, scaled: bool = True, in_place: bool = False) -> list[np.ndarray]:
    """y, mean, var, dx, dscale - 1, dshift - 2."""
    x, dy, scale, shift = drawn(ops, *shape), drawn(ops, *shape, seed=1), drawn(ops, shape[1]), drawn(ops, shape[1], seed=1)
    y, mean, var = spoilt(ops, shape), spoilt(ops, scale.shape), spoilt(ops, scale.shape)
    dx, dscale, dshift = dy if in_place else spoilt(ops, shape), np.ones_like(scale), np.full_like(scale, 2)
    scales = (scale, shift, dscale, dshift) if scaled else (None,) * 4
    spoil(ops)
    ops.normal_chain(x, mean, var, scales[0], scales[1], y, eps=EPS, slope=slope)
    spoil(ops)
    ops.normal_chain_backward(x, mean, var, scales[0], y, dy, dx, scales[2], scales[3], eps=EPS, slope=slope)
    return [y, mean, var, dx, dscale - 1, dshift - 2]


def expected(shape: tuple[int, ...], slope: float, *, scaled: bool = True) -> list[np.ndarray]:
    ops, axes = BACKENDS["portable"], (0, 2)
    x, dy, scale, shift = (
        a.astype("float64") for a in (drawn(ops, *shape), drawn(ops, *shape, seed=1), drawn(ops, shape[1]), drawn(ops, shape[1], seed=1))
    )
    if not scaled:
        scale, shift = np.ones_like(scale), np.zeros_like(shift)
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    unit = (x - mean) / np.sqrt(var + EPS)
    linear = unit * scale[:, None] + shift[:, None]
    g = np.where(linear > 0, dy, slope * dy)
    dscale, dshift = (g * unit).sum(axes), g.sum(axes)
    up = g * scale[:, None]
    dx = (up - up.mean(axes, keepdims=True) - unit * (up * unit).mean(axes, keepdims=True)) / np.sqrt(var + EPS)
    gradients = [dscale, dshift] if scaled else [np.zeros_like(scale)] * 2
    return [np.where(linear > 0, linear, slope * linear), mean.ravel(), var.ravel(), dx, *gradients]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_values(shape: tuple[int, ...], slope: float, backend: str) -> None:
    for got, wanted in zip(run(BACKENDS[backend], shape, slope), expected(shape, slope), strict=True):
        assert worst(got, wanted) < 1e-5


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_without_a_scale_and_in_place(slope: float) -> None:
    for got, wanted in zip(
        run(BACKENDS["cpu"], (3, 5, 77), slope, scaled=False, in_place=True), expected((3, 5, 77), slope, scaled=False), strict=True
    ):
        assert worst(got, wanted) < 1e-5


@pytest.mark.parametrize("shape", SHAPES)
def test_the_number_of_workers_changes_no_bit(shape: tuple[int, ...]) -> None:
    results = [run(BACKENDS[name], shape, 0.0) for name in ("cpu", "one worker", "three workers")]
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_what_is_no_number_stays_so(slope: float) -> None:
    ops = BACKENDS["cpu"]
    x = drawn(ops, 2, 3, 20)
    x[0, 1, 3] = np.nan
    y, mean, var = spoilt(ops, x.shape), spoilt(ops, (3,)), spoilt(ops, (3,))
    ops.normal_chain(x, mean, var, None, None, y, eps=EPS, slope=slope)
    assert np.isnan(y[:, 1]).all()
    assert not np.isnan(y[:, ::2]).any()


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_a_large_result_passes_the_caches_by(slope: float, monkeypatch: pytest.MonkeyPatch) -> None:
    ops, shape = BACKENDS["three workers"], (3, 7, 48)
    x, mean, var = drawn(ops, *shape), ops.empty((7,)), ops.empty((7,))
    y, wanted = ops.empty(shape), ops.empty(shape)
    ops.normal_chain(x, mean, var, None, None, wanted, eps=EPS, slope=slope)
    monkeypatch.setattr(streaming, "LARGE", 1)
    assert streaming.passes_by(y)
    ops.normal_chain(x, mean, var, None, None, y, eps=EPS, slope=slope)
    np.testing.assert_array_equal(y, wanted)
