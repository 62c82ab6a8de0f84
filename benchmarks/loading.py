"""Trained weights: the time to load AlexNet's files of 240 MB into a net, against the time to read the file's bytes."""

from __future__ import annotations

import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nets

from netproto.formats import weights as weights_files
from netproto.net.loading import collect_weights, copy_weights
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps

SUFFIXES = (".caffemodel", ".npz", ".caffemodel.h5")


def measure(args: Namespace) -> list[dict[str, Any]]:
    """One record for each format. The files are in the page cache; reading and loading take turns."""
    net = Net(nets.net("alexnet", 1, labels=False), ops=CpuOps(), seed=1)
    weights = collect_weights(net)
    records = []
    with tempfile.TemporaryDirectory() as folder:
        for suffix in SUFFIXES:
            path = Path(folder) / f"alexnet{suffix}"
            weights_files.save(path, weights)
            reading, loading = in_turns([path.read_bytes, lambda path=path: copy_weights(net, weights_files.load(path))], args.rounds)
            records.append({"format": suffix, "mb": path.stat().st_size / 1e6, "read_seconds": reading, "load_seconds": loading})
            path.unlink()
    return records


def in_turns(tasks: list[Callable[[], Any]], rounds: int) -> list[float]:
    """The median seconds of each task, after one round that does not count."""
    seconds: list[list[float]] = [[] for _ in tasks]
    for _ in range(1 + rounds):
        for task, taken in zip(tasks, seconds, strict=True):
            start = time.perf_counter()
            task()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken[1:]) for taken in seconds]
