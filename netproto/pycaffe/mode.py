"""Caffe's global switches, kept to this room: elsewhere a backend, a seed and a rank are handed down.

Caffe: include/caffe/common.hpp.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..ops import gpu_device
from ..ops.base import Ops
from ..ops.cpu import CpuOps
from ..random import Stream


@dataclass
class _Mode:
    seed: int | None = None
    nets_of_seed: int = 0
    rank: int = 0
    ranks: int = 1
    gpu: Ops | None = None
    device: int = 0


_mode = _Mode()


def set_mode_cpu() -> None:
    """Let nets made from now on compute on the CPU, as they do anyway."""
    _mode.gpu = None


def set_mode_gpu() -> None:
    """Let nets made from now on compute on the GPU. Raises DeviceError where it cannot be used."""
    _mode.gpu = gpu_device.operations(_mode.device)


def set_device(device: int) -> None:
    """Choose the GPU to compute on. Raises DeviceError where it cannot be used by nets that are to compute on one."""
    _mode.device = int(device)
    if _mode.gpu is not None:
        set_mode_gpu()


def set_random_seed(seed: int) -> None:
    """Start the random draws of nets made from now on at this seed. The same nets made in the same order draw the same numbers."""
    _mode.seed, _mode.nets_of_seed = int(seed), 0


def set_solver_count(count: int) -> None:
    """Say how many processes train together: each reads its share of the records."""
    _mode.ranks = int(count)


def set_solver_rank(rank: int) -> None:
    """Say which of the processes that train together this is, from 0."""
    _mode.rank = int(rank)


def solver_count() -> int:
    """How many processes train together."""
    return _mode.ranks


def solver_rank() -> int:
    """Which of the processes that train together this is, from 0."""
    return _mode.rank


def set_multiprocess(value: bool) -> None:
    """Nothing: the solvers that scripts tie together are always in processes of their own."""


def current_ops() -> Ops:
    """The backend for nets made from now on."""
    return _mode.gpu or CpuOps()


def next_seed() -> int | None:
    """The seed for the next net: the seed set last, then others that follow from it; None where none was set."""
    if _mode.seed is None:
        return None
    made = _mode.nets_of_seed
    _mode.nets_of_seed += 1
    return _mode.seed if made == 0 else Stream(_mode.seed, f"net {made}").key & 0xFFFFFFFF


def fresh_seed() -> int:
    """A seed that nobody chose."""
    return int.from_bytes(os.urandom(4), "little")
