"""V1LayerParameter, `layers { type: CONVOLUTION }`, to LayerParameter. Caffe: UpgradeV1LayerParameter, UpgradeNetDataTransformation."""

from __future__ import annotations

from typing import Any

from .. import messages
from ..places import carry_place

TYPES = {
    "NONE": "",
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
    # DeepLab
    "IMAGE_SEG_DATA": "ImageSegData",
    "INTERP": "Interp",
    "MAT_WRITE": "MatWrite",
    "PADDING": "Padding",
    "SEG_ACCURACY": "SegAccuracy",
    # C3D
    "CONVOLUTION3D": "Convolution3D",
    "DECONVOLUTION3D": "Deconvolution3D",
    "POOLING3D": "Pooling3D",
    "VIDEO_DATA": "VideoData",
}

SPEC_FIELDS = {"param": "name", "blob_share_mode": "share_mode", "blobs_lr": "lr_mult", "weight_decay": "decay_mult"}
"""Fields with an element for each learned array, and what ParamSpec calls them."""

TRANSFORMED = {"Data": "data_param", "ImageData": "image_data_param", "WindowData": "window_data_param"}
TRANSFORM_FIELDS = ("scale", "mean_file", "crop_size", "mirror")


def layer(old: Any) -> Any:
    """A new LayerParameter that says what the V1LayerParameter does."""
    new = messages.LayerParameter()
    moved: dict[str, str] = {}
    for descriptor, value in old.ListFields():
        name = descriptor.name
        if name == "type":
            new.type = TYPES[messages.enum_name(old, "type")]
        elif name in SPEC_FIELDS:
            moved |= _move_to_specs(name, value, new.param)
        elif name != "place":
            copy_field(old, name, new, name)
    moved |= _move_transform(new)
    carry_place(old, new, moved)
    return new


def copy_field(source: Any, name: str, target: Any, new_name: str) -> None:
    """Copy a field that is set into one of the same kind, or a single value behind a repeated field's."""
    value, place = getattr(source, name), getattr(target, new_name)
    if hasattr(place, "CopyFrom"):
        place.CopyFrom(value)
    elif hasattr(value, "extend"):
        place.extend(value)
    elif hasattr(place, "append"):
        place.append(value)
    else:
        setattr(target, new_name, value)


def _move_to_specs(name: str, values: Any, specs: Any) -> dict[str, str]:
    """Write each value into the ParamSpec of its index; returns which paths moved where."""
    while len(specs) < len(values):
        specs.add()
    for spec, value in zip(specs, values, strict=False):
        setattr(spec, SPEC_FIELDS[name], value)
    return {f"{name}[{i}]": f"param[{i}].{SPEC_FIELDS[name]}" for i in range(len(values))}


def _move_transform(new: Any) -> dict[str, str]:
    """Move a data layer's transform fields to transform_param; returns which paths moved where."""
    field = TRANSFORMED.get(new.type, "")
    if not field or not new.HasField(field):
        return {}
    source = getattr(new, field)
    written = [name for name in TRANSFORM_FIELDS if source.HasField(name)]
    for name in written:
        copy_field(source, name, new.transform_param, name)
        source.ClearField(name)
    return {f"{field}.{name}": f"transform_param.{name}" for name in written}
