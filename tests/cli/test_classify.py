"""Caffe's classify.py and detect.py."""

import csv
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from netproto.formats import mean as mean_files
from netproto.pycaffe import io

from . import pictures

NET = ["--model_def", "deploy.prototxt", "--pretrained_model", "bare.caffemodel"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures.write(tmp_path)
    return tmp_path


def resized(name: str, height: int, width: int) -> np.ndarray:
    """RGB values of 0 to 1, (height, width, 3)."""
    return io.resize_image(io.load_image(name), (height, width))


def likely(pictures_of_net: np.ndarray) -> np.ndarray:
    """Probabilities for (N, 7, 7, 3) in RGB and 0 to 1."""
    return pictures.softmax(pictures.scores(255 * pictures_of_net[:, :, :, ::-1].transpose(0, 3, 1, 2)))


def test_as_a_user_runs_it(program: Callable, folder: Path) -> None:
    result = program("classify", *NET, "--center_only", "--images_dim=9,12", "--labels", "names.txt", "--top=2", "a.png", "out.npy")
    assert (result.code, result.err) == (0, "")
    got = np.load(folder / "out.npy")
    wanted = likely(resized("a.png", 9, 12)[None, 1:8, 2:9])
    assert got.shape == (1, 5)
    np.testing.assert_allclose(got, wanted, atol=1e-5)
    lines = result.out.splitlines()
    assert lines[0] == "Loading file: a.png"
    assert lines[2:5] == ["Saving results into out.npy", "", "a.png"]
    assert len(lines) == 7
    best = int(wanted[0].argmax())
    assert lines[5].split()[1:] == [str(best), f"n{best}", "kind", str(best)]


def test_ten_crops_of_a_folder_with_mean_and_scales(cli: Callable) -> None:
    mean_files.save("mean.binaryproto", np.array([104, 117, 123], np.float32)[:, None, None] * np.ones((3, 7, 7), np.float32))
    flags = ["--images_dim", "8,9", "--ext", "png", "--mean_file", "mean.binaryproto", "--input_scale", "0.01", "--raw_scale", "200"]
    assert cli("classify", *NET, *flags, "--channel_swap", "0,1,2", ".", "out.npy").code == 0
    rows = []
    for name in ("a.png", "b.png", "c.png"):
        big = resized(name, 8, 9) * 200
        five = [big[y : y + 7, x : x + 7] for y, x in [(0, 0), (0, 2), (1, 0), (1, 2), (0, 1)]]
        data = np.stack([*five, *(crop[:, ::-1] for crop in five)]).transpose(0, 3, 1, 2)
        rows.append(pictures.softmax(pictures.scores((data - np.array([104, 117, 123])[:, None, None]) * 0.01)).mean(axis=0))
    np.testing.assert_allclose(np.load("out.npy"), rows, atol=1e-5)


def test_an_array_of_many_pictures(cli: Callable) -> None:
    many = np.random.default_rng(2).random((19, 7, 7, 3)).astype(np.float32)
    np.save("many.npy", many)
    result = cli("classify", *NET, "--center_only", "--images_dim", "7,7", "many.npy", "out.npy", "--top", "1")
    np.testing.assert_allclose(np.load("out.npy"), likely(many), atol=1e-5)
    assert [line for line in result.out.splitlines() if line.startswith("many")] == [f"many.npy[{i}]" for i in range(19)]


def test_scores_are_written_as_they_are_and_shown_as_their_softmax(cli: Callable) -> None:
    Path("deploy.prototxt").write_text(pictures.DEPLOY.rpartition("layer {")[0])
    result = cli("classify", *NET, "--center_only", "--images_dim", "7,7", "--raw_scale", "1", "c.png", "out.npy", "--top", "1")
    scores = pictures.scores(resized("c.png", 7, 7)[None, :, :, ::-1].transpose(0, 3, 1, 2))
    np.testing.assert_allclose(np.load("out.npy"), scores, atol=1e-5)
    assert float(result.out.splitlines()[-1].split()[0]) == pytest.approx(pictures.softmax(scores).max(), abs=1e-5)


def test_a_net_of_one_channel_gets_one(cli: Callable) -> None:
    Path("gray.prototxt").write_text(
        'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 1 dim: 5 dim: 7 } } }'
        'layer { name: "ip" type: "Reduction" bottom: "data" top: "ip" reduction_param { axis: 2 operation: MEAN } }'
    )
    assert (
        cli(
            "classify",
            "--model_def=gray.prototxt",
            "--pretrained_model=bare.caffemodel",
            "--images_dim=5,7",
            "--center_only",
            "c.png",
            "out.npy",
        ).code
        == 0
    )
    gray = io.resize_image(io.load_image("c.png", color=False), (5, 7)) * 255
    np.testing.assert_allclose(np.load("out.npy").reshape(-1), [gray.mean()], rtol=1e-5)


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["a.png"], 2, "--model-def"),
        ([*NET, "absent.png"], 1, "absent.png: image cannot be read"),
        ([*NET, "."], 1, ".: holds no *.jpg. --ext says"),
        ([*NET, "absent.npy"], 1, "absent.npy: is no .npy, or a broken one: No such file"),
        ([*NET, "labels.npy"], 1, "labels.npy: holds int64 of the shape (3,), not (pictures, height, width, channels)"),
        ([*NET, "a.png", "--labels", "list.txt"], 1, "list.txt: names 3 classes, but the net has 5"),
        ([*NET, "a.png", "--images_dim", "3,4"], 1, "crops of 7 x 7 are wanted of pictures of 3 x 4"),
        ([*NET, "a.png", "--images_dim", "a"], 2, "'a' is not of whole numbers separated by commas"),
        (["--model_def", "train_val.prototxt", *NET[2:], "a.png"], 1, "train_val.prototxt: has no Input of pictures. Give the deploy net"),
        ([*NET, "--gpu", "a.png"], 1, "GPU"),
    ],
)
def test_what_classify_refuses(argv: list[str], code: int, said: str, cli: Callable) -> None:
    np.save("labels.npy", np.arange(3))
    result = cli("classify", *argv)
    assert result.code == code
    assert said in result.err
    assert len(result.err.splitlines()) == 1


