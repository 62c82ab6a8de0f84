"""Softmax in slabs gives what the portable operations give, at every seam."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from netproto.ops import cpu_softmax
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.ops.cpu_softmax import CpuSoftmax

SHAPES = [((7, 5), 1), ((2, 5, 7, 3), 1), ((2, 3, 5, 7), 2), ((3, 2, 5), 2), ((5, 33), 0)]


@pytest.fixture(autouse=True)
def small_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_softmax, "SLAB", 12)


def drawn(shape: tuple[int, ...], count: int, dtype: str = "float32") -> list[np.ndarray]:
    generator = np.random.default_rng(5)
    return [generator.standard_normal(shape).astype(dtype) for _ in range(count)]


def spoilt(shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    return np.full(shape, np.nan, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_softmax_and_its_gradient(shape: tuple[int, ...], axis: int, threads: int, dtype: str) -> None:
    x, dy = drawn(shape, 2, dtype)
    results = []
    for ops in (Ops(dtype), CpuOps(dtype, threads=threads)):
        y, dx = spoilt(shape, dtype), spoilt(shape, dtype)
        ops.softmax(x, y, axis=axis)
        ops.softmax_backward(y, dy, dx, axis=axis)
        results.append((y, dx))
    for mine, portable in zip(*results, strict=True):
        np.testing.assert_allclose(mine, portable, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ignore", [None, 1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_the_gradient_of_the_loss(shape: tuple[int, ...], axis: int, weighted: bool, ignore: int | None) -> None:
    x, class_weights = drawn(shape, 1)[0], drawn((shape[axis],), 1)[0] if weighted else None
    label = np.random.default_rng(6).integers(0, shape[axis], np.delete(shape, axis)).astype("float32")
    weight, options = np.full((), 3, "float32"), {"axis": axis, "ignore": ignore}
    results = []
    for ops in (Ops(), CpuOps(threads=3)):
        prob, dx, loss, divisor = spoilt(shape), spoilt(shape), spoilt(()), spoilt(())
        ops.softmax_loss(x, label, class_weights, prob, loss, divisor, normalizer=None, **options)
        ops.softmax_loss_backward(prob, label, class_weights, weight, divisor, dx, **options)
        results.append((loss, divisor, dx))
    for mine, portable in zip(*results, strict=True):
        np.testing.assert_allclose(mine, portable, rtol=1e-5, atol=1e-6)


def test_softmax_in_place() -> None:
    (x,) = drawn((3, 5, 7), 1)
    wanted = spoilt(x.shape)
    Ops().softmax(x, wanted, axis=1)
    CpuOps(threads=2).softmax(x, x, axis=1)
    np.testing.assert_allclose(x, wanted, rtol=1e-6)


@pytest.mark.parametrize("name", [n for n, v in vars(CpuSoftmax).items() if callable(v) and not n.startswith("_")])
def test_signatures_are_those_of_the_portable_operations(name: str) -> None:
    mine: Any = inspect.signature(getattr(CpuSoftmax, name))
    assert mine == inspect.signature(getattr(Ops, name))
