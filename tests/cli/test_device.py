"""Which device computes, where there is none, one, or a broken one."""

import importlib.util
import logging
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from netproto.cli import device
from netproto.errors import DeviceError
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text

PROPERTIES = {"name": b"Accelerator 9", "totalGlobalMem": 3 * 2**30, "major": 8, "minor": 6, "multiProcessorCount": 46}


@pytest.fixture
def no_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "cupy" else find(name))


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """gpus(2): CuPy is there, and sees two."""

    def install(count: int) -> None:
        cupy = ModuleType("cupy")
        cupy.__spec__ = importlib.util.spec_from_loader("cupy", None)
        cupy.cuda = SimpleNamespace(
            runtime=SimpleNamespace(getDeviceCount=lambda: count if count >= 0 else 1 // 0, getDeviceProperties=lambda index: PROPERTIES)
        )
        monkeypatch.setitem(sys.modules, "cupy", cupy)

    return install


def solver(prototxt: str) -> object:
    return text.parse(prototxt, messages.SolverParameter)


def test_the_values_of_the_flag() -> None:
    assert device.gpus("0,2") == [0, 2]
    assert device.gpus("all") == "all"
    assert device.gpus("") == []


def test_without_the_flag_it_is_the_cpu() -> None:
    assert isinstance(device.choose([]), CpuOps)


@pytest.mark.usefixtures("no_cupy")
@pytest.mark.parametrize("wanted", [[0], "all"])
def test_without_cupy_the_error_names_what_to_install(wanted: list[int] | str) -> None:
    with pytest.raises(DeviceError, match=r"CuPy is not installed\. pip install 'netproto\[cuda13x\]'"):
        device.choose(wanted)


@pytest.mark.parametrize(("count", "said"), [(0, "the driver sees none"), (-1, "division"), (2, "there is no GPU 2. GPUs here: 0, 1")])
def test_gpus_that_are_not_there(count: int, said: str, gpus: Callable) -> None:
    gpus(count)
    with pytest.raises(DeviceError, match=said):
        device.choose([2])


@pytest.mark.usefixtures("no_cupy")
def test_solver_mode_gpu_without_one_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(device.for_solver([], solver("solver_mode: GPU")), CpuOps)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings == ["The solver asks for a GPU (solver_mode: GPU), but no GPU can be used: CuPy is not installed. Training on the CPU."]


@pytest.mark.parametrize("prototxt", ["", "solver_mode: CPU"])
def test_the_default_mode_is_not_the_protos(prototxt: str, caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(device.for_solver([], solver(prototxt)), CpuOps)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.usefixtures("no_cupy")
def test_the_flag_is_not_softened_by_the_file() -> None:
    with pytest.raises(DeviceError):
        device.for_solver([0], solver("solver_mode: CPU"))


@pytest.mark.usefixtures("no_cupy")
def test_device_query_without_gpus(cli: Callable) -> None:
    result = cli("device-query")
    assert result.code == 0
    assert "CuPy is not installed" in result.out
    result = cli("device-query", "-gpu", "0")
    assert result.code == 1
    assert result.err.startswith("netproto: error: no GPU can be used")


def test_device_query(gpus: Callable, cli: Callable) -> None:
    gpus(2)
    line = "Accelerator 9, 3.0 GiB, 46 multiprocessors, compute capability 8.6"
    assert cli("device-query").out.splitlines() == [f"GPU 0: {line}", f"GPU 1: {line}"]
    assert cli("device-query", "-gpu", "1").out == f"GPU 1: {line}\n"
