"""Trained weights in and out of a net, by layer name. Caffe: Net::CopyTrainedLayersFrom and ToProto of src/caffe/net.cpp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Protocol

from ..blob import Blob, Shape
from ..errors import FormatError, did_you_mean
from ..formats.weights import Weights, fits
from ..layers.base import Layer
from ..schema.places import label, place_of
from .net import Net


class Learner(Protocol):
    """What weights are for: a net, or several that are one."""

    layers: list[Layer]
    layer_names: list[str]
    params: dict[str, list[Blob]]

    def weights_changed(self) -> None:
        """Learned blobs have other values now."""


@dataclass
class LoadReport:
    """What became of a weights file: layers that got weights, layers that kept their fillers, layers of the file that found no use."""

    source: str
    loaded: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The report in sentences, for a log."""
        yield f"{self.source}: weights for {len(self.loaded)} of {len(self.loaded) + len(self.kept)} layers"
        if self.kept:
            yield f"{self.source}: has no weights for {', '.join(self.kept)}: their fillers stay"
        if self.unused:
            yield f"{self.source}: not used, since the net has no such layer: {', '.join(self.unused)}"


def copy_weights(net: Learner, weights: Weights, *, strict: bool = False) -> LoadReport:
    """Copy by layer name; counts and shapes must agree, legacy 4-axis shapes as Caffe compares them.

    strict: raise where a layer of the net gets nothing, or one of the file goes nowhere.
    Raises FormatError before anything is copied.
    """
    report = LoadReport(weights.source)
    for name, arrays in weights.items():
        if name in net.params:
            _check_fit(net, weights.source, name, arrays)
            report.loaded.append(name)
        elif name not in net.layer_names:
            report.unused.append(name)
    report.kept = [name for name in net.params if name not in report.loaded]
    if strict and (report.kept or report.unused):
        hint = did_you_mean(report.unused[0], report.kept) if report.kept and report.unused else ""
        raise FormatError("; ".join(list(report.lines())[1:]), hint=hint)
    for name in report.loaded:
        for blob, array in zip(net.params[name], weights[name], strict=True):
            if array is not None:
                blob.ops.activate()
                blob.ops.copy(blob.ops.asarray(array.reshape(blob.shape)), blob.data)
    net.weights_changed()
    return report


def _check_fit(net: Learner, source: str, name: str, arrays: Sequence[Any]) -> None:
    """Raise FormatError unless the file's arrays of a layer are those that it wants. None: shared with another layer."""
    wanted = [b.shape for b in net.params[name]]
    got = [w if a is None else a.shape for a, w in zip_longest(arrays, wanted[: len(arrays)])]
    if len(got) == len(wanted) and all(fits(g, w) for g, w in zip(got, wanted, strict=True)):
        return
    message = net.layers[net.layer_names.index(name)].message
    raise FormatError(
        f"{source} holds {_shapes(got)}, but the layer wants {_shapes(wanted)}",
        place=place_of(message),
        layer=label(message),
        hint="To learn this layer anew, rename it; to use other weights, give their file",
    )


def _shapes(shapes: list[Shape]) -> str:
    return " and ".join("x".join(map(str, s)) or "a scalar" for s in shapes) or "no blobs"


def collect_weights(net: Net, *, net_text: str = "") -> Weights:
    """Every layer that learns, with host arrays of its blobs, for a file. net_text: the net as a user wrote it, if known."""
    arrays = {name: [net.ops.to_host(b.data) for b in blobs] for name, blobs in net.params.items()}
    return Weights(arrays, net_text=net_text, message=net.message)
