from __future__ import annotations

from .base import LAYERS
from .convolution import Convolution


@LAYERS.register("DepthwiseConvolution")
class DepthwiseConvolution(Convolution):
    """A Convolution under the name that a fork gave to a faster one for group = channels.

    Shapes: Convolution's.
    Formula: Convolution's.
    Caffe: none; yonghenglh6/DepthwiseConvolution.
    Differences: none.
    """

    type = "DepthwiseConvolution"
