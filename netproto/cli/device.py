"""Which device computes: --gpu, or the solver file's solver_mode."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import DeviceError
from ..layers.base import TRAIN
from ..ops import gpu_device, gpu_nccl
from ..ops.base import Ops

if TYPE_CHECKING:
    from .budgets import Budget

log = logging.getLogger(__name__)


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


def choose(wanted: list[int] | str, *, cudnn: bool = False, tf32: bool = False) -> Ops:
    """The operations for --gpu, --cudnn and --tf32. Raises DeviceError where a GPU, or cuDNN, is asked for that cannot be used."""
    if not wanted:
        if cudnn or tf32:
            raise DeviceError(f"--{'cudnn' if cudnn else 'tf32'} is for a GPU, and none is asked for", hint="Give one: --gpu 0")
        return cpu()
    index, *more = indices(wanted)
    if more:
        what = "only `netproto train` computes on several GPUs, and `test` for nets whose layers name theirs (`device: 1`)"
        raise DeviceError(what, hint=f"Give one number: --gpu {index}")
    ops = gpu_device.operations(index, tf32=tf32, cudnn=cudnn)
    log.info("Use GPU with device ID %d", index)
    log.info("GPU device name: %s", gpu_device.describe(index)["name"])
    return ops


def for_solver(wanted: list[int] | str, solver: Any, *, cudnn: bool = False, tf32: bool = False) -> Ops:
    """The operations for training: --gpu, else a GPU if the solver file writes `solver_mode: GPU` and there is one, else the CPU.

    solver: a SolverParameter. Its default mode, GPU, does not count, as in Caffe.
    """
    from ..schema import messages

    if wanted or not solver.HasField("solver_mode") or messages.enum_name(solver, "solver_mode") != "GPU":
        return choose(wanted, cudnn=cudnn, tf32=tf32)
    try:
        return choose([solver.device_id], cudnn=cudnn, tf32=tf32)
    except DeviceError as error:
        log.warning("The solver asks for a GPU (solver_mode: GPU), but %s. Training on the CPU.", error.what)
        return cpu()


def indices(wanted: list[int] | str) -> list[int]:
    """The numbers of the GPUs that --gpu asks for. Raises DeviceError where one, or what it takes to use it, is missing, or named twice."""
    if isinstance(wanted, str):
        return list(range(gpu_device.count()))
    for index in wanted:
        gpu_device.require(index)
        if wanted.count(index) > 1:
            raise DeviceError(f"GPU {index} is named twice", hint=f"--gpu {','.join(map(str, dict.fromkeys(wanted)))}")
    return wanted


def for_training(wanted: list[int] | str) -> list[int]:
    """The numbers of the GPUs to train on together. Raises DeviceError where they cannot be."""
    found = indices(wanted)
    if len(found) > 1:
        gpu_nccl.library()
        log.info("Using GPUs %s", ", ".join(map(str, found)))
        for index in found:
            log.info("GPU %d: %s", index, gpu_device.describe(index)["name"])
    return found


def describe(index: int) -> str:
    """One line about a GPU that is there."""
    gpu = gpu_device.describe(index)
    memory, parts = gpu["memory"] / 2**30, f"{gpu['processors']} multiprocessors, compute capability {gpu['capability']}"
    return f"GPU {index}: {gpu['name']}, {memory:.1f} GiB, {parts}"


@contextmanager
def memory_explained(
    ops: Ops, net: Callable[[], Any], phase: int, *, history: int = 0, level: int = 0, stages: Sequence[str] = ()
) -> Iterator[None]:
    """Within it a GPU without room is an error that says what the net takes, and the largest batch that fits.

    net: gives the upgraded NetParameter. history: arrays that a solver keeps for each learned blob.
    """
    if not ops.asynchronous:
        yield
        return
    from ..ops.gpu_arrays import OutOfDeviceMemory

    try:
        yield
    except OutOfDeviceMemory as error:
        from . import budgets

        _, found = budgets.of(net(), phase, level, stages, history=history, memory=error.total)
        uses = {budget.use: budget for budget in found}
        raise _explained(error, uses.get("training" if phase == TRAIN else "testing", uses.get("testing"))) from None


def _explained(error: DeviceError, budget: Budget | None) -> DeviceError:
    if budget is None or not budget.batch:
        return error
    takes = f"{budget.footprint.total / 2**30:.2f} GiB and workspaces"
    what = f"{error.what}; {budget.use} with a batch of {budget.batch} takes {takes}"
    largest = budget.largest_batch
    return DeviceError(what, hint=f"The largest batch that fits is about {largest}: --batch-size {largest}" if largest else error.hint)
