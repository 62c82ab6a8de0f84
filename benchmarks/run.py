"""Times netproto and its peers on the CPU, and writes tables. See README.md."""

from __future__ import annotations

import argparse
import datetime
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import loading
import machine
import peers
import pipeline
import speed
import startup
import tables

PARTS = {"speed": speed.measure, "loading": loading.measure, "data": pipeline.measure, "startup": startup.measure}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure, of {', '.join(PARTS)}; all, if none is named")
    parser.add_argument("--nets", default="all", help="speed: names in nets.py, separated by commas; default all")
    parser.add_argument("--what", default="training,inference", help="speed: training, inference, or both")
    parser.add_argument("--batch", type=int, nargs="+", help="speed: pictures in a batch, in the place of each net's own, and of 1 and 16")
    parser.add_argument("--runs", type=int, default=1, help="how often to measure all of it")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each program gets")
    parser.add_argument("--seconds", type=float, default=8, help="how long a turn takes, about")
    parser.add_argument("--env", type=Path, default=peers.default_folder(), help="folder for the environments of the peers")
    parser.add_argument("--torch", help="a Python interpreter that has PyTorch, in the place of an environment of its own")
    parser.add_argument("--json", type=Path, help="a file for every figure; what it has of parts that are not measured stays")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables between their marks in this page")
    parser.add_argument("--tables-only", action="store_true", help="measure nothing: take the figures of --json")
    args = parser.parse_args()
    unknown = set(args.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part is named {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if args.write and not args.write.is_file():
        parser.error(f"{args.write} is not there")
    return args


def main() -> None:
    args = arguments()
    results: dict[str, Any] = json.loads(args.json.read_text()) if args.json and args.json.exists() else {}
    if not args.tables_only:
        measure(args, results)
    for name, table in tables.tables(results).items():
        print(f"{name}\n\n{table}\n")
    if args.write:
        tables.write(args.write, results)


def measure(args: argparse.Namespace, results: dict[str, Any]) -> None:
    """Put what the parts say into the results, run after run, and write them to the file after each part."""
    command = shlex.join(["python", *sys.argv])
    results["machine"] = {**machine.describe(), "date": datetime.date.today().isoformat(), "command": command}
    for run in range(args.runs):
        for name in args.parts or PARTS:
            results[name] = [*(results[name] if run else []), *PARTS[name](args)]
            if args.json:
                args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
