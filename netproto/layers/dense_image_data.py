from __future__ import annotations

from ..data.pair_list import PairListSource, PairLoader
from ..data.prefetch import Prefetcher
from .base import LAYERS, exactly
from .base_data import DataLayer


@LAYERS.register("DenseImageData")
class DenseImageData(DataLayer):
    """Images, and images of the labels of their pixels, that a list file names, two paths a line: what SegNet learns from.

    Shapes: () -> (batch_size, 3 or 1, height, width) and (batch_size, 1, height, width), as the first image is, or of new_height and
        new_width, or of crop_height and crop_width.
    Formula: both are resized, the image by OpenCV's bilinear rule, labels to the nearest; mirrored, by a toss of a coin, in both phases;
        and cut to a random window. top[0] = (pixel - mean) * scale by transform_param; top[1] = the gray level.
    Caffe: none; src/caffe/layers/dense_image_data_layer.cpp of alexgkendall/caffe-segnet.
    Differences: the random numbers are not the fork's, and shuffling obeys random_seed. Records are dealt to the ranks.
        dense_image_data_param.mean_file is not read, there neither: transform_param has one.
    """

    type = "DenseImageData"
    tops = exactly(2)

    def open(self) -> Prefetcher:
        param, transform = self.message.dense_image_data_param, self.message.transform_param
        for pair in (("new_height", "new_width"), ("crop_height", "crop_width")):
            sides = [getattr(param, name) for name in pair]
            self.require(
                bool(sides[0]) == bool(sides[1]),
                f"{pair[0]} is {sides[0]} and {pair[1]} {sides[1]}",
                field=f"dense_image_data_param.{pair[0] if sides[0] else pair[1]}",
                hint="Write both, or none",
            )
        self.require(
            not transform.mirror and not transform.crop_size,
            "mirror and crop_size of transform_param would part images from their labels",
            field="transform_param",
            hint="dense_image_data_param has mirror, crop_height and crop_width",
        )
        path = self.written(param.source, "dense_image_data_param.source")
        batch_size = self.positive(param.batch_size, "dense_image_data_param.batch_size")
        loader = PairLoader(
            self.transform(),
            color=param.is_color,
            size=(param.new_height, param.new_width),
            crop=(param.crop_height, param.crop_width),
            mirror=param.mirror,
        )
        source = PairListSource(path, root_folder=param.root_folder, shuffle=param.shuffle, rand_skip=param.rand_skip)
        return Prefetcher(source, loader, batch_size)
