"""A net whose layers compute on several devices: on each a net of its layers, which is brought what it reads of the others'.

A layer's field `device` says on which. It runs forward only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..blob import Array, Blob, Shape
from ..errors import ModelError
from ..layers.base import TEST, Layer
from ..ops.base import Ops
from ..schema import messages, rules
from ..schema.places import label, place_of
from .graph import Graph, build
from .net import Net
from .splits import insert_splits


@dataclass
class Turn:
    """Layers that a device runs one after the other. brought: names of blobs that are copied before, each with the device that has it."""

    device: int
    brought: list[tuple[str, int]]
    layers: list[Any] = field(default_factory=list)


def is_placed(net: Any) -> bool:
    """Whether layers of a NetParameter name another device than the first."""
    return any(layer.device for layer in net.layer)


def turns_of(net: Any, outputs: Iterable[str]) -> list[Turn]:
    """How devices take turns at a filtered NetParameter. At the end the first has the outputs."""
    homes: dict[str, int] = {}  # the device that has written a blob last
    held: dict[int, set[str]] = defaultdict(set)  # what a device has of others' as it is now
    turns: list[Turn] = []

    def bring(device: int, blobs: Iterable[str]) -> list[tuple[str, int]]:
        missing = [blob for blob in dict.fromkeys(blobs) if homes[blob] != device and blob not in held[device]]
        held[device].update(missing)
        return [(blob, homes[blob]) for blob in missing]

    for layer in net.layer:
        brought = bring(layer.device, layer.bottom)
        if brought or not turns or turns[-1].device != layer.device:
            turns.append(Turn(layer.device, brought))
        turns[-1].layers.append(layer)
        for blob in layer.top:
            homes[blob] = layer.device
            for others in held.values():
                others.discard(blob)
    return [*turns, Turn(0, bring(0, outputs))]


class PlacedNet:
    """A net in phase TEST on several devices.

    message: an upgraded NetParameter. everywhere: the devices' backends; that of the first runs layers that name none, and has the losses
    and the outputs. given: as a Net has it. `blobs` has each blob where it was written last, but outputs on the first device. Raises
    ModelError for a layer that names a device that is not there, or has a loss and names another than the first.
    """

    def __init__(
        self,
        message: Any,
        *,
        everywhere: Sequence[Ops],
        level: int = 0,
        stages: Sequence[str] = (),
        seed: int = 0,
        given: Collection[str] = (),
    ):
        options = {"phase": TEST, "level": level, "stages": stages, "seed": seed, "given": given}
        net = rules.filter_net(message, messages.NetState(phase=TEST, level=level, stage=list(stages)))
        graph = build(insert_splits(net), TEST)
        _check(graph, len(everywhere))
        self.ops = everywhere[0]
        self.outputs = [graph.blob_names[i] for i in graph.outputs]
        self.turns = turns_of(net, self.outputs)
        shapes = dict(zip(graph.blob_names, graph.shapes, strict=True))
        self.parts = {
            device: _part(net.name, [t for t in self.turns if t.device == device], shapes, ops, options)
            for device, ops in enumerate(everywhere)
            if any(turn.device == device for turn in self.turns)
        }
        self._ranges = [_range(self.turns, i, self.parts[turn.device].layer_names) for i, turn in enumerate(self.turns)]
        self._scratch = {device: part.ops.zeros(()) for device, part in self._each()}
        self.layers: list[Layer] = [layer for part in self.parts.values() for layer in part.layers]
        self.layer_names = [layer.name for layer in self.layers]
        self.params: dict[str, list[Blob]] = {name: blobs for part in self.parts.values() for name, blobs in part.params.items()}
        homes = {top: turn.device for turn in self.turns for layer in turn.layers for top in layer.top} | dict.fromkeys(self.outputs, 0)
        self.blobs: dict[str, Blob] = {name: self.parts[device].blobs[name] for name, device in homes.items()}
        self.ops.activate()

    def forward(self, *, loss: Array | None = None) -> Array:
        """Run the net; `loss` (shape (), of the first device), or a new 0, with the weighted sum of losses added."""
        total = self.ops.zeros(()) if loss is None else loss
        for turn, layers in zip(self.turns, self._ranges, strict=True):
            part = self.parts[turn.device]
            part.ops.activate()
            for name, home in turn.brought:
                theirs, mine = self.parts[home].blobs[name], part.blobs[name]
                mine.reshape(theirs.shape)
                part.ops.receive(theirs.data, self.parts[home].ops, mine.data)
            if layers:
                part.forward(layers[0], layers[-1], loss=self._scratch[turn.device] if turn.device else total)
        self.ops.activate()
        return total

    def blob_loss_weight(self, name: str) -> float:
        """The loss_weight of an output, 0 where it has none."""
        return self.parts[0].blob_loss_weight(name)

    def weights_changed(self) -> None:
        """Say that learned blobs have other values now."""
        for _, part in self._each():
            part.weights_changed()
        self.ops.activate()

    def close(self) -> None:
        """Stop the readers of data layers."""
        for part in self.parts.values():
            part.close()

    def _each(self) -> Iterable[tuple[int, Net]]:
        """The devices' nets, each where its device is the current one."""
        for device, part in self.parts.items():
            part.ops.activate()
            yield device, part


def _check(graph: Graph, devices: int) -> None:
    for node in graph.nodes:
        node.layer.close()
        message = node.layer.message
        if message.device >= devices:
            what = f"the layer is for device {message.device}, but there are {devices}"
            raise ModelError(what, place=place_of(message, "device"), layer=label(message), hint="The first is 0")
        if message.device and any(node.loss_weights):
            what = f"a loss is computed on the first device, and this layer is for device {message.device}"
            raise ModelError(what, place=place_of(message, "device"), layer=label(message))


def _part(name: str, turns: Sequence[Turn], shapes: dict[str, Shape], ops: Ops, options: dict[str, Any]) -> Net:
    """One device's net: its layers, and inputs for what others make."""
    part = messages.NetParameter(name=name)
    own = {top for turn in turns for layer in turn.layers for top in layer.top}
    for blob in dict.fromkeys(blob for turn in turns for blob, _ in turn.brought if blob not in own):
        source = part.layer.add(name=f"{blob} of another device", type="Input", top=[blob])
        source.input_param.shape.add(dim=shapes[blob])
    part.layer.extend(layer for turn in turns for layer in turn.layers)
    ops.activate()
    return Net(part, ops=ops, **options)


def _range(turns: Sequence[Turn], i: int, names: Sequence[str]) -> range:
    """The numbers that a turn's layers have in their part, with the fan-out behind each; before the first one, the part's inputs."""
    before = [layer.name for turn in turns[:i] if turn.device == turns[i].device for layer in turn.layers]
    mine = [layer.name for layer in turns[i].layers]
    after = [layer.name for turn in turns[i + 1 :] if turn.device == turns[i].device for layer in turn.layers]
    first = names.index(mine[0]) if before and mine else 0
    return range(first, names.index(after[0]) if after else len(names)) if mine else range(0)
