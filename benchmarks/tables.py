"""The figures as tables in Markdown, for a terminal and for docs/performance.md, where they are put between marks.

Of several runs they show the one in the middle, and how far the others are from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from speed import OURS

MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Record = dict[str, Any]


def write(path: Path, results: Record) -> None:
    """Put the tables of what was measured between their marks in a page; the others stay as they are."""
    made = tables(results)

    def filled(match: re.Match[str]) -> str:
        name = match[2]
        return f"{match[1]}{made[name]}\n{match[3]}" if name in made else match[0]

    path.write_text(MARK.sub(filled, path.read_text()))


def tables(results: Record) -> dict[str, str]:
    """Name -> table, for what was measured."""
    found = {name: render(results[name]) for name, render in PARTS.items() if name in results}
    if "speed" in results:
        found["training"] = training([r for r in results["speed"] if r["what"] == "training"])
        found["inference"] = inference([r for r in results["speed"] if r["what"] == "inference"])
    return found


def training(records: Sequence[Record]) -> str:
    def gain(r: Record) -> float:
        return r["images_per_second"][OURS] / torch_of(r)

    def memory(r: Record) -> float:
        return r["peak_mb"][OURS] / torch_memory(r)

    def torch_memory(r: Record) -> float:
        return min(mb for name, mb in r["peak_mb"].items() if name != OURS)

    rows = []
    for runs in cases(records, "net", "batch"):
        r = middle(runs, gain)
        speeds = (number(r["images_per_second"][name]) for name in (OURS, "PyTorch", "PyTorch channels_last"))
        share = spread(runs, lambda r: r["share_of_sgemm"], "{:.0%}".format)
        peaks = f"{r['peak_mb'][OURS]:.0f}", f"{torch_memory(r):.0f}"
        rows.append([r["net"], r["batch"], *speeds, spread(runs, gain), share, *peaks, spread(runs, memory)])
    heads = ["net", "batch", OURS, "PyTorch", "channels_last", "times PyTorch", "share of SGEMM", "peak MB", "PyTorch MB", "times"]
    return table(heads, rows)


def torch_of(r: Record) -> float:
    """The rate of PyTorch's better layout."""
    return max(r["images_per_second"]["PyTorch"], r["images_per_second"]["PyTorch channels_last"])


def inference(records: Sequence[Record]) -> str:
    def others(r: Record) -> list[float]:
        return [torch_of(r), r["images_per_second"]["OpenCV"], r["images_per_second"]["ONNX Runtime"]]

    def gain(r: Record) -> float:
        return r["images_per_second"][OURS] / max(others(r))

    rows = []
    for runs in cases(records, "net", "batch"):
        r = middle(runs, gain)
        ours = r["images_per_second"][OURS]
        rows.append([r["net"], r["batch"], *map(number, (ours, *others(r))), ratio(ours, torch_of(r)), spread(runs, gain)])
    return table(["net", "batch", OURS, "PyTorch", "OpenCV", "ONNX Runtime", "times PyTorch", "times the best"], rows)


def loading(records: Sequence[Record]) -> str:
    def times(r: Record) -> float:
        return r["load_seconds"] / r["read_seconds"]

    rows = []
    for runs in cases(records, "format"):
        r = middle(runs, times)
        rows.append([r["format"], f"{r['mb']:.0f}", f"{r['read_seconds']:.3f}", f"{r['load_seconds']:.3f}", spread(runs, times)])
    return table(["file", "MB", "read, s", "load, s", "times"], rows)


def data(records: Sequence[Record]) -> str:
    rows = []
    for runs in cases(records, "kind"):
        rates = (spread(runs, lambda r, name=name: r[name], number) for name in ("images_per_second", "images_per_processor_second"))
        rows.append([runs[0]["kind"], f"{runs[0]['bytes'] / 1e3:.0f}", *rates])
    return table(["database", "kB a record", "images/s", "images per second of a core"], rows)


def startup(records: Sequence[Record]) -> str:
    rows = [[runs[0]["what"], spread(runs, lambda r: r["seconds"])] for runs in cases(records, "what")]
    return table(["what", "seconds"], rows)


def cases(records: Sequence[Record], *names: str) -> list[list[Record]]:
    """The records of all runs, those of the same case together."""
    found: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        found.setdefault(tuple(record[name] for name in names), []).append(record)
    return list(found.values())


def middle(runs: Sequence[Record], figure: Callable[[Record], float]) -> Record:
    """The run with the median of a figure; of two, the one with the lower."""
    return sorted(runs, key=figure)[(len(runs) - 1) // 2]


def spread(runs: Sequence[Record], figure: Callable[[Record], float], write: Callable[[float], str] = "{:.2f}".format) -> str:
    """The median of a figure, with the lowest and the highest where there are several runs."""
    low, high = min(map(figure, runs)), max(map(figure, runs))
    median = write(figure(middle(runs, figure)))
    return median if len(runs) == 1 else f"{median} ({write(low)} to {write(high)})"


def machine(record: Record) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return "\n".join(
        [
            f"- {record['processor']}, {record['cores']} cores; {record['system']}; Python {record['python']}; {versions}",
            f"- {record['date']}",
            f"- `{record['command']}`",
        ]
    )


PARTS: dict[str, Callable[[Any], str]] = {"machine": machine, "loading": loading, "data": data, "startup": startup}


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def number(value: float) -> str:
    """Three figures, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(a: float, b: float) -> str:
    return f"{a / b:.2f}"
