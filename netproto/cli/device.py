"""Which device computes: --gpu, or the solver file's solver_mode."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import logging
from typing import Any

from ..errors import DeviceError
from ..ops.base import Ops

log = logging.getLogger(__name__)

CUPY_HINT = "pip install 'netproto[cuda13x]' for a driver of CUDA 13, 'netproto[cuda12x]' for one of CUDA 12"


def gpus(text: str) -> list[int] | str:
    """The value of --gpu: device numbers separated by commas, or 'all'; empty for none."""
    if text == "all":
        return text
    try:
        return [int(number) for number in text.split(",") if number]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'all' nor device numbers separated by commas") from None


def cpu() -> Ops:
    """The CPU's operations."""
    from ..ops.cpu import CpuOps

    log.info("Use CPU.")
    return CpuOps()


def choose(wanted: list[int] | str) -> Ops:
    """The operations for --gpu. Raises DeviceError where a GPU is asked for that cannot be used."""
    if not wanted:
        return cpu()
    indices(wanted)
    raise DeviceError("this version of netproto computes on the CPU only", hint="Leave --gpu out")


def for_solver(wanted: list[int] | str, solver: Any) -> Ops:
    """The operations for training: --gpu, else a GPU if the solver file writes `solver_mode: GPU` and there is one, else the CPU.

    solver: a SolverParameter. Its default mode, GPU, does not count, as in Caffe.
    """
    from ..schema import messages

    if wanted or not solver.HasField("solver_mode") or messages.enum_name(solver, "solver_mode") != "GPU":
        return choose(wanted)
    try:
        return choose([solver.device_id])
    except DeviceError as error:
        log.warning("The solver asks for a GPU (solver_mode: GPU), but %s. Training on the CPU.", error.what)
        return cpu()


def indices(wanted: list[int] | str) -> list[int]:
    """The numbers of the GPUs that --gpu asks for. Raises DeviceError where one, or what it takes to use it, is not there."""
    count = _gpu_count()
    asked = list(range(count)) if isinstance(wanted, str) else wanted
    for index in asked:
        if index not in range(count):
            raise DeviceError(f"there is no GPU {index}", hint=f"GPUs here: {', '.join(map(str, range(count)))}")
    return asked


def describe(index: int) -> str:
    """One line about a GPU that is there."""
    about = importlib.import_module("cupy").cuda.runtime.getDeviceProperties(index)
    name = about["name"].decode() if isinstance(about["name"], bytes) else about["name"]
    memory, version = about["totalGlobalMem"] / 2**30, f"{about['major']}.{about['minor']}"
    return f"GPU {index}: {name}, {memory:.1f} GiB, {about['multiProcessorCount']} multiprocessors, compute capability {version}"


def _gpu_count() -> int:
    """How many GPUs CuPy sees, at least one. Raises DeviceError where CuPy, the driver or a GPU is missing."""
    if importlib.util.find_spec("cupy") is None:
        raise DeviceError("no GPU can be used: CuPy is not installed", hint=CUPY_HINT)
    try:
        count = int(importlib.import_module("cupy").cuda.runtime.getDeviceCount())
    except Exception as error:  # CuPy's import and its runtime fail in their own ways, all of which mean the same here
        raise DeviceError(f"no GPU can be used: {error}", hint="`nvidia-smi` shows whether the driver sees one") from None
    if not count:
        raise DeviceError("no GPU can be used: the driver sees none", hint="`nvidia-smi` shows what the driver sees")
    return count
