"""From the bytes of an image to the net's numbers: crop, mirror, mean and scale in one pass; and resizing by OpenCV's bilinear rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from .jit import kernel

Array = Any


@kernel
def transform(image: Array, mean: Array, out: Array, top: int, left: int, mirror: bool, scale: Any) -> None:
    """out (C, h, w) float32 = (image - mean) * scale of the window that begins at (top, left), flipped left to right if `mirror`.

    image: (C, H, W), uint8 or float32. mean: float32 (C, H, W), one value for each place of the image before it is cropped; or (C, 1, 1);
    or empty for none. scale: float32.
    """
    channels, height, width = out.shape
    last = np.uintp(width - 1)  # unsigned: Numba would look for negative indices, and make no vectors
    by_place = mean.shape[1] > 1 or mean.shape[2] > 1
    for c in range(channels):
        value = mean[c, 0, 0] if mean.size else scale * 0
        for h in range(height):
            source = image[c, top + h, left : left + width]
            means = mean[c, top + h, left : left + width] if by_place else mean[0, 0, :0]
            row = out[c, h]
            if by_place and mirror:
                for w in range(width):
                    row[w] = (source[last - np.uintp(w)] - means[last - np.uintp(w)]) * scale
            elif by_place:
                for w in range(width):
                    row[w] = (source[w] - means[w]) * scale
            elif mirror:
                for w in range(width):
                    row[w] = (source[last - np.uintp(w)] - value) * scale
            else:
                for w in range(width):
                    row[w] = (source[w] - value) * scale


@kernel
def resize_linear(
    image: Array, out: Array, columns: Array, column_weights: Array, rows: Array, row_weights: Array, above: Array, below: Array
) -> None:
    """out (h, w, C) uint8 = image (H, W, C) uint8 in OpenCV's fixed-point arithmetic for INTER_LINEAR.

    columns (w, 2), rows (h, 2): the two neighbours of each output column and row. *_weights: theirs, in units of 1 / 2048.
    above, below: scratch of w * C int32.
    """
    height, width, channels = out.shape
    held_above, held_below = -1, -1
    for y in range(height):
        if rows[y, 0] == held_below:
            above, below = below, above
            held_above, held_below = held_below, held_above
        if rows[y, 0] != held_above:
            held_above = rows[y, 0]
            _blend_row(image[held_above], above, columns, column_weights, channels)
        if rows[y, 1] != held_below:
            held_below = rows[y, 1]
            _blend_row(image[held_below], below, columns, column_weights, channels)
        first, second = row_weights[y, 0], row_weights[y, 1]
        for x in range(width):
            for c in range(channels):
                i = x * channels + c
                out[y, x, c] = (((first * (above[i] >> 4)) >> 16) + ((second * (below[i] >> 4)) >> 16) + 2) >> 2


@kernel
def _blend_row(line: Array, out: Array, columns: Array, weights: Array, channels: int) -> None:
    for x in range(len(columns)):
        for c in range(channels):
            out[x * channels + c] = line[columns[x, 0], c] * weights[x, 0] + line[columns[x, 1], c] * weights[x, 1]
