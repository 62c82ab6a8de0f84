"""Where the pixels of one blob of a NetSpec lie in another: what a Crop layer needs to know. Caffe: python/caffe/coord_map.py.

A map is (axis, scale, shift): the pixel at x of a layer's input is at scale x + shift of its output, on the spatial axes behind `axis`.
scale and shift are numbers, or arrays of one number for each spatial axis. axis is None where nothing moves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import ModelError
from .net_spec import Function, Top
from .net_spec import layers as L

Map = tuple[Any, Any, Any]

IDENTITY: Map = (None, 1, 0)
PASS_THROUGH_LAYERS = [
    *("AbsVal", "BatchNorm", "Bias", "BNLL", "Clip", "Dropout", "Eltwise", "ELU", "Exp", "Log", "LRN", "MVN", "Power", "PReLU", "ReLU"),
    *("ReLU6", "Scale", "Sigmoid", "Split", "Swish", "TanH", "Threshold"),
]
SETTINGS = ("convolution_param", "pooling_param")
LEGACY = {f"{name}_{side}" for name in ("kernel", "stride", "pad") for side in "hw"}


class UndefinedMapException(ModelError):
    """A layer whose output has no place in its input."""


class AxisMismatchException(ModelError):
    """Two maps on different axes, one after the other."""


class UnconnectedError(ModelError, RuntimeError):
    """Blobs that no spatial layers connect."""


class CropError(ModelError, AssertionError):
    """Blobs of which one cannot be cropped to the other."""


def coord_map(fn: Function) -> Map:
    """The map of one layer. Raises UndefinedMapException for a layer that has none."""
    if fn.type_name in ("Convolution", "Pooling", "Im2col"):
        axis, stride, kernel, pad = conv_params(fn)
        return axis, 1 / stride, (pad - (kernel - 1) / 2) / stride
    if fn.type_name == "Deconvolution":
        axis, stride, kernel, pad = conv_params(fn)
        return axis, stride, (kernel - 1) / 2 - pad
    if fn.type_name == "Crop":
        axis, offset = crop_params(fn)
        return axis - 1, 1, -offset
    if fn.type_name in PASS_THROUGH_LAYERS:
        return IDENTITY
    raise UndefinedMapException(f"a layer of the type {fn.type_name} has no coordinate map")


def conv_params(fn: Function) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """(axis, stride, kernel with its dilation, pad) of a layer with a sliding window."""
    params = next((fn.params[name] for name in SETTINGS if name in fn.params), fn.params)
    if LEGACY & set(params):
        raise CropError(f"{', '.join(sorted(LEGACY & set(params)))} cannot be mapped", hint="Write kernel_size, stride and pad as lists")
    if params.get("global_pooling") or "kernel_size" not in params:
        raise UndefinedMapException(f"a layer of the type {fn.type_name} without a kernel_size has no coordinate map")
    kernel, dilation, stride, pad = (
        np.atleast_1d(params.get(name, default)) for name, default in (("kernel_size", 1), ("dilation", 1), ("stride", 1), ("pad", 0))
    )
    return params.get("axis", 1), stride, (kernel - 1) * dilation + 1, pad


def crop_params(fn: Function) -> tuple[int, np.ndarray]:
    """(axis, offset) of a Crop layer."""
    params = fn.params.get("crop_param", fn.params)
    return params.get("axis", 2), np.atleast_1d(params.get("offset", 0))


def compose(base_map: Map, next_map: Map) -> Map:
    """The map that applies next_map first, then base_map. Raises AxisMismatchException."""
    (axis, scale, shift), (next_axis, next_scale, next_shift) = base_map, next_map
    if axis is not None and next_axis is not None and axis != next_axis:
        raise AxisMismatchException(f"maps of the axes {axis} and {next_axis} cannot follow each other")
    return next_axis if axis is None else axis, scale * next_scale, scale * next_shift + shift


def inverse(coord_map: Map) -> Map:
    """The map back."""
    axis, scale, shift = coord_map
    return axis, 1 / scale, -shift / scale


def coord_map_from_to(top_from: Top, top_to: Top) -> Map:
    """The map from one Top to another, by way of the nearest blob that both come from. Raises UnconnectedError."""
    from_ancestors = dict(_ancestors(top_from))
    for top, to_map in _ancestors(top_to):
        if top in from_ancestors:
            return compose(to_map, inverse(from_ancestors[top]))
    raise UnconnectedError("the tops are not connected by spatial layers, so neither has a place in the other")


def _ancestors(top: Top) -> Iterator[tuple[Top, Map]]:
    """The Top itself and what it is computed from, nearest first, each with the map from there to the Top."""
    seen = {top}
    waiting: deque[tuple[Top, Map]] = deque([(top, IDENTITY)])
    while waiting:
        current, found = waiting.popleft()
        yield current, found
        fn = current.fn
        for bottom in fn.inputs[:1] if fn.type_name == "Crop" else fn.inputs:
            if bottom in seen:
                continue
            try:
                waiting.append((bottom, compose(found, coord_map(fn))))
            except UndefinedMapException:
                break
            seen.add(bottom)


def crop(top_from: Top, top_to: Top) -> Top:
    """A Crop layer that cuts one Top down to another, so that their pixels lie on each other. Raises CropError where that cannot be."""
    axis, scale, shift = coord_map_from_to(top_from, top_to)
    scale, shift = np.atleast_1d(scale), np.atleast_1d(shift)
    if (scale != 1).any():
        raise CropError(f"the scales differ: one is {scale} times the other")
    if (shift > 0).any():
        raise CropError(f"the crop would begin outside, at {-shift}")
    if (np.round(shift) != shift).any():
        raise CropError(f"the crop would begin between two pixels, at {-shift}")
    made: Top = L.Crop(top_from, top_to, crop_param={"axis": 2 if axis is None else axis + 1, "offset": (-shift).astype(int).tolist()})
    return made
