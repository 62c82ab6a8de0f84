"""A run that is killed again and again ends with the weights of one that never was, bit for bit."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import lmdb
import numpy as np

from netproto.schema import messages
from netproto.solver.snapshot import newest

NET = """
name: "killed"
layer { name: "data" type: "Data" top: "x" top: "y" data_param { source: "db" batch_size: 9 backend: LMDB }
  transform_param { crop_size: 13 mirror: true mean_value: 100 scale: 0.01 } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
  convolution_param { num_output: 16 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "drop" type: "Dropout" bottom: "conv" top: "drop" }
layer { name: "ip" type: "InnerProduct" bottom: "drop" top: "ip" inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "y" top: "loss" }
"""
SOLVER = """
net: "net.prototxt" base_lr: 0.02 momentum: 0.9 weight_decay: 0.001 lr_policy: "step" gamma: 0.8 stepsize: 100
max_iter: 2800 snapshot: 11 snapshot_prefix: "%s/s" random_seed: 5 solver_mode: CPU display: 100
"""
KILLS = 10


def write_database(path: Path) -> None:
    generator = np.random.default_rng(2)
    with lmdb.open(str(path), map_size=1 << 24) as database, database.begin(write=True) as transaction:
        for i in range(50):
            pixels = generator.integers(0, 256, (3, 17, 19), np.uint8)
            datum = messages.Datum(channels=3, height=17, width=19, data=pixels.tobytes(), label=i % 10)
            transaction.put(b"%08d" % i, datum.SerializeToString())


def start(folder: Path, name: str) -> subprocess.Popen[bytes]:
    """Train in the background, from the newest snapshot where there is one."""
    state = newest(folder / name / "s")
    resume = ["--snapshot", str(state)] if state else []
    command = [sys.executable, "-m", "netproto", "train", "--solver", f"{name}.prototxt", *resume]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)


def test_ten_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    write_database(tmp_path / "db")
    (tmp_path / "net.prototxt").write_text(NET)
    for name in ("whole", "killed"):
        (tmp_path / f"{name}.prototxt").write_text(SOLVER % name)
    assert start(tmp_path, "whole").wait() == 0

    moments = random.Random(4)
    interrupted = 0
    while interrupted < KILLS:
        before = newest(tmp_path / "killed" / "s")
        run = start(tmp_path, "killed")
        while newest(tmp_path / "killed" / "s") == before and run.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.25))
        if run.poll() is not None:
            break
        run.send_signal(signal.SIGKILL)
        run.wait()
        interrupted += 1
    assert start(tmp_path, "killed").wait() == 0

    whole, killed = (np.load(tmp_path / name / "s_iter_2800.npz") for name in ("whole", "killed"))
    for key in ("conv/0", "conv/1", "ip/0", "ip/1"):
        np.testing.assert_array_equal(killed[key], whole[key])
    assert interrupted == KILLS
