"""test --ten-crop."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netproto.data import image

from . import pictures

MEAN = np.array([104, 117, 123], np.float32)[:, None, None]
LABELS = {"a.png": 2, "b.png": 0, "c.png": 4}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures.write(tmp_path)
    return tmp_path


def judged(name: str) -> np.ndarray:
    """The mean of the softmax of ten crops."""
    planes = image.resize(image.read(name, color=True), 10, 11).transpose(2, 0, 1)
    planes = (planes.astype(np.float32) - MEAN) * np.float32(0.0078125)
    five = [planes[:, y : y + 7, x : x + 7] for y, x in [(0, 0), (0, 4), (3, 0), (3, 4), (1, 2)]]
    return pictures.softmax(pictures.scores(np.stack([*five, *(crop[:, :, ::-1] for crop in five)]))).mean(axis=0)


def wanted() -> dict[str, float]:
    values = {name: judged(name) for name in LABELS}
    places = {name: int((values[name] > values[name][label]).sum()) for name, label in LABELS.items()}
    return {
        "accuracy": sum(place < 1 for place in places.values()) / 3,
        "top3": sum(place < 3 for place in places.values()) / 3,
        "loss": float(np.mean([-np.log(values[name][label]) for name, label in LABELS.items()])),
    }


@pytest.mark.parametrize("batch", [3, 30])
def test_as_a_user_runs_it(batch: int, program: Callable, folder: Path) -> None:
    Path("train_val.prototxt").write_text(pictures.TRAIN_VAL.replace("batch_size: 3", f"batch_size: {batch}"))
    argv = ["--model", "train_val.prototxt", "--weights", "own.npz", "--iterations", "2", "--ten-crop", "--log-format", "plain"]
    result = program("test", *argv)
    assert (result.code, result.out) == (0, "")
    lines = result.err.splitlines()
    assert "Running for 2 iterations." in lines
    found = dict(line.split(" = ") for line in lines if " = " in line)
    assert list(found) == [*(f"Batch {i}, {name}" for i in range(2) for name in ("accuracy", "top3", "loss")), "accuracy", "top3", "loss"]
    for name, value in wanted().items():
        assert float(found[name]) == pytest.approx(value, abs=1e-5)
        assert float(found[f"Batch 1, {name}"]) == pytest.approx(value, abs=1e-5)
    assert f"Loss: {found['loss']}" in lines


def test_a_net_without_accuracy(cli: Callable) -> None:
    Path("train_val.prototxt").write_text("\n".join(line for line in pictures.TRAIN_VAL.splitlines() if "Accuracy" not in line))
    result = cli("test", "--model", "train_val.prototxt", "--weights", "bare.caffemodel", "--iterations", "1", "--ten-crop")
    assert f"accuracy = {wanted()['accuracy']:g}" in result.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"list.txt"', '"absent.txt"', "absent.txt: layer 'data' (ImageData): cannot be read: No such file"),
        (
            'top: "data" top: "label"',
            'top: "data" include { phase: TRAIN }',
            "train_val.prototxt:1:1: has no layer in phase TEST that reads records",
        ),
        ("ImageData", "MemoryData", "layer 'data' (MemoryData): does not give pictures of which ten crops could be taken"),
        ("crop_size: 7", "crop_size: 20", "crop_size is 20, but its image is 3 x 10 x 11"),
        ("num_output: 5", "num_output: 3", "but the layer wants 3x18 and 3"),
    ],
)
def test_what_it_refuses(old: str, new: str, said: str, cli: Callable) -> None:
    text = pictures.TRAIN_VAL.replace(old, new)
    if "include" in new:
        text = "\n".join(line for line in text.splitlines() if '"label"' not in line or "include" in line)
    Path("train_val.prototxt").write_text(text)
    result = cli("test", "--model", "train_val.prototxt", "--weights", "bare.caffemodel", "--ten-crop", "--iterations", "1")
    assert result.code == 1
    assert said in result.err.splitlines()[-1]


def test_a_label_that_is_no_class(cli: Callable) -> None:
    Path("list.txt").write_text("a.png 5\n")
    result = cli("test", "--model", "train_val.prototxt", "--weights", "bare.caffemodel", "--ten-crop", "--iterations", "1")
    assert result.code == 1
    assert "the records have labels of 5 to 5, but the net 5 classes" in result.err
