"""Numba and BLAS kernels of the CPU for float32, C-contiguous arrays."""
