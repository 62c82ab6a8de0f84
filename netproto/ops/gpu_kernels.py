"""Kernels: what is in cuda/*.cu, compiled when first used, launched with arguments that fit.

CuPy hands a kernel whatever bytes it is given: a Python float as 8 bytes, an array of any type. Here each argument is held against the
kernel's declaration, which is read from its source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy

from ..errors import DeviceError

FOLDER = Path(__file__).parent / "cuda"
COMMON = "common.cuh"
OPTIONS = ("-std=c++17",)
THREADS = 256  # in a block, as common.cuh has it
BLOCKS_A_PROCESSOR = 32
LARGEST = 2**31 - 2**24
"""The most elements of an array: a grid-stride loop must not step over 2**31."""

TYPES = {
    "float": "float32",
    "double": "float64",
    "int": "int32",
    "u32": "uint32",
    "u64": "uint64",
    "unsigned char": "uint8",
}
NULL = numpy.uint64(0)


@dataclass(frozen=True)
class Parameter:
    """One parameter of a kernel. dtype: of the number, or of the array's elements if it is a pointer."""

    name: str
    dtype: numpy.dtype[Any]
    pointer: bool


@dataclass(frozen=True)
class Declaration:
    """A kernel of a family, which is a file of cuda/ without its `.cu`."""

    family: str
    name: str
    parameters: tuple[Parameter, ...]


def families() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.cu"))


def source(family: str) -> str:
    """The text that is compiled for a family."""
    return "".join((FOLDER / name).read_text("utf-8") for name in (COMMON, f"{family}.cu"))


@cache
def declarations() -> dict[str, Declaration]:
    """All kernels by name."""
    found = {}
    for family in families():
        for name, text in re.findall(r"__global__ void (\w+)\(([^)]*)\)", source(family)):
            found[name] = Declaration(family, name, tuple(_parameter(part) for part in text.split(",")))
    return found


def _parameter(text: str) -> Parameter:
    match = re.fullmatch(r"\s*(?:const\s+)?([\w ]+?)\s*(\*)?\s*(?:__restrict__\s+)?(\w+)\s*", text)
    assert match, text
    return Parameter(match[3], numpy.dtype(TYPES[match[1]]), bool(match[2]))


class Kernels:
    """The kernels of one device.

    cupy: the library, or what stands in for it.
    """

    def __init__(self, cupy: Any):
        self._cupy = cupy
        self._modules: dict[str, Any] = {}
        self._functions: dict[str, Any] = {}
        self._most_blocks = BLOCKS_A_PROCESSOR * int(cupy.cuda.Device().attributes["MultiProcessorCount"])

    def each(self, name: str, n: int, *arguments: Any) -> None:
        """Launch a kernel with a thread for each of n elements; n is its first argument."""
        if n > LARGEST:
            raise DeviceError(f"{name}: an array of {n} elements is more than a GPU kernel can count", hint="Use a smaller batch")
        if n:
            self._launch(name, min(-(-n // THREADS), self._most_blocks), (n, *arguments))

    def blocks(self, name: str, count: int, *arguments: Any) -> None:
        """Launch a kernel with a block for each of `count` rows or channels."""
        if count:
            self._launch(name, min(count, self._most_blocks), arguments)

    def _launch(self, name: str, blocks: int, arguments: tuple[Any, ...]) -> None:
        declaration = declarations()[name]
        checked = tuple(self._argument(name, p, a) for p, a in zip(declaration.parameters, arguments, strict=True))
        self._function(declaration)((blocks,), (THREADS,), checked)

    def _argument(self, kernel: str, parameter: Parameter, value: Any) -> Any:
        if not parameter.pointer:
            return parameter.dtype.type(value)
        if value is None:
            return NULL
        if not isinstance(value, self._cupy.ndarray) or value.dtype != parameter.dtype or not value.flags.c_contiguous:
            what = f"{type(value).__name__} of {getattr(value, 'dtype', 'no dtype')}"
            raise TypeError(f"{kernel}: {parameter.name} must be a C-contiguous {parameter.dtype} array of the device, not {what}")
        return value

    def _function(self, declaration: Declaration) -> Any:
        function = self._functions.get(declaration.name)
        if function is None:
            module = self._modules.get(declaration.family)
            if module is None:
                module = self._modules[declaration.family] = self._cupy.RawModule(code=source(declaration.family), options=OPTIONS)
            function = self._functions[declaration.name] = module.get_function(declaration.name)
        return function
