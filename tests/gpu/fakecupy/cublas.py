"""cupy.cuda.cublas: one product, by the pointers and column-major rules of cuBLAS.

CuPy refuses it while a stream is captured; cuBLAS itself, which cublas_library.py stands in for, does not.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from .array import at, perform
from .device import FakeGpuError, current_stream

CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32, CUBLAS_GEMM_DEFAULT = 68, 77, -1
HANDLE = 7
FLOAT = 0


def gemmStridedBatchedEx(*arguments: int) -> None:
    """The product as CuPy has it."""
    if current_stream().graph is not None:
        raise NotImplementedError("calling cuBLAS API during stream capture is currently unsupported")
    product(*arguments)


def product(
    handle: int,
    transa: int,
    transb: int,
    m: int,
    n: int,
    k: int,
    alpha: int,
    a: int,
    a_type: int,
    lda: int,
    stride_a: int,
    b: int,
    b_type: int,
    ldb: int,
    stride_b: int,
    beta: int,
    c: int,
    c_type: int,
    ldc: int,
    stride_c: int,
    count: int,
    compute: int,
    algorithm: int,
) -> None:
    """c[i] = alpha op(a[i]) op(b[i]) + beta c[i], all column-major, on the current stream. alpha and beta are read at once."""
    if handle != HANDLE or {a_type, b_type, c_type} != {FLOAT} or compute not in (CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32):
        raise FakeGpuError("CUBLAS_STATUS_INVALID_VALUE: handle or types")
    if lda < max(1, k if transa else m) or ldb < max(1, n if transb else k) or ldc < max(1, m):
        raise FakeGpuError("CUBLAS_STATUS_INVALID_VALUE: leading dimensions")
    factor, keep = (ctypes.c_float.from_address(address).value for address in (alpha, beta))

    def multiply() -> None:
        first = _matrices(a, (k, m) if transa else (m, k), lda, stride_a, count)
        second = _matrices(b, (n, k) if transb else (k, n), ldb, stride_b, count)
        out = _matrices(c, (m, n), ldc, stride_c, count)
        result = np.matmul(first.swapaxes(1, 2) if transa else first, second.swapaxes(1, 2) if transb else second)
        out[...] = factor * result + (keep * out if keep else 0)

    perform(multiply)


def _matrices(address: int, shape: tuple[int, int], leading: int, step: int, count: int) -> np.ndarray:
    rows, columns = shape
    elements = (count - 1) * step + (columns - 1) * leading + rows if rows and columns else 0
    flat = at(address, 4 * elements).view(np.float32)
    return np.lib.stride_tricks.as_strided(flat, (count, rows, columns), (4 * step, 4, 4 * leading))


def __getattr__(name: str) -> Any:
    raise AttributeError(f"the fake of cuBLAS has no {name}")
