"""What Caffe's forks say in fields of their own and stock Caffe says otherwise: in stock Caffe's words; and fields that change nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from ...errors import ModelError
from .. import messages
from ..places import label, place_of
from . import c3d

log = logging.getLogger(__name__)

FLOAT32 = "all is computed in float32"
UNSCALED = "gradients of float32 need no scaling"
SAME = "results do not depend on it"

NET_FIELDS = {
    "default_forward_type": FLOAT32,
    "default_backward_type": FLOAT32,
    "default_forward_math": FLOAT32,
    "default_backward_math": FLOAT32,
    "global_grad_scale": UNSCALED,
    "global_grad_scale_adaptive": UNSCALED,
    "eltwise_mem_sharing": SAME,
}
LAYER_FIELDS = {
    "forward_type": FLOAT32,
    "backward_type": FLOAT32,
    "data_param.cache": SAME,
    "image_data_param.cache": SAME,
    "image_data_param.has_label": "the tops say it",
}
V1_FIELDS = {"strict_dim": "arrays that are loaded must have their layer's shapes"}
SOLVER_FIELDS = {"solver_data_type": FLOAT32}
"""Fields that are read and dropped, and why that changes nothing that matters here."""


def net(net_param: Any) -> None:
    """Rewrite a net's fork fields in place. Raises ModelError for what has no stock words."""
    drop(net_param, [net_param], NET_FIELDS)
    drop(net_param, net_param.layer, LAYER_FIELDS)
    rewritten = [new for layer in net_param.layer for new in _layers(layer)]
    if len(rewritten) > len(net_param.layer):
        net_param.ClearField("layer")
        net_param.layer.extend(rewritten)


def v1(net_param: Any) -> None:
    """Drop the fields of `layers { }` that change nothing."""
    drop(net_param, net_param.layers, V1_FIELDS)


def solver(solver_param: Any) -> None:
    """Drop a solver's fields that change nothing."""
    drop(solver_param, [solver_param], SOLVER_FIELDS)


def drop(file: Any, holders: Any, fields: dict[str, str]) -> None:
    """Clear these fields in all messages; one warning for each field, at the first place where it stands."""
    for path, why in fields.items():
        written = [message for message in holders if _clear(message, path)]
        if written:
            place = place_of(written[0], path) or place_of(file)
            log.warning("%s%s is read, but not obeyed: %s", f"{place}: " if place else "", path, why)


def _clear(message: Any, path: str) -> bool:
    """Clear a field of the message, or of one inside it; whether it was set."""
    outer, _, name = path.rpartition(".")
    if outer and not message.HasField(outer):
        return False
    holder = getattr(message, outer) if outer else message
    written = bool(holder.HasField(name))
    holder.ClearField(name)
    return written


def _layers(layer: Any) -> Iterator[Any]:
    """The layers that a layer stands for, the layer itself first."""
    _dilate(layer)
    _round(layer)
    c3d.rename(layer)
    _rename_softmax_loss(layer)
    _rename_random_sizes(layer)
    yield layer
    if layer.type == "Convolution" and layer.convolution_param.HasField("fuse_type"):
        yield from _unfused_convolution(layer)
    if layer.type == "LRN" and layer.lrn_param.HasField("fuse_type"):
        yield from _unfused_lrn(layer)


def _dilate(layer: Any) -> None:
    """DeepLab: `hole` is `dilation`."""
    param = layer.convolution_param if layer.HasField("convolution_param") else None
    if param is not None and param.HasField("hole"):
        if param.dilation:
            raise ModelError(
                "both hole and dilation are written", place=place_of(layer, "convolution_param.hole"), layer=label(layer), hint="Keep one"
            )
        param.dilation.append(param.hole)
        param.ClearField("hole")
        _move_place(layer, "convolution_param.hole", "convolution_param.dilation[0]")


def _round(layer: Any) -> None:
    """`ceil_mode: false` is `round_mode: FLOOR`; where both stand, round_mode wins."""
    if layer.HasField("pooling_param") and layer.pooling_param.HasField("ceil_mode"):
        param = layer.pooling_param
        if not param.HasField("round_mode") and not param.ceil_mode:
            param.round_mode = messages.PoolingParameter.FLOOR
            _move_place(layer, "pooling_param.ceil_mode", "pooling_param.round_mode")
        param.ClearField("ceil_mode")


