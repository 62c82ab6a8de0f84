"""A stand-in for CuPy where there is no GPU: strict in the ways CuPy is, and in some more.

`cupy` and `cupyx` are what GpuOps is given. Device arrays are not NumPy's, never become so by themselves, and never mix with them; fresh
memory is NaN; names and parameters are those of the pinned CuPy release (names.json); RawModule runs the CUDA C through tests/gpu/shim;
cuBLAS reads raw pointers that must lie in device memory; work on one stream that another has not waited for, and pinned memory that is
written while it is copied, are errors; so is a collective call of NCCL that not all ranks make. `counters` counts what costs time.
"""

from . import cudnn, cupy, cupyx, device, nccl
from .counting import Counters, counters, counting
from .device import FakeGpuError

MODULES = {"cupy": cupy, "cupyx": cupyx, "cupy.cuda.nccl": nccl, "cudnn": cudnn}
"""What is imported by these names, where the fake takes the place."""

__all__ = ["MODULES", "Counters", "FakeGpuError", "counters", "counting", "cudnn", "cupy", "cupyx", "device", "nccl"]
