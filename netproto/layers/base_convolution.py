"""What Convolution and Deconvolution have in common: the window, the learned blobs, their shapes. Caffe: base_conv_layer.cpp."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from ..blob import Array, Shape
from ..ops.geometry import Axes, ConvGeometry
from ..schema.messages import enum_name
from . import sided_padding
from .base import Layer, at_least, count


class BaseConvolution(Layer):
    """A window that slides over the axes behind `convolution_param.axis`, with the same weights for every bottom."""

    bottoms = at_least(1)
    tops = at_least(1)
    as_many_tops_as_bottoms = True
    knows_same: ClassVar[bool] = False
    """Whether pad_mode SAME is obeyed, and padding of each side."""

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.convolution_param
        self.axis = self.canonical_axis(param.axis, len(bottom[0]), "convolution_param.axis")
        self.channels = bottom[0][self.axis]
        self.outputs = self.read_outputs()
        self.geometry = read_geometry(self, len(bottom[0]) - self.axis - 1, self.read_group(), same=self.knows_same)
        self.declare_param(self.weight_shape(), param.weight_filler)
        if param.bias_term:
            self.declare_param((self.outputs,), param.bias_filler)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        first = bottom[0]
        spatial = first[self.axis + 1 :]
        self.require(
            len(spatial) == len(self.geometry.kernel) and first[self.axis] == self.channels,
            f"its weights are for {self.channels} channels and {len(self.geometry.kernel)} spatial axes, but the bottom is {first}",
        )
        for j, shape in enumerate(bottom):
            self.require(
                shape == first, f"bottom {j} has the shape {shape}, bottom 0 has {first}; they must be alike", field=f"bottom[{j}]"
            )
        out = self.out_spatial(spatial)
        require_output(self, spatial, out)
        return [(*first[: self.axis], self.outputs, *out)] * len(bottom)

    def read_outputs(self) -> int:
        """The number of channels of the top."""
        outputs: int = self.message.convolution_param.num_output
        self.require(outputs > 0, "num_output must be at least 1", field="convolution_param.num_output")
        return outputs

    def read_group(self) -> int:
        """The number of groups that the channels are parted into."""
        group: int = self.message.convolution_param.group
        fits = group > 0 and self.channels % group == 0 and self.outputs % group == 0
        self.require(
            fits,
            f"group {group} does not divide both the {self.channels} channels and num_output {self.outputs}",
            field="convolution_param.group",
        )
        return group

    @abstractmethod
    def weight_shape(self) -> Shape:
        """The shape of the first learned blob."""

    @abstractmethod
    def out_spatial(self, spatial: Axes) -> Axes:
        """The spatial shape of the top."""

    def images(self, array: Array) -> Array:
        """A view as (images, channels, *spatial): the axes before the channels are one."""
        return array.reshape(count(array.shape, 0, self.axis), *array.shape[self.axis :])

    @property
    def bias(self) -> Array | None:
        """A number for each channel of the top."""
        return self.blobs[1].data.reshape(-1) if len(self.blobs) > 1 else None

    @property
    def bias_diff(self) -> Array | None:
        """The gradient of the bias, to be added to; None where there is none, or it is not wanted."""
        diff = self.param_diff(1)
        return None if diff is None else diff.reshape(-1)


def read_geometry(layer: Layer, axes: int, group: int = 1, *, same: bool = False) -> ConvGeometry:
    """The window of a convolution_param over `axes` spatial axes. same: whether the layer obeys pad_mode SAME, and padding of each side."""
    explicit = enum_name(layer.message.convolution_param, "pad_mode") == "EXPLICIT"
    layer.require(same or explicit, "only a convolution has a pad_mode", field="convolution_param.pad_mode", hint="Write pad")
    if not same:
        sided_padding.refuse(layer, "convolution_param")
    kernel = _per_axis(layer, "kernel_size", "kernel", axes, None)
    stride = _per_axis(layer, "stride", "stride", axes, 1)
    pad = _per_axis(layer, "pad", "pad", axes, 0)
    dilation = _per_axis(layer, "dilation", None, axes, 1)
    engine = enum_name(layer.message.convolution_param, "engine")
    return ConvGeometry(kernel, stride, pad, dilation, group, engine, layer.message.name)


def require_output(layer: Layer, spatial: Axes, out: Axes) -> None:
    """Raise where the window does not fit a spatial shape."""
    layer.require(
        all(size > 0 for size in out),
        f"the window does not fit: an input of {spatial} would give an output of {out}",
        field="convolution_param.kernel_size",
        hint="Use a smaller kernel_size or dilation, a larger pad, or a larger input",
    )


def _per_axis(layer: Layer, repeated: str, sided: str | None, axes: int, default: int | None) -> Axes:
    """One number for each axis: written once, once for each axis, or as `_h` and `_w`."""
    param = layer.message.convolution_param
    values = tuple(getattr(param, repeated))
    field = f"convolution_param.{repeated}"
    sides = [f"{sided}_{side}" for side in "hw"] if sided else []
    given = [side for side in sides if param.HasField(side)]
    if given:
        field = f"convolution_param.{given[0]}"
        layer.require(not values, f"{repeated} and {given[0]} are both given", field=field, hint="Write one or the other")
        layer.require(axes == 2, f"{given[0]} is for 2 spatial axes, not {axes}", field=field, hint=f"Use {repeated}")
        values = tuple(getattr(param, side) for side in sides)
    if not values and default is not None:
        values = (default,)
    what = f"{len(values)} {repeated} for {axes} spatial axes"
    layer.require(len(values) in (1, axes), what, field=field, hint="Write it once, or once an axis")
    if repeated in ("kernel_size", "stride"):
        hint = "Where one of _h and _w is given, give the other too" if given else ""
        layer.require(all(values), f"{sided} cannot be 0", field=field, hint=hint)
    return values if len(values) == axes else values * axes
