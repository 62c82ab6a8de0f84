"""CpuOps: the operations of numpy, with kernels on all cores where a benchmark says that it pays."""

from __future__ import annotations

from .cpu_arrays import CpuArrays
from .cpu_channelwise import CpuChannelwise
from .cpu_convolution import CpuConvolution
from .cpu_elementwise import CpuElementwise
from .cpu_kernels.workers import Workers
from .cpu_linear import CpuLinear
from .cpu_program import CpuProgram
from .cpu_softmax import CpuSoftmax
from .cpu_spatial import CpuSpatial
from .cpu_update import CpuUpdate


class CpuOps(CpuArrays, CpuProgram, CpuUpdate, CpuSpatial, CpuConvolution, CpuLinear, CpuChannelwise, CpuSoftmax, CpuElementwise):
    """Operations on the CPU. What is not overridden, or not float32 and C-contiguous, runs on the portable version.

    threads: how many workers; None is OMP_NUM_THREADS, or one per core.
    """

    def __init__(self, dtype: str = "float32", *, threads: int | None = None):
        super().__init__(dtype)
        self.workers = Workers(threads)
