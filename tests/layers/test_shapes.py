"""Concat, Slice, Flatten, Reshape, Tile, Permute and Split: the shapes they give, what they share, and what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .single import layer_net

Shapes = list[tuple[int, ...]]


@pytest.mark.parametrize(
    ("layer", "body", "bottom", "tops"),
    [
        ("Flatten", "flatten_param { axis: 0 }", (2, 3, 5), [(30,)]),
        ("Flatten", "flatten_param { axis: 1 end_axis: 1 }", (2, 3, 5), [(2, 3, 5)]),
        ("Flatten", "flatten_param { axis: 1 end_axis: 0 }", (2, 3, 5), [(2, 1, 3, 5)]),
        ("Reshape", "reshape_param { shape { dim: 5 dim: 0 dim: 2 } }", (2, 3, 5), [(5, 3, 2)]),
        ("Reshape", "reshape_param { shape { dim: -1 } axis: 1 num_axes: 2 }", (2, 3, 5, 7), [(2, 15, 7)]),
        ("Reshape", "reshape_param { shape { dim: 1 dim: 1 } axis: -1 }", (2, 3), [(2, 3, 1, 1)]),
        ("Reshape", "reshape_param { shape { } }", (1, 1), [()]),
        ("Reshape", "reshape_param { shape { } axis: 1 num_axes: 1 }", (2, 1, 3), [(2, 3)]),
        ("Slice", "slice_param { slice_point: 3 }", (2, 3), [(2, 3), (2, 0)]),
        ("Slice", "slice_param { slice_dim: 0 }", (6, 5), [(2, 5)] * 3),
        ("Tile", "tile_param { tiles: 2 axis: 0 }", (3, 5), [(6, 5)]),
        ("Split", "", (2, 3), [(2, 3)] * 2),
        ("Permute", "permute_param { order: 2 order: 0 }", (2, 3, 5), [(5, 2, 3)]),
    ],
)
def test_shapes(layer: str, body: str, bottom: tuple[int, ...], tops: Shapes) -> None:
    net = layer_net(layer, body, bottoms=[bottom], tops=len(tops))
    net.forward()
    assert [net.blobs[f"t{i}"].shape for i in range(len(tops))] == tops


@pytest.mark.parametrize(
    ("layer", "body", "bottom", "message"),
    [
        ("Flatten", "flatten_param { axis: 3 }", (2, 3, 5), "axis 3 of a blob with 3 axes"),
        ("Flatten", "flatten_param { axis: 2 end_axis: 0 }", (2, 3, 5), r"axis 2 lies behind end_axis 0 in the shape \(2, 3, 5\)"),
        ("Reshape", "reshape_param { shape { dim: -1 dim: -1 } }", (2, 3), "more than one -1"),
        ("Reshape", "reshape_param { shape { dim: -2 } }", (2, 3), "below -1"),
        ("Reshape", "reshape_param { shape { dim: 7 } }", (2, 3), r"has 6 elements and the new shape \(7,\) 7"),
        ("Reshape", "reshape_param { shape { dim: 4 dim: -1 } }", (2, 3), "6 elements, which the other extents' product 4"),
        ("Reshape", "reshape_param { shape { dim: 6 dim: 1 dim: 0 } }", (2, 3), r"0 in the new shape stands for axis 2 .* \(2, 3\)"),
        ("Reshape", "reshape_param { shape { dim: 1 } axis: 3 }", (2, 3), "axis 3 of a blob with 2 axes"),
        ("Reshape", "reshape_param { shape { dim: 1 } axis: -4 }", (2, 3), "axis -4 of a blob with 2 axes"),
        ("Reshape", "reshape_param { shape { dim: 1 } axis: 1 num_axes: 2 }", (2, 3), "num_axes 2 from axis 1 on"),
        ("Reshape", "reshape_param { shape { dim: 6 } num_axes: -2 }", (2, 3), "num_axes is -2"),
        ("Permute", "permute_param { order: 2 }", (2, 3), "order names axis 2 of a blob with 2 axes"),
        ("Permute", "permute_param { order: 1 order: 1 }", (2, 3), "order names axis 1 twice"),
        ("Tile", "", (2, 3), "tiles is 0"),
        ("Tile", "tile_param { tiles: 2 axis: -3 }", (2, 3), "axis -3 of a blob with 2 axes"),
        ("Concat", "concat_param { axis: 1 concat_dim: 1 }", (2, 3), "axis and concat_dim are both written"),
        ("Concat", "concat_param { concat_dim: 2 }", (2, 3), "concat_dim 2 of a blob with 2 axes"),
        ("Concat", "", (2,), "axis 1 of a blob with 1 axes"),
        ("Slice", "slice_param { axis: 1 slice_dim: 1 }", (2, 3), "axis and slice_dim are both written"),
    ],
)
def test_settings_that_cannot_be(layer: str, body: str, bottom: tuple[int, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        layer_net(layer, body, bottoms=[bottom])


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("", r"axis 1 of the shape \(2, 5\) cannot be cut into 3 even pieces"),
        ("slice_point: 2", "1 slice_point for 3 tops"),
        ("slice_point: 2 slice_point: 2", r"slice_points \[2, 2\] do not rise"),
        ("slice_point: 0 slice_point: 2", r"slice_points \[0, 2\] do not rise"),
        ("slice_point: 2 slice_point: 6", r"slice_point 6 lies beyond axis 1 of the shape \(2, 5\)"),
    ],
)
def test_slices_that_cannot_be(param: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        layer_net("Slice", f"slice_param {{ {param} }}", bottoms=[(2, 5)], tops=3)


def test_concat_names_the_bottom_that_does_not_fit() -> None:
    with pytest.raises(ModelError, match=r"bottom 2 has the shape \(2, 3, 7\) and bottom 0 \(2, 3, 5\); all but axis 1"):
        layer_net("Concat", bottoms=[(2, 3, 5), (2, 1, 5), (2, 3, 7)])
    with pytest.raises(ModelError, match=r"bottom 1 has the shape \(2, 3\)"):
        layer_net("Concat", bottoms=[(2, 3, 5), (2, 3)])


@pytest.mark.parametrize(
    ("layer", "body"), [("Flatten", ""), ("Reshape", "reshape_param { shape { dim: -1 } }"), ("Concat", ""), ("Slice", ""), ("Permute", "")]
)
def test_nothing_is_copied(layer: str, body: str) -> None:
    net = layer_net(layer, body, bottoms=[(2, 3, 5)])
    for part in ("data", "diff"):
        assert np.shares_memory(getattr(net.blobs["b0"], part), getattr(net.blobs["t0"], part))


def test_split_shares_data_but_not_gradients() -> None:
    net = layer_net("Split", bottoms=[(2, 3)], tops=2)
    assert np.shares_memory(net.blobs["b0"].data, net.blobs["t1"].data)
    assert not np.shares_memory(net.blobs["t0"].diff, net.blobs["t1"].diff)


def test_concat_leaves_the_gradient_of_an_unwanted_bottom_alone() -> None:
    net = layer_net("Concat", "propagate_down: true propagate_down: false", bottoms=[(2, 3), (2, 5)])
    net.graph.nodes[-1].propagate_down[1] = False
    net.blobs["b1"].diff[...] = 7
    net.blobs["t0"].diff[...] = 2
    net.backward_layer(2)
    assert (net.blobs["b0"].diff == 2).all()
    assert (net.blobs["b1"].diff == 7).all()


def test_a_view_follows_a_bottom_that_grows() -> None:
    net = layer_net("Flatten", bottoms=[(2, 3, 5)])
    net.blobs["b0"].reshape((7, 3, 5))
    net.blobs["b0"].data[...] = 11
    net.forward()
    assert net.blobs["t0"].shape == (7, 15)
    assert (net.blobs["t0"].data == 11).all()


def test_permute_moves_axes_as_numpy_does_and_back() -> None:
    net = layer_net("Permute", "permute_param { order: 0 order: 2 }", bottoms=[(2, 3, 5)])
    net.blobs["b0"].data[...] = np.arange(30).reshape(2, 3, 5)
    net.forward()
    np.testing.assert_array_equal(net.blobs["t0"].data, np.arange(30).reshape(2, 3, 5).transpose(0, 2, 1))
    net.blobs["t0"].diff[...] = net.blobs["t0"].data
    net.backward()
    np.testing.assert_array_equal(net.blobs["b0"].diff, net.blobs["b0"].data)


def test_permute_keeps_to_the_number_of_axes_that_it_was_built_for() -> None:
    net = layer_net("Permute", "permute_param { order: 1 }", bottoms=[(2, 3, 5)])
    net.blobs["b0"].reshape((2, 3))
    with pytest.raises(ModelError, match=r"had 3 axes and now has the shape \(2, 3\)"):
        net.reshape()
