from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..blob import Array, Shape
from ..data.prefetch import Batch, Prefetcher
from ..data.segmented import SegmentedListSource, SegmentedLoader, Windows
from ..data.transform import Transform
from ..schema.messages import enum_name
from .base import LAYERS, TRAIN, Arity
from .base_data import DataLayer


@LAYERS.register("ImageSegData")
class ImageSegData(DataLayer):
    """Images, a label for each of their pixels, and their sizes, by a list file: what DeepLab and PSPNet learn from.

    Shapes: () -> images (batch_size, 3 or 1, height, width), labels (batch_size, 1, height, width), sizes (batch_size, 1, 1, 2), as the
        first image is, or of new_height and new_width, or of crop_size, or of crop_height and crop_width. The second top and the third
        may be left out.
    Formula: image_data_param.label_type says what follows the image's path in a line: PIXEL, the path of an image of labels; IMAGE (the
        default), one label for all pixels, 0 where none is written; NONE, nothing, and all have the ignore_label. Image and labels are
        resized, scaled by one of scale_factors, mirrored by a toss of a coin and cut to a window, random in training, else in the middle,
        together. top[0] = (pixel - mean_value) * scale; where the window is larger than the image, 0, and ignore_label.
        top[2] = height and width, before they are scaled and not more than the window's.
    Caffe: none; src/caffe/layers/image_seg_data_layer.cpp of TheLegendAli/DeepLab-Context and of hszhao/PSPNet.
    Differences: labels are resized to the nearest; there new_height and new_width mix the labels of neighbours. The random numbers are
        not the forks', and shuffling obeys random_seed. Records are dealt to the ranks.
    """

    type = "ImageSegData"
    tops = Arity(1, 3)

    def open(self) -> Prefetcher:
        param, transform = self.message.image_data_param, self.message.transform_param
        self.require(not transform.mean_file, "ImageSegData knows no mean_file", field="transform_param.mean_file", hint="Write mean_value")
        size = self._pair("new_height", "new_width", param.new_height, param.new_width, "image_data_param")
        crop = self._pair("crop_height", "crop_width", transform.crop_height, transform.crop_width, "transform_param")
        self.require(
            not crop[0] or not transform.crop_size,
            "crop_size and crop_height with crop_width are both written",
            field="transform_param.crop_size",
            hint="Keep one of them",
        )
        crop = crop if crop[0] else (transform.crop_size, transform.crop_size)
        self.require(
            not transform.scale_factors or bool(crop[0]),
            "scale_factors want a window, since images are of several sizes then",
            field="transform_param.scale_factors[0]",
            hint="Write crop_size, or crop_height and crop_width",
        )
        for index, factor in enumerate(transform.scale_factors):
            self.require(factor > 0, f"a factor is {factor:g}", field=f"transform_param.scale_factors[{index}]", hint="It is above 0")
        path = self.written(param.source, "image_data_param.source")
        batch_size = self.positive(param.batch_size, "image_data_param.batch_size")
        windows = Windows(size, crop, tuple(transform.scale_factors), transform.mirror, self.phase == TRAIN)
        labels = enum_name(param, "label_type")
        loader = SegmentedLoader(self.transform(), windows, labels=labels, outside=param.ignore_label, color=param.is_color)
        source = SegmentedListSource(path, labels, root_folder=param.root_folder, shuffle=param.shuffle, rand_skip=param.rand_skip)
        return Prefetcher(source, loader, batch_size)

    def transform(self) -> Transform:
        """Mean and scale: windows and mirroring are the same for the labels, and the loader's affair."""
        changes = Transform.of(self.message.transform_param, train=self.phase == TRAIN, segmented=True)
        return replace(changes, crop_size=0, mirror=False)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return self.top_shapes[: len(self.message.top)]

    def tops_of(self, batch: Batch) -> Sequence[Array]:
        return batch.arrays[: len(self.message.top)]

    def _pair(self, first: str, second: str, height: int, width: int, param: str) -> tuple[int, int]:
        """Two fields of which both are written, or none."""
        self.require(
            bool(height) == bool(width),
            f"{first} is {height} and {second} {width}",
            field=f"{param}.{first if height else second}",
            hint="Write both, or none",
        )
        return height, width
