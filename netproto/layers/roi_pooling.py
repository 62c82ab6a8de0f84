from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Internal
from .regions import RegionPooling


@LAYERS.register("ROIPooling")
class ROIPooling(RegionPooling):
    """The largest element of each cell of a grid on each region: what Fast R-CNN classifies regions by.

    Shapes: a map (N, C, H, W), regions (R, 5) -> (R, C, pooled_h, pooled_w).
    Formula: a region's corners are times spatial_scale, rounded, and both within it; its height h, 1 at least, is parted into cells from
        floor(i h / pooled_h) to ceil((i + 1) h / pooled_h), its width alike, cut at the map's borders. y = the cell's largest element, 0 if
        it has none.
    Caffe: none; src/caffe/layers/roi_pooling_layer.cu of rbgirshick/caffe-fast-rcnn.
    Differences: works on the CPU in both directions. A region of an image that is not there is an error.
    """

    type = "ROIPooling"

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.roi_pooling_param
        for field in ("pooled_h", "pooled_w"):
            self.require(getattr(param, field) > 0, f"{field} must be above 0", field=f"roi_pooling_param.{field}")
        self.grid = param.pooled_h, param.pooled_w

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require_map_and_regions(bottom)
        return [(bottom[1][0], bottom[0][1], *self.grid)]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"mask": Internal(top[0], "int32")}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.check_images(bottom)
        scale = self.message.roi_pooling_param.spatial_scale
        self.ops.roi_max_pool(bottom[0].data, bottom[1].data, top[0].data, self.internals["mask"], scale=scale)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            rois = bottom[1].data.reshape(-1, 5)
            self.ops.roi_max_pool_backward(rois, self.internals["mask"], top[0].diff, bottom[0].diff)
