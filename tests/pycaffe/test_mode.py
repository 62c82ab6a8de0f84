"""Caffe's global switches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.errors import DeviceError

from .helpers import small_net


def test_a_seed_decides_the_draws_of_all_nets_made_after_it(tmp_path: Path) -> None:
    def drawn() -> list[np.ndarray]:
        caffe.set_random_seed(7)
        return [small_net(tmp_path).params["conv"][0].data for _ in range(3)]

    first, again = drawn(), drawn()
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[1], first[2])


def test_without_a_seed_every_net_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netproto.pycaffe.mode._mode.seed", None)
    nets = [small_net(tmp_path) for _ in range(2)]
    assert not np.array_equal(*(net.params["conv"][0].data for net in nets))


def test_ranks_reach_the_layers(tmp_path: Path) -> None:
    assert (caffe.solver_count(), caffe.solver_rank()) == (1, 0)
    caffe.set_solver_count(3)
    caffe.set_solver_rank(2)
    caffe.set_multiprocess(True)
    assert (caffe.solver_count(), caffe.solver_rank()) == (3, 2)
    assert {(layer.rank, layer.ranks) for layer in small_net(tmp_path).core.layers} == {(2, 3)}


def test_without_cupy_there_is_no_nccl(monkeypatch: pytest.MonkeyPatch) -> None:
    caffe.set_mode_cpu()
    caffe.set_device(0)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not caffe.has_nccl()
    with pytest.raises(DeviceError, match=r"CuPy is not installed\. pip install 'netproto\[cuda13x\]'"):
        caffe.NCCL.new_uid()


def test_layer_types() -> None:
    types = caffe.layer_type_list()
    assert {"Convolution", "Data", "InnerProduct", "Python"} <= set(types)
    assert types == sorted(types)


def test_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([5.0, 5.25, 7.0, 7.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    timer = caffe.Timer()
    assert timer.ms == 0
    timer.start()
    timer.stop()
    assert timer.ms == timer.ms == 250
    timer.start()
    assert timer.ms == 500
