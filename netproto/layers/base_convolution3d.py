"""What Convolution3D and Deconvolution3D have in common: windows over frames, and their message. C3D: convolution3d_layer.cpp."""

from __future__ import annotations

from collections.abc import Sequence

from ..blob import Shape
from ..ops.geometry import ConvGeometry
from .base import exactly
from .base_convolution import BaseConvolution

FIELD = "convolution3d_param"


class BaseConvolution3D(BaseConvolution):
    """A window over the three axes behind the channels: frames, height and width. One bottom, one top."""

    bottoms = exactly(1)
    tops = exactly(1)
    as_many_tops_as_bottoms = False

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.convolution3d_param
        self.require(len(bottom[0]) == 5, f"the bottom has the shape {bottom[0]}, but (N, C, frames, H, W) is wanted")
        self.axis, self.channels = 1, bottom[0][1]
        self.outputs = self.read_outputs()
        self.geometry = self._read_geometry()
        self.declare_param(self.weight_shape(), param.weight_filler)
        if param.bias_term:
            self.declare_param((1, 1, 1, 1, self.outputs), param.bias_filler)

    def read_outputs(self) -> int:
        param = self.message.convolution3d_param
        self.require(param.num_output > 0, "num_output must be at least 1", field=f"{FIELD}.num_output")
        self.require(
            param.filter_group > 0 and param.num_output % param.filter_group == 0,
            f"filter_group {param.filter_group} does not divide num_output {param.num_output}",
            field=f"{FIELD}.filter_group",
        )
        return int(param.num_output)

    def _read_geometry(self) -> ConvGeometry:
        param = self.message.convolution3d_param
        for name in ("kernel_depth", "kernel_size", "temporal_stride", "stride"):
            self.require(getattr(param, name) > 0, f"{name} must be at least 1", field=f"{FIELD}.{name}")
        return ConvGeometry(
            kernel=(param.kernel_depth, param.kernel_size, param.kernel_size),
            stride=(param.temporal_stride, param.stride, param.stride),
            pad=(param.temporal_pad, param.pad, param.pad),
            dilation=(1, 1, 1),
        )
