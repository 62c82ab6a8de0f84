"""A trained net without its data and its losses: pictures in, scores out. Message in, message out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..blob import Shape
from ..errors import ModelError, did_you_mean
from ..layers import LAYERS
from ..layers.base import TEST, TRAIN
from ..schema import messages, rules
from ..schema.places import label, place_of

NOT_DATA = ("Input", "DummyData", "Parameter")
"""Layers without bottoms that read no records."""


@dataclass(frozen=True)
class Deployed:
    """net: a NetParameter for phase TEST with one Input. input: its top. scores: the blob that the net is asked for. maker: the type of the
    layer that makes it."""

    net: Any
    input: str
    scores: str
    maker: str


def data_layer(net: Any, level: int = 0, stages: Sequence[str] = (), *, phases: Sequence[int] = (TEST, TRAIN)) -> Any | None:
    """The layer that reads the records of an upgraded NetParameter: that of phase TEST, or else of TRAIN; None if there is none."""
    for phase in phases:
        for layer in _filtered(net, phase, level, stages).layer:
            if not layer.bottom and layer.top and layer.type not in NOT_DATA:
                return layer
    return None


def input_shape(net: Any, level: int = 0, stages: Sequence[str] = ()) -> Shape | None:
    """The shape of the first Input of an upgraded NetParameter in phase TEST; None if it has none, or does not say it."""
    for layer in _filtered(net, TEST, level, stages).layer:
        if layer.type == "Input" and layer.input_param.shape:
            return tuple(layer.input_param.shape[0].dim)
    return None


def deployed(net: Any, shape: Shape | None = None, *, output: str = "", level: int = 0, stages: Sequence[str] = ()) -> Deployed:
    """What an upgraded NetParameter is in use: an Input stands in the place of its data, and what needs labels is left out, too.

    shape: of the data; a net that has an Input keeps that, and needs none. output: the blob to ask for; without it the last softmax, or
    what the last loss is taken of, or the last top that no layer reads. Raises ModelError if the net has no input of pictures, or no such
    blob.
    """
    kept = _filtered(net, TEST, level, stages)
    picture = _become_input(kept, data_layer(net, level, stages), shape)
    scored = _drop_what_needs_labels(kept, picture)
    scores = output or _scores(kept, scored)
    makers = [layer.type for layer in kept.layer if scores in layer.top and scores not in layer.bottom]
    if not makers:
        tops = {top for layer in kept.layer for top in layer.top}
        raise ModelError(f"the net makes no blob {scores!r} without labels", place=place_of(net), hint=did_you_mean(scores, tops))
    _keep_what_leads_to(kept, scores)
    return Deployed(kept, picture, scores, makers[-1])


def _filtered(net: Any, phase: int, level: int, stages: Sequence[str]) -> Any:
    return rules.filter_net(net, messages.NetState(phase=phase, level=level, stage=stages))


def _become_input(net: Any, source: Any | None, shape: Shape | None) -> str:
    """Put an Input first, in the place of the data layer, and give the name of its top; or that of the Input that is there."""
    for layer in net.layer:
        if layer.type == "Input":
            return str(layer.top[0])
    if source is None or shape is None:
        raise ModelError("the net has neither an Input nor a layer that reads records", place=place_of(net))
    made = messages.LayerParameter(name=source.name, type="Input", top=source.top[:1], place=source.place)
    made.input_param.shape.add(dim=shape)
    others = [layer for layer in net.layer if layer.bottom or layer.name != source.name]
    _replace_layers(net, [made, *others])
    return str(source.top[0])


def _drop_what_needs_labels(net: Any, picture: str) -> list[str]:
    """Remove the layers that the picture alone does not feed; the blobs of which losses were taken, in the order of the file."""
    there, kept, scored = {picture}, [], []
    for layer in net.layer:
        constant = not layer.bottom and layer.type == "Parameter"
        if picture in layer.top or constant or (layer.bottom and there.issuperset(layer.bottom)):
            kept.append(layer)
            there.update(layer.top)
        elif layer.bottom and layer.bottom[0] in there and layer.type in LAYERS and LAYERS[layer.type].is_loss:
            scored.append(layer.bottom[0])
    _replace_layers(net, kept)
    return scored


def _scores(net: Any, scored: list[str]) -> str:
    """The blob that a net is asked for, if nobody says which."""
    read = {bottom for layer in net.layer for bottom in layer.bottom if bottom not in layer.top}
    ends = [(layer.type, top) for layer in net.layer for top in layer.top if top not in read and layer.bottom]
    softmaxes = [top for kind, top in ends if kind == "Softmax"]
    if not ends:
        raise ModelError("nothing is left of the net without labels", place=place_of(net), layer=label(net.layer[0]) if net.layer else "")
    return (softmaxes or scored or [ends[-1][1]])[-1]


def _keep_what_leads_to(net: Any, blob: str) -> None:
    wanted, kept = {blob}, []
    for layer in reversed(net.layer):
        if wanted.intersection(layer.top):
            wanted.update(layer.bottom)
            kept.append(layer)
    _replace_layers(net, reversed(kept))


def _replace_layers(net: Any, layers: Iterable[Any]) -> None:
    copies = [messages.LayerParameter.FromString(layer.SerializeToString()) for layer in layers]
    del net.layer[:]
    net.layer.extend(copies)
