from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..ops.geometry import Axes, PoolGeometry
from ..schema.messages import enum_name
from . import same_padding
from .base import LAYERS, TRAIN, Arity, Internal, Layer


@LAYERS.register("Pooling")
class Pooling(Layer):
    """The largest element of each window (MAX), the average (AVE), or one drawn with a probability in proportion to its value (STOCHASTIC).

    Shapes: (N, C, H, W) -> (N, C, *out), and for MAX a second top alike. out = (size + 2 pad - kernel) / stride + 1, rounded up, or down
    with round_mode FLOOR; where there is padding, a last window that would begin behind size + pad is left out. global_pooling: one window.
    netproto's: with pad_mode SAME out = size / stride, rounded up; what the windows lack is parted between both ends, the end has one more.
    Formula: y as above. AVE counts the padding, but nothing beyond it; a window without an element gives -FLT_MAX (MAX) or NaN (AVE).
    STOCHASTIC gives sum x^2 / sum x in the TEST phase. The second top is the index of the largest in the plane of H x W, the first of
    several; -1 for none.
    Caffe: src/caffe/layers/pooling_layer.cpp, pooling_layer.cu.
    Differences: STOCHASTIC works on the CPU too; its draws are not Caffe's. engine is ignored.
    """

    type = "Pooling"
    tops = Arity(1, 2)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.pooling_param
        self.method = enum_name(param, "pool")
        self.floor = enum_name(param, "round_mode") == "FLOOR"
        self.require(self.method == "MAX" or len(self.message.top) == 1, f"{self.method} pooling has no second top", field="top[1]")
        self.kernel: Axes | None = None if param.global_pooling else self._read_kernel()
        self.stride, self.pad = self._read_pair("stride"), self._read_pair("pad")
        if param.global_pooling:
            self._require_global()
        self.require(all(self.stride), "stride cannot be 0", field="pooling_param.stride")
        self.pads_to_same = enum_name(param, "pad_mode") == "SAME"
        if self.pads_to_same:
            plain = not any(self.pad) and not param.global_pooling
            self.require(plain, "pad_mode SAME says how much is padded; no pad, no global_pooling", field="pooling_param.pad_mode")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require(len(bottom[0]) == 4, f"the bottom must have 4 axes (N, C, H, W), but is {bottom[0]}")
        return [(*bottom[0][:2], *self._geometry(bottom[0]).out)] * len(self.message.top)

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"mask": Internal(top[0], "int32", for_backward=len(top) == 1)} if needs_mask(self, self.method) else {}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        mask = self.internals.get("mask")
        pool(self, self.method, bottom[0].data, top[0].data, mask, self._geometry(bottom[0].shape))
        if len(top) > 1:
            self.ops.copy(mask, top[1].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            pool_backward(self, self.method, top[0].diff, self.internals.get("mask"), bottom[0].diff, self._geometry(bottom[0].shape))

    def _geometry(self, shape: Shape) -> PoolGeometry:
        if self.pads_to_same and self.kernel:
            return self._same_geometry(shape[2:], self.kernel)
        return pool_geometry(self, self.method, shape[2:], self.kernel or shape[2:], self.stride, self.pad, floor=self.floor)

    def _same_geometry(self, spatial: Axes, kernel: Axes) -> PoolGeometry:
        before, _ = same_padding.padding(spatial, kernel, self.stride)
        self.require(
            self.method == "MAX" or not any(before),
            f"{self.method} pooling of a plane of {spatial} with pad_mode SAME would count {before} of padding before it",
            field="pooling_param.pad_mode",
            hint="Write pad, or use MAX",
        )
        return PoolGeometry(kernel, self.stride, before, same_padding.windows(spatial, self.stride))

    def _read_kernel(self) -> Axes:
        param = self.message.pooling_param
        sides = param.HasField("kernel_h") and param.HasField("kernel_w")
        self.require(
            param.HasField("kernel_size") != sides,
            "the window wants kernel_size, or kernel_h and kernel_w",
            field="pooling_param.kernel_size",
        )
        kernel = (param.kernel_h, param.kernel_w) if sides else (param.kernel_size,) * 2
        self.require(all(kernel), "kernel_size cannot be 0", field="pooling_param.kernel_size")
        return kernel

    def _read_pair(self, name: str) -> Axes:
        """The stride or pad of both axes, written once or as `_h` and `_w`."""
        param = self.message.pooling_param
        sides = [side for side in (f"{name}_h", f"{name}_w") if param.HasField(side)]
        if not sides:
            return (getattr(param, name),) * 2
        self.require(
            len(sides) == 2 and not param.HasField(name),
            f"{name} is written once, or as {name}_h and {name}_w",
            field=f"pooling_param.{sides[0]}",
        )
        return getattr(param, sides[0]), getattr(param, sides[1])

    def _require_global(self) -> None:
        param = self.message.pooling_param
        for field in ("kernel_size", "kernel_h", "kernel_w"):
            self.require(not param.HasField(field), f"global_pooling takes all as the window; no {field}", field=f"pooling_param.{field}")
        plain = self.stride == (1, 1) and self.pad == (0, 0)
        self.require(plain, "global_pooling has no stride and no pad", field="pooling_param.global_pooling")


def pool_geometry(layer: Layer, method: str, spatial: Axes, kernel: Axes, stride: Axes, pad: Axes, *, floor: bool = False) -> PoolGeometry:
    """The windows over (H, W); raises where they do not fit, or where the method takes no padding."""
    if any(pad):
        layer.require(method != "STOCHASTIC", "STOCHASTIC pooling takes no padding", field="pooling_param.pad")
        layer.require(
            all(p < k for p, k in zip(pad, kernel, strict=True)),
            f"pad {pad} is not smaller than the window {kernel}",
            field="pooling_param.pad",
        )
    axes = list(zip(spatial, kernel, stride, pad, strict=True))
    out = tuple(_windows(*axis, floor=floor, clip=any(pad)) for axis in axes)
    layer.require(
        all(o > 0 for o in out) and (not any(pad) or all((o - 1) * s < size + p for o, (size, _, s, p) in zip(out, axes, strict=True))),
        f"the window does not fit: a plane of {spatial} would give {out} windows",
        field="pooling_param.kernel_size",
        hint="Use a smaller window, or a larger input",
    )
    return PoolGeometry(kernel, stride, pad, out)


def _windows(size: int, kernel: int, stride: int, pad: int, *, floor: bool, clip: bool) -> int:
    """How many windows an axis has; clip: a last one that begins behind the padded input's last element but `pad` is left out."""
    room = size + 2 * pad - kernel
    out = (room // stride if floor else -(-room // stride)) + 1
    return out - 1 if clip and (out - 1) * stride >= size + pad else out


def needs_mask(layer: Layer, method: str) -> bool:
    """Whether the method notes which element each window took."""
    return method == "MAX" or (method == "STOCHASTIC" and layer.phase == TRAIN)


def pool(layer: Layer, method: str, x: Array, y: Array, mask: Array | None, geo: PoolGeometry) -> None:
    """y = each window of x pooled; mask as `needs_mask` says, or None where nobody asks for it."""
    if method == "MAX" and mask is None:
        layer.ops.max_pool_values(x, y, geo=geo)
    elif method == "MAX":
        layer.ops.max_pool(x, y, mask, geo=geo)
    elif method == "AVE":
        layer.ops.ave_pool(x, y, geo=geo)
    elif mask is None:
        layer.ops.stochastic_pool_test(x, y, geo=geo)
    else:
        key, ordinal = layer.random.next()
        layer.ops.stochastic_pool(x, y, mask, geo=geo, key=key, ordinal=ordinal)


def pool_backward(layer: Layer, method: str, dy: Array, mask: Array | None, dx: Array, geo: PoolGeometry) -> None:
    """dx = the gradient of `pool`; raises for STOCHASTIC in the TEST phase, as it draws nothing there."""
    if method == "AVE":
        layer.ops.ave_pool_backward(dy, dx, geo=geo)
        return
    layer.require(mask is not None, "STOCHASTIC pooling has a backward pass in the TRAIN phase only", field="pooling_param.pool")
    layer.ops.max_pool_backward(dy, mask, dx, geo=geo)
