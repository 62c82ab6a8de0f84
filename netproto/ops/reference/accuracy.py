"""How often the label is among the best predictions. Caffe: accuracy_layer.cpp."""

from __future__ import annotations

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

    def _per_class(self, label: Array, counts: Array, classes: int) -> Array:
        """How many predictions that count have each label."""
        return self.xp.bincount(label.reshape(-1), weights=counts.reshape(-1), minlength=classes)
