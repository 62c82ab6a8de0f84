"""Which layers are part of a net in a state. Caffe: Net::FilterNet, Net::StateMeetsRule (net.cpp)."""

from __future__ import annotations

from typing import Any

from ..errors import ModelError
from .places import label, place_of


def filter_net(net_param: Any, state: Any) -> Any:
    """The NetParameter with those layers only that belong to it in this NetState, to which the stages of the net's own are added.

    Raises ModelError where a layer has both include and exclude rules.
    """
    whole = type(state)()
    whole.CopyFrom(state)
    whole.stage.extend(net_param.state.stage)
    filtered = type(net_param)()
    filtered.CopyFrom(net_param)
    filtered.ClearField("layer")
    filtered.layer.extend(layer for layer in net_param.layer if is_included(layer, whole))
    return filtered


def is_included(layer: Any, state: Any) -> bool:
    """Whether a LayerParameter is part of the net: no rule of `exclude` fits or, where there is `include`, one of those does."""
    if layer.include and layer.exclude:
        raise ModelError(
            "the layer has include and exclude rules", place=place_of(layer, "exclude"), layer=label(layer), hint="Give it one kind only"
        )
    if layer.include:
        return any(fits(rule, state) for rule in layer.include)
    return not any(fits(rule, state) for rule in layer.exclude)


def fits(rule: Any, state: Any) -> bool:
    """Whether everything that a NetStateRule says is so in a NetState."""
    stages = set(state.stage)
    return (
        (not rule.HasField("phase") or rule.phase == state.phase)
        and (not rule.HasField("min_level") or rule.min_level <= state.level)
        and (not rule.HasField("max_level") or state.level <= rule.max_level)
        and stages.issuperset(rule.stage)
        and stages.isdisjoint(rule.not_stage)
    )
