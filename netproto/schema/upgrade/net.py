"""A net from any form to the newest."""

from __future__ import annotations

import os
from typing import Any

from ...errors import ModelError
from .. import messages, text
from ..places import place_of
from . import forks, v0, v1
from .inputs import as_layer, require_shapes


def load_net(path: str | os.PathLike[str]) -> Any:
    """Read a prototxt as an upgraded NetParameter. Raises ParseError or ModelError. Caffe: ReadNetParamsFromTextFileOrDie."""
    read = text.load(path, messages.NetParameter)
    require_shapes(read)
    return net(read)


def net(net_param: Any) -> Any:
    """A new NetParameter that says the same in the newest form: V0 and V1 layers, input fields, BatchNorm's params, words of forks.

    Inputs without a shape, as weights files have them, are dropped. Raises ModelError where the forms are mixed or incomplete.
    """
    if net_param.layer and net_param.layers:
        raise ModelError(
            "the net has both 'layer' and 'layers'",
            place=place_of(net_param, "layers"),
            hint='Write all of them as `layer { type: "Convolution" }`',
        )
    upgraded = messages.NetParameter()
    upgraded.CopyFrom(net_param)
    if upgraded.layers:
        forks.v1(upgraded)
        current = [v1.layer(old) for old in v0.layers(upgraded)]
        upgraded.ClearField("layers")
        upgraded.layer.extend(current)
    if upgraded.input:
        _move_inputs(upgraded)
    for layer in upgraded.layer:
        _fix_batch_norm(layer)
    forks.net(upgraded)
    return upgraded


def _move_inputs(net_param: Any) -> None:
    first = as_layer(net_param)
    behind = list(net_param.layer)
    for field in ("layer", "input", "input_shape", "input_dim"):
        net_param.ClearField(field)
    net_param.layer.extend([first, *behind] if first is not None else behind)


def _fix_batch_norm(layer: Any) -> None:
    """BatchNorm's statistics are no params to be trained, though files used to say so for all three."""
    if layer.type == "BatchNorm" and len(layer.param) == 3:
        for spec in layer.param:
            spec.lr_mult = 0
            spec.decay_mult = 0
