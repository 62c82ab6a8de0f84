"""Embed: which numbers it takes."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import DataError, ModelError

from .one_layer import net_with


def test_numbers_name_rows_and_rows_named_twice_add_up() -> None:
    net = net_with("Embed", "embed_param { num_output: 2 input_dim: 3 bias_filler { value: 10 } }", (2, 2))
    net.params["L"][0].data[...] = [[1, 2], [3, 4], [5, 6]]
    net.blobs["b0"].data[...] = [[2, 0], [2.9, 1]]
    net.forward()
    assert net.blobs["t0"].data.tolist() == [[[15, 16], [11, 12]], [[15, 16], [13, 14]]]
    net.blobs["t0"].diff[...] = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    net.clear_param_diffs()
    net.backward()
    assert net.params["L"][0].diff.tolist() == [[3, 4], [7, 8], [6, 8]]
    assert net.params["L"][1].diff.tolist() == [16, 20]


@pytest.mark.parametrize("wrong", [-1.0, 3.0, 1e9, np.nan])
def test_a_number_out_of_range_is_named(wrong: float) -> None:
    net = net_with("Embed", "embed_param { num_output: 2 input_dim: 3 }", (2, 2))
    net.blobs["b0"].data[1, 0] = wrong
    with pytest.raises(DataError, match=r"at \(1, 0\) of bottom 'b0' is none of the numbers 0 to 2"):
        net.forward()


@pytest.mark.parametrize("field", ["num_output", "input_dim"])
def test_both_sizes_are_wanted(field: str) -> None:
    other = {"num_output": "input_dim", "input_dim": "num_output"}[field]
    with pytest.raises(ModelError, match=f"{field} must be at least 1"):
        net_with("Embed", f"embed_param {{ {other}: 3 }}", (2,))


def test_there_is_no_gradient_for_the_numbers() -> None:
    with pytest.raises(ModelError, match="no gradient for the numbers"):
        net_with("Embed", "loss_weight: 1 propagate_down: true embed_param { num_output: 2 input_dim: 3 }", (2,)).backward()
