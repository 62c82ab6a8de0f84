"""What Keras saved gives, in a net of ours, what Keras said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from netproto.cli.main import main
from netproto.errors import FormatError, NetprotoError
from netproto.formats import keras
from netproto.formats import weights as weights_files
from netproto.formats.weights import Weights
from netproto.net import channels_last
from netproto.net.loading import copy_weights
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import upgrade
from tests.golden.keras.made_up import made_up

GOLDEN = Path(__file__).parents[1] / "golden" / "keras"
FILES = ["unnamed.h5", "named.h5", "unnamed.weights.h5", "named.weights.h5"]


def answer(message: Any, weights: Weights, pictures: np.ndarray) -> np.ndarray:
    """What the net says of pictures (N, height, width, channels)."""
    net = Net(message, ops=CpuOps(), phase=1)
    copy_weights(net, weights, strict=True)
    net.blobs["data"].data[...] = pictures.transpose(0, 3, 1, 2)
    net.forward()
    return np.array(net.blobs["prob"].data)


@pytest.mark.parametrize("file", FILES)
def test_recorded_outputs(file: str) -> None:
    assert keras.is_keras(GOLDEN / file)
    message = upgrade.load_net(str(GOLDEN / "small.prototxt"))
    got = answer(message, channels_last.for_net(keras.load(GOLDEN / file), message), made_up((2, 99, 131, 3), 0.5) + 0.5)
    wanted = np.load(GOLDEN / "outputs.npz")["small"]
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5 * wanted.max())


def test_a_net_that_flattens_without_saying_so() -> None:
    """In Caffe an InnerProduct flattens what it gets."""
    message = upgrade.load_net(str(GOLDEN / "small.prototxt"))
    plain = type(message)()
    plain.CopyFrom(message)
    del plain.layer[:]
    plain.layer.extend(layer for layer in message.layer if layer.type != "Flatten")
    next(layer for layer in plain.layer if layer.name == "fc6").bottom[0] = "pool5"
    loaded = [channels_last.for_net(keras.load(GOLDEN / FILES[0]), net)["fc6"][0] for net in (message, plain)]
    np.testing.assert_array_equal(*loaded)


def changed(edit: Callable[[Any], None]) -> Any:
    message = upgrade.load_net(str(GOLDEN / "small.prototxt"))
    edit({layer.name: layer for layer in message.layer})
    return message


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda layers: layers["conv2"].convolution_param.kernel_size.__setitem__(0, 3),
            "holds 6x5x5x5 and 6, but",
        ),
        (lambda layers: setattr(layers["relu6"], "type", "PReLU"), "a PReLU layer finds no weights"),
        (lambda layers: setattr(layers["fc7"], "type", "Sigmoid"), "holds 3 layers whose weights have 2 axes, but the net has 2"),
    ],
)
def test_a_net_that_is_another(edit: Callable[[Any], None], said: str) -> None:
    with pytest.raises(NetprotoError, match=said):
        channels_last.for_net(keras.load(GOLDEN / "unnamed.h5"), changed(edit))


def test_arrays_that_no_layer_of_ours_has(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["layers/conv3d/vars/0"] = np.zeros((1, 2, 3, 4, 5), np.float32)
    with pytest.raises(FormatError, match=r"an array of the shape \(1, 2, 3, 4, 5\)"):
        keras.load(tmp_path / "x.h5")


def test_what_is_not_keras_is_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["data/conv1/0"] = np.zeros((2, 3), np.float32)
    (tmp_path / "x.npz").write_bytes(b"PK\3\4")
    assert not keras.is_keras(tmp_path / "x.h5")
    assert not keras.is_keras(tmp_path / "x.npz")


def test_convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["convert", str(GOLDEN / "unnamed.h5"), "x.npz", "--model", str(GOLDEN / "small.prototxt")]) == 0
    message = upgrade.load_net(str(GOLDEN / "small.prototxt"))
    got = answer(message, weights_files.load("x.npz"), made_up((2, 99, 131, 3), 0.5) + 0.5)
    np.testing.assert_allclose(got, np.load(GOLDEN / "outputs.npz")["small"], rtol=0, atol=3e-6)
    assert main(["convert", str(GOLDEN / "unnamed.h5"), "y.npz"]) == 1
