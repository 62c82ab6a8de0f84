"""Classifier and Detector, on nets whose output tells what they were given."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import netproto.pycaffe as caffe
from netproto.errors import DataError
from netproto.pycaffe.detector import read_windows

from .helpers import write

RNG = np.random.default_rng(5)


def tell(folder: Path, batch: int, height: int, width: int) -> tuple[str, str]:
    """(net file, weights) of a net that gives its input back, flattened."""
    text = f"""
    layer {{ name: "data" type: "Input" top: "data" input_param {{ shape {{ dim: {batch} dim: 3 dim: {height} dim: {width} }} }} }}
    layer {{ name: "flat" type: "Flatten" bottom: "data" top: "flat" }}
    """
    net = caffe.Net(write(folder, text), caffe.TEST)
    net.save(folder / "w.npz")
    return str(folder / "net.prototxt"), str(folder / "w.npz")


def test_the_centre(tmp_path: Path) -> None:
    classifier = caffe.Classifier(
        *tell(tmp_path, 2, 3, 5), image_dims=(6, 8), raw_scale=255, channel_swap=(2, 1, 0), mean=np.array([5, 7, 11])
    )
    pictures = [RNG.random((6, 8, 3), dtype=np.float32) for _ in range(3)]
    got = classifier.predict(pictures, oversample=False).reshape(3, 3, 3, 5)
    for picture, planes in zip(pictures, got, strict=True):
        wanted = picture[1:4, 1:6, ::-1].transpose(2, 0, 1) * 255 - np.array([5, 7, 11])[:, None, None]
        np.testing.assert_allclose(planes, wanted, rtol=1e-5, atol=1e-4)


def test_the_mean_of_ten_crops(tmp_path: Path) -> None:
    classifier = caffe.Classifier(*tell(tmp_path, 7, 3, 5), image_dims=(6, 8), input_scale=2)
    pictures = [RNG.random((6, 8, 3), dtype=np.float32) for _ in range(2)]
    crops = caffe.io.oversample(pictures, (3, 5)).reshape(2, 10, 3, 5, 3)
    wanted = 2 * crops.mean(1).transpose(0, 3, 1, 2).reshape(2, -1)
    np.testing.assert_allclose(classifier.predict(pictures), wanted, rtol=1e-5)


def test_pictures_are_resized_to_the_input_if_nothing_else_is_asked_for(tmp_path: Path) -> None:
    classifier = caffe.Classifier(*tell(tmp_path, 1, 3, 5))
    picture = RNG.random((7, 11, 3), dtype=np.float32)
    wanted = caffe.io.resize_image(picture, (3, 5)).transpose(2, 0, 1)
    np.testing.assert_array_equal(classifier.predict([picture], False)[0], wanted.ravel())


@pytest.fixture
def picture(tmp_path: Path) -> tuple[str, np.ndarray]:
    levels = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(levels).save(tmp_path / "p.png")
    return str(tmp_path / "p.png"), levels / np.float32(255)


def test_windows_are_warped_to_the_input(tmp_path: Path, picture: tuple[str, np.ndarray]) -> None:
    path, image = picture
    detector = caffe.Detector(*tell(tmp_path, 2, 5, 5), channel_swap=(2, 1, 0))
    windows = np.array([[2, 3, 12, 23], [0, 0, 5, 5], [10, 10, 20, 30]])
    found = detector.detect_windows([(path, windows), (path, [(1, 2, 6, 7)])])
    assert [f["filename"] for f in found] == [path] * 4
    assert found[0]["window"].tolist() == [2, 3, 12, 23]
    for detection in found:
        top, left, bottom, right = detection["window"]
        wanted = caffe.io.resize_image(image[top:bottom, left:right], (5, 5))[..., ::-1].transpose(2, 0, 1)
        np.testing.assert_array_equal(detection["prediction"], wanted.ravel())
    assert detector.detect_windows([]) == []


def test_context_is_shown_around_a_window(tmp_path: Path, picture: tuple[str, np.ndarray]) -> None:
    image = picture[1]
    detector = caffe.Detector(*tell(tmp_path, 1, 8, 8), context_pad=2)
    crop = detector.crop(image, np.array([8, 10, 15, 17]))  # 8 pixels, which become 16 with their context
    np.testing.assert_allclose(crop, caffe.io.resize_image(image[4:20, 6:22], (8, 8)), atol=0.2)
    assert np.abs(crop - image[4:20, 6:22][::2, ::2]).mean() < 0.3


def test_the_mean_is_shown_where_the_picture_has_ended(tmp_path: Path) -> None:
    mean = np.array([51.0, 102.0, 153.0])
    detector = caffe.Detector(*tell(tmp_path, 1, 8, 8), context_pad=2, mean=mean, raw_scale=255, channel_swap=(2, 1, 0))
    image = np.ones((20, 30, 3), np.float32)
    crop = detector.crop(image, np.array([0, 0, 7, 7]))
    assert crop.shape == (8, 8, 3)
    np.testing.assert_allclose(crop[0, 0], [0.6, 0.4, 0.2], rtol=1e-6)
    np.testing.assert_allclose(crop[:2], np.broadcast_to(crop[0, 0], (2, 8, 3)))
    np.testing.assert_array_equal(crop[3:, 3:], 1)
    preprocessed = detector.transformer.preprocess("data", crop)
    np.testing.assert_allclose(preprocessed[:, 0, 0], 0, atol=1e-4)
    far = detector.crop(image, np.array([12, 22, 19, 29]))
    np.testing.assert_allclose(far[-1, -1], [0.6, 0.4, 0.2], rtol=1e-6)


@pytest.mark.parametrize("context_pad", [None, 2])
def test_a_window_outside_the_picture(tmp_path: Path, context_pad: int | None) -> None:
    detector = caffe.Detector(*tell(tmp_path, 1, 8, 8), context_pad=context_pad)
    with pytest.raises(DataError, match="the window ymin 50, xmin 0, ymax 60, xmax 9 has nothing of the picture of 20 x 30"):
        detector.crop(np.zeros((20, 30, 3), np.float32), np.array([50, 0, 60, 9]))


def test_selective_search(tmp_path: Path, picture: tuple[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    detector = caffe.Detector(*tell(tmp_path, 2, 5, 5))
    with pytest.raises(DataError, match="selective search cannot be run: No module"):
        detector.detect_selective_search([picture[0]])
    search = ModuleType("selective_search_ijcv_with_python")
    windows = [(0, 0, 5, 5), (2, 3, 12, 13)]
    monkeypatch.setattr(search, "get_windows", lambda paths, cmd: [windows] * len(paths) * (cmd == "selective_search_rcnn"), raising=False)
    monkeypatch.setitem(sys.modules, search.__name__, search)
    assert [d["window"].tolist() for d in detector.detect_selective_search([picture[0]])] == [[0, 0, 5, 5], [2, 3, 12, 13]]


def test_windows_of_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "filename, ymin, xmin, ymax, xmax\nb.jpg, 1, 2.0, 3, 5\na.jpg, 7, 8, 9, 10\nb.jpg, 2, 3, 5, 7\n", "w.csv")
    (first, windows), (second, others) = read_windows(path)
    assert (first, windows.tolist(), second, others.tolist()) == ("b.jpg", [[1, 2, 3, 5], [2, 3, 5, 7]], "a.jpg", [[7, 8, 9, 10]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("filename,ymin,xmin,ymax\na,1,2,3\n", r"w.csv:1:1: has no column 'xmax'\. Did you mean 'ymax'"),
        ("filename,ymin,xmin,ymax,xmax\na,1,2,3,x\n", r"w.csv:2:1: is no list of windows"),
        ("filename,ymin,xmin,ymax,xmax\na,1,2\n", r"w.csv:2:1: is no list of windows"),
        (None, "windows cannot be read: No such file"),
    ],
)
def test_files_without_windows(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "w.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_windows(path)
