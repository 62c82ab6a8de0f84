"""Times netproto against PyTorch on the CPU, taking turns, and prints the ratio of the medians. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

import nets
import numpy as np

HERE = Path(__file__).resolve().parent
TORCH = "torch==2.13.0"
BATCHES = {"alexnet": 64, "caffenet": 64, "googlenet": 16, "vgg16": 4, "resnet50": 8, "squeezenet11": 16, "mobilenet1": 16}
BATCHES |= {"lenet": 64, "cifar10_quick": 100}
"""Pictures in a training batch."""


class Worker:
    """A program that keeps a net and runs it on demand."""

    def __init__(self, name: str, command: list[str], description: str | None = None):
        self.name = name
        self.seconds: list[float] = []
        self.peak_kb = 0
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE)
        if description is not None:
            self._say(description)
        self.first = self._hear()

    def run(self, iterations: int, *, counted: bool = True) -> float:
        """Seconds per iteration."""
        self._say(f"{iterations}\n")
        answer = json.loads(self._hear())
        self.peak_kb = answer["peak_kb"]
        seconds = answer["seconds"] / iterations
        if counted:
            self.seconds.append(seconds)
        return seconds

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with exit code {self._process.wait()}")
        return line


def torch_python() -> str:
    """The interpreter of an environment with PyTorch alone, made at the first call."""
    folder = HERE / ".peers"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", TORCH, "numpy"], check=True)
    return str(python)


def sgemm_rate(seconds: float = 2.0) -> float:
    """The best GFLOP/s of float32 products of 2048 x 2048 matrices on all cores."""
    n, best, end = 2048, 0.0, time.perf_counter() + seconds
    a, b, c = (np.ones((n, n), np.float32) for _ in range(3))
    while time.perf_counter() < end:
        start = time.perf_counter()
        np.dot(a, b, out=c)
        best = max(best, 2 * n**3 / (time.perf_counter() - start) / 1e9)
    return best


def compare(net: str, batch: int, infer: bool, rounds: int, seconds: float, torch: str) -> dict[str, Any]:
    """Run netproto and both layouts of PyTorch in turns; the figures of one net."""
    how = ["--infer"] if infer else []
    ours = Worker("netproto", [sys.executable, "worker_netproto.py", net, "--batch", str(batch), *how])
    peer = [torch, "worker_torch.py", *how]
    workers = [ours, Worker("torch", peer, ours.first), Worker("torch channels_last", [*peer, "--channels-last"], ours.first)]
    counts = []
    for worker in workers:
        worker.run(2, counted=False)
        counts.append(max(1, round(seconds / worker.run(1, counted=False))))
    rates = [sgemm_rate()]
    for _ in range(rounds):
        for worker, count in zip(workers, counts, strict=True):
            worker.run(count)
    rates.append(sgemm_rate())
    for worker in workers:
        worker.close()
    median = {w.name: statistics.median(w.seconds) for w in workers}
    best_peer = min(median["torch"], median["torch channels_last"])
    return {
        "net": net,
        "batch": batch,
        "what": "inference" if infer else "training",
        "images_per_second": {name: batch / s for name, s in median.items()},
        "seconds": {w.name: w.seconds for w in workers},
        "peak_mb": {w.name: w.peak_kb / 1024 for w in workers},
        "ratio_to_best_torch": best_peer / median["netproto"],
        "sgemm_gflops": rates,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", default="alexnet", help="names in nets.py, separated by commas, or all")
    parser.add_argument("--batch", type=int, help="pictures in a batch; each net has its own otherwise")
    parser.add_argument("--infer", action="store_true", help="forward in the TEST phase alone, not training")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each program gets")
    parser.add_argument("--seconds", type=float, default=8, help="how long a turn takes, about")
    parser.add_argument("--torch", help="a Python interpreter that has PyTorch")
    parser.add_argument("--json", help="write every figure to this file")
    args = parser.parse_args()
    torch = args.torch or torch_python()
    results = [
        compare(net, args.batch or (16 if args.infer else BATCHES[net]), args.infer, args.rounds, args.seconds, torch)
        for net in (nets.NETS if args.nets == "all" else args.nets.split(","))
    ]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, numpy {np.__version__}")
    print(
        f"{'net':<12}{'what':<11}{'batch':>6}{'netproto':>10}{'torch':>10}{'ch. last':>10}{'ratio':>8}{'SGEMM':>8}{'MB':>7}{'torch MB':>10}"
    )
    for r in results:
        speed, peak = list(r["images_per_second"].values()), list(r["peak_mb"].values())
        print(
            f"{r['net']:<12}{r['what']:<11}{r['batch']:>6}{speed[0]:>10.4g}{speed[1]:>10.4g}{speed[2]:>10.4g}"
            f"{r['ratio_to_best_torch']:>8.3g}{max(r['sgemm_gflops']):>8.0f}{peak[0]:>7.0f}{min(peak[1:]):>10.0f}"
        )
    if args.json:
        Path(args.json).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
