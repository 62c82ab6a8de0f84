"""Matrix products on cuBLAS, for stacks of row-major matrices.

CuPy's own N-D matmul copies transposed operands and makes arrays of pointers at every call; this makes one call of cuBLAS and nothing else.
"""

from __future__ import annotations

from typing import Any

import numpy

Array = Any

FLOAT = 0  # cudaDataType CUDA_R_32F
PLAIN, TRANSPOSED = 0, 1  # cublasOperation_t
NUMBERS = {value: numpy.array(value, numpy.float32) for value in (0.0, 1.0)}
"""What alpha and beta point to while a product is under way."""


class Gemm:
    """Products of one device.

    cupy: the library. tf32: whether tensor cores may round what is multiplied to 10 bits.
    """

    def __init__(self, cupy: Any, *, tf32: bool):
        self._device = cupy.cuda.device
        self._cublas = cupy.cuda.cublas
        self._compute = self._cublas.CUBLAS_COMPUTE_32F_FAST_TF32 if tf32 else self._cublas.CUBLAS_COMPUTE_32F

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
        self._cublas.gemmStridedBatchedEx(
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
