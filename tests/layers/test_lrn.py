"""LRN: what cannot be."""

from __future__ import annotations

import pytest

from netproto.errors import ModelError

from .one_layer import net_with


@pytest.mark.parametrize("size", [0, 4])
def test_an_even_size_is_refused(size: int) -> None:
    with pytest.raises(ModelError, match=f"local_size is {size}; it must be odd"):
        net_with("LRN", f"lrn_param {{ local_size: {size} }}", (2, 3, 5, 7))


def test_four_axes_are_wanted() -> None:
    with pytest.raises(ModelError, match=r"must have 4 axes \(N, C, H, W\), but is \(2, 3, 5\)"):
        net_with("LRN", "", (2, 3, 5))
