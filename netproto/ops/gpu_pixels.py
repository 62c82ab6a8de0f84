"""Pictures that cross to a GPU as bytes and are transformed there."""

from __future__ import annotations

import numpy

from .gpu_arrays import GpuArrays, fits
from .reference.arrays import Array


class GpuPixels(GpuArrays):
    """One kernel for a batch: a quarter of the bytes of its numbers cross, and the host's cores have less to do."""

    @property
    def takes_pixels(self) -> bool:
        return self.dtype == "float32"

    def upload_pixels(self, pixels: numpy.ndarray, windows: numpy.ndarray, mean: Array | None, y: Array, *, scale: float) -> None:
        if not fits(mean, y):
            super().upload_pixels(pixels, windows, mean, y, scale=scale)
            return
        places = self.scratch("pixels.windows", windows.shape, "int32")
        self.upload(windows, places)
        by_place = mean is not None and mean.shape[1:] != (1, 1)
        shape = pixels.shape[1:] + y.shape[2:]

        def transform(arrived: Array) -> None:
            self.kernels.each("transform_pixels", y.size, arrived, places, mean, by_place, scale, *shape, y)

        self.staging(y, pixels.size, "uint8").pass_on(pixels, transform)
