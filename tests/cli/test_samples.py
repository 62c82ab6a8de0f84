"""--sample: unchanged files train and test on the pictures that ship with netproto."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

NET = """name: "tiny"
layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  data_param { source: "no_train_lmdb" batch_size: 20 backend: LMDB } }
layer { name: "d" type: "Data" top: "data" top: "label" data_param { source: "no_test_lmdb" batch_size: 60 } include { phase: TEST } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.0001 lr_policy: "fixed" max_iter: 3 test_iter: 1000 test_interval: 3 snapshot_prefix: "tiny"'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    return tmp_path


def test_train_and_test(folder: Path, cli: Callable) -> None:
    trained = cli("train", "--solver", "solver.prototxt", "--sample", "--log-format", "plain")
    assert trained.code == 0
    warnings = [line for line in trained.err.splitlines() if line.startswith("warning: ")]
    assert [
        bool(re.search(rf"\d+ {split} pictures .* there is no no_{split}_lmdb", w))
        for split, w in zip(("train", "test"), warnings, strict=False)
    ] == [True, True]
    assert warnings[2:] == [
        "warning: Layer 'd' has a batch_size of 50, not 60: so batches divide the pictures evenly",
        "warning: test_iter is 10, not 1000: so a test sees each picture of the sample once",
        "warning: random_seed is 2: so every run on the sample is the same",
    ]
    assert "Random seed: 2\n" in trained.err
    accuracy = re.findall(r"Test net output #0: accuracy = (\S+)", trained.err)[-1]

    tested = cli("test", "--weights", "tiny_iter_3.npz", "--iterations", 10)
    assert tested.err.rstrip().splitlines()[-2].endswith(f"] accuracy = {accuracy}")
    tested = cli("test", "--model", "net.prototxt", "--weights", "tiny_iter_3.npz", "--sample")
    assert tested.err.rstrip().splitlines()[-2].endswith(f"] accuracy = {accuracy}")
    assert "Batch 9," in tested.err
    assert "Batch 10," not in tested.err


def test_the_batch_size_of_training_alone(folder: Path, cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    monkeypatch.setattr(
        "netproto.solver.Solver.solve",
        lambda self: seen.update(net=self.net.blobs["data"].shape, test=self.test_nets[0].blobs["data"].shape),
    )
    assert cli("train", "--solver", "solver.prototxt", "--sample", "--batch-size", 7).code == 0
    assert seen == {"net": (7, 1, 28, 28), "test": (50, 1, 28, 28)}


def test_a_seed_that_is_written_stays(folder: Path, cli: Callable) -> None:
    (folder / "solver.prototxt").write_text(SOLVER + " random_seed: 7")
    result = cli("train", "--solver", "solver.prototxt", "--sample")
    assert "Random seed: 7\n" in result.err
    assert "random_seed is" not in result.err


def test_separate_nets(folder: Path, cli: Callable) -> None:
    (folder / "solver.prototxt").write_text(SOLVER.replace("net:", "train_net:") + ' test_net: "net.prototxt"')
    result = cli("train", "--solver", "solver.prototxt", "--sample")
    assert result.code == 0
    assert "test_iter is 10, not 1000" in result.err


def test_time(folder: Path, cli: Callable) -> None:
    assert "Total Time: " in cli("time", "--model", "net.prototxt", "--sample", "--iterations", 1).err


@pytest.mark.parametrize("argv", [["train", "--solver", "solver.prototxt"], ["time", "--model", "net.prototxt"]])
def test_without_it_the_error_tells_of_it(argv: list[str], folder: Path, cli: Callable) -> None:
    result = cli(*argv, "--minloglevel", 2)
    assert result.code == 1
    assert result.err.startswith("netproto: error: no_train_lmdb: layer 'd' (Data): ")
    assert result.err.endswith("--sample\n")


def test_data_that_is_there_is_kept(folder: Path, cli: Callable) -> None:
    (folder / "net.prototxt").write_text('layer { name: "i" type: "Input" top: "x" input_param { shape { dim: 2 } } }')
    assert "--sample replaces nothing" in cli("time", "--model", "net.prototxt", "--sample", "--iterations", 1).err


def test_a_broken_database_is_not_blamed_on_its_absence(folder: Path, cli: Callable) -> None:
    (folder / "no_train_lmdb").mkdir()
    (folder / "no_train_lmdb" / "data.mdb").write_bytes(b"not LMDB" * 1000)
    result = cli("train", "--solver", "solver.prototxt")
    assert result.code == 1
    assert "no_train_lmdb: layer 'd' (Data): " in result.err
    assert "--sample" not in result.err
