"""ImageSegData: images, the labels of their pixels, and how much of the window they fill."""

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

TRAIN, TEST = 0, 1
GENERATOR = np.random.default_rng(1)
IMAGES = GENERATOR.integers(0, 256, (3, 6, 10, 3)).astype(np.uint8)
LABELS = GENERATOR.integers(0, 12, (3, 6, 10)).astype(np.uint8)
TOPS = ("data", "label", "sizes")


def listed(folder: Path, *behind: str) -> str:
    """A list of images, whose first channel is written blue, and of what stands behind them."""
    lines = []
    for i in range(3):
        Image.fromarray(IMAGES[i][:, :, ::-1]).save(folder / f"{i}.png")
        Image.fromarray(LABELS[i]).save(folder / f"l{i}.png")
        lines.append(f"/{i}.png {behind[i] if behind else f'/l{i}.png'}\n")
    (folder / "list.txt").write_text("".join(lines))
    return f'source: "{folder}/list.txt" root_folder: "{folder}" {"" if behind else "label_type: PIXEL"}'


def data_net(param: str, transform: str = "", *, seed: int = 1, phase: int = TRAIN, tops: int = 3) -> Net:
    body = f"image_data_param {{ {param} }} transform_param {{ {transform} }}"
    names = " ".join(f'top: "{name}"' for name in TOPS[:tops])
    return net_of(f'layer {{ name: "d" type: "ImageSegData" {names} {body} }}', ops=CpuOps(), seed=seed, phase=phase)


def batch(net: Net) -> list[np.ndarray]:
    net.forward()
    got = [np.array(net.blobs[name].data) for name in TOPS if name in net.blobs]
    net.close()
    return got


def planes(picture: np.ndarray) -> np.ndarray:
    return picture.transpose(2, 0, 1).astype(np.float32)


def test_images_labels_and_sizes(tmp_path: Path) -> None:
    images, labels, sizes = batch(data_net(f"{listed(tmp_path)} batch_size: 3", "mean_value: 5 scale: 0.5"))
    np.testing.assert_array_equal(images, (IMAGES.transpose(0, 3, 1, 2).astype(np.float32) - 5) / 2)
    np.testing.assert_array_equal(labels, LABELS[:, None])
    np.testing.assert_array_equal(sizes, np.broadcast_to(np.float32([6, 10]), (3, 1, 1, 2)))


def test_tops_may_be_left_out(tmp_path: Path) -> None:
    source = listed(tmp_path)
    for tops in (1, 2):
        got = batch(data_net(f"{source} batch_size: 2", tops=tops))
        np.testing.assert_array_equal(got[0], IMAGES[:2].transpose(0, 3, 1, 2))
        assert len(got) == tops


def test_one_label_for_all_of_an_image(tmp_path: Path) -> None:
    _, labels, _ = batch(data_net(f"{listed(tmp_path, '7', '300', '')} batch_size: 3", "crop_size: 3"))
    assert [np.unique(label).tolist() for label in labels] == [[7], [255], [0]]
    _, labels, _ = batch(data_net(f"{listed(tmp_path, '7', '8', '9')} batch_size: 3 label_type: NONE ignore_label: 21", "crop_size: 3"))
    assert np.unique(labels).tolist() == [21]


def test_resized_labels_stay_labels(tmp_path: Path) -> None:
    images, labels, sizes = batch(data_net(f"{listed(tmp_path)} batch_size: 2 new_height: 9 new_width: 7"))
    for i in range(2):
        np.testing.assert_array_equal(images[i], planes(resized(IMAGES[i], 9, 7)))
        np.testing.assert_array_equal(labels[i, 0], resized(LABELS[i][:, :, None], 9, 7, NEAREST)[:, :, 0])
    assert sizes[0].reshape(-1).tolist() == [9, 7]


def window(whole: np.ndarray, top: int, left: int, height: int, width: int, outside: float) -> np.ndarray:
    """A window of the last two axes that may stick out below and to the right."""
    cut = np.full((*whole.shape[:-2], height, width), outside, np.float32)
    part = whole[..., top : top + height, left : left + width]
    cut[..., : part.shape[-2], : part.shape[-1]] = part
    return cut


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("height", "width"), [(3, 4), (8, 4), (3, 15), (9, 15)])
def test_windows_and_mirrors_are_the_same_for_both(tmp_path: Path, seed: int, height: int, width: int) -> None:
    transform = f"crop_height: {height} crop_width: {width} mirror: true mean_value: 9 mean_value: 8 mean_value: 7 scale: 0.25"
    images, labels, sizes = batch(data_net(f"{listed(tmp_path)} batch_size: 3 ignore_label: 21", transform, seed=seed))
    for i in range(3):
        values = (planes(IMAGES[i]) - np.float32([9, 8, 7])[:, None, None]) / 4
        found = [
            (top, left, step)
            for top in range(max(6 - height, 0) + 1)
            for left in range(max(10 - width, 0) + 1)
            for step in (1, -1)
            if np.array_equal(images[i], window(values, top, left, height, width, 0)[:, :, ::step])
        ]
        ((top, left, step),) = found
        np.testing.assert_array_equal(labels[i, 0], window(LABELS[i], top, left, height, width, 21)[:, ::step])
        assert sizes[i].reshape(-1).tolist() == [min(6, height), min(10, width)]


