from __future__ import annotations

from collections.abc import Callable, Sequence

from ..blob import Array, Blob, Shape
from ..ops.geometry import Axes, PoolGeometry
from ..schema.messages import enum_name
from .base import LAYERS, Internal, Layer, count
from .pooling import pool, pool_backward

FIELD = "pooling3d_param"


@LAYERS.register("Pooling3D")
class Pooling3D(Layer):
    """The largest element of each window over frames, height and width (MAX), or the average (AVE).

    Shapes: (N, C, L, H, W) -> (N, C, *out), out = (size + 2 pad - kernel) / stride + 1, rounded up; along L with kernel_depth and
        temporal_stride, without padding; along H and W with kernel_size, stride and pad.
    Formula: y as above, first of planes, then of frames. AVE counts the padding, but nothing beyond it; MAX takes no padding.
    Caffe: none; src/caffe/layers/pool3d_layer.cpp of facebookarchive/C3D.
    Differences: where several elements of a window are the largest, the first has the gradient, as in Pooling; there, each of them has all
        of it.
    """

    type = "Pooling3D"

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.pooling3d_param
        self.method = enum_name(param, "pool")
        self.require(self.method != "STOCHASTIC", "STOCHASTIC pooling of frames is not known, to C3D neither", field=f"{FIELD}.pool")
        for name in ("kernel_depth", "kernel_size", "temporal_stride", "stride"):
            self.require(getattr(param, name) > 0, f"{name} must be at least 1", field=f"{FIELD}.{name}")
        self.require(self.method == "AVE" or not param.pad, f"{self.method} pooling of frames takes no padding", field=f"{FIELD}.pad")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        self.require(len(shape) == 5, f"the bottom has the shape {shape}, but (N, C, frames, H, W) is wanted")
        plane, frames = self._windows(shape)
        out = (frames.out[0], *plane.out)
        self.require(
            min(out) > 0,
            f"the window does not fit: frames of {shape[2:]} would give {out} windows",
            field=f"{FIELD}.kernel_size",
            hint="Use a smaller window, or a larger input",
        )
        return [(*shape[:2], *out)]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        pooled = (*bottom[0][:3], *top[0][3:])
        arrays = {"planes": Internal(pooled)}
        if self.method == "MAX":
            masks = {"plane_mask": pooled, "frame_mask": top[0]}
            arrays |= {name: Internal(shape, "int32", for_backward=True) for name, shape in masks.items()}
        return arrays

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        plane, frames = self._windows(bottom[0].shape)
        planes = self.internals["planes"]
        pool(self, self.method, _planes(bottom[0].data), _planes(planes), self._mask("plane_mask", _planes), plane)
        pool(self, self.method, _frames(planes), _frames(top[0].data), self._mask("frame_mask", _frames), frames)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        plane, frames = self._windows(bottom[0].shape)
        planes = self.internals["planes"]
        pool_backward(self, self.method, _frames(top[0].diff), self._mask("frame_mask", _frames), _frames(planes), frames)
        pool_backward(self, self.method, _planes(planes), self._mask("plane_mask", _planes), _planes(bottom[0].diff), plane)

    def _windows(self, shape: Shape) -> tuple[PoolGeometry, PoolGeometry]:
        """The windows over the planes of a bottom, and those over the frames that are left of it."""
        param = self.message.pooling3d_param
        kernel, stride, pad = ((n, n) for n in (param.kernel_size, param.stride, param.pad))
        out: Axes = tuple(_count(size + 2 * param.pad, param.kernel_size, param.stride) for size in shape[3:])
        plane = PoolGeometry(kernel, stride, pad, out)
        length = _count(shape[2], param.kernel_depth, param.temporal_stride)
        return plane, PoolGeometry((param.kernel_depth, 1), (param.temporal_stride, 1), (0, 0), (length, out[0] * out[1]))

    def _mask(self, name: str, view: Callable[[Array], Array]) -> Array | None:
        return view(self.internals[name]) if name in self.internals else None


def _count(size: int, kernel: int, stride: int) -> int:
    """How many windows an axis has, the last one perhaps not whole."""
    return -(-(size - kernel) // stride) + 1


def _planes(a: Array) -> Array:
    """(N, C, L, H, W) seen as (N, C L, H, W)."""
    return a.reshape(a.shape[0], a.shape[1] * a.shape[2], *a.shape[3:])


def _frames(a: Array) -> Array:
    """(N, C, L, H, W) seen as (N, C, L, H W)."""
    return a.reshape(*a.shape[:3], count(a.shape, 3))
