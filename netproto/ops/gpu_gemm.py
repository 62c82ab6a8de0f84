"""Matrix products on cuBLAS, for stacks of row-major matrices.

CuPy's own N-D matmul copies transposed operands and makes arrays of pointers at every call; this makes one call of cuBLAS and nothing else.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy

from ..errors import DeviceError

Array = Any

FLOAT = 0  # cudaDataType CUDA_R_32F
PLAIN, TRANSPOSED = 0, 1  # cublasOperation_t
NUMBERS = {value: numpy.array(value, numpy.float32) for value in (0.0, 1.0)}
"""What alpha and beta point to while a product is under way."""


INT, BIG, POINTER = ctypes.c_int, ctypes.c_longlong, ctypes.c_void_p
MATRIX = POINTER, INT, INT, BIG  # where it begins, its type, leading dimension and stride
PARAMETERS = POINTER, INT, INT, INT, INT, INT, POINTER, *MATRIX, *MATRIX, POINTER, *MATRIX, INT, INT, INT
"""Of cublasGemmStridedBatchedEx."""


class Library:
    """cuBLAS without CuPy, which refuses all calls of it while a stream is captured, though cuBLAS lets itself be captured.

    binding: CuPy's, a shared object that has loaded the library. Raises DeviceError where no function is found through it.
    """

    def __init__(self, binding: Any):
        try:
            library = ctypes.CDLL(binding.__file__)
            self._use, self._multiply = library.cublasSetStream_v2, library.cublasGemmStridedBatchedEx
        except (OSError, AttributeError) as error:
            raise DeviceError(f"cuBLAS cannot be captured: {error}", hint="Leave --cuda-graph out") from None
        self._use.argtypes, self._multiply.argtypes = (POINTER, POINTER), PARAMETERS

    def multiply(self, stream: int, handle: int, *arguments: int) -> None:
        """cublasGemmStridedBatchedEx on a stream."""
        status = self._use(handle, stream) or self._multiply(handle, *arguments)
        if status:
            raise DeviceError(f"cuBLAS fails with status {status}")


class Gemm:
    """Products of one device.

    cupy: the library. tf32: whether tensor cores may round what is multiplied to 10 bits.
    """

    def __init__(self, cupy: Any, *, tf32: bool):
        self._device = cupy.cuda.device
        self._cublas = cupy.cuda.cublas
        self._compute = self._cublas.CUBLAS_COMPUTE_32F_FAST_TF32 if tf32 else self._cublas.CUBLAS_COMPUTE_32F
        self._multiply: Callable[..., None] = self._cublas.gemmStridedBatchedEx

    @contextmanager
    def captured(self, stream: Any) -> Iterator[None]:
        """Within it products are for a stream that is being captured."""
        plain, self._multiply = self._multiply, partial(Library(self._cublas).multiply, stream.ptr)
        try:
            yield
        finally:
            self._multiply = plain

    def __call__(self, a: Array, b: Array, c: Array, *, ta: bool = False, tb: bool = False, add: bool = False) -> None:
        """c = op(a) op(b), or c += it; float32.

        c (M, N) or (count, M, N); a and b are matrices or stacks of as many, a matrix being used for all of the stack. ta, tb: whether op
        transposes. Elements of a row lie side by side; rows and matrices may be apart.
        """
        m, n = c.shape[-2:]
        if not c.size:
            return
        k = a.shape[-2] if ta else a.shape[-1]
        (lda, step_a), (ldb, step_b), (ldc, step_c) = _steps(a), _steps(b), _steps(c)
        alpha, beta = NUMBERS[1.0], NUMBERS[1.0 if add else 0.0]
        # cuBLAS reads columns: what it sees is c' = op(b)' op(a)'.
        self._multiply(
            self._device.get_cublas_handle(),
            TRANSPOSED if tb else PLAIN,
            TRANSPOSED if ta else PLAIN,
            n,
            m,
            k,
            alpha.ctypes.data,
            b.data.ptr,
            FLOAT,
            ldb,
            step_b,
            a.data.ptr,
            FLOAT,
            lda,
            step_a,
            beta.ctypes.data,
            c.data.ptr,
            FLOAT,
            ldc,
            step_c,
            c.shape[0] if c.ndim == 3 else 1,
            self._compute,
            self._cublas.CUBLAS_GEMM_DEFAULT,
        )


def _steps(x: Array) -> tuple[int, int]:
    """How many elements the rows are apart, and the matrices: 0 for a single one."""
    rows = x.strides[-2] // x.itemsize if x.shape[-2] > 1 else x.shape[-1]
    return max(rows, x.shape[-1], 1), x.strides[0] // x.itemsize if x.ndim == 3 else 0
