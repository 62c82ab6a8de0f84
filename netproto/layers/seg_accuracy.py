from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..blob import Blob, Shape
from ..errors import DataError
from ..schema.places import label, place_of
from .base import LAYERS, Internal, Layer, exactly
from .labels import position


@LAYERS.register("SegAccuracy")
class SegAccuracy(Layer):
    """How often pixels get their label: of all pixels, of each class, and as intersection over union.

    Shapes: scores (N, C, H, W), labels in 0..C-1 (N, 1, H, W) -> (1, 1, 1, 3).
    Formula: n[k][l] counts the pixels with the label k whose best score is that of class l, the last of equal ones; labels in
        `ignore_label` do not count. The top is sum n[k][k] / sum n; the mean of n[k][k] / sum n[k] over the classes that occur; and
        the mean of n[k][k] / (sum n[k] + sum of column k - n[k][k]) over all, 1 for a class that neither occurs nor is found.
        With `reset: false` n goes on counting from pass to pass.
    Caffe: none; src/caffe/layers/seg_accuracy_layer.cpp of TheLegendAli/DeepLab-Context and of hszhao/PSPNet.
    Differences: none. `metric` chooses nothing, there neither. No gradient.
    """

    type = "SegAccuracy"
    bottoms = exactly(2)
    no_gradient_bottoms = frozenset({0, 1})

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.seg_accuracy_param
        self.ignored = tuple(sorted(set(param.ignore_label)))
        self.anew: bool = param.reset
        self.require(len(bottom[0]) == 4, f"bottom 0 has the shape {bottom[0]}, but (N, C, H, W) is wanted", field="bottom[0]")
        self.classes = bottom[0][1]

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        scores, labels = bottom
        self.require(
            len(scores) == 4 and scores[1] == self.classes > 0,
            f"bottom 0 has the shape {scores}, but (N, {self.classes}, H, W) is wanted",
            field="bottom[0]",
        )
        wanted = (scores[0], 1, *scores[2:])
        self.require(labels == wanted, f"bottom 1 has the shape {labels}, but {wanted} is wanted", field="bottom[1]")
        return [(1, 1, 1, 3)]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"kept_counts": Internal((self.classes, self.classes), "int64")}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        counts = self.internals["kept_counts"]
        if self.anew:
            self.ops.fill(counts, 0)
        bad = self.ops.count_confusions(bottom[0].data, bottom[1].data, counts, ignored=self.ignored)
        if bad >= 0:
            value = float(self.ops.to_host(bottom[1].data).reshape(-1)[bad])
            where = f"{position(bad, bottom[1].shape)} of bottom {self.message.bottom[1]!r}"
            raise DataError(
                f"label {value:g} at {where} is none of the {self.classes} classes",
                place=place_of(self.message),
                layer=label(self.message),
                hint="ignore_label of seg_accuracy_param names labels that do not count",
            )
        self.ops.segmentation_scores(counts, top[0].data.reshape(-1))

    def data_state(self) -> dict[str, Any]:
        """What goes on counting, so that a resumed run does."""
        return {} if self.anew else {"counts": self.ops.to_host(self.internals["kept_counts"]).tolist()}

    def restore_data_state(self, state: dict[str, Any]) -> None:
        if not self.anew:
            self.ops.copy(self.ops.asarray(state["counts"], "int64"), self.internals["kept_counts"])

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                self.ops.fill(blob.diff, 0)
