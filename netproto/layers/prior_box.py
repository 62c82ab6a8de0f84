from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from ..blob import Blob, Shape
from ..ops.detection import PriorLayout
from .base import LAYERS, Layer, exactly

SAME = 1e-6  # ratios that are this near are one


@LAYERS.register("PriorBox")
class PriorBox(Layer):
    """The boxes that an SSD detector corrects. A layer of SSD's fork.

    Shapes: a map (N, C, H, W) and the images (N, C, H', W') -> (1, 2, 4 H W B): the corners of B boxes at each place, in parts of the
        image, and their variances.
    Formula: at each place, for each `min_size` in whole pixels: a square of it, one of sqrt(min_size * max_size) if there is a
        `max_size`, and for each `aspect_ratio` r (and 1 / r with `flip`) a box of width min_size sqrt(r) and height min_size / sqrt(r).
        Their centre is (place + offset) * step; `clip` cuts them at the image's borders. Image size and step are the bottoms' unless
        img_size, img_h, img_w, step, step_h, step_w say otherwise.
    Caffe: none; src/caffe/layers/prior_box_layer.cpp of weiliu89/caffe, branch ssd.
    Differences: none. Its gradients are 0.
    """

    type = "PriorBox"
    bottoms = exactly(2)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.prior_box_param
        self.require(len(param.min_size) > 0, "no min_size is given", field="prior_box_param")
        self.require(min(param.min_size) > 0, "a min_size is not above 0", field="prior_box_param.min_size")
        self.require(
            len(param.max_size) in (0, len(param.min_size)),
            f"{len(param.max_size)} max_size for {len(param.min_size)} min_size",
            field="prior_box_param.max_size",
            hint="Write one for each, or none",
        )
        for small, large in zip(param.min_size, param.max_size, strict=False):
            self.require(small < large, f"max_size {large:g} is not above its min_size {small:g}", field="prior_box_param.max_size")
        self.require(all(r > 0 for r in param.aspect_ratio), "an aspect_ratio is not above 0", field="prior_box_param.aspect_ratio")
        self.require(
            len(param.variance) in (0, 1, 4) and all(v > 0 for v in param.variance),
            f"variance is {list(param.variance)}; one number above 0 is wanted, or four",
            field="prior_box_param.variance",
        )
        self._check_either("img_size", "img_h", "img_w")
        self._check_either("step", "step_h", "step_w")
        self.sizes = self._sizes()

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        for index, shape in enumerate(bottom):
            self.require(
                len(shape) == 4 and shape[2] * shape[3] > 0,
                f"bottom {index} has the shape {shape}, but (N, C, H, W) is wanted",
                field=f"bottom[{index}]",
            )
        return [(1, 2, bottom[0][2] * bottom[0][3] * len(self.sizes) * 4)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        param = self.message.prior_box_param
        map_size, image = _plane(bottom[0].shape), self._given("img_size", "img_h", "img_w") or _plane(bottom[1].shape)
        step = self._given("step", "step_h", "step_w") or (image[0] / map_size[0], image[1] / map_size[1])
        variance = tuple(param.variance) or (0.1,)
        layout = PriorLayout(
            sizes=self.sizes,
            map=map_size,
            image=(int(image[0]), int(image[1])),
            step=step,
            offset=param.offset,
            clip=param.clip,
            variance=variance if len(variance) == 4 else variance * 4,
        )
        self.ops.prior_boxes(top[0].data, layout=layout)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                self.ops.fill(blob.diff, 0)

    def _sizes(self) -> tuple[tuple[float, float], ...]:
        """(width, height) of the boxes at a place."""
        param = self.message.prior_box_param
        ratios = [1.0]
        for ratio in param.aspect_ratio:
            if all(abs(ratio - known) >= SAME for known in ratios):
                ratios += [ratio, 1 / ratio] if param.flip else [ratio]
        sizes: list[tuple[float, float]] = []
        for index, small in enumerate(int(size) for size in param.min_size):
            sizes.append((small, small))
            if param.max_size:
                between = sqrt(small * int(param.max_size[index]))
                sizes.append((between, between))
            sizes += [(small * sqrt(r), small / sqrt(r)) for r in ratios if abs(r - 1) >= SAME]
        return tuple(sizes)

    def _given(self, both: str, vertical: str, horizontal: str) -> tuple[float, float] | None:
        """(vertical, horizontal) of a size that the file gives; None where it gives none."""
        param = self.message.prior_box_param
        if param.HasField(both):
            return getattr(param, both), getattr(param, both)
        return (getattr(param, vertical), getattr(param, horizontal)) if param.HasField(vertical) else None

    def _check_either(self, both: str, vertical: str, horizontal: str) -> None:
        param = self.message.prior_box_param
        given = [name for name in (both, vertical, horizontal) if param.HasField(name)]
        self.require(
            given in ([], [both], [vertical, horizontal]),
            f"{' and '.join(given)} {'stand together' if len(given) > 1 else 'stands alone'}",
            field=f"prior_box_param.{(given or [both])[-1]}",
            hint=f"Write {both} alone, or {vertical} and {horizontal}",
        )
        for name in given:
            self.require(getattr(param, name) > 0, f"{name} is not above 0", field=f"prior_box_param.{name}")


def _plane(shape: Shape) -> tuple[int, int]:
    """Height and width of (N, C, H, W)."""
    return shape[2], shape[3]
