"""What the program says where something that a GPU takes is missing: started anew, with the fake in the place of CuPy."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from . import shim

ROOT = Path(__file__).parents[2]
LENET = ROOT / "examples" / "lenet"
TIME = ("time", "--model", str(LENET / "deploy.prototxt"), "--iterations", "1", "--gpu")
CUPY = """
import sys
from tests.gpu.fakecupy import FakeGpuError, array, cupy
{change}
sys.modules["cupy"] = cupy
"""
CUPYX = "import sys; from tests.gpu.fakecupy import cupyx; sys.modules['cupyx'] = cupyx"
NO_DRIVER = """
def none():
    raise FakeGpuError("cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version")
cupy.cuda.runtime.getDeviceCount = none
cupy.cuda.runtime.driverGetVersion = lambda: {version}
"""
SCARCE = """
import weakref
import netproto.ops.gpu_convolution
from tests.gpu.fakecupy import device
netproto.ops.gpu_convolution.WORKSPACE = 2**16
total = 12 << 20
used = 0
def freed(size):
    global used
    used -= size
def made(host, plain=array.made):
    global used
    if used + host.nbytes > total:
        raise cupy.cuda.memory.OutOfMemoryError
    box = plain(host)
    used += host.nbytes
    weakref.finalize(box._host, freed, host.nbytes)
    return box
array.made = cupy.made = made
device.Device.mem_info = property(lambda self: (total - used, total))
cupy.cuda.runtime.getDeviceProperties = lambda index: {**device.properties(index), "totalGlobalMem": total}
"""
EXTRAS = "pip install 'netproto[cuda13x]' for a driver of CUDA 13, 'netproto[cuda12x]' for one of CUDA 12"

Program = Callable[..., tuple[int, str, str]]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """program(*arguments, change="") -> exit code, stdout, stderr. change: what is done to the fake before; None: there is no CuPy."""

    def run(*arguments: str, change: str | None = "") -> tuple[int, str, str]:
        if change is not None:
            if shim.COMPILER is None:
                pytest.skip(shim.NO_COMPILER)
            (tmp_path / "cupy.py").write_text(CUPY.format(change=change))
            (tmp_path / "cupyx.py").write_text(CUPYX)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
        done = subprocess.run(
            [sys.executable, "-m", "netproto", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return run


def error(program: Program, *arguments: str, change: str | None = "") -> str:
    """The one line that a command ends with."""
    code, _, said = program(*arguments, change=change)
    assert code == 1, said
    (line,) = (line for line in said.splitlines() if line.startswith("netproto: error: "))
    return line.removeprefix("netproto: error: ")


def test_nothing(program: Program, tmp_path: Path) -> None:
    """The selftest wants nothing but the package: neither these tests nor the examples beside it."""
    code, said, log = program("selftest", "--gpu", "--only", "wait in lenet/", "--report", "report.json")
    assert (code, said) == (0, "1 of 1 checks passed on Fake GPU\n"), log
    assert json.loads((tmp_path / "report.json").read_text())["gpu"]["name"] == "Fake GPU"


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is installed")
def test_no_cupy(program: Program) -> None:
    said = f"no GPU can be used: CuPy is not installed. {EXTRAS}"
    assert error(program, *TIME, "0", change=None) == said
    assert program("device-query", change=None) == (0, f"{said}\n", "")
    assert program("selftest", "--gpu", change=None) == (3, f"no GPU is tested: {said}\n", "")


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed")
def test_what_cupy_itself_says_where_there_is_no_driver(program: Program) -> None:
    if Path("/proc/driver/nvidia").exists():
        pytest.skip("there is a driver")
    code, said, _ = program("selftest", "--gpu", change=None)
    assert (code, said) == (
        3,
        "no GPU is tested: no GPU can be used: there is no NVIDIA driver. `nvidia-smi` shows whether the driver sees one\n",
    )


def test_no_driver(program: Program) -> None:
    said = "no GPU can be used: there is no NVIDIA driver. `nvidia-smi` shows whether the driver sees one"
    assert error(program, *TIME, "0", change=NO_DRIVER.format(version=0)) == said


def test_a_driver_that_is_too_old(program: Program) -> None:
    said = f"no GPU can be used: the driver is of CUDA 12.2, CuPy wants 13.0. Update the driver, or {EXTRAS}"
    assert error(program, *TIME, "0", change=NO_DRIVER.format(version=12020)) == said


def test_a_gpu_that_is_not_there(program: Program) -> None:
    assert error(program, *TIME, "2") == "there is no GPU 2. GPUs here: 0, 1"
    assert program("selftest", "--gpu", "--device", "7")[:2] == (3, "no GPU is tested: there is no GPU 7. GPUs here: 0, 1\n")


def test_out_of_memory_and_the_batch_that_fits(program: Program, tmp_path: Path) -> None:
    """12 MiB stand for a GPU's memory: the batch that is said to fit does, and is no small part of what would."""
    solver = tmp_path / "solver.prototxt"
    solver.write_text(f"net: '{LENET}/train_test.prototxt' base_lr: 0.01 lr_policy: 'fixed' momentum: 0.9 max_iter: 2")
    train = ("train", "--solver", "solver.prototxt", "--sample", "--gpu", "0")
    said = error(program, *train, change=SCARCE)
    assert "GPU 0 is out of memory" in said
    assert "training with a batch of 64 takes 0.01 GiB and workspaces" in said
    batch = int(re.findall(r"The largest batch that fits is about \d+: --batch-size (\d+)", said)[0])
    code, _, log = program(*train, "--batch-size", str(batch), change=SCARCE)
    assert code == 0, log
    assert "out of memory" in error(program, *train, "--batch-size", str(2 * batch), change=SCARCE)
