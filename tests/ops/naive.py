"""What the operations mean, in loops and float64. Nothing here imports what it judges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

Axes = tuple[int, ...]
Array = np.ndarray

FLT_MAX = float(np.finfo("float32").max)


def windows(x: Array, out: Axes, kernel: Axes, stride: Axes, pad: Axes, dilation: Axes) -> Iterator[tuple[Axes, Axes, Axes]]:
    """(output, tap, pixel) for every tap of every window that lies inside the map."""
    for o in product(*map(range, out)):
        for t in product(*map(range, kernel)):
            at = tuple(a * s - p + b * d for a, b, s, p, d in zip(o, t, stride, pad, dilation, strict=True))
            if all(0 <= i < size for i, size in zip(at, x.shape[2:], strict=True)):
                yield o, t, at


def conv_shape(spatial: Axes, kernel: Axes, stride: Axes, pad: Axes, dilation: Axes) -> Axes:
    axes = zip(spatial, kernel, stride, pad, dilation, strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in axes)


def conv(
    x: Array, w: Array, bias: Array | None, dy: Array, kernel: Axes, stride: Axes, pad: Axes, dilation: Axes, group: int
) -> tuple[Array, ...]:
    """y, dx, dw, db of a convolution, the gradients for the upstream dy."""
    x, w, dy = (a.astype("float64") for a in (x, w, dy))
    y, dx, dw = np.zeros(dy.shape), np.zeros(x.shape), np.zeros(w.shape)
    c, k = x.shape[1] // group, w.shape[0] // group
    for o, t, at in windows(x, dy.shape[2:], kernel, stride, pad, dilation):
        for g in range(group):
            channels, filters = slice(g * c, (g + 1) * c), slice(g * k, (g + 1) * k)
            pixel, top = (slice(None), channels, *at), (slice(None), filters, *o)
            tap = w[(filters, slice(None), *t)]
            y[top] += x[pixel] @ tap.T
            dx[pixel] += dy[top] @ tap
            dw[(filters, slice(None), *t)] += dy[top].T @ x[pixel]
    if bias is not None:
        y += bias.reshape(-1, *(1,) * len(kernel))
    return y, dx, dw, dy.sum(axis=(0, *range(2, dy.ndim)))


def pool_windows(x: Array, out: Axes, kernel: Axes, stride: Axes, pad: Axes) -> Iterator[tuple[Axes, list[Axes], int]]:
    """((n, c, oy, ox), pixels of the window inside the map, size of the window as far as the padded map reaches)."""
    for n, c, oy, ox in product(range(x.shape[0]), range(x.shape[1]), range(out[0]), range(out[1])):
        top, left = oy * stride[0] - pad[0], ox * stride[1] - pad[1]
        rows = range(max(top, 0), min(top + kernel[0], x.shape[2]))
        columns = range(max(left, 0), min(left + kernel[1], x.shape[3]))
        height = min(top + kernel[0], x.shape[2] + pad[0]) - top
        width = min(left + kernel[1], x.shape[3] + pad[1]) - left
        yield (n, c, oy, ox), list(product(rows, columns)), height * width


def max_pool(x: Array, dy: Array, kernel: Axes, stride: Axes, pad: Axes) -> tuple[Array, ...]:
    """y, mask, dx."""
    y, mask, dx = np.full(dy.shape, -FLT_MAX), np.full(dy.shape, -1), np.zeros(x.shape)
    for at, pixels, _ in pool_windows(x, dy.shape[2:], kernel, stride, pad):
        for row, column in pixels:
            if x[at[0], at[1], row, column] > y[at]:
                y[at], mask[at] = x[at[0], at[1], row, column], row * x.shape[3] + column
        if mask[at] >= 0:
            dx[at[0], at[1], mask[at] // x.shape[3], mask[at] % x.shape[3]] += dy[at]
    return y, mask, dx


def ave_pool(x: Array, dy: Array, kernel: Axes, stride: Axes, pad: Axes) -> tuple[Array, ...]:
    """y, dx."""
    y, dx = np.zeros(dy.shape), np.zeros(x.shape)
    for at, pixels, size in pool_windows(x, dy.shape[2:], kernel, stride, pad):
        total = sum(float(x[at[0], at[1], row, column]) for row, column in pixels)
        y[at] = total / size if size else math.nan
        for row, column in pixels:
            dx[at[0], at[1], row, column] += dy[at] / size
    return y, dx


def near(c: int, size: int, channels: int) -> range:
    return range(max(0, c - size // 2), min(channels, c + size // 2 + 1))


def lrn_across(x: Array, dy: Array, size: int, alpha: float, beta: float, k: float) -> tuple[Array, ...]:
    """y, scale, dx."""
    x, dy = x.astype("float64"), dy.astype("float64")
    channels = x.shape[1]
    scale = np.stack([k + alpha / size * sum(x[:, j] ** 2 for j in near(c, size, channels)) for c in range(channels)], axis=1)
    y, dx = x * scale**-beta, np.zeros(x.shape)
    for c in range(channels):
        for j in near(c, size, channels):
            dx[:, c] += dy[:, j] * x[:, j] * -beta * scale[:, j] ** (-beta - 1) * 2 * alpha / size * x[:, c]
        dx[:, c] += dy[:, c] * scale[:, c] ** -beta
    return y, scale, dx


def philox(block: int, ordinal: int, key: int) -> list[int]:
    """Four words, in Python's own integers."""
    low = 2**32 - 1
    c = [block & low, block >> 32, ordinal & low, ordinal >> 32]
    k = [key & low, key >> 32]
    for _ in range(10):
        p, q = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(q >> 32) ^ c[1] ^ k[0], q & low, (p >> 32) ^ c[3] ^ k[1], p & low]
        k = [(k[0] + 0x9E3779B9) & low, (k[1] + 0xBB67AE85) & low]
    return c


def words(count: int, key: int, ordinal: int) -> list[int]:
    return [philox(i // 4, ordinal, key)[i % 4] for i in range(count)]
