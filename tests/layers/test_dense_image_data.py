"""DenseImageData: images, and images of their labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.data.resize import NEAREST, resized
from netproto.errors import DataError, ModelError
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of

GENERATOR = np.random.default_rng(1)
IMAGES = GENERATOR.integers(0, 256, (3, 6, 10, 3)).astype(np.uint8)
LABELS = GENERATOR.integers(0, 12, (3, 6, 10)).astype(np.uint8)


def listed(folder: Path) -> str:
    """A list of images, whose first channel is written blue."""
    lines = []
    for i in range(3):
        Image.fromarray(IMAGES[i][:, :, ::-1]).save(folder / f"{i}.png")
        Image.fromarray(LABELS[i]).save(folder / f"l{i}.png")
        lines.append(f"/{i}.png /l{i}.png\n")
    (folder / "list.txt").write_text("".join(lines))
    return f'source: "{folder}/list.txt" root_folder: "{folder}"'


def data_net(param: str, rest: str = "", *, seed: int = 1) -> Net:
    body = f"dense_image_data_param {{ {param} }} {rest}"
    return net_of(f'layer {{ name: "d" type: "DenseImageData" top: "data" top: "label" {body} }}', ops=CpuOps(), seed=seed)


def batch(net: Net) -> tuple[np.ndarray, np.ndarray]:
    net.forward()
    got = np.array(net.blobs["data"].data), np.array(net.blobs["label"].data)
    net.close()
    return got


def test_images_and_labels(tmp_path: Path) -> None:
    images, labels = batch(data_net(f"{listed(tmp_path)} batch_size: 3", "transform_param { mean_value: 5 scale: 0.5 }"))
    np.testing.assert_array_equal(images, (IMAGES.transpose(0, 3, 1, 2).astype(np.float32) - 5) / 2)
    np.testing.assert_array_equal(labels, LABELS[:, None])


def test_resized_labels_stay_labels(tmp_path: Path) -> None:
    images, labels = batch(data_net(f"{listed(tmp_path)} batch_size: 2 new_height: 9 new_width: 7"))
    for i in range(2):
        np.testing.assert_array_equal(images[i], resized(IMAGES[i], 9, 7).transpose(2, 0, 1))
        np.testing.assert_array_equal(labels[i, 0], resized(LABELS[i][:, :, None], 9, 7, NEAREST)[:, :, 0])


@pytest.mark.parametrize("seed", range(4))
def test_windows_and_mirrors_are_the_same_for_both(tmp_path: Path, seed: int) -> None:
    images, labels = batch(data_net(f"{listed(tmp_path)} batch_size: 3 crop_height: 3 crop_width: 4 mirror: true", seed=seed))
    for i in range(3):
        found = [
            (top, left, step)
            for top in range(4)
            for left in range(7)
            for step in (1, -1)
            if np.array_equal(images[i], IMAGES[i].transpose(2, 0, 1)[:, top : top + 3, left : left + 4][:, :, ::step])
        ]
        ((top, left, step),) = found
        np.testing.assert_array_equal(labels[i, 0], LABELS[i, top : top + 3, left : left + 4][:, ::step])


def test_gray_images_in_another_order(tmp_path: Path) -> None:
    net = data_net(f"{listed(tmp_path)} batch_size: 1 is_color: false shuffle: true", seed=3)
    seen = []
    for _ in range(3):
        net.forward()
        seen.append(int(np.argmin([np.abs(net.blobs["label"].data[0, 0] - label).sum() for label in LABELS])))
    assert net.blobs["data"].shape == (1, 1, 6, 10)
    assert sorted(seen) == [0, 1, 2]
    net.close()


@pytest.mark.parametrize(
    ("param", "rest", "message"),
    [
        ("new_height: 5", "", "new_height is 5 and new_width 0"),
        ("crop_width: 5", "", "crop_height is 0 and crop_width 5"),
        ("", "transform_param { mirror: true }", "would part images from their labels"),
        ("", "transform_param { crop_size: 3 }", "would part images from their labels"),
        ("batch_size: 0", "", "batch_size is 0"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, param: str, rest: str, message: str) -> None:
    size = "" if "batch_size" in param else "batch_size: 1"
    with pytest.raises(ModelError, match=message):
        data_net(f"{listed(tmp_path)} {size} {param}", rest)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    source = listed(tmp_path)
    with pytest.raises(DataError, match="its image is 6 x 10, smaller than the window of 7 x 4"):
        batch(data_net(f"{source} batch_size: 1 crop_height: 7 crop_width: 4"))
    Image.fromarray(LABELS[0][:, :9]).save(tmp_path / "l0.png")
    with pytest.raises(DataError, match="its image is 6 x 10, but its labels are 6 x 9"):
        batch(data_net(f"{source} batch_size: 1"))
    (tmp_path / "list.txt").write_text("one two three\n")
    with pytest.raises(DataError, match="'one two three' is not two paths"):
        data_net(f"{source} batch_size: 1")


def test_images_of_several_sizes(tmp_path: Path) -> None:
    source = listed(tmp_path)
    Image.fromarray(IMAGES[1][:5]).save(tmp_path / "1.png")
    Image.fromarray(LABELS[1][:5]).save(tmp_path / "l1.png")
    with pytest.raises(DataError, match="its image gives 3 x 5 x 10, the first of its batch 3 x 6 x 10"):
        batch(data_net(f"{source} batch_size: 2"))
    net = data_net(f"{source} batch_size: 1")
    net.forward()
    net.forward()
    assert net.blobs["label"].shape == (1, 1, 5, 10)
    net.close()
