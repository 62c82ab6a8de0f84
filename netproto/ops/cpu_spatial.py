"""Pooling and LRN on all cores; every plane, or block of pixels, by itself."""

from __future__ import annotations

from math import prod

from .cpu_kernels import lrn as lrn_kernels
from .cpu_kernels import maxima, windows
from .cpu_kernels import pooling as kernels
from .cpu_kernels.vectors import LANES
from .cpu_kernels.worker_threads import Task
from .cpu_kernels.workers import Workers, fits
from .geometry import PoolGeometry
from .reference.arrays import Array
from .reference.normalisation import Normalisation

LEAST = 16384
"""Elements that are worth waking a worker for."""


class CpuSpatial(Normalisation):
    """The families of pooling and normalisation."""

    workers: Workers

    def max_pool(self, x: Array, y: Array, mask: Array, *, geo: PoolGeometry) -> None:
        if not fits(x, y) or not mask.flags.c_contiguous:
            super().max_pool(x, y, mask, geo=geo)
            return
        planes, tops, places = _planes(x), _planes(y), _planes(mask)
        self._share_planes(x, lambda lo, hi, _: maxima.max_pool(geo.stride[1])(planes, tops, places, _window(geo), lo, hi))

    def max_pool_values(self, x: Array, y: Array, *, geo: PoolGeometry) -> None:
        if not fits(x, y):
            super().max_pool_values(x, y, geo=geo)
            return
        self._share_blocks(x, lambda lo, hi, _: windows.pool(1)(x, y, _window(geo), lo, hi))

    def max_pool_backward(self, dy: Array, mask: Array, dx: Array, *, geo: PoolGeometry) -> None:
        if not fits(dy, dx) or not mask.flags.c_contiguous:
            super().max_pool_backward(dy, mask, dx, geo=geo)
            return
        up, places, down = (a.reshape(a.shape[0] * a.shape[1], -1) for a in (dy, mask, dx))
        self._share_planes(dx, lambda lo, hi, _: kernels.max_pool_backward(up, places, down, lo, hi))

    def ave_pool(self, x: Array, y: Array, *, geo: PoolGeometry) -> None:
        if not fits(x, y):
            super().ave_pool(x, y, geo=geo)
            return
        self._share_blocks(x, lambda lo, hi, _: windows.pool(0)(x, y, _window(geo), lo, hi))

    def ave_pool_backward(self, dy: Array, dx: Array, *, geo: PoolGeometry) -> None:
        if not fits(dy, dx):
            super().ave_pool_backward(dy, dx, geo=geo)
            return
        up, down = _planes(dy), _planes(dx)
        self._share_planes(dx, lambda lo, hi, _: kernels.ave_pool_backward(up, down, _window(geo), lo, hi))

    def lrn_across(self, x: Array, y: Array, scale: Array, *, size: int, alpha: float, beta: float, k: float) -> None:
        if not fits(x, y, scale):
            super().lrn_across(x, y, scale, size=size, alpha=alpha, beta=beta, k=k)
            return
        self._lrn_across(x, y, scale, size=size, alpha=alpha, beta=beta, k=k, keep=True)

    def lrn_across_values(self, x: Array, y: Array, *, size: int, alpha: float, beta: float, k: float) -> None:
        if not fits(x, y):
            super().lrn_across_values(x, y, size=size, alpha=alpha, beta=beta, k=k)
            return
        self._lrn_across(x, y, y, size=size, alpha=alpha, beta=beta, k=k, keep=False)

    def _lrn_across(self, x: Array, y: Array, scale: Array, *, size: int, alpha: float, beta: float, k: float, keep: bool) -> None:
        arrays, real = [_pixels(a) for a in (x, y, scale)], self.dtype.type
        numbers = size, real(alpha / size), real(beta), real(k)
        self._share_pixels(x, lambda lo, hi, _: lrn_kernels.lrn_across(*arrays, keep, *numbers, lo, hi))

    def lrn_across_backward(self, x: Array, y: Array, scale: Array, dy: Array, dx: Array, *, size: int, alpha: float, beta: float) -> None:
        if not fits(x, y, scale, dy, dx):
            super().lrn_across_backward(x, y, scale, dy, dx, size=size, alpha=alpha, beta=beta)
            return
        arrays, real = [_pixels(a) for a in (x, y, scale, dy, dx)], self.dtype.type
        numbers = size, real(alpha / size), real(beta)
        ratios = self.scratch("lrn.ratios", (self.workers.count, x.shape[1], lrn_kernels.PIXELS))
        self._share_pixels(x, lambda lo, hi, worker: lrn_kernels.lrn_across_backward(*arrays, ratios[worker], *numbers, lo, hi))

    def _share_blocks(self, x: Array, task: Task) -> None:
        blocks = x.shape[0] * -(-x.shape[1] // LANES)
        self.workers.share(blocks, task, least=1 + 4 * LEAST * blocks // max(1, x.size))

    def _share_planes(self, x: Array, task: Task) -> None:
        planes = x.shape[0] * x.shape[1]
        self.workers.share(planes, task, least=1 + LEAST * planes // max(1, x.size))

    def _share_pixels(self, x: Array, task: Task) -> None:
        pixels = prod(x.shape[2:])
        self.workers.share(
            x.shape[0] * -(-pixels // lrn_kernels.PIXELS), task, least=1 + LEAST // (lrn_kernels.PIXELS * max(1, x.shape[1]))
        )


def _planes(a: Array) -> Array:
    return a.reshape(a.shape[0] * a.shape[1], *a.shape[2:])


def _pixels(a: Array) -> Array:
    return a.reshape(*a.shape[:2], prod(a.shape[2:]))


def _window(geo: PoolGeometry) -> kernels.Window:
    return geo.kernel[0], geo.kernel[1], geo.stride[0], geo.stride[1], geo.pad[0], geo.pad[1]
