"""Reading and writing parts of an array: rows by their number, and blocks. Caffe: embed_layer.cpp, crop_layer.cpp."""

from __future__ import annotations

from collections.abc import Sequence

from .arrays import Array, Arrays


class Lookup(Arrays):
    """index (M) of whole numbers held as reals, w (K, N), y (M, N)."""

    def embed(self, index: Array, w: Array, bias: Array | None, y: Array) -> None:
        """y[m] = w[index[m]] + bias; bias may be None; fractions of an index are cut off."""
        y[...] = w[index.astype("int64")]
        if bias is not None:
            y += bias

    def embed_backward(self, index: Array, dy: Array, dw: Array | None, db: Array | None) -> None:
        """dw[index[m]] gets dy[m] added, db their sum. Either may be None."""
        if dw is not None:
            self.xp.add.at(dw, index.astype("int64"), dy)
        if db is not None:
            db += dy.sum(axis=0)

    def crop(self, x: Array, y: Array, *, offset: Sequence[int]) -> None:
        """y = the block of x that starts at offset, one number an axis."""
        y[...] = x[_block(offset, y.shape)]

    def crop_backward(self, dy: Array, dx: Array, *, offset: Sequence[int]) -> None:
        """dx = dy in its block, 0 elsewhere."""
        dx.fill(0)
        dx[_block(offset, dy.shape)] = dy


def _block(offset: Sequence[int], shape: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(start, start + size) for start, size in zip(offset, shape, strict=True))
