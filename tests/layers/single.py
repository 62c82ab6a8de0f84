"""A net of one layer, for tests of what a row of the table cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of
from netproto.testing.draws import Shape
from netproto.testing.table import Case


def layer_net(
    layer: str, body: str = "", *, bottoms: Sequence[Shape] = (), tops: int = 1, phase: int = 0, ops: Ops | None = None, **options: Any
) -> Net:
    """Inputs b0, b1, ... of these shapes, the layer `L` with this body, its tops t0, t1, ..."""
    return net_of(Case(layer, "single", body, list(bottoms), tops, **options).prototxt(), phase=phase, ops=ops or CpuOps())
