from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..errors import DataError
from ..schema.places import label, place_of
from .base import LAYERS, Arity, Layer
from .labels import position

Size = tuple[int, int]


@LAYERS.register("Upsample")
class Upsample(Layer):
    """Larger planes. Two forks gave the name to two layers, which the number of bottoms tells apart.

    Shapes: SegNet's has two bottoms, x and a mask (N, C, H, W), the second top of the pooling that it undoes -> (N, C, upsample_h,
        upsample_w) or, where these are not given, (N, C, H scale_h - pad_out_h, W scale_w - pad_out_w); scale 2 is the default.
        MobileNet-YOLO's has one bottom, (N, C, H, W) -> (N, C, H scale, W scale); scale 1 is the default.
    Formula: SegNet's: y = x at the place in the plane that the mask names, 0 elsewhere; a place named twice has the last. YOLO's: each
        element repeated over a square.
    Caffe: none; upsample_layer.cpp of alexgkendall/caffe-segnet and of eric612/MobileNet-YOLO.
    Differences: none. No gradient flows to the mask.
    """

    type = "Upsample"
    bottoms = Arity(1, 2)
    no_gradient_bottoms = frozenset({1})

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.scale = self._read_scale() if len(bottom) > 1 else self._read_square()

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        self.require(len(shape) == 4, f"the bottom must have 4 axes (N, C, H, W), but is {shape}", field="bottom[0]")
        self.require(
            bottom[-1] == shape, f"the mask has the shape {bottom[-1]} and bottom 0 {shape}; they must be alike", field="bottom[1]"
        )
        return [(*shape[:2], *self._plane(shape, len(bottom) > 1))]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        if len(bottom) == 1:
            self.ops.magnify(bottom[0].data, top[0].data)
            return
        self._check_mask(bottom[1], top[0])
        self.ops.unpool(bottom[0].data, bottom[1].data, top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        if len(bottom) == 1:
            self.ops.magnify_backward(top[0].diff, bottom[0].diff)
        else:
            self.ops.unpool_backward(bottom[1].data, top[0].diff, bottom[0].diff)

    def _read_square(self) -> Size:
        """YOLO's factor, which is one for both axes."""
        param = self.message.upsample_param
        for field in ("scale_h", "scale_w", "pad_out_h", "pad_out_w", "upsample_h", "upsample_w"):
            self.require(
                not param.HasField(field),
                f"{field} is SegNet's, whose Upsample has a mask as its second bottom",
                field=f"upsample_param.{field}",
                hint="With one bottom there is `scale` only",
            )
        scale = param.scale if param.HasField("scale") else 1
        self.require(scale > 0, "the scale must be above 0", field="upsample_param.scale")
        return scale, scale

    def _read_scale(self) -> Size:
        """SegNet's factors; they count where upsample_h and upsample_w are not given."""
        param = self.message.upsample_param
        if self._has_size():
            return 0, 0
        sides = param.HasField("scale_h") and param.HasField("scale_w")
        self.require(
            not (param.HasField("scale_h") or param.HasField("scale_w")) or (sides and not param.HasField("scale")),
            "the factor is written once, as scale, or as scale_h and scale_w",
            field="upsample_param",
            hint="Or write upsample_h and upsample_w, the size of the top",
        )
        scale = (param.scale_h, param.scale_w) if sides else (param.scale if param.HasField("scale") else 2,) * 2
        self.require(min(scale) > 1, f"the factors are {scale}, but must be above 1", field="upsample_param")
        for pad, factor in zip(("pad_out_h", "pad_out_w"), scale, strict=True):
            self.require(not getattr(param, pad) or factor == 2, f"{pad} goes with a factor of 2 only", field=f"upsample_param.{pad}")
        return scale

    def _has_size(self) -> bool:
        param = self.message.upsample_param
        return bool(param.HasField("upsample_h") and param.HasField("upsample_w"))

    def _plane(self, shape: Shape, has_mask: bool) -> Size:
        param = self.message.upsample_param
        if has_mask and self._has_size():
            self.require(min(param.upsample_h, param.upsample_w) > 1, "the top's size must be above 1", field="upsample_param.upsample_h")
            return param.upsample_h, param.upsample_w
        height, width = (extent * factor for extent, factor in zip(shape[2:], self.scale, strict=True))
        return height - param.pad_out_h, width - param.pad_out_w

    def _check_mask(self, mask: Blob, top: Blob) -> None:
        """Raise a DataError for a place that the top's plane does not have."""
        places = top.shape[2] * top.shape[3]
        bad = self.ops.first_bad_label(mask.data, classes=places, ignore=None)
        if bad >= 0:
            value = float(self.ops.to_host(mask.data).reshape(-1)[bad])
            raise DataError(
                f"the mask, bottom {self.message.bottom[1]!r}, names place {value:g} at {position(bad, mask.shape)}, but the top's planes"
                f" of {top.shape[2]} x {top.shape[3]} have {places}",
                place=place_of(self.message),
                layer=label(self.message),
                hint="upsample_h and upsample_w must be the size of the bottom of the pooling that made the mask",
            )
