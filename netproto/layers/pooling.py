from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..ops.geometry import Axes, PoolGeometry
from ..schema.messages import enum_name
from . import same_padding, sided_padding
from .base import LAYERS, TRAIN, Arity, Internal, Layer
from .sided_padding import Sides


@LAYERS.register("Pooling")
class Pooling(Layer):
    """The largest element of each window (MAX), the average (AVE), or one drawn with a probability in proportion to its value (STOCHASTIC).

    Shapes: (N, C, H, W) -> (N, C, *out), and for MAX a second top alike. out = (size + 2 pad - kernel) / stride + 1, rounded up, or down
    with round_mode FLOOR; where there is padding, a last window that would begin behind size + pad is left out. global_pooling: one window.
    netproto's: with pad_mode SAME out = size / stride, rounded up; what the windows lack is parted between both ends, the end has one more.
    Forks (Synopsys): pad_t, pad_l, pad_b, pad_r in the place of pad say how much is padded on each side.
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
        self.sides = sided_padding.read(self, "pooling_param")
        if self.sides:
            plain = self.method != "STOCHASTIC" and not param.global_pooling
            self.require(plain, "pad_t and its like are for windows of MAX and AVE pooling", field="pooling_param")
        if self.pads_to_same:
            plain = not any(self.pad) and not param.global_pooling
            self.require(plain, "pad_mode SAME says how much is padded; no pad, no global_pooling", field="pooling_param.pad_mode")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require(len(bottom[0]) == 4, f"the bottom must have 4 axes (N, C, H, W), but is {bottom[0]}")
        return [(*bottom[0][:2], *self._geometry(bottom[0]).out)] * len(self.message.top)

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"mask": Internal(top[0], "int32", for_backward=len(top) == 1)} if needs_mask(self, self.method) else {}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        mask, summed = self.internals.get("mask"), self._summed_sides
        x = summed.widen(self.ops, bottom[0].data) if summed else bottom[0].data
        pool(self, self.method, x, top[0].data, mask, self._geometry(bottom[0].shape))
        if len(top) > 1:
            self.ops.copy(mask, top[1].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        dx, summed = bottom[0].diff, self._summed_sides
        whole = summed.gradient(self.ops, dx) if summed else dx
        pool_backward(self, self.method, top[0].diff, self.internals.get("mask"), whole, self._geometry(bottom[0].shape))
        if summed:
            summed.narrow(self.ops, whole, dx)

    def plain_geometry(self, shape: Shape) -> PoolGeometry | None:
        """Where the windows of MAX or AVE lie on a bottom of this shape; None if there is more to it than a PoolGeometry says."""
        return None if self.method == "STOCHASTIC" or self._summed_sides else self._geometry(shape)

    @property
    def _summed_sides(self) -> Sides | None:
        """The padding that takes part in an average, where it is not the same on all sides."""
        return self.sides if self.method == "AVE" else None

    def _geometry(self, shape: Shape) -> PoolGeometry:
        if self.pads_to_same and self.kernel:
            return self._same_geometry(shape[2:], self.kernel)
        if self.sides and self.kernel:
            pad = self.sides.common if self.method == "AVE" else self.sides.before
            return PoolGeometry(self.kernel, self.stride, pad, self._sided_windows(self.sides, shape[2:], self.kernel))
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

    def _sided_windows(self, sides: Sides, spatial: Axes, kernel: Axes) -> Axes:
        axes = list(zip(spatial, kernel, self.stride, sides.before, sides.after, strict=True))
        out = tuple(_windows(*axis, floor=self.floor, clip=True) for axis in axes)
        require_windows(self, spatial, out, all((o - 1) * s < n + b for o, (n, _, s, b, _) in zip(out, axes, strict=True)))
        return out

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
    out = tuple(_windows(*axis, axis[-1], floor=floor, clip=any(pad)) for axis in axes)
    inside = not any(pad) or all((o - 1) * s < size + p for o, (size, _, s, p) in zip(out, axes, strict=True))
    require_windows(layer, spatial, out, inside)
    return PoolGeometry(kernel, stride, pad, out)


def require_windows(layer: Layer, spatial: Axes, out: Axes, inside: bool) -> None:
    """Raise where there are no windows over a plane, or where the last one does not begin inside of it."""
    layer.require(
        all(o > 0 for o in out) and inside,
        f"the window does not fit: a plane of {spatial} would give {out} windows",
        field="pooling_param.kernel_size",
        hint="Use a smaller window, or a larger input",
    )


def _windows(size: int, kernel: int, stride: int, before: int, after: int, *, floor: bool, clip: bool) -> int:
    """How many windows an axis has; clip: a last one that begins in the padding after the input is left out."""
    room = size + before + after - kernel
    out = (room // stride if floor else -(-room // stride)) + 1
    return out - 1 if clip and (out - 1) * stride >= size + before else out


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
