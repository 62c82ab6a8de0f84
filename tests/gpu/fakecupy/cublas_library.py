"""The library libcublas itself: a shared object with as many of its functions as netproto calls without CuPy.

They have the C prototypes of cublas_v2.h, and hand what arrives on to the fake's product.
"""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from pathlib import Path
from typing import Any

from tests.gpu import shim

from . import cublas
from .device import current_stream

SOURCE = r"""
extern "C" {
typedef long long Big;
typedef int Multiply(void*, int, int, int, int, int, const void*, const void*, int, int, Big, const void*, int, int, Big, const void*,
    void*, int, int, Big, int, int, int);
typedef int Choose(void*, void*);
static Multiply* multiply;
static Choose* choose;
void fake_cublas(Multiply* first, Choose* second) { multiply = first; choose = second; }

int cublasSetStream_v2(void* handle, void* stream) { return choose(handle, stream); }

int cublasGemmStridedBatchedEx(void* handle, int transa, int transb, int m, int n, int k, const void* alpha, const void* a, int a_type,
    int lda, Big stride_a, const void* b, int b_type, int ldb, Big stride_b, const void* beta, void* c, int c_type, int ldc, Big stride_c,
    int count, int compute, int algorithm) {
  return multiply(handle, transa, transb, m, n, k, alpha, a, a_type, lda, stride_a, b, b_type, ldb, stride_b, beta, c, c_type, ldc,
      stride_c, count, compute, algorithm);
}
}
"""
INT, BIG, POINTER = ctypes.c_int, ctypes.c_longlong, ctypes.c_void_p
MATRIX = POINTER, INT, INT, BIG
MULTIPLY = ctypes.CFUNCTYPE(INT, POINTER, *[INT] * 5, POINTER, *MATRIX, *MATRIX, POINTER, *MATRIX, *[INT] * 3)
CHOOSE = ctypes.CFUNCTYPE(INT, POINTER, POINTER)
FAILED = 13  # CUBLAS_STATUS_EXECUTION_FAILED

_chosen: dict[int, int] = {}
"""The stream of each thread's handle."""


@MULTIPLY
def _multiply(*arguments: Any) -> int:
    if _chosen.get(threading.get_ident()) != current_stream().ptr:
        return FAILED
    cublas.product(*(argument or 0 for argument in arguments))
    return 0


@CHOOSE
def _choose(handle: int, stream: int | None) -> int:
    _chosen[threading.get_ident()] = stream or 0
    return 0


@cache
def _path() -> Path:
    found = shim.library(SOURCE)
    ctypes.CDLL(str(found)).fake_cublas(_multiply, _choose)
    return found


class Module:
    """The name cupy.cuda.cublas: CuPy's binding, through whose file the library's own functions are found."""

    @property
    def __file__(self) -> str:
        return str(_path())

    def __getattr__(self, name: str) -> Any:
        return getattr(cublas, name)
