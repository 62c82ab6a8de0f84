from __future__ import annotations

import logging
from collections.abc import Sequence

from ..blob import Blob, Shape
from ..ops.detection import DetectionRule
from .base import LAYERS, Arity, Layer
from .boxes import box_code, require_predictions, suppression

log = logging.getLogger(__name__)


@LAYERS.register("DetectionOutput")
class DetectionOutput(Layer):
    """An SSD detector's predictions as boxes. A layer of SSD's fork.

    Shapes: locations (N, 4 P L), confidences (N, P C), priors (1, 2, 4 P), and optionally the images -> (1, 1, K, 7): image, class,
        score, xmin, ymin, xmax, ymax of K detections, by image, then class, then falling score. P boxes, C = num_classes, L = 1 with
        `share_location`, else C. K is 1 until the first forward pass. Where nothing is detected, there is one row for each image: its
        number and -1.
    Formula: boxes are decoded by `code_type`; for each class but `background_label_id`, of those above `confidence_threshold` that overlap
        by more than `nms_param.nms_threshold` only the best stays; then the best `keep_top_k` of each image stay.
    Caffe: none; src/caffe/layers/detection_output_layer.cpp of weiliu89/caffe, branch ssd.
    Differences: of equal scores the earlier box is the better one; there the order is left open where keep_top_k cuts. Detections are not
        written to files or drawn: `save_output_param` and `visualize` are read, and a warning says so.
    """

    type = "DetectionOutput"
    bottoms = Arity(3, 4)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.detection_output_param
        self.require(param.num_classes > 0, "num_classes is not given", field="detection_output_param")
        nms = suppression(param.nms_param)
        place = "detection_output_param.nms_param"
        self.require(nms.threshold >= 0, f"nms_threshold is {nms.threshold:g}; it cannot be negative", field=place)
        self.require(0 < nms.eta <= 1, f"eta is {nms.eta:g}; it must be above 0 and at most 1", field=place)
        if param.save_output_param.output_directory or param.visualize:
            log.warning("Layer %s does not write or draw its detections: they are its top", self.name)
        self.rule = DetectionRule(
            classes=param.num_classes,
            share_location=param.share_location,
            background=param.background_label_id,
            code=box_code(param, param.variance_encoded_in_target),
            suppression=nms,
            confidence=param.confidence_threshold if param.HasField("confidence_threshold") else None,
            keep_top_k=param.keep_top_k,
        )

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        require_predictions(self, bottom, classes=self.rule.classes, share_location=self.rule.share_location)
        return [(1, 1, 1, 7)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        found = self.ops.detections(bottom[0].data, bottom[1].data, bottom[2].data, rule=self.rule)
        rows = found if len(found) else [[image, *[-1] * 6] for image in range(bottom[0].shape[0])]
        top[0].reshape((1, 1, len(rows), 7))
        self.ops.copy(self.ops.asarray(rows).reshape(top[0].shape), top[0].data)
