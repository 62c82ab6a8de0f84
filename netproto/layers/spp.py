from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..ops.geometry import PoolGeometry
from ..schema.messages import enum_name
from .base import LAYERS, Internal, Layer, count
from .pooling import needs_mask, pool, pool_backward, pool_geometry


@LAYERS.register("SPP")
class SPP(Layer):
    """Spatial pyramid pooling (He et al. 2014): a fixed number of features for a plane of any size.

    Shapes: (N, C, H, W) -> (N, C * bins), 1 + 4 + 16 ... bins, one term for each of pyramid_height levels; (N, C, 1, 1) for one level.
    Formula: level l is Pooling over 2^l x 2^l windows of ceil(size / 2^l) elements that do not overlap, the plane being padded by half of
    what is missing, rounded up; Pooling may leave out the last window. Each level is flattened from (C, rows, columns).
    Caffe: src/caffe/layers/spp_layer.cpp.
    Differences: none; engine is ignored.
    """

    type = "SPP"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.levels: int = self.message.spp_param.pyramid_height
        self.method = enum_name(self.message.spp_param, "pool")
        self.require(self.levels > 0, "pyramid_height must be at least 1", field="spp_param.pyramid_height")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        self.require(len(shape) == 4, f"the bottom must have 4 axes (N, C, H, W), but is {shape}")
        self.require(all(shape[2:]), f"the bottom {shape} has no element")
        outs = [geo.out for geo in self._pyramid(shape)]
        return [(*shape[:2], *outs[0]) if self.levels == 1 else (shape[0], sum(shape[1] * count(out) for out in outs))]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        shape, arrays = bottom[0], {}
        for i, geo in enumerate(self._pyramid(shape)):
            pooled = (*shape[:2], *geo.out)
            arrays[f"level{i}"] = Internal(pooled)
            arrays[f"gradient{i}"] = Internal(shape)
            if needs_mask(self, self.method):
                arrays[f"mask{i}"] = Internal(pooled, "int32")
        return arrays

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        x = bottom[0].data
        for i, geo in enumerate(self._pyramid(x.shape)):
            pool(self, self.method, x, self.internals[f"level{i}"], self.internals.get(f"mask{i}"), geo)
        self.ops.concat(self._flat_levels(x.shape[0]), top[0].data.reshape(x.shape[0], -1), axis=1)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        images = bottom[0].shape[0]
        self.ops.unconcat(top[0].diff.reshape(images, -1), self._flat_levels(images), axis=1, wanted=[True] * self.levels)
        for i, geo in enumerate(self._pyramid(bottom[0].shape)):
            dy, dx = self.internals[f"level{i}"], self.internals[f"gradient{i}"]
            pool_backward(self, self.method, dy, self.internals.get(f"mask{i}"), dx, geo)
        self.ops.eltwise_sum([self.internals[f"gradient{i}"] for i in range(self.levels)], bottom[0].diff)

    def _pyramid(self, shape: Shape) -> list[PoolGeometry]:
        """The windows of each level."""
        pyramid = []
        for bins in (2**level for level in range(self.levels)):
            kernel = tuple(-(-size // bins) for size in shape[2:])
            pad = tuple((k * bins - size + 1) // 2 for k, size in zip(kernel, shape[2:], strict=True))
            pyramid.append(pool_geometry(self, self.method, shape[2:], kernel, kernel, pad))
        return pyramid

    def _flat_levels(self, images: int) -> list[Array]:
        return [self.internals[f"level{i}"].reshape(images, -1) for i in range(self.levels)]
