from __future__ import annotations

from .base import LAYERS
from .base_convolution3d import BaseConvolution3D
from .deconvolution import Deconvolution


@LAYERS.register("Deconvolution3D")
class Deconvolution3D(BaseConvolution3D, Deconvolution):
    """The transpose of a Convolution3D: each element of the bottom spreads over a window of the top.

    Shapes: (N, C, L, H, W) -> (N, num_output, *out), out = stride (size - 1) + kernel - 2 pad; along L with kernel_depth, temporal_stride
        and temporal_pad, along H and W with kernel_size, stride and pad.
    Learned: weight (C, num_output, kernel_depth, kernel_size, kernel_size), bias (1, 1, 1, 1, num_output).
    Formula: y[k] = bias[k] + the sum of weight[c, k] x[c] over the elements whose window holds the place.
    Caffe: none; src/caffe/layers/deconvolution3d_layer.cpp of facebookarchive/C3D.
    Differences: none. group and filter_group are not read, there neither.
    """

    type = "Deconvolution3D"
