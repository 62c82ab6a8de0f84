"""Keeps the same net in PyTorch and runs it on demand (serve.py): `worker_torch.py FOLDER [--infer]`. Needs torch and numpy alone."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from serve import serve


class CaffeNet(torch.nn.Module):
    """The layers of describe.py, run in order."""

    def __init__(self, layers: list[dict[str, Any]]):
        super().__init__()
        self.layers = layers
        self.weights = torch.nn.ParameterDict()
        for layer in layers:
            if layer["type"] == "BatchNorm":
                for name in ("mean", "var"):
                    self.register_buffer(self.key(layer, name), torch.zeros(layer["params"][0]))
                continue
            for i, shape in enumerate(layer.get("params", [])):
                self.weights[self.key(layer, i)] = torch.nn.Parameter(torch.randn(shape) * 0.01)

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take the weights of a .npz of netproto's."""
        for layer in self.layers:
            count = len(layer.get("params", []))
            values = [torch.from_numpy(arrays[f"{layer['name']}/{i}"]) for i in range(count)]
            if layer["type"] == "BatchNorm":
                for name, value in zip(("mean", "var"), values, strict=False):
                    getattr(self, self.key(layer, name)).copy_(value / values[2])
                continue
            for i, value in enumerate(values):
                self.weights[self.key(layer, i)].data.copy_(value)

    def lay_out(self, layout: torch.memory_format) -> None:
        """Bring the filters into a layout."""
        for weight in self.weights.values():
            if weight.ndim == 4:
                weight.data = weight.data.contiguous(memory_format=layout)

    def key(self, layer: dict[str, Any], i: int | str) -> str:
        return f"{layer['name']}/{i}".replace(".", "_").replace("/", "__")

    def forward(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        values = dict(inputs)
        for layer in self.layers:
            if layer["type"] == "Input":
                continue
            bottoms = [values[b] for b in layer["bottoms"]]
            values[layer["tops"][0]] = getattr(self, layer["type"])(layer, *bottoms)
        return values

    def params(self, layer: dict[str, Any]) -> list[torch.Tensor]:
        return [self.weights[self.key(layer, i)] for i in range(len(layer["params"]))]

    def Convolution(self, layer: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        weight, *bias = self.params(layer)
        spec = {"stride": layer["stride"], "padding": layer["pad"], "dilation": layer["dilation"], "groups": layer["group"]}
        return F.conv2d(x, weight, bias[0] if bias else None, **spec)

    def InnerProduct(self, layer: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        weight, *bias = self.params(layer)
        return F.linear(x.flatten(1), weight, bias[0] if bias else None)

    def ReLU(self, layer: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        return F.relu(x, inplace=True)

    def Pooling(self, layer: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        if layer["global"]:
            return x.mean((2, 3), keepdim=True) if layer["pool"] == "AVE" else x.amax((2, 3), keepdim=True)
        pool = F.avg_pool2d if layer["pool"] == "AVE" else F.max_pool2d
        return pool(x, layer["kernel"], layer["stride"], layer["pad"], ceil_mode=True)

    def LRN(self, layer: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        if layer["region"] == "WITHIN_CHANNEL":
            square = F.avg_pool2d(x * x, layer["size"], 1, layer["size"] // 2)
            return x * (1 + layer["alpha"] * square).pow(-layer["beta"])
        return F.local_response_norm(x, layer["size"], layer["alpha"], layer["beta"], layer["k"])

    def Dropout(self, layer: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, layer["ratio"], self.training)

    def BatchNorm(self, layer: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        mean, var = (getattr(self, self.key(layer, n)) for n in ("mean", "var"))
        return F.batch_norm(x, mean, var, training=self.training, eps=layer["eps"], momentum=0.001)

    def Scale(self, layer: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        scale, *bias = (p.view(1, -1, 1, 1) for p in self.params(layer))
        return x * scale + bias[0] if bias else x * scale

    def Concat(self, layer: dict[str, Any], *x: torch.Tensor) -> torch.Tensor:
        return torch.cat(x, 1)

    def Eltwise(self, layer: dict[str, Any], *x: torch.Tensor) -> torch.Tensor:
        return x[0] + x[1]

    def Softmax(self, layer: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        return F.softmax(x, 1)

    def SoftmaxWithLoss(self, layer: dict[str, Any], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(x.flatten(1), y)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--infer", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    args = parser.parse_args()
    net = CaffeNet(json.loads((args.folder / "net.json").read_text())["layers"])
    layout = torch.channels_last if args.channels_last else torch.contiguous_format
    if args.infer:
        infer(net, args.folder, layout)
    else:
        train(net, layout)


def infer(net: CaffeNet, folder: Path, layout: torch.memory_format) -> None:
    net.load(np.load(folder / "weights.npz"))
    net.lay_out(layout)
    net.eval()
    inputs = {"data": torch.from_numpy(np.load(folder / "input.npy")).contiguous(memory_format=layout)}

    def iterate() -> torch.Tensor:
        with torch.inference_mode():
            return list(net(inputs).values())[-1]

    serve(iterate, version=torch.__version__, output=float(iterate().abs().mean()))


def train(net: CaffeNet, layout: torch.memory_format) -> None:
    net.lay_out(layout)
    net.train()
    shapes = net.layers[0]["shapes"]
    label = torch.zeros(shapes["label"], dtype=torch.long)
    inputs = {"data": torch.randn(shapes["data"]).contiguous(memory_format=layout), "label": label}
    optimizer = torch.optim.SGD(net.weights.values(), lr=1e-4, momentum=0.9, weight_decay=5e-4)
    losses = [(layer["tops"][0], layer["weight"]) for layer in net.layers if layer["type"] == "SoftmaxWithLoss"]

    def iterate() -> None:
        optimizer.zero_grad(set_to_none=True)
        values = net(inputs)
        sum(weight * values[top] for top, weight in losses).backward()
        optimizer.step()

    serve(iterate, version=torch.__version__)


if __name__ == "__main__":
    main()
