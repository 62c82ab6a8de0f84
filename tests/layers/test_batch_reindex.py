"""BatchReindex: repeated items, indices that are not there."""

from __future__ import annotations

import pytest

from netproto.errors import ModelError
from netproto.net.net import Net

from .single import layer_net


def reindexed(indices: list[float]) -> Net:
    net = layer_net("BatchReindex", bottoms=[(3, 2), (len(indices),)])
    net.blobs["b0"].data[...] = [[2, 3], [5, 7], [11, 13]]
    net.blobs["b1"].data[...] = indices
    net.forward()
    return net


def test_a_repeated_item_gets_the_sum_of_its_gradients() -> None:
    net = reindexed([2, 0, 2, 2])
    assert net.blobs["t0"].data.tolist() == [[11, 13], [2, 3], [11, 13], [11, 13]]
    net.blobs["t0"].diff[...] = [[1, 10], [2, 20], [3, 30], [5, 50]]
    net.graph.nodes[-1].propagate_down = [True, False]
    net.backward()
    assert net.blobs["b0"].diff.tolist() == [[2, 20], [0, 0], [9, 90]]


@pytest.mark.parametrize(("index", "named"), [(-1, -1), (3, 3), (float("nan"), -1), (float("inf"), -1)])
def test_an_index_that_is_not_there(index: float, named: int) -> None:
    with pytest.raises(ModelError, match=f"index {named} at 1, of a batch of 3"):
        reindexed([0, index])


def test_the_indices_have_no_gradient() -> None:
    with pytest.raises(ModelError, match="the indices have no gradient"):
        reindexed([0, 1]).backward()


def test_indices_have_one_axis() -> None:
    with pytest.raises(ModelError, match=r"indices' shape is \(2, 1\)"):
        layer_net("BatchReindex", bottoms=[(3, 2), (2, 1)])
