"""The training nets of examples/, with drawn pictures in the place of their databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..blob import Shape
from ..errors import DataError, Place
from ..layers.base import TRAIN
from ..schema import messages, rules, upgrade

PACKAGE = Path(__file__).parents[1]

PICTURES: dict[str, Shape] = {
    "autoencoder/train_test.prototxt": (1, 28, 28),
    "bvlc_alexnet/train_val.prototxt": (3, 227, 227),
    "caffenet/train_val.prototxt": (3, 227, 227),
    "cifar10/full_train_test.prototxt": (3, 32, 32),
    "cifar10/quick_train_test.prototxt": (3, 32, 32),
    "fashion_mnist/train_test.prototxt": (1, 224, 224),
    "fashion_mnist/exercises/lenet5_train_test.prototxt": (1, 28, 28),
    "googlenet/train_val.prototxt": (3, 224, 224),
    "keras_alexnet/train_val.prototxt": (3, 277, 277),
    "lenet/train_test.prototxt": (1, 28, 28),
    "paper_alexnet/train_val.prototxt": (3, 227, 227),
    "paper_alexnet/two_towers_train_val.prototxt": (3, 227, 227),
    "siamese/train_test.prototxt": (2, 28, 28),
    "tensorflow_alexnet/train_val.prototxt": (3, 227, 227),
    "vgg16/train_val.prototxt": (3, 224, 224),
}
"""Every training net of examples/, and the shape of one of its pictures."""

MNIST, CLASSES = 28, 10
SMALL, NARROWER = 67, 8
"""Where pictures are larger than MNIST's: their side, and what channels are divided by. All layers are left, and little arithmetic."""
SMALLER = {"googlenet/train_val.prototxt": 32, "vgg16/train_val.prototxt": 32}
"""Sides of pictures that are still enough for these."""


def examples() -> Path:
    """The folder of the example nets: in an installed netproto, or beside it in the source tree. Raises DataError where there is none."""
    for folder in (PACKAGE / "examples", PACKAGE.parent / "examples"):
        if folder.is_dir():
            return folder
    raise DataError("there is no folder of example nets", place=Place(str(PACKAGE)), hint="pip install --force-reinstall netproto")


def example_net(name: str, batch: int, *, small: bool = False, drawn: bool = True) -> Any:
    """The upgraded NetParameter of one of PICTURES for training, on pictures that are all of class 1.

    small: a large net is made small. drawn: new pictures for each pass; else one grey batch, which costs nothing.
    """
    net = rules.filter_net(upgrade.load_net(str(examples() / name)), messages.NetState(phase=TRAIN))
    channels, side, _ = shape = PICTURES[name]
    if small and side > MNIST:
        side = min(side, SMALLER.get(name, SMALL))
        shape = (channels, side, side)
        for layer in net.layer:
            _make_small(layer)
    for layer in net.layer:
        if layer.type == "Data":
            _replace(layer, batch, shape, "uniform" if drawn else "constant")
    return net


def _make_small(layer: Any) -> None:
    """Fewer channels; and pooling over the whole plane where a window would be wider than it."""
    for param in (layer.convolution_param, layer.inner_product_param):
        if param.num_output > CLASSES:
            param.num_output //= NARROWER
    for i, extent in enumerate(layer.reshape_param.shape.dim):
        if extent > 1:
            layer.reshape_param.shape.dim[i] = extent // NARROWER
    if layer.pooling_param.kernel_size > 4:
        layer.pooling_param.CopyFrom(messages.PoolingParameter(pool=layer.pooling_param.pool, global_pooling=True))


def _replace(layer: Any, batch: int, shape: Shape, filler: str) -> None:
    """Make a Data layer a DummyData layer with the same tops."""
    layer.ClearField("data_param")
    layer.ClearField("transform_param")
    layer.type, param = "DummyData", layer.dummy_data_param
    for dims, kind, value in (((batch, *shape), filler, 0.5), ((batch,), "constant", 1))[: len(layer.top)]:
        param.shape.add(dim=dims)
        param.data_filler.add(type=kind, value=value)