WINDOWS = "filename,ymin,xmin,ymax,xmax\na.png,2,3,12,20\nc.png,0,0,10,11\na.png,5,5,19,31\n"


def windows_of(rows: list[tuple[str, tuple[int, int, int, int]]]) -> np.ndarray:
    crops = [io.resize_image(io.load_image(name)[y0:y1, x0:x1], (7, 7)) for name, (y0, x0, y1, x1) in rows]
    return likely(np.stack(crops))


BY_PICTURE = [("a.png", (2, 3, 12, 20)), ("a.png", (5, 5, 19, 31)), ("c.png", (0, 0, 10, 11))]


def test_windows_of_a_list_to_csv(program: Callable, folder: Path) -> None:
    Path("windows.csv").write_text(WINDOWS)
    result = program("detect", "--crop_mode=list", "--context_pad=0", *NET, "windows.csv", "out.csv")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1] == "Saved to out.csv"
    rows = list(csv.DictReader((folder / "out.csv").read_text().splitlines()))
    assert [(row["filename"], tuple(int(row[name]) for name in ("ymin", "xmin", "ymax", "xmax"))) for row in rows] == BY_PICTURE
    np.testing.assert_allclose([[float(row[f"class{i}"]) for i in range(5)] for row in rows], windows_of(BY_PICTURE), atol=1e-5)


def test_windows_to_hdf5(cli: Callable) -> None:
    Path("windows.csv").write_text(WINDOWS)
    assert cli("detect", "--crop_mode=list", "--context_pad=0", *NET, "windows.csv", "out.h5").code == 0
    with h5py.File("out.h5") as file:
        assert file["filename"].asstr()[:].tolist() == [name for name, _ in BY_PICTURE]
        assert file["window"][:].tolist() == [list(box) for _, box in BY_PICTURE]
        np.testing.assert_allclose(file["prediction"][:], windows_of(BY_PICTURE), atol=1e-5)


def test_context_shows_what_is_around(cli: Callable) -> None:
    Path("windows.csv").write_text(WINDOWS)
    for pad in ("0", "1"):
        assert cli("detect", "--crop_mode=list", "--context_pad", pad, *NET, "windows.csv", f"out{pad}.h5").code == 0
    with h5py.File("out0.h5") as without, h5py.File("out1.h5") as with_context:
        assert not np.allclose(without["prediction"][:], with_context["prediction"][:], atol=1e-3)


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["windows.csv", "out.txt"], 2, "'out.txt' is not the name of a .csv or .h5 or .hdf5 file"),
        (["list.txt", "out.csv", "--crop_mode", "list"], 2, "--crop-mode list wants a .csv of windows, not 'list.txt'"),
        (["windows.csv", "out.csv"], 2, "--crop-mode selective_search wants a .txt of pictures"),
        (["pictures.txt", "out.csv"], 1, "selective search cannot be run"),
        (["absent.csv", "out.csv", "--crop_mode", "list"], 1, "absent.csv: windows cannot be read: No such file"),
        (["bad.csv", "out.csv", "--crop_mode", "list"], 1, "bad.csv:1:1: has no column 'ymin'"),
        (["outside.csv", "out.csv", "--crop_mode", "list", "--context_pad", "0"], 1, "has nothing of the picture of 20 x 33"),
    ],
)
def test_what_detect_refuses(argv: list[str], code: int, said: str, cli: Callable) -> None:
    Path("windows.csv").write_text(WINDOWS)
    Path("pictures.txt").write_text("a.png\n")
    Path("bad.csv").write_text("filename,xmin\na.png,3\n")
    Path("outside.csv").write_text("filename,ymin,xmin,ymax,xmax\na.png,30,30,40,40\n")
    result = cli("detect", *NET, *argv)
    assert result.code == code
    assert said in result.err
    assert len(result.err.splitlines()) == 1
