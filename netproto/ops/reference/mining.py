"""Which regions a detector learns from. Caffe: none; box_annotator_ohem_layer.cu of daijifeng001/caffe-rfcn."""

from __future__ import annotations

import numpy

from .arrays import Array, Arrays


class Mining(Arrays):
    """R regions at S places each: rois (R, 5, S), loss and label (R, S), weight (R, C, S)."""

    def keep_hardest(
        self, rois: Array, loss: Array, label: Array, weight: Array, kept_label: Array, kept_weight: Array, *, count: int, ignore: int
    ) -> None:
        """kept_label = label and kept_weight = weight for the `count` regions of each image with the largest loss; else ignore, and 0."""
        image = numpy.trunc(self.to_host(rois)[:, 0].reshape(-1))
        order = numpy.argsort(-self.to_host(loss).reshape(-1), kind="stable")
        kept = numpy.zeros(len(order), bool)
        for number in numpy.unique(image):
            kept[order[image[order] == number][:count]] = True
        chosen = self.asarray(kept.reshape(loss.shape), "bool")
        kept_label[...] = self.xp.where(chosen, label, ignore)
        kept_weight[...] = self.xp.where(chosen[:, None], weight, 0)
