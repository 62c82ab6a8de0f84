"""Keeps a net of netproto and runs it on demand (serve.py): `worker_netproto.py FOLDER [--infer]`, with what export.py wrote there."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from serve import serve

from netproto import __version__
from netproto.formats import weights
from netproto.net.inference import InferenceNet
from netproto.net.loading import copy_weights
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, upgrade
from netproto.solver import Solver


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--infer", action="store_true")
    args = parser.parse_args()
    message = upgrade.load_net(str(args.folder / "net.prototxt"))
    if args.infer:
        infer(message, args.folder)
    else:
        train(message)


def infer(message: Any, folder: Path) -> None:
    net = InferenceNet(message, ops=CpuOps())
    copy_weights(net, weights.load(folder / "net.caffemodel"), strict=True)
    net.blobs[net.inputs[0]].data[...] = np.load(folder / "input.npy")
    net.forward()
    serve(net.forward, version=__version__, output=float(np.abs(net.blobs[net.outputs[0]].data).mean()))


def train(message: Any) -> None:
    settings = messages.SolverParameter(
        base_lr=1e-4, lr_policy="fixed", momentum=0.9, weight_decay=5e-4, max_iter=1 << 30, random_seed=1, type="SGD"
    )
    settings.net_param.CopyFrom(message)
    solver = Solver(settings, ops=CpuOps(), lean_training=True)
    data = solver.net.blobs["data"].data
    np.random.default_rng(1).standard_normal(data.shape, np.float32, out=data)
    serve(lambda: solver.step(1), version=__version__)


if __name__ == "__main__":
    main()
