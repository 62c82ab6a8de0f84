"""Convolution by cuDNN, whose frontend a fake stands in for; and what happens where it is missing, or has no plan."""

from __future__ import annotations

import importlib.util
import inspect
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netproto.cli.main import main
from netproto.errors import DeviceError
from netproto.ops import gpu_cudnn
from netproto.ops.geometry import ConvGeometry
from netproto.ops.gpu import GpuOps

from . import fakecupy
from .convolutions import CASES, Passes, check
from .fakecupy import cudnn, names

MakeOps = Callable[..., GpuOps]
WITHOUT_CUDNN = {"one axis", "no axis", "window over the end"}
LENET = Path(__file__).parents[2] / "examples" / "lenet"


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`import cudnn` finds the fake."""
    monkeypatch.setitem(sys.modules, "cudnn", cudnn)
    yield
    cudnn.refused.clear()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("name", CASES)
def test_values(name: str, gpu_ops: MakeOps) -> None:
    ops = gpu_ops(cudnn=True)
    check(Passes(ops, CASES[name]).run(), name)
    assert ops.cudnn is not None
    assert len(ops.cudnn._plans) == (0 if name in WITHOUT_CUDNN else 3)


@pytest.mark.usefixtures("library")
def test_a_warm_pass_of_cudnn_plans_and_allocates_nothing(gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = Passes(gpu_ops(cudnn=True), CASES["groups"])
    passes.queue()
    monkeypatch.setattr(gpu_cudnn, "build", None)
    with fakecupy.counting() as cost:
        passes.queue()
    assert cost == fakecupy.Counters(launch=2 + 5)  # zeros of dw and db; y, dx, dw, what is added to it, db


@pytest.mark.usefixtures("library")
def test_cudnn_runs_on_the_current_stream(gpu_ops: MakeOps) -> None:
    ops = gpu_ops(cudnn=True)
    stream = fakecupy.cupy.cuda.Stream(non_blocking=True)
    with stream:
        check(Passes(ops, CASES["plain"]).run(), "plain")
    fakecupy.cupy.cuda.get_current_stream().wait_event(stream.record())
    check(Passes(ops, CASES["plain"]).run(), "plain")


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("refused", ["conv_fprop", "conv_dgrad", "conv_wgrad"])
def test_what_cudnn_has_no_plan_for_is_unfolded_and_said_once(refused: str, gpu_ops: MakeOps, caplog: pytest.LogCaptureFixture) -> None:
    cudnn.refused.add(refused)
    passes = Passes(gpu_ops(cudnn=True), CASES["pad"], layer="conv2")
    for _ in range(2):
        check(passes.run(), "pad")
    kind = {"conv_fprop": "forward pass", "conv_dgrad": "gradient of the data", "conv_wgrad": "gradient of the weights"}[refused]
    line = f"Layer conv2: cuDNN has no plan for its {kind}, it is computed without: No valid engine configs"
    assert [record.getMessage() for record in caplog.records] == [line]


@pytest.mark.usefixtures("library")
def test_an_array_that_begins_where_cudnn_cannot_read(gpu_ops: MakeOps) -> None:
    ops, case = gpu_ops(cudnn=True), CASES["plain"]
    passes = Passes(ops, case)
    room = ops.empty((passes.x.size + 1,))
    shifted = room[1:].reshape(passes.x.shape)
    ops.copy(passes.x, shifted)
    passes.x = shifted
    check(passes.run(), "plain")
    assert ops.cudnn is not None
    assert [work.kind for work in ops.cudnn._plans] == [gpu_cudnn.DATA]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("engine", "flag", "plans"), [("CAFFE", True, 0), ("CUDNN", False, 3), ("DEFAULT", False, 0), ("DEFAULT", True, 3)]
)
def test_who_computes(engine: str, flag: bool, plans: int, gpu_ops: MakeOps) -> None:
    ops = gpu_ops(cudnn=flag)
    check(Passes(ops, CASES["plain"], engine=engine).run(), "plain")
    assert len(ops.cudnn._plans if ops.cudnn else ()) == plans


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("tf32", [False, True])
def test_plans_are_repeatable_and_round_only_if_asked(tf32: bool, gpu_ops: MakeOps) -> None:
    ops = gpu_ops(cudnn=True, tf32=tf32)
    Passes(ops, CASES["plain"]).queue()
    assert ops.cudnn is not None
    note = cudnn.numerical_note
    for plan in ops.cudnn._plans.values():
        assert plan is not None
        assert {note.NONDETERMINISTIC, note.REDUCED_PRECISION_REDUCTION} <= plan.graph.notes
        assert {note.TENSOR_CORE, note.DOWN_CONVERT_INPUTS} <= plan.graph.notes or tf32
        assert note.TENSOR_CORE not in plan.graph.notes or not tf32
        assert plan.graph.most == gpu_cudnn.WORKSPACE


def test_without_cudnn(gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    missing = "cuDNN cannot be used: nvidia-cudnn-frontend is not installed. pip install 'netproto[cudnn13x]'"
    with pytest.raises(DeviceError) as raised:
        gpu_ops(cudnn=True)
    assert str(raised.value).startswith(missing)
    passes = Passes(gpu_ops(), CASES["plain"], engine="CUDNN", layer="conv1")
    for _ in range(2):
        check(passes.run(), "plain")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"Layer conv1 asks for cuDNN, and is computed without: {missing}")


@pytest.mark.usefixtures("library")
def test_cudnn_that_does_not_start(gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    def create_handle() -> Any:
        raise RuntimeError("Unable to find symbol cudnnCreate\nmore")

    monkeypatch.setattr(cudnn, "create_handle", create_handle)
    with pytest.raises(DeviceError, match=r"cuDNN cannot be used: Unable to find symbol cudnnCreate\. pip install"):
        gpu_ops(cudnn=True)


def parameters(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters) - {"self"}


@pytest.mark.parametrize(("place", "fake"), [("cudnn", cudnn), ("cudnn.pygraph", cudnn.pygraph), ("cudnn.Tensor", cudnn.Tensor)])
def test_the_fake_has_only_what_cudnn_has(place: str, fake: Any) -> None:
    recorded = names.cudnn_tables()[place]
    if place == "cudnn":
        used = {n: getattr(cudnn, n) for n in ("create_handle", "set_stream", "pygraph", "cudnnGraphNotSupportedError", "Handle", "Tensor")}
    else:
        used = {n: f for n, f in vars(fake).items() if inspect.isfunction(f) and not n.startswith("_") and n != "numbers"}
    assert set(used) <= set(recorded)
    for name, function in used.items():
        if recorded[name] and (name == "pygraph" or not inspect.isclass(function)):
            assert parameters(function) <= {*recorded[name]["names"], *recorded[name]["keywords"]}, name


def test_the_recorded_release_is_the_oldest_of_the_extras() -> None:
    setup = (Path(__file__).parents[2] / "setup.py").read_text()
    (oldest,) = set(re.findall(r"nvidia-cudnn-frontend>=([\d.]+),<2", setup))
    assert names.cudnn_tables()["version"].startswith(f"{oldest}.")


@pytest.mark.skipif(importlib.util.find_spec("cudnn") is None, reason="cuDNN's frontend is not installed: cudnn_names.json stands for it")
def test_the_record_is_what_cudnn_says(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "tools" / "record_cudnn.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "names.json")], check=True)
    assert json.loads((tmp_path / "names.json").read_text()) == names.cudnn_tables()


def test_a_geometry_is_the_same_for_every_engine_and_layer() -> None:
    geo = ConvGeometry((3, 3), (1, 1), (0, 0), (1, 1))
    assert replace(geo, engine="CUDNN", layer="conv1") == geo


@pytest.mark.usefixtures("library")
def test_a_recorded_pass_is_replayed(gpu_ops: MakeOps) -> None:
    ops = gpu_ops(cudnn=True)
    passes = Passes(ops, CASES["groups"])
    found = passes.run()
    recording = ops.record(passes.queue)
    for array in (passes.y, passes.dx, passes.dw, passes.db):
        array.fill(9)
    ops.wait()
    recording.replay()
    for array, wanted in zip((passes.y, passes.dx, passes.dw, passes.db), found, strict=True):
        np.testing.assert_array_equal(ops.to_host(array), wanted)


@pytest.mark.usefixtures("cupy", "library")
@pytest.mark.parametrize("flags", [[], ["--cudnn"], ["--tf32"], ["--cudnn", "--tf32"]])
def test_flags(flags: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    seen = []
    build = gpu_cudnn.build
    monkeypatch.setattr(gpu_cudnn, "build", lambda *args, tf32, **where: seen.append(tf32) or build(*args, tf32=tf32, **where))
    command = ["time", "--model", str(LENET / "deploy.prototxt"), "--iterations", "1", "--gpu", "0", *flags]
    assert main(command) == 0, capfd.readouterr().err
    assert set(seen) == ({"--tf32" in flags} if "--cudnn" in flags else set())


@pytest.mark.usefixtures("cupy")
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--cudnn"], "--cudnn is for a GPU, and none is asked for. Give one: --gpu 0"),
        (["--tf32"], "--tf32 is for a GPU, and none is asked for"),
        (["--cudnn", "--gpu", "0"], "nvidia-cudnn-frontend is not installed. pip install 'netproto[cudnn13x]'"),
    ],
)
def test_flags_that_cannot_be_obeyed(
    flags: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "cudnn" else find(name, *more))
    assert main(["time", "--model", str(LENET / "deploy.prototxt"), *flags]) == 1
    assert said in capfd.readouterr().err
