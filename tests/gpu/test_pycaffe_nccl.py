"""pycaffe's NCCL, as python/train.py of Caffe uses it. The fake's devices are of one process, so threads stand in for processes."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.errors import DeviceError
from netproto.pycaffe import mode

from . import fakecupy

NET = """
layer { name: "data" type: "Input" top: "x" top: "y" input_param { shape { dim: 3 dim: 5 } shape { dim: 3 dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "y" top: "loss" }
"""
DRAWN = np.random.default_rng(3)
X, Y = DRAWN.standard_normal((6, 5)), DRAWN.standard_normal((6, 2))


@pytest.fixture(autouse=True)
def _ranks_of_threads(cupy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread has the switches that a process would have."""

    class Mode(mode._Mode, threading.local):
        pass

    monkeypatch.setattr(mode, "_mode", Mode())


def solver_file(folder: Path) -> str:
    net, solver = folder / "net.prototxt", folder / "solver.prototxt"
    net.write_text(NET)
    solver.write_text(
        f"net: '{net}' base_lr: 0.1 momentum: 0.9 lr_policy: 'fixed' max_iter: 4 snapshot_prefix: '{folder}/snap' snapshot: 2"
    )
    return str(solver)


def solve(path: str, uid: bytes, rank: int, ranks: int, found: dict[int, np.ndarray], seeds: set[int]) -> None:
    """What train.py does in each process."""
    caffe.set_device(rank)
    caffe.set_mode_gpu()
    caffe.set_solver_count(ranks)
    caffe.set_solver_rank(rank)
    caffe.set_multiprocess(True)
    solver = caffe.SGDSolver(path)
    nccl = caffe.NCCL(solver, uid)
    nccl.bcast()
    seeds.add(solver.core.seed)
    solver.add_callback(nccl)
    if solver.param.layer_wise_reduce:
        solver.net.after_backward(nccl)
    rows = slice(rank, None, ranks)
    solver.net.blobs["x"].data[...] = X[rows][:3]
    solver.net.blobs["y"].data[...] = Y[rows][:3]
    solver.step(solver.param.max_iter)
    found[rank] = solver.net.params["ip"][0].data.copy()


def test_processes_train_together(tmp_path: Path) -> None:
    assert caffe.has_nccl()
    uid = caffe.NCCL.new_uid()
    assert isinstance(uid, bytes)
    found: dict[int, np.ndarray] = {}
    seeds: set[int] = set()
    threads = [threading.Thread(target=solve, args=(solver_file(tmp_path), uid, rank, 2, found, seeds)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found[0], found[1])
    assert len(seeds) == 1
    assert len(list(tmp_path.glob("snap_iter_*.solverstate"))) == 2


def test_a_solver_alone_is_as_without(tmp_path: Path) -> None:
    found: dict[int, np.ndarray] = {}
    caffe.set_random_seed(5)
    solve(solver_file(tmp_path), caffe.NCCL.new_uid(), 0, 1, found, set())
    caffe.set_random_seed(5)
    solver = caffe.SGDSolver(solver_file(tmp_path))
    solver.net.blobs["x"].data[...] = X[:3]
    solver.net.blobs["y"].data[...] = Y[:3]
    solver.step(4)
    np.testing.assert_allclose(found[0], solver.net.params["ip"][0].data, rtol=1e-6)


def test_a_solver_on_the_cpu(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"NCCL is for solvers that compute on a GPU\. caffe\.set_mode_gpu\(\)"):
        caffe.NCCL(caffe.SGDSolver(solver_file(tmp_path)), caffe.NCCL.new_uid())


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakecupy.nccl, "available", False)
    assert not caffe.has_nccl()
    with pytest.raises(DeviceError, match="NCCL is not installed"):
        caffe.NCCL.new_uid()


def test_nets_remember_their_gpus(tmp_path: Path) -> None:
    solver_file(tmp_path)
    caffe.set_mode_gpu()
    nets = []
    for device in (0, 1):
        caffe.set_device(device)
        nets.append(caffe.Net(str(tmp_path / "net.prototxt"), caffe.TRAIN))
    for net in (*nets, *nets):
        net.blobs["x"].reshape(2, 5)
        net.blobs["y"].reshape(2, 2)
        net.reshape()
        net.params["ip"][0].data[...] = 1
        assert net.forward(x=X[:2], y=np.zeros((2, 2)))["loss"] == pytest.approx((X[:2].sum(1) ** 2).sum() / 2, rel=1e-5)
        net.backward()
    for net in (*nets, *nets):
        net.forward()
    for device, net in enumerate(nets):
        assert {blob.data.device.id for blob in net.core.params["ip"]} == {device}
        assert net.params["ip"][0].diff.any()


def test_callbacks_see_what_is_there_now(tmp_path: Path) -> None:
    """A copy of a blob that a callback has read is not what the next pass begins with."""
    found = []
    for mode_of in (caffe.set_mode_cpu, caffe.set_mode_gpu):
        caffe.set_random_seed(5)
        mode_of()
        solver = caffe.SGDSolver(solver_file(tmp_path))
        solver.net.blobs["x"].data[...] = X[:3]
        seen: list[float] = []
        solver.add_callback(lambda s=solver, seen=seen: seen.append(float(s.net.params["ip"][0].data.sum())), lambda: None)
        solver.net.after_forward(lambda layer, s=solver, seen=seen: seen.append(float(s.net.blobs["ip"].data.sum())))
        solver.step(3)
        found.append(seen)
    assert len(set(found[0])) > 6
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)
