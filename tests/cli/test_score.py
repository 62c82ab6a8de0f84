"""`test` and `time`: what they print, and what they refuse."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netproto.formats import weights as weights_files
from netproto.formats.weights import Weights

NET = """name: "tiny"
layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 5 dim: 3 } shape { dim: 5 }
    data_filler { type: "constant" value: 1 } data_filler { type: "constant" value: 1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 2 } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" loss_weight: 2 }
"""
WEIGHTS = {"ip": [np.array([[0.25, 0.5, -0.25], [1.0, 0.0, 0.5]], np.float32), np.array([0.0, 0.5], np.float32)]}
LOSS = float(np.log1p(np.exp(0.5 - 2.0)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET)
    weights_files.save("own.npz", Weights(WEIGHTS, net_text=NET))
    weights_files.save("bare.npz", Weights(WEIGHTS))
    weights_files.save("bare.caffemodel", Weights(WEIGHTS))
    return tmp_path


def said(err: str) -> list[str]:
    return [line.split("] ", 1)[1] for line in err.splitlines()]


@pytest.mark.parametrize("argv", [["--model", "net.prototxt", "--weights", "bare.caffemodel"], ["-weights=own.npz"]])
def test_it_prints_what_caffe_prints(argv: list[str], folder: Path, cli: Callable) -> None:
    result = cli("test", *argv, "--iterations", 3)
    assert (result.code, result.out) == (0, "")
    lines = said(result.err)
    assert lines[-10:] == [
        "Running for 3 iterations.",
        *(line for i in range(3) for line in (f"Batch {i}, accuracy = 1", f"Batch {i}, loss = {LOSS:g}")),
        f"Loss: {2 * LOSS:g}",
        "accuracy = 1",
        f"loss = {LOSS:g} (* 2 = {2 * LOSS:g} loss)",
    ]


def test_fifty_batches_are_caffes_default(folder: Path, cli: Callable) -> None:
    assert "Batch 49, accuracy = 1" in said(cli("test", "--weights", "own.npz").err)


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        (["--weights", "bare.npz"], 1, "bare.npz: does not hold the net that it belongs to. Name the net: --model"),
        (["--weights", "bare.caffemodel"], 1, "bare.caffemodel: does not hold the net that it belongs to"),
        (["--model", "net.prototxt"], 2, "the following arguments are required: --weights"),
        (["--weights", "absent.npz"], 1, "absent.npz: there is no such file"),
        (["--weights", "own.npz", "--model", "absent.prototxt"], 1, "absent.prototxt: no such file"),
        (["--weights", "own.npz", "--gpu", "3"], 1, "no GPU can be used"),
    ],
)
def test_what_it_refuses(argv: list[str], code: int, text: str, folder: Path, cli: Callable) -> None:
    result = cli("test", *argv)
    assert result.code == code
    assert text in result.err


def test_weights_that_do_not_fit(folder: Path, cli: Callable) -> None:
    (folder / "net.prototxt").write_text(NET.replace("num_output: 2", "num_output: 7"))
    result = cli("test", "--model", "net.prototxt", "--weights", "bare.npz")
    assert result.code == 1
    assert "layer 'ip' (InnerProduct): bare.npz holds 2x3 and 2, but the layer wants 7x3 and 7" in result.err


def test_strict(folder: Path, cli: Callable) -> None:
    (folder / "net.prototxt").write_text(NET.replace('name: "ip"', 'name: "op"'))
    assert cli("test", "--model", "net.prototxt", "--weights", "bare.npz", "--iterations", 1).code == 0
    result = cli("test", "--model", "net.prototxt", "--weights", "bare.npz", "--strict")
    assert result.code == 1
    assert "has no weights for op" in result.err


def test_time_prints_what_caffe_prints(folder: Path, cli: Callable) -> None:
    result = cli("time", "-model", "net.prototxt", "-iterations", 2, "-phase", "test")
    assert result.code == 0
    lines = said(result.err)
    number = r"[\d.e+-]+"
    layers = [name for name in ("data", "label_data_1_split", "ip", "ip_ip_0_split", "accuracy", "loss") for _ in range(2)]
    start = lines.index("*** Benchmark begins ***")
    assert lines[start + 1] == "Testing for 2 iterations."
    patterns = [rf"Iteration: {i} forward-backward time: {number} ms\." for i in (1, 2)]
    patterns += ["Average time per layer: "]
    patterns += [rf" *{name}\t{which}: {number} ms\." for name, which in zip(layers, ["forward", "backward"] * 6, strict=True)]
    patterns += [rf"Average {what}: {number} ms\." for what in ("Forward pass", "Backward pass", "Forward-Backward")]
    patterns += [rf"Total Time: {number} ms\.", r"\*\*\* Benchmark ends \*\*\*"]
    assert len(lines) == start + 2 + len(patterns)
    for pattern, line in zip(patterns, lines[start + 2 :], strict=True):
        assert re.fullmatch(pattern, line), line


def test_time_measures_the_gradients_of_a_net_without_a_loss(folder: Path, cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "net.prototxt").write_text("\n".join(line for line in NET.splitlines() if "loss" not in line))
    measured = []
    backward_layer = "netproto.net.net.Net.backward_layer"
    monkeypatch.setattr(backward_layer, lambda net, i: measured.append(net.layer_names[i]))
    assert cli("time", "--model", "net.prototxt", "--iterations", 1, "--phase", "TRAIN").code == 0
    assert measured == ["ip", "ip"]
