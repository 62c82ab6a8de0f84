"""Keeps a net of netproto and runs it on demand: a line `N` on standard input runs N iterations and answers with the seconds they took."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time

import nets
import numpy as np
from describe import describe

from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import messages
from netproto.solver import Solver


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("net", choices=nets.NETS)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--infer", action="store_true")
    args = parser.parse_args()
    message = nets.net(args.net, args.batch)
    if args.infer:
        net = Net(message, ops=CpuOps(), phase=1, seed=1)
        iterate = net.forward
    else:
        settings = messages.SolverParameter(
            base_lr=1e-4, lr_policy="fixed", momentum=0.9, weight_decay=5e-4, max_iter=1 << 30, random_seed=1, type="SGD"
        )
        settings.net_param.CopyFrom(message)
        solver = Solver(settings, ops=CpuOps())
        net = solver.net

        def iterate() -> None:
            solver.step(1)

    feed(net)
    sys.stdout.write(json.dumps({"layers": describe(net.graph)}) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            iterate()
        seconds = time.perf_counter() - start
        sys.stdout.write(json.dumps({"seconds": seconds, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}) + "\n")
        sys.stdout.flush()


def feed(net: Net) -> None:
    """Fill the inputs: normal numbers, and zeros for labels."""
    generator = np.random.default_rng(1)
    for name in net.inputs:
        blob = net.blobs[name]
        if len(blob.shape) > 1:
            blob.data[...] = generator.standard_normal(blob.shape, np.float32)


if __name__ == "__main__":
    main()
