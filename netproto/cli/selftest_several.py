"""Two GPUs in `netproto selftest --gpu`, where there are two: trained together, against one with the batches of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..data import datum, lmdb
from ..errors import DeviceError
from ..ops import gpu_device, gpu_nccl
from ..ops.gpu import GpuOps
from ..schema import messages, text, upgrade
from ..solver import Solver, parallel
from .selftest_checks import TF32_TOLERANCE, TOLERANCE, Arrays, Check, Result, largest_difference

RECORDS, CLASSES, SHAPE = 24, 7, (3, 13, 11)
BATCH, ITERATIONS = 3, 5

NET = """
layer {{ name: "data" type: "Data" top: "x" top: "label" transform_param {{ scale: 0.01 }}
    data_param {{ source: "{source}" batch_size: {batch} backend: LMDB }} }}
layer {{ name: "conv" type: "Convolution" bottom: "x" top: "conv"
    convolution_param {{ num_output: 5 kernel_size: 3 weight_filler {{ type: "gaussian" std: 0.3 }} }} }}
layer {{ name: "relu" type: "ReLU" bottom: "conv" top: "conv" }}
layer {{ name: "score" type: "InnerProduct" bottom: "conv" top: "score"
    inner_product_param {{ num_output: {classes} weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" }}"""


def of_several(*, tf32: bool = False) -> Iterator[Check]:
    """What two GPUs learn together."""
    yield Check("two GPUs", partial(_agreement, tolerance=TF32_TOLERANCE if tf32 else TOLERANCE))


def _agreement(ops: GpuOps, *, tolerance: float) -> Result:
    here = int(ops.xp.cuda.Device().id)
    missing = _missing()
    if missing:
        return Result(note=f"not tested: {missing}")
    both = [here, (here + 1) % gpu_device.count()]
    with TemporaryDirectory() as folder:
        source = _database(Path(folder))
        wanted = _trained(source, [here], 2 * BATCH, tf32=ops.tf32)
        found, again = (_trained(source, both, BATCH, tf32=ops.tf32) for _ in range(2))
    repeatable = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, again, strict=True))
    return Result(largest_difference(found, wanted), tolerance, repeatable)


def _missing() -> str:
    """Why two GPUs cannot be tested; empty where they can."""
    if gpu_device.count() < 2:
        return "there is one GPU"
    try:
        gpu_nccl.library()
    except DeviceError as error:
        return str(error)
    return ""


def _database(folder: Path) -> Path:
    """Drawn pictures that are all different."""
    drawn = np.random.default_rng(5).integers(0, 256, (RECORDS, *SHAPE), np.uint8)
    path = folder / "lmdb"
    lmdb.write(str(path), ((b"%03d" % i, datum.encode(picture, i % CLASSES)) for i, picture in enumerate(drawn)))
    return path


def _trained(source: Path, gpus: Sequence[int], batch: int, *, tf32: bool) -> Arrays:
    """What the first of the GPUs has learned after some iterations."""
    message: Any = messages.SolverParameter(base_lr=0.1, lr_policy="fixed", momentum=0.9, random_seed=3, max_iter=ITERATIONS)
    message.snapshot_after_train = False
    message.net_param.CopyFrom(text.parse(NET.format(source=source, batch=batch, classes=CLASSES), messages.NetParameter))
    message = upgrade.solver(message)

    def make(rank: int) -> Solver:
        return Solver(message, ops=gpu_device.operations(gpus[rank], tf32=tf32), rank=rank, ranks=len(gpus))

    first = make(0)
    try:
        if len(gpus) > 1:
            parallel.solve(first, make, lambda: gpu_nccl.communicators(gpus))
        else:
            first.solve()
        return [np.array(first.ops.to_host(param.blob.data)) for param in first.net.learnable]
    finally:
        first.close()
