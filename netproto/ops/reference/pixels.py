"""From the bytes of pictures to the net's numbers, where that is done beside the net. Caffe: src/caffe/data_transformer.cpp."""

from __future__ import annotations

import numpy

from .arrays import Array, Arrays


class Pixels(Arrays):
    """The transformation of pictures."""

    @property
    def takes_pixels(self) -> bool:
        """Whether to hand over pictures as bytes is faster than to transform them while they are loaded."""
        return False

    def upload_pixels(self, pixels: numpy.ndarray, windows: numpy.ndarray, mean: Array | None, y: Array, *, scale: float) -> None:
        """y (N, C, h, w) = (pixels - mean) * scale in the windows. The host's memory may be used anew at once.

        Of the host: pixels (N, C, H, W) uint8, windows (N, 3) int32: top, left, and 1 where it is mirrored. mean: (C, 1, 1), or
        (C, H, W), whose window is taken too.
        """
        height, width = y.shape[2:]
        for image, (top, left, mirrored), out in zip(self.xp.asarray(pixels), windows.tolist(), y, strict=True):
            window = slice(None), slice(top, top + height), slice(left, left + width)
            values = image[window].astype(self.dtype)
            if mean is not None:
                values -= mean if mean.shape[1:] == (1, 1) else mean[window]
            values *= scale
            self.copy(values[:, :, ::-1] if mirrored else values, out)
