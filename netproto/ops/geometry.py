"""Shapes of sliding windows: plain numbers that the operations of a backend share. No arrays here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Axes = tuple[int, ...]


@dataclass(frozen=True)
class ConvGeometry:
    """A convolution over N spatial axes: one number per axis, and the number of channel groups."""

    kernel: Axes
    stride: Axes
    pad: Axes
    dilation: Axes
    group: int = 1

    def out_shape(self, spatial: Sequence[int]) -> Axes:
        """The spatial shape of the top; a window that does not fit gives a number below 1. Caffe: conv_layer.cpp compute_output_shape."""
        axes = zip(spatial, self.kernel, self.stride, self.pad, self.dilation, strict=True)
        return tuple((size + 2 * p - (d * (k - 1) + 1)) // s + 1 for size, k, s, p, d in axes)


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
