"""ROIPooling and PSROIPooling against loops over the cells of each region."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
import pytest

from netproto.errors import DataError, ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops

from .one_layer import draw, draw_gradient, net_with

ROIS = [
    [0, 0, 0, 35, 27],  # all of it
    [1, 3.4, 5.6, 20.2, 9.9],
    [1, 30, 20, 60, 90],  # sticks out at the end
    [0, -17, -9, 6, 5],  # sticks out at the start
    [1, 8, 8, 8, 8],  # one place
    [0, 20, 12, 10, 4],  # ends before it begins
    [1, 200, 200, 300, 300],  # nowhere
]


def half_up(x: float) -> int:
    return floor(x + 0.5) if x >= 0 else -floor(-x + 0.5)


def cells(start: float, extent: float, count: int, size: int, *, whole: bool) -> list[range]:
    edges = []
    for i in range(count):
        first, last = i * extent / count, (i + 1) * extent / count
        low, high = (floor(first) + start, ceil(last) + start) if whole else (floor(first + start), ceil(last + start))
        edges.append(range(min(max(int(low), 0), size), min(max(int(high), 0), size)))
    return edges


def with_rois(net: Net) -> tuple[np.ndarray, np.ndarray]:
    x, _ = draw(net)
    net.blobs["b1"].data[...] = ROIS
    net.forward()
    return x, draw_gradient(net)


def test_roi_pooling_takes_the_largest_of_each_cell() -> None:
    body = "roi_pooling_param { pooled_h: 2 pooled_w: 3 spatial_scale: 0.25 }"
    net = net_with("ROIPooling", body, (2, 3, 7, 9), (7, 5), ops=Ops("float64"))
    x, dy = with_rois(net)
    net.backward()
    wanted, dx = np.zeros((7, 3, 2, 3)), np.zeros_like(x)
    for r, (image, x1, y1, x2, y2) in enumerate(ROIS):
        left, top, right, bottom = (half_up(v * 0.25) for v in (x1, y1, x2, y2))
        rows = cells(top, max(bottom - top + 1, 1), 2, 7, whole=True)
        columns = cells(left, max(right - left + 1, 1), 3, 9, whole=True)
        for c, i, j in np.ndindex(3, 2, 3):
            places = [(h, w) for h in rows[i] for w in columns[j]]
            if places:
                best = max(places, key=lambda place: x[image, c, place[0], place[1]])
                wanted[r, c, i, j] = x[image, c, best[0], best[1]]
                dx[image, c, best[0], best[1]] += dy[r, c, i, j]
    np.testing.assert_allclose(net.blobs["t0"].data, wanted)
    np.testing.assert_allclose(net.blobs["b0"].diff, dx)
    assert not wanted[6].any()
    assert wanted[5].any()


def test_psroi_pooling_averages_each_cell_over_a_channel_of_its_own() -> None:
    body = "psroi_pooling_param { output_dim: 5 group_size: 3 spatial_scale: 0.25 }"
    net = net_with("PSROIPooling", body, (2, 45, 7, 9), (7, 5), ops=Ops("float64"))
    x, dy = with_rois(net)
    net.backward()
    wanted, dx = np.zeros((7, 5, 3, 3)), np.zeros_like(x)
    for r, (image, x1, y1, x2, y2) in enumerate(ROIS):
        left, top = half_up(x1) * 0.25, half_up(y1) * 0.25
        right, bottom = (half_up(x2) + 1) * 0.25, (half_up(y2) + 1) * 0.25
        rows = cells(top, max(bottom - top, 0.1), 3, 7, whole=False)
        columns = cells(left, max(right - left, 0.1), 3, 9, whole=False)
        for d, i, j in np.ndindex(5, 3, 3):
            channel = (d * 3 + i) * 3 + j
            places = [(h, w) for h in rows[i] for w in columns[j]]
            for h, w in places:
                wanted[r, d, i, j] += x[image, channel, h, w] / len(places)
                dx[image, channel, h, w] += dy[r, d, i, j] / len(places)
    np.testing.assert_allclose(net.blobs["t0"].data, wanted, atol=1e-12)
    np.testing.assert_allclose(net.blobs["b0"].diff, dx, atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "body", "channels"),
    [
        ("ROIPooling", "roi_pooling_param { pooled_h: 1 pooled_w: 1 }", 3),
        ("PSROIPooling", "psroi_pooling_param { output_dim: 3 group_size: 1 spatial_scale: 1 }", 3),
    ],
)
def test_a_region_of_an_image_that_is_not_there(kind: str, body: str, channels: int) -> None:
    net = net_with(kind, body, (2, channels, 5, 7), (3, 5))
    net.blobs["b1"].data[...] = [[0, 0, 0, 1, 1], [2, 0, 0, 1, 1], [-1, 0, 0, 1, 1]]
    with pytest.raises(DataError, match="region 1 of bottom 'b1' is of image 2, but the images of the batch are 0 to 1"):
        net.forward()


@pytest.mark.parametrize(
    ("kind", "body", "bottoms", "message"),
    [
        ("ROIPooling", "roi_pooling_param { pooled_h: 2 }", [(1, 3, 5, 7), (2, 5)], "pooled_w must be above 0"),
        ("ROIPooling", "roi_pooling_param { pooled_h: 2 pooled_w: 2 }", [(1, 3), (2, 5)], "bottom 0 must have 4 axes"),
        ("ROIPooling", "roi_pooling_param { pooled_h: 2 pooled_w: 2 }", [(1, 3, 5, 7), (2, 4)], r"bottom 1 has the shape \(2, 4\)"),
        (
            "PSROIPooling",
            "psroi_pooling_param { output_dim: 2 group_size: 3 spatial_scale: 1 }",
            [(1, 19, 5, 7), (2, 5)],
            "bottom 0 has 19 channels, but output_dim 2 times group_size 3 squared is 18",
        ),
        (
            "PSROIPooling",
            "psroi_pooling_param { output_dim: 2 group_size: 0 spatial_scale: 1 }",
            [(1, 18, 5, 7), (2, 5)],
            "group_size must be above 0",
        ),
    ],
)
def test_what_does_not_fit_is_refused(kind: str, body: str, bottoms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with(kind, body, *bottoms)
