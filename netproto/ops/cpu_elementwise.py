"""Elementwise operations and copies on all cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, wraps
from typing import Any

from .base import Ops
from .cpu_kernels import elementwise as kernels
from .cpu_kernels import masked
from .cpu_kernels.workers import Workers
from .reference.activation import Activation
from .reference.arithmetic import Arithmetic
from .reference.arrays import Array
from .reference.elementwise import Elementwise

PIECE = 65536
"""Elements of an array that are worked on at a time: all passes of an operation find them in a core's cache."""
FEWEST = 4
"""Pieces that are worth waking a worker for."""


class _Portable(Activation, Arithmetic, Elementwise):
    """What a worker runs on its pieces."""


def _in_pieces(portable: Callable[..., None]) -> Callable[..., None]:
    """The same operation, a piece of all arrays at a time, shared out to the workers. Small or strided arrays are left as they are."""

    @wraps(portable)
    def operation(self: CpuElementwise, *arrays: Any, **options: Any) -> None:
        every = [a for given in arrays for a in (given if isinstance(given, list | tuple) else [given])]
        size = every[0].size
        if size < 2 * PIECE or not all(a.flags.c_contiguous for a in every):
            portable(self, *arrays, **options)
            return

        def task(lo: int, hi: int, worker: int) -> None:
            for start in range(lo * PIECE, min(hi * PIECE, size), PIECE):
                portable(self._portable[worker], *(_piece(a, start) for a in arrays), **options)

        self.workers.share(-(-size // PIECE), task, least=FEWEST)

    return operation


def _piece(array: Any, start: int) -> Any:
    if isinstance(array, list | tuple):
        return [_piece(a, start) for a in array]
    return array.reshape(-1)[start : start + PIECE]


class CpuElementwise(Ops):
    """Activations, arithmetic, Eltwise's operations and copies; bits do not depend on the number of workers."""

    workers: Workers

    @cached_property
    def _portable(self) -> list[_Portable]:
        """For each worker, operations with workspaces of their own."""
        return [_Portable(self.dtype.name) for _ in range(self.workers.count)]

    sigmoid = _in_pieces(Activation.sigmoid)
    sigmoid_backward = _in_pieces(Activation.sigmoid_backward)
    tanh = _in_pieces(Activation.tanh)
    tanh_backward = _in_pieces(Activation.tanh_backward)
    elu = _in_pieces(Activation.elu)
    bnll = _in_pieces(Activation.bnll)
    bnll_backward = _in_pieces(Activation.bnll_backward)
    swish = _in_pieces(Activation.swish)
    swish_backward = _in_pieces(Activation.swish_backward)
    clip = _in_pieces(Activation.clip)
    clip_backward = _in_pieces(Activation.clip_backward)
    threshold = _in_pieces(Activation.threshold)
    absolute = _in_pieces(Arithmetic.absolute)
    absolute_backward = _in_pieces(Arithmetic.absolute_backward)
    power = _in_pieces(Arithmetic.power)
    power_backward = _in_pieces(Arithmetic.power_backward)
    exp = _in_pieces(Arithmetic.exp)
    exp_backward = _in_pieces(Arithmetic.exp_backward)
    log = _in_pieces(Arithmetic.log)
    log_backward = _in_pieces(Arithmetic.log_backward)
    multiply = _in_pieces(Elementwise.multiply)
    eltwise_sum = _in_pieces(Elementwise.eltwise_sum)
    eltwise_product = _in_pieces(Elementwise.eltwise_product)
    eltwise_product_backward = _in_pieces(Elementwise.eltwise_product_backward)
    eltwise_quotient_backward = _in_pieces(Elementwise.eltwise_quotient_backward)
    eltwise_max_backward = _in_pieces(Elementwise.eltwise_max_backward)

    def elu_backward(self, x: Array, y: Array, dy: Array, dx: Array, *, alpha: float) -> None:
        if not _plain(x, y, dy, dx):
            super().elu_backward(x, y, dy, dx, alpha=alpha)
            return
        self._share(lambda *parts: kernels.elu_backward(*parts, dx.dtype.type(alpha)), x, y, dy, dx)

    def eltwise_max(self, xs: Sequence[Array], y: Array, mask: Array) -> None:
        if not _plain(*xs, y):
            super().eltwise_max(xs, y, mask)
            return
        self._share(kernels.larger_of_two, xs[0], xs[1], y, mask)
        for index, x in enumerate(xs[2:], 2):
            self._share(lambda x, y, mask, index=index: kernels.larger(x, index, y, mask), x, y, mask)

    def rectified_sum(self, xs: Sequence[Array], y: Array, *, slope: float) -> None:
        if len(xs) != 2 or not _plain(*xs, y):
            super().rectified_sum(xs, y, slope=slope)
            return
        leak = y.dtype.type(slope)
        self._share(lambda *parts: masked.rectified_sum(*parts, leak, 0, parts[0].size), *xs, y)

    def rectified_sum_backward(self, y: Array, dys: Sequence[Array], dxs: Sequence[Array], *, slope: float) -> None:
        if len(dys) > 2 or len(dxs) != 2 or not _plain(y, *dys, *dxs):
            super().rectified_sum_backward(y, dys, dxs, slope=slope)
            return
        leak, both = y.dtype.type(slope), len(dys) == 2
        self._share(lambda *parts: masked.rectified_sum_backward(*parts, both, leak, 0, parts[0].size), y, dys[0], dys[-1], *dxs)

    def concat(self, parts: Sequence[Array], whole: Array, *, axis: int) -> None:
        portable = super().concat
        self._share_first_axis(lambda *rows: portable(rows[:-1], rows[-1], axis=axis), *parts, whole, copies=axis > 0)

    def unconcat(self, whole: Array, parts: Sequence[Array], *, axis: int, wanted: Sequence[bool]) -> None:
        portable = super().unconcat
        self._share_first_axis(lambda *rows: portable(rows[-1], rows[:-1], axis=axis, wanted=wanted), *parts, whole, copies=axis > 0)

    def permute(self, x: Array, y: Array, *, order: Sequence[int]) -> None:
        portable = super().permute
        self._share_first_axis(lambda *rows: portable(*rows, order=order), x, y, copies=order[0] == 0)

    def permute_backward(self, dy: Array, dx: Array, *, order: Sequence[int]) -> None:
        portable = super().permute_backward
        self._share_first_axis(lambda *rows: portable(*rows, order=order), dy, dx, copies=order[0] == 0)

    def _share(self, kernel: Callable[..., None], *arrays: Array) -> None:
        """Run a kernel on parts of flat, equally large arrays."""
        flat = [a.reshape(-1) for a in arrays]
        self.workers.share(flat[0].size, lambda lo, hi, worker: kernel(*(a[lo:hi] for a in flat)), least=FEWEST * PIECE)

    def _share_first_axis(self, operation: Callable[..., None], *arrays: Array, copies: bool) -> None:
        """Run an operation on rows of arrays of equally many, if `copies` within a row is all that it does and there is enough to copy."""
        if not copies or arrays[-1].size < 2 * FEWEST * PIECE:
            operation(*arrays)
            return
        self.workers.share(len(arrays[-1]), lambda lo, hi, worker: operation(*(a[lo:hi] for a in arrays)))


def _plain(*arrays: Array) -> bool:
    return all(a.dtype == "float32" and a.flags.c_contiguous for a in arrays)
