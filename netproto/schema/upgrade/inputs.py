"""`input: "data" input_dim: 1 ...` as a layer of type Input. Caffe: UpgradeNetInput."""

from __future__ import annotations

from typing import Any

from ...errors import ModelError
from .. import messages
from ..places import carry_place, place_of

DIMS = 4  # of an input that has input_dim


def as_layer(net_param: Any) -> Any:
    """The Input layer that a net's inputs are, or None if they have no shapes. Raises ModelError if some but not all have one."""
    if not net_param.input_shape and not net_param.input_dim:
        return None
    layer = messages.LayerParameter(name="input", type="Input", top=net_param.input)
    moved = {}
    for i, name in enumerate(net_param.input):
        moved[f"input[{i}]"] = f"top[{i}]"
        shape = layer.input_param.shape.add()
        if net_param.input_shape:
            _require(net_param, name, i < len(net_param.input_shape), "input_shape")
            shape.CopyFrom(net_param.input_shape[i])
            moved[f"input_shape[{i}]"] = f"input_param.shape[{i}]"
        else:
            _require(net_param, name, DIMS * (i + 1) <= len(net_param.input_dim), "input_dim")
            shape.dim.extend(net_param.input_dim[DIMS * i : DIMS * (i + 1)])
            moved |= {f"input_dim[{DIMS * i + axis}]": f"input_param.shape[{i}].dim[{axis}]" for axis in range(DIMS)}
    _carry_places(net_param, layer, moved)
    return layer


def require_shapes(net_param: Any) -> None:
    """Raise ModelError for an input without a shape that a layer reads: right in a file of weights, wrong in a net to be built."""
    if net_param.input_shape or net_param.input_dim:
        return
    layers = [*net_param.layer, *net_param.layers]
    made = {top for layer in layers for top in layer.top}
    read = {bottom for layer in layers for bottom in layer.bottom}
    for i, name in enumerate(net_param.input):
        if name in read - made:
            raise ModelError(
                f"input {name!r} has no shape",
                place=place_of(net_param, f"input[{i}]"),
                hint="Add `input_shape { dim: 1 dim: 3 dim: 227 dim: 227 }`, with the dims of yours",
            )


def _require(net_param: Any, name: str, condition: bool, field: str) -> None:
    if not condition:
        wanted = f"{DIMS} dims for each input" if field == "input_dim" else "one for each input"
        raise ModelError(
            f"{len(net_param.input)} inputs but {len(getattr(net_param, field))} {field}: none is left for {name!r}",
            place=place_of(net_param, field),
            hint=f"{field} gives {wanted}",
        )


def _carry_places(net_param: Any, layer: Any, moved: dict[str, str]) -> None:
    """The layer stands where the first input does, and has the places of what was moved to it."""
    carry_place(net_param, layer, moved)
    first = place_of(net_param, "input[0]")
    if first is None:
        return
    layer.place.line, layer.place.column = first.line, first.column
    own = [field for field in layer.place.field if field.path.startswith(("top[", "input_param."))]
    layer.place.ClearField("field")
    layer.place.field.extend(own)
