"""Plain numbers of windows."""

from __future__ import annotations

import pytest

from netproto.ops.geometry import ConvGeometry, span

from . import naive


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("pad", [0, 1, 3])
@pytest.mark.parametrize("tap", [0, 2, 5])
def test_span_names_the_outputs_that_meet_the_map(tap: int, pad: int, stride: int) -> None:
    size, out = 7, 6
    wanted = [o for o in range(out) if 0 <= o * stride - pad + tap < size]
    found = span(tap, stride, pad, size, out)
    if not wanted:
        assert found is None
        return
    assert found is not None
    assert list(range(out))[found.out] == wanted
    assert list(range(size))[found.source] == [o * stride - pad + tap for o in wanted]


def test_out_shape() -> None:
    axes = (3, 2), (2, 1), (1, 0), (1, 3)
    assert ConvGeometry(*axes).out_shape((11, 8)) == naive.conv_shape((11, 8), *axes) == (6, 5)
