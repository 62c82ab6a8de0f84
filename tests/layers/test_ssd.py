"""PriorBox, DetectionOutput and MultiBoxLoss against loops over single boxes, and what is wrong with some files."""

from __future__ import annotations

import logging
from math import exp, log, sqrt

import numpy as np
import pytest

from netproto.errors import DataError, ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of
from netproto.testing.draws import DRAWS

CLASSES, PRIORS = 3, 7
Box = list[float]


def ssd_net(kind: str, param: str, *shapes: tuple[int, ...], body: str = "", ops: Ops | None = None) -> Net:
    inputs = ""
    for i, shape in enumerate(shapes):
        dims = " ".join(f"dim: {d}" for d in shape)
        inputs += f'layer {{ name: "in{i}" type: "Input" top: "b{i}" input_param {{ shape {{ {dims} }} }} }}\n'
    bottoms = " ".join(f'bottom: "b{i}"' for i in range(len(shapes)))
    return net_of(f'{inputs}layer {{ name: "L" type: "{kind}" {bottoms} top: "t" {param} {body} }}', ops=ops or Ops("float64"))


def overlap(a: Box, b: Box) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0
    areas = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return width * height / (sum(areas) - width * height)


# -- PriorBox ------------------------------------------------------------------------------------------------------------------------


def prior_net(param: str, *, size: tuple[int, int] = (10, 10), image: tuple[int, int] = (100, 100)) -> Net:
    return ssd_net("PriorBox", f"prior_box_param {{ {param} }}", (1, 2, *size), (1, 3, *image), ops=CpuOps())


def test_prior_boxes_of_a_small_map() -> None:
    net = prior_net("min_size: 4 max_size: 9")
    net.forward()
    boxes, variance = net.blobs["t"].data[0].reshape(2, 100, 2, 4)
    np.testing.assert_allclose(boxes[0], [[0.03, 0.03, 0.07, 0.07], [0.02, 0.02, 0.08, 0.08]], atol=1e-6)
    np.testing.assert_allclose(boxes[10 * 4 + 5, 0], [0.53, 0.43, 0.57, 0.47], atol=1e-6)
    np.testing.assert_allclose(boxes[99, 1], [0.92, 0.92, 0.98, 0.98], atol=1e-6)
    assert (variance == np.float32(0.1)).all()


def test_prior_boxes_of_other_ratios_follow_the_squares_of_each_size() -> None:
    net = prior_net("min_size: [3.7, 8] max_size: [12, 18] aspect_ratio: [2, 2, 1, 3] variance: [1, 2, 3, 4] step: 5 offset: 0")
    net.forward()
    boxes, variance = net.blobs["t"].data[0].reshape(2, 100, 12, 4)
    wanted = []
    for small, large in ((3, 12), (8, 18)):
        wanted += [(small, small), (sqrt(small * large),) * 2]
        wanted += [(small * sqrt(r), small / sqrt(r)) for r in (2, 1 / 2, 3, 1 / 3)]
    np.testing.assert_allclose(boxes[0, :, 2:] - boxes[0, :, :2], np.array(wanted) / 100, rtol=1e-5)
    np.testing.assert_allclose((boxes[12, :, 2:] + boxes[12, :, :2]) / 2, [[0.1, 0.05]] * 12, rtol=1e-5)
    assert variance[3, 5].tolist() == [1, 2, 3, 4]


def test_prior_boxes_are_clipped_and_follow_the_given_image() -> None:
    net = prior_net("min_size: 30 clip: true img_h: 50 img_w: 200 flip: false aspect_ratio: 4", size=(5, 2))
    net.forward()
    boxes = net.blobs["t"].data[0, 0].reshape(5, 2, 2, 4)
    np.testing.assert_allclose(boxes[0, 0, 0], [0.175, 0, 0.325, 0.4], rtol=1e-5)
    np.testing.assert_allclose(boxes[0, 0, 1], [0.1, 0, 0.4, 0.25], rtol=1e-5)


