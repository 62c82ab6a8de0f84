"""The example files say what BVLC published, and run.

The numbers are those of models/bvlc_alexnet and examples/mnist in BVLC/caffe at 9b89154.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any

import pytest

from netproto.net import graph
from netproto.sample import cache, prepare, sheets
from netproto.schema import messages, text, upgrade

EXAMPLES = Path(__file__).parents[2] / "examples"
TRAIN, TEST = 0, 1

CONVOLUTIONS = {  # num_output, kernel, stride, pad, group, std, bias
    "conv1": (96, 11, 4, 0, 1, 0.01, 0.0),
    "conv2": (256, 5, 1, 2, 2, 0.01, 0.1),
    "conv3": (384, 3, 1, 1, 1, 0.01, 0.0),
    "conv4": (384, 3, 1, 1, 2, 0.01, 0.1),
    "conv5": (256, 3, 1, 1, 2, 0.01, 0.1),
}
INNER_PRODUCTS = {"fc6": (4096, 0.005, 0.1), "fc7": (4096, 0.005, 0.1), "fc8": (1000, 0.01, 0.0)}
ALEXNET_WEIGHTS = 60_965_224
LENET_WEIGHTS = 431_080

ALEXNET_SOLVER = """
base_lr: 0.01 lr_policy: "step" gamma: 0.1 stepsize: 100000 momentum: 0.9 weight_decay: 0.0005 max_iter: 450000
test_iter: 1000 test_interval: 1000 display: 20 snapshot: 10000 solver_mode: GPU
net: "examples/bvlc_alexnet/train_val.prototxt" snapshot_prefix: "examples/bvlc_alexnet/caffe_alexnet_train"
"""
LENET_SOLVER = """
base_lr: 0.01 lr_policy: "inv" gamma: 0.0001 power: 0.75 momentum: 0.9 weight_decay: 0.0005 max_iter: 10000
test_iter: 100 test_interval: 500 display: 100 snapshot: 5000 solver_mode: GPU
net: "examples/lenet/train_test.prototxt" snapshot_prefix: "examples/lenet/lenet"
"""


def load(path: str) -> Any:
    return upgrade.load_net(str(EXAMPLES / path))


def layers(net: Any, kind: str) -> dict[str, Any]:
    return {layer.name: layer for layer in net.layer if layer.type == kind}


def shapes(net: Any, phase: int) -> dict[str, tuple[int, ...]]:
    built = graph.build(graph.prepare(net, phase), phase)
    return dict(zip(built.blob_names, built.shapes, strict=True))


def weights(net: Any, phase: int = TEST) -> dict[str, tuple[int, ...]]:
    return {param.key: param.shape for param in graph.build(graph.prepare(net, phase), phase).learned}


def number_of_weights(net: Any) -> int:
    return sum(prod(shape) for shape in weights(net).values())


def multipliers(layer: Any) -> list[tuple[float, float]]:
    return [(param.lr_mult, param.decay_mult) for param in layer.param]


def test_alexnet_convolutions() -> None:
    found = layers(load("bvlc_alexnet/train_val.prototxt"), "Convolution")
    assert list(found) == list(CONVOLUTIONS)
    for name, (num_output, kernel, stride, pad, group, std, bias) in CONVOLUTIONS.items():
        param = found[name].convolution_param
        assert (param.num_output, list(param.kernel_size), param.group) == (num_output, [kernel], group)
        assert (list(param.stride) or [1], list(param.pad) or [0]) == ([stride], [pad])
        assert (param.weight_filler.type, param.weight_filler.std) == ("gaussian", pytest.approx(std))
        assert (param.bias_filler.type, param.bias_filler.value) == ("constant", pytest.approx(bias))
        assert multipliers(found[name]) == [(1, 1), (2, 0)]


def test_alexnet_inner_products() -> None:
    found = layers(load("bvlc_alexnet/train_val.prototxt"), "InnerProduct")
    assert list(found) == list(INNER_PRODUCTS)
    for name, (num_output, std, bias) in INNER_PRODUCTS.items():
        param = found[name].inner_product_param
        assert param.num_output == num_output
        assert (param.weight_filler.type, param.weight_filler.std) == ("gaussian", pytest.approx(std))
        assert (param.bias_filler.type, param.bias_filler.value) == ("constant", pytest.approx(bias))
        assert multipliers(found[name]) == [(1, 1), (2, 0)]


@pytest.mark.parametrize("file", ["train_val", "deploy"])
def test_alexnet_normalises_before_it_pools(file: str) -> None:
    net = load(f"bvlc_alexnet/{file}.prototxt")
    norms, pools, drops = layers(net, "LRN"), layers(net, "Pooling"), layers(net, "Dropout")
    assert {name: list(layer.bottom) for name, layer in norms.items()} == {"norm1": ["conv1"], "norm2": ["conv2"]}
    assert {name: list(layer.bottom) for name, layer in pools.items()} == {"pool1": ["norm1"], "pool2": ["norm2"], "pool5": ["conv5"]}
    for layer in norms.values():
        param = layer.lrn_param
        assert (param.local_size, param.alpha, param.beta) == (5, pytest.approx(0.0001), pytest.approx(0.75))
    for layer in pools.values():
        param = layer.pooling_param
        assert (messages.enum_name(param, "pool"), param.kernel_size, param.stride) == ("MAX", 3, 2)
    assert {name: layer.dropout_param.dropout_ratio for name, layer in drops.items()} == {"drop6": 0.5, "drop7": 0.5}


def test_alexnet_data() -> None:
    train, test = (layer for layer in load("bvlc_alexnet/train_val.prototxt").layer if layer.type == "Data")
    assert (train.data_param.batch_size, test.data_param.batch_size) == (256, 50)
    assert (train.transform_param.mirror, test.transform_param.mirror) == (True, False)
    for layer, source in [(train, "examples/imagenet/ilsvrc12_train_lmdb"), (test, "examples/imagenet/ilsvrc12_val_lmdb")]:
        assert layer.data_param.source == source
        assert messages.enum_name(layer.data_param, "backend") == "LMDB"
        assert layer.transform_param.crop_size == 227
        assert layer.transform_param.mean_file == "data/ilsvrc12/imagenet_mean.binaryproto"


@pytest.mark.parametrize(("file", "expected"), [("bvlc_alexnet", ALEXNET_SOLVER), ("lenet", LENET_SOLVER)])
def test_solvers(file: str, expected: str) -> None:
    found = messages.without_places(text.load(str(EXAMPLES / file / "solver.prototxt"), messages.SolverParameter))
    assert found == messages.without_places(text.parse(expected, messages.SolverParameter))


@pytest.mark.parametrize(
    ("train", "deploy", "count"),
    [
        ("bvlc_alexnet/train_val", "bvlc_alexnet/deploy", ALEXNET_WEIGHTS),
        ("lenet/train_test", "lenet/deploy", LENET_WEIGHTS),
    ],
)
def test_the_weights_of_training_fit_the_deploy_net(
    train: str, deploy: str, count: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deployed = load(f"{deploy}.prototxt")
    assert number_of_weights(deployed) == count
    prepared = prepare(load(f"{train}.prototxt"), cache_dir=small_sample(monkeypatch, tmp_path))
    assert weights(prepared.net) == weights(deployed)


def test_the_shapes_that_the_comments_say() -> None:
    """A comment over a stage says the shape of its first top."""
    for file, phase in [("bvlc_alexnet/deploy.prototxt", TEST), ("lenet/deploy.prototxt", TEST)]:
        found = shapes(load(file), phase)
        said = re.findall(r"^# ([\dx ]+?)(?:;.*)?\nlayer \{\n  name: \"(\w+)\"", (EXAMPLES / file).read_text(), re.MULTILINE)
        assert len(said) >= 6
        for shape, name in said:
            assert [int(extent) for extent in shape.split(" x ")] == list(found[name][1:]), name


def test_lenet_is_caffes() -> None:
    net = load("lenet/train_test.prototxt")
    convolutions, products = layers(net, "Convolution"), layers(net, "InnerProduct")
    assert {name: layer.convolution_param.num_output for name, layer in convolutions.items()} == {"conv1": 20, "conv2": 50}
    assert {name: layer.inner_product_param.num_output for name, layer in products.items()} == {"ip1": 500, "ip2": 10}
    for layer in [*convolutions.values(), *products.values()]:
        assert multipliers(layer) == [(1, 1), (2, 1)]
    train, test = (layer for layer in net.layer if layer.type == "Data")
    assert (train.data_param.batch_size, test.data_param.batch_size) == (64, 100)
    assert train.transform_param.scale == test.transform_param.scale == 1 / 256


def test_lenet_learns_from_the_sample_and_is_scored_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """README's commands, for fewer iterations: nobody guesses 60 % of ten classes."""
    shutil.copytree(EXAMPLES / "lenet", tmp_path / "examples" / "lenet", ignore=shutil.ignore_patterns("*.npz"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    log = netproto(tmp_path, "train", "--solver", "examples/lenet/solver.prototxt", "--sample", "--max-iter", "100")
    assert "Fashion-MNIST" in log
    net = tmp_path / "examples/lenet/train_test.prototxt"
    assert net.read_bytes() == (EXAMPLES / "lenet/train_test.prototxt").read_bytes()
    log = netproto(tmp_path, "test", "--weights", "examples/lenet/lenet_iter_100.npz")
    assert float(re.findall(r"accuracy = ([\d.]+)", log)[-1]) > 0.6


def netproto(folder: Path, *arguments: str) -> str:
    """All that a command prints."""
    done = subprocess.run([sys.executable, "-m", "netproto", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def small_sample(monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """A cache folder; the sample in it has ten training and ten test pictures."""
    load_all = sheets.load
    monkeypatch.setattr(sheets, "load", lambda split: tuple(array[:: len(array) // 10] for array in load_all(split)))
    assert cache.folder(cache.Format(28, 1), str(folder)).is_dir()
    return str(folder)
