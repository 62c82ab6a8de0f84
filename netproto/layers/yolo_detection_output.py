from __future__ import annotations

import logging
from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, at_least
from .yolo import read_head, require_map

log = logging.getLogger(__name__)


@LAYERS.register("YoloDetectionOutput")
class YoloDetectionOutput(Layer):
    """YOLO 2's maps as boxes, the best of those that overlap.

    Shapes: maps (N, A (5 + C), H, W) as RegionLoss has them, A = num_box, C = num_classes; with `visualize` the second bottom is the images
        -> (1, 1, K, 7): image, class from 1 on, score, xmin, ymin, xmax, ymax of K detections, by image, then falling score. K is 1 until
        the first forward pass. Where nothing is detected, there is one row for each image: its number and -1.
    Formula: score = sigmoid(score) times the largest of the classes' softmax; of those with confidence_threshold at least, boxes that
        overlap a better one by nms_threshold at least go, whatever their class.
    Caffe: none; src/caffe/layers/yolo_detection_output_layer.cpp of eric612/MobileNet-YOLO; `visualize` is of BVLC's branch intel.
    Differences: images are told apart; there, all boxes of a batch are image 0's. Nothing is drawn: `visualize` is read, and a warning says
        so. Of equal scores the earlier box is the better one.
    """

    type = "YoloDetectionOutput"
    bottoms = at_least(1)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.yolo_detection_output_param
        self.head = read_head(self, param, "yolo_detection_output_param", classes=param.num_classes, anchors=param.num_box)
        self.maps = len(bottom)
        if param.visualize:
            self.maps = 1
            log.warning("Layer %s does not draw its detections: they are its top", self.name)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        for index in range(self.maps):
            require_map(self, bottom, index, self.head)
            self.require(
                bottom[index][0] == bottom[0][0], f"bottoms 0 and {index} have {bottom[0][0]} and {bottom[index][0]} images", field="bottom"
            )
        return [(1, 1, 1, 7)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        param = self.message.yolo_detection_output_param
        maps = [blob.data for blob in bottom[: self.maps]]
        found = self.ops.yolo_detections(maps, head=self.head, confidence=param.confidence_threshold, overlap=param.nms_threshold)
        rows = found if len(found) else [[image, *[-1] * 6] for image in range(bottom[0].shape[0])]
        top[0].reshape((1, 1, len(rows), 7))
        self.ops.copy(self.ops.asarray(rows).reshape(top[0].shape), top[0].data)
