"""What a person sees: a bar, and messages above it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="only Unix has pseudo terminals")
termios = pytest.importorskip("termios")

ROOT = Path(__file__).parents[2]
NET = """layer { name: "data" type: "DummyData" top: "data" dummy_data_param { shape { dim: 5 dim: 3 } data_filler { value: 1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 2 weight_filler { value: 1 } } }
layer { name: "loss" type: "Reduction" bottom: "ip" top: "loss" loss_weight: 1 }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.125 lr_policy: "fixed" max_iter: 400 display: 100 snapshot_after_train: false'


def seen_on_a_terminal(folder: Path, **environment: str) -> str:
    """All that a training run writes to a terminal."""
    (folder / "net.prototxt").write_text(NET)
    (folder / "solver.prototxt").write_text(SOLVER)
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    near, far = pty.openpty()
    termios.tcsetwinsize(near, (40, 90))
    command = [sys.executable, "-m", "netproto", "train", "--solver", "solver.prototxt"]
    environment = {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **environment}
    process = subprocess.Popen(command, cwd=folder, stdout=far, stderr=far, env=environment)
    os.close(far)
    seen = b""
    while True:
        try:
            more = os.read(near, 4096)
        except OSError:
            break
        if not more:
            break
        seen += more
    os.close(near)
    assert process.wait(timeout=30) == 0
    return seen.decode()


def test_a_bar_with_loss_rate_and_time_left(tmp_path: Path) -> None:
    seen = seen_on_a_terminal(tmp_path)
    lines = [part.strip() for part in re.split(r"[\r\n]+", seen)]
    bars = [line for line in lines if "/400 [" in line]
    assert bars
    assert any(re.search(r"<\d\d:\d\d, .*loss=-?\d\S*, lr=0\.125\]", bar) for bar in bars)
    assert "Optimization Done." in lines
    assert any(re.fullmatch(r"Iteration 300 \(.*\), loss = \S+", line) for line in lines)
    assert not any("lr = 0.125" in line or "Train net output" in line for line in lines)
    assert "\033[" not in seen


def test_no_bar_on_a_machine_that_builds(tmp_path: Path) -> None:
    seen = seen_on_a_terminal(tmp_path, CI="1")
    assert "/400 [" not in seen
    assert re.search(r"^I\d{4} .*\] Iteration 300, lr = 0\.125", seen, re.MULTILINE)
