"""GpuOps on a machine without a GPU: over the fake CuPy of this folder, which needs g++: .ci/run fails without it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pytest

from netproto.ops.gpu import GpuOps

from . import fakecupy, shim


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`import cupy` finds the fake."""
    if shim.COMPILER is None:
        pytest.skip(shim.NO_COMPILER)
    for name, module in {"cupy": fakecupy.cupy, "cupyx": fakecupy.cupyx, "cupy.cuda.nccl": fakecupy.nccl}.items():
        monkeypatch.setitem(sys.modules, name, module)
    with fakecupy.cupy.cuda.Device(0):
        yield


@pytest.fixture
def gpu_ops() -> Iterator[Callable[..., GpuOps]]:
    """gpu_ops(dtype="float32", device=0): operations over the fake."""
    if shim.COMPILER is None:
        (pytest.fail if "NETPROTO_INSTALLED" in os.environ else pytest.skip)(shim.NO_COMPILER)
    with fakecupy.cupy.cuda.Device(0):
        yield lambda *args, **options: GpuOps(fakecupy.cupy, fakecupy.cupyx, *args, **options)
