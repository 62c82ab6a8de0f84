"""The GPUs of this machine: whether there is one to compute on, and what is missing if not."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from typing import Any

from ..errors import DeviceError
from .base import Ops

CUPY_HINT = "pip install 'netproto[cuda13x]' for a driver of CUDA 13, 'netproto[cuda12x]' for one of CUDA 12"
SMI_HINT = "`nvidia-smi` shows whether the driver sees one"


def count() -> int:
    """How many GPUs CuPy sees, at least one. Raises DeviceError where CuPy, the driver or a GPU is missing."""
    runtime = library("cupy").cuda.runtime
    try:
        found = int(runtime.getDeviceCount())
    except Exception as error:  # CuPy's runtime fails in its own ways, all of which mean the same here
        raise _driver_error(runtime, error) from None
    if not found:
        raise DeviceError("no GPU can be used: the driver sees none", hint="`nvidia-smi` shows what the driver sees")
    return found


def require(index: int) -> None:
    """Raise DeviceError where there is no GPU of this number."""
    there = count()
    if index not in range(there):
        raise DeviceError(f"there is no GPU {index}", hint=f"GPUs here: {', '.join(map(str, range(there)))}")


def operations(index: int, *, tf32: bool = False, cudnn: bool = False) -> Ops:
    """The operations of a GPU. Raises DeviceError where it, or cuDNN if that is wanted, cannot be used."""
    require(index)
    from .gpu import GpuOps

    try:
        return GpuOps(library("cupy"), library("cupyx"), device=index, tf32=tf32, cudnn=cudnn)
    except ImportError as error:  # CuPy looks for CUDA's libraries when they are first used
        raise DeviceError(f"no GPU can be used: {str(error).splitlines()[0]}", hint=CUPY_HINT) from None


def describe(index: int) -> dict[str, Any]:
    """name, memory (bytes), processors, capability and driver of a GPU that is there."""
    runtime = library("cupy").cuda.runtime
    about = runtime.getDeviceProperties(index)
    return {
        "name": about["name"].decode() if isinstance(about["name"], bytes) else about["name"],
        "memory": int(about["totalGlobalMem"]),
        "processors": int(about["multiProcessorCount"]),
        "capability": f"{about['major']}.{about['minor']}",
    }


def library(name: str) -> Any:
    """cupy or cupyx. Raises DeviceError where it is missing or cannot be loaded."""
    if importlib.util.find_spec(name) is None:
        raise DeviceError("no GPU can be used: CuPy is not installed", hint=CUPY_HINT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about libraries that it does not find, which is said where they are needed
            return importlib.import_module(name)
    except Exception as error:  # an import of compiled libraries fails in many ways
        raise DeviceError(f"no GPU can be used: {str(error).splitlines()[0]}", hint=CUPY_HINT) from None


def _driver_error(runtime: Any, error: Exception) -> DeviceError:
    """CUDA calls a driver that is not there too old."""
    try:
        has, wants = int(runtime.driverGetVersion()), int(runtime.runtimeGetVersion())
    except Exception:  # whatever it is: what is known is the first error
        return DeviceError(f"no GPU can be used: {error}", hint=SMI_HINT)
    if not has:
        return DeviceError("no GPU can be used: there is no NVIDIA driver", hint=SMI_HINT)
    if has < wants:
        what = f"no GPU can be used: the driver is of CUDA {_version(has)}, CuPy wants {_version(wants)}"
        return DeviceError(what, hint=f"Update the driver, or {CUPY_HINT}")
    return DeviceError(f"no GPU can be used: {error}", hint=SMI_HINT)


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"