@pytest.mark.parametrize(
    ("param", "said"),
    [
        ("aspect_ratio: 2", "no min_size is given"),
        ("min_size: 0", "a min_size is not above 0"),
        ("min_size: 2 min_size: 3 max_size: 5", "1 max_size for 2 min_size. Write one for each, or none"),
        ("min_size: 5 max_size: 5", "max_size 5 is not above its min_size 5"),
        ("min_size: 5 aspect_ratio: 0", "an aspect_ratio is not above 0"),
        ("min_size: 5 variance: [0.1, 0.2]", "one number above 0 is wanted, or four"),
        ("min_size: 5 step: 8 step_h: 8", "step and step_h stand together. Write step alone, or step_h and step_w"),
        ("min_size: 5 img_h: 8", "img_h stands alone. Write img_size alone, or img_h and img_w"),
        ("min_size: 5 step: 0", "step is not above 0"),
    ],
)
def test_prior_boxes_that_cannot_be(param: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        prior_net(param)
    assert said in str(caught.value)


def test_prior_boxes_want_a_map() -> None:
    with pytest.raises(ModelError, match=r"bottom 0 has the shape \(1, 2\), but \(N, C, H, W\) is wanted"):
        ssd_net("PriorBox", "prior_box_param { min_size: 5 }", (1, 2), (1, 3, 10, 10))


# -- DetectionOutput -----------------------------------------------------------------------------------------------------------------


def detection_net(param: str = "", *, images: int = 2, seed: int = 4) -> Net:
    """A net of random predictions that share their locations."""
    net = ssd_net(
        "DetectionOutput",
        f"detection_output_param {{ num_classes: {CLASSES} code_type: CENTER_SIZE {param} }}",
        (images, 4 * PRIORS),
        (images, PRIORS * CLASSES),
        (1, 2, 4 * PRIORS),
    )
    generator = np.random.default_rng(seed)
    for name, draw in (("b0", "normal"), ("b1", "unit"), ("b2", "priors")):
        net.blobs[name].data[...] = DRAWS[draw](generator, net.blobs[name].shape)
    return net


def decoded(net: Net, image: int) -> list[Box]:
    prior, variance = net.blobs["b2"].data.reshape(2, PRIORS, 4)
    boxes = []
    for p, v, (x, y, w, h) in zip(prior, variance, net.blobs["b0"].data[image].reshape(PRIORS, 4), strict=True):
        width, height = p[2] - p[0], p[3] - p[1]
        cx, cy = (p[0] + p[2]) / 2 + v[0] * x * width, (p[1] + p[3]) / 2 + v[1] * y * height
        width, height = width * exp(v[2] * w), height * exp(v[3] * h)
        boxes.append([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2])
    return boxes


def naive_detections(net: Net, threshold: float, *, confidence: float = 0.0, top_k: int = PRIORS, eta: float = 1.0) -> list[list[float]]:
    rows = []
    for image in range(net.blobs["b0"].shape[0]):
        boxes, scores = decoded(net, image), net.blobs["b1"].data[image].reshape(PRIORS, CLASSES)
        for label in range(1, CLASSES):
            kept: list[int] = []
            limit = threshold
            likely = [p for p in range(PRIORS) if scores[p, label] > confidence]
            for p in sorted(likely, key=lambda p: -scores[p, label])[:top_k]:
                if all(overlap(boxes[p], boxes[k]) <= limit for k in kept):
                    kept.append(p)
                    limit *= eta if limit > 0.5 else 1
            rows += [[image, label, scores[p, label], *boxes[p]] for p in kept]
    return rows


@pytest.mark.parametrize(
    ("param", "options"),
    [
        ("nms_param { nms_threshold: 0.2 }", {"threshold": 0.2}),
        ("nms_param { nms_threshold: 0.2 top_k: 4 }", {"threshold": 0.2, "top_k": 4}),
        ("nms_param { nms_threshold: 0.9 eta: 0.6 } confidence_threshold: 0.4", {"threshold": 0.9, "eta": 0.6, "confidence": 0.4}),
    ],
)
def test_detections_are_the_best_of_those_that_overlap(param: str, options: dict[str, float]) -> None:
    net = detection_net(param)
    net.forward()
    wanted = naive_detections(net, **options)  # type: ignore[arg-type]
    assert 4 < len(wanted) < 2 * (CLASSES - 1) * PRIORS
    assert net.blobs["t"].shape == (1, 1, len(wanted), 7)
    np.testing.assert_allclose(net.blobs["t"].data[0, 0], wanted, rtol=1e-10)


def test_only_the_best_detections_of_an_image_are_kept_in_the_order_of_classes() -> None:
    net = detection_net("nms_param { nms_threshold: 0.5 } keep_top_k: 3")
    net.forward()
    everything = naive_detections(net, 0.5)
    wanted = []
    for image in range(2):
        mine = [r for r in everything if r[0] == image]
        least = sorted((r[2] for r in mine), reverse=True)[2]
        wanted += [r for r in mine if r[2] >= least]
    np.testing.assert_allclose(net.blobs["t"].data[0, 0], wanted, rtol=1e-10)


def test_no_detection_gives_a_row_for_each_image() -> None:
    net = detection_net("confidence_threshold: 2", images=3)
    assert net.blobs["t"].shape == (1, 1, 1, 7)
    net.forward()
    assert net.blobs["t"].data[0, 0].tolist() == [[i, *[-1] * 6] for i in range(3)]


def test_detections_are_not_written_and_a_warning_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        detection_net('save_output_param { output_directory: "results" }')
    assert "Layer L does not write or draw its detections" in caplog.text


@pytest.mark.parametrize(
    ("param", "shapes", "said"),
    [
        ("", [(2, 28), (2, 21), (1, 2, 28)], "num_classes is not given"),
        ("num_classes: 3 nms_param { nms_threshold: -1 }", [(2, 28), (2, 21), (1, 2, 28)], "nms_threshold is -1; it cannot be negative"),
        ("num_classes: 3 nms_param { eta: 0 }", [(2, 28), (2, 21), (1, 2, 28)], "eta is 0; it must be above 0 and at most 1"),
        ("num_classes: 3", [(2, 28), (2, 21), (1, 28)], "bottom 2 has the shape (1, 28), but (1, 2, 4 * boxes)"),
        ("num_classes: 3", [(2, 29), (2, 21), (1, 2, 28)], "bottom 0 has the shape (2, 29), but 28 locations an image"),
        ("num_classes: 4", [(2, 28), (2, 21), (1, 2, 28)], "bottom 1 has the shape (2, 21), but 28 confidences an image"),
        ("num_classes: 3", [(2, 28), (3, 21), (1, 2, 28)], "bottoms 0 and 1 have 2 and 3 images"),
    ],
)
def test_detections_that_cannot_be(param: str, shapes: list[tuple[int, ...]], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        ssd_net("DetectionOutput", f"detection_output_param {{ {param} }}", *shapes)
    assert said in str(caught.value)


# -- MultiBoxLoss --------------------------------------------------------------------------------------------------------------------


def loss_net(param: str = "", *, body: str = "", images: int = 2, objects: int = 3, seed: int = 6) -> Net:
    net = ssd_net(
        "MultiBoxLoss",
        f"multibox_loss_param {{ num_classes: {CLASSES} code_type: CENTER_SIZE {param} }}",
        (images, 4 * PRIORS),
        (images, PRIORS * CLASSES),
        (1, 2, 4 * PRIORS),
        (1, 1, objects, 8),
        body=body,
    )
    generator = np.random.default_rng(seed)
    for name, draw in (("b0", "normal"), ("b1", "normal"), ("b2", "priors"), ("b3", "objects")):
        net.blobs[name].data[...] = DRAWS[draw](generator, net.blobs[name].shape)
    return net


def naive_match(priors: list[Box], objects: list[Box], threshold: float) -> list[int]:
    match = [-1] * len(priors)
    pairs = sorted(((overlap(p, o), i, j) for i, p in enumerate(priors) for j, o in enumerate(objects)), reverse=True)
    taken: set[int] = set()
    for value, i, j in pairs:
        if value > 1e-6 and match[i] == -1 and j not in taken:
            match[i] = j
            taken.add(j)
    for i, p in enumerate(priors):
        if match[i] == -1 and objects:
            best = max(range(len(objects)), key=lambda j: overlap(p, objects[j]))
            if overlap(p, objects[best]) >= threshold:
                match[i] = best
    return match


def naive_loss(net: Net, *, threshold: float = 0.5, ratio: float = 3, neg_overlap: float = 0.5) -> tuple[float, float, int]:
    """(loss of the locations, of the confidences, number of matched boxes), sums."""
    priors, variances = net.blobs["b2"].data.reshape(2, PRIORS, 4).tolist()
    location = confidence = 0.0
    number = 0
    for image in range(net.blobs["b0"].shape[0]):
        rows = [r for r in net.blobs["b3"].data.reshape(-1, 8).tolist() if r[0] == image]
        objects = [r[3:7] for r in rows]
        match = naive_match(priors, objects, threshold)
        scores = net.blobs["b1"].data[image].reshape(PRIORS, CLASSES).tolist()
        cost = []
        for p, score in enumerate(scores):
            label = int(rows[match[p]][1]) if match[p] >= 0 else 0
            cost.append(log(sum(exp(s) for s in score)) - score[label])
        for p, (prior, variance) in enumerate(zip(priors, variances, strict=True)):
            if match[p] < 0:
                continue
            number += 1
            thing = objects[match[p]]
            size = [prior[2] - prior[0], prior[3] - prior[1]]
            for k in range(2):
                centre = ((thing[k] + thing[k + 2]) - (prior[k] + prior[k + 2])) / 2 / size[k] / variance[k]
                extent = log((thing[k + 2] - thing[k]) / size[k]) / variance[k + 2]
                for at, wanted in ((k, centre), (k + 2, extent)):
                    error = abs(net.blobs["b0"].data[image, 4 * p + at] - wanted)
                    location += error * error / 2 if error < 1 else error - 0.5
            confidence += cost[p]
        matched = sum(m >= 0 for m in match)
        others = [p for p in range(PRIORS) if match[p] < 0 and max((overlap(priors[p], o) for o in objects), default=0) < neg_overlap]
        worst = sorted((cost[p] for p in others), reverse=True)[: int(ratio * matched)]
        confidence += sum(worst)
    return location, confidence, number


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("options", [{}, {"threshold": 0.2, "ratio": 0.7, "neg_overlap": 0.1}])
def test_the_loss_is_that_of_single_boxes(seed: int, options: dict[str, float]) -> None:
    names = {"threshold": "overlap_threshold", "ratio": "neg_pos_ratio", "neg_overlap": "neg_overlap"}
    net = loss_net(" ".join(f"{names[k]}: {v}" for k, v in options.items()) + " loc_weight: 2", seed=seed, objects=5)
    location, confidence, number = naive_loss(net, **options)
    assert number > 2
    assert float(net.forward()) == pytest.approx((2 * location + confidence) / number, rel=1e-10)


def test_a_loss_that_is_not_propagated_does_not_count() -> None:
    net = loss_net(body="propagate_down: [false, true, false, false]")
    _, confidence, number = naive_loss(net)
    assert float(net.forward()) == pytest.approx(confidence / number, rel=1e-10)


def test_without_objects_nothing_is_learned() -> None:
    net = loss_net()
    net.blobs["b3"].data[0, 0, :, 0] = -1
    assert float(net.forward()) == 0
    for i in range(4):
        net.blobs[f"b{i}"].diff[...] = 3
    net.layers[-1].backward([net.blobs["t"]], [True] * 4, [net.blobs[f"b{i}"] for i in range(4)])
    assert not any(net.blobs[f"b{i}"].diff.any() for i in range(4))


def test_difficult_objects_can_be_left_out() -> None:
    net, without = loss_net("use_difficult_gt: false"), loss_net()
    assert net.blobs["b3"].data[0, 0, -1, 7] == 1
    without.blobs["b3"].data[0, 0, -1, 0] = -1
    assert float(net.forward()) == float(without.forward())


@pytest.mark.parametrize("bad", [0, 3, -2])
def test_an_object_of_no_class(bad: int) -> None:
    net = loss_net()
    net.blobs["b3"].data[0, 0, 1, 1] = bad
    with pytest.raises(DataError, match=rf"layer 'L' \(MultiBoxLoss\): object 1 is of class {bad}, which is none of the classes 0 to 2"):
        net.forward()


@pytest.mark.parametrize(
    ("param", "said"),
    [
        ("", "num_classes is not given"),
        ("num_classes: 3 do_neg_mining: false", "do_neg_mining contradicts mining_type MAX_NEGATIVE"),
        ("num_classes: 3 share_location: false", "mining wants share_location"),
        ("num_classes: 3 background_label_id: 3", "background_label_id is 3, but there are 3 classes"),
        ("num_classes: 3 map_object_to_agnostic: true", "map_object_to_agnostic wants 2 classes, not 3"),
        ("num_classes: 3 mining_type: HARD_EXAMPLE sample_size: 0", "sample_size must be above 0"),
    ],
)
def test_a_multibox_loss_that_cannot_be(param: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        ssd_net("MultiBoxLoss", f"multibox_loss_param {{ {param} }}", (2, 28), (2, 21), (1, 2, 28), (1, 1, 3, 8))
    assert said in str(caught.value)


def test_a_multibox_loss_wants_rows_of_eight() -> None:
    with pytest.raises(ModelError, match=r"bottom 3 has the shape \(1, 1, 3, 7\), but objects \(1, 1, G, 8\) are wanted"):
        ssd_net("MultiBoxLoss", "multibox_loss_param { num_classes: 3 }", (2, 28), (2, 21), (1, 2, 28), (1, 1, 3, 7))
