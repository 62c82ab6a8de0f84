from __future__ import annotations

from .base import LAYERS
from .convolution import Convolution


@LAYERS.register("ConvolutionDepthwise")
class ConvolutionDepthwise(Convolution):
    """A Convolution of each channel by itself.

    Shapes: Convolution's with num_output = group = C, whether they are written or not.
    Formula: y[c] = bias[c] + the sum over the window of weight[c] x[c].
    Caffe: none; farmingyard/caffe-mobilenet and others.
    Differences: a num_output or group that is not C is refused, since some forks obey it and some ignore it.
    """

    type = "ConvolutionDepthwise"

    def read_outputs(self) -> int:
        self._require_channels("num_output")
        return self.channels

    def read_group(self) -> int:
        self._require_channels("group")
        return self.channels

    def _require_channels(self, field: str) -> None:
        param = self.message.convolution_param
        value = getattr(param, field)
        self.require(
            not param.HasField(field) or value == self.channels,
            f"{field} {value} for {self.channels} channels, each of which has one filter",
            field=f"convolution_param.{field}",
            hint=f"Leave {field} out, or use Convolution with group: {self.channels}",
        )
