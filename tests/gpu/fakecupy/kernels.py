"""RawModule: the kernels of a source, through tests/gpu/shim."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from tests.gpu import shim

from . import names
from .array import ndarray
from .counting import counters

_one_at_a_time = threading.Lock()
"""The shim keeps what runs in variables of its own, so that threads of several devices take turns."""


class RawModule:
    def __init__(self, **keywords: Any):
        names.bind("cupy", "RawModule", (), keywords)
        self._module = shim.build(keywords["code"])

    def get_function(self, name: str) -> Function:
        return Function(self._module.kernels[name])


class Function:
    def __init__(self, kernel: shim.Kernel):
        self._kernel = kernel

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
        """As CuPy passes them: arrays by pointer, Python's numbers as int64 and double, NumPy's as what they are."""
        counters.launch += 1
        if len(grid) != 1 or len(block) != 1:
            raise NotImplementedError("grids and blocks of one axis only")
        arguments = [self._argument(i, a) for i, a in enumerate(args)]
        with _one_at_a_time:
            self._kernel(max(1, grid[0]), block[0], arguments)

    def _argument(self, i: int, value: Any) -> np.ndarray | np.generic:
        if isinstance(value, ndarray):
            return value._use(write=True)
        if isinstance(value, np.ndarray):
            raise TypeError(f"argument {i} of {self._kernel.name} is an array of the host")
        if not isinstance(value, np.generic | int | float):
            raise TypeError(f"argument {i} of {self._kernel.name} is {type(value).__name__}")
        return value if isinstance(value, np.generic) else np.asarray(value)[()]
