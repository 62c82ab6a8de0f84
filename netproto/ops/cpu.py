"""CpuOps: the operations of numpy, with Numba and BLAS where a benchmark says that it pays."""

from __future__ import annotations

from .base import Ops


class CpuOps(Ops):
    """Operations on the CPU. What is not overridden, or not float32 and C-contiguous, runs on the portable version."""
