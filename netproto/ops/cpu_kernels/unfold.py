"""Windows of a batch as the columns of a matrix, blocked for products.py: the pieces that a convolution by matrix products is made of.

Outputs are numbered through the maps of a batch, LANES of them to a block. A row of the unfolded matrix is a tap of the kernel for one
channel; taps[row] = (channel of the group, row and column of the tap in pixels). `steps` is (sh, sw, ph, pw): strides and pads.
"""

from __future__ import annotations

from typing import Any

import numpy

from .finish import Ending, beside, finish_lanes
from .jit import inlined
from .prefetch import write_line
from .products import BLOCK, BYTES
from .transpose import add_apart, gather, move, pick, pick_all, pick_far, take
from .vectors import LANES

Array = Any
SOON = 4
"""How many channels later the lines of a top are written that are asked for."""


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
    Row after row, since memory is read several times faster in long runs.
    """
    for row in range(first, last):
        done, (n, oy, ox) = 0, place_of(start, out)
        while done < count:
            end = min(done + out[1] - ox, count)
            y, left = oy * steps[0] - steps[2] + taps[row, 1], ox * steps[1] - steps[3] + taps[row, 2]
            source = address(x, n, channel + taps[row, 0], y, left - done * steps[1])
            lo, hi = done + outside(left, steps[1]), done + outside(left - x.shape[3], steps[1])
            if y < 0 or y >= x.shape[2]:
                hi = lo
            for block in range(done // LANES, (end + LANES - 1) // LANES):
                lane = block * LANES
                target = to.ctypes.data + (block * to.shape[1] + row - first) * BLOCK
                whole = lo <= lane and min(hi, end) - lane >= LANES
                if steps[1] == 1:
                    if whole:
                        pick_all(1, source + lane * BYTES, target)
                    else:
                        pick(1, source + lane * BYTES, lo - lane, min(hi, end) - lane, done - lane, target)
                elif steps[1] == 2:
                    if whole:
                        pick_all(2, source + lane * 2 * BYTES, target)
                    else:
                        pick(2, source + lane * 2 * BYTES, lo - lane, min(hi, end) - lane, done - lane, target)
                else:
                    pick_far(source + lane * steps[1] * BYTES, steps[1], lo - lane, min(hi, end) - lane, done - lane, target)
            done, oy, ox = end, oy + 1, 0
            if oy == out[0]:
                n, oy = n + 1, 0


@inlined
def place_of(output: int, out: tuple[int, int]) -> tuple[int, int, int]:
    """(image, row, column) of an output by its number."""
    n, place = divmod(output, out[0] * out[1])
    return n, place // out[1], place % out[1]


@inlined
def outside(left: int, stride: int) -> int:
    """How many of the numbers left, left + stride, ... are below 0."""
    return max(0, (stride - 1 - left) // stride)


@inlined
def fold(
    made: Array, channel: int, taps: Array, first: int, last: int, start: int, count: int, out: tuple[int, int], steps: Any, dx: Array
) -> None:
    """The inverse: every element of `made` is added to the pixel that it came from."""
    for row in range(first, last):
        done, (n, oy, ox) = 0, place_of(start, out)
        while done < count:
            end = min(done + out[1] - ox, count)
            y, left = oy * steps[0] - steps[2] + taps[row, 1], ox * steps[1] - steps[3] + taps[row, 2]
            if 0 <= y < dx.shape[2]:
                target = address(dx, n, channel + taps[row, 0], y, left - done * steps[1])
                lo, hi = done + outside(left, steps[1]), min(end, done + outside(left - dx.shape[3], steps[1]))
                for block in range(lo // LANES, (hi + LANES - 1) // LANES):
                    lane = block * LANES
                    source = made.ctypes.data + (block * made.shape[1] + row - first) * BLOCK
                    if steps[1] == 1:
                        move(1, source, lo - lane, hi - lane, numpy.float32(0), target + lane * BYTES)
                    elif steps[1] == 2:
                        add_apart(source, lo - lane, hi - lane, target + lane * 2 * BYTES)
                    else:
                        c, column = channel + taps[row, 0], left - done * steps[1]
                        for p in range(max(lo, lane), min(hi, lane + LANES)):
                            dx[n, c, y, column + p * steps[1]] += made[block, row - first, p - lane]
            done, oy, ox = end, oy + 1, 0
            if oy == out[0]:
                n, oy = n + 1, 0


@inlined
def pack_top(dy: Array, channel: int, channels: int, start: int, count: int, to: Array) -> None:
    """to (blocks, channels, LANES) = outputs start.. + count of dy (N, K, pixels): lanes are outputs; 0 behind the last one.

    Channel after channel, since memory is read several times faster in long runs.
    """
    pixels, done = dy.shape[2], 0
    while done < count:
        n, place = divmod(start + done, pixels)
        end = min(done + pixels - place, count)
        for k in range(channels):
            row = dy.ctypes.data + ((n * dy.shape[1] + channel + k) * pixels + place - done) * BYTES
            for block in range(done // LANES, (end + LANES - 1) // LANES):
                lane, target = block * LANES, to.ctypes.data + (block * to.shape[1] + k) * BLOCK
                if done <= lane and lane + LANES <= end:
                    pick_all(1, row + lane * BYTES, target)
                else:
                    pick(1, row + lane * BYTES, 0, end - lane, done - lane, target)
        done = end


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
def write_top(made: Array, bias: Array, channel: int, channels: int, start: int, count: int, y: Array, finish: Ending) -> None:
    """y (N, K, pixels) = made (blocks, channels, LANES) + bias, finished, for outputs start.. + count."""
    pixels, done, plain = y.shape[2], 0, finish[0] == 0 and finish[1] == 1
    while done < count:
        n, place = divmod(start + done, pixels)
        end = min(done + pixels - place, count)
        for k in range(channels):
            row = y.ctypes.data + ((n * y.shape[1] + channel + k) * pixels + place - done) * BYTES
            for block in range(done // LANES, (end + LANES - 1) // LANES):
                source, target = made.ctypes.data + (block * made.shape[1] + k) * BLOCK, row + block * BLOCK
                first, last = done - block * LANES, end - block * LANES
                write_line(target + SOON * pixels * BYTES)
                if first <= 0 and last >= LANES:
                    if plain:
                        move(0, source, 0, LANES, bias[channel + k], target)
                    else:
                        finish_lanes(source, 0, LANES, bias[channel + k], beside(target, finish), finish[1], target)
                else:
                    finish_lanes(source, first, last, bias[channel + k], beside(target, finish), finish[1], target)
        done = end
