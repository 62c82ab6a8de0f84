"""Convolution over frames, height and width, by convolutions of planes: the frames that a window meets stand side by side as channels.

One image at a time. What the planes' convolution is, its own choice decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..geometry import ConvGeometry, Span, span

Array = Any


def forward(ops: Any, x: Array, w: Array, bias: Array | None, y: Array, geo: ConvGeometry) -> None:
    """As Convolution.conv for three axes."""
    filters = _filters(ops, w, geo)
    tops = ops.scratch("frames.tops", (y.shape[2], y.shape[1], *y.shape[3:]))
    for image, top in zip(x, y, strict=True):
        ops.conv(_gathered(ops, image, y.shape[2], geo), filters, bias, tops, geo=_planes(geo))
        top[...] = tops.swapaxes(0, 1)


def backward(
    ops: Any, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, geo: ConvGeometry
) -> None:
    """As Convolution.conv_backward for three axes."""
    filters, count = _filters(ops, w, geo), dy.shape[2]
    tops = ops.scratch("frames.tops", (count, dy.shape[1], *dy.shape[3:]))
    sums = None if dw is None else ops.zeros(filters.shape)
    for i in range(len(dy)):
        tops[...] = dy[i].swapaxes(0, 1)
        seen = _gathered(ops, x[i], count, geo) if x is not None and dw is not None else None
        down = None if dx is None else ops.scratch("frames.gradient", (count, *_channels(dx[i], geo)))
        ops.conv_backward(seen, filters, tops, down, sums, db, geo=_planes(geo))
        if dx is not None:
            _scatter(down, dx[i], geo)
    if sums is not None:
        dw += sums.reshape(len(w), geo.kernel[0], w.shape[1], *w.shape[3:]).swapaxes(1, 2)


def _planes(geo: ConvGeometry) -> ConvGeometry:
    """The geometry without the axis of frames."""
    return replace(geo, kernel=geo.kernel[1:], stride=geo.stride[1:], pad=geo.pad[1:], dilation=geo.dilation[1:])


def _filters(ops: Any, w: Array, geo: ConvGeometry) -> Array:
    """(K, C / group, depth, *kernel) as (K, depth * C / group, *kernel)."""
    turned = ops.scratch("frames.filters", (len(w), geo.kernel[0], w.shape[1], *w.shape[3:]))
    turned[...] = w.swapaxes(1, 2)
    return turned.reshape(len(w), -1, *w.shape[3:])


def _channels(image: Array, geo: ConvGeometry) -> tuple[int, ...]:
    """The shape of a frame of windows: a group's channels of the first frame that a window meets, of the second, ...; the next group's."""
    return geo.kernel[0] * image.shape[0], *image.shape[2:]


def _taps(length: int, count: int, geo: ConvGeometry) -> Iterator[tuple[int, Span | None]]:
    """For each frame of a window, the windows that meet one there."""
    for tap in range(geo.kernel[0]):
        yield tap, span(tap * geo.dilation[0], geo.stride[0], geo.pad[0], length, count)


def _by_tap(frames: Array, geo: ConvGeometry) -> Array:
    """(windows, group * depth * C / group, H, W) seen as (depth, windows, group, C / group, H, W)."""
    return frames.reshape(len(frames), geo.group, geo.kernel[0], -1, *frames.shape[2:]).transpose(2, 0, 1, 3, 4, 5)


def _by_frame(image: Array, geo: ConvGeometry) -> Array:
    """(C, frames, H, W) seen as (frames, group, C / group, H, W)."""
    return image.reshape(geo.group, -1, *image.shape[1:]).transpose(2, 0, 1, 3, 4)


def _gathered(ops: Any, image: Array, count: int, geo: ConvGeometry) -> Array:
    """What each of `count` windows along the frames meets, as planes; 0 where it is padding."""
    frames = ops.scratch("frames.seen", (count, *_channels(image, geo)))
    parts, source = _by_tap(frames, geo), _by_frame(image, geo)
    for tap, met in _taps(image.shape[1], count, geo):
        if met is None:
            parts[tap] = 0
            continue
        parts[tap, : met.lo] = 0
        parts[tap, met.hi :] = 0
        parts[tap, met.out] = source[met.source]
    return frames


def _scatter(down: Array, image: Array, geo: ConvGeometry) -> None:
    """image = the sum of each window's gradient at the frames that it meets."""
    image.fill(0)
    parts, target = _by_tap(down, geo), _by_frame(image, geo)
    for tap, met in _taps(image.shape[1], len(down), geo):
        if met is not None:
            target[met.source] += parts[tap, met.out]
