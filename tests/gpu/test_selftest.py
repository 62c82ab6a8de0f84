"""`netproto selftest --gpu`: that it passes over the fake, that it can fail, and what it says where there is no GPU."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from netproto.cli import selftest_checks as checks
from netproto.cli.main import main
from netproto.ops.gpu import GpuOps
from netproto.solver.rules import RULES
from netproto.testing.cases import CASES

from . import shim

EXAMPLES = Path(__file__).parents[2] / "examples"
RELU = [case for case in CASES if case.type == "ReLU"]


@pytest.mark.skipif(shim.COMPILER is None, reason=shim.NO_COMPILER)
def test_it_passes_over_the_fake(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    assert main(["selftest", "--gpu", "--fake", "--report", str(report)]) == 0
    assert "0 failed on the fake of CuPy" in capfd.readouterr().out
    written = json.loads(report.read_text())
    assert written["failed"] == []
    found = {check["name"] for check in written["checks"]}
    assert {f"layer {case}" for case in CASES} | {f"solver {rule}" for rule in RULES} <= found
    assert {f"{kind} lenet/train_test.prototxt" for kind in ("net", "no wait in", "speed of")} <= found


def test_it_finds_what_is_wrong(gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch) -> None:
    def failed() -> set[str]:
        options = {"examples": EXAMPLES, "tolerance": checks.TOLERANCE, "small": True}
        return {r.name for r in checks.all_checks(gpu_ops(), RELU, **options) if not r.passed and r.what()}

    backward, update = GpuOps.relu_backward, GpuOps.sgd_update
    monkeypatch.setattr(checks, "SMALL_NETS", {})
    assert not failed()
    monkeypatch.setattr(GpuOps, "relu_backward", lambda self, x, dy, dx, *, slope: backward(self, x, dy, dx, slope=slope + 0.1))
    assert {f"layer {case}" for case in RELU} <= failed()
    monkeypatch.setattr(GpuOps, "relu_backward", backward)
    monkeypatch.setattr(GpuOps, "sgd_update", lambda self, *arrays, **options: update(self, *arrays, **options | {"momentum": 0.5}))
    assert failed() == {"solver SGD"}


def test_it_finds_that_the_host_waits(gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch) -> None:
    ops = gpu_ops()
    assert checks._waits("tiny", checks._tiny("SGD", ops), ops).passed
    monkeypatch.setattr(GpuOps, "asynchronous", False)
    assert "it waits" in checks._waits("tiny", checks._tiny("SGD", ops), ops).what()


def test_without_a_gpu_it_is_one_line_and_3(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["selftest", "--gpu"]) == 3
    out = capfd.readouterr().out
    assert out.startswith("no GPU is tested: no GPU can be used: CuPy is not installed. pip install")
    assert out.count("\n") == 1


def test_it_wants_to_be_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 2
    assert "--gpu" in capfd.readouterr().err
