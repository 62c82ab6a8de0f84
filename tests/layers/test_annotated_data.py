"""AnnotatedData: images and boxes of a database, and every setting that cannot be."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.data import lmdb
from netproto.errors import DataError, ModelError
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import messages
from netproto.testing import net_of

TRAIN, TEST = 0, 1
Box = tuple[int, int, float, float, float, float, bool]
"""Class, instance, xmin, ymin, xmax, ymax, difficult."""

OBJECTS: list[list[Box]] = [
    [(3, 0, 0.25, 0.5, 0.5, 0.75, False), (3, 1, 0.0, 0.0, 0.125, 0.25, True), (1, 0, 0.5, 0.5, 1.0, 1.0, False)],
    [],
    [(2, 5, 0.125, 0.25, 0.875, 0.75, False)],
]


def record(image: np.ndarray, boxes: list[Box], *, label: int = 0, typed: bool = True, encoded: bool = False) -> bytes:
    message = messages.AnnotatedDatum()
    if typed:
        message.type = 0
    channels, height, width = image.shape
    message.datum.channels, message.datum.height, message.datum.width, message.datum.label = channels, height, width, label
    if encoded:
        stream = io.BytesIO()
        Image.fromarray(image.transpose(1, 2, 0)[:, :, ::-1]).save(stream, "PNG")
        message.datum.data, message.datum.encoded = stream.getvalue(), True
    else:
        message.datum.data = image.tobytes()
    groups = {}
    for kind, instance, *place, difficult in boxes:
        group = groups.get(kind) or message.annotation_group.add(group_label=kind)
        groups[kind] = group
        group.annotation.add(instance_id=instance).bbox.MergeFrom(
            messages.NormalizedBBox(**dict(zip(("xmin", "ymin", "xmax", "ymax"), place, strict=True)), difficult=difficult)
        )
    return bytes(message.SerializeToString())


def pictures() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, 3, 8, 16), dtype=np.uint8)


def database(folder: Path, *, encoded: bool = False, typed: bool = True) -> str:
    path = str(folder / "db")
    made = [record(p, b, label=i + 5, typed=typed, encoded=encoded) for i, (p, b) in enumerate(zip(pictures(), OBJECTS, strict=True))]
    lmdb.write(path, ((f"{i:03}".encode(), r) for i, r in enumerate(made)))
    return path


def data_net(path: str, rest: str = "", *, tops: int = 2, batch_size: int = 3, phase: int = TRAIN, seed: int = 1) -> Net:
    names = " ".join(f'top: "{name}"' for name in ("data", "label", "more")[:tops])
    body = f'data_param {{ source: "{path}" backend: LMDB batch_size: {batch_size} }} {rest}'
    return net_of(f'layer {{ name: "d" type: "AnnotatedData" {names} {body} }}', phase=phase, ops=CpuOps(), seed=seed)


def batch(net: Net) -> tuple[np.ndarray, np.ndarray]:
    net.forward()
    got = np.array(net.blobs["data"].data), np.array(net.blobs["label"].data)
    net.close()
    return got


def images_of(net: Net, passes: int) -> list[np.ndarray]:
    """Copies of the images of some forward passes."""
    images = []
    for _ in range(passes):
        net.forward()
        images.append(np.array(net.blobs["data"].data))
    return images


@pytest.mark.parametrize("encoded", [False, True])
def test_images_and_rows_of_eight(tmp_path: Path, encoded: bool) -> None:
    net = data_net(database(tmp_path, encoded=encoded), "transform_param { mean_value: 7 scale: 0.5 }")
    assert net.blobs["label"].shape == (1, 1, 3, 8)
    images, labels = batch(net)
    np.testing.assert_array_equal(images, (pictures().astype(np.float32) - 7) * np.float32(0.5))
    rows = [[item, *box] for item, boxes in enumerate(OBJECTS) for box in boxes]
    assert labels.tolist() == [[rows]]


def test_more_boxes_in_a_later_image_than_in_the_first(tmp_path: Path) -> None:
    path = str(tmp_path / "db")
    lmdb.write(path, ((bytes([i]), record(pictures()[i], OBJECTS[2 - i])) for i in range(3)))
    _, labels = batch(data_net(path))
    assert labels[0, 0, :, 0].tolist() == [0, 2, 2, 2]


def test_no_box_at_all_is_a_row_of_minus_one(tmp_path: Path) -> None:
    path = str(tmp_path / "db")
    lmdb.write(path, [(b"0", record(pictures()[1], []))])
    _, labels = batch(data_net(path, batch_size=2))
    assert labels.tolist() == [[[[-1] * 8]]]


def test_yolos_rows_of_five(tmp_path: Path) -> None:
    rest = "annotated_data_param { yolo_data_type: 1 yolo_data_jitter: 0 train_diffcult: false }"
    _, labels = batch(data_net(database(tmp_path), rest))
    assert labels.shape == (3, 1, 300, 5)
    np.testing.assert_allclose(labels[0, 0, :3], [[2, 0.375, 0.625, 0.25, 0.25], [0, 0.75, 0.75, 0.5, 0.5], [0] * 5])
    assert not labels[1].any()
    np.testing.assert_allclose(labels[2, 0, :2], [[1, 0.5, 0.5, 0.75, 0.5], [0] * 5])


def test_records_without_a_type_have_a_label(tmp_path: Path) -> None:
    _, labels = batch(data_net(database(tmp_path, typed=False)))
    assert labels.tolist() == [[[[5]]], [[[6]]], [[[7]]]]


def test_anno_type_takes_all_as_boxes(tmp_path: Path) -> None:
    _, labels = batch(data_net(database(tmp_path, typed=False), "annotated_data_param { anno_type: BBOX }"))
    assert labels.shape == (1, 1, 4, 8)


def test_one_top_has_no_labels(tmp_path: Path) -> None:
    net = data_net(database(tmp_path), tops=1)
    net.forward()
    assert net.blobs["data"].shape == (3, 3, 8, 16)
    net.close()


def test_boxes_are_mirrored_with_their_images(tmp_path: Path) -> None:
    path = database(tmp_path)
    plain, _ = batch(data_net(path))
    images, labels = batch(data_net(path, "transform_param { mirror: true }", seed=4))
    flipped = [not np.array_equal(a, b) for a, b in zip(images, plain, strict=True)]
    assert any(flipped)
    for row in labels[0, 0]:
        item = int(row[0])
        box = next(b for b in OBJECTS[item] if b[:2] == tuple(row[1:3]))
        wanted = (1 - box[4], 1 - box[2]) if flipped[item] else (box[2], box[4])
        assert (row[3], row[5]) == wanted


def test_boxes_outside_of_the_window_go(tmp_path: Path) -> None:
    """A window of 8 x 8 in the middle of 8 x 16."""
    images, labels = batch(data_net(database(tmp_path), "transform_param { crop_size: 8 }", phase=TEST))
    np.testing.assert_array_equal(images, pictures()[:, :, :, 4:12])
    assert labels[0, 0].tolist() == [
        [0, 3, 0, 0, 0.5, 0.5, 0.75, 0],
        [0, 1, 0, 0.5, 0.5, 1, 1, 0],
        [2, 2, 5, 0, 0.25, 1, 0.75, 0],
    ]


@pytest.mark.parametrize(
    ("constraint", "kept"), [("emit_type: MIN_OVERLAP emit_overlap: 0.75", [3]), ("emit_type: CENTER", [3, 1, 2]), ("", [3, 1, 2])]
)
def test_emit_constraint(tmp_path: Path, constraint: str, kept: list[int]) -> None:
    rest = f"transform_param {{ crop_size: 8 emit_constraint {{ {constraint} }} }}"
    _, labels = batch(data_net(database(tmp_path), rest, phase=TEST))
    assert labels[0, 0, :, 1].tolist() == kept


def test_all_that_ssd_does_keeps_one_size_and_repeats_with_the_seed(tmp_path: Path) -> None:
    path = database(tmp_path, encoded=True)
    rest = """
    transform_param { mirror: true mean_value: [104, 117, 123]
      resize_param { height: 10 width: 12 interp_mode: [LINEAR, AREA, NEAREST, CUBIC, LANCZOS4] }
      emit_constraint { emit_type: CENTER } expand_param { prob: 0.5 max_expand_ratio: 4 }
      distort_param { brightness_prob: 0.5 brightness_delta: 32 contrast_prob: 0.5 contrast_lower: 0.5 contrast_upper: 1.5
        hue_prob: 0.5 hue_delta: 18 saturation_prob: 0.5 saturation_lower: 0.5 saturation_upper: 1.5 } }
    annotated_data_param {
      batch_sampler { max_sample: 1 max_trials: 1 }
      batch_sampler { sampler { min_scale: 0.3 max_scale: 1 min_aspect_ratio: 0.5 max_aspect_ratio: 2 }
        sample_constraint { min_jaccard_overlap: 0.1 } max_sample: 1 max_trials: 50 } }
    """
    nets = [data_net(path, rest, batch_size=5, seed=seed) for seed in (1, 1, 2)]
    got = [images_of(net, 3) for net in nets]
    labels = np.array(nets[0].blobs["label"].data)
    assert got[0][0].shape == (5, 3, 10, 12)
    assert all(np.array_equal(a, b) for a, b in zip(got[0], got[1], strict=True))
    assert not np.array_equal(got[0][0], got[2][0])
    assert labels.shape[3] == 8
    assert ((labels[0, 0, :, 3:7] >= 0) & (labels[0, 0, :, 3:7] <= 1)).all() or labels[0, 0, 0, 0] == -1
    for net in nets:
        net.close()


def test_an_interrupted_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    path, rest = (
        database(tmp_path),
        "transform_param { mirror: true expand_param { max_expand_ratio: 2 } resize_param { height: 5 width: 7 } }",
    )
    straight, interrupted, resumed = (data_net(path, rest, batch_size=2) for _ in range(3))
    wanted = images_of(straight, 4)
    interrupted.forward()
    resumed.restore_data_states(interrupted.data_states())
    for image in wanted[1:]:
        resumed.forward()
        np.testing.assert_array_equal(resumed.blobs["data"].data, image)
    for net in (straight, interrupted, resumed):
        net.close()


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("annotated_data_param { yolo_data_type: 2 }", "yolo_data_type 2 is not known"),
        ("transform_param { resize_param { height: 5 width: 5 } resize_param { height: 7 width: 7 } }", "several resize_param"),
        ("transform_param { resize_param { resize_mode: FIT_SMALL_SIZE height: 5 width: 5 } }", "FIT_SMALL_SIZE, which gives each image"),
        ("transform_param { resize_param { height: 5 } }", "height and width must be above 0"),
        ("transform_param { expand_param { max_expand_ratio: 1 } }", "max_expand_ratio is 1; it must be above 1"),
        ("annotated_data_param { batch_sampler { sampler { min_scale: 0.5 max_scale: 0.25 } } }", "min_scale is 0.5 and max_scale 0.25"),
        ("annotated_data_param { batch_sampler { sampler { min_aspect_ratio: 0 } } }", "min_aspect_ratio is 0 and max_aspect_ratio 1"),
        ("transform_param { distort_param { hue_delta: -1 } }", "hue_delta is -1"),
        ("transform_param { img_rand_resize_lower: 5 img_rand_resize_upper: 7 crop_size: 5 }", "do not obey img_rand_resize"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, rest: str, message: str) -> None:
    with pytest.raises((ModelError, DataError), match=message):
        data_net(database(tmp_path), rest)


def test_three_tops_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="takes 1 to 2 top blobs, not 3"):
        data_net(database(tmp_path), tops=3)


def test_records_that_are_none(tmp_path: Path) -> None:
    path = str(tmp_path / "db")
    lmdb.write(path, [(b"0", record(pictures()[0], OBJECTS[0])), (b"1", record(pictures()[1], [], typed=False)), (b"2", b"\x0a\xff")])
    with pytest.raises(DataError, match="record '1' has no annotation type, but the first record of its batch has"):
        batch(data_net(path, batch_size=2))
    with pytest.raises(DataError, match="record '2' is no AnnotatedDatum, or a broken one"):
        batch(data_net(path, batch_size=3))


@pytest.mark.parametrize("kind", ["Data", "ImageData"])
def test_other_layers_refuse_what_is_for_images_with_boxes(tmp_path: Path, kind: str) -> None:
    body = f'data_param {{ source: "{database(tmp_path)}" backend: LMDB batch_size: 1 }} image_data_param {{ source: "x" }}'
    with pytest.raises(DataError, match="resize_param is for images with boxes, and this layer does not obey it"):
        net_of(f'layer {{ name: "d" type: "{kind}" top: "a" top: "b" {body} transform_param {{ resize_param {{ height: 5 width: 5 }} }} }}')
