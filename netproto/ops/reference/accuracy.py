"""How often the label is among the best predictions. Caffe: accuracy_layer.cpp."""

from __future__ import annotations

from collections.abc import Sequence

from .arrays import Array
from .labels import Labels, by_class


class Accuracy(Labels):
    """x holds the scores with the classes on `axis`; label has one class for each prediction."""

    def accuracy(
        self, x: Array, label: Array, accuracy: Array, per_class: Array | None, *, axis: int, top_k: int, ignore: int | None
    ) -> None:
        """accuracy (shape ()) = the share of predictions whose label has fewer than top_k other classes that score as high or higher.

        per_class (classes), or None: the share among the predictions of each label. Both are 0 where there is no prediction.
        """
        classes = by_class(x.shape, axis)
        own, counts = self._predictions(label, classes, ignore)
        scores = x.reshape(classes)
        as_high = self.scratch("accuracy.as_high", classes, "bool")
        self.xp.greater_equal(scores, scores[own][:, None, :], out=as_high)
        right = (as_high.sum(axis=1) <= top_k) & counts
        accuracy[...] = right.sum() / self.xp.maximum(counts.sum(), 1)
        if per_class is not None:
            number = self._per_class(own[1], counts, classes[1])
            per_class[...] = self._per_class(own[1], right, classes[1]) / self.xp.maximum(number, 1)

    def count_confusions(self, x: Array, label: Array, counts: Array, *, ignored: Sequence[int]) -> int:
        """counts[k, l] (int64) += how many places of x (N, classes, ...) have the label k and the best score at l, the last of equal ones.

        ignored: labels that do not count. Returns the flat index of the first label that is neither a class nor ignored, and counts nothing
        then; else -1.
        """
        xp, classes = self.xp, x.shape[1]
        label = label.reshape(x.shape[0], *x.shape[2:])
        right = (label > -1) & (label < classes)
        aside = xp.zeros(label.shape, "bool")
        for value in ignored:
            aside |= xp.trunc(label) == value
        good = (right | aside).reshape(-1)
        if not good.all():
            return int(good.argmin())
        best = classes - 1 - x[:, ::-1].argmax(axis=1)
        pairs = xp.where(right, label, 0).astype("int64") * classes + best
        found = xp.bincount(pairs.reshape(-1), weights=(~aside).reshape(-1), minlength=classes * classes)
        counts += found.reshape(classes, classes).astype("int64")
        return -1

    def segmentation_scores(self, counts: Array, scores: Array) -> None:
        """scores (3) = the share of right ones, the mean of each class's share, the mean of each class's intersection over union.

        The second mean is over classes that occur; in the third one that neither occurs nor is found has 1.
        """
        xp, classes = self.xp, self.xp.arange(len(counts))
        right, has, found = counts[classes, classes], counts.sum(axis=1), counts.sum(axis=0)
        union = has + found - right
        scores[0] = right.sum() / xp.maximum(has.sum(), 1)
        scores[1] = (right / xp.maximum(has, 1)).sum() / xp.maximum((has > 0).sum(), 1)
        scores[2] = xp.where(right == union, 1.0, right / xp.maximum(union, 1)).mean()

    def _per_class(self, label: Array, counts: Array, classes: int) -> Array:
        """How many predictions that count have each label."""
        return self.xp.bincount(label.reshape(-1), weights=counts.reshape(-1), minlength=classes)
