"""The windows of a convolution as an array of their own. Caffe: im2col.cpp."""

from __future__ import annotations

from ..geometry import ConvGeometry
from .arrays import Array
from .convolution import Convolution


class Unfold(Convolution):
    """x (N, C, *spatial), columns (N, C * kernel elements, *out)."""

    def im2col(self, x: Array, columns: Array, *, geo: ConvGeometry) -> None:
        """columns[n, (c, *tap)] = the element of channel c that each window meets at that tap; 0 in the padding."""
        for image, unfolded in zip(x, columns, strict=True):
            self._unfold(image, _taps(image, unfolded, geo), geo)

    def col2im(self, columns: Array, x: Array, *, geo: ConvGeometry) -> None:
        """x = the columns' elements where they are from, summed where windows overlap: im2col's gradient."""
        for image, unfolded in zip(x, columns, strict=True):
            self._fold(_taps(image, unfolded, geo), image, geo)


def _taps(image: Array, unfolded: Array, geo: ConvGeometry) -> Array:
    """The columns of one image seen as (C, *kernel, *out)."""
    return unfolded.reshape(image.shape[0], *geo.kernel, *unfolded.shape[1:])
