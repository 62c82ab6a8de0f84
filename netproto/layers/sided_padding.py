"""pad_t, pad_l, pad_b, pad_r: other padding on each side of a plane. Fields of synopsys-caffe."""

from __future__ import annotations

from dataclasses import dataclass

from ..blob import Array, Shape
from ..ops.base import Ops
from ..ops.geometry import Axes
from ..schema.messages import enum_name
from .base import Layer

SIDES = ("pad_t", "pad_l", "pad_b", "pad_r")
OTHERS = ("pad", "pad_h", "pad_w")


@dataclass(frozen=True)
class Sides:
    """How much is padded before each axis, and after it."""

    before: Axes
    after: Axes

    @property
    def common(self) -> Axes:
        """What is padded on both sides of an axis."""
        return tuple(map(min, self.before, self.after))

    @property
    def first(self) -> Axes:
        """What is padded before an axis beyond `common`."""
        return tuple(b - c for b, c in zip(self.before, self.common, strict=True))

    def widened(self, spatial: Axes) -> Axes:
        """The extents of a plane with what it has more on one side than on the other; a window pads it by `common`."""
        return tuple(n + abs(a - b) for n, a, b in zip(spatial, self.before, self.after, strict=True))

    def widen(self, ops: Ops, x: Array) -> Array:
        """The images (N, C, *spatial) of these extents, with zeros, in a workspace; the images themselves where nothing is to be added."""
        whole = self.widened(x.shape[2:])
        if whole == x.shape[2:]:
            return x
        padded = ops.scratch("padded", (*x.shape[:2], *whole))
        ops.crop_backward(x, padded, offset=self._offset)
        return padded

    def gradient(self, ops: Ops, dx: Array) -> Array:
        """Where the gradient of what `widen` gives goes; the gradient itself where nothing was added."""
        whole = self.widened(dx.shape[2:])
        return dx if whole == dx.shape[2:] else ops.scratch("padded_gradient", (*dx.shape[:2], *whole))

    def narrow(self, ops: Ops, whole: Array, dx: Array) -> None:
        """dx = the part of `gradient` that belongs to the images."""
        if whole is not dx:
            ops.crop(whole, dx, offset=self._offset)

    @property
    def _offset(self) -> Shape:
        return (0, 0, *self.first)


def read(layer: Layer, field: str) -> Sides | None:
    """What a message says of height and width; None where it names no side, or has 0 for all. Raises where it says it otherwise too."""
    param = getattr(layer.message, field)
    named = [side for side in SIDES if param.HasField(side)]
    for side in named:
        value = getattr(param, side)
        layer.require(value >= 0, f"{side} is {value}; it cannot be negative", field=f"{field}.{side}")
    if not any(getattr(param, side) for side in named):
        return None
    written = [descriptor.name for descriptor, _ in param.ListFields()]
    both = [name for name in OTHERS if name in written]
    layer.require(not both, f"both {named[0]} and {' and '.join(both)} are written", field=f"{field}.{named[0]}", hint="Keep one of them")
    explicit = enum_name(param, "pad_mode") == "EXPLICIT"
    layer.require(explicit, f"pad_mode SAME says how much is padded; no {named[0]}", field=f"{field}.{named[0]}")
    return Sides((param.pad_t, param.pad_l), (param.pad_b, param.pad_r))


def refuse(layer: Layer, field: str) -> None:
    """Raise where a message of a layer that pads all sides alike names one."""
    param = getattr(layer.message, field)
    for side in SIDES:
        layer.require(not param.HasField(side), f"only Convolution and Pooling have {side}", field=f"{field}.{side}", hint="Write pad")
