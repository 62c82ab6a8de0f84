"""ArgMax: ties, order and the shapes of its tops."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .single import layer_net


def run(body: str, values: np.ndarray) -> np.ndarray:
    net = layer_net("ArgMax", f"argmax_param {{ {body} }}", bottoms=[values.shape])
    net.blobs["b0"].data[...] = values
    net.forward()
    return np.array(net.blobs["t0"].data)


@pytest.mark.parametrize(("body", "wanted"), [("", [3]), ("top_k: 2", [3, 1]), ("top_k: 4", [3, 1, 2, 0])])
def test_of_equal_values_the_higher_index_comes_first(body: str, wanted: list[int]) -> None:
    assert run(body, np.array([[2, 5, 3, 5]])).ravel().tolist() == wanted
    assert run(f"{body} axis: 1", np.array([[2, 5, 3, 5]])).ravel().tolist() == wanted


def test_values_stand_behind_their_indices() -> None:
    top = run("top_k: 2 out_max_val: true", np.array([[2, 7, 3], [9, 1, 4]]))
    assert top.tolist() == [[[1, 2], [7, 3]], [[0, 2], [9, 4]]]


def test_values_alone_along_an_axis() -> None:
    assert run("axis: 0 out_max_val: true", np.array([[2, 7, 3], [9, 1, 4]])).tolist() == [[9, 7, 4]]


@pytest.mark.parametrize(
    ("body", "bottom", "top"),
    [
        ("top_k: 2", (3, 5), (3, 1, 2)),
        ("out_max_val: true", (3,), (3, 2, 1)),
        ("top_k: 7", (3, 5, 2, 1, 2), (3, 1, 7, 1, 1)),
        ("top_k: 2 axis: -2 out_max_val: true", (3, 5, 7), (3, 2, 7)),
    ],
)
def test_shapes(body: str, bottom: tuple[int, ...], top: tuple[int, ...]) -> None:
    assert run(body, np.zeros(bottom)).shape == top


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("top_k: 0", "top_k is 0"),
        ("top_k: 16", r"top_k is 16, and the shape \(2, 3, 5\) has 15 to choose from"),
        ("top_k: 4 axis: 1", r"top_k is 4, and the shape \(2, 3, 5\) has 3"),
        ("axis: 3", "axis 3 of a blob with 3 axes"),
    ],
)
def test_settings_that_cannot_be(body: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        layer_net("ArgMax", f"argmax_param {{ {body} }}", bottoms=[(2, 3, 5)])


def test_it_has_no_gradient() -> None:
    net = layer_net("ArgMax", bottoms=[(2, 3)])
    net.forward()
    with pytest.raises(ModelError, match="no backward pass"):
        net.backward()
