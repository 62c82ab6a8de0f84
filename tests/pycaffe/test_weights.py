"""Weights of pycaffe's nets to files and back."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.errors import FormatError
from netproto.schema import messages

from .helpers import NET, small_net, write


@pytest.mark.parametrize("name", ["w.caffemodel", "w", "w.bin", "w.npz", "w.h5", "w.safetensors"])
def test_what_was_saved_comes_back(tmp_path: Path, name: str) -> None:
    net = small_net(tmp_path)
    net.save(str(tmp_path / name))
    other = small_net(tmp_path)
    assert not np.array_equal(other.params["conv"][0].data, net.params["conv"][0].data)
    other.copy_from(str(tmp_path / name))
    for layer in net.params:
        for mine, its in zip(net.params[layer], other.params[layer], strict=True):
            np.testing.assert_array_equal(mine.data, its.data)


def test_a_name_without_a_known_suffix_is_a_caffemodel(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.save(tmp_path / "weights")
    read = messages.NetParameter.FromString((tmp_path / "weights").read_bytes())
    conv = next(layer for layer in read.layer if layer.name == "conv")
    np.testing.assert_array_equal(conv.blobs[0].data, net.params["conv"][0].data.ravel())


def test_hdf5_whatever_the_name(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.save_hdf5(tmp_path / "weights")
    with h5py.File(tmp_path / "weights") as file:
        np.testing.assert_array_equal(file["data/ip/0"], net.params["ip"][0].data)
    other = small_net(tmp_path)
    other.load_hdf5(tmp_path / "weights")
    np.testing.assert_array_equal(other.params["ip"][0].data, net.params["ip"][0].data)


def test_shared_weights_are_the_same_memory(tmp_path: Path) -> None:
    net, other = small_net(tmp_path), small_net(tmp_path)
    other.share_with(net)
    net.params["ip"][1].data[...] = 7
    assert (other.params["ip"][1].data == 7).all()
    assert (other.layer_dict["ip"].blobs[1].data == 7).all()


def test_weights_of_another_shape(tmp_path: Path) -> None:
    small_net(tmp_path).save(tmp_path / "w.caffemodel")
    with pytest.raises(FormatError, match="holds 4x45 and 4, but the layer wants 5x45 and 5"):
        caffe.Net(write(tmp_path, NET.replace("num_output: 4", "num_output: 5")), caffe.TEST, weights=tmp_path / "w.caffemodel")
