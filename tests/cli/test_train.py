"""Training from the command line: what flags change, what it says, what signals do, what it refuses."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netproto.formats import weights as weights_files
from netproto.layers.base import TRAIN
from netproto.net import diff_memory

ROOT = Path(__file__).parents[2]
NET = """name: "tiny"
layer { name: "data" type: "DummyData" top: "data" top: "target"
  dummy_data_param { shape { dim: 5 dim: 3 } shape { dim: 5 dim: 2 }
    data_filler { type: "gaussian" } data_filler { type: "constant" value: 0.5 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "gaussian" std: 0.3 } } }
layer { name: "extra" type: "InnerProduct" bottom: "ip" top: "extra" inner_product_param { num_output: 3 } include { stage: "wide" } }
layer { name: "quiet" type: "Silence" bottom: "extra" include { stage: "wide" } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "target" top: "loss" }
"""
SOLVER = """net: "net.prototxt"
base_lr: 0.05
lr_policy: "step"
stepsize: 4
gamma: 0.5
momentum: 0.9
max_iter: 6
display: 2
test_iter: 3
test_interval: 3
snapshot: 4
snapshot_prefix: "snapshots/tiny"
random_seed: 7
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a net and a solver in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    return tmp_path


def change(folder: Path, **fields: str) -> None:
    """Write fields of the solver anew; an empty one is left out."""
    lines = [line for line in SOLVER.splitlines() if line.split(":")[0] not in fields]
    (folder / "solver.prototxt").write_text("\n".join([*lines, *(f"{k}: {v}" for k, v in fields.items() if v)]) + "\n")


def losses(log: str) -> list[str]:
    return re.findall(r"Iteration \d+.*, loss = \S+", re.sub(r" \([^)]*\)", "", log))


def test_a_run_writes_snapshots_and_caffes_lines(folder: Path, cli: Callable) -> None:
    result = cli("train", "-solver", "solver.prototxt")
    assert (result.code, result.out) == (0, "")
    written = sorted(path.name for path in (folder / "snapshots").iterdir())
    assert written == [f"tiny_iter_{i}{end}" for i in (4, 6) for end in (".npz", ".state.npz")]
    lines = [line.split("] ", 1)[1] for line in result.err.splitlines()]
    assert "Making the folder snapshots for snapshots" in lines
    for said in ("Starting Optimization", "Solving tiny", "Iteration 0, Testing net (#0)", "Iteration 4, lr = 0.025", "Optimization Done."):
        assert lines.count(said) == 1, said
    assert sum(bool(re.fullmatch(r"Iteration \d \(\S+ iter/s, \S+s/2 iters\), loss = \S+", line)) for line in lines) == 3
    assert sum(bool(re.fullmatch(r"    Test net output #0: loss = (\S+) \(\* 1 = \1 loss\)", line)) for line in lines) == 3


def test_a_resumed_run_ends_with_the_same_weights(folder: Path, cli: Callable) -> None:
    assert cli("train", "--solver", "solver.prototxt").code == 0
    whole = weights_files.load("snapshots/tiny_iter_6.npz")["ip"]
    (folder / "snapshots/tiny_iter_6.npz").unlink()
    (folder / "snapshots/tiny_iter_6.state.npz").unlink()
    result = cli("train", "--solver", "solver.prototxt", "--snapshot", "newest")
    assert result.code == 0
    assert "tiny_iter_4.state.npz" in result.err
    for before, after in zip(whole, weights_files.load("snapshots/tiny_iter_6.npz")["ip"], strict=True):
        np.testing.assert_array_equal(before, after)


def test_flags_change_the_run(folder: Path, cli: Callable) -> None:
    result = cli("train", "--solver=solver.prototxt", "--max_iter=2", "--stage", "wide", "--level", "1")
    assert result.code == 0
    assert set(weights_files.load("snapshots/tiny_iter_2.npz")) == {"ip", "extra"}


def test_the_rate_of_the_flag_is_that_of_the_run(folder: Path, cli: Callable) -> None:
    result = cli("train", "--solver", "solver.prototxt", "--max-iter", "2", "--base-lr", "0.003", "--log-format", "glog")
    assert result.code == 0
    assert "Iteration 0, lr = 0.003" in result.err


def test_weights_are_where_it_starts(folder: Path, cli: Callable) -> None:
    assert cli("train", "--solver", "solver.prototxt", "--max-iter", "1").code == 0
    result = cli("train", "--solver", "solver.prototxt", "--weights", "snapshots/tiny_iter_1.npz")
    assert "Finetuning from snapshots/tiny_iter_1.npz" in result.err
    assert cli("train", "--solver", "solver.prototxt", "--weights", "snapshots/tiny_iter_1.npz", "--strict", "--max-iter", "2").code == 0
    result = cli("train", "--solver", "solver.prototxt", "--weights", "snapshots/tiny_iter_1.npz", "--strict", "--stage", "wide")
    assert result.code == 1
    assert "has no weights for extra" in result.err


def test_no_batch_size_to_change(folder: Path, cli: Callable) -> None:
    result = cli("train", "--solver", "solver.prototxt", "--batch-size", "8")
    assert result.code == 1
    assert "--batch-size: the net has no data layer with a batch_size" in result.err


