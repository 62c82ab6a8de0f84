"""The slim AlexNet has its printed shapes, and learns from records that are made of idx files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path

import pytest

from netproto.cli.shapes import with_inputs
from netproto.data import datasets, lmdb
from netproto.net import graph
from netproto.net.splits import insert_splits
from netproto.sample import sheets
from netproto.schema import messages, rules
from tests.data.idx_files import write_idx

from .test_examples import load, number_of_weights, shapes
from .workplace import EXAMPLES, TEST, TRAIN, Trained

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


def run_script(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A script of the copied example, in a folder where the shell finds netproto."""
    (folder / "netproto").write_text(f'#!/bin/sh\nexec {sys.executable} -m netproto "$@"\n')
    (folder / "netproto").chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(EXAMPLES.parent)}
    command = ["sh", f"examples/fashion_mnist/{script}", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_one_command_makes_the_databases_and_trains(tmp_path: Path) -> None:
    """With a batch of two and one iteration; the second time the databases are there."""
    shutil.copytree(EXAMPLES / "fashion_mnist", tmp_path / "examples" / "fashion_mnist")
    write_files(tmp_path)
    solver = tmp_path / "examples" / "fashion_mnist" / "solver.prototxt"
    solver.write_text(solver.read_text().replace("test_iter: 100\ntest_interval: 469\ntest_initialization: false\n", ""))
    done = run_script(tmp_path, "run.sh", ".", "--batch-size", "2", "--max-iter", "1")
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


LENET5 = {
    "conv1": (6, 28, 28),
    "pool1": (6, 14, 14),
    "conv2": (16, 10, 10),
    "pool2": (16, 5, 5),
    "fc3": (120,),
    "fc4": (84,),
    "fc5": (10,),
}
STAGES = [("sigmoid",), ("sigmoid", "dropout"), ("relu",), ("relu", "dropout")]


@pytest.mark.parametrize("stages", STAGES, ids="-".join)
def test_lenet5_and_its_stages(stages: tuple[str, ...]) -> None:
    written = with_inputs(load("fashion_mnist/exercises/lenet5_train_test.prototxt"), {"data": (2, 1, 28, 28), "label": (2,)})
    net = rules.filter_net(written, messages.NetState(phase=TRAIN, stage=stages))
    built = graph.build(insert_splits(net), TRAIN)
    found = dict(zip(built.blob_names, built.shapes, strict=True))
    assert {name: found[name][1:] for name in LENET5} == LENET5
    assert sum(prod(param.shape) for param in built.learned) == 61_706
    kinds = [layer.type for layer in net.layer]
    assert [kinds.count(kind) for kind in ("Sigmoid", "ReLU", "Dropout")] == [
        0 if "relu" in stages else 4,
        4 if "relu" in stages else 0,
        2 if "dropout" in stages else 0,
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_exercises_are_one_command(tmp_path: Path) -> None:
    """With one batch size and one pair of stages, 6 iterations of 2 pictures each, and one test batch."""
    shutil.copytree(EXAMPLES / "fashion_mnist", tmp_path / "examples" / "fashion_mnist")
    write_files(tmp_path)
    script = tmp_path / "examples" / "fashion_mnist" / "exercises" / "run.sh"
    text = script.read_text()
    less = {"32 64 128 256 512": "2", '" 128': '" 2', "relu,dropout sigmoid ": "", "--iterations 100": "--iterations 1"}
    for written, wanted in less.items():
        assert text.count(written) == 1
        text = text.replace(written, wanted)
    script.write_text(text)
    lines = run_script(tmp_path, "exercises/run.sh", ".", "12").stdout.splitlines()
    said = [re.fullmatch(r"(\S+), batch 2, (\d+) iterations: \d+ s, accuracy [\d.]+", line) for line in lines]
    assert [match and match.group(1, 2) for match in said] == [("relu", "6"), ("sigmoid,dropout", "6")]