def _rename_softmax_loss(layer: Any) -> None:
    """DeepLab: softmaxloss_param. Its losses are divided by how many there are, which is VALID."""
    if not layer.HasField("softmaxloss_param"):
        return
    param = layer.softmaxloss_param
    for field, wrong, what in (
        ("softmaxloss_param.weight_source", bool(param.weight_source), "a file with weights for classes is not known here"),
        ("softmaxloss_param.ignore_label[1]", len(param.ignore_label) > 1, "several labels to ignore are not known here"),
        ("softmaxloss_param", layer.HasField("loss_param"), "both softmaxloss_param and loss_param are written"),
    ):
        if wrong:
            raise ModelError(what, place=place_of(layer, field), layer=label(layer))
    if param.ignore_label:
        layer.loss_param.ignore_label = param.ignore_label[0]
        _move_place(layer, "softmaxloss_param.ignore_label[0]", "loss_param.ignore_label")
    layer.ClearField("softmaxloss_param")


def _rename_random_sizes(layer: Any) -> None:
    """NVIDIA's release 0.16.3 had other names for images of random sizes, and one for the window of each phase."""
    if not layer.HasField("transform_param"):
        return
    param, prefix = layer.transform_param, "transform_param.var_sz_img"
    windows = [name for name in ("rand_crop", "center_crop") if param.HasField(f"var_sz_img_{name}")]
    ends = [end for end in ("lower", "upper") if param.HasField(f"var_sz_img_rand_resize_{end}")]
    if len(windows) + param.HasField("crop_size") > 1:
        raise ModelError("the window's size is written twice", place=place_of(layer, f"{prefix}_{windows[0]}"), layer=label(layer))
    for end in ends:
        setattr(param, f"img_rand_resize_{end}", getattr(param, f"var_sz_img_rand_resize_{end}"))
        _move_place(layer, f"{prefix}_rand_resize_{end}", f"transform_param.img_rand_resize_{end}")
    if ends:
        param.interpolation_algo_down = messages.TransformationParameter.INTER_AREA
        param.allow_upscale = True
    for name in windows:
        param.crop_size = getattr(param, f"var_sz_img_{name}")
        _move_place(layer, f"{prefix}_{name}", "transform_param.crop_size")
    for name in (*windows, *(f"rand_resize_{end}" for end in ends)):
        param.ClearField(f"var_sz_img_{name}")


def _unfused_convolution(layer: Any) -> Iterator[Any]:
    """The ReLU that BVLC's branch opencl computes within a convolution, working on its top in place."""
    param = layer.convolution_param
    fusion, relu = messages.enum_name(param, "fuse_type"), messages.ReLUParameter()
    relu.CopyFrom(param.relu_param)
    if fusion not in ("UNFUSED", "FUSED_CONV_RELU"):
        raise ModelError(
            f"fuse_type {fusion} is not known",
            place=place_of(layer, "convolution_param.fuse_type"),
            layer=label(layer),
            hint="Write the layers that were fused one after the other",
        )
    param.ClearField("fuse_type")
    param.ClearField("relu_param")
    if fusion == "FUSED_CONV_RELU":
        for top in layer.top:
            follower = _follower(layer, "ReLU", bottom=top, top=top)
            follower.relu_param.CopyFrom(relu)
            yield follower


def _unfused_lrn(layer: Any) -> Iterator[Any]:
    """The pooling that BVLC's branch opencl computes within an LRN layer, of what that gives."""
    param = layer.lrn_param
    fused, pooling = messages.enum_name(param, "fuse_type") == "FUSED_POOL_MAX", messages.PoolingParameter()
    pooling.CopyFrom(param.pooling_param)
    param.ClearField("fuse_type")
    param.ClearField("pooling_param")
    if fused and layer.top:
        top = layer.top[0]
        layer.top[0] = f"{top}/lrn"
        follower = _follower(layer, "Pooling", bottom=layer.top[0], top=top)
        follower.pooling_param.CopyFrom(pooling)
        yield follower


def _follower(layer: Any, kind: str, *, bottom: str, top: str) -> Any:
    """A new layer behind another one, in the same states and at the same place."""
    new = messages.LayerParameter(name=f"{layer.name}/{kind.lower()}", type=kind, bottom=[bottom], top=[top])
    new.include.extend(layer.include)
    new.exclude.extend(layer.exclude)
    if layer.HasField("phase"):
        new.phase = layer.phase
    if layer.HasField("place"):
        new.place.file, new.place.line, new.place.column = layer.place.file, layer.place.line, layer.place.column
    return new


def _move_place(layer: Any, old: str, new: str) -> None:
    for field in layer.place.field:
        if field.path == old:
            field.path = new
