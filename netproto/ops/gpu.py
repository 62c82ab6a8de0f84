"""GpuOps: the operations of CuPy, with kernels of cuda/*.cu and cuBLAS where they pay."""

from __future__ import annotations

from typing import Any

from .gpu_channelwise import GpuChannelwise
from .gpu_elementwise import GpuElementwise
from .gpu_gemm import Gemm
from .gpu_graph import GpuGraph
from .gpu_kernels import Kernels
from .gpu_loss import GpuLoss
from .gpu_pixels import GpuPixels
from .gpu_softmax import GpuSoftmax
from .gpu_spatial import GpuSpatial
from .gpu_update import GpuUpdate


class GpuOps(GpuGraph, GpuPixels, GpuUpdate, GpuSpatial, GpuChannelwise, GpuSoftmax, GpuLoss, GpuElementwise):
    """Operations on one GPU. What is not overridden, or not float32 and C-contiguous, is the portable version on CuPy's arrays.

    cupy, cupyx: the libraries, or what stands in for them. device: the GPU's number, which becomes the thread's current one.
    tf32: whether tensor cores may round the factors of matrix products to 10 bits. cudnn: whether cuDNN computes all convolutions but those
    with `engine: CAFFE`; if not, those with `engine: CUDNN`, where it is installed. Raises DeviceError where it is wanted and missing.
    """

    def __init__(self, cupy: Any, cupyx: Any, dtype: str = "float32", *, device: int = 0, tf32: bool = False, cudnn: bool = False):
        super().__init__(dtype)
        self.xp = cupy  # type: ignore[misc]
        self.cupyx = cupyx
        self.device = cupy.cuda.Device(device)
        self.device.use()
        self.kernels = Kernels(cupy)
        self.gemm = Gemm(cupy, tf32=tf32)
        self.tf32, self.prefers_cudnn = tf32, cudnn
        self.cudnn, self._lacks_cudnn = None, False
        if cudnn:
            self.load_cudnn()
        self.careful = False
        self._later = None
        self._copying: Any = None
        self._staging = {}
        self._geometries = {}
