"""SegAccuracy against loops over the pixels."""

from __future__ import annotations

import json

import numpy as np
import pytest

from netproto.errors import DataError, ModelError
from netproto.net.net import Net

from .one_layer import net_with

SCORES, LABELS = (2, 5, 3, 7), (2, 1, 3, 7)


def counted(scores: np.ndarray, labels: np.ndarray, ignored: tuple[int, ...] = ()) -> np.ndarray:
    table = np.zeros((5, 5), int)
    for n in range(2):
        for h in range(3):
            for w in range(7):
                label = int(labels[n, 0, h, w])
                if label in ignored:
                    continue
                best = max(range(5), key=lambda k: (scores[n, k, h, w], k))
                table[label, best] += 1
    return table


def told(table: np.ndarray) -> list[float]:
    right, recalls, unions = 0, [], []
    for k in range(5):
        right += table[k, k]
        has, found = sum(table[k]), sum(table[:, k])
        if has:
            recalls.append(table[k, k] / has)
        union = has + found - table[k, k]
        unions.append(table[k, k] / union if union != table[k, k] else 1)
    return [right / max(table.sum(), 1), np.mean(recalls) if recalls else 0, np.mean(unions)]


def filled(param: str = "", *, seed: int = 1, classes: int = 5) -> tuple[Net, np.ndarray, np.ndarray]:
    net = net_with("SegAccuracy", f"seg_accuracy_param {{ {param} }}", SCORES, LABELS)
    return net, *fill(net, seed=seed, classes=classes)


def fill(net: Net, *, seed: int, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    scores, labels = generator.integers(0, 3, SCORES), generator.integers(0, classes, LABELS)
    net.blobs["b0"].data[...] = scores
    net.blobs["b1"].data[...] = labels
    return scores, labels


@pytest.mark.parametrize("classes", [5, 3, 1])
def test_the_three_numbers(classes: int) -> None:
    net, scores, labels = filled(classes=classes)
    net.forward()
    assert net.blobs["t0"].shape == (1, 1, 1, 3)
    np.testing.assert_allclose(net.blobs["t0"].data.reshape(-1), told(counted(scores, labels)), rtol=1e-6)


def test_some_labels_do_not_count() -> None:
    net, scores, labels = filled("ignore_label: 255 ignore_label: 2")
    labels[0, 0, 1] = 255
    net.blobs["b1"].data[...] = labels
    net.forward()
    np.testing.assert_allclose(net.blobs["t0"].data.reshape(-1), told(counted(scores, labels, (2, 255))), rtol=1e-6)


def test_no_label_counts() -> None:
    net, _, _ = filled("ignore_label: 3")
    net.blobs["b1"].data[...] = 3
    net.forward()
    assert net.blobs["t0"].data.reshape(-1).tolist() == [0, 0, 1]


def test_counting_goes_on() -> None:
    net, scores, labels = filled("reset: false")
    anew, *_ = filled()
    table = counted(scores, labels)
    net.forward()
    again, *_ = filled("reset: false")
    again.restore_data_states(json.loads(json.dumps(net.data_states())))
    for each in (net, anew, again):
        scores, labels = fill(each, seed=2)
        each.forward()
    table += counted(scores, labels)
    for each, wanted in ((net, table), (again, table), (anew, counted(scores, labels))):
        np.testing.assert_allclose(each.blobs["t0"].data.reshape(-1), told(wanted), rtol=1e-6)


def test_a_label_that_is_no_class() -> None:
    net, *_ = filled("ignore_label: 255")
    net.blobs["b1"].data[1, 0, 2, 3] = 5
    with pytest.raises(DataError, match=r"label 5 at \(1, 0, 2, 3\) of bottom 'b1' is none of the 5 classes"):
        net.forward()
    net.blobs["b1"].data[1, 0, 2, 3] = -1
    with pytest.raises(DataError, match="label -1 at"):
        net.forward()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 5), (2,)), r"bottom 0 has the shape \(2, 5\)"),
        (((2, 0, 3, 7), (2, 1, 3, 7)), r"but \(N, 0, H, W\) is wanted"),
        (((2, 5, 3, 7), (2, 5, 3, 7)), r"bottom 1 has the shape \(2, 5, 3, 7\), but \(2, 1, 3, 7\) is wanted"),
    ],
)
def test_shapes_that_do_not_fit(shapes: tuple[tuple[int, ...], ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("SegAccuracy", "", *shapes)
