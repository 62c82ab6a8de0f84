"""The operations that are tested, by name: portable ones, and the CPU's own with several numbers of workers."""

from __future__ import annotations

import numpy as np

from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps

BACKENDS = {
    "portable": Ops(),
    "float64": Ops("float64"),
    "cpu": CpuOps(threads=2),
    "one worker": CpuOps(threads=1),
    "three workers": CpuOps(threads=3),
}


def spoil(ops: Ops) -> None:
    """Fill every workspace with what must not matter."""
    for array in ops._scratch.values():
        array.fill(np.nan if array.dtype.kind == "f" else 77)


def drawn(ops: Ops, *shape: int, seed: int = 0) -> np.ndarray:
    return ops.asarray(np.random.default_rng([seed, *shape]).standard_normal(shape).astype("float32"))


def spoilt(ops: Ops, shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, np.nan, ops.dtype)


def worst(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest error, relative to the largest value: NaN if there is one that is not wanted."""
    wanted = np.asarray(wanted, "float64")
    return float(np.abs(got - wanted).max() / max(1.0, np.abs(wanted).max()))
