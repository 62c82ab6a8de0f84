"""What is in pictures."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.data import image
from netproto.formats import mean as mean_files
from netproto.formats import weights as weights_files
from netproto.formats.weights import Weights

from . import pictures

MEAN = np.array([104, 117, 123], np.float32)[:, None, None]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures.write(tmp_path)
    return tmp_path


def resized(name: str, size: tuple[int, int], *, antialias: bool) -> np.ndarray:
    """BGR planes of a picture, resized to (height, width)."""
    if not antialias:
        return image.resize(image.read(name, color=True), *size).transpose(2, 0, 1).astype(np.float32)
    rgb = np.asarray(Image.open(name).resize(size[::-1], Image.Resampling.BILINEAR))
    return rgb[:, :, ::-1].transpose(2, 0, 1).astype(np.float32)


def expect(data: np.ndarray) -> list[tuple[int, float]]:
    """(class, probability) of the most likely, for (crops, 3, 7, 7)."""
    values = pictures.softmax(pictures.scores(data)).mean(axis=0)
    return [(int(i), pytest.approx(float(values[i]), abs=1e-5)) for i in np.argsort(-values)]


def asked(cli: Callable, *argv: str) -> list[list[tuple[int, float]]]:
    result = cli("predict", *argv, "--json")
    assert (result.code, result.err) == (0, "")
    return [[(entry["class"], entry["probability"]) for entry in picture["top"]] for picture in json.loads(result.out)["pictures"]]


TRAINED = (np.s_[:, 1:8, 2:9], np.float32(0.0078125))


@pytest.mark.parametrize(
    ("files", "flags"),
    [
        (["deploy.prototxt", "bare.caffemodel"], ["--train-net", "train_val.prototxt"]),
        (["train_val.prototxt", "bare.caffemodel"], []),
        (["deploy.prototxt", "own.npz"], []),
        (["own.npz"], []),
    ],
)
def test_the_training_net_says_the_preprocessing(files: list[str], flags: list[str], cli: Callable) -> None:
    window, scale = TRAINED
    wanted = [expect(((resized(name, (10, 11), antialias=False) - MEAN) * scale)[window][None]) for name in ("a.png", "b.png")]
    assert asked(cli, *files, "a.png", "b.png", *flags) == wanted


def test_ten_crops_are_averaged_as_probabilities(cli: Callable) -> None:
    planes = (resized("a.png", (10, 11), antialias=False) - MEAN) * TRAINED[1]
    five = [planes[:, y : y + 7, x : x + 7] for y, x in [(0, 0), (0, 4), (3, 0), (3, 4), (1, 2)]]
    assert asked(cli, "own.npz", "a.png", "--ten-crop") == [expect(np.stack([*five, *(crop[:, :, ::-1] for crop in five)]))]


def test_flags_come_first(cli: Callable) -> None:
    planes = (resized("a.png", (9, 13), antialias=True)[::-1] - np.array([1, 2, 3])[:, None, None]) * 0.01
    argv = ["--resize", "9,13", "--mean-value", "1,2,3", "--scale", "0.01", "--rgb", "--interpolation", "antialias"]
    assert asked(cli, "own.npz", "a.png", *argv) == [expect(planes[None, :, 1:8, 3:10])]


def test_a_mean_file_says_the_size(cli: Callable) -> None:
    mean = np.random.default_rng(1).random((3, 8, 9)).astype(np.float32) * 200
    mean_files.save("mean.binaryproto", mean)
    planes = resized("b.png", (8, 9), antialias=True) - mean
    argv = ["deploy.prototxt", "bare.caffemodel", "b.png", "--mean-file", "mean.binaryproto"]
    assert asked(cli, *argv) == [expect(planes[None, :, 0:7, 1:8])]
    assert "8 x 9, antialiased (the size of the mean file)" in cli("predict", *argv).out


def test_a_deploy_net_alone_says_little(cli: Callable) -> None:
    result = cli("predict", "deploy.prototxt", "bare.caffemodel", "a.png")
    assert "preprocessing, from flags and the net's input" in result.out
    assert "mean     none (none is known: --train-net, --mean-file or --mean-value says one)" in result.out
    assert asked(cli, "deploy.prototxt", "bare.caffemodel", "a.png") == [expect(resized("a.png", (7, 7), antialias=True)[None])]


def test_a_database_says_size_and_channels(cli: Callable, folder: Path) -> None:
    text = pictures.TRAIN_VAL.replace("ImageData", "Data").replace("image_data_param", "data_param")
    text = text.replace("new_height: 10 new_width: 11", "backend: LMDB").replace("list.txt", "lmdb").replace("crop_size: 7 ", "")
    Path("lmdb.prototxt").write_text(text)
    cli("convert-imageset", "--resize-height", "7", "--resize-width", "7", "", "list.txt", "lmdb")
    planes = (resized("a.png", (7, 7), antialias=True) - MEAN) * TRAINED[1]
    assert asked(cli, "lmdb.prototxt", "own.npz", "a.png") == [expect(planes[None])]
    Path("lmdb.prototxt").write_text(text.replace('"lmdb"', '"absent"'))
    result = cli("predict", "lmdb.prototxt", "own.npz", "a.png")
    assert result.code == 1
    assert "lmdb.prototxt:2:1: layer 'data' (Data): nothing says the size of the pictures. Say it: --resize H,W" in result.err
    assert asked(cli, "lmdb.prototxt", "own.npz", "a.png", "--resize", "7") == [expect(planes[None])]


def test_scores_that_are_no_probabilities(cli: Callable) -> None:
    sigmoid = pictures.DEPLOY.replace("Softmax", "Sigmoid")
    Path("sigmoid.prototxt").write_text(sigmoid)
    values = 1 / (1 + np.exp(-pictures.scores((resized("a.png", (7, 7), antialias=True) / 256)[None])[0]))
    (got,) = asked(cli, "sigmoid.prototxt", "bare.caffemodel", "a.png", "--scale", "0.00390625", "--top", "2")
    assert got == [(int(i), pytest.approx(float(values[i]), abs=1e-5)) for i in np.argsort(-values)[:2]]


def test_as_a_user_runs_it(program: Callable) -> None:
    result = program("predict", "own.npz", "a.png", "c.png", "--labels", "names.txt", "--top", "3")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[:7] == [
        "preprocessing, from own.npz:2:1, layer 'data' (ImageData)",
        "  resize   10 x 11, as OpenCV does (new_height and new_width)",
        "  channels BGR",
        "  crop     the middle 7 x 7 (crop_size)",
        "  mean     104, 117, 123",
        "  scale    0.0078125",
        "  net      the softmax of 'ip'",
    ]
    assert lines[7:9] == ["", "a.png"]
    assert lines[12:14] == ["", "c.png"]
    assert len(lines) == 17
    number, probability = int(lines[9].split()[1]), float(lines[9].split()[0])
    assert lines[9] == f"  {probability:.6f}  {number}  n{number} kind {number}"


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["deploy.prototxt", "bare.caffemodel"], 2, "no picture is named"),
        (["deploy.prototxt"], 2, "no weights are named"),
        (["bare.caffemodel", "a.png"], 1, "bare.caffemodel: does not hold the net that it belongs to"),
        (["own.npz", "absent.png"], 1, "absent.png: image cannot be read: No such file"),
        (["own.npz", "list.txt"], 1, "list.txt: holds an image that cannot be decoded"),
        (["own.npz", "a.png", "--labels", "list.txt"], 1, "list.txt: names 3 classes, but the net has 5"),
        (["own.npz", "a.png", "--labels", "absent.txt"], 1, "absent.txt: labels cannot be read: No such file"),
        (["own.npz", "a.png", "--crop", "99"], 1, "a crop of 99 x 99 does not fit into pictures of 10 x 11"),
        (["own.npz", "a.png", "--mean-file", "absent.npy"], 1, "absent.npy: there is no such file"),
        (["own.npz", "a.png", "--mean-file", "x", "--mean-value", "1"], 2, "give one of them"),
        (["own.npz", "a.png", "--mean-value", "1,2"], 1, "there are 2 mean_value"),
        (["own.npz", "a.png", "--rgb", "--bgr"], 2, "give one of them"),
        (["own.npz", "a.png", "--resize", "10,"], 2, "'10,' is no size of the form HEIGHT,WIDTH"),
        (["own.npz", "a.png", "--output", "cov"], 1, "the net makes no blob 'cov' without labels. Did you mean 'conv'?"),
        (["deploy.prototxt", "other.npz", "a.png"], 1, "other.npz: has no weights for any layer of the net"),
        (["own.npz", "a.png", "--gpu", "0"], 1, "GPU"),
    ],
)
def test_what_it_refuses(argv: list[str], code: int, said: str, cli: Callable) -> None:
    weights_files.save("other.npz", Weights({"fc": [np.zeros((2, 3), np.float32)]}))
    result = cli("predict", *argv)
    assert result.code == code
    assert said in result.err
    assert len(result.err.splitlines()) == 1
