"""cuDNN in `netproto selftest --gpu`: the convolutions of THE TABLE with it against those without, and the speed of the example nets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from ..errors import DeviceError
from ..ops.gpu import GpuOps
from ..testing.cases import CASES
from ..testing.nets import PICTURES
from ..testing.table import Case
from .selftest_checks import TF32_TOLERANCE, TOLERANCE, Check, Result, agreement, layer
from .selftest_nets import speed

TYPES = ("Convolution", "ConvolutionDepthwise", "Deconvolution", "DepthwiseConvolution")


def of_cudnn(*, tf32: bool = False, small: bool = False) -> Iterator[Check]:
    """What cuDNN does where it is installed. small: without speeds."""
    yield Check("cuDNN", lambda ops: Result(note=_missing(ops)))
    for case in CASES:
        if case.type in TYPES:
            yield Check(f"cuDNN {case}", partial(_agreement, case, tolerance=TF32_TOLERANCE if tf32 else TOLERANCE))
    if not small:
        for name in PICTURES:
            yield Check(f"speed of {name} with cuDNN", partial(_speed, name), large=True)


def _missing(ops: GpuOps) -> str:
    """Why there is no cuDNN; empty where there is."""
    try:
        ops.load_cudnn()
    except DeviceError as error:
        return f"not tested: {error}"
    return ""


def _agreement(case: Case, ops: GpuOps, *, tolerance: float) -> Result:
    """cuDNN's way, twice, against the GPU's own."""
    if _missing(ops):
        return Result()
    wanted = layer(case, ops)
    with _preferred(ops):
        return agreement(wanted, layer(case, ops), layer(case, ops), tolerance=tolerance)


def _speed(name: str, ops: GpuOps) -> Result:
    if _missing(ops):
        return Result()
    with _preferred(ops):
        return speed(name, ops)


@contextmanager
def _preferred(ops: GpuOps) -> Iterator[None]:
    """Within it cuDNN computes what it can."""
    before, ops.prefers_cudnn = ops.prefers_cudnn, True
    try:
        yield
    finally:
        ops.prefers_cudnn = before
