"""YoloDetectionOutput against loops."""

from __future__ import annotations

import logging
from math import exp

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops

from .one_layer import draw, net_with

ANCHORS = [(1.0, 1.5), (2.5, 2.0)]
HEAD = "num_box: 2 num_classes: 3 biases: [1, 1.5, 2.5, 2]"


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def candidates(x: np.ndarray, least: float) -> list[list[float]]:
    """Class, score, xmin, ymin, xmax, ymax of one image's map (16, H, W)."""
    found = []
    h, w = x.shape[1:]
    for n, i, j in np.ndindex(2, h, w):
        v = x.reshape(2, 8, h, w)[n, :, i, j]
        shares = [exp(c) / sum(exp(d) for d in v[5:]) for c in v[5:]]
        score = sigmoid(v[4]) * max(shares)
        cx, cy = (j + sigmoid(v[0])) / w, (i + sigmoid(v[1])) / h
        bw, bh = exp(v[2]) * ANCHORS[n][0] / w, exp(v[3]) * ANCHORS[n][1] / h
        if score >= least:
            found.append([shares.index(max(shares)) + 1, score, cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2])
    return found


def overlap(a: list[float], b: list[float]) -> float:
    w, h = min(a[4], b[4]) - max(a[2], b[2]), min(a[5], b[5]) - max(a[3], b[3])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[4] - a[2]) * (a[5] - a[3]) + (b[4] - b[2]) * (b[5] - b[3]) - w * h)


def test_the_best_of_those_that_overlap_whatever_their_class() -> None:
    body = f"yolo_detection_output_param {{ {HEAD} confidence_threshold: 0.375 nms_threshold: 0.5 }}"
    net = net_with("YoloDetectionOutput", body, (2, 16, 5, 7), (2, 16, 3, 4), ops=Ops("float64"))
    maps = draw(net)
    net.forward()
    wanted = []
    for image in range(2):
        kept: list[list[float]] = []
        for box in sorted(candidates(maps[0][image], 0.375) + candidates(maps[1][image], 0.375), key=lambda box: -box[1]):
            if all(overlap(box, better) < 0.5 for better in kept):
                kept.append(box)
        wanted += [[image, *box] for box in kept]
    assert len(wanted) > 5
    np.testing.assert_allclose(net.blobs["t0"].data[0, 0], wanted, rtol=1e-9)


def test_nothing_detected_is_one_row_for_each_image() -> None:
    net = net_with("YoloDetectionOutput", f"yolo_detection_output_param {{ {HEAD} confidence_threshold: 0.99 }}", (2, 16, 5, 7))
    net.forward()
    assert net.blobs["t0"].data.tolist() == [[[[image, -1, -1, -1, -1, -1, -1] for image in range(2)]]]


def test_images_to_draw_on_are_no_map(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        net_with("YoloDetectionOutput", f"yolo_detection_output_param {{ {HEAD} visualize: true }}", (2, 16, 5, 7), (2, 3, 40, 56))
    assert "Layer L does not draw its detections" in caplog.text


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ModelError, match=r"bottom 1 has the shape \(2, 3, 40, 56\), but \(N, 16, H, W\) is wanted"):
        net_with("YoloDetectionOutput", f"yolo_detection_output_param {{ {HEAD} }}", (2, 16, 5, 7), (2, 3, 40, 56))
    with pytest.raises(ModelError, match="bottoms 0 and 1 have 2 and 3 images"):
        net_with("YoloDetectionOutput", f"yolo_detection_output_param {{ {HEAD} }}", (2, 16, 5, 7), (3, 16, 5, 7))
    with pytest.raises(ModelError, match="4 biases for 5 anchors"):
        net_with("YoloDetectionOutput", "yolo_detection_output_param { num_classes: 3 biases: [1, 1.5, 2.5, 2] }", (2, 16, 5, 7))
