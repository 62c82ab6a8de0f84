from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..blob import Blob, Shape
from ..errors import DataError
from ..ops.detection import EvaluationRule, Fitting
from ..schema.messages import enum_name
from ..schema.places import label, place_of
from .base import LAYERS, Layer, exactly

Size = tuple[int, int]


@LAYERS.register("DetectionEvaluate")
class DetectionEvaluate(Layer):
    """Which of the detections on a batch are right: what a solver's average precision is made of.

    Shapes: detections (1, 1, K, 7) as DetectionOutput has them, objects (1, 1, G, 8) as AnnotatedData has them -> (1, 1, classes + K, 5),
        without a row for the background, and without those that say that nothing was detected.
    Formula: for each class a row of -1, class, how many objects it has, -1, -1. Then for each detection image, class, score, right, wrong.
        Of an image and class, in falling score: it is right if the object that it overlaps most, by overlap_threshold at least, was not
        found before; else it is wrong. A difficult object does not count without evaluate_difficult_gt: what finds it is neither.
        With a name_size_file overlap is measured in pixels of the images, one line of the file after the other, from the top again after
        the last; else in parts of the image.
    Caffe: none; src/caffe/layers/detection_evaluate_layer.cpp of weiliu89/caffe, branch ssd.
    Differences: of equal scores the earlier detection is first. FIT_SMALL_SIZE of resize_param is not known.
    """

    type = "DetectionEvaluate"
    bottoms = exactly(2)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.detection_evaluate_param
        place = "detection_evaluate_param"
        self.require(param.HasField("num_classes") and param.num_classes > 0, "num_classes is not given", field=place)
        self.require(param.overlap_threshold > 0, "overlap_threshold must be above 0", field=f"{place}.overlap_threshold")
        self.rule = EvaluationRule(param.num_classes, param.background_label_id, param.overlap_threshold, param.evaluate_difficult_gt)
        self.fitting = self._read_fitting()
        self.sizes: list[Size] | None = None
        self.seen = 0

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        for index, columns in enumerate((7, 8)):
            shape = bottom[index]
            self.require(
                len(shape) == 4 and shape[:2] == (1, 1) and shape[3] == columns,
                f"bottom {index} has the shape {shape}, but (1, 1, rows, {columns}) is wanted",
                field=f"bottom[{index}]",
            )
        classes = sum(label != self.rule.background for label in range(self.rule.classes))
        return [(1, 1, classes + bottom[0][2], 5)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self._check_classes(bottom[1])
        sizes = self._next_sizes(self.ops.images_with_detections(bottom[0].data))
        rows = self.ops.evaluate_detections(bottom[0].data, bottom[1].data, rule=self.rule, sizes=sizes, fitting=self.fitting)
        top[0].reshape((1, 1, len(rows), 5))
        self.ops.copy(self.ops.asarray(rows).reshape(top[0].shape), top[0].data)

    def _read_fitting(self) -> Fitting | None:
        param = self.message.detection_evaluate_param
        if not param.HasField("resize_param"):
            return None
        resize, mode = param.resize_param, enum_name(param.resize_param, "resize_mode")
        field = "detection_evaluate_param.resize_param"
        self.require(mode != "FIT_SMALL_SIZE", "resize_mode FIT_SMALL_SIZE is not known here", field=f"{field}.resize_mode")
        self.require(resize.height > 0 and resize.width > 0, "height and width must be above 0", field=field)
        return Fitting(resize.height, resize.width, inside=mode == "FIT_LARGE_SIZE_AND_PAD")

    def _check_classes(self, objects: Blob) -> None:
        bad = self.ops.first_bad_object(objects.data, classes=self.rule.classes, background=self.rule.background)
        if bad >= 0:
            found = self.ops.to_host(objects.data).reshape(-1, 8)[bad, 1]
            raise DataError(
                f"row {bad} of bottom {self.message.bottom[1]!r} is an object of class {found:g}; classes are 0 to {self.rule.classes - 1}"
                f" without {self.rule.background}, the background",
                place=place_of(self.message),
                layer=label(self.message),
            )

    def _next_sizes(self, images: int) -> list[Size]:
        """The sizes of the next so many images, or none if no file names them."""
        file = self.message.detection_evaluate_param.name_size_file
        if not file:
            return []
        if self.sizes is None:
            self.sizes = self._read_sizes(file)
        taken = [self.sizes[(self.seen + i) % len(self.sizes)] for i in range(images)]
        self.seen = (self.seen + images) % len(self.sizes)
        return taken

    def _read_sizes(self, file: str) -> list[Size]:
        place = place_of(self.message, "detection_evaluate_param.name_size_file")
        try:
            words = [line.split() for line in Path(file).read_text(encoding="utf-8").splitlines() if line.strip()]
            sizes = [(int(height), int(width)) for _, height, width in words]
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror}", place=place, layer=label(self.message)) from None
        except ValueError:
            sizes = []
        if not sizes or min(min(size) for size in sizes) < 1:
            raise DataError(f"{file} does not have a name, a height and a width on each line", place=place, layer=label(self.message))
        return sizes
