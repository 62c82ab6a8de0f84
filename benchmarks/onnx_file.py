"""A net of this folder as an ONNX file: its graph in the TEST phase, its weights as initializers. Only the layers that nets.py uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from netproto.formats.wire import FIXED32, LENGTH, VARINT, header, varint
from netproto.layers.base import Layer
from netproto.net.net import Net
from netproto.schema import messages

OPSET, IR_VERSION = 17, 8
FLOAT = 1
Attribute = int | float | Sequence[int]


def write(path: Path, net: Net) -> None:
    """Write a net of phase TEST with one input and one output."""
    graph = _Graph(net)
    opset = field(8, number(2, OPSET))
    path.write_bytes(number(1, IR_VERSION) + string(2, "netproto benchmarks") + opset + field(7, graph.serialized()))


class _Graph:
    """Nodes and initializers, layer by layer. names: blob -> the ONNX value that it is after the layers so far."""

    def __init__(self, net: Net):
        self.net = net
        self.nodes: list[bytes] = []
        self.initializers: list[bytes] = []
        self.names: dict[int, str] = {}
        self.statistics: dict[str, Layer] = {}
        self._made = 0
        for node in net.graph.nodes:
            kind = node.layer.message.type
            bottoms = [self.names[b] for b in node.bottoms]
            if kind == "Input":
                self.names[node.tops[0]] = net.graph.blob_names[node.tops[0]]
            elif kind in ("Split", "Dropout"):
                self.names.update(dict.fromkeys(node.tops, bottoms[0]))
            else:
                self.names[node.tops[0]] = LAYERS[kind](self, node.layer, bottoms)

    def serialized(self) -> bytes:
        (source,), (sink,) = self.net.graph.inputs, self.net.graph.outputs
        ends = field(11, self._value(source)) + field(12, self._value(sink))
        return b"".join(field(1, n) for n in self.nodes) + string(2, "net") + b"".join(field(5, i) for i in self.initializers) + ends

    def add(self, kind: str, inputs: Sequence[str], **attributes: Attribute) -> str:
        """A node; the name of its output."""
        self._made += 1
        output = f"{kind}_{self._made}"
        parts = [string(1, name) for name in inputs] + [string(2, output), string(3, output), string(4, kind)]
        parts += [field(5, _attribute(name, value)) for name, value in attributes.items()]
        self.nodes.append(b"".join(parts))
        return output

    def weight(self, name: str, array: np.ndarray) -> str:
        """An initializer; its name."""
        dims = b"".join(number(1, extent) for extent in array.shape)
        self.initializers.append(dims + number(2, FLOAT) + string(8, name) + field(9, np.ascontiguousarray(array, "<f4").tobytes()))
        return name

    def weights(self, layer: Layer) -> list[str]:
        return [self.weight(f"{layer.name}/{i}", blob.data) for i, blob in enumerate(layer.blobs)]

    def _value(self, blob: int) -> bytes:
        dims = b"".join(field(1, number(1, extent)) for extent in self.net.graph.shapes[blob])
        return string(1, self.names[blob]) + field(2, field(1, number(1, FLOAT) + field(2, dims)))


def _convolution(graph: _Graph, layer: Layer, bottoms: list[str]) -> str:
    p = layer.message.convolution_param
    stride, pad = list(p.stride) or [1], list(p.pad) or [0]
    window = {"kernel_shape": list(p.kernel_size) * 2, "strides": stride * 2, "pads": pad * 4}
    return graph.add("Conv", [*bottoms, *graph.weights(layer)], group=p.group, **window)


def _inner_product(graph: _Graph, layer: Layer, bottoms: list[str]) -> str:
    return graph.add("Gemm", [graph.add("Flatten", bottoms, axis=1), *graph.weights(layer)], transB=1)


def _pooling(graph: _Graph, layer: Layer, bottoms: list[str]) -> str:
    p = layer.message.pooling_param
    method = {"MAX": "Max", "AVE": "Average"}[messages.enum_name(p, "pool")]
    if p.global_pooling:
        return graph.add(f"Global{method}Pool", bottoms)
    window = {"kernel_shape": [p.kernel_size] * 2, "strides": [p.stride] * 2, "pads": [p.pad] * 4}
    return graph.add(f"{method}Pool", bottoms, ceil_mode=1, **window)


def _lrn(graph: _Graph, layer: Layer, bottoms: list[str]) -> str:
    p = layer.message.lrn_param
    return graph.add("LRN", bottoms, size=p.local_size, alpha=p.alpha, beta=p.beta, bias=p.k)


def _batch_norm(graph: _Graph, layer: Layer, bottoms: list[str]) -> str:
    """Nothing by itself: it is one node together with the Scale that follows."""
    graph.statistics[bottoms[0]] = layer
    return bottoms[0]


def _scale(graph: _Graph, layer: Layer, bottoms: list[str]) -> str:
    norm = graph.statistics.pop(bottoms[0])
    mean, variance, count = (blob.data for blob in norm.blobs)
    learned = graph.weights(layer)
    statistics = [graph.weight(f"{norm.name}/{i}", array / count) for i, array in enumerate((mean, variance))]
    return graph.add("BatchNormalization", [*bottoms, *learned, *statistics], epsilon=norm.message.batch_norm_param.eps)


LAYERS: dict[str, Callable[[_Graph, Layer, list[str]], str]] = {
    "Convolution": _convolution,
    "InnerProduct": _inner_product,
    "Pooling": _pooling,
    "LRN": _lrn,
    "BatchNorm": _batch_norm,
    "Scale": _scale,
    "ReLU": lambda graph, layer, bottoms: graph.add("Relu", bottoms),
    "Concat": lambda graph, layer, bottoms: graph.add("Concat", bottoms, axis=1),
    "Eltwise": lambda graph, layer, bottoms: graph.add("Add", bottoms),
}


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, float):
        return string(1, name) + header(2, FIXED32) + np.float32(value).tobytes() + number(20, 1)
    if isinstance(value, int):
        return string(1, name) + number(3, value) + number(20, 2)
    return string(1, name) + b"".join(number(8, v) for v in value) + number(20, 7)


def field(index: int, content: bytes) -> bytes:
    return header(index, LENGTH, len(content)) + content


def string(index: int, value: str) -> bytes:
    return field(index, value.encode())


def number(index: int, value: int) -> bytes:
    return header(index, VARINT) + varint(value)
