"""`netproto selftest --gpu`: that it passes over the fake, that it can fail, and what it says where there is no GPU."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netproto.cli import selftest_checks as checks
from netproto.cli import selftest_cudnn, selftest_graph, selftest_nets, selftest_several
from netproto.cli.main import main
from netproto.ops import gpu_nccl
from netproto.ops.gpu import GpuOps
from netproto.solver.rules import RULES
from netproto.testing.cases import CASES
from netproto.testing.nets import PICTURES

from . import fakecupy, shim
from .fakecupy.convolution import Window

RELU = [case for case in CASES if case.type == "ReLU"]


@pytest.mark.skipif(shim.COMPILER is None, reason=shim.NO_COMPILER)
def test_it_passes_over_the_fake(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    assert main(["selftest", "--gpu", "--fake", "--report", str(report)]) == 0
    written = json.loads(report.read_text())
    count = len(written["checks"])
    assert capfd.readouterr().out == f"{count} of {count} checks passed on Fake GPU\n"
    assert written["failed"] == []
    found = {check["name"] for check in written["checks"]}
    assert {f"layer {case}" for case in CASES} | {f"solver {rule}" for rule in RULES} <= found
    assert {f"{kind} {name}" for kind in ("net", "no wait in") for name in PICTURES} | {"two GPUs"} <= found
    assert {f"graph of {name}" for name in selftest_graph.SOME} <= found
    assert {check.name for check in selftest_graph.of_graphs()} >= {f"graph of {name}" for name in PICTURES}
    assert not any(check["note"] for check in written["checks"])
    assert {f"cuDNN {case}" for case in CASES if case.type in selftest_cudnn.TYPES} <= found


def test_it_finds_what_is_wrong(gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch) -> None:
    def failed() -> set[str]:
        some = [check for check in [*checks.of_layers(), *checks.of_solvers()] if check.name.startswith(("layer ReLU-", "solver"))]
        results = {check.name: check.run(gpu_ops()) for check in some}
        return {name for name, result in results.items() if not result.passed and result.what()}

    backward, update = GpuOps.relu_backward, GpuOps.sgd_update
    assert not failed()
    monkeypatch.setattr(GpuOps, "relu_backward", lambda self, x, dy, dx, *, slope: backward(self, x, dy, dx, slope=slope + 0.1))
    assert {f"layer {case}" for case in RELU} <= failed()
    monkeypatch.setattr(GpuOps, "relu_backward", backward)
    monkeypatch.setattr(GpuOps, "sgd_update", lambda self, *arrays, **options: update(self, *arrays, **options | {"momentum": 0.5}))
    assert failed() == {"solver SGD"}


def test_a_large_check_begins_with_free_memory_and_any_error_is_a_result(gpu_ops: Callable[..., GpuOps]) -> None:
    ops = gpu_ops()
    (check,) = (check for check in checks.of_layers() if check.name == "layer Convolution-plain")
    assert check.run(ops).passed
    assert ops._scratch
    kept = checks.Check("large", lambda ops: checks.Result(note=f"{len(ops._scratch)} {len(ops._staging)}"), large=True).run(ops)
    assert kept.note == "0 0"
    assert checks.Check("odd", lambda ops: {}["compiler"]).run(ops).what() == "KeyError: 'compiler'"


def test_it_finds_that_a_net_is_wrong(gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = (c for c in selftest_nets.of_nets(small=True) if c.name == "net siamese/train_test.prototxt")
    pool = GpuOps.max_pool_backward
    assert check.run(gpu_ops()).error < 1e-4
    monkeypatch.setattr(GpuOps, "max_pool_backward", lambda self, dy, mask, dx, *, geo: pool(self, dy, mask * 0, dx, geo=geo))
    assert "off by" in check.run(gpu_ops()).what()


def test_a_gradient_that_is_nothing_but_rounding_is_compared_with_the_others() -> None:
    loss, long, short = np.float32([1]), np.float32([30, 40]), np.float32([1e-6, 0])
    assert selftest_nets.longest_difference([loss, long, short * 2], [loss, long, short]) < 1e-4
    assert selftest_nets.longest_difference([loss, long * 1.1, short], [loss, long, short]) == pytest.approx(0.1)
    assert selftest_nets.longest_difference([loss, long, short * np.nan], [loss, long, short]) > 1


def test_it_finds_that_the_host_waits(gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch) -> None:
    ops = gpu_ops()
    assert selftest_nets.waits(checks.tiny("SGD", ops), ops).passed
    monkeypatch.setattr(GpuOps, "asynchronous", False)
    assert "the host waits" in selftest_nets.waits(checks.tiny("SGD", ops), ops).what()


def test_without_a_gpu_it_is_one_line_and_3(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["selftest", "--gpu"]) == 3
    out = capfd.readouterr().out
    assert out.startswith("no GPU is tested: no GPU can be used: CuPy is not installed. pip install")
    assert out.count("\n") == 1


def test_it_wants_to_be_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 2
    assert "--gpu" in capfd.readouterr().err


@pytest.mark.skipif(shim.COMPILER is None, reason=shim.NO_COMPILER)
def test_it_runs_some_of_the_checks(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--gpu", "--fake", "--only", "layer ReLU6"]) == 0
    assert capfd.readouterr().out == "2 of 2 checks passed on Fake GPU\n"
    assert main(["selftest", "--gpu", "--fake", "--only", "layer Relu"]) == 2
    assert "no check has 'layer Relu' in its name" in capfd.readouterr().err


def test_the_fake_is_for_the_source_tree(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tests.gpu.fakecupy", None)
    assert main(["selftest", "--gpu", "--fake"]) == 2
    assert "--fake is for the source tree" in capfd.readouterr().err


def test_it_finds_that_graphs_are_wrong(gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = (c for c in selftest_graph.of_graphs(small=True) if c.name == "graph of lenet/train_test.prototxt")
    assert check.run(gpu_ops()).passed
    launch = fakecupy.device.Graph.launch
    launched: list[Any] = []

    def every_third(self: Any, stream: Any = None) -> None:
        launched.append(self)
        if len(launched) % 3 == 0:
            launch(self, stream)

    monkeypatch.setattr(fakecupy.device.Graph, "launch", every_third)
    assert "off by" in check.run(gpu_ops()).what()


@pytest.mark.usefixtures("cupy")
def test_it_finds_that_two_gpus_are_wrong(gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = selftest_several.of_several()
    right = check.run(gpu_ops())
    assert right.passed
    assert not right.note
    monkeypatch.setattr(gpu_nccl.Communicator, "average", lambda self, arrays: None)
    assert "off by" in check.run(gpu_ops()).what()
    monkeypatch.setattr(fakecupy.device, "COUNT", 1)
    assert check.run(gpu_ops()) == checks.Result(note="not tested: there is one GPU")


def test_it_finds_that_cudnn_is_wrong(gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cudnn", fakecupy.cudnn)
    checks_of_it = {check.name: check for check in selftest_cudnn.of_cudnn(small=True)}
    assert checks_of_it["cuDNN Convolution-plain"].run(gpu_ops()).passed
    forward = Window.forward
    monkeypatch.setattr(Window, "forward", lambda *args: forward(*args) * 1.01)
    ops = gpu_ops()
    assert "off by" in checks_of_it["cuDNN Convolution-plain"].run(ops).what()
    assert not ops.prefers_cudnn


def test_without_cudnn_it_says_so_once(gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    notes = [check.run(gpu_ops()).note for check in selftest_cudnn.of_cudnn(small=False)]
    assert notes[0].startswith("not tested: cuDNN cannot be used: nvidia-cudnn-frontend is not installed")
    assert not any(notes[1:])
