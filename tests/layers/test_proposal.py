"""Proposal against a loop over anchors, and one over pairs of boxes."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops

from .one_layer import draw, net_with

RATIOS, SCALES = (0.5, 2), (1, 3, 5)
BODY = (
    "proposal_param { feat_stride: 8 base_size: 10 min_size: 20 ratio: [0.5, 2] scale: [1, 3, 5]"
    " pre_nms_topn: 60 post_nms_topn: 9 nms_thresh: 0.4 }"
)
BOTTOMS = [(1, 12, 5, 7), (1, 24, 5, 7), (1, 4)]


def candidates(score: np.ndarray, delta: np.ndarray, height: float, width: float, least: tuple[float, float]) -> list[list[float]]:
    """x1, y1, x2, y2, score of each anchor at each place."""
    found = []
    for i in range(5):
        for j in range(7):
            for k in range(6):
                ratio, scale = RATIOS[k // 3], SCALES[k % 3]
                w = int((100 / ratio) ** 0.5 + 0.5)
                h = int(w * ratio + 0.5)
                dx, dy, dw, dh = (float(delta[4 * k + v, i, j]) for v in range(4))
                cx, cy = 4.5 + j * 8 + 0.5 + dx * w * scale, 4.5 + i * 8 + 0.5 + dy * h * scale
                half_w, half_h = exp(dw) * w * scale / 2, exp(dh) * h * scale / 2
                x1, x2 = (max(0.0, min(v, width - 1)) for v in (cx - half_w, cx + half_w))
                y1, y2 = (max(0.0, min(v, height - 1)) for v in (cy - half_h, cy + half_h))
                large = y2 - y1 + 1 >= least[0] and x2 - x1 + 1 >= least[1]
                found.append([x1, y1, x2, y2, float(score[6 + k, i, j]) * large])
    return found


def overlap(a: list[float], b: list[float]) -> float:
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w < 0 or h < 0:
        return 0.0
    common = (w + 1) * (h + 1)
    return common / ((a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (b[2] - b[0] + 1) * (b[3] - b[1] + 1) - common)


def test_regions_are_the_best_that_do_not_overlap() -> None:
    net = net_with("Proposal", BODY, *BOTTOMS, tops=2, ops=Ops("float64"))
    score, delta, _ = draw(net)
    delta *= 0.3
    net.blobs["b1"].data[...] = delta
    net.blobs["b2"].data[...] = [40, 60, 0.5, 0.8]
    assert net.blobs["t0"].shape == (9, 5)
    net.forward()
    ranked = sorted(candidates(score[0], delta[0], 40, 60, (20 * 0.5, 20 * 0.8)), key=lambda box: -box[4])[:60]
    kept: list[list[float]] = []
    for box in ranked:
        if len(kept) < 9 and all(overlap(box, better) <= 0.4 for better in kept):
            kept.append(box)
    assert 2 < len(kept) == len(net.blobs["t0"].data)
    np.testing.assert_allclose(net.blobs["t0"].data, [[0, *box[:4]] for box in kept], rtol=1e-9)
    np.testing.assert_allclose(net.blobs["t1"].data, [box[4] for box in kept], rtol=1e-9)


def test_fewer_regions_than_asked_for() -> None:
    net = net_with("Proposal", BODY.replace("nms_thresh: 0.4", "nms_thresh: 0"), *BOTTOMS)
    draw(net)
    net.blobs["b2"].data[...] = [9, 9, 1, 1]
    net.forward()
    assert net.blobs["t0"].shape[0] < 9


@pytest.mark.parametrize(
    ("body", "bottoms", "message"),
    [
        ("proposal_param { scale: 1 }", BOTTOMS, "ratio wants one number above 0 at least"),
        ("proposal_param { scale: 0 ratio: 1 }", BOTTOMS, "scale wants one number above 0 at least"),
        (BODY, [(1, 10, 5, 7), *BOTTOMS[1:]], r"bottom 0 has the shape \(1, 10, 5, 7\), but scores \(1, 12, H, W\) of 6 anchors"),
        (BODY, [(2, 12, 5, 7), *BOTTOMS[1:]], r"bottom 0 has the shape \(2, 12, 5, 7\)"),
        (BODY, [BOTTOMS[0], (1, 24, 7, 5), BOTTOMS[2]], r"bottom 1 has the shape \(1, 24, 7, 5\), but offsets \(1, 24, 5, 7\) are wanted"),
        (BODY, [*BOTTOMS[:2], (1, 2)], r"bottom 2 has the shape \(1, 2\), but height, width and scale are wanted"),
    ],
)
def test_what_does_not_fit_is_refused(body: str, bottoms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("Proposal", body, *bottoms)
