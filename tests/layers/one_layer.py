"""Nets of one layer `L` with bottoms b0, b1, ... and tops t0, t1, ..., for tests of what one layer type does."""

from __future__ import annotations

import numpy as np

from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of
from netproto.testing.draws import Shape
from netproto.testing.table import Case

TRAIN, TEST = 0, 1


def net_with(
    layer_type: str, body: str, *bottoms: Shape, tops: int = 1, in_place: bool = False, phase: int = TRAIN, ops: Ops | None = None
) -> Net:
    """The net, under force_backward."""
    case = Case(layer_type, "", body, list(bottoms), tops=tops, in_place=in_place)
    return net_of(case.prototxt(), phase=phase, ops=ops or CpuOps())


def draw(net: Net, seed: int = 5) -> list[np.ndarray]:
    """Fill the bottoms and the learned blobs with normal numbers; copies of them, bottoms first."""
    generator = np.random.default_rng(seed)
    blobs = [net.blobs[name] for name in sorted(net.blobs) if name.startswith("b")] + net.params.get("L", [])
    for blob in blobs:
        blob.data[...] = generator.standard_normal(blob.shape)
    return [np.array(blob.data) for blob in blobs]


def draw_gradient(net: Net, top: str = "t0", seed: int = 6) -> np.ndarray:
    """Fill a top's gradient with normal numbers; a copy of them."""
    diff = net.blobs[top].diff
    diff[...] = np.random.default_rng(seed).standard_normal(diff.shape)
    return np.array(diff)
