"""The command line and pycaffe with --gpu, and what is said where something is missing. The fake stands in the place of CuPy."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.cli.main import main
from netproto.ops import gpu_device
from netproto.ops.gpu import GpuOps

from . import fakecupy
from .fakecupy import array

LENET = Path(__file__).parents[2] / "examples" / "lenet"
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)

    def run(*argv: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(a) for a in argv])
        return (code, *capfd.readouterr())

    return run


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch, cupy: None) -> Callable[..., None]:
    """runtime(getDeviceCount=...): functions of the CUDA runtime that answer otherwise."""

    def replace(**functions: Any) -> None:
        monkeypatch.setattr(fakecupy.cupy.cuda, "runtime", SimpleNamespace(**{**vars(fakecupy.cupy.cuda.runtime), **functions}))

    return replace


def raising(error: Exception) -> Callable[..., int]:
    def function(*args: object, **options: object) -> int:
        raise error

    return function


def losses(log: str) -> list[float]:
    return [float(value) for value in re.findall(r"Iteration \d+ .*loss = (\S+)", log)]


@pytest.mark.usefixtures("cupy")
def test_training_gives_the_losses_of_the_cpu(cli: Cli) -> None:
    solver = Path("solver.prototxt")
    solver.write_text(
        f"net: '{LENET}/train_test.prototxt' base_lr: 0.01 momentum: 0.9 lr_policy: 'fixed' display: 1 random_seed: 3 max_iter: 4"
    )
    flags = ("--solver", solver, "--sample", "--batch-size", 4, "--max-iter", 4)
    found = []
    for gpu in ((), ("--gpu", "0"), ("--gpu", "0", "--cuda-graph")):
        code, out, err = cli("train", *flags, *gpu)
        assert code == 0, err
        found.append(losses(out + err))
    assert "Fake GPU" in out + err
    assert len(found[0]) == 4
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)
    assert found[2] == found[1]


@pytest.mark.usefixtures("cupy")
def test_graphs_want_a_gpu(cli: Cli) -> None:
    Path("solver.prototxt").write_text(f"net: '{LENET}/train_test.prototxt' base_lr: 0.01 lr_policy: 'fixed' max_iter: 4")
    code, _, err = cli("train", "--solver", "solver.prototxt", "--sample", "--cuda-graph")
    assert code == 1
    assert err.strip().splitlines()[-1].endswith("the CPU's operations cannot be captured. --cuda-graph wants --gpu")


@pytest.mark.usefixtures("cupy")
@pytest.mark.parametrize("gpus", ["0,1", "1,0", "all"])
def test_training_on_two_gpus_gives_the_losses_of_one_with_twice_the_batch(gpus: str, cli: Cli) -> None:
    solver = Path("solver.prototxt")
    solver.write_text(
        f"net: '{LENET}/train_test.prototxt' base_lr: 0.01 momentum: 0.9 lr_policy: 'fixed' display: 1 random_seed: 3 max_iter: 3 "
        "average_loss: 1 snapshot: 2 snapshot_prefix: 'snap' test_iter: 1 test_interval: 3"
    )
    code, out, err = cli("train", "--solver", solver, "--sample", "--batch-size", 2, "--gpu", gpus, "--max-iter", 2)
    assert code == 0, err
    two = "0, 1" if gpus == "all" else gpus.replace(",", ", ")
    assert f"Using GPUs {two}" in out + err
    assert (out + err).count("Iteration 1 (") == (out + err).count("Testing net") == 1
    assert Path("snap_iter_2.npz").exists()
    code, out, err = cli("train", "--solver", solver, "--sample", "--snapshot", "newest", "--batch-size", 2, "--gpu", gpus)
    assert code == 0, err
    resumed = weights("snap_iter_3.npz")
    for file in Path().glob("snap*"):
        file.unlink()
    assert cli("train", "--solver", solver, "--sample", "--batch-size", 4, "--gpu", 0)[0] == 0
    for name, values in weights("snap_iter_3.npz").items():
        np.testing.assert_allclose(resumed[name], values, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.usefixtures("cupy")
def test_two_gpus_train_by_graphs(cli: Cli) -> None:
    solver = Path("solver.prototxt")
    solver.write_text(
        f"net: '{LENET}/train_test.prototxt' base_lr: 0.01 momentum: 0.9 lr_policy: 'fixed' display: 1 random_seed: 3 max_iter: 4 "
        "snapshot_prefix: 'snap'"
    )
    found = []
    for flags in ((), ("--cuda-graph",)):
        code, out, err = cli("train", "--solver", solver, "--sample", "--batch-size", 2, "--gpu", "0,1", *flags)
        assert code == 0, err
        found.append((losses(out + err), weights("snap_iter_4.npz")))
    assert found[1][0] == found[0][0]
    for name, values in found[0][1].items():
        np.testing.assert_array_equal(found[1][1][name], values)


def weights(path: str) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files if file[name].dtype == np.float32}


@pytest.mark.usefixtures("cupy")
def test_all_gpus_where_there_is_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakecupy.device, "COUNT", 1)
    monkeypatch.setattr(fakecupy.nccl, "available", False)
    Path("net.prototxt").write_text(
        "layer { name: 'x' type: 'DummyData' top: 'x' dummy_data_param { shape { dim: 3 } data_filler { value: 2 } } }"
        "layer { name: 'loss' type: 'Reduction' bottom: 'x' top: 'loss' loss_weight: 1 }"
    )
    Path("solver.prototxt").write_text("net: 'net.prototxt' base_lr: 0.1 lr_policy: 'fixed' max_iter: 1 display: 1")
    code, out, err = cli("train", "--solver", "solver.prototxt", "--gpu", "all")
    assert code == 0, err
    assert "Use GPU with device ID 0" in out + err
    assert losses(out + err) == [6]


@pytest.mark.usefixtures("cupy")
def test_several_gpus_without_nccl(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakecupy.nccl, "available", False)
    code, _, err = cli("train", "--solver", LENET / "solver.prototxt", "--gpu", "all")
    assert code == 1
    assert "several GPUs cannot be used: NCCL is not installed, which adds up their gradients. pip install nvidia-nccl-cu13" in err


@pytest.mark.usefixtures("cupy")
def test_time_and_device_query(cli: Cli) -> None:
    code, out, err = cli("time", "--model", LENET / "deploy.prototxt", "--iterations", 1, "--gpu", 1)
    assert code == 0, err
    assert "Average Forward pass" in out + err
    line = "Fake GPU, 4.0 GiB, 2 multiprocessors, compute capability 9.0"
    assert cli("device-query")[1].splitlines() == [f"GPU 0: {line}", f"GPU 1: {line}"]


@pytest.mark.usefixtures("cupy")
def test_a_gpu_that_is_not_there_and_several(cli: Cli) -> None:
    assert "there is no GPU 2. GPUs here: 0, 1" in cli("time", "--model", LENET / "deploy.prototxt", "--gpu", 2)[2]
    assert "only `netproto train` computes on several GPUs" in cli("time", "--model", LENET / "deploy.prototxt", "--gpu", "all")[2]
    assert "GPU 1 is named twice. --gpu 1,0" in cli("train", "--solver", LENET / "solver.prototxt", "--gpu", "1,0,1")[2]


@pytest.mark.usefixtures("cupy")
def test_out_of_memory_says_what_would_fit(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    made = array.made

    def scarce(host: np.ndarray) -> Any:
        if host.nbytes > 2**20:
            raise fakecupy.cupy.cuda.memory.OutOfMemoryError
        return made(host)

    monkeypatch.setattr(array, "made", scarce)
    code, _, err = cli("time", "--model", LENET / "deploy.prototxt", "--gpu", 0)
    assert code == 1
    assert re.search(
        r"GPU 0 is out of memory: 0\.00 GiB more are wanted, 3\.00 GiB of its 4\.00 GiB are free; testing with a batch of", err
    )
    assert re.search(r"The largest batch that fits is about \d{4}\d*: --batch-size", err)


NO_DRIVER = fakecupy.FakeGpuError("cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version")


def test_no_driver_and_an_old_one(runtime: Callable[..., None], cli: Cli) -> None:
    runtime(getDeviceCount=raising(NO_DRIVER), driverGetVersion=lambda: 0)
    assert "there is no NVIDIA driver. `nvidia-smi`" in cli("device-query", "--gpu", 0)[2]
    runtime(getDeviceCount=raising(NO_DRIVER), driverGetVersion=lambda: 12020)
    assert "the driver is of CUDA 12.2, CuPy wants 13.0. Update the driver, or pip install" in cli("device-query", "--gpu", 0)[2]
    runtime(getDeviceCount=raising(fakecupy.FakeGpuError("something else")), driverGetVersion=lambda: 13000)
    assert "something else" in cli("device-query", "--gpu", 0)[2]


@pytest.mark.usefixtures("cupy")
def test_missing_libraries_of_cuda(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    monkeypatch.setattr(GpuOps, "__init__", raising(ImportError("Failure finding libcublas\nmore")))
    assert "no GPU can be used: Failure finding libcublas. pip install" in cli("time", "--model", LENET / "deploy.prototxt", "--gpu", 0)[2]


@pytest.mark.usefixtures("cupy")
@pytest.mark.parametrize("looks", ["display: 1", "snapshot: 1", "snapshot_after_train: true"])
def test_a_label_that_is_no_class_is_an_error_when_the_loss_is_looked_at(looks: str, cli: Cli) -> None:
    Path("net.prototxt").write_text(
        "layer { name: 'data' type: 'DummyData' top: 'x' top: 'label' dummy_data_param { shape { dim: 3 dim: 5 } shape { dim: 3 } "
        "data_filler { type: 'gaussian' } data_filler { type: 'constant' value: 9 } } }"
        "layer { name: 'score' type: 'InnerProduct' bottom: 'x' top: 'score' inner_product_param { num_output: 7 } }"
        "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'score' bottom: 'label' top: 'loss' }"
    )
    Path("solver.prototxt").write_text("net: 'net.prototxt' base_lr: 0.1 lr_policy: 'fixed' max_iter: 2 snapshot_prefix: 'snap' " + looks)
    code, _, err = cli("train", "--solver", "solver.prototxt", "--gpu", 0)
    assert code == 1
    assert "label 9 at (0,) of bottom 'label' is none of the 7 classes" in err
    assert not list(Path().glob("snap*"))


@pytest.mark.usefixtures("cupy")
def test_pycaffe_in_gpu_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.random.default_rng(2).standard_normal((64, 1, 28, 28)).astype(np.float32)
    found = []
    for mode in (caffe.set_mode_cpu, caffe.set_mode_gpu):
        caffe.set_random_seed(4)
        mode()
        net = caffe.Net(str(LENET / "deploy.prototxt"), caffe.TEST)
        found.append(net.forward(data=drawn)["prob"].copy())
    caffe.set_mode_cpu()
    assert isinstance(net.core.ops, GpuOps)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5, atol=1e-6)


def test_nothing_is_logged_about_missing_libraries(caplog: pytest.LogCaptureFixture, runtime: Callable[..., None]) -> None:
    with caplog.at_level(logging.WARNING):
        assert gpu_device.count() == 2
    assert not caplog.records
