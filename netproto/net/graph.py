"""From a NetParameter to nodes and edges with every shape known, before one array exists.

Caffe: Net::Init of src/caffe/net.cpp, taken apart into steps that each do one thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..blob import Shape
from ..errors import ModelError, did_you_mean
from ..layers import LAYERS
from ..layers.base import TEST, TRAIN, Layer, count
from ..schema import messages, rules
from ..schema.places import label, place_of
from .splits import insert_splits

AUTOMATIC = "(automatic)"  # Caffe's name for a top that the file does not name


@dataclass
class LearnedParam:
    """One learned array: who owns it, who shares it, and how fast it learns."""

    name: str
    layer: str
    index: int
    shape: Shape
    filler: Any
    lr_mult: float = 1.0
    decay_mult: float = 1.0
    lr_written: bool = False
    decay_written: bool = False

    @property
    def key(self) -> str:
        """The name in weights and state files: layer and index."""
        return f"{self.layer}/{self.index}"


@dataclass
class Node:
    """A layer between its blobs. Blobs and learned params are named by their number in the graph."""

    layer: Layer
    bottoms: list[int] = field(default_factory=list)
    tops: list[int] = field(default_factory=list)
    loss_weights: list[float] = field(default_factory=list)
    propagate_down: list[bool] = field(default_factory=list)
    learned: list[int] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    """The shape of each of the layer's own params; differs from its learned param's shape only where it is shared permissively."""
    need_backward: bool = False


@dataclass
class Graph:
    name: str
    phase: int
    nodes: list[Node] = field(default_factory=list)
    blob_names: list[str] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    learned: list[LearnedParam] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)


def prepare(net: Any, phase: int, level: int = 0, stages: Sequence[str] = ()) -> Any:
    """The layers of an upgraded NetParameter that the state admits, with automatic fan-out. The net's own `state` is replaced."""
    state = messages.NetState(phase=phase, level=level, stage=list(stages))
    return insert_splits(rules.filter_net(net, state))


def build(net: Any, phase: int) -> Graph:
    """Layers, edges, shapes, learned params and the plan of the backward pass for a prepared NetParameter.

    Raises ModelError for whatever is wrong with the net and can be seen from messages and shapes.
    """
    graph = Graph(net.name, phase)
    wiring = _Wiring(graph)
    for message in net.layer:
        wiring.add(message)
    graph.outputs = [graph.blob_names.index(name) for name in sorted(wiring.unread)]
    _skip_needless_backward(graph)
    if net.force_backward:
        _force_backward(graph)
    return graph


