"""The slim AlexNet has its printed shapes, and learns from records that are made of idx files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netproto.data import datasets, lmdb
from netproto.sample import sheets
from tests.data.idx_files import write_idx

from .test_examples import load, number_of_weights, shapes
from .workplace import EXAMPLES, TEST, Trained

LOG_10 = 2.302585
SHAPES = {
    "conv1": (96, 54, 54),
    "pool1": (96, 26, 26),
    "conv2": (256, 26, 26),
    "pool2": (256, 12, 12),
    "conv3": (384, 12, 12),
    "conv4": (384, 12, 12),
    "conv5": (256, 12, 12),
    "pool5": (256, 5, 5),
    "flatten": (6400,),
    "fc6": (4096,),
    "fc7": (4096,),
    "fc8": (10,),
}


def test_shapes() -> None:
    found = shapes(load("fashion_mnist/deploy.prototxt"), TEST)
    assert {name: found[name][1:] for name in SHAPES} == SHAPES
    assert number_of_weights(load("fashion_mnist/deploy.prototxt")) == 46_764_746


def write_files(folder: Path) -> None:
    """Twelve pictures a split, named as Fashion-MNIST's are but plain: gzip is told by what is in a file."""
    for split, stem in (("train", "train"), ("test", "t10k")):
        pictures, labels = sheets.load(split)
        step = len(pictures) // 12
        write_idx(folder / f"{stem}-images-idx3-ubyte.gz", pictures[::step][:12])
        write_idx(folder / f"{stem}-labels-idx1-ubyte.gz", labels[::step][:12].astype("uint8"))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_one_command_makes_the_databases_and_trains(tmp_path: Path) -> None:
    """With a batch of two and one iteration; the second time the databases are there."""
    shutil.copytree(EXAMPLES / "fashion_mnist", tmp_path / "examples" / "fashion_mnist")
    write_files(tmp_path)
    solver = tmp_path / "examples" / "fashion_mnist" / "solver.prototxt"
    solver.write_text(solver.read_text().replace("test_iter: 100\ntest_interval: 469\ntest_initialization: false\n", ""))
    (tmp_path / "netproto").write_text(f'#!/bin/sh\nexec {sys.executable} -m netproto "$@"\n')
    (tmp_path / "netproto").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(EXAMPLES.parent)}
    command = ["sh", "examples/fashion_mnist/run.sh", ".", "--batch-size", "2", "--max-iter", "1"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Wrote 12 pictures") == 2
    assert "Iteration 0" in done.stderr
    assert (tmp_path / "examples" / "fashion_mnist" / "fashion_mnist_alexnet_iter_1.npz").exists()


def test_it_learns(workplace: Callable[..., Trained], tmp_path: Path) -> None:
    pictures, labels = sheets.load("train")
    folder = tmp_path / "examples" / "fashion_mnist"
    folder.mkdir(parents=True)
    lmdb.write(str(folder / "fashion_mnist_train_lmdb"), datasets.pictures(pictures[:, None], labels, side=224, encoded=True))
    losses = workplace("fashion_mnist/solver.prototxt", iterations=4, batch=10).losses
    assert losses[0] == pytest.approx(LOG_10, abs=0.1)
    assert losses[3] < losses[0] - 0.1
