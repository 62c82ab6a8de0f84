"""--threads and --deterministic: who obeys them, and that the number of threads does not show in what is learned."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netproto.cli import threads
from netproto.cli.flags import UsageError

NET = """name: "mixed"
layer { name: "data" type: "DummyData" top: "data" top: "label" top: "cont"
  dummy_data_param { shape { dim: 6 dim: 16 dim: 31 dim: 29 } shape { dim: 6 } shape { dim: 6 dim: 1 }
    data_filler { type: "gaussian" } data_filler { type: "constant" value: 2 } data_filler { type: "constant" value: 1 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 24 kernel_size: 3 pad: 1 weight_filler { type: "msra" } } }
layer { name: "norm" type: "LRN" bottom: "conv" top: "norm" }
layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool" pooling_param { kernel_size: 3 stride: 2 } }
layer { name: "one" type: "Convolution" bottom: "pool" top: "one"
  convolution_param { num_output: 40 kernel_size: 1 weight_filler { type: "msra" } } }
layer { name: "bn" type: "BatchNorm" bottom: "one" top: "bn" }
layer { name: "steps" type: "Reshape" bottom: "bn" top: "steps" reshape_param { shape { dim: 6 dim: 1 dim: -1 } } }
layer { name: "lstm" type: "LSTM" bottom: "steps" bottom: "cont" top: "lstm"
  recurrent_param { num_output: 96 weight_filler { type: "uniform" min: -0.02 max: 0.02 } } }
layer { name: "flat" type: "Reshape" bottom: "lstm" top: "flat" reshape_param { shape { dim: 6 dim: -1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "flat" top: "ip"
  inner_product_param { num_output: 5 weight_filler { type: "gaussian" std: 0.1 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER = """net: "net.prototxt" base_lr: 0.01 lr_policy: "fixed" momentum: 0.9 weight_decay: 0.0005 max_iter: 3 random_seed: 7
snapshot_prefix: "{prefix}"
"""


@pytest.fixture
def trained(tmp_path: Path, program: Callable) -> Callable[..., dict[str, np.ndarray]]:
    """trained("--threads", 1) -> the learned arrays after three iterations with these flags."""
    (tmp_path / "net.prototxt").write_text(NET)

    def run(*flags: object) -> dict[str, np.ndarray]:
        prefix = "_".join(str(flag).strip("-") for flag in flags)
        (tmp_path / "solver.prototxt").write_text(SOLVER.format(prefix=prefix))
        done = program("train", "--solver", "solver.prototxt", *flags, timeout=600)
        assert done.code == 0, done.err
        with np.load(tmp_path / f"{prefix}_iter_3.npz") as file:
            return {name: file[name] for name in file.files if "/" in name}

    return run


def test_the_number_of_threads_hardly_shows(trained: Callable) -> None:
    one, three = trained("--threads", 1), trained("--threads", 3)
    assert one.keys() == three.keys()
    for name, values in one.items():
        assert np.abs(values - three[name]).max() <= 1e-6 * max(1, np.abs(values).max()), name


def test_deterministic_runs_are_the_same_bit_for_bit(trained: Callable) -> None:
    one, three = trained("--threads", 1, "--deterministic"), trained("--threads", 3, "--deterministic")
    for name, values in one.items():
        assert values.tobytes() == three[name].tobytes(), name


@pytest.mark.parametrize(
    ("flags", "kernels", "blas"),
    [
        (["--threads", "3"], "3", "3"),
        (["-threads=3", "--deterministic"], "3", "1"),
        (["--deterministic"], "5", "1"),
        (["--threads=3", "--nodeterministic"], "3", "3"),
    ],
)
def test_threads_are_set_before_numpy_is_loaded(flags: list[str], kernels: str, blas: str, tmp_path: Path) -> None:
    code = f"""
import os, sys
class Spy:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            print("loaded with", os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"])
sys.meta_path.insert(0, Spy())
from netproto.cli.main import main
main(["time", "--model", "missing.prototxt", *{flags}])
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "5", "OPENBLAS_NUM_THREADS": "5", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.stdout.startswith(f"loaded with {kernels} {blas}\n"), done.stderr
    assert "missing.prototxt" in done.stderr


def test_what_was_set_before_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with threads.obeyed(["--solver", "--x", "--threads", "2"]):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "2"
    assert os.environ["OMP_NUM_THREADS"] == "5"
    assert "MKL_NUM_THREADS" not in os.environ


def test_nothing_changes_without_the_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    with threads.obeyed(["--solver", "threads"]):
        assert os.environ["OPENBLAS_NUM_THREADS"] == "4"


@pytest.mark.parametrize("value", ["0", "many"])
def test_a_number_of_threads_that_cannot_be(value: str) -> None:
    with pytest.raises(UsageError, match="not a whole number of at least 1"), threads.obeyed(["--threads", value]):
        pass
