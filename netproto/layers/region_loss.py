from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..errors import DataError
from ..ops.detection import RegionRule
from ..schema.places import label, place_of
from .base import LAYERS, Internal, count
from .loss import SCALAR, LossLayer
from .yolo import read_head, require_map

OBJECT = 8
"""The numbers of an object in the labels of SSD."""


@LAYERS.register("RegionLoss")
class RegionLoss(LossLayer):
    """YOLO 2's loss: how far boxes, scores and classes at each place of a map are from the objects.

    Shapes: the map (N, A (5 + C), H, W) of A = num anchors and C = num_class classes: for each anchor x, y, width, height, score, classes;
        and objects (N, ..., 5): class, x, y, width, height in parts of the image, those without a width being none -> the loss.
    Formula: with p = sigmoid(score), c the classes' softmax, and a box of centre (column + sigmoid(x), row + sigmoid(y)) and size anchor *
        exp(width, height), all in places, the gradient of
        every score is noobject_scale p, unless its box overlaps an object by more than thresh, which makes it 0;
        then, for each object, the box at its place whose anchor (bias_match) or size fits its size best gets: its sigmoid(x), sigmoid(y)
        and width, height less those of the object, times coord_scale; p less their overlap, times object_scale; c less 1 for its class,
        times class_scale. Without `rescore` p less 1, and coord_scale is times 2 less the object's area.
        What goes through a sigmoid is times its slope. loss = the sum of the squares of all these / N.
    Caffe: none; src/caffe/layers/region_loss_layer.cpp of eric612/MobileNet-YOLO. That of BVLC's branch intel is another loss.
    Differences: as in Darknet, the gradient is that of squared differences, and not the derivative of the loss that is told. An object
        without a class, or whose centre is outside of the image, is an error, as are anchors without biases; maps need not be square.
        softmax, jitter, absolute, random, softmax_tree and class_map are not read, there neither.
    """

    type = "RegionLoss"

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.region_loss_param
        self.rule = RegionRule(
            head=read_head(self, param, "region_loss_param", classes=param.num_class, anchors=param.num),
            by_shape=bool(param.bias_match),
            rescore=bool(param.rescore),
            object_scale=param.object_scale,
            noobject_scale=param.noobject_scale,
            class_scale=param.class_scale,
            coord_scale=param.coord_scale,
            thresh=param.thresh,
        )

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        require_map(self, bottom, 0, self.rule.head)
        self.require(
            bottom[1][:2] != (1, 1) or bottom[1][-1] != OBJECT,
            f"bottom 1 has the shape {bottom[1]}: such objects are for another loss, the RegionLoss of BVLC's branch intel, not built here",
            field="bottom[1]",
            hint="This one reads those of annotated_data_param { yolo_data_type: 1 }",
        )
        self.require_same_batch(bottom)
        self.require(
            count(bottom[1], 1) % 5 == 0,
            f"bottom 1 has the shape {bottom[1]}, but rows of 5 are wanted: class, x, y, width, height",
            field="bottom[1]",
            hint="annotated_data_param { yolo_data_type: 1 } makes them",
        )
        return [SCALAR]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"gradient": Internal(bottom[0])}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self._check_objects(bottom)
        self.ops.region_loss(bottom[0].data, bottom[1].data, self.internals["gradient"], top[0].data, rule=self.rule)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require_no_gradient(propagate_down)
        if propagate_down[0]:
            self.ops.region_loss_backward(self.internals["gradient"], top[0].diff, bottom[0].diff)

    def _check_objects(self, bottom: Sequence[Blob]) -> None:
        classes = self.rule.head.classes
        bad = self.ops.first_bad_truth(bottom[1].data, images=bottom[1].shape[0], classes=classes)
        if bad < 0:
            return
        row = self.ops.to_host(bottom[1].data).reshape(-1, 5)[bad]
        raise DataError(
            f"row {bad} of bottom {self.message.bottom[1]!r} is an object of class {row[0]:g} at {row[1]:g}, {row[2]:g}; classes are 0 to"
            f" {classes - 1}, and a centre is within 0 and 1",
            place=place_of(self.message),
            layer=label(self.message),
        )
