from __future__ import annotations

from ..data.image_list import ImageListLoader, ImageListSource
from ..data.prefetch import Prefetcher
from .base import LAYERS, exactly
from .base_data import DataLayer


@LAYERS.register("ImageData")
class ImageData(DataLayer):
    """Image files that a list file names, a path and a label a line, divided at the line's last space.

    Shapes: () -> (batch_size, 3 or 1, height, width), as the first image of the batch is, or of new_height and new_width, or of crop_size;
        (batch_size,).
    Formula: top[0] = (pixel - mean) * scale of the image, resized by OpenCV's bilinear rule, in the window of crop_size, mirrored or not;
        top[1] = label.
    Caffe: src/caffe/layers/image_data_layer.cpp, src/caffe/data_transformer.cpp.
    Differences: the random numbers are not Caffe's, and shuffling obeys random_seed. Records are dealt to the ranks. An image that is cut
        off is an error.
    """

    type = "ImageData"
    tops = exactly(2)

    def open(self) -> Prefetcher:
        param = self.message.image_data_param
        self.require(
            bool(param.new_height) == bool(param.new_width),
            f"new_height is {param.new_height} and new_width {param.new_width}",
            field="image_data_param.new_height" if param.new_height else "image_data_param.new_width",
            hint="Write both, or none",
        )
        path = self.written(param.source, "image_data_param.source")
        batch_size = self.positive(param.batch_size, "image_data_param.batch_size")
        loader = ImageListLoader(self.transform(), labels=True, color=param.is_color, height=param.new_height, width=param.new_width)
        source = ImageListSource(path, root_folder=param.root_folder, shuffle=param.shuffle, rand_skip=param.rand_skip)
        return Prefetcher(source, loader, batch_size)
