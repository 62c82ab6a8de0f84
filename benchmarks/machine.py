"""The machine: what it is, and how fast it multiplies matrices."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np

import netproto


def describe() -> dict[str, Any]:
    """Processor, cores, system, and the versions that netproto runs on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": {"netproto": netproto.__version__, "numpy": np.__version__, "numba": numba.__version__},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def sgemm_rate(seconds: float = 2.0) -> float:
    """The best GFLOP/s of float32 products of 2048 x 2048 matrices on all cores."""
    n, best, end = 2048, 0.0, time.perf_counter() + seconds
    a, b, c = (np.ones((n, n), np.float32) for _ in range(3))
    while time.perf_counter() < end:
        start = time.perf_counter()
        np.dot(a, b, out=c)
        best = max(best, 2 * n**3 / (time.perf_counter() - start) / 1e9)
    return best
