from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS
from .regions import RegionPooling


@LAYERS.register("PSROIPooling")
class PSROIPooling(RegionPooling):
    """Averages over a grid on each region, each cell from channels of its own: R-FCN's position-sensitive scores.

    Shapes: a map (N, D G^2, H, W), regions (R, 5) -> (R, D, G, G), D = output_dim, G = group_size.
    Formula: a region's corners are rounded, the second is moved by 1, and both are times spatial_scale; its sides are 0.1 at least. Cell
        (i, j) goes from floor(top + i h / G) to ceil(top + (i + 1) h / G), across alike, cut at the map's borders. y[r, d, i, j] = the mean
        of channel (d G + i) G + j over the cell, 0 if it has no element.
    Caffe: none; src/caffe/layers/psroi_pooling_layer.cu of daijifeng001/caffe-rfcn.
    Differences: works on the CPU too. A region of an image that is not there is an error.
    """

    type = "PSROIPooling"

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.psroi_pooling_param
        for field in ("output_dim", "group_size"):
            self.require(getattr(param, field) > 0, f"{field} must be above 0", field=f"psroi_pooling_param.{field}")
        self.grid = param.output_dim, param.group_size, param.group_size

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require_map_and_regions(bottom)
        dim, group, _ = self.grid
        self.require(
            bottom[0][1] == dim * group**2,
            f"bottom 0 has {bottom[0][1]} channels, but output_dim {dim} times group_size {group} squared is {dim * group**2}",
            field="psroi_pooling_param.output_dim",
        )
        return [(bottom[1][0], *self.grid)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.check_images(bottom)
        scale = self.message.psroi_pooling_param.spatial_scale
        self.ops.psroi_ave_pool(bottom[0].data, bottom[1].data, top[0].data, scale=scale)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            scale = self.message.psroi_pooling_param.spatial_scale
            self.ops.psroi_ave_pool_backward(bottom[1].data, top[0].diff, bottom[0].diff, scale=scale)
