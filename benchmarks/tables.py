"""The figures as tables in Markdown, for a terminal and for docs/performance.md, where they are put between marks."""

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
    rows = []
    for r in records:
        ours, torch, last = (r["images_per_second"][name] for name in (OURS, "PyTorch", "PyTorch channels_last"))
        speed = number(ours), number(torch), number(last), ratio(ours, max(torch, last)), f"{r['share_of_sgemm']:.0%}"
        memory = r["peak_mb"][OURS], min(mb for name, mb in r["peak_mb"].items() if name != OURS)
        rows.append([r["net"], r["batch"], *speed, f"{memory[0]:.0f}", f"{memory[1]:.0f}", ratio(*memory)])
    heads = ["net", "batch", OURS, "PyTorch", "channels_last", "times PyTorch", "share of SGEMM", "peak MB", "PyTorch MB", "times"]
    return table(heads, rows)


def inference(records: Sequence[Record]) -> str:
    rows = []
    for r in records:
        speeds = r["images_per_second"]
        torch = max(speeds["PyTorch"], speeds["PyTorch channels_last"])
        others = [torch, speeds["OpenCV"], speeds["ONNX Runtime"]]
        rows.append(
            [r["net"], r["batch"], *map(number, (speeds[OURS], *others)), ratio(speeds[OURS], torch), ratio(speeds[OURS], max(others))]
        )
    return table(["net", "batch", OURS, "PyTorch", "OpenCV", "ONNX Runtime", "times PyTorch", "times the best"], rows)


def loading(records: Sequence[Record]) -> str:
    rows = [
        [r["format"], f"{r['mb']:.0f}", f"{r['read_seconds']:.3f}", f"{r['load_seconds']:.3f}", ratio(r["load_seconds"], r["read_seconds"])]
        for r in records
    ]
    return table(["file", "MB", "read, s", "load, s", "times"], rows)


def data(records: Sequence[Record]) -> str:
    rows = [
        [r["kind"], f"{r['bytes'] / 1e3:.0f}", number(r["images_per_second"]), number(r["images_per_processor_second"])] for r in records
    ]
    return table(["database", "kB a record", "images/s", "images per second of a core"], rows)


def startup(records: Sequence[Record]) -> str:
    return table(["what", "seconds"], [[r["what"], f"{r['seconds']:.2f}"] for r in records])


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
