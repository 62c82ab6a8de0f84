from __future__ import annotations

from .base import LAYERS
from .base_convolution3d import BaseConvolution3D
from .convolution import Convolution


@LAYERS.register("Convolution3D")
class Convolution3D(BaseConvolution3D, Convolution):
    """A Convolution over frames of a video, height and width.

    Shapes: (N, C, L, H, W) -> (N, num_output, *out), out = (size + 2 pad - kernel) / stride + 1, the quotient cut towards 0; along L with
        kernel_depth, temporal_stride and temporal_pad, along H and W with kernel_size, stride and pad.
    Learned: weight (num_output, C, kernel_depth, kernel_size, kernel_size), bias (1, 1, 1, 1, num_output).
    Formula: y[k] = bias[k] + the sum over the window and over all channels of weight[k] x.
    Caffe: none; src/caffe/layers/convolution3d_layer.cpp of facebookarchive/C3D.
    Differences: none. group is not read, there neither; filter_group parts the work, not the channels, and is only checked.
    """

    type = "Convolution3D"
