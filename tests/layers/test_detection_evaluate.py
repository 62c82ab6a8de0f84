"""DetectionEvaluate: which detections are right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netproto.errors import DataError, ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops

from .one_layer import net_with

BODY = "num_classes: 4 overlap_threshold: 0.5"
OBJECTS = [  # image, class, instance, box, difficult
    [0, 1, 0, 0.1, 0.1, 0.5, 0.5, 0],
    [0, 1, 1, 0.6, 0.6, 0.9, 0.9, 1],
    [0, 3, 0, 0.0, 0.0, 1.0, 1.0, 0],
    [1, 2, 0, 0.2, 0.2, 0.4, 0.4, 0],
]
FOUND = [  # image, class, score, box
    [0, 1, 0.3, 0.1, 0.1, 0.5, 0.5],  # found before by a better one
    [0, 1, 0.9, 0.1, 0.1, 0.5, 0.4],  # right: 0.75
    [0, 1, 0.5, 0.6, 0.6, 0.9, 0.9],  # a difficult object
    [0, 2, 0.8, 0.1, 0.1, 0.5, 0.5],  # no such object on this image
    [1, 2, 0.7, 0.2, 0.2, 0.6, 0.4],  # right: just 0.5
    [2, 1, 0.2, 0.1, 0.1, 0.5, 0.5],  # an image without objects
    [2, 1, 0.6, 0.1, 0.1, 0.5, 0.5],
]


def evaluated(param: str, found: list[list[float]] | None = None, objects: list[list[float]] | None = None) -> list[list[float]]:
    net = filled(param, found or FOUND, objects or OBJECTS)
    net.forward()
    rows: list[list[float]] = net.blobs["t0"].data[0, 0].tolist()
    return rows


def filled(param: str, found: list[list[float]], objects: list[list[float]]) -> Net:
    body = f"detection_evaluate_param {{ {param} }}"
    net = net_with("DetectionEvaluate", body, (1, 1, len(found), 7), (1, 1, len(objects), 8), ops=Ops("float64"))
    net.blobs["b0"].data[...] = [[found]]
    net.blobs["b1"].data[...] = [[objects]]
    return net


def test_each_object_is_found_once_by_the_best() -> None:
    assert evaluated(BODY) == [
        [-1, 1, 2, -1, -1],
        [-1, 2, 1, -1, -1],
        [-1, 3, 1, -1, -1],
        [0, 1, 0.9, 1, 0],
        [0, 1, 0.5, 1, 0],
        [0, 1, 0.3, 0, 1],
        [0, 2, 0.8, 0, 1],
        [1, 2, 0.7, 1, 0],
        [2, 1, 0.2, 0, 1],
        [2, 1, 0.6, 0, 1],
    ]


def test_a_difficult_object_that_does_not_count_makes_its_detection_neither() -> None:
    rows = evaluated(BODY + " evaluate_difficult_gt: false")
    assert rows[0] == [-1, 1, 1, -1, -1]
    assert rows[3:6] == [[0, 1, 0.9, 1, 0], [0, 1, 0.5, 0, 0], [0, 1, 0.3, 0, 1]]


def test_rows_that_say_that_nothing_is_there() -> None:
    rows = evaluated(BODY, [[0, *[-1] * 6], [1, *[-1] * 6]], [[-1] * 8])
    assert rows == [[-1, label, 0, -1, -1] for label in (1, 2, 3)]


def test_in_pixels_both_ends_are_part_of_a_box(tmp_path: Path) -> None:
    """A box of 4 x 4 pixels of 10 x 20 in another of 4 x 9: 25 of 50, 16 of 36 where ends are left out."""
    names = tmp_path / "names.txt"
    names.write_text("a 10 20\n\nb 100 200\n")
    found, objects = [[0, 1, 0.5, 0.1, 0.1, 0.3, 0.5]], [[0, 1, 0, 0.1, 0.1, 0.55, 0.5, 0]]
    net = filled(f'num_classes: 2 overlap_threshold: 0.48 name_size_file: "{names}"', found, objects)
    judged = []
    for _ in range(3):
        net.forward()
        judged.append(net.blobs["t0"].data[0, 0, 1, 3:].tolist())
    assert judged == [[1, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize(("mode", "right"), [("FIT_LARGE_SIZE_AND_PAD", 1), ("WARP", 0)])
def test_borders_of_an_image_that_was_brought_inside_are_taken_off(tmp_path: Path, mode: str, right: int) -> None:
    """An image twice as wide as high has a quarter of a square canvas above and below it."""
    names = tmp_path / "names.txt"
    names.write_text("a 100 200\n")
    found, objects = [[0, 1, 0.5, 0.0, 0.0, 1.0, 1.0]], [[0, 1, 0, 0.0, 0.25, 1.0, 0.75, 0]]
    resize = f"resize_param {{ height: 300 width: 300 resize_mode: {mode} }}"
    net = filled(f'num_classes: 2 overlap_threshold: 0.9 name_size_file: "{names}" {resize}', found, objects)
    net.forward()
    assert net.blobs["t0"].data[0, 0, 1, 3] == right


def test_a_file_of_sizes_that_cannot_be_used(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("a 10\n")
    for file, message in ((wrong, "does not have a name, a height and a width on each line"), (tmp_path / "none", "cannot be read")):
        net = filled(f'num_classes: 4 name_size_file: "{file}"', FOUND, OBJECTS)
        with pytest.raises(DataError, match=message):
            net.forward()


def test_an_object_of_the_background() -> None:
    with pytest.raises(DataError, match="row 1 of bottom 'b1' is an object of class 0; classes are 0 to 3 without 0, the background"):
        evaluated(BODY, FOUND, [OBJECTS[0], [0] * 8])


@pytest.mark.parametrize(
    ("param", "shapes", "message"),
    [
        ("", [(1, 1, 3, 7), (1, 1, 2, 8)], "num_classes is not given"),
        ("num_classes: 2 overlap_threshold: 0", [(1, 1, 3, 7), (1, 1, 2, 8)], "overlap_threshold must be above 0"),
        (BODY, [(1, 1, 3, 6), (1, 1, 2, 8)], r"bottom 0 has the shape \(1, 1, 3, 6\), but \(1, 1, rows, 7\) is wanted"),
        (BODY, [(1, 1, 3, 7), (2, 1, 2, 8)], r"bottom 1 has the shape \(2, 1, 2, 8\), but \(1, 1, rows, 8\) is wanted"),
        (BODY + " resize_param { resize_mode: FIT_SMALL_SIZE }", [(1, 1, 3, 7), (1, 1, 2, 8)], "FIT_SMALL_SIZE is not known here"),
        (BODY + " resize_param { }", [(1, 1, 3, 7), (1, 1, 2, 8)], "height and width must be above 0"),
    ],
)
def test_what_does_not_fit_is_refused(param: str, shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("DetectionEvaluate", f"detection_evaluate_param {{ {param} }}", *shapes)


def test_shape_before_the_first_pass() -> None:
    net = net_with("DetectionEvaluate", f"detection_evaluate_param {{ {BODY} }}", (1, 1, 5, 7), (1, 1, 2, 8))
    assert net.blobs["t0"].shape == (1, 1, 8, 5)
    assert np.prod(net.blobs["t0"].shape) == 40
