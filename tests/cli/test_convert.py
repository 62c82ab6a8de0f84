"""Weights from format to format, and old net and solver files in today's form."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netproto.formats import weights as weights_files
from netproto.formats.weights import Weights
from netproto.schema import messages, text

V1 = """name: "old"
input: "data"
input_dim: 2
input_dim: 3
input_dim: 7
input_dim: 5
layers { name: "r" type: RELU bottom: "data" top: "r" }
"""


@pytest.fixture
def arrays() -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(5)
    shapes = {"conv": [(5, 3, 2, 2), (5,)], "ip": [(7, 11)]}
    return {name: [rng.normal(size=s).astype(np.float32) for s in own] for name, own in shapes.items()}


@pytest.mark.parametrize("target", ["b.npz", "b.caffemodel", "b.caffemodel.h5", "b.safetensors"])
@pytest.mark.parametrize("source", ["a.npz", "a.caffemodel", "a.caffemodel.h5", "a.safetensors"])
def test_every_format_into_every_other(source: str, target: str, arrays: dict, cli: Callable, tmp_path: Path) -> None:
    weights_files.save(tmp_path / source, Weights(arrays))
    result = cli("convert", tmp_path / source, tmp_path / target)
    assert result.code == 0
    assert "2 layers, 3 arrays, 142 numbers" in result.err
    got = weights_files.load(tmp_path / target)
    assert set(got) == set(arrays)
    for name, own in arrays.items():
        for mine, its in zip(own, got[name], strict=True):
            np.testing.assert_array_equal(its, mine)


def test_a_net_can_be_written_into_the_file(arrays: dict, cli: Callable, tmp_path: Path) -> None:
    weights_files.save(tmp_path / "a.npz", Weights(arrays))
    (tmp_path / "net.prototxt").write_text(V1)
    assert cli("convert", tmp_path / "a.npz", tmp_path / "b.npz", "--model", tmp_path / "net.prototxt").code == 0
    assert weights_files.load(tmp_path / "b.npz").message().name == "old"


def test_a_mean_file_there_and_back(cli: Callable, tmp_path: Path) -> None:
    values = np.random.default_rng(3).normal(size=(3, 7, 5)).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    assert "3 channels of 7 x 5" in cli("convert", tmp_path / "a.npy", tmp_path / "b.binaryproto").err
    assert cli("convert", tmp_path / "b.binaryproto", tmp_path / "c.npy").code == 0
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), values)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("absent.npz", "b.npz", "absent.npz: there is no such file"),
        ("empty.npz", "b.npz", "empty.npz: is empty"),
        ("page.caffemodel", "b.npz", "page.caffemodel: is a web page"),
        ("noise.caffemodel", "b.npz", "noise.caffemodel: is no .caffemodel, or a broken one"),
        ("a.npz", "b.onnx", "b.onnx: no weights format has this suffix"),
        ("a.npz", "absent/b.npz", "absent/b.npz: cannot be written: No such file or directory. Create its folder first"),
    ],
)
def test_what_cannot_be_converted(source: str, target: str, said: str, arrays: dict, cli: Callable, tmp_path: Path) -> None:
    weights_files.save(tmp_path / "a.npz", Weights(arrays))
    (tmp_path / "empty.npz").touch()
    (tmp_path / "page.caffemodel").write_text("<!DOCTYPE html><title>404</title>")
    (tmp_path / "noise.caffemodel").write_bytes(bytes(range(255, 0, -1)))
    result = cli("convert", tmp_path / source, tmp_path / target)
    assert result.code == 1
    assert said in result.err
    assert not (tmp_path / target).exists()


def test_upgrade_a_net(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "old.prototxt").write_text(V1)
    assert cli("upgrade", tmp_path / "old.prototxt", tmp_path / "new.prototxt").code == 0
    net = text.load(tmp_path / "new.prototxt", messages.NetParameter)
    assert [(layer.name, layer.type) for layer in net.layer] == [("input", "Input"), ("r", "ReLU")]
    assert list(net.layer[0].input_param.shape[0].dim) == [2, 3, 7, 5]


def test_upgrade_a_solver_to_the_screen(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "old.prototxt").write_text('net: "n"\nsolver_type: NESTEROV\n')
    result = cli("upgrade", tmp_path / "old.prototxt")
    assert result.code == 0
    assert 'type: "Nesterov"' in result.out
    assert "solver_type" not in result.out


def test_upgrade_a_binary_net(arrays: dict, cli: Callable, tmp_path: Path) -> None:
    old = messages.NetParameter()
    layer = old.layers.add(
        name="ip", type=messages.V1LayerParameter.InnerProduct if hasattr(messages.V1LayerParameter, "InnerProduct") else 14
    )
    blob = layer.blobs.add(num=1, channels=1, height=7, width=11)
    blob.data.extend(arrays["ip"][0].ravel().tolist())
    (tmp_path / "old.caffemodel").write_bytes(old.SerializeToString())
    assert cli("upgrade", tmp_path / "old.caffemodel", tmp_path / "new.caffemodel").code == 0
    new = messages.NetParameter.FromString((tmp_path / "new.caffemodel").read_bytes())
    assert not new.layers
    assert (new.layer[0].name, new.layer[0].type) == ("ip", "InnerProduct")
    np.testing.assert_array_equal(np.array(new.layer[0].blobs[0].data, np.float32), arrays["ip"][0].ravel())


def test_a_binary_net_is_not_shown_on_the_screen(arrays: dict, cli: Callable, tmp_path: Path) -> None:
    weights_files.save(tmp_path / "a.caffemodel", Weights(arrays))
    result = cli("upgrade", tmp_path / "a.caffemodel")
    assert result.code == 1
    assert "a.caffemodel: is binary, so it cannot be shown" in result.err
