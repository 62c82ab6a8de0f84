"""Nets whose arrays are not the host's: what a script writes reaches them, what they compute reaches the script."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.ops.cpu import CpuOps

from .helpers import NET, write


class DeviceOps(CpuOps):
    def to_host(self, array: np.ndarray) -> np.ndarray:
        return np.array(array)


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> caffe.Net:
    monkeypatch.setattr("netproto.pycaffe.net.current_ops", DeviceOps)
    return caffe.Net(write(tmp_path, NET), caffe.TEST)


def test_forward_and_backward(net: caffe.Net) -> None:
    net.blobs["data"].data[...] = 1
    net.params["ip"][0].data[...] = 0
    net.params["ip"][1].data[...] = [1, 2, 3, 5]
    assert net.forward(blobs=["ip"])["ip"].tolist() == [[1, 2, 3, 5]] * 2
    net.params["ip"][1].data[0] = 7
    assert net.forward(blobs=["ip"])["ip"][0, 0] == 7
    gradient = np.arange(8, dtype=np.float32).reshape(2, 4)
    net.backward(start="ip", end="ip", ip=gradient)
    np.testing.assert_array_equal(net.params["ip"][1].diff, gradient.sum(0))
    net.clear_param_diffs()
    assert not net.params["ip"][1].diff.any()


def test_files_have_what_was_written(net: caffe.Net, tmp_path: Path) -> None:
    net.params["ip"][1].data[...] = [1, 2, 3, 5]
    net.save(tmp_path / "w.npz")
    net.params["ip"][1].data[...] = 0
    net.copy_from(tmp_path / "w.npz")
    assert net.params["ip"][1].data.tolist() == [1, 2, 3, 5]
