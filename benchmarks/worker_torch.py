"""Keeps the same net in PyTorch and runs it on demand, as worker_netproto.py does. Needs torch alone; reads the net as JSON."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from typing import Any

import torch
import torch.nn.functional as F


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
    parser.add_argument("--infer", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    args = parser.parse_args()
    layers = json.loads(sys.stdin.readline())["layers"]
    net = CaffeNet(layers)
    layout = torch.channels_last if args.channels_last else torch.contiguous_format
    shapes = {t: s for layer in layers if layer["type"] == "Input" for t, s in layer["shapes"].items()}
    inputs = {
        t: torch.randn(s).contiguous(memory_format=layout) if len(s) == 4 else torch.zeros(s, dtype=torch.long) for t, s in shapes.items()
    }
    if args.channels_last:
        for name, weight in net.weights.items():
            if weight.ndim == 4:
                net.weights[name].data = weight.data.contiguous(memory_format=layout)
    optimizer = torch.optim.SGD(net.weights.values(), lr=1e-4, momentum=0.9, weight_decay=5e-4)
    losses = [(layer["tops"][0], layer.get("weight", 1.0)) for layer in layers if layer["type"] == "SoftmaxWithLoss"]

    def train() -> None:
        optimizer.zero_grad(set_to_none=True)
        values = net(inputs)
        sum(w * values[t] for t, w in losses).backward()
        optimizer.step()

    def infer() -> None:
        with torch.inference_mode():
            net(inputs)

    net.train(not args.infer)
    iterate = infer if args.infer else train
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            iterate()
        seconds = time.perf_counter() - start
        sys.stdout.write(json.dumps({"seconds": seconds, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
