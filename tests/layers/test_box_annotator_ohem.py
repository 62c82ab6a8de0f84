"""BoxAnnotatorOHEM: which regions keep their labels."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.testing import LayerProbe

from .one_layer import net_with

BODY = "box_annotator_ohem_param { roi_per_img: 2 ignore_label: 7 }"


def test_the_hardest_of_each_image_keep_labels_and_weights() -> None:
    net = net_with("BoxAnnotatorOHEM", BODY, (7, 5), (7,), (7,), (7, 8), tops=2)
    net.blobs["b0"].data[:, 0] = [0, 1, 0, 1, 0, 2, 0]
    net.blobs["b1"].data[...] = [0.1, 3, 5, 1, 0.3, 0, 0.2]
    net.blobs["b2"].data[...] = [10, 11, 12, 13, 14, 15, 16]
    net.blobs["b3"].data[...] = np.arange(1, 57).reshape(7, 8)
    net.forward()
    kept = [False, True, True, True, True, True, False]
    assert net.blobs["t0"].shape == (7, 1, 1, 1)
    assert net.blobs["t0"].data.ravel().tolist() == [label if k else 7 for label, k in zip(range(10, 17), kept, strict=True)]
    np.testing.assert_array_equal(net.blobs["t1"].data[:, :, 0, 0], net.blobs["b3"].data * np.array(kept)[:, None])


def test_places_are_regions_of_their_own() -> None:
    net = net_with("BoxAnnotatorOHEM", BODY, (1, 5, 2, 3), (1, 1, 2, 3), (1, 1, 2, 3), (1, 4, 2, 3), tops=2)
    net.blobs["b1"].data[...] = [[[[1, 9, 2], [3, 8, 4]]]]
    net.blobs["b2"].data[...] = 1
    net.blobs["b3"].data[...] = 1
    net.forward()
    assert net.blobs["t0"].data.tolist() == [[[[7, 1, 7], [7, 1, 7]]]]
    assert net.blobs["t1"].data[0, 3].tolist() == [[0, 1, 0], [0, 1, 0]]


def test_no_gradient_flows() -> None:
    net = net_with("BoxAnnotatorOHEM", BODY, (7, 5), (7,), (7,), (7, 8), tops=2)
    probe = LayerProbe(net, [1, 3])
    gradients = probe.gradients([np.ones(top.shape) for top in probe.tops])
    assert all(not gradient.any() for gradient in gradients)


@pytest.mark.parametrize(
    ("bottoms", "message"),
    [
        ([(7, 4), (7,), (7,), (7, 8)], r"bottom 0 has the shape \(7, 4\), but regions \(R, 5, ...\) are wanted"),
        ([(7, 5), (6,), (7,), (7, 8)], r"bottom 1 has the shape \(6,\), but one number for each of the regions"),
        ([(7, 5), (7,), (7, 2), (7, 8)], r"bottom 2 has the shape \(7, 2\), but one number for each of the regions"),
        ([(7, 5), (7,), (7,), (7, 8, 2)], r"bottom 3 has the shape \(7, 8, 2\), but weights for each of the regions"),
    ],
)
def test_what_does_not_fit_is_refused(bottoms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("BoxAnnotatorOHEM", BODY, *bottoms, tops=2)
    with pytest.raises(ModelError, match="roi_per_img must be above 0"):
        net_with("BoxAnnotatorOHEM", "box_annotator_ohem_param { roi_per_img: 0 }", (7, 5), (7,), (7,), (7, 8), tops=2)
