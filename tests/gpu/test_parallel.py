"""Training on several GPUs of one machine, over the fake's devices."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netproto.data import datum, lmdb
from netproto.errors import DataError, DeviceError, ModelError
from netproto.glog import OTHER_RANKS
from netproto.ops import gpu_device, gpu_nccl
from netproto.schema import messages, text, upgrade
from netproto.solver import Action, Solver, parallel

from . import fakecupy

pytestmark = pytest.mark.usefixtures("cupy")

RECORDS = 23
NET = """
layer {{ name: "data" type: "Data" top: "x" top: "y" data_param {{ source: "{db}" batch_size: {batch} backend: LMDB }}
  transform_param {{ scale: 0.01 {transform} }} }}
layer {{ name: "conv" type: "Convolution" bottom: "x" top: "conv"
  convolution_param {{ num_output: 5 kernel_size: 3 weight_filler {{ type: "gaussian" std: 0.3 }} }} }}
layer {{ name: "relu" type: "ReLU" bottom: "conv" top: "conv" }}
{more}
layer {{ name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param {{ num_output: 7 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "y" top: "loss" }}
"""
DROPOUT = 'layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" }'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a database of pictures that are all different."""
    drawn = np.random.default_rng(5).integers(0, 256, (RECORDS, 2, 6, 5), np.uint8)
    lmdb.write(str(tmp_path / "db"), ((b"%03d" % i, datum.encode(drawn[i], i % 7)) for i in range(RECORDS)))
    return tmp_path


class Run:
    """Solvers of one file on so many GPUs."""

    def __init__(self, folder: Path, batch: int, gpus: int, body: str = "", *, more: str = "", transform: str = "", **options: Any):
        net = NET.format(db=folder / "db", batch=batch, more=more, transform=transform)
        self.message: Any = messages.SolverParameter(
            base_lr=0.1, momentum=0.9, weight_decay=0.01, lr_policy="step", gamma=0.5, stepsize=2, max_iter=5, random_seed=3
        )
        self.message.snapshot_after_train = False
        self.message.snapshot_prefix = str(folder / f"on{gpus}")
        self.message.net_param.CopyFrom(text.parse(net, messages.NetParameter))
        self.message.MergeFrom(text.parse(body, messages.SolverParameter))
        self.message = upgrade.solver(self.message)
        self.gpus, self.options = list(range(gpus)), options
        self.all: dict[int, Solver] = {}
        self.first = self.make(0)

    def make(self, rank: int) -> Solver:
        ops = gpu_device.operations(self.gpus[rank])
        weights = None if rank == 0 else []
        self.all[rank] = Solver(self.message, ops=ops, weights=weights, rank=rank, ranks=len(self.gpus), **self.options)
        return self.all[rank]

    def solve(self) -> Run:
        if len(self.gpus) == 1:
            self.first.solve()
        else:
            parallel.solve(self.first, self.make, lambda: gpu_nccl.communicators(self.gpus))
        return self

    def weights(self, rank: int = 0) -> dict[str, np.ndarray]:
        with fakecupy.cupy.cuda.Device(self.gpus[rank]):
            solver = self.all[rank]
            return {p.key: solver.ops.to_host(p.blob.data) for p in solver.net.learnable}


def others() -> list[threading.Thread]:
    """The threads of other ranks than the first."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(OTHER_RANKS)]


def assert_same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], *, rtol: float = 1e-6) -> None:
    for key, values in wanted.items():
        np.testing.assert_allclose(found[key], values, rtol=rtol, atol=rtol, err_msg=key)


@pytest.mark.parametrize("solver", ["", 'type: "Adam" momentum2: 0.99', "iter_size: 2", "clip_gradients: 0.3"])
def test_two_gpus_are_one_with_twice_the_batch(folder: Path, solver: str) -> None:
    together = Run(folder, 3, 2, solver).solve()
    assert_same(together.weights(), Run(folder, 6, 1, solver).solve().weights())
    assert_same(together.weights(1), together.weights(), rtol=0)
    assert together.first.iter == 5


def test_three_gpus_and_an_odd_batch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakecupy.device, "COUNT", 3)
    assert_same(Run(folder, 1, 3).solve().weights(), Run(folder, 3, 1).solve().weights())


def test_graphs_of_each_gpu(folder: Path) -> None:
    by_graphs = Run(folder, 3, 2, more=DROPOUT, cuda_graph=True).solve()
    assert_same(by_graphs.weights(), Run(folder, 3, 2, more=DROPOUT).solve().weights(), rtol=0)
    assert_same(by_graphs.weights(1), by_graphs.weights(), rtol=0)


def test_records_are_dealt(folder: Path) -> None:
    labels: dict[int, list[float]] = {0: [], 1: []}
    run = Run(folder, 2, 2)
    make = run.make

    def watched(rank: int) -> Solver:
        solver = make(rank) if rank else run.first
        solver.on_iteration.append(lambda s, loss, rate: labels[s.rank].extend(s.ops.to_host(s.net.blobs["y"].data)))
        return solver

    run.make = watched  # type: ignore[method-assign]
    watched(0)
    run.solve()
    assert labels[0] == [i % RECORDS % 7 for i in range(0, 20, 2)]
    assert labels[1] == [i % RECORDS % 7 for i in range(1, 20, 2)]


def test_random_draws_differ_by_rank_and_not_by_run(folder: Path) -> None:
    def masks(run: Run) -> list[np.ndarray]:
        found = []
        for rank, solver in run.all.items():
            with fakecupy.cupy.cuda.Device(rank):
                found.append(solver.ops.to_host(solver.net.layers[3].internals["mask"]))
        return found

    first, again = (masks(Run(folder, 3, 2, more=DROPOUT).solve()) for _ in range(2))
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(first, again)


def test_each_record_is_mirrored_as_on_one_gpu(folder: Path) -> None:
    two, one = Run(folder, 3, 2, transform="mirror: true crop_size: 4"), Run(folder, 6, 1, transform="mirror: true crop_size: 4")
    assert_same(two.solve().weights(), one.solve().weights())


def test_all_begin_with_the_weights_of_the_first(folder: Path) -> None:
    run = Run(folder, 3, 2, "max_iter: 1 base_lr: 0.0001")
    for param in run.first.net.learnable:
        run.first.ops.fill(param.blob.data, 0.25)
    run.solve()
    assert_same(run.weights(1), run.weights(), rtol=0)
    for values in run.weights(1).values():
        np.testing.assert_allclose(values, 0.25, atol=0.01)


def test_a_snapshot_goes_on_where_all_were(folder: Path) -> None:
    whole = Run(folder, 3, 2, more=DROPOUT).solve()
    Run(folder, 3, 2, "max_iter: 3 snapshot: 3", more=DROPOUT).solve()
    assert sorted(path.name for path in folder.glob("on2*")) == ["on2_iter_3.npz", "on2_iter_3.state.npz"]
    resumed = Run(folder, 3, 2, more=DROPOUT, seed=77)
    resumed.first.restore(str(folder / "on2_iter_3.state.npz"))
    assert_same(resumed.solve().weights(), whole.weights(), rtol=0)
    one = Run(folder, 6, 1)
    one.first.restore(str(folder / "on2_iter_3.state.npz"))
    assert one.solve().first.iter == 5


def test_only_the_first_tests(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        run = Run(folder, 3, 2, "test_iter: 2 test_interval: 2 display: 1").solve()
    tests = [record for record in caplog.records if "Testing net" in record.getMessage()]
    assert {record.threadName for record in tests} == {"MainThread"}
    assert len(run.first.test_nets) == 1
    assert not run.all[1].test_nets


@pytest.mark.parametrize("action", Action)
def test_signals_are_obeyed(folder: Path, action: Action) -> None:
    run = Run(folder, 3, 2)
    run.first.on_iteration.append(lambda s, loss, rate: s.request(action) if s.iter == 2 else None)
    run.solve()
    assert run.first.iter == (2 if action is Action.STOP else 5)
    assert bool(list(folder.glob("on2_iter_2*"))) == (action is Action.SNAPSHOT)
    assert not others()


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("when", ["setup", "step", "average"])
def test_an_error_in_one_ends_all(folder: Path, rank: int, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DataError(f"rank {rank} has no more")

    run = Run(folder, 3, 2, "snapshot: 1")
    make = run.make

    def made(which: int) -> Solver:
        solver = make(which) if which else run.first
        if which == rank and when == "setup":
            fail()
        if which == rank and when == "step":
            solver.on_iteration.append(lambda s, loss, rate: fail() if s.iter == 2 else None)
        return solver

    if rank or when != "setup":
        run.make = made  # type: ignore[method-assign]
        if not rank:
            made(0)
    else:
        monkeypatch.setattr("netproto.ops.gpu_nccl.communicators", fail)
    if when == "average":
        average = gpu_nccl.Communicator.average
        mine = threading.local()

        def averaged(self: gpu_nccl.Communicator, arrays: Any) -> None:
            mine.count = getattr(mine, "count", 0) + 1
            if mine.count == 3 and fakecupy.cupy.cuda.Device().id == rank:
                fail()
            average(self, arrays)

        monkeypatch.setattr(gpu_nccl.Communicator, "average", averaged)
    with pytest.raises(DataError, match=f"rank {rank} has no more"):
        run.solve()
    assert len(list(folder.glob("*.state.npz"))) <= 2
    assert not others()


def test_no_snapshot_is_written_of_what_another_has_spoilt(folder: Path) -> None:
    def fail(solver: Solver) -> None:
        if solver.rank:
            raise DataError("rank 1 has no more")
        for thread in others():
            thread.join()

    run = Run(folder, 3, 2, "snapshot: 2")
    make = run.make

    def made(rank: int) -> Solver:
        solver = make(rank) if rank else run.first
        solver.on_iteration.append(lambda s, loss, rate: fail(s) if s.iter == 2 else None)
        return solver

    made(0)
    run.make = made  # type: ignore[method-assign]
    with pytest.raises(DataError, match="rank 1 has no more"):
        run.solve()
    assert not list(folder.glob("on2*"))


def test_python_layers_are_for_processes(folder: Path) -> None:
    python = (
        'layer { name: "p" type: "Python" bottom: "conv" top: "conv" python_param { module: "tests.layers.user_layers" layer: "Negate" } }'
    )
    with pytest.raises(ModelError, match=r"cannot be trained on several GPUs by threads"):
        Run(folder, 3, 2, more=python).solve()


def test_nothing_is_made_or_waited_for_in_a_warm_iteration(folder: Path) -> None:
    run = Run(folder, 2, 2, "max_iter: 6")
    costs = []

    def count(solver: Solver, loss: Any, rate: float) -> None:
        costs.append(fakecupy.Counters(**vars(fakecupy.counters)))

    run.first.on_iteration.append(count)
    run.solve()
    cost = costs[-1] - costs[-2]
    assert (cost.alloc, cost.sync, cost.copy, cost.d2h) == (0, 0, 0, 0)


def test_gpus_that_nccl_refuses() -> None:
    with pytest.raises(DeviceError, match=r"the GPUs cannot work together: NCCL_ERROR"):
        gpu_nccl.communicators([0, 5])


def test_without_nccl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakecupy.cupy.cuda.nccl, "available", False)
    with pytest.raises(DeviceError, match=r"NCCL is not installed.*pip install nvidia-nccl-cu13"):
        gpu_nccl.library()
