"""Caffe's global switches, kept to this room: elsewhere a backend and a seed are handed down.

Caffe: include/caffe/common.hpp.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..errors import DeviceError
from ..ops.base import Ops
from ..ops.cpu import CpuOps


@dataclass
class _Mode:
    seed: int | None = None


_mode = _Mode()


def set_mode_cpu() -> None:
    """Compute on the CPU: what netproto does anyway."""


def set_mode_gpu() -> None:
    """Compute on the GPU."""
    raise DeviceError("there is no GPU backend in this build", hint="caffe.set_mode_cpu() computes on the CPU")


def set_device(device: int) -> None:
    """Choose the GPU that set_mode_gpu() computes on."""


def set_random_seed(seed: int) -> None:
    """Start the random draws of nets made from now on at this seed."""
    _mode.seed = int(seed)


def current_ops() -> Ops:
    """The backend for nets made from now on."""
    return CpuOps()


def next_seed() -> int:
    """The seed set last, or a fresh one where none was set."""
    return _mode.seed if _mode.seed is not None else int.from_bytes(os.urandom(4), "little")
