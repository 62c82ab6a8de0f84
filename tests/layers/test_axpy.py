"""Axpy: what does not fit."""

from __future__ import annotations

import pytest

from netproto.errors import ModelError

from .one_layer import net_with


@pytest.mark.parametrize(
    ("bottoms", "message"),
    [
        ([(2, 3, 5, 1), (2, 3, 5, 7), (2, 3, 5, 7)], "not one number for each channel of bottom 1"),
        ([(2, 5), (2, 3, 5, 7), (2, 3, 5, 7)], "not one number for each channel of bottom 1"),
        ([(2,), (2,), (2,)], "not one number for each channel of bottom 1"),
        ([(2, 3), (2, 3, 5, 7), (2, 3, 7, 5)], r"bottom 2 has the shape \(2, 3, 7, 5\) and bottom 1 \(2, 3, 5, 7\)"),
    ],
)
def test_what_does_not_fit_is_refused(bottoms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("Axpy", "", *bottoms)
