from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("Interp")
class Interp(Layer):
    """Bilinear resizing that keeps corners on corners.

    Shapes: (N, C, H, W) -> (N, C, *out). The bottom is cut first, by -pad_beg at the top and left, -pad_end at the bottom and right; with h
        what is left of an axis, out = (h - 1) / shrink_factor + 1, rounded down; then (out - 1) * zoom_factor + 1; or `height` and
        `width`, which count unless exactly one of the factors is written.
    Formula: y at r is x at r (h - 1) / (out - 1), between neighbours in proportion to how near they are.
    Caffe: none; src/caffe/layers/interp_layer.cpp of hszhao/PSPNet, from DeepLab.
    Differences: none.
    """

    type = "Interp"

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.interp_param
        for field in ("pad_beg", "pad_end"):
            self.require(
                getattr(param, field) <= 0, f"{field} is {getattr(param, field)}; it can cut, but not pad", field=f"interp_param.{field}"
            )
        for field in ("zoom_factor", "shrink_factor"):
            self.require(getattr(param, field) > 0, f"{field} must be above 0", field=f"interp_param.{field}")
        self.crop = -param.pad_beg, -param.pad_end
        self.sized = self._is_sized()

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        self.require(len(shape) == 4, f"the bottom must have 4 axes (N, C, H, W), but is {shape}")
        kept = [extent - sum(self.crop) for extent in shape[2:]]
        self.require(min(kept) > 0, f"cut by {self.crop}, nothing is left of a plane of {shape[2]} x {shape[3]}", field="interp_param")
        param = self.message.interp_param
        if self.sized:
            self.require(min(param.height, param.width) > 0, "the top's height and width must be above 0", field="interp_param.height")
            return [(*shape[:2], param.height, param.width)]
        shrunk = [(extent - 1) // param.shrink_factor + 1 for extent in kept]
        return [(*shape[:2], *((extent - 1) * param.zoom_factor + 1 for extent in shrunk))]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.interpolate(bottom[0].data, top[0].data, crop=self.crop)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.interpolate_backward(top[0].diff, bottom[0].diff, crop=self.crop)

    def _is_sized(self) -> bool:
        """Whether height and width say the size of the top."""
        param = self.message.interp_param
        factors = [field for field in ("zoom_factor", "shrink_factor") if param.HasField(field)]
        sized = bool(len(factors) != 1 and param.HasField("height") and param.HasField("width"))
        self.require(sized or bool(factors), "interp_param wants zoom_factor or shrink_factor, or height and width", field="interp_param")
        return sized
