"""The SGEMM of the BLAS that numpy was built with, called by its address.

numpy's own products have no beta, no leading dimensions and no say over threads. Its extension module is linked to a BLAS, so the C
interface can be found through it by name: `cblas_sgemm` with the marks of numpy's wheels (scipy_ in front, 64_ behind for 64-bit integers).
Compiled kernels get the address as a number, which Numba can cache. Where no symbol is found, the portable operations do the work.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from glob import glob
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112  # of cblas.h

_SGEMM = {"scipy_cblas_sgemm64_": True, "cblas_sgemm64_": True, "scipy_cblas_sgemm": False, "cblas_sgemm": False}
"""Names to look for, and whether their integers have 64 bits."""
_THREADS = [
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
]


@dataclass(frozen=True)
class Blas:
    """A library's SGEMM: its address, whether its integers have 64 bits, and the functions that read and set its number of threads."""

    address: int
    wide: bool
    get_threads: Any = None
    set_threads: Any = None

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """Keep the library from starting threads of its own while workers call it; what was set is restored."""
        if self.get_threads is None:
            yield
            return
        before = self.get_threads()
        self.set_threads(1)
        try:
            yield
        finally:
            self.set_threads(before)


@cache
def find() -> Blas | None:
    """The BLAS of numpy; None where its names are not known or its product is wrong."""
    for path in _libraries():
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for name, wide in _SGEMM.items():
            if hasattr(library, name) and _multiplies(getattr(library, name), wide):
                address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
                return Blas(address, wide, *_thread_control(library))
    return None


def _libraries() -> list[Path]:
    """numpy's extension module, through which its dependencies are seen; on Windows, only the libraries themselves can be asked."""
    extension = import_module("numpy._core._multiarray_umath")
    package = Path(numpy.__file__).parent
    bundled = glob(str(package.parent / "numpy.libs" / "*openblas*")) + glob(str(package / ".dylibs" / "*openblas*"))
    return [Path(str(extension.__file__)), *map(Path, sorted(bundled))]


def _thread_control(library: ctypes.CDLL) -> tuple[Any, Any]:
    for get, set_ in _THREADS:
        if hasattr(library, get) and hasattr(library, set_):
            return getattr(library, get), getattr(library, set_)
    return None, None


def _multiplies(function: Any, wide: bool) -> bool:
    """Whether the function is the product it is taken for: 2 x 3 times 3 x 4, on top of ones."""
    integer = ctypes.c_int64 if wide else ctypes.c_int32
    function.restype = None
    function.argtypes = [ctypes.c_int] * 3 + [integer] * 3 + [ctypes.c_float, ctypes.c_void_p, integer, ctypes.c_void_p, integer]
    function.argtypes += [ctypes.c_float, ctypes.c_void_p, integer]
    a, b = numpy.arange(6, dtype="float32").reshape(2, 3), numpy.arange(12, dtype="float32").reshape(3, 4)
    c = numpy.ones((2, 4), "float32")
    function(ROW_MAJOR, PLAIN, PLAIN, 2, 4, 3, 1.0, a.ctypes.data, 3, b.ctypes.data, 4, 1.0, c.ctypes.data, 4)
    return bool(numpy.array_equal(c, 1 + a @ b))


@intrinsic
def sgemm(
    context: Any, address: Any, wide: Any, left: Any, right: Any, m: Any, n: Any, k: Any,
    a: Any, lda: Any, b: Any, ldb: Any, beta: Any, c: Any, ldc: Any,
) -> Any:  # fmt: skip
    """c (m, n) = a (m, k) b (k, n) + beta * c, row-major, within compiled code.

    address, wide: of Blas. left, right: PLAIN or TRANSPOSED. a, b, c: addresses; lda, ldb, ldc: the elements from row to row.
    """
    size, place = types.intp, types.uintp
    operands = (place, size, place, size, types.float32, place, size)
    signature = types.void(types.intp, types.boolean, types.int32, types.int32, size, size, size, *operands)
    return signature, _call_sgemm


def _call_sgemm(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    with builder.if_else(args[1]) as (wide, narrow):
        with wide:
            _call_with(ir.IntType(64), builder, args)
        with narrow:
            _call_with(ir.IntType(32), builder, args)
    return context.get_dummy_value()


def _call_with(integer: Any, builder: Any, args: Any) -> None:
    """Emit the call for one width of the library's integers."""
    address, _, left, right, m, n, k, a, lda, b, ldb, beta, c, ldc = args
    enum, real, pointer = ir.IntType(32), ir.FloatType(), ir.IntType(8).as_pointer()

    def size(value: Any) -> Any:
        return value if value.type == integer else builder.trunc(value, integer)

    def place(value: Any) -> Any:
        return builder.inttoptr(value, pointer)

    kinds = [enum] * 3 + [integer] * 3 + [real, pointer, integer, pointer, integer, real, pointer, integer]
    function = builder.inttoptr(address, ir.FunctionType(ir.VoidType(), kinds).as_pointer())
    sizes, operands = [size(m), size(n), size(k)], [place(a), size(lda), place(b), size(ldb), beta, place(c), size(ldc)]
    builder.call(function, [enum(ROW_MAJOR), left, right, *sizes, real(1.0), *operands])