def test_in_testing_windows_are_in_the_middle(tmp_path: Path) -> None:
    images, labels, _ = batch(data_net(f"{listed(tmp_path)} batch_size: 3", "crop_size: 3", phase=TEST))
    np.testing.assert_array_equal(images, IMAGES.transpose(0, 3, 1, 2)[:, :, 1:4, 3:6])
    np.testing.assert_array_equal(labels[:, 0], LABELS[:, 1:4, 3:6])


def test_factors_are_drawn(tmp_path: Path) -> None:
    source, factors = listed(tmp_path), (0.5, 1, 1.25)
    transform = " ".join(f"scale_factors: {factor}" for factor in factors) + " crop_height: 8 crop_width: 13"
    seen = set()
    for seed in range(6):
        images, labels, sizes = batch(data_net(f"{source} batch_size: 3 ignore_label: 21", transform, seed=seed, phase=TEST))
        for i in range(3):
            found = []
            for factor in factors:
                height, width = int(6 * factor), int(10 * factor)
                picture = planes(resized(IMAGES[i], height, width))
                if np.array_equal(images[i], window(picture, 0, 0, 8, 13, 0)):
                    found.append(factor)
                    plane = resized(LABELS[i][:, :, None], height, width, NEAREST)[:, :, 0]
                    np.testing.assert_array_equal(labels[i, 0], window(plane, 0, 0, 8, 13, 21))
            assert len(found) == 1
            seen.update(found)
            assert sizes[i].reshape(-1).tolist() == [6, 10]
    assert seen == set(factors)


def test_gray_images_in_another_order(tmp_path: Path) -> None:
    net = data_net(f"{listed(tmp_path)} is_color: false shuffle: true", seed=3)
    seen = []
    for _ in range(3):
        net.forward()
        seen.append(int(np.argmin([np.abs(net.blobs["label"].data[0, 0] - label).sum() for label in LABELS])))
    assert net.blobs["data"].shape == (1, 1, 6, 10)
    assert sorted(seen) == [0, 1, 2]
    net.close()


@pytest.mark.parametrize(
    ("param", "transform", "message"),
    [
        ("new_height: 5", "", "new_height is 5 and new_width 0"),
        ("", "crop_width: 5", "crop_height is 0 and crop_width 5"),
        ("", "crop_size: 3 crop_height: 3 crop_width: 5", "crop_size and crop_height with crop_width are both written"),
        ("", "scale_factors: 2", "scale_factors want a window"),
        ("", "scale_factors: 2 scale_factors: 0 crop_size: 3", "a factor is 0"),
        ("", "mean_file: 'm'", "ImageSegData knows no mean_file"),
        ("batch_size: 0", "", "batch_size is 0"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, param: str, transform: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        data_net(f"{listed(tmp_path)} {param}", transform)


def test_random_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="do not obey img_rand_resize"):
        data_net(listed(tmp_path), "img_rand_resize_lower: 3 img_rand_resize_upper: 5 crop_size: 3")


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    source = listed(tmp_path)
    Image.fromarray(LABELS[0][:, :9]).save(tmp_path / "l0.png")
    with pytest.raises(DataError, match="its image is 6 x 10, but its labels are 6 x 9"):
        batch(data_net(source))
    (tmp_path / "list.txt").write_text("one\n")
    with pytest.raises(DataError, match="'one' is not two paths"):
        data_net(source)


def test_images_of_several_sizes(tmp_path: Path) -> None:
    source = listed(tmp_path)
    Image.fromarray(IMAGES[1][:5]).save(tmp_path / "1.png")
    Image.fromarray(LABELS[1][:5]).save(tmp_path / "l1.png")
    with pytest.raises(DataError, match=r"its image is 5 x 10, the first of its batch 6 x 10"):
        batch(data_net(f"{source} batch_size: 2"))
    net = data_net(source)
    net.forward()
    net.forward()
    assert net.blobs["label"].shape == (1, 1, 5, 10)
    assert net.blobs["sizes"].data.reshape(-1).tolist() == [5, 10]
    net.close()


@pytest.mark.parametrize("field", ["scale_factors: 2", "crop_height: 3", "crop_width: 3"])
def test_other_layers_refuse_what_they_do_not_obey(tmp_path: Path, field: str) -> None:
    body = f"image_data_param {{ {listed(tmp_path, '1', '2', '3')} }} transform_param {{ {field} }}"
    with pytest.raises(DataError, match=f"{field.partition(':')[0]} is for images with a label for each pixel.*ImageSegData does"):
        net_of(f'layer {{ name: "d" type: "ImageData" top: "data" top: "label" {body} }}', ops=CpuOps())
