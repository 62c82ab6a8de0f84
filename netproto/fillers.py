"""How a learned blob is filled before training. Caffe: include/caffe/filler.hpp.

A filler is a function of its FillerParameter, a host array of float32 that it fills, and a numpy Generator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blob import Blob
from .errors import ModelError, did_you_mean
from .registry import Registry
from .schema import messages

Array = NDArray[np.float32]
Filler = Callable[[Any, Array, np.random.Generator], None]
FILLERS: Registry[Filler] = Registry("filler type")


def fill(message: Any, blob: Blob, generator: np.random.Generator, *, again: bool = False) -> None:
    """Fill a blob's data as the FillerParameter says, in its own memory where that is the host's. Raises ModelError for what cannot be.

    again: whether it will be filled anew, so that buffers on the way to a device are kept.
    """
    if message.type not in FILLERS:
        raise ModelError(f"unknown filler type {message.type!r}", hint=did_you_mean(message.type, FILLERS))
    data = blob.data
    values = data if isinstance(data, np.ndarray) and data.dtype == np.float32 else np.empty(blob.shape, np.float32)
    FILLERS[message.type](message, values, generator)
    if values is not data and again:
        blob.ops.upload(values, data)
    elif values is not data:
        blob.ops.copy(blob.ops.asarray(values), data)


def fans(shape: Sequence[int]) -> tuple[float, float]:
    """(fan in, fan out) as Caffe counts them: elements per entry of axis 0, and per entry of axis 1 where there is one."""
    count = prod(shape)
    fan_in = count / shape[0] if shape and shape[0] else count
    fan_out = count / shape[1] if len(shape) > 1 and shape[1] else count
    return fan_in, fan_out


def _variance_divisor(message: Any, shape: tuple[int, ...]) -> float:
    fan_in, fan_out = fans(shape)
    norm = messages.enum_name(message, "variance_norm")
    return {"FAN_IN": fan_in, "FAN_OUT": fan_out, "AVERAGE": (fan_in + fan_out) / 2}[norm]


def _dense_only(message: Any) -> None:
    if message.sparse != -1:
        raise ModelError(f"filler {message.type!r} cannot be sparse", hint="Only the gaussian filler has `sparse`")


@FILLERS.register("constant")
def constant(message: Any, out: Array, generator: np.random.Generator) -> None:
    _dense_only(message)
    out.fill(message.value)


@FILLERS.register("uniform")
def uniform(message: Any, out: Array, generator: np.random.Generator) -> None:
    _dense_only(message)
    if message.min > message.max:
        raise ModelError(f"the uniform filler's min {message.min:g} is above its max {message.max:g}")
    _uniform(message.min, message.max, out, generator)


def _uniform(low: float, high: float, out: Array, generator: np.random.Generator) -> None:
    generator.random(dtype=np.float32, out=out)
    _scale(out, high - low, low)


def _normal(mean: float, std: float, out: Array, generator: np.random.Generator) -> None:
    generator.standard_normal(dtype=np.float32, out=out)
    _scale(out, std, mean)


def _scale(values: Array, factor: float, constant: float) -> None:
    """values * factor + constant, in their own memory."""
    values *= np.float32(factor)
    values += np.float32(constant)


@FILLERS.register("gaussian")
def gaussian(message: Any, out: Array, generator: np.random.Generator) -> None:
    """N(mean, std); with `sparse` n, each element is kept with probability n / (inputs of an output)."""
    if message.std < 0:
        raise ModelError(f"the gaussian filler's std is {message.std:g}; it cannot be negative")
    _normal(message.mean, message.std, out, generator)
    if message.sparse >= 0:
        # Caffe takes the blob's first extent as the number of outputs and keeps sparse / that of the weights.
        if not out.shape or out.shape[0] < 1:
            raise ModelError(f"a sparse filler needs at least one axis, not the shape {out.shape}")
        out *= generator.random(out.shape, np.float32) < message.sparse / out.shape[0]


@FILLERS.register("positive_unitball")
def positive_unitball(message: Any, out: Array, generator: np.random.Generator) -> None:
    """Uniform in [0, 1), each entry of axis 0 scaled to the sum 1."""
    _dense_only(message)
    generator.random(dtype=np.float32, out=out)
    rows = out.reshape(out.shape[0], -1) if out.shape else out.reshape(1, -1)
    rows /= rows.sum(axis=1, keepdims=True)


@FILLERS.register("xavier")
def xavier(message: Any, out: Array, generator: np.random.Generator) -> None:
    """Uniform in +-sqrt(3 / n). Glorot and Bengio 2010."""
    _dense_only(message)
    limit = sqrt(3 / _variance_divisor(message, out.shape))
    _uniform(-limit, limit, out, generator)


@FILLERS.register("msra")
def msra(message: Any, out: Array, generator: np.random.Generator) -> None:
    """N(0, sqrt(2 / n)). He et al. 2015."""
    _dense_only(message)
    _normal(0, sqrt(2 / _variance_divisor(message, out.shape)), out, generator)


@FILLERS.register("bilinear")
def bilinear(message: Any, out: Array, generator: np.random.Generator) -> None:
    """The kernel of bilinear upsampling, for a Deconvolution: the same in every channel."""
    _dense_only(message)
    if out.ndim != 4 or out.shape[2] != out.shape[3]:
        raise ModelError(f"the bilinear filler wants a square kernel of 4 axes, not the shape {out.shape}")
    factor = (out.shape[3] + 1) // 2
    centre = (out.shape[3] - 1) / (2 * factor)
    line = 1 - np.abs(np.arange(out.shape[3]) / factor - centre)
    out[...] = np.outer(line, line)


@FILLERS.register("truncated_gaussian")
def truncated_gaussian(message: Any, out: Array, generator: np.random.Generator) -> None:
    """N(mean, std), drawn again where it is more than two std away. No Caffe has it; TensorFlow calls it truncated_normal."""
    _dense_only(message)
    if message.std < 0:
        raise ModelError(f"the {message.type} filler's std is {message.std:g}; it cannot be negative")
    generator.standard_normal(dtype=np.float32, out=out)
    while (outside := np.abs(out) > 2).any():
        out[outside] = generator.standard_normal(int(outside.sum()), np.float32)
    _scale(out, message.std, message.mean)
