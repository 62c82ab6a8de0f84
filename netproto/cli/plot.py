"""Draw training runs: loss, accuracy and learning rate over the iterations, several runs in one picture.

What is drawn comes from logs, Caffe's or ours, or from the tables that parse-log makes; X.train and X.test are one run. After a restart
from an earlier iteration the newer values count.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from math import isnan, nan
from pathlib import Path

from ..errors import DataError, did_you_mean
from . import runs
from .charts import SUFFIXES, Chart, Panel, Series, write
from .flags import Parser, UsageError, names, positive
from .logfile import Row
from .runs import Run

EXAMPLE = "netproto plot train.log train.png"
LOSS, ACCURACY, RATE = "loss", "accuracy", "lr"
AXES = {"iterations": "iterations", "seconds": "seconds"}
LOG_FROM = 20.0
"""A learning rate that falls by as much is shown by orders of magnitude."""


def add_flags(parser: Parser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="logs or tables; and last the picture to write, .png or .svg")
    parser.flag("show", type=names, default=[], metavar="A,B", help="what to draw: loss, accuracy, lr, or outputs of the net by name")
    parser.flag("x", choices=tuple(AXES), default="iterations", help="the horizontal axis; default iterations")
    parser.flag("smooth", type=positive, default=1, metavar="N", help="draw means of N values; the values themselves are pale behind them")
    parser.flag("log", type=names, default=[], metavar="A,B", help="what to show by orders of magnitude; lr is, where it falls far")
    parser.flag("names", type=names, default=[], metavar="A,B", help="the runs' names; default their files'")
    parser.flag("title", default="", help="what stands above the picture")


def run(args: Namespace) -> int:
    """Read, draw, write."""
    *paths, output = args.files
    if not paths or Path(output).suffix.lower() not in SUFFIXES:
        raise UsageError(f"the last file is the picture to write, {' or '.join(SUFFIXES)}: netproto plot train.log train.png")
    loaded = runs.load(paths)
    if args.names and len(args.names) != len(loaded):
        raise UsageError(f"--names has {len(args.names)} names for {len(loaded)} runs")
    for one, name in zip(loaded, args.names, strict=False):
        one.name = name
    write(output, chart(loaded, args))
    print(f"Wrote {output}")
    return 0


def chart(loaded: list[Run], args: Namespace) -> Chart:
    """The runs' chart. Raises DataError if nothing of what is asked for is there."""
    curves = [curve for one in loaded for curve in _curves(one, args.x, several=len(loaded) > 1)]
    kinds = dict.fromkeys(kind for kind in (LOSS, ACCURACY) if any(c.kind == kind for c in curves))
    kinds.update(dict.fromkeys(c.kind for c in curves if c.kind != RATE))
    if args.show:
        kinds = dict.fromkeys(args.show)
    elif any(_changes(c) for c in curves if c.kind == RATE):
        kinds[RATE] = None
    found = {kind: [c for c in curves if kind in (c.kind, c.output)] for kind in kinds}
    known = {c.kind for c in curves} | {c.output for c in curves}
    for kind in {*args.log, *args.show} - known:
        raise DataError(f"the runs say nothing of {kind!r}", hint=did_you_mean(kind, known))
    panels = [_panel(kind, drawn, args) for kind, drawn in found.items()]
    if not panels:
        raise DataError(
            "the runs have nothing that changes with " + AXES[args.x], hint="Logs without times have no seconds: --x iterations"
        )
    return Chart(args.title or ", ".join(one.name for one in loaded), AXES[args.x], panels)


class Curve(Series):
    """A series before it is put into a panel. kind: loss, accuracy, lr, or the output's own name. output: which one of the net's."""

    def __init__(self, run: str, which: str, output: str, points: Sequence[tuple[float, float]], *, several: bool, net: int = 0):
        name = " ".join(part for part in (which, output, f"(net {net})" if net else "") if part)
        super().__init__(f"{run}: {name}" if several else name, list(points), run if several else "", dots=which == "test")
        self.output = output
        lower = output.lower()
        self.kind = LOSS if "loss" in lower else ACCURACY if "acc" in lower or lower.startswith("top") else output


def _curves(one: Run, across: str, *, several: bool) -> Iterator[Curve]:
    """Each output of each net of a run, and its learning rate."""
    for which, rows in (("train", one.train), ("test", one.test)):
        rows = runs.without_undone(rows) if across == "iterations" else rows
        for net in sorted({row.net for row in rows}):
            of_net = [row for row in rows if row.net == net]
            for output in dict.fromkeys(name for row in of_net for name in row.values):
                points = [(_across(row, across), row.values.get(output, nan)) for row in of_net]
                if any(not isnan(x) for x, _ in points):
                    yield Curve(one.name, which, output, points, several=several, net=net)
    rates = [(_across(row, across), row.rate) for row in runs.without_undone(one.train or one.test)]
    if any(not isnan(x) and not isnan(rate) for x, rate in rates):
        yield Curve(one.name, "", RATE, rates, several=several)


def _across(row: Row, across: str) -> float:
    return row.seconds if across == "seconds" else row.iteration


def _changes(curve: Curve) -> bool:
    return len({y for _, y in curve.points if not isnan(y)}) > 1


def _panel(kind: str, drawn: list[Curve], args: Namespace) -> Panel:
    series: list[Series] = []
    for curve in drawn:
        if args.smooth > 1 and kind != RATE and not curve.dots:
            series.append(Series(curve.name, curve.points, curve.group, faint=True))
            curve.points = _smoothed(curve.points, args.smooth)
        series.append(curve)
    values = [y for curve in drawn for _, y in curve.points if y > 0]
    far = kind == RATE and bool(values) and max(values) >= LOG_FROM * min(values)
    return Panel("learning rate" if kind == RATE else kind, series, log=kind in args.log or far)


def _smoothed(points: Sequence[tuple[float, float]], count: int) -> list[tuple[float, float]]:
    """Each value replaced by the mean of the last `count`, those that are no numbers left out."""
    kept = [(x, y) for x, y in points if not isnan(y)]
    return [(x, sum(y for _, y in kept[max(0, i + 1 - count) : i + 1]) / min(i + 1, count)) for i, (x, _) in enumerate(kept)]
