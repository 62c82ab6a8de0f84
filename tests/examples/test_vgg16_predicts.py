"""VGG16 as it is deployed, with its 138 million weights, says of a picture what plain products say: `netproto predict` in a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.formats import weights as weights_files
from netproto.formats.weights import Weights

from .test_examples import load, weights
from .workplace import EXAMPLES

STAGES = [("conv1_1", "conv1_2"), ("conv2_1", "conv2_2")]
STAGES += [tuple(f"conv{stage}_{i}" for i in (1, 2, 3)) for stage in (3, 4, 5)]
MEAN = np.array([103.939, 116.779, 123.68], np.float32)  # blue, green, red
LARGE_ANSWERS = 150.0
"""How many times larger than 1 what fc7 gives is, as the pooling takes maxima."""

Arrays = dict[str, list[np.ndarray]]


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    """Weight and bias of each layer: a million normal numbers over and over, as wide as ReLU wants them (He et al. 2015)."""
    block = np.random.default_rng(3).standard_normal(1_000_003, np.float32)
    found = {}
    for i, (key, shape) in enumerate(weights(load("vgg16/deploy.prototxt")).items()):
        name, _, index = key.partition("/")
        if index == "0":
            width = (2 / np.prod(shape[1:])) ** 0.5 / (LARGE_ANSWERS if name == "fc8" else 1)
            found[name] = [np.resize(np.roll(block, 7919 * i), shape) * np.float32(width)]
        else:
            found[name].append(block[: shape[0]] * np.float32(0.1))
    return found


@pytest.fixture
def file_of_weights(arrays: Arrays, tmp_path: Path) -> Iterator[Path]:
    """A .caffemodel of half a gigabyte, for as long as the test runs."""
    path = tmp_path / "vgg16.caffemodel"
    weights_files.save(path, Weights(arrays))
    yield path
    path.unlink()


def convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """(C, H, W) -> (outputs, H, W) through windows of 3 x 3 with a border of zeros: one product for each place in the window."""
    _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    y = np.tile(bias[:, None], (1, height * width))
    for dy in range(3):
        for dx in range(3):
            y += weight[:, :, dy, dx] @ padded[:, dy : dy + height, dx : dx + width].reshape(len(x), -1)
    return y.reshape(-1, height, width)


def probabilities(picture: np.ndarray, arrays: Arrays) -> np.ndarray:
    """(256, 256, 3) in red, green, blue -> (1000,): the middle 224 x 224, the 13 convolutions, the 3 products, softmax."""
    x = (picture[16:240, 16:240, ::-1] - MEAN).transpose(2, 0, 1)
    for stage in STAGES:
        for name in stage:
            x = np.maximum(convolve(x, *arrays[name]), 0)
        x = x.reshape(len(x), x.shape[1] // 2, 2, -1, 2).max(axis=(2, 4))
    vector = x.reshape(-1)
    for name in ("fc6", "fc7"):
        vector = np.maximum(arrays[name][0] @ vector + arrays[name][1], 0)
    scores = arrays["fc8"][0] @ vector + arrays["fc8"][1]
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def test_it_says_what_is_in_a_picture(arrays: Arrays, file_of_weights: Path, tmp_path: Path) -> None:
    picture = np.random.default_rng(4).integers(0, 256, (256, 256, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "picture.png")
    wanted = probabilities(picture, arrays)
    best = np.argsort(-wanted)[:5]
    assert 0.02 < wanted[best[0]] < 0.5

    example = EXAMPLES / "vgg16"
    command = [sys.executable, "-m", "netproto", "predict", "--json", "--top", "1000", "--train-net", str(example / "train_val.prototxt")]
    files = [str(example / "deploy.prototxt"), str(file_of_weights), "picture.png"]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run([*command, *files], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)["pictures"]
    assert [entry["class"] for entry in answer["top"][:5]] == best.tolist()
    found = np.zeros(1000)
    for entry in answer["top"]:
        found[entry["class"]] = entry["probability"]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=3e-5 * wanted.max())
