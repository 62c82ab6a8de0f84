"""Training and inference: netproto and its peers take turns on the same net and batch, and the medians are compared."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import peers
from machine import sgemm_rate
from nets import NETS
from turns import HERE, Worker, take_turns

BATCHES = {"alexnet": 64, "caffenet": 64, "googlenet": 16, "vgg16": 4, "resnet50": 8, "squeezenet11": 16, "mobilenet1": 16}
BATCHES |= {"lenet": 64, "cifar10_quick": 100}
"""Pictures in a training batch."""
INFERENCE_BATCHES = (1, 16)
OURS = "netproto"
SAME = 1e-3
"""How far the mean absolute output of a peer may be from ours, relatively: what is timed is the same net."""


def measure(args: Namespace) -> list[dict[str, Any]]:
    """One record for each net, purpose and batch."""
    names = list(NETS) if args.nets == "all" else args.nets.split(",")
    cases = []
    for name in names:
        if "training" in args.what:
            cases += [(name, "training", batch) for batch in args.batch or [BATCHES[name]]]
        if "inference" in args.what:
            cases += [(name, "inference", batch) for batch in args.batch or INFERENCE_BATCHES]
    return [compare(*case, args) for case in cases]


def compare(name: str, what: str, batch: int, args: Namespace) -> dict[str, Any]:
    """The figures of one net."""
    print(f"{name}, {what} at {batch}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        how = ["--infer"] if what == "inference" else []
        subprocess.run([sys.executable, "export.py", name, str(batch), folder, *how], check=True, cwd=HERE)
        workers = [stack.enter_context(Worker(*program)) for program in programs(what, folder, args)]
        refuse_different_nets(workers)
        rates = [sgemm_rate()]
        take_turns(workers, rounds=args.rounds, seconds=args.seconds)
        rates.append(sgemm_rate())
        gflop = json.loads((Path(folder) / "net.json").read_text())["gflop"]
    speeds = {worker.name: batch / statistics.median(worker.seconds) for worker in workers}
    return {
        "net": name,
        "what": what,
        "batch": batch,
        "images_per_second": speeds,
        "seconds": {worker.name: worker.seconds for worker in workers},
        "peak_mb": {worker.name: worker.peak_mb for worker in workers},
        "versions": {worker.name: worker.facts["version"] for worker in workers},
        "sgemm_gflops": max(rates),
        "gflop_per_image": gflop,
        "share_of_sgemm": speeds[OURS] * gflop / max(rates),
    }


def programs(what: str, folder: str, args: Namespace) -> list[tuple[str, list[str]]]:
    """(name, command) of those who take part."""
    how = ["--infer"] if what == "inference" else []
    torch = [args.torch or peers.python("torch", args.env), "worker_torch.py", folder, *how]
    found = [(OURS, [sys.executable, "worker_netproto.py", folder, *how]), ("PyTorch", torch)]
    found.append(("PyTorch channels_last", [*torch, "--channels-last"]))
    if what == "inference":
        found.append(("OpenCV", [peers.python("opencv", args.env), "worker_opencv.py", folder]))
        found.append(("ONNX Runtime", [peers.python("onnxruntime", args.env), "worker_onnxruntime.py", folder]))
    return found


def refuse_different_nets(workers: list[Worker]) -> None:
    """End the program if the outputs that some of them tell are not alike."""
    outputs = {worker.name: worker.facts["output"] for worker in workers if "output" in worker.facts}
    for name, output in outputs.items():
        if not abs(output - outputs[OURS]) <= SAME * abs(outputs[OURS]):
            raise SystemExit(f"{name} runs another net: the mean of its output is {output:g}, and netproto's {outputs[OURS]:g}")
