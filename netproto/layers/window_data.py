from __future__ import annotations

from ..data.prefetch import Prefetcher
from ..data.window_file import WindowLoader, WindowSource
from .base import LAYERS, exactly
from .base_data import DataLayer

CROP_MODES = ("warp", "square")


@LAYERS.register("WindowData")
class WindowData(DataLayer):
    """Random windows of images, for R-CNN: a fixed part of each batch is foreground, the rest background.

    Shapes: () -> (batch_size, channels, crop_size, crop_size), (batch_size,).
    Formula: top[0] = (pixel - mean) * scale of the window, warped to crop_size with context_pad pixels around it, 0 where that is outside
        of the image; crop_mode "square" takes the square around the window. top[1] = class, 0 for background.
    Caffe: src/caffe/layers/window_data_layer.cpp.
    Differences: the random numbers are not Caffe's.
    """

    type = "WindowData"
    tops = exactly(2)

    def open(self) -> Prefetcher:
        param = self.message.window_data_param
        self.require(
            param.crop_mode in CROP_MODES,
            f"crop_mode is {param.crop_mode!r}",
            field="window_data_param.crop_mode",
            hint="It is 'warp' or 'square'",
        )
        path = self.written(param.source, "window_data_param.source")
        batch_size = self.positive(param.batch_size, "window_data_param.batch_size")
        source = WindowSource(
            path,
            batch_size=batch_size,
            fg_fraction=param.fg_fraction,
            fg_threshold=param.fg_threshold,
            bg_threshold=param.bg_threshold,
            root_folder=param.root_folder,
        )
        loader = WindowLoader(
            self.transform(),
            channels=source.channels,
            context_pad=param.context_pad,
            square=param.crop_mode == "square",
            cache=param.cache_images,
        )
        return Prefetcher(source, loader, batch_size)
