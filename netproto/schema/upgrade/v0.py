"""V0LayerParameter, `layers { layer { type: "conv" } }`, to V1LayerParameter. Caffe: UpgradeV0Net, UpgradeV0PaddingLayers."""

from __future__ import annotations

import logging
from typing import Any

from ...errors import ModelError, did_you_mean
from .. import messages
from ..places import carry_place, place_of
from .v1 import copy_field

log = logging.getLogger(__name__)

TYPES = {
    "accuracy": "ACCURACY",
    "bnll": "BNLL",
    "concat": "CONCAT",
    "conv": "CONVOLUTION",
    "data": "DATA",
    "dropout": "DROPOUT",
    "euclidean_loss": "EUCLIDEAN_LOSS",
    "flatten": "FLATTEN",
    "hdf5_data": "HDF5_DATA",
    "hdf5_output": "HDF5_OUTPUT",
    "im2col": "IM2COL",
    "images": "IMAGE_DATA",
    "infogain_loss": "INFOGAIN_LOSS",
    "innerproduct": "INNER_PRODUCT",
    "lrn": "LRN",
    "multinomial_logistic_loss": "MULTINOMIAL_LOGISTIC_LOSS",
    "pool": "POOLING",
    "relu": "RELU",
    "sigmoid": "SIGMOID",
    "softmax": "SOFTMAX",
    "softmax_loss": "SOFTMAX_LOSS",
    "split": "SPLIT",
    "tanh": "TANH",
    "window_data": "WINDOW_DATA",
}
PADDING = "padding"

PARAMS = {
    "concat": "concat_param",
    "conv": "convolution_param",
    "data": "data_param",
    "dropout": "dropout_param",
    "hdf5_data": "hdf5_data_param",
    "images": "image_data_param",
    "infogain_loss": "infogain_loss_param",
    "innerproduct": "inner_product_param",
    "lrn": "lrn_param",
    "pool": "pooling_param",
    "window_data": "window_data_param",
}
"""The message that a type's fields went to."""

FIELDS = {
    "num_output": ("num_output", {"conv", "innerproduct"}),
    "biasterm": ("bias_term", {"conv", "innerproduct"}),
    "weight_filler": ("weight_filler", {"conv", "innerproduct"}),
    "bias_filler": ("bias_filler", {"conv", "innerproduct"}),
    "pad": ("pad", {"conv", "pool"}),
    "kernelsize": ("kernel_size", {"conv", "pool"}),
    "stride": ("stride", {"conv", "pool"}),
    "group": ("group", {"conv"}),
    "pool": ("pool", {"pool"}),
    "dropout_ratio": ("dropout_ratio", {"dropout"}),
    "local_size": ("local_size", {"lrn"}),
    "alpha": ("alpha", {"lrn"}),
    "beta": ("beta", {"lrn"}),
    "k": ("k", {"lrn"}),
    "concat_dim": ("concat_dim", {"concat"}),
    "source": ("source", {"data", "hdf5_data", "images", "infogain_loss", "window_data"}),
    "batchsize": ("batch_size", {"data", "hdf5_data", "images", "window_data"}),
    "rand_skip": ("rand_skip", {"data", "images"}),
    "shuffle_images": ("shuffle", {"images"}),
    "new_height": ("new_height", {"images"}),
    "new_width": ("new_width", {"images"}),
    "det_fg_threshold": ("fg_threshold", {"window_data"}),
    "det_bg_threshold": ("bg_threshold", {"window_data"}),
    "det_fg_fraction": ("fg_fraction", {"window_data"}),
    "det_context_pad": ("context_pad", {"window_data"}),
    "det_crop_mode": ("crop_mode", {"window_data"}),
}
"""What a field is called in its type's message, and the types that have it."""

TRANSFORM_FIELDS = {"scale": "scale", "meanfile": "mean_file", "cropsize": "crop_size", "mirror": "mirror"}
LAYER_FIELDS = ("name", "blobs", "blobs_lr", "weight_decay")


