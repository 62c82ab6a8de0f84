"""Show a net's layers: types, shapes, parameters, multiply-adds. No array is made for it."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from math import prod
from typing import Any

from ..blob import Shape
from ..layers.base import TEST, TRAIN
from ..net.graph import Graph, Node
from ..schema import messages, rules
from . import guesses, nets, options, shapes
from .flags import Parser

EXAMPLE = "netproto summary train_val.prototxt --phase TEST --input data=50,3,227,227"


def add_flags(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the net (prototxt)")
    options.add_phase(parser, "TEST")
    shapes.add_flag(parser)
    parser.switch("json", help="for programs")
    options.add_net_state(parser)
    options.add_python_layers(parser)


def run(args: Namespace) -> int:
    """Print the table, or JSON."""
    phase = TRAIN if args.phase == "TRAIN" else TEST
    net = shapes.with_inputs(nets.load_net(args.model, python_layers=args.python_layers), dict(args.input))
    graph = guesses.fitting_graph(rules.filter_net(net, messages.NetState(phase=phase, level=args.level, stage=args.stage)), phase)
    print(json.dumps(as_json(graph)) if args.json else "\n".join(as_table(graph)))
    return 0


def as_json(graph: Graph) -> dict[str, Any]:
    """What --json prints: per layer its name, type, bottoms, tops with shapes, shapes of params, and multiply-adds of a forward pass."""
    return {
        "name": graph.name,
        "phase": ("TRAIN", "TEST")[graph.phase],
        "layers": [_layer(graph, node) for node in graph.nodes],
        "params": sum(prod(p.shape) for p in graph.learned),
        "macs": sum(_macs(graph, node) for node in graph.nodes),
        "blobs": sum(prod(s) for s in graph.shapes),
    }


def _layer(graph: Graph, node: Node) -> dict[str, Any]:
    return {
        "name": node.layer.name,
        "type": node.layer.message.type,
        "bottoms": [graph.blob_names[b] for b in node.bottoms],
        "tops": {graph.blob_names[t]: list(graph.shapes[t]) for t in node.tops},
        "params": [list(shape) for shape in node.shapes],
        "macs": _macs(graph, node),
    }


def _macs(graph: Graph, node: Node) -> int:
    return node.layer.macs([graph.shapes[b] for b in node.bottoms], [graph.shapes[t] for t in node.tops])


def as_table(graph: Graph) -> list[str]:
    """The lines that a person reads. Automatic Split layers are left out."""
    rows = [("layer", "type", "top", "params", "multiply-adds")]
    for node in graph.nodes:
        if node.layer.message.type == "Split":
            continue
        tops = "  ".join(f"{graph.blob_names[t]} {_dims(graph.shapes[t])}" for t in node.tops)
        params = sum(prod(shape) for shape in node.shapes)
        rows.append((node.layer.name, node.layer.message.type, tops, _number(params), _number(_macs(graph, node))))
    total = as_json(graph)
    return [
        f"{graph.name or 'net'}, phase {total['phase']}",
        "",
        *_aligned(rows),
        "",
        f"{total['params']:,} parameters ({_megabytes(total['params'])}), {total['macs']:,} multiply-adds in a forward pass,",
        f"{total['blobs']:,} numbers in blobs ({_megabytes(total['blobs'])}; twice that with gradients)",
    ]


def _dims(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _number(value: int) -> str:
    return f"{value:,}" if value else ""


def _megabytes(numbers: int) -> str:
    return f"{numbers * 4 / 1e6:,.1f} MB"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns of equal width, the last two to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(c.rjust(w) if i >= 3 else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows
    ]
