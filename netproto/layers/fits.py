"""ResizeParameter, as layers of SSD's fork read it."""

from __future__ import annotations

from typing import Any

from ..data.resize import Fit
from ..schema.messages import enum_name
from .base import Layer

BORDERS = {"CONSTANT": "constant", "MIRRORED": "reflect", "REPEAT_NEAREST": "edge"}


def read_fit(layer: Layer, param: Any, field: str) -> Fit:
    """How images come to the size of a ResizeParameter, which stands in `field`."""
    mode = enum_name(param, "resize_mode")
    layer.require(
        mode != "FIT_SMALL_SIZE",
        "resize_mode FIT_SMALL_SIZE, which gives each image a size of its own, is not known",
        field=f"{field}.resize_mode",
        hint="WARP, or FIT_LARGE_SIZE_AND_PAD",
    )
    layer.require(param.height > 0 and param.width > 0, "height and width must be above 0", field=field)
    kinds = param.DESCRIPTOR.fields_by_name["interp_mode"].enum_type.values_by_number
    return Fit(
        height=param.height,
        width=param.width,
        inside=mode == "FIT_LARGE_SIZE_AND_PAD",
        how=tuple(kinds[kind].name for kind in param.interp_mode) or ("LINEAR",),
        border=BORDERS[enum_name(param, "pad_mode")],
        values=tuple(param.pad_value),
    )
