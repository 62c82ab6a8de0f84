"""Trains AlexNet for a few iterations; says when the first ended, how long a later one takes, and the processors' time up to the first."""

from __future__ import annotations

import json
import statistics
import sys
import time

import nets

from netproto.ops.cpu import CpuOps
from netproto.schema import messages
from netproto.solver import Solver

BATCH, LATER = 64, 3


def main() -> None:
    settings = messages.SolverParameter(base_lr=1e-4, lr_policy="fixed", momentum=0.9, weight_decay=5e-4, max_iter=100, random_seed=1)
    settings.net_param.CopyFrom(nets.net("alexnet", BATCH))
    solver = Solver(settings, ops=CpuOps(), lean_training=True)
    solver.step(1)
    first_ends, cpu = time.time(), time.process_time()
    seconds = []
    for _ in range(LATER):
        start = time.perf_counter()
        solver.step(1)
        seconds.append(time.perf_counter() - start)
    sys.stdout.write(json.dumps({"first_ends": first_ends, "iteration": statistics.median(seconds), "cpu": cpu}))


if __name__ == "__main__":
    main()
