"""The shim finds what is wrong with a kernel that happens to work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from netproto.ops import gpu_kernels

from . import shim

pytestmark = pytest.mark.skipif(shim.COMPILER is None, reason=shim.NO_COMPILER)

ROOT = Path(__file__).parents[2]
SUM = gpu_kernels.source("elementwise")
BARRIER = "if (threadIdx.x < reach) part[threadIdx.x] += part[threadIdx.x + reach];\n    __syncthreads();"


@pytest.fixture(autouse=True)
def order() -> Iterator[None]:
    yield
    shim.Kernel.order = 0


def add_dot(source: str, order: int = 0) -> float:
    shim.Kernel.order = order
    x, total = np.random.default_rng(3).standard_normal(1000).astype(np.float32), np.zeros((), np.float32)
    shim.build(source).kernels["add_dot"](1, gpu_kernels.THREADS, [np.int32(x.size), x, x, total])
    return float(total)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_right_kernel_gives_the_same_in_every_order(order: int) -> None:
    assert add_dot(SUM, order) == add_dot(SUM)
    assert abs(add_dot(SUM) - 1000) < 100


def test_a_missing_barrier_depends_on_the_order() -> None:
    assert BARRIER in SUM
    race = SUM.replace(BARRIER, BARRIER.removesuffix("\n    __syncthreads();"))
    assert len({add_dot(race, order) for order in (0, 1, 2)}) > 1


def test_a_barrier_that_some_threads_miss() -> None:
    with pytest.raises(shim.KernelError, match="never reach it"):
        add_dot(SUM.replace("  part[threadIdx.x] = value;\n  __syncthreads();", "  if (threadIdx.x > 9) return value;\n  __syncthreads();"))


def test_shared_memory_begins_as_nan() -> None:
    assert np.isnan(add_dot(SUM.replace("part[threadIdx.x] = value;", "if (threadIdx.x < 9) part[threadIdx.x] = value;")))


def test_a_kernel_that_does_not_compile() -> None:
    with pytest.raises(shim.KernelError, match="nowhere"):
        shim.build(SUM.replace("sum += a[i] * b[i]", "sum += nowhere"))


def test_the_sanitizer_finds_what_lies_outside_of_an_array() -> None:
    library = subprocess.run(["g++", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
    if not Path(library).is_absolute():
        pytest.skip("g++ has no libasan here")
    program = """
import numpy as np
from netproto.ops import gpu_kernels
from tests.gpu import shim
for beyond in (0, 1):
    source = gpu_kernels.source("elementwise").replace("rectified(x[i]", f"rectified(x[i + {beyond}]")
    x, y = np.ones(1000, np.float32), np.ones(1000, np.float32)
    shim.build(source).kernels["relu"](4, 256, [np.int32(1000), x, np.float32(0), y])
    print("through", beyond, flush=True)
"""
    environment = {
        **os.environ,
        "LD_PRELOAD": library,
        "ASAN_OPTIONS": "detect_leaks=0",
        "CUDA_SANITIZE": "address",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout == "through 0\n"
    assert "heap-buffer-overflow" in done.stderr


@pytest.mark.parametrize(("blocks", "threads"), [(0, 32), (1, 2048)])
def test_launches_that_no_gpu_takes(blocks: int, threads: int) -> None:
    with pytest.raises(shim.KernelError, match="blocks of"):
        shim.build(SUM).kernels["add_dot"](blocks, threads, [np.int32(1), np.zeros(1, "f4"), np.zeros(1, "f4"), np.zeros((), "f4")])


def test_which_kernels_meet_barriers() -> None:
    kernels = shim.build(SUM).kernels
    assert {name for name, kernel in kernels.items() if kernel.synchronising} == {"add_dot", "dot_parts"}
