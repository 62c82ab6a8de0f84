"""The parts that kernels are made of."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from netproto.ops.cpu_kernels import cook_toom, jit, transpose
from netproto.ops.cpu_kernels.products import multiply, multiply_rows, multiply_transposed
from netproto.ops.cpu_kernels.vectors import LANES, ROWS
from netproto.ops.cpu_kernels.workers import core_count, fits, part


@pytest.mark.parametrize(("outputs", "taps"), [(4, 3), (5, 3), (6, 3), (3, 5), (4, 5)])
def test_short_algorithms_convolve(outputs: int, taps: int) -> None:
    generator = np.random.default_rng(1)
    d, g = generator.standard_normal(outputs + taps - 1), generator.standard_normal(taps)
    a, weights, b = (cook_toom.matrix(name, outputs, taps) for name in ("A'", "G", "B'"))
    np.testing.assert_allclose(a @ ((weights @ g) * (b @ d)), np.correlate(d, g, "valid"), atol=1e-12)


def test_cook_toom_makes_the_matrices_that_winograd_printed() -> None:
    """F(2, 3) on 0, 1, -1, up to signs and scales of rows: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015."""
    a, g, b = cook_toom.cook_toom(2, 3, [Fraction(0), Fraction(1), Fraction(-1)])
    np.testing.assert_array_equal(a.T, [[1, 1, 1, 0], [0, 1, -1, 1]])
    np.testing.assert_array_equal(g, [[-1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
    np.testing.assert_array_equal(b.T, [[-1, 0, 1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]])


def blocked(matrix: np.ndarray, rows: int) -> np.ndarray:
    """As products.py wants it, with rows of NaN that must not matter."""
    out = np.full((matrix.shape[1] // LANES, rows, LANES), np.nan, "float32")
    for c in range(matrix.shape[1]):
        out[c // LANES, : len(matrix), c % LANES] = matrix[:, c]
    return out


def unblocked(blocks: np.ndarray, rows: int) -> np.ndarray:
    return np.concatenate([block[:rows] for block in blocks], axis=1)


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("blocks", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("rows", "shared"), [(1, 16), (5, 48), (19, 80)])
def test_products(rows: int, shared: int, blocks: int, add: bool) -> None:
    generator = np.random.default_rng(2)
    padded = -(-rows // ROWS) * ROWS
    a, b = (generator.standard_normal(shape).astype("float32") for shape in ((rows, shared), (shared, blocks * LANES)))
    wanted = a.astype("float64") @ b + (1 if add else 0)
    start = np.full((blocks, padded, LANES), 1 if add else np.nan, "float32")

    c, left, right = start.copy(), blocked(a, padded), blocked(b, shared)
    multiply(left.ctypes.data, padded, right.ctypes.data, c.ctypes.data, padded, rows, shared, blocks, add)
    np.testing.assert_allclose(unblocked(c, rows), wanted, atol=1e-5)

    c, whole = start.copy(), np.zeros((padded, shared), "float32")
    whole[:rows] = a
    multiply_rows(whole.ctypes.data, shared, right.ctypes.data, shared, c.ctypes.data, padded, padded, shared, blocks, add)
    np.testing.assert_allclose(unblocked(c, rows), wanted, atol=1e-5)

    c, turned = start.copy(), np.zeros((shared + 3, -(-rows // LANES) * LANES), "float32")
    turned[:shared, :rows] = a.T
    left, right = blocked(turned, shared + 3), blocked(b, shared + 3)
    multiply_transposed(left.ctypes.data, right.ctypes.data, shared + 3, c.ctypes.data, padded, rows, shared, blocks, add)
    np.testing.assert_allclose(unblocked(c, rows), wanted, atol=1e-5)


@jit.kernel
def _gather(stride: int, source: int, channel_step: int, row_step: int, bounds: tuple[int, ...], target: int) -> None:
    channels, top, bottom, first, last = bounds
    if stride == 1:
        transpose.gather(1, source, channel_step, row_step, channels, top, bottom, first, last, target)
    elif stride == 2:
        transpose.gather(2, source, channel_step, row_step, channels, top, bottom, first, last, target)
    else:
        transpose.gather(4, source, channel_step, row_step, channels, top, bottom, first, last, target)


@jit.kernel
def _scatter(add: bool, source: int, bias: int, target: int, step: int, channels: int, count: int) -> None:
    if add:
        transpose.scatter(1, source, bias, target, step, channels, count)
    else:
        transpose.scatter(0, source, bias, target, step, channels, count)


@pytest.mark.parametrize(
    ("stride", "bounds"),
    [
        (1, (16, 0, 1, 0, 16)),
        (1, (11, 0, 1, 2, 14)),
        (1, (0, 0, 1, 0, 16)),
        (2, (3, 0, 2, 1, 15)),
        (2, (4, 1, 2, -3, 40)),
        (4, (1, 1, 3, 0, 9)),
    ],
)
def test_gather(stride: int, bounds: tuple[int, ...]) -> None:
    channels, top, bottom, first, last = bounds
    x = np.arange(16 * 4 * 20, dtype="float32").reshape(16, 4, 20) + 1
    got = np.full((LANES // stride, LANES), np.nan, "float32")
    _gather(stride, x.ctypes.data, x[0].size, x.shape[2], bounds, got.ctypes.data)
    wanted = np.zeros_like(got)
    for z in range(LANES // stride):
        for lane in range(LANES):
            c, i, j = lane // stride**2, lane // stride % stride, lane % stride
            element = z * stride + j
            row = i if stride > 1 else 0
            if c < channels and first <= element < last and (stride == 1 or top <= i < bottom):
                wanted[z, lane] = x[c, row, element]
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize(("channels", "count"), [(16, 16), (9, 13), (1, 30), (20, 1)])
def test_scatter(channels: int, count: int, add: bool) -> None:
    generator = np.random.default_rng(4)
    source, bias = generator.standard_normal((LANES, LANES)).astype("float32"), generator.standard_normal(LANES).astype("float32")
    got = np.ones((LANES, 21), "float32")
    _scatter(add, source.ctypes.data, bias.ctypes.data, got.ctypes.data, got.shape[1], channels, count)
    wanted = np.ones_like(got)
    rows, columns = min(channels, LANES), min(count, LANES)
    wanted[:rows, :columns] = (source.T + (1 if add else bias[:, None]))[:rows, :columns]
    np.testing.assert_array_equal(got, wanted)


def test_parts_follow_each_other() -> None:
    ranges = [part(11, worker, 3) for worker in range(3)]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 11
    assert all(a[1] == b[0] for a, b in pairwise(ranges))


@pytest.mark.parametrize(("said", "wanted"), [("3", 3), ("2,4", 2), ("x", None), ("0", None), ("", None)])
def test_omp_num_threads(said: str, wanted: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert core_count() == (wanted or own)


def test_what_kernels_take() -> None:
    a = np.zeros((2, 3), "float32")
    assert fits(a, None)
    assert not fits(a.astype("float64"))
    assert not fits(a.T)
    assert not fits(a[:, :2])
    a.flags.writeable = False
    assert not fits(a)


def test_a_kernel_is_compiled_again_when_a_callee_in_another_file_changes(tmp_path: Path) -> None:
    package = tmp_path / "kernels"
    package.mkdir()
    source = Path(jit.__file__)
    (package / "jit.py").write_text(source.read_text())
    (package / "__init__.py").touch()
    (package / "caller.py").write_text(
        textwrap.dedent("""
        from .callee import number
        from .jit import kernel

        @kernel
        def called():
            return number()
        """)
    )
    script = "from kernels.caller import called; print(called(), sum(called.stats.cache_hits.values()))"
    answers = []
    for number in (1, 1, 2):
        (package / "callee.py").write_text(f"from .jit import kernel\n\n@kernel\ndef number():\n    return {number}\n")
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        answers.append(done.stdout.split())
    assert answers == [["1", "0"], ["1", "1"], ["2", "0"]]
