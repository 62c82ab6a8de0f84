"""Show a net's layers, shapes, parameters, multiply-adds and memory, and the largest batch that fits this machine. No array is made for it.

Memory is that of float32 nets. Workspaces that layers share are not in it; the largest batch leaves a tenth of the memory for them.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ..blob import Shape
from ..layers.base import TEST, TRAIN
from ..net import footprint
from ..net.graph import Graph, Node
from ..solver.rules import RULES
from . import budgets, nets, options, shapes
from .budgets import Budget
from .flags import Parser
from .machine import free_memory

EXAMPLE = "netproto summary train_val.prototxt --phase TEST --input data=50,3,227,227"
COLUMNS = ("layer", "type", "top", "params", "multiply-adds", "activations")
PARTS = {
    "learned": "learned",
    "history": "solver",
    "data": "blobs",
    "gradients": "gradients",
    "internals": "layers' own",
    "queued": "read ahead",
    "total": "total",
}
"""Property of a Footprint -> its column."""


def add_flags(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the net (prototxt)")
    options.add_phase(parser, "TEST")
    shapes.add_flag(parser)
    parser.flag("solver-type", choices=tuple(RULES), default="SGD", help="whose memory to count in training; default SGD")
    parser.switch("json", help="for programs; memory in bytes")
    options.add_net_state(parser)
    options.add_python_layers(parser)


def run(args: Namespace) -> int:
    """Print the table, or JSON."""
    phase = TRAIN if args.phase == "TRAIN" else TEST
    written = nets.load_net(args.model, python_layers=args.python_layers)
    net, slots = shapes.with_inputs(written, dict(args.input)), RULES[args.solver_type].slots
    graph, found = budgets.of(net, phase, args.level, args.stage, history=slots, memory=free_memory(), written=written)
    print(json.dumps(as_json(graph, found)) if args.json else "\n".join(as_table(graph, found)))
    return 0


def as_json(graph: Graph, found: Sequence[Budget]) -> dict[str, Any]:
    """What --json prints: per layer its name, type, bottoms, tops with shapes, shapes of params, multiply-adds of a forward pass and bytes
    of activations; sums; and the bytes that each use of the net takes."""
    return {
        "name": graph.name,
        "phase": ("TRAIN", "TEST")[graph.phase],
        "layers": [_layer(graph, node) for node in graph.nodes],
        "params": sum(prod(p.shape) for p in graph.learned),
        "macs": sum(_macs(graph, node) for node in graph.nodes),
        "blobs": sum(prod(s) for s in graph.shapes),
        "memory": {
            budget.use: {
                "batch": budget.batch,
                **{part: getattr(budget.footprint, part) for part in PARTS},
                "largest_batch": budget.largest_batch,
            }
            for budget in found
        },
    }


def _layer(graph: Graph, node: Node) -> dict[str, Any]:
    return {
        "name": node.layer.name,
        "type": node.layer.message.type,
        "bottoms": [graph.blob_names[b] for b in node.bottoms],
        "tops": {graph.blob_names[t]: list(graph.shapes[t]) for t in node.tops},
        "params": [list(shape) for shape in node.shapes],
        "macs": _macs(graph, node),
        "activations": footprint.activations(graph, node),
    }


def _macs(graph: Graph, node: Node) -> int:
    return node.layer.macs([graph.shapes[b] for b in node.bottoms], [graph.shapes[t] for t in node.tops])


def _params(_: Graph, node: Node) -> int:
    return sum(prod(shape) for shape in node.shapes)


def as_table(graph: Graph, found: Sequence[Budget]) -> list[str]:
    """The lines that a person reads. Automatic Split layers are left out."""
    rows: list[tuple[str, ...]] = [COLUMNS]
    for node in graph.nodes:
        if node.layer.message.type == "Split":
            continue
        tops = "  ".join(f"{graph.blob_names[t]} {_dims(graph.shapes[t])}" for t in node.tops)
        numbers = _number(_params(graph, node)), _number(_macs(graph, node)), _bytes(footprint.activations(graph, node))
        rows.append((node.layer.name, node.layer.message.type, tops, *numbers))
    total = as_json(graph, found)
    return [
        f"{graph.name or 'net'}, phase {total['phase']}",
        "",
        *_aligned(rows, left=3),
        "",
        f"{total['params']:,} parameters ({_bytes(4 * total['params']) or '0 B'}), {total['macs']:,} multiply-adds in a forward pass",
        *_leaders(graph),
        "",
        *_memory(found),
    ]


def _leaders(graph: Graph) -> list[str]:
    """Which layers have the most of everything."""
    said = []
    measures: dict[str, Callable[[Graph, Node], int]] = {
        "parameters": _params,
        "multiply-adds": _macs,
        "activations": footprint.activations,
    }
    for what, measure in measures.items():
        amounts = {node.layer.name: measure(graph, node) for node in graph.nodes}
        if total := sum(amounts.values()):
            most = max(amounts, key=amounts.__getitem__)
            said.append(f"{what} {most} ({amounts[most] / total:.0%})")
    return [f"the most of them: {', '.join(said)}"] if said else []


def _memory(found: Sequence[Budget]) -> list[str]:
    """The bytes of each use of the net, and what fits."""
    rows: list[tuple[str, ...]] = [("memory", *PARTS.values())]
    for budget in found:
        name = f"{budget.use}, batch {budget.batch}" if budget.batch else budget.use
        rows.append((name, *(_bytes(getattr(budget.footprint, part)) for part in PARTS)))
    lines = _aligned(rows, left=1)
    fits = [f"{budget.largest_batch:,} in {budget.use}" for budget in found if budget.largest_batch is not None]
    if fits:
        lines.append(f"largest batch that fits the {_bytes(found[0].memory)} free here: {', '.join(fits)}")
    return lines


def _dims(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _number(value: int) -> str:
    return f"{value:,}" if value else ""


def _bytes(size: int) -> str:
    """With a unit in which it is easily read; '' for none."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= (unit if unit < 10**9 else 10 * unit):
            return f"{size / unit:,.1f} {name}"
    return f"{size} B" if size else ""


def _aligned(rows: Sequence[tuple[str, ...]], *, left: int) -> list[str]:
    """Columns of equal width, the first `left` to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(c.rjust(w) if i >= left else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
