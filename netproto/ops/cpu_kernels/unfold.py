"""Windows of a batch as the columns of a matrix, blocked for products.py: the pieces that a convolution by matrix products is made of.

Outputs are numbered through the maps of a batch, LANES of them to a block. A row of the unfolded matrix is a tap of the kernel for one
channel; taps[row] = (channel of the group, row and column of the tap in pixels). `steps` is (sh, sw, ph, pw): strides and pads.
"""

from __future__ import annotations

from typing import Any

import numpy

from .jit import inlined
from .products import BLOCK, BYTES
from .transpose import gather, move, take
from .vectors import LANES

Array = Any


@inlined
def address(images: Array, n: int, channel: int, y: int, x: int) -> int:
    """Where an image's pixel stands, which may lie outside."""
    return images.ctypes.data + (((n * images.shape[1] + channel) * images.shape[2] + y) * images.shape[3] + x) * BYTES


@inlined
def unfold(
    x: Array, channel: int, taps: Array, first: int, last: int, start: int, count: int, out: tuple[int, int], steps: Any, to: Array
) -> None:
    """to (blocks, rows, LANES) = the taps first..last of the windows of outputs start.. + count.

    It is 0 outside of the map and behind the last output. channel: the first of the group. out: the shape of an output map.
    """
    for block in range((count + LANES - 1) // LANES):
        lane = 0
        while lane < LANES:
            output = start + block * LANES + lane
            n, place = divmod(output, out[0] * out[1])
            oy, ox = divmod(place, out[1])
            end = min(LANES, lane + out[1] - ox, count - block * LANES)
            if end <= lane:
                break
            for row in range(first, last):
                y, left = oy * steps[0] - steps[2] + taps[row, 1], ox * steps[1] - steps[3] + taps[row, 2]
                target = to.ctypes.data + (block * to.shape[1] + row - first) * BLOCK
                inside = 0 <= y < x.shape[2]
                if steps[1] == 1:
                    source = address(x, n, channel + taps[row, 0], y, left - lane)
                    lo, hi = max(lane, lane - left), min(end, lane + x.shape[3] - left) if inside else 0
                    if lane == 0:
                        take(source, lo, hi, target)
                    else:
                        move(0, source, lo, hi, numpy.float32(0), target)
                else:
                    if lane == 0:
                        take(target, 0, 0, target)
                    if inside:
                        unfold_strided(x, n, channel + taps[row, 0], y, left, steps[1], to, block, row - first, lane, end)
            lane = end


@inlined
def unfold_strided(
    x: Array, n: int, channel: int, y: int, left: int, stride: int, to: Array, block: int, row: int, lane: int, end: int
) -> None:  # fmt: skip
    """The lanes of one row that stand `stride` pixels apart."""
    for p in range(lane, end):
        column = left + (p - lane) * stride
        if 0 <= column < x.shape[3]:
            to[block, row, p] = x[n, channel, y, column]


@inlined
def fold(
    made: Array, channel: int, taps: Array, first: int, last: int, start: int, count: int, out: tuple[int, int], steps: Any, dx: Array
) -> None:
    """The inverse: every element of `made` is added to the pixel that it came from."""
    for block in range((count + LANES - 1) // LANES):
        lane = 0
        while lane < LANES:
            output = start + block * LANES + lane
            n, place = divmod(output, out[0] * out[1])
            oy, ox = divmod(place, out[1])
            end = min(LANES, lane + out[1] - ox, count - block * LANES)
            if end <= lane:
                break
            for row in range(first, last):
                y, left = oy * steps[0] - steps[2] + taps[row, 1], ox * steps[1] - steps[3] + taps[row, 2]
                if y < 0 or y >= dx.shape[2]:
                    continue
                c = channel + taps[row, 0]
                if steps[1] == 1:
                    source = made.ctypes.data + (block * made.shape[1] + row - first) * BLOCK
                    lo, hi = max(lane, lane - left), min(end, lane + dx.shape[3] - left)
                    move(1, source, lo, hi, numpy.float32(0), address(dx, n, c, y, left - lane))
                else:
                    for p in range(lane, end):
                        column = left + (p - lane) * steps[1]
                        if 0 <= column < dx.shape[3]:
                            dx[n, c, y, column] += made[block, row - first, p]
            lane = end


@inlined
def pack_top(dy: Array, channel: int, channels: int, start: int, count: int, to: Array) -> None:
    """to (blocks, channels, LANES) = outputs start.. + count of dy (N, K, pixels): lanes are outputs; 0 behind the last one."""
    pixels = dy.shape[2]
    for block in range((count + LANES - 1) // LANES):
        lane = 0
        while lane < LANES:
            n, place = divmod(start + block * LANES + lane, pixels)
            end = min(LANES, lane + pixels - place, count - block * LANES)
            if end <= lane:
                break
            for k in range(channels):
                source = dy.ctypes.data + ((n * dy.shape[1] + channel + k) * pixels + place - lane) * BYTES
                target = to.ctypes.data + (block * to.shape[1] + k) * BLOCK
                if lane == 0:
                    take(source, 0, end, target)
                else:
                    move(0, source, lane, end, numpy.float32(0), target)
            lane = end


@inlined
def turn_top(dy: Array, channel: int, channels: int, start: int, count: int, padded: int, to: Array) -> None:
    """to (blocks, padded, LANES), flat, = the same with channels for lanes; 0 behind the last output. It needs LANES vectors more."""
    pixels = dy.shape[2]
    for block in range((channels + LANES - 1) // LANES):
        done = 0
        while done < count:
            n, place = divmod(start + done, pixels)
            run = min(pixels - place, count - done)
            source = dy.ctypes.data + ((n * dy.shape[1] + channel + block * LANES) * pixels + place) * BYTES
            for p in range(0, run, LANES):
                target = to.ctypes.data + (block * padded + done + p) * BLOCK
                gather(1, source + p * BYTES, pixels, 0, channels - block * LANES, 0, 1, 0, run - p, target)
            done += run
        for p in range(count, padded):
            take(to.ctypes.data, 0, 0, to.ctypes.data + (block * padded + p) * BLOCK)


@inlined
def write_top(made: Array, bias: Array, channel: int, channels: int, start: int, count: int, y: Array) -> None:
    """y (N, K, pixels) = made (blocks, channels, LANES) + bias for outputs start.. + count."""
    pixels = y.shape[2]
    for block in range((count + LANES - 1) // LANES):
        lane = 0
        while lane < LANES:
            n, place = divmod(start + block * LANES + lane, pixels)
            end = min(LANES, lane + pixels - place, count - block * LANES)
            if end <= lane:
                break
            for k in range(channels):
                target = y.ctypes.data + ((n * y.shape[1] + channel + k) * pixels + place - lane) * BYTES
                move(0, made.ctypes.data + (block * made.shape[1] + k) * BLOCK, lane, end, bias[channel + k], target)
            lane = end
