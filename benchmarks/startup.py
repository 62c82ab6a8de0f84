"""Start-up: `netproto --help`, and AlexNet's first iteration at batch 64 with an empty and with a filled cache of kernels."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from typing import Any

from turns import HERE


def measure(args: Namespace) -> list[dict[str, Any]]:
    """What is waited for, and how long, in seconds."""
    helps = [seconds_of([sys.executable, "-m", "netproto", "--help"]) for _ in range(2 * args.rounds)]
    records = [{"what": "netproto --help", "seconds": statistics.median(helps)}]
    with tempfile.TemporaryDirectory() as cache:
        for kernels in ("cold", "warm"):
            records.append({"what": f"AlexNet's first iteration, {kernels} kernel cache", **first_iteration(cache)})
    return records


def seconds_of(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def first_iteration(cache: str) -> dict[str, float]:
    """Seconds from the start of the program to the end of the first iteration, less one iteration; and those of an iteration."""
    start = time.time()
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "first_iteration.py"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE, env=environment)
    answer = json.loads(done.stdout)
    return {"seconds": answer["first_ends"] - start - answer["iteration"], "iteration": answer["iteration"], "cpu": answer["cpu"]}
