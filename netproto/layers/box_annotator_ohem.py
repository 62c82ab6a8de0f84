from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, count, exactly


@LAYERS.register("BoxAnnotatorOHEM")
class BoxAnnotatorOHEM(Layer):
    """Labels and weights of the regions with the largest loss, so that R-FCN learns from those: online hard example mining.

    Shapes: regions (R, 5, H, W), their losses and labels (R, 1, H, W), weights (R, C, H, W), all without axes of 1 at the end if one likes
        -> labels (R, 1, H, W), weights (R, C, H, W).
    Formula: of each image, the roi_per_img regions with the largest loss keep their label and weights; the others get ignore_label and 0.
    Caffe: none; src/caffe/layers/box_annotator_ohem_layer.cu of daijifeng001/caffe-rfcn.
    Differences: works on the CPU too. No gradient flows to any bottom; there, diffs are left as they were.
    """

    type = "BoxAnnotatorOHEM"
    bottoms = exactly(4)
    tops = exactly(2)
    no_gradient_bottoms = frozenset({0, 1, 2, 3})

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.box_annotator_ohem_param
        self.require(param.roi_per_img > 0, "roi_per_img must be above 0", field="box_annotator_ohem_param")
        self.count, self.ignore = param.roi_per_img, param.ignore_label

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        rois, places = bottom[0], count(bottom[0], 2)
        self.require(
            len(rois) > 1 and rois[1] == 5, f"bottom 0 has the shape {rois}, but regions (R, 5, ...) are wanted", field="bottom[0]"
        )
        for i in (1, 2):
            self.require(
                bottom[i][:1] == rois[:1] and count(bottom[i], 1) == places,
                f"bottom {i} has the shape {bottom[i]}, but one number for each of the regions {rois} is wanted",
                field=f"bottom[{i}]",
            )
        weights = bottom[3]
        self.require(
            len(weights) > 1 and weights[0] == rois[0] and count(weights, 2) == places,
            f"bottom 3 has the shape {weights}, but weights for each of the regions {rois} are wanted",
            field="bottom[3]",
        )
        plane = (*rois[2:], 1, 1)[:2]
        return [(rois[0], 1, *plane), (*weights[:2], *plane)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        regions, weights = top[0].shape[0], top[1].shape[1]
        places = count(top[0].shape, 2)
        rois, loss, label, weight = (blob.data for blob in bottom)
        self.ops.keep_hardest(
            rois.reshape(regions, 5, places),
            loss.reshape(regions, places),
            label.reshape(regions, places),
            weight.reshape(regions, weights, places),
            top[0].data.reshape(regions, places),
            top[1].data.reshape(regions, weights, places),
            count=self.count,
            ignore=self.ignore,
        )

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                self.ops.fill(blob.diff, 0)
