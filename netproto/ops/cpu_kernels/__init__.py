"""Kernels of the CPU, compiled by Numba, for float32, C-contiguous arrays."""
