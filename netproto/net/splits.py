"""Automatic fan-out: where several layers read one top, a Split layer is put in between. Message in, message out.

Caffe: src/caffe/util/insert_splits.cpp. The names that it gives are kept, since users meet them in net.blobs, logs and weights files.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..errors import ModelError, did_you_mean
from ..schema import messages
from ..schema.places import label, place_of

Top = tuple[int, int]  # (layer index, top index)


def split_layer_name(blob: str, layer: str, top: int) -> str:
    return f"{blob}_{layer}_{top}_split"


def split_blob_name(blob: str, layer: str, top: int, use: int) -> str:
    return f"{split_layer_name(blob, layer, top)}_{use}"


def insert_splits(net: Any) -> Any:
    """A NetParameter in which every top has one reader at most. A loss_weight on a top counts as a reader.

    Raises ModelError for a bottom that no earlier layer gives.
    """
    sources = _sources(net)
    loss_weights = _loss_weights(net)
    uses = Counter(sources.values())
    uses.update(top for top, weight in loss_weights.items() if weight)

    out = messages.NetParameter()
    out.CopyFrom(net)
    del out.layer[:]
    next_use: Counter[Top] = Counter()
    for i, layer in enumerate(net.layer):
        copy = out.layer.add()
        copy.CopyFrom(layer)
        for j, blob in enumerate(layer.bottom):
            top = sources[i, j]
            if uses[top] > 1:
                copy.bottom[j] = split_blob_name(blob, net.layer[top[0]].name, top[1], next_use[top])
                next_use[top] += 1
        for j, blob in enumerate(layer.top):
            top = (i, j)
            if uses[top] < 2:
                continue
            weight = loss_weights.get(top, 0.0)
            _add_split(out, layer, blob, j, uses[top], weight)
            if weight:
                copy.ClearField("loss_weight")
                next_use[top] += 1
    return out


def _sources(net: Any) -> dict[tuple[int, int], Top]:
    """Which top each bottom (layer index, bottom index) reads: the latest of that name, since in-place layers give a name again."""
    latest: dict[str, Top] = {}
    sources = {}
    for i, layer in enumerate(net.layer):
        for j, blob in enumerate(layer.bottom):
            if blob not in latest:
                raise ModelError(
                    f"bottom {blob!r} is not the top of any layer before it",
                    place=place_of(layer, f"bottom[{j}]"),
                    layer=label(layer),
                    hint=did_you_mean(blob, latest),
                )
            sources[i, j] = latest[blob]
        for j, blob in enumerate(layer.top):
            latest[blob] = (i, j)
    return sources


def _loss_weights(net: Any) -> dict[Top, float]:
    return {(i, j): weight for i, layer in enumerate(net.layer) for j, weight in enumerate(layer.loss_weight[: len(layer.top)])}


def _add_split(net: Any, layer: Any, blob: str, top: int, count: int, loss_weight: float) -> None:
    split = net.layer.add(name=split_layer_name(blob, layer.name, top), type="Split", bottom=[blob])
    split.place.CopyFrom(layer.place)
    for use in range(count):
        split.top.append(split_blob_name(blob, layer.name, top, use))
        if loss_weight:
            split.loss_weight.append(loss_weight if use == 0 else 0.0)
