"""Shapes of sliding windows: plain numbers that the operations of a backend share. No arrays here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Axes = tuple[int, ...]


@dataclass(frozen=True)
class ConvGeometry:
    """A convolution over N spatial axes: one number per axis, and the number of channel groups.

    engine, layer: who is to compute it, as a layer's `engine` says (DEFAULT, CAFFE, CUDNN), and the layer's name, for messages. Geometries
    that differ in them alone are equal.
    """

    kernel: Axes
    stride: Axes
    pad: Axes
    dilation: Axes
    group: int = 1
    engine: str = field(default="DEFAULT", compare=False)
    layer: str = field(default="", compare=False)

    def out_shape(self, spatial: Sequence[int]) -> Axes:
        """The spatial shape of the top. Caffe: conv_layer.cpp compute_output_shape.

        A window that does not fit gives a number below 1, but it may hang over the end by less than a stride, since C's division cuts
        towards 0: there is then one output, and what is missing counts as 0.
        """
        axes = zip(spatial, self.extent, self.stride, self.pad, strict=True)
        return tuple(int((size + 2 * p - e) / s) + 1 for size, e, s, p in axes)

    @property
    def extent(self) -> Axes:
        """How many elements a window spans along each axis, those that dilation leaves out included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))


def is_depthwise(w: Axes, geo: ConvGeometry) -> bool:
    """Whether each channel is a group of its own, over two axes. w: the shape of the weights."""
    return len(w) == 4 and w[1] == 1 and geo.group > 1


@dataclass(frozen=True)
class PoolGeometry:
    """Pooling over two spatial axes; `out` is the pooled (height, width), since rounding and clipping are the layer's choice."""

    kernel: Axes
    stride: Axes
    pad: Axes
    out: Axes


@dataclass(frozen=True)
class Span:
    """The outputs lo..hi (hi excluded) of one axis whose tap lies inside the input, and the input of the first one."""

    lo: int
    hi: int
    start: int
    stride: int

    @property
    def out(self) -> slice:
        return slice(self.lo, self.hi)

    @property
    def source(self) -> slice:
        """The input elements that these outputs read through the tap."""
        return slice(self.start, self.start + (self.hi - self.lo - 1) * self.stride + 1, self.stride)


def span(tap: int, stride: int, pad: int, size: int, out: int) -> Span | None:
    """Which of `out` outputs read an input of `size` elements through the tap at offset `tap`; None if none does."""
    lo = max(0, -((tap - pad) // stride))
    hi = min(out, (size - 1 + pad - tap) // stride + 1)
    return Span(lo, hi, lo * stride - pad + tap, stride) if lo < hi else None
