"""Writes a net into a folder, for every program in its own format: `python benchmarks/export.py NAME BATCH FOLDER [--infer]`.

net.prototxt and net.json (see describe.py); for inference also net.caffemodel, net.onnx, weights.npz, and input.npy to run it on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import describe
import nets
import numpy as np
import onnx_file

from netproto.formats import weights as weights_files
from netproto.layers.base import TEST, TRAIN
from netproto.net.graph import build, prepare
from netproto.net.loading import collect_weights
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import text


def export(name: str, batch: int, folder: Path, *, infer: bool) -> None:
    """Write what training, or with `infer` what inference, takes."""
    message = nets.net(name, batch, labels=not infer)
    (folder / "net.prototxt").write_text(text.dump(message))
    if infer:
        _write_trained(message, folder)
    graph = build(prepare(message, TEST if infer else TRAIN), TEST if infer else TRAIN)
    (folder / "net.json").write_text(json.dumps({"layers": describe.layers(graph), "gflop": describe.gflop(graph, training=not infer)}))


def _write_trained(message: object, folder: Path) -> None:
    net = Net(message, ops=CpuOps(), phase=TEST, seed=1)
    for layer in net.layers:
        if layer.message.type == "BatchNorm":
            _, variance, count = layer.blobs
            variance.data[...] = count.data[...] = 1
    (input_name,) = net.inputs
    np.save(folder / "input.npy", np.random.default_rng(1).standard_normal(net.blobs[input_name].shape, np.float32))
    weights = collect_weights(net)
    for file in ("net.caffemodel", "weights.npz"):
        weights_files.save(folder / file, weights)
    onnx_file.write(folder / "net.onnx", net)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("net", choices=nets.NETS)
    parser.add_argument("batch", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--infer", action="store_true")
    args = parser.parse_args()
    export(args.net, args.batch, args.folder, infer=args.infer)
