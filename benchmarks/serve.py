"""What every program that is timed does: says that it is ready, then runs iterations as it is told. Needs the standard library alone."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def serve(iterate: Callable[[], Any], **facts: Any) -> None:
    """Say `facts`; then each line `N` of standard input runs N iterations and is answered with their seconds and the peak of memory."""
    _say(facts)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            iterate()
        _say({"seconds": time.perf_counter() - start, "peak_mb": peak_mb()})


def peak_mb() -> float:
    """The most memory that this process has had, in units of 10^6 bytes; what its parent had is not in it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
