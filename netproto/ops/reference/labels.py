"""Labels: class numbers kept as real numbers, one for each prediction. Caffe reads them by `static_cast<int>`, which drops the fraction."""

from __future__ import annotations

from .arrays import Array, Arrays

Classes = tuple[int, int, int]  # (predictions before the class axis, classes, predictions after it)


def by_class(shape: tuple[int, ...], axis: int) -> Classes:
    """A shape seen as three axes with the classes in the middle."""
    outer = inner = 1
    for extent in shape[:axis]:
        outer *= extent
    for extent in shape[axis + 1 :]:
        inner *= extent
    return outer, shape[axis], inner


class Labels(Arrays):
    """label: real, one number for each prediction. ignore: a label that stands for none, or None."""

    def first_bad_label(self, label: Array, *, classes: int, ignore: int | None) -> int:
        """The flat index of the first label that is neither 0..classes - 1 nor `ignore`; -1 where there is none."""
        good = (label > -1) & (label < classes)
        if ignore is not None:
            good |= self.xp.trunc(label) == ignore
        good = good.reshape(-1)
        return -1 if good.all() else int(good.argmin())

    def _predictions(self, label: Array, classes: Classes, ignore: int | None) -> tuple[tuple[Array, Array, Array], Array]:
        """What picks each prediction's own class out of (outer, classes, inner), and which predictions count, both (outer, inner)."""
        outer, _, inner = classes
        value = label.reshape(outer, inner).astype("int32")
        counts = self.xp.ones(value.shape, "bool") if ignore is None else value != ignore
        value *= counts
        return (self.xp.arange(outer)[:, None], value, self.xp.arange(inner)[None, :]), counts
