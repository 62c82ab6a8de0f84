"""RawModule: the kernels of a source, through tests/gpu/shim."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from tests.gpu import shim

from . import names
from .array import Out, ndarray, perform

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
        if len(grid) != 1 or len(block) != 1:
            raise NotImplementedError("grids and blocks of one axis only")
        perform(self._run, max(1, grid[0]), block[0], *(self._argument(i, a) for i, a in enumerate(args)))

    def _run(self, blocks: int, threads: int, *arguments: np.ndarray | np.generic) -> None:
        with _one_at_a_time:
            self._kernel(blocks, threads, arguments)

    def _argument(self, i: int, value: Any) -> Out | np.generic:
        if isinstance(value, ndarray):
            return Out(value)
        if isinstance(value, np.ndarray):
            raise TypeError(f"argument {i} of {self._kernel.name} is an array of the host")
        if not isinstance(value, np.generic | int | float):
            raise TypeError(f"argument {i} of {self._kernel.name} is {type(value).__name__}")
        return value if isinstance(value, np.generic) else np.asarray(value)[()]