def layers(net_param: Any) -> list[Any]:
    """The net's V1LayerParameters, those in V0 form upgraded, padding layers made part of the layers behind them.

    Raises ModelError for an unknown type, or padding that no convolution or pooling layer takes.
    """
    if not any(old.HasField("layer") for old in net_param.layers):
        return list(net_param.layers)
    return [layer(old) if old.HasField("layer") else old for old in _without_padding(net_param)]


def layer(old: Any) -> Any:
    """A new V1LayerParameter without `layer` inside that says what the old one does. Fields that its type has no use for are left out."""
    inside = old.layer
    new = messages.V1LayerParameter()
    new.CopyFrom(old)
    new.ClearField("layer")
    new.ClearField("place")
    new.type = _type_number(old)
    moved = {"layer.type": "type"}
    for name in (descriptor.name for descriptor, _ in inside.ListFields() if descriptor.name != "type"):
        target = _target(inside.type, name)
        if not target:
            log.warning("%slayer %r: a %s layer has no use for %s", _prefix(old, name), inside.name, inside.type, name)
            continue
        param, _, field = target.rpartition(".")
        copy_field(inside, name, getattr(new, param) if param else new, field)
        moved[f"layer.{name}"] = target
    carry_place(old, new, moved)
    return new


def _target(kind: str, name: str) -> str:
    """The path in V1LayerParameter of a V0 field, or '' if a layer of this type has none."""
    if name in LAYER_FIELDS:
        return name
    if name in TRANSFORM_FIELDS:
        return f"transform_param.{TRANSFORM_FIELDS[name]}"
    if name == "hdf5_output_param":
        return name if kind == "hdf5_output" else ""
    field, kinds = FIELDS.get(name, ("", set()))
    return f"{PARAMS[kind]}.{field}" if kind in kinds else ""


def _type_number(old: Any) -> int:
    kind = old.layer.type
    if kind not in TYPES:
        raise ModelError(
            f"unknown layer type {kind!r} in a V0 net",
            place=place_of(old, "layer.type"),
            layer=f"layer {old.layer.name!r}",
            hint=did_you_mean(kind, TYPES),
        )
    return int(messages.V1LayerParameter.LayerType.Value(TYPES[kind]))


def _prefix(old: Any, name: str) -> str:
    place = place_of(old, f"layer.{name}")
    return f"{place}: " if place else ""


def _without_padding(net_param: Any) -> list[Any]:
    """The layers but for those of type padding; what read a padding layer's top reads its bottom, and pads by itself."""
    kept = []
    producers: dict[str, Any] = {}
    for old in net_param.layers:
        new = messages.V1LayerParameter()
        new.CopyFrom(old)
        for i, bottom in enumerate(old.bottom):
            producer = producers.get(bottom)
            if producer is not None and producer.layer.type == PADDING:
                _pad(new, i, producer)
        if old.layer.type != PADDING:
            kept.append(new)
        producers |= dict.fromkeys(old.top, old)
    return kept


def _pad(new: Any, bottom: int, padding: Any) -> None:
    kind, name = new.layer.type, f"layer {new.layer.name!r}"
    if kind not in ("conv", "pool"):
        raise ModelError(
            f"a {kind} layer reads the top of the padding layer {padding.layer.name!r}; only conv and pool can",
            place=place_of(new, f"bottom[{bottom}]"),
            layer=name,
        )
    if len(new.bottom) != 1 or len(padding.bottom) != 1 or len(padding.top) != 1:
        raise ModelError(
            f"padding layer {padding.layer.name!r}, and the layer that reads it, must have one bottom each, and the former one top",
            place=place_of(padding),
            layer=name,
        )
    new.layer.pad = padding.layer.pad
    new.bottom[bottom] = padding.bottom[0]
    place = place_of(padding, "layer.pad")
    if place:
        new.place.field.add(path="layer.pad", line=place.line, column=place.column)
