"""CpuOps as a whole: it says what Ops says, and takes memory once."""

from __future__ import annotations

import inspect
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.ops.geometry import ConvGeometry, PoolGeometry

OPERATIONS = [name for name, _ in inspect.getmembers(Ops, inspect.isfunction) if not name.startswith("_")]


@pytest.mark.parametrize("name", OPERATIONS)
def test_signatures_are_those_of_ops(name: str) -> None:
    portable, own = (inspect.signature(getattr(ops, name)) for ops in (Ops, CpuOps))
    assert list(own.parameters.values()) == list(portable.parameters.values())
    assert own.return_annotation == portable.return_annotation


def test_arrays() -> None:
    ops = CpuOps()
    assert ops.zeros((2, 3)).dtype == "float32"
    assert ops.empty((2, 3), "int32").dtype == "int32"
    assert ops.asarray([[1, 2]]).flags.c_contiguous
    first = ops.scratch("name", (2, 3))
    assert ops.scratch("name", (6,)).base is first.base
    assert ops.scratch("name", (7,)).size == 7
    assert ops.scratch("name", (7,), "int32").dtype == "int32"


def conv(ops: Ops, channels: int, kernel: int, group: int, pad: int) -> Iterator[None]:
    geo = ConvGeometry((kernel, kernel), (1, 1), (pad, pad), (1, 1), group)
    x, w = np.ones((16, channels, 64, 64), "float32"), np.ones((64, channels // group, kernel, kernel), "float32")
    y = np.ones((16, 64, 64, 64), "float32")
    yield
    ops.conv(x, w, None, y, geo=geo)
    ops.conv_backward(x, w, y, x, w, w[:, 0, 0, 0].copy(), geo=geo)
    yield


def pool(ops: Ops) -> Iterator[None]:
    x, y, mask = np.ones((16, 64, 64, 64), "float32"), np.ones((16, 64, 32, 32), "float32"), np.ones((16, 64, 32, 32), "int32")
    geo = PoolGeometry((3, 3), (2, 2), (0, 0), (32, 32))
    yield
    ops.max_pool(x, y, mask, geo=geo)
    ops.max_pool_backward(y, mask, x, geo=geo)
    ops.ave_pool(x, y, geo=geo)
    ops.ave_pool_backward(y, x, geo=geo)
    yield


def lrn(ops: Ops) -> Iterator[None]:
    x, y, scale, dx = (np.ones((16, 64, 64, 64), "float32") for _ in range(4))
    yield
    ops.lrn_across(x, y, scale, size=5, alpha=1, beta=0.75, k=1)
    ops.lrn_across_backward(x, y, scale, y, dx, size=5, alpha=1, beta=0.75)
    yield


def dense(ops: Ops) -> Iterator[None]:
    x, w, y = (np.ones(shape, "float32") for shape in ((64, 1200), (1000, 1200), (64, 1000)))
    yield
    ops.linear(x, w, y[0].copy(), y, transpose=False)
    ops.linear_backward(x, w, y, x, w, y[0].copy(), transpose=False)
    yield


def passes(ops: Ops) -> Iterator[None]:
    x, y, z = (np.ones(1 << 20, "float32") for _ in range(3))
    mask = np.ones(1 << 20, "uint8")
    yield
    ops.relu(x, x, slope=0)
    ops.relu_backward(x, y, y, slope=0)
    ops.dropout(x, y, mask, ratio=0.5, key=1, ordinal=2)
    ops.dropout_backward(x, mask, y, ratio=0.5)
    ops.sgd_update(x, y, z, rate=0.1, momentum=0.9, decay=0.1, l1=False)
    ops.fill(x, 0)
    ops.copy(y, x)
    yield


WORK = {
    "short convolution": lambda ops: conv(ops, 32, 3, 1, 1),
    "convolution by unfolded windows": lambda ops: conv(ops, 4, 3, 1, 1),
    "1x1 convolution": lambda ops: conv(ops, 32, 1, 1, 0),
    "depthwise convolution": lambda ops: conv(ops, 64, 3, 64, 1),
    "pooling": pool,
    "lrn": lrn,
    "linear": dense,
    "passes": passes,
}


@pytest.mark.parametrize("name", WORK)
def test_a_second_call_takes_no_large_memory(name: str) -> None:
    ops = CpuOps(threads=2)
    for _ in WORK[name](ops):
        pass
    second = WORK[name](ops)
    next(second)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        next(second)
        assert tracemalloc.get_traced_memory()[1] - before < 1 << 20
    finally:
        tracemalloc.stop()