@pytest.mark.parametrize(
    ("fields", "argv", "said"),
    [
        ({"net": '"absent.prototxt"'}, [], "solver.prototxt:13:1: net 'absent.prototxt': no such file"),
        ({"lr_policy": '"stepp"'}, [], "solver.prototxt:13:1: unknown lr_policy 'stepp'. Did you mean 'step'?"),
        ({"lr_policy": ""}, [], "the solver has no lr_policy"),
        ({"bas_lr": "1"}, [], "solver.prototxt:14:1: "),
        ({"base_lr": '"much"'}, [], "solver.prototxt:13:"),
        ({"base_lr": "1e30"}, [], "the loss is"),
        ({"snapshot_prefix": '"net.prototxt/tiny"'}, [], "snapshots cannot be written to 'net.prototxt'"),
        ({}, ["--snapshot", "absent.state.npz"], "absent.state.npz: there is no such file"),
        ({}, ["--snapshot", "net.prototxt"], "net.prototxt: "),
        ({}, ["--snapshot", "newest"], "--snapshot newest: there is none of the prefix 'snapshots/tiny'"),
        ({}, ["--weights", "absent.caffemodel"], "absent.caffemodel: there is no such file"),
        ({}, ["--weights", "net.prototxt"], "net.prototxt: is no .caffemodel, or a broken one"),
        ({}, ["--gpu", "0"], "no GPU can be used"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(fields: dict[str, str], argv: list[str], said: str, folder: Path, cli: Callable) -> None:
    change(folder, **fields)
    result = cli("train", "--solver", "solver.prototxt", *argv, "--minloglevel", "2")
    assert result.code == 1
    assert said in result.err
    assert result.err.startswith("netproto: error: ")
    assert result.err.count("\n") == 1


def test_a_nan_leaves_the_last_good_snapshot(folder: Path, cli: Callable) -> None:
    change(folder, base_lr="0.1", gamma="1e30", stepsize="5", snapshot="4", max_iter="50")
    result = cli("train", "--solver", "solver.prototxt")
    assert result.code == 1
    assert "not finite" in result.err
    assert all(np.isfinite(a).all() for _, _, a in weights_files.load("snapshots/tiny_iter_4.npz").arrays())


def test_solver_mode_gpu_is_one_warning(folder: Path, cli: Callable) -> None:
    change(folder, solver_mode="GPU")
    result = cli("train", "--solver", "solver.prototxt", "--log-format", "plain")
    assert result.code == 0
    assert [line for line in result.err.splitlines() if line.startswith("warning: ")] == [
        line for line in result.err.splitlines() if "GPU" in line
    ]
    assert "Training on the CPU." in result.err


def test_python_layers_can_be_refused(folder: Path, cli: Callable) -> None:
    (folder / "net.prototxt").write_text(NET + 'layer { name: "py" type: "Python" bottom: "ip" top: "py" }')
    result = cli("train", "--solver", "solver.prototxt", "--no-python-layers")
    assert result.code == 1
    assert "net.prototxt:10:" in result.err
    assert "--no-python-layers forbids" in result.err


def started(folder: Path, *argv: str) -> subprocess.Popen[str]:
    """A long run in a process of its own that has begun to train."""
    change(folder, max_iter="100000000", snapshot="", display="1000")
    command = [sys.executable, "-m", "netproto", "train", "--solver", "solver.prototxt", *argv]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT), "PATH": ""})
    assert process.stderr is not None
    for line in process.stderr:
        if "Iteration 1000" in line:
            return process
    raise AssertionError("it never began")


def snapshots(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / "snapshots").glob("*.state.npz"))


def test_sigint_writes_a_snapshot_and_stops(folder: Path) -> None:
    process = started(folder)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Optimization stopped early." in err
    assert len(snapshots(folder)) == 1


def test_sighup_writes_a_snapshot_and_goes_on(folder: Path) -> None:
    process = started(folder)
    process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 20
    while not snapshots(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None
    process.kill()
    process.communicate()
    assert len(snapshots(folder)) == 1


def test_the_effects_can_be_changed(folder: Path) -> None:
    process = started(folder, "--sigint-effect=none", "--sighup_effect", "stop")
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert len(snapshots(folder)) == 1


def test_a_missing_database_tells_of_the_sample(folder: Path, cli: Callable) -> None:
    data = 'layer { name: "data" type: "Data" top: "data" top: "target" data_param { source: "absent_lmdb" backend: LMDB batch_size: 2 } }'
    (folder / "net.prototxt").write_text(data)
    result = cli("train", "--solver", "solver.prototxt", "--minloglevel=2")
    assert result.code == 1
    assert result.err.startswith("netproto: error: absent_lmdb: layer 'data' (Data): there is no such LMDB")
    assert "--sample" in result.err


def test_gradients_between_layers_share_memory(folder: Path, cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    phases, plan = [], diff_memory.plan
    monkeypatch.setattr(diff_memory, "plan", lambda graph, kept: phases.append(graph.phase) or plan(graph, kept))
    assert cli("train", "--solver", "solver.prototxt").code == 0
    assert phases == [TRAIN]
