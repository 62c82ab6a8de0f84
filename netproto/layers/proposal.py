from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..ops.detection import AnchorGrid
from .base import LAYERS, Arity, Layer, count, exactly


@LAYERS.register("Proposal")
class Proposal(Layer):
    """Regions that may hold an object, from scores and offsets of anchors at each place of a map.

    Shapes: scores (1, 2 A, H, W), the second half of the channels that of an object; offsets (1, 4 A, H, W); the image's height, width and
        one or two scales -> regions (R, 5) of image 0 and x1, y1, x2, y2, and optionally their scores (R). A is the number of ratios times
        that of scales. R is post_nms_topn until the first forward pass.
    Formula: anchors are boxes of base_size in each ratio and scale, feat_stride pixels apart; offsets move their centres by parts of their
        size, and multiply the size by e to their power; regions are cut at the image's borders, and have a score of 0 if a side is below
        min_size times the scale. Of the pre_nms_topn best, those go that overlap a better one by more than nms_thresh; post_nms_topn stay.
    Caffe: none; src/caffe/layers/proposal_layer.cpp of sanghoon/caffe (PVANET), also in happynear/caffe-windows and luoyetx/mini-caffe.
    Differences: of equal scores the earlier box is the better one. No gradient flows to any bottom; there, diffs are left as they were. The
        Proposal of synopsys-caffe, with rpn_nms_thresh, is another layer, and is not built.
    """

    type = "Proposal"
    bottoms = exactly(3)
    tops = Arity(1, 2)
    no_gradient_bottoms = frozenset({0, 1, 2})

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.proposal_param
        for field in ("ratio", "scale"):
            values = getattr(param, field)
            self.require(len(values) > 0 and min(values) > 0, f"{field} wants one number above 0 at least", field=f"proposal_param.{field}")
        self.grid = AnchorGrid(
            stride=param.feat_stride,
            base=param.base_size,
            ratios=tuple(param.ratio),
            scales=tuple(param.scale),
            least=param.min_size,
            before=param.pre_nms_topn,
            after=param.post_nms_topn,
            overlap=param.nms_thresh,
        )

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        score, delta, info = bottom
        anchors = len(self.grid.ratios) * len(self.grid.scales)
        self.require(
            len(score) == 4 and score[:2] == (1, 2 * anchors),
            f"bottom 0 has the shape {score}, but scores (1, {2 * anchors}, H, W) of {anchors} anchors are wanted",
            field="bottom[0]",
        )
        wanted = (1, 4 * anchors, *score[2:])
        self.require(delta == wanted, f"bottom 1 has the shape {delta}, but offsets {wanted} are wanted", field="bottom[1]")
        self.require(count(info) >= 3, f"bottom 2 has the shape {info}, but height, width and scale are wanted", field="bottom[2]")
        return [(self.grid.after, 5), (self.grid.after,)][: len(self.message.top)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        boxes, scores = self.ops.proposals(bottom[0].data[0], bottom[1].data[0], bottom[2].data, grid=self.grid)
        top[0].reshape((len(boxes), 5))
        self.ops.fill(top[0].data[:, 0], 0)
        self.ops.copy(self.ops.asarray(boxes), top[0].data[:, 1:])
        for blob in top[1:]:
            blob.reshape((len(scores),))
            self.ops.copy(self.ops.asarray(scores), blob.data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                self.ops.fill(blob.diff, 0)
