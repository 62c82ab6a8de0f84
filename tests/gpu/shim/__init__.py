"""CUDA C run on the CPU: builds a source with g++ and launches its kernels."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

HEADER = Path(__file__).with_name("cuda_on_cpu.h")
FLAGS = ["-std=c++17", "-O1", "-g1", "-ffp-contract=off", "-fno-strict-aliasing", "-U_FORTIFY_SOURCE", "-fPIC", "-shared", "-w"]
SANITIZE = tuple(filter(None, os.environ.get("CUDA_SANITIZE", "").split(",")))
"""Of g++'s sanitizers: address, undefined. Their library must be loaded before Python: LD_PRELOAD=$(g++ -print-file-name=libasan.so)."""
COMPILER = shutil.which("g++")
NO_COMPILER = "g++ is not installed, which runs the CUDA kernels on the CPU: apt-get install g++"


class KernelError(RuntimeError):
    """A kernel that does not compile, or a launch that a GPU would not forgive."""


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path(tempfile.gettempdir()) / f"netproto-{os.getuid()}") / "cuda_on_cpu"


@functools.cache
def build(source: str, sanitize: tuple[str, ...] = SANITIZE) -> Module:
    """A module of a source's kernels. sanitize: of g++'s sanitizers."""
    if COMPILER is None:
        raise KernelError(NO_COMPILER)
    names = re.findall(r"__global__ void (\w+)\(", source)
    launchers = "".join(
        f'extern "C" const char* launch_{name}(unsigned blocks, unsigned threads, void** arguments, int fibers, int order) '
        f"{{ return shim::launch({name}, blocks, threads, arguments, fibers, order); }}\n"
        f'extern "C" const char* describe_{name}() {{ return shim::describe({name}); }}\n'
        for name in names
    )
    text = f'{HEADER.read_text()}\n#line 1 "kernels.cu"\n{source}\n{launchers}'
    flags = [*(f"-fsanitize={s}" for s in sanitize), *(["-fno-sanitize-recover=all"] if sanitize else [])]
    return Module(ctypes.CDLL(str(library(text, flags))), names, synchronising(source, names))


def library(text: str, flags: Sequence[str] = ()) -> Path:
    """The shared library of a C++ source, compiled when it is first asked for."""
    flags = [*FLAGS, *flags]
    key = hashlib.sha256(f"{text} {flags}".encode()).hexdigest()[:20]
    made = _folder() / f"{key}.so"
    if not made.exists():
        _compile(text, flags, made)
    return made


def _compile(text: str, flags: list[str], library: Path) -> None:
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as work:
        code, made = Path(work) / "kernels.cpp", Path(work) / "kernels.so"
        code.write_text(text)
        done = subprocess.run([str(COMPILER), *flags, str(code), "-o", str(made)], capture_output=True, text=True)
        if done.returncode:
            raise KernelError(done.stderr)
        os.replace(made, library)


def synchronising(source: str, kernels: Iterable[str]) -> set[str]:
    """The kernels that meet a barrier, themselves or in a function that they call."""
    bodies = {m[1]: _body(source, m.end()) for m in re.finditer(r"\b(\w+)\([^()]*\)\s*\{", source)}
    waiting = {"__syncthreads"}
    while more := {name for name, text in bodies.items() if name not in waiting and waiting & set(re.findall(r"\w+", text))}:
        waiting |= more
    return waiting & set(kernels)


def _body(source: str, start: int) -> str:
    depth, end = 1, start
    while depth:
        depth += {"{": 1, "}": -1}.get(source[end], 0)
        end += 1
    return source[start:end]


class Module:
    """The kernels of one source by name."""

    def __init__(self, library: ctypes.CDLL, names: Sequence[str], synchronising: set[str]):
        self.kernels = {name: Kernel(library, name, name in synchronising) for name in names}


class Kernel:
    """One kernel. `order` is that of the threads and blocks of all kernels: 0 forwards, 1 backwards, 2 shuffled."""

    order: ClassVar[int] = 0

    def __init__(self, library: ctypes.CDLL, name: str, synchronising: bool):
        self.name, self.synchronising = name, synchronising
        self._launch = getattr(library, f"launch_{name}")
        self._launch.restype = ctypes.c_char_p
        describe = getattr(library, f"describe_{name}")
        describe.restype = ctypes.c_char_p
        self.parameters: list[str] = describe().decode().split()

    def __call__(self, blocks: int, threads: int, arguments: Sequence[np.ndarray | np.generic]) -> None:
        """arguments: arrays are passed as pointers, numbers as what they are; a u8 of 0 is a null pointer."""
        if len(arguments) != len(self.parameters):
            raise KernelError(f"{self.name}: {len(arguments)} arguments for {len(self.parameters)} parameters")
        for i, (argument, wanted) in enumerate(zip(arguments, self.parameters, strict=True)):
            self._check(i, argument, wanted)
        if not 1 <= threads <= 1024 or not 1 <= blocks < 2**31:
            raise KernelError(f"{self.name}: {blocks} blocks of {threads} threads")
        held: list[Any] = []
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                held.append(ctypes.c_void_p(argument.ctypes.data))
            else:
                held.append((ctypes.c_char * argument.nbytes).from_buffer_copy(argument.tobytes()))
        pointers = (ctypes.c_void_p * len(held))(*(ctypes.addressof(h) for h in held))
        error = self._launch(blocks, threads, pointers, int(self.synchronising), Kernel.order)
        if error:
            raise KernelError(f"{self.name}: {error.decode()}")

    def _check(self, i: int, argument: np.ndarray | np.generic, wanted: str) -> None:
        """A GPU takes any bytes for an argument; here they must be of the parameter's type."""
        came = f"{argument.dtype.kind}{argument.dtype.itemsize}"
        if isinstance(argument, np.ndarray):
            came += "*" if argument.flags.c_contiguous else "* with gaps"
        null = wanted.endswith("*") and came == "u8" and argument == 0
        if came != wanted and not null:
            raise KernelError(f"{self.name}: argument {i} is {came}, parameter {i} is {wanted}")
