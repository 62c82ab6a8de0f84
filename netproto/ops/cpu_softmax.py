"""Softmax and its loss on all cores, in slabs that stay in cache: predictions do not depend on each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from .cpu_kernels.workers import Workers
from .reference.arrays import Array
from .reference.labels import by_class
from .reference.loss import Loss

SLAB = 65536
"""Elements of an array that are worked on at a time."""
FEWEST = 2
"""Slabs that are worth waking a worker for."""

Index = tuple[slice, slice]


class CpuSoftmax(Loss):
    """Large arrays are cut into slabs for the portable operations; the bits do not depend on the number of workers."""

    workers: Workers

    def softmax(self, x: Array, y: Array, *, axis: int) -> None:
        classes = by_class(x.shape, axis)
        if not _large(x, y):
            super().softmax(x, y, axis=axis)
            return
        x, y = x.reshape(classes), y.reshape(classes)

        def task(portable: Loss, at: Index) -> None:
            portable.softmax(_slab(x, at), _slab(y, at), axis=1)

        self._in_slabs(classes, task)

    def softmax_backward(self, y: Array, dy: Array, dx: Array, *, axis: int) -> None:
        classes = by_class(y.shape, axis)
        if not _large(y, dy, dx):
            super().softmax_backward(y, dy, dx, axis=axis)
            return
        y, dy, dx = y.reshape(classes), dy.reshape(classes), dx.reshape(classes)

        def task(portable: Loss, at: Index) -> None:
            portable.softmax_backward(_slab(y, at), _slab(dy, at), _slab(dx, at), axis=1)

        self._in_slabs(classes, task)

    def softmax_loss_backward(
        self,
        prob: Array,
        label: Array,
        class_weights: Array | None,
        weight: Array,
        divisor: Array,
        dx: Array,
        *,
        axis: int,
        ignore: int | None,
    ) -> None:
        classes = by_class(prob.shape, axis)
        if not _large(prob, dx):
            super().softmax_loss_backward(prob, label, class_weights, weight, divisor, dx, axis=axis, ignore=ignore)
            return
        prob, dx, label = prob.reshape(classes), dx.reshape(classes), label.reshape(classes[0], classes[2])

        def task(portable: Loss, at: Index) -> None:
            portable.softmax_loss_backward(_slab(prob, at), label[at], class_weights, weight, divisor, _slab(dx, at), axis=1, ignore=ignore)

        self._in_slabs(classes, task)

    @cached_property
    def _softmax_workers(self) -> list[Loss]:
        """The portable operations for each worker, with workspaces of its own."""
        return [Loss(self.dtype.name) for _ in range(self.workers.count)]

    def _in_slabs(self, classes: tuple[int, int, int], task: Callable[[Loss, Index], None]) -> None:
        """Run task for each slab of an array (outer, classes, inner), shared out to the workers."""
        outer, number, inner = classes
        width = min(inner, max(1, SLAB // number))
        rows = max(1, SLAB // (number * inner))
        slabs = [(slice(o, o + rows), slice(i, i + width)) for o in range(0, outer, rows) for i in range(0, inner, width)]

        def work(lo: int, hi: int, worker: int) -> None:
            for at in slabs[lo:hi]:
                task(self._softmax_workers[worker], at)

        self.workers.share(len(slabs), work, least=FEWEST)


def _large(*arrays: Array) -> bool:
    return arrays[0].size >= 2 * SLAB and all(a.flags.c_contiguous for a in arrays)


def _slab(x: Array, at: Index) -> Array:
    return x[at[0], :, at[1]]
