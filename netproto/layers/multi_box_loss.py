from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..errors import DataError
from ..ops.detection import MultiBoxRule
from ..schema import messages
from ..schema.places import label, place_of
from .base import LAYERS, Internal, exactly
from .boxes import box_code, require_predictions, suppression
from .loss import SCALAR, LossLayer, normalization, normalizer


@LAYERS.register("MultiBoxLoss")
class MultiBoxLoss(LossLayer):
    """What an SSD detector learns from. A layer of SSD's fork.

    Shapes: locations (N, 4 P L), confidences (N, P C), priors (1, 2, 4 P), and objects (1, 1, G, 8): image (-1 for none), class,
        instance, xmin, ymin, xmax, ymax, difficult. P boxes, C = num_classes, L = 1 with `share_location`, else C. Top: the loss.
    Formula: boxes are matched to objects by their overlap (`match_type`, `overlap_threshold`); loss = (loc_weight * that of the matched
        boxes' locations, smooth L1 or squared, + that of the confidences, softmax or logistic) / normalizer, which is the number of
        matched boxes, or as `loss_param.normalization` says: FULL N P, BATCH_SIZE N, NONE 1. The confidences that count are those of the
        matched boxes and, by `mining_type`, of the worst others: MAX_NEGATIVE (default) neg_pos_ratio for each matched box of an image.
        A loss counts where propagate_down of its bottom is not false.
    Caffe: none; src/caffe/layers/multibox_loss_layer.cpp of weiliu89/caffe, branch ssd.
    Differences: of boxes that cost the same the earlier is chosen; there the order is left open. An object whose class is none is an
        error that names it.
    """

    type = "MultiBoxLoss"
    bottoms = exactly(4)
    no_gradient_bottoms = frozenset({2, 3})

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.multibox_loss_param
        where = "multibox_loss_param"
        self.require(param.num_classes > 0, "num_classes is not given", field=where)
        self.mining = messages.enum_name(param, "mining_type")
        mines = self.mining != "NONE"
        self.require(
            not param.HasField("do_neg_mining") or param.do_neg_mining == mines,
            f"do_neg_mining contradicts mining_type {self.mining}",
            field=f"{where}.do_neg_mining",
            hint="Write mining_type: MAX_NEGATIVE for true, NONE for false, and no do_neg_mining",
        )
        self.require(
            param.share_location or not mines, "mining wants share_location", field=f"{where}.share_location", hint="mining_type: NONE goes"
        )
        self.require(
            param.background_label_id < param.num_classes,
            f"background_label_id is {param.background_label_id}, but there are {param.num_classes} classes",
            field=f"{where}.background_label_id",
        )
        self.require(
            not param.map_object_to_agnostic or param.num_classes == 2,
            f"map_object_to_agnostic wants 2 classes, not {param.num_classes}",
            field=f"{where}.num_classes",
        )
        self.require(param.sample_size > 0, "sample_size must be above 0", field=f"{where}.sample_size")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        param = self.message.multibox_loss_param
        require_predictions(self, bottom, classes=param.num_classes, share_location=param.share_location)
        truth = bottom[3]
        self.require(
            len(truth) == 4 and truth[3] == 8 and truth[:2] == (1, 1),
            f"bottom 3 has the shape {truth}, but objects (1, 1, G, 8) are wanted",
            field="bottom[3]",
        )
        return [SCALAR]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"dloc": Internal(bottom[0]), "dconf": Internal(bottom[1])}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self._check_objects(bottom[3])
        loc, conf, prior, truth = (b.data for b in bottom)
        rule = self._rule(bottom[0].shape[0], bottom[2].count // 8)
        self.ops.multibox_loss(loc, conf, prior, truth, top[0].data, self.internals["dloc"], self.internals["dconf"], rule=rule)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted, name in zip(bottom[:2], propagate_down[:2], ("dloc", "dconf"), strict=True):
            if wanted:
                self.ops.multibox_loss_backward(self.internals[name], top[0].diff, blob.diff)
        for blob, wanted in zip(bottom[2:], propagate_down[2:], strict=True):
            if wanted:
                self.ops.fill(blob.diff, 0)

    def _check_objects(self, truth: Blob) -> None:
        """Raise a DataError that names the first object whose class is none."""
        param = self.message.multibox_loss_param
        classes = None if param.map_object_to_agnostic else param.num_classes
        bad = self.ops.first_bad_object(truth.data, classes=classes, background=param.background_label_id)
        if bad < 0:
            return
        value = float(self.ops.to_host(truth.data).reshape(-1, 8)[bad, 1])
        raise DataError(
            f"object {bad} is of class {value:g}, which is none of the classes 0 to {param.num_classes - 1} without the background "
            f"{param.background_label_id}",
            place=place_of(self.message),
            layer=label(self.message),
            hint="The background is no class of objects: theirs begin at 1, as a rule",
        )

    def _rule(self, images: int, boxes: int) -> MultiBoxRule:
        param, loss = self.message.multibox_loss_param, self.message.loss_param
        counts = [*self.message.propagate_down[:2], True, True]
        return MultiBoxRule(
            classes=param.num_classes,
            share_location=param.share_location,
            background=param.background_label_id,
            code=box_code(param, param.encode_variance_in_target),
            smooth_l1=messages.enum_name(param, "loc_loss_type") == "SMOOTH_L1",
            softmax=messages.enum_name(param, "conf_loss_type") == "SOFTMAX",
            loc_weight=param.loc_weight,
            per_prediction=messages.enum_name(param, "match_type") == "PER_PREDICTION",
            overlap_threshold=param.overlap_threshold,
            use_prior_for_matching=param.use_prior_for_matching,
            use_difficult=param.use_difficult_gt,
            mining=self.mining,
            neg_pos_ratio=param.neg_pos_ratio,
            neg_overlap=param.neg_overlap,
            sample_size=param.sample_size,
            nms=suppression(param.nms_param) if param.HasField("nms_param") else None,
            use_prior_for_nms=param.use_prior_for_nms,
            agnostic=param.map_object_to_agnostic,
            ignore_cross_boundary=param.ignore_cross_boundary_bbox,
            bp_inside=param.bp_inside,
            normalizer=normalizer(loss, normalization(loss), losses=images * boxes, batch=images),
            with_location=counts[0],
            with_confidence=counts[1],
        )
