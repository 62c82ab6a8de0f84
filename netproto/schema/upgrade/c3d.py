"""What C3D's first release says in stock Caffe's messages, in those that its second has: convolution3d_param and the like."""

from __future__ import annotations

from typing import Any

from ...errors import ModelError
from ..places import label, place_of

RENAMED = {
    "Convolution3D": ("convolution_param", "convolution3d_param"),
    "Deconvolution3D": ("convolution_param", "convolution3d_param"),
    "Pooling3D": ("pooling_param", "pooling3d_param"),
    "VideoData": ("image_data_param", "video_data_param"),
}
"""The message that a layer type has in the first release, and in the second."""

ADDED = {
    "convolution_param": ("kernel_depth", "temporal_stride", "temporal_pad", "filter_group"),
    "pooling_param": ("kernel_depth", "temporal_stride"),
    "image_data_param": ("new_length", "show_data", "use_image", "sampling_rate", "use_temporal_jitter", "mean_value"),
}
"""What the first release added to stock Caffe's messages."""

TRANSFORMED = ("scale", "mean_file", "crop_size", "mirror", "mean_value")
"""Fields of image_data_param that transform_param has now."""


def rename(layer: Any) -> None:
    """Rewrite a layer in place. Raises ModelError for what the layer type does not know, and for C3D's words in other layers."""
    old, new = RENAMED.get(layer.type, ("", ""))
    if old and layer.HasField(old):
        _move(layer, old, new)
    for param, names in ADDED.items():
        for name in names if layer.HasField(param) else ():
            if getattr(layer, param).HasField(name):
                types = [kind for kind, (message, _) in RENAMED.items() if message == param]
                raise _error(layer, f"{param}.{name}", f"{name} is for {' and '.join(types)} of C3D")


def _move(layer: Any, old: str, new: str) -> None:
    if layer.HasField(new):
        raise _error(layer, old, f"both {old} and {new} are written", hint=f"Keep {new}")
    getattr(layer, new).SetInParent()
    for descriptor, value in getattr(layer, old).ListFields():
        name = descriptor.name
        holder = "transform_param" if old == "image_data_param" and name in TRANSFORMED else new
        _set(layer, f"{old}.{name}", holder, value)
        for field in layer.place.field:
            if field.path.startswith(f"{old}.{name}"):
                field.path = holder + field.path[len(old) :]
    layer.ClearField(old)


def _set(layer: Any, path: str, holder: str, value: Any) -> None:
    """Give the field of that name in another message its value, which may be the only one of a repeated field."""
    name, target = path.rpartition(".")[2], getattr(layer, holder)
    if name not in target.DESCRIPTOR.fields_by_name:
        raise _error(layer, path, f"{layer.type} has no {name}")
    if hasattr(value, "extend"):
        if len(value) > 1:
            raise _error(layer, path, f"{name} is written {len(value)} times", hint=f"{layer.type} has one for height and width")
        value = value[0]
    place = getattr(target, name)
    if hasattr(place, "CopyFrom"):
        place.CopyFrom(value)
    elif hasattr(place, "append"):
        place.append(value)
    else:
        setattr(target, name, value)


def _error(layer: Any, path: str, what: str, *, hint: str = "") -> ModelError:
    return ModelError(what, place=place_of(layer, path), layer=label(layer), hint=hint)
