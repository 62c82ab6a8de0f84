"""The nets that are timed, written here from their published numbers, with their data and labels as inputs.

`python benchmarks/nets.py NAME [BATCH]` prints one as prototxt.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from netproto.layers.base import TEST
from netproto.schema import messages, rules, text

NETS: dict[str, Callable[[Builder], None]] = {}
SIZES = {"alexnet": 227, "caffenet": 227, "squeezenet11": 227, "lenet": 28, "cifar10_quick": 32}
CHANNELS = {"lenet": 1}
CLASSES = {"lenet": 10, "cifar10_quick": 10}


def net(name: str, batch: int, *, labels: bool = True) -> Any:
    """The NetParameter of a net in NETS, for training with a batch of this size; without labels, what is left of it in the TEST phase."""
    size, channels = SIZES.get(name, 224), CHANNELS.get(name, 3)
    builder = Builder(name)
    tops = {"data": [batch, channels, size, size], "label": [batch]}
    if not labels:
        del tops["label"]
    builder.add("Input", "data", [], list(tops), input_param={"shape": [{"dim": dims} for dims in tops.values()]})
    NETS[name](builder)
    return builder.net if labels else rules.filter_net(builder.net, messages.NetState(phase=TEST))


def entry(build: Callable[[Builder], None]) -> Callable[[Builder], None]:
    NETS[build.__name__] = build
    return build


class Builder:
    """Adds layers to a NetParameter; each method gives the name of its top."""

    def __init__(self, name: str):
        self.net = messages.NetParameter(name=name)
        self.classes = CLASSES.get(name, 1000)

    def add(self, kind: str, name: str, bottoms: Sequence[str], tops: Sequence[str] = (), **fields: Any) -> str:
        layer = messages.LayerParameter(name=name, type=kind, bottom=bottoms, top=tops or [name], **fields)
        self.net.layer.append(layer)
        return str(layer.top[0])

    def conv(self, name: str, bottom: str, outputs: int, kernel: int, *, relu: bool = True, **options: Any) -> str:
        options.setdefault("weight_filler", {"type": "msra"})
        spatial = {key: [options.pop(key)] for key in ("stride", "pad") if key in options}
        param = {"num_output": outputs, "kernel_size": [kernel], **spatial, **options}
        top = self.add("Convolution", name, [bottom], convolution_param=param)
        return self.relu(top) if relu else top

    def relu(self, bottom: str) -> str:
        return self.add("ReLU", f"relu_{bottom}", [bottom], [bottom])

    def pool(self, name: str, bottom: str, kernel: int, stride: int, pad: int = 0, method: str = "MAX") -> str:
        number = messages.PoolingParameter.PoolMethod.Value(method)
        return self.add("Pooling", name, [bottom], pooling_param={"pool": number, "kernel_size": kernel, "stride": stride, "pad": pad})

    def global_pool(self, name: str, bottom: str) -> str:
        return self.add("Pooling", name, [bottom], pooling_param={"pool": 1, "global_pooling": True})

    def lrn(self, name: str, bottom: str) -> str:
        return self.add("LRN", name, [bottom], lrn_param={"local_size": 5, "alpha": 1e-4, "beta": 0.75})

    def full(self, name: str, bottom: str, outputs: int, *, relu: bool = False, dropout: float = 0.0) -> str:
        param = {"num_output": outputs, "weight_filler": {"type": "gaussian", "std": 0.01}}
        top = self.add("InnerProduct", name, [bottom], inner_product_param=param)
        top = self.relu(top) if relu else top
        return self.dropout(top, dropout) if dropout else top

    def dropout(self, bottom: str, ratio: float) -> str:
        return self.add("Dropout", f"drop_{bottom}", [bottom], [bottom], dropout_param={"dropout_ratio": ratio})

    def normalised(self, name: str, bottom: str, outputs: int, kernel: int, *, relu: bool = True, **options: Any) -> str:
        """Convolution without bias, BatchNorm, Scale, ReLU."""
        top = self.conv(name, bottom, outputs, kernel, relu=False, bias_term=False, **options)
        self.add("BatchNorm", f"bn_{name}", [top], [top])
        self.add("Scale", f"scale_{name}", [top], [top], scale_param={"bias_term": True})
        return self.relu(top) if relu else top

    def loss(self, bottom: str, name: str = "loss", weight: float = 1.0) -> None:
        self.add("SoftmaxWithLoss", name, [bottom, "label"], loss_weight=[weight], include=[{"phase": 0}])


def _five_convolutions(b: Builder, *, pool_first: bool) -> None:
    def norm_and_pool(i: int, bottom: str) -> str:
        if pool_first:
            return b.lrn(f"norm{i}", b.pool(f"pool{i}", bottom, 3, 2))
        return b.pool(f"pool{i}", b.lrn(f"norm{i}", bottom), 3, 2)

    x = norm_and_pool(1, b.conv("conv1", "data", 96, 11, stride=4))
    x = norm_and_pool(2, b.conv("conv2", x, 256, 5, pad=2, group=2))
    x = b.conv("conv3", x, 384, 3, pad=1)
    x = b.conv("conv4", x, 384, 3, pad=1, group=2)
    x = b.pool("pool5", b.conv("conv5", x, 256, 3, pad=1, group=2), 3, 2)
    x = b.full("fc6", x, 4096, relu=True, dropout=0.5)
    x = b.full("fc7", x, 4096, relu=True, dropout=0.5)
    b.loss(b.full("fc8", x, b.classes))


@entry
def alexnet(b: Builder) -> None:
    """BVLC AlexNet: normalisation before pooling."""
    _five_convolutions(b, pool_first=False)


@entry
def caffenet(b: Builder) -> None:
    """BVLC CaffeNet: pooling before normalisation."""
    _five_convolutions(b, pool_first=True)


@entry
def vgg16(b: Builder) -> None:
    """Simonyan and Zisserman 2014, configuration D."""
    x = "data"
    for stage, (depth, outputs) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], 1):
        for i in range(1, depth + 1):
            x = b.conv(f"conv{stage}_{i}", x, outputs, 3, pad=1)
        x = b.pool(f"pool{stage}", x, 2, 2)
    x = b.full("fc6", x, 4096, relu=True, dropout=0.5)
    x = b.full("fc7", x, 4096, relu=True, dropout=0.5)
    b.loss(b.full("fc8", x, b.classes))


@entry
def googlenet(b: Builder) -> None:
    """Szegedy et al. 2014, with its two side losses, as BVLC GoogLeNet."""
    x = b.lrn("norm1", b.pool("pool1", b.conv("conv1", "data", 64, 7, stride=2, pad=3), 3, 2))
    x = b.conv("conv2", b.conv("conv2_reduce", x, 64, 1), 192, 3, pad=1)
    x = b.pool("pool2", b.lrn("norm2", x), 3, 2)
    x = _inception(b, "3a", x, 64, 96, 128, 16, 32, 32)
    x = _inception(b, "3b", x, 128, 128, 192, 32, 96, 64)
    x = _inception(b, "4a", b.pool("pool3", x, 3, 2), 192, 96, 208, 16, 48, 64)
    _side_loss(b, 1, x)
    x = _inception(b, "4b", x, 160, 112, 224, 24, 64, 64)
    x = _inception(b, "4c", x, 128, 128, 256, 24, 64, 64)
    x = _inception(b, "4d", x, 112, 144, 288, 32, 64, 64)
    _side_loss(b, 2, x)
    x = _inception(b, "4e", x, 256, 160, 320, 32, 128, 128)
    x = _inception(b, "5a", b.pool("pool4", x, 3, 2), 256, 160, 320, 32, 128, 128)
    x = _inception(b, "5b", x, 384, 192, 384, 48, 128, 128)
    x = b.dropout(b.pool("pool5", x, 7, 1, method="AVE"), 0.4)
    b.loss(b.full("classifier", x, b.classes), "loss3")


def _inception(b: Builder, name: str, x: str, one: int, three_in: int, three: int, five_in: int, five: int, pooled: int) -> str:
    branches = [
        b.conv(f"{name}_1x1", x, one, 1),
        b.conv(f"{name}_3x3", b.conv(f"{name}_3x3_reduce", x, three_in, 1), three, 3, pad=1),
        b.conv(f"{name}_5x5", b.conv(f"{name}_5x5_reduce", x, five_in, 1), five, 5, pad=2),
        b.conv(f"{name}_pool_proj", b.pool(f"{name}_pool", x, 3, 1, 1), pooled, 1),
    ]
    return b.add("Concat", f"{name}_output", branches)


def _side_loss(b: Builder, i: int, x: str) -> None:
    train = {"include": [{"phase": 0}]}
    before = len(b.net.layer)
    x = b.conv(f"loss{i}_conv", b.pool(f"loss{i}_pool", x, 5, 3, method="AVE"), 128, 1)
    x = b.full(f"loss{i}_fc", x, 1024, relu=True, dropout=0.7)
    b.loss(b.full(f"loss{i}_classifier", x, b.classes), f"loss{i}", 0.3)
    for layer in b.net.layer[before:-1]:
        layer.MergeFrom(messages.LayerParameter(**train))


@entry
def resnet50(b: Builder) -> None:
    """He et al. 2015: bottleneck blocks, the stride in the first 1x1 convolution."""
    x = b.pool("pool1", b.normalised("conv1", "data", 64, 7, stride=2, pad=3), 3, 2)
    for stage, (blocks, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], 2):
        for i in range(blocks):
            stride = 2 if i == 0 and stage > 2 else 1
            name = f"res{stage}{'abcdef'[i]}"
            shortcut = b.normalised(f"{name}_branch1", x, 4 * width, 1, relu=False, stride=stride) if i == 0 else x
            y = b.normalised(f"{name}_2a", x, width, 1, stride=stride)
            y = b.normalised(f"{name}_2b", y, width, 3, pad=1)
            y = b.normalised(f"{name}_2c", y, 4 * width, 1, relu=False)
            x = b.relu(b.add("Eltwise", name, [shortcut, y]))
    b.loss(b.full("fc1000", b.pool("pool5", x, 7, 1, method="AVE"), b.classes))


@entry
def squeezenet11(b: Builder) -> None:
    """Iandola et al. 2016, version 1.1."""
    x = b.pool("pool1", b.conv("conv1", "data", 64, 3, stride=2), 3, 2)
    for i, (squeeze, expand) in enumerate([(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)], 2):
        s = b.conv(f"fire{i}_squeeze", x, squeeze, 1)
        x = b.add("Concat", f"fire{i}", [b.conv(f"fire{i}_1x1", s, expand, 1), b.conv(f"fire{i}_3x3", s, expand, 3, pad=1)])
        if i in (3, 5):
            x = b.pool(f"pool{i}", x, 3, 2)
    x = b.conv("conv10", b.dropout(x, 0.5), b.classes, 1)
    b.loss(b.global_pool("pool10", x))


@entry
def mobilenet1(b: Builder) -> None:
    """Howard et al. 2017: depthwise convolutions written as groups."""
    x, channels = b.normalised("conv1", "data", 32, 3, stride=2, pad=1), 32
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    outputs = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
    for i, (stride, output) in enumerate(zip(strides, outputs, strict=True), 2):
        x = b.normalised(f"conv{i}_dw", x, channels, 3, stride=stride, pad=1, group=channels)
        x, channels = b.normalised(f"conv{i}_sep", x, output, 1), output
    b.loss(b.conv("fc7", b.global_pool("pool6", x), b.classes, 1, relu=False))


@entry
def lenet(b: Builder) -> None:
    """Caffe's LeNet: 20 and 50 filters of 5x5, no squashing after them."""
    x = b.pool("pool1", b.conv("conv1", "data", 20, 5, relu=False), 2, 2)
    x = b.pool("pool2", b.conv("conv2", x, 50, 5, relu=False), 2, 2)
    b.loss(b.full("ip2", b.full("ip1", x, 500, relu=True), b.classes))


@entry
def cifar10_quick(b: Builder) -> None:
    """Caffe's quick CIFAR-10 net."""
    x = b.relu(b.pool("pool1", b.conv("conv1", "data", 32, 5, pad=2, relu=False), 3, 2))
    x = b.pool("pool2", b.conv("conv2", x, 32, 5, pad=2), 3, 2, method="AVE")
    x = b.pool("pool3", b.conv("conv3", x, 64, 5, pad=2), 3, 2, method="AVE")
    b.loss(b.full("ip2", b.full("ip1", x, 64), b.classes))


if __name__ == "__main__":
    print(text.dump(net(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)))
