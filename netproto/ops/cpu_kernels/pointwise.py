"""Convolution 1 x 1: products of matrices, of which the larger ones are read where they lie.

Forward, the workers divide the outputs, or the filters where outputs are few; for the filters' gradient, the channels of the bottom or the
top that has more of them. Nothing is summed across workers, so the result is the same for any number of them.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from ..geometry import ConvGeometry
from .channelwise import channel_sums
from .finish import PLAIN, Ending
from .pointwise_passes import outputs_pass, sums_pass
from .streaming import passes_by
from .thinning import spread, thin
from .vectors import LANES, ROWS, rounded_up
from .workers import WORTH, Room, bias_or_zeros

Array = Any

STEP = 448
"""The most outputs of a piece: its rows are long enough to be read fast, its results stay in a core's cache."""
TERMS = 128
"""The most terms that are summed at once: three vectors of as many stay in the first cache."""
HEIGHT = 512
"""The most channels that are made of a piece at once."""
SUMS = 2**17
"""About how many elements of the filters' gradient are summed up at once: 512 KB."""


def suits(w: tuple[int, ...], geo: ConvGeometry) -> bool:
    """Whether it is one in two axes, of one group and with whole ROWS of channels; stride may be any."""
    return geo.group == 1 and set(geo.kernel) == {1} and len(geo.kernel) == 2 and not any(geo.pad) and w[0] % ROWS == w[1] % ROWS == 0


def forward(ops: Room, x: Array, w: Array, bias: Array | None, y: Array, geo: ConvGeometry, finish: Ending = PLAIN) -> None:
    _outputs(ops, _read(ops, x, y.shape, geo), w.reshape(w.shape[:2]), bias, _maps(y), finish)


def backward(
    ops: Room, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, geo: ConvGeometry
) -> None:  # fmt: skip
    matrix, strided = w.reshape(w.shape[:2]), set(geo.stride) != {1}
    if dx is not None and strided:
        thinned = _thinned(ops, dx.shape, dy.shape)
        _outputs(ops, _maps(dy), matrix, None, _maps(thinned), PLAIN, turned=True)
        spread(ops.workers, _planes(thinned), _planes(dx), geo.stride)
    elif dx is not None:
        _outputs(ops, _maps(dy), matrix, None, _maps(dx), PLAIN, turned=True)
    if dw is not None:
        _filters_gradient(ops, _read(ops, x, dy.shape, geo), _maps(dy), dw.reshape(matrix.shape))
    if db is not None:
        db += channel_sums(ops.workers, _maps(dy))


def _outputs(ops: Room, x: Array, w: Array, bias: Array | None, y: Array, finish: Ending, *, turned: bool = False) -> None:
    rows, outputs, workers = w.shape[1 if turned else 0], x.shape[0] * x.shape[2], ops.workers.count
    blocks, height = min(ceil(outputs / LANES), STEP // LANES), min(rows, HEIGHT)
    whole, plain = x.shape[2] % LANES == 0, bias is None and finish[0] == 0 and finish[1] == 1
    past = whole and plain and x.shape[1] <= TERMS and passes_by(y)
    level = bias_or_zeros(ops, bias, rows)
    columns = ops.scratch("pointwise.columns", (workers, blocks, TERMS, LANES))
    left = ops.scratch("pointwise.left", (workers, ceil(height / LANES) if turned else 0, TERMS, LANES))
    made = ops.scratch("pointwise.made", (workers, 0 if whole else blocks, height, LANES))
    by_outputs = outputs >= workers * 4 * LANES
    items = ceil(outputs / LANES) if by_outputs else rows // ROWS

    def task(lo: int, hi: int, worker: int) -> None:
        of_outputs = (lo * LANES, min(hi * LANES, outputs)) if by_outputs else (0, outputs)
        of_rows = (0, rows) if by_outputs else (lo * ROWS, hi * ROWS)
        mine = columns[worker], left[worker], made[worker]
        outputs_pass(x, w, turned, level, y, *mine, of_outputs, of_rows, height, whole, plain, past, finish)

    ops.workers.share(items, task, least=1 + WORTH * items // (outputs * w.size + 1))


def _filters_gradient(ops: Room, x: Array, dy: Array, dw: Array) -> None:
    turned = x.shape[1] > dy.shape[1]
    a, b = (x, dy) if turned else (dy, x)
    (images, channels, pixels), workers = a.shape, ops.workers.count
    piece, portion = _portions(images, pixels)
    blocks = ceil(b.shape[1] / LANES)
    most = min(rounded_up(channels, LANES), max(4, SUMS // (blocks * LANES * LANES)) * LANES)
    right = ops.scratch("pointwise.right", (workers, (blocks * rounded_up(piece[0] * piece[1], LANES) + LANES) * LANES))
    made = ops.scratch("pointwise.sums", (workers, blocks, most, LANES))
    items = ceil(channels / LANES)

    def task(lo: int, hi: int, worker: int) -> None:
        rows = lo * LANES, min(hi * LANES, channels)
        sums_pass(a, b, right[worker], made[worker], rows, piece, portion, turned, dw)

    ops.workers.share(items, task, least=1 + WORTH * items // (images * pixels * dw.size + 1))


def _portions(images: int, pixels: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The (images, pixels) of a piece, and of its portions, about evenly cut: parts of an image, or several small ones."""
    if pixels > TERMS:
        piece = ceil(pixels / ceil(pixels / STEP))
        return (1, piece), (1, ceil(piece / ceil(piece / TERMS)))
    return (min(images, STEP // pixels), pixels), (TERMS // pixels, pixels)


def _read(ops: Room, x: Array, top: tuple[int, ...], geo: ConvGeometry) -> Array:
    """The pixels of x that are read, as maps; top: the shape of what is made of them."""
    if set(geo.stride) == {1}:
        return _maps(x)
    read = _thinned(ops, x.shape, top)
    thin(ops.workers, _planes(x), _planes(read), geo.stride)
    return _maps(read)


def _thinned(ops: Room, bottom: tuple[int, ...], top: tuple[int, ...]) -> Array:
    return ops.scratch("pointwise.thinned", (*bottom[:2], *top[2:]))


def _maps(x: Array) -> Array:
    return x.reshape(*x.shape[:2], -1)


def _planes(x: Array) -> Array:
    return x.reshape(-1, *x.shape[2:])
