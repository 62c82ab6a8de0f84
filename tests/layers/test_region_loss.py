"""RegionLoss against Darknet's loops over places, anchors and objects."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from netproto.errors import DataError, ModelError
from netproto.ops.base import Ops

from .one_layer import net_with

H, W, CLASSES = 5, 7, 3
ANCHORS = [(1.0, 1.5), (2.5, 2.0)]
HEAD = "num: 2 num_class: 3 biases: [1, 1.5, 2.5, 2]"
MAP, TRUTH = (2, 16, H, W), (2, 1, 4, 5)
Box = tuple[float, float, float, float]


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def overlap(a: Box, b: Box) -> float:
    sides = [min(a[i] + a[i + 2] / 2, b[i] + b[i + 2] / 2) - max(a[i] - a[i + 2] / 2, b[i] - b[i + 2] / 2) for i in (0, 1)]
    if min(sides) < 0:
        return 0.0
    common = sides[0] * sides[1]
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def box_at(v: np.ndarray, n: int, i: int, j: int) -> Box:
    w, h = ANCHORS[n]
    return (j + sigmoid(v[0])) / W, (i + sigmoid(v[1])) / H, exp(v[2]) * w / W, exp(v[3]) * h / H


def darknet(x: np.ndarray, objects: list[list[float]], scales: dict[str, float], *, by_shape: bool, rescore: bool) -> np.ndarray:
    """The gradient for one image, (2, 8, H, W)."""
    x = x.reshape(2, 8, H, W)
    delta = np.zeros_like(x)
    for n, i, j in np.ndindex(2, H, W):
        p = sigmoid(x[n, 4, i, j])
        best = max((overlap(box_at(x[n, :, i, j], n, i, j), tuple(o[1:])) for o in objects), default=0)
        delta[n, 4, i, j] = 0 if best > scales["thresh"] else scales["noobject_scale"] * p * p * (1 - p)
    for kind, cx, cy, w, h in objects:
        i, j = int(cy * H), int(cx * W)
        fits = []
        for n in range(2):
            size = (ANCHORS[n][0] / W, ANCHORS[n][1] / H) if by_shape else box_at(x[n, :, i, j], n, i, j)[2:]
            fits.append(overlap((0, 0, *size), (0, 0, w, h)))
        n = fits.index(max(fits))
        v, d = x[n, :, i, j], delta[n, :, i, j]
        common = overlap(box_at(v, n, i, j), (cx, cy, w, h))
        scale = scales["coord_scale"] * (1 if rescore else 2 - w * h)
        for k, target in ((0, cx * W - j), (1, cy * H - i)):
            s = sigmoid(v[k])
            d[k] = scale * (s - target) * s * (1 - s)
        for k, target in ((2, log(w * W / ANCHORS[n][0])), (3, log(h * H / ANCHORS[n][1]))):
            d[k] = scale * (v[k] - target)
        p = sigmoid(v[4])
        d[4] = scales["object_scale"] * (p - (common if rescore else 1)) * p * (1 - p)
        total = sum(exp(c) for c in v[5:])
        for c in range(CLASSES):
            d[5 + c] = scales["class_scale"] * (exp(v[5 + c]) / total - (c == kind))
    return delta


@pytest.mark.parametrize("by_shape", [True, False])
@pytest.mark.parametrize("rescore", [True, False])
def test_loss_and_gradient(by_shape: bool, rescore: bool) -> None:
    scales = {"object_scale": 5.0, "noobject_scale": 0.5, "class_scale": 2.0, "coord_scale": 3.0, "thresh": 0.25}
    written = " ".join(f"{name}: {value}" for name, value in scales.items())
    body = f"region_loss_param {{ {HEAD} {written} bias_match: {int(by_shape)} rescore: {int(rescore)} }} loss_weight: 0.5"
    net = net_with("RegionLoss", body, MAP, TRUTH, ops=Ops("float64"))
    x = np.random.default_rng(2).standard_normal(MAP)
    objects = [[[1, 0.3, 0.6, 0.4, 0.5], [0, 0.9, 0.1, 0.2, 0.3], [2, 0.31, 0.61, 0.5, 0.4]], [[2, 0.5, 0.5, 0.3, 0.9]]]
    net.blobs["b0"].data[...] = x
    for image, listed in enumerate(objects):
        net.blobs["b1"].data[image, 0, : len(listed)] = listed
    net.blobs["b1"].data[1, 0, 2] = [77, 3, 3, 0, 9]  # behind the end of the list
    net.forward()
    net.backward()
    delta = np.stack([darknet(x[n], objects[n], scales, by_shape=by_shape, rescore=rescore) for n in range(2)])
    assert net.blobs["t0"].data == pytest.approx((delta**2).sum() / 2, rel=1e-9)
    np.testing.assert_allclose(net.blobs["b0"].diff.reshape(delta.shape), 0.5 * delta / 2, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("row", [[3, 0.5, 0.5, 0.1, 0.1], [-1, 0.5, 0.5, 0.1, 0.1], [0, 1, 0.5, 0.1, 0.1], [0, 0.5, -0.1, 0.1, 0.1]])
def test_an_object_that_is_none(row: list[float]) -> None:
    net = net_with("RegionLoss", f"region_loss_param {{ {HEAD} }}", MAP, TRUTH)
    net.blobs["b1"].data[1, 0, :2] = [[0, 0.5, 0.5, 0.1, 0.1], row]
    with pytest.raises(DataError, match=r"row 5 of bottom 'b1' is an object of class .* classes are 0 to 2"):
        net.forward()


@pytest.mark.parametrize(
    ("param", "bottoms", "message"),
    [
        (HEAD.replace(", 2]", "]"), [MAP, TRUTH], "3 biases for 2 anchors"),
        (HEAD.replace("1.5", "0"), [MAP, TRUTH], "widths and heights of anchors, must be above 0"),
        (HEAD + " coords: 5", [MAP, TRUTH], "coords is 5; other than 4 are not known"),
        (HEAD, [(2, 15, 5, 7), TRUTH], r"bottom 0 has the shape \(2, 15, 5, 7\), but \(N, 16, H, W\) is wanted"),
        (HEAD, [MAP, (2, 1, 4, 8)], r"bottom 1 has the shape \(2, 1, 4, 8\), but rows of 5 are wanted"),
        (HEAD, [MAP, (3, 1, 4, 5)], "which differ along axis 0"),
        (HEAD, [MAP, (1, 1, 6, 8)], "such objects are for another loss, the RegionLoss of BVLC's branch intel, not built here"),
    ],
)
def test_what_does_not_fit_is_refused(param: str, bottoms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("RegionLoss", f"region_loss_param {{ {param} }}", *bottoms)