class _Wiring:
    """Adds layers to a graph one after the other."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.blob_index: dict[str, int] = {}
        self.unread: dict[str, int] = {}
        self.need_backward: list[bool] = []  # by blob
        self.named_params: dict[str, int] = {}

    def add(self, message: Any) -> None:
        graph = self.graph
        layer = _make_layer(message, graph.phase)
        node = Node(layer)
        node.bottoms = [self._read(message, j, blob) for j, blob in enumerate(message.bottom)]
        top_names = self._top_names(layer)
        bottom_shapes = [graph.shapes[b] for b in node.bottoms]
        layer.setup(bottom_shapes)
        top_shapes = layer.reshape(bottom_shapes)
        node.tops = [self._write(message, j, name, shape) for j, (name, shape) in enumerate(zip(top_names, top_shapes, strict=True))]
        node.loss_weights = _loss_weights(layer, len(node.tops))
        node.propagate_down = self._propagate_down(message, node.bottoms)
        self._add_params(node)
        node.need_backward = any(self.need_backward[b] for b in node.bottoms) or any(layer.param_propagate_down)
        if node.need_backward:
            for top in node.tops:
                self.need_backward[top] = True
        if message.type == "Input":
            graph.inputs += node.tops
        graph.nodes.append(node)

    def _read(self, message: Any, j: int, blob: str) -> int:
        if blob not in self.blob_index:
            raise ModelError(
                f"bottom {blob!r} is not the top of any layer before it",
                place=place_of(message, f"bottom[{j}]"),
                layer=label(message),
                hint=did_you_mean(blob, self.blob_index),
            )
        self.unread.pop(blob, None)
        return self.blob_index[blob]

    def _top_names(self, layer: Layer) -> list[str]:
        """The names of the tops, automatic ones included; raises where a layer has too many or too few bottoms or tops."""
        message = layer.message
        names = list(message.top)
        if layer.auto_tops:
            names += [AUTOMATIC] * (layer.tops.least - len(names))
        for what, arity, got in (("bottom", layer.bottoms, len(message.bottom)), ("top", layer.tops, len(names))):
            layer.require(got in arity, f"takes {arity} {what} blob{'s' * (str(arity) != '1')}, not {got}", field=what)
        if layer.as_many_tops_as_bottoms:
            layer.require(
                len(names) == len(message.bottom), f"wants as many tops as bottoms, not {len(names)} for {len(message.bottom)}", field="top"
            )
        return names

    def _write(self, message: Any, j: int, name: str, shape: Shape) -> int:
        graph = self.graph
        if name != AUTOMATIC and name in self.blob_index:
            if j < len(message.bottom) and message.bottom[j] == name:
                self.unread[name] = self.blob_index[name]
                return self._write_in_place(message, j, name, shape)
            raise ModelError(
                f"top {name!r} is already the top of another layer",
                place=place_of(message, f"top[{j}]"),
                layer=label(message),
                hint="Give it a name of its own, or make it the layer's bottom too, to work in place",
            )
        graph.blob_names.append(name)
        graph.shapes.append(tuple(shape))
        self.need_backward.append(False)
        index = len(graph.blob_names) - 1
        if name != AUTOMATIC:
            self.blob_index[name] = index
            self.unread[name] = index
        return index

    def _write_in_place(self, message: Any, j: int, name: str, shape: Shape) -> int:
        index = self.blob_index[name]
        if not LAYERS.find(message.type).in_place:
            raise ModelError(
                f"top {name!r} is also its bottom, and this layer cannot work in place",
                place=place_of(message, f"top[{j}]"),
                layer=label(message),
                hint="Give the top a name of its own",
            )
        self.graph.shapes[index] = tuple(shape)
        return index

    def _propagate_down(self, message: Any, bottoms: list[int]) -> list[bool]:
        written = list(message.propagate_down)
        if written and len(written) != len(bottoms):
            raise ModelError(
                f"{len(written)} propagate_down for {len(bottoms)} bottoms",
                place=place_of(message, "propagate_down"),
                layer=label(message),
                hint="Write one for each bottom, or none",
            )
        return written or [self.need_backward[b] for b in bottoms]

    def _add_params(self, node: Node) -> None:
        layer, specs = node.layer, node.layer.message.param
        layer.require(
            len(specs) <= len(layer.params),
            f"{len(specs)} param specifications for a layer with {len(layer.params)} learned blobs",
            field="param",
            hint="Remove those that are too many",
        )
        default, fixed = messages.ParamSpec(), messages.ParamSpec(lr_mult=0)
        for i, declared in enumerate(layer.params):
            spec = specs[i] if i < len(specs) else default if declared.learned else fixed
            node.shapes.append(declared.shape)
            layer.param_propagate_down.append(spec.lr_mult != 0)
            if spec.name and spec.name in self.named_params:
                index = self.named_params[spec.name]
                _share(self.graph.learned[index], layer, i, spec)
            else:
                index = len(self.graph.learned)
                param = LearnedParam(spec.name, layer.name, i, declared.shape, declared.filler)
                _set_multipliers(param, layer, i, spec)
                self.graph.learned.append(param)
                if spec.name:
                    self.named_params[spec.name] = index
            node.learned.append(index)


def _make_layer(message: Any, net_phase: int) -> Layer:
    if message.type not in LAYERS:
        raise ModelError(
            f"unknown layer type {message.type!r}",
            place=place_of(message, "type"),
            layer=label(message),
            hint=did_you_mean(message.type, LAYERS),
        )
    phase = message.phase if message.HasField("phase") else net_phase
    return LAYERS[message.type](message, TRAIN if phase == TRAIN else TEST)


def _loss_weights(layer: Layer, tops: int) -> list[float]:
    """One weight a top; a loss layer that names none has 1 on its first."""
    written = list(layer.message.loss_weight)
    if not written:
        return [1.0 if layer.is_loss and j == 0 else 0.0 for j in range(tops)]
    layer.require(
        len(written) == tops, f"{len(written)} loss_weight for {tops} tops", field="loss_weight", hint="Write one for each top, or none"
    )
    return written


def _share(owner: LearnedParam, layer: Layer, index: int, spec: Any) -> None:
    """Let a layer's param be the owner's: shapes must agree (STRICT) or counts (PERMISSIVE), and multipliers must not contradict."""
    shape = layer.params[index].shape
    permissive = messages.enum_name(spec, "share_mode") == "PERMISSIVE"
    fits = count(shape) == count(owner.shape) if permissive else shape == owner.shape
    layer.require(
        fits,
        f"shares param {owner.name!r} of layer {owner.layer!r}, whose shape is {owner.shape}, but its own is {shape}",
        field=f"param[{index}]",
        hint="" if permissive else "share_mode: PERMISSIVE asks for equal counts only",
    )
    _set_multipliers(owner, layer, index, spec)


def _set_multipliers(param: LearnedParam, layer: Layer, index: int, spec: Any) -> None:
    for field_name, written in (("lr_mult", "lr_written"), ("decay_mult", "decay_written")):
        if not spec.HasField(field_name):
            continue
        value = getattr(spec, field_name)
        if getattr(param, written) and getattr(param, field_name) != value:
            raise layer.error(
                f"shared param {param.name!r} has {field_name} {value:g} here and {getattr(param, field_name):g} in layer {param.layer!r}",
                field=f"param[{index}].{field_name}",
                hint="Write the same in both, or in one only",
            )
        setattr(param, field_name, value)
        setattr(param, written, True)


def _skip_needless_backward(graph: Graph) -> None:
    """Take out of the backward pass what leads to no loss, or to nothing that learns. Caffe: the backward scan of Net::Init."""
    under_loss: set[int] = set()
    skipped: set[int] = set()
    for node in reversed(graph.nodes):
        contributes = any(w or t in under_loss for w, t in zip(node.loss_weights, node.tops, strict=True))
        if not contributes or all(t in skipped for t in node.tops):
            node.need_backward = False
            node.propagate_down = [False] * len(node.bottoms)
        for b, wanted in zip(node.bottoms, node.propagate_down, strict=True):
            if contributes:
                under_loss.add(b)
            if not wanted:
                skipped.add(b)


def _force_backward(graph: Graph) -> None:
    """force_backward: gradients for every bottom but labels, and for every param that can have one."""
    for node in graph.nodes:
        node.need_backward = True
        node.propagate_down = [wanted or j not in node.layer.no_gradient_bottoms for j, wanted in enumerate(node.propagate_down)]
        node.layer.param_propagate_down = [declared.learned for declared in node.layer.params]
