"""How a learned blob is filled before training. Caffe: include/caffe/filler.hpp.

A filler is a function of its FillerParameter, a shape and a numpy Generator; it gives a host array of float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError, did_you_mean
from .registry import Registry
from .schema import messages

Filler = Callable[[Any, tuple[int, ...], np.random.Generator], NDArray[np.float32]]
FILLERS: Registry[Filler] = Registry("filler type")


def fill(message: Any, shape: Sequence[int], generator: np.random.Generator) -> NDArray[np.float32]:
    """An array of `shape` as the FillerParameter says; zeros where it is None. Raises ModelError for what cannot be."""
    if message is None:
        return np.zeros(shape, np.float32)
    if message.type not in FILLERS:
        raise ModelError(f"unknown filler type {message.type!r}", hint=did_you_mean(message.type, FILLERS))
    return FILLERS[message.type](message, tuple(shape), generator)


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
def constant(message: Any, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    _dense_only(message)
    return np.full(shape, message.value, np.float32)


@FILLERS.register("uniform")
def uniform(message: Any, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    _dense_only(message)
    if message.min > message.max:
        raise ModelError(f"the uniform filler's min {message.min:g} is above its max {message.max:g}")
    return _uniform(message.min, message.max, shape, generator)


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    return _scaled(generator.random(shape, np.float32), high - low, low)


def _scaled(values: NDArray[np.float32], factor: float, constant: float) -> NDArray[np.float32]:
    """values * factor + constant, in their own memory."""
    values *= np.float32(factor)
    values += np.float32(constant)
    return values


@FILLERS.register("gaussian")
def gaussian(message: Any, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    """N(mean, std); with `sparse` n, each element is kept with probability n / (inputs of an output)."""
    if message.std < 0:
        raise ModelError(f"the gaussian filler's std is {message.std:g}; it cannot be negative")
    values = _scaled(generator.standard_normal(shape, np.float32), message.std, message.mean)
    if message.sparse >= 0:
        # Caffe takes the blob's first extent as the number of outputs and keeps sparse / that of the weights.
        if not shape or shape[0] < 1:
            raise ModelError(f"a sparse filler needs at least one axis, not the shape {shape}")
        values *= generator.random(shape, np.float32) < message.sparse / shape[0]
    return values


@FILLERS.register("positive_unitball")
def positive_unitball(message: Any, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    """Uniform in [0, 1), each entry of axis 0 scaled to the sum 1."""
    _dense_only(message)
    values = generator.random(shape, np.float32)
    rows = values.reshape(shape[0], -1) if shape else values.reshape(1, -1)
    rows /= rows.sum(axis=1, keepdims=True)
    return values


@FILLERS.register("xavier")
def xavier(message: Any, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    """Uniform in +-sqrt(3 / n). Glorot and Bengio 2010."""
    _dense_only(message)
    limit = sqrt(3 / _variance_divisor(message, shape))
    return _uniform(-limit, limit, shape, generator)


@FILLERS.register("msra")
def msra(message: Any, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    """N(0, sqrt(2 / n)). He et al. 2015."""
    _dense_only(message)
    return _scaled(generator.standard_normal(shape, np.float32), sqrt(2 / _variance_divisor(message, shape)), 0)


@FILLERS.register("bilinear")
def bilinear(message: Any, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    """The kernel of bilinear upsampling, for a Deconvolution: the same in every channel."""
    _dense_only(message)
    if len(shape) != 4 or shape[2] != shape[3]:
        raise ModelError(f"the bilinear filler wants a square kernel of 4 axes, not the shape {tuple(shape)}")
    factor = (shape[3] + 1) // 2
    centre = (shape[3] - 1) / (2 * factor)
    line = 1 - np.abs(np.arange(shape[3]) / factor - centre)
    return np.broadcast_to(np.outer(line, line).astype(np.float32), shape).copy()


@FILLERS.register("truncated_gaussian")
def truncated_gaussian(message: Any, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    """N(mean, std), drawn again where it is more than two std away. No Caffe has it; TensorFlow calls it truncated_normal."""
    _dense_only(message)
    if message.std < 0:
        raise ModelError(f"the {message.type} filler's std is {message.std:g}; it cannot be negative")
    values = generator.standard_normal(shape, np.float32)
    while (outside := np.abs(values) > 2).any():
        values[outside] = generator.standard_normal(int(outside.sum()), np.float32)
    return _scaled(values, message.std, message.mean)
