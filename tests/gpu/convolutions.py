"""Convolutions on the GPU against loops: the cases, and both passes of one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from netproto.ops.geometry import is_depthwise
from netproto.ops.gpu import GpuOps
from tests.ops.backends import BACKENDS, worst
from tests.ops.test_convolution import CASES as ALL
from tests.ops.test_convolution import Case, arrays, expected, weights

CASES = ALL | {
    "upsampling": Case(2, 3, 3, (20, 12), 8, stride=4, pad=2, group=3),
    "depthwise 1x1": Case(3, 5, 10, (4, 7), 1, stride=2, group=5),
    "window over the end": Case(2, 3, 5, (3, 2), 4, stride=5),
}
DEPTHWISE = [name for name, case in CASES.items() if is_depthwise(weights(case), case.geo)]


class Passes:
    """Both passes of a case on a GPU, over and over with the same arrays."""

    def __init__(self, ops: GpuOps, case: Case, **geometry: str):
        self.ops, self.geo = ops, replace(case.geo, **geometry)
        top = self.geo.out_shape(case.spatial)
        self.x, self.w, self.bias, self.dy = (ops.asarray(a) for a in arrays(BACKENDS["portable"], case, top))
        self.y, self.dx = ops.empty(self.dy.shape), ops.empty(self.x.shape)
        self.dw, self.db = ops.zeros(self.w.shape), ops.zeros(self.bias.shape)

    def run(self) -> list[np.ndarray]:
        """y, dx, dw and db, the last two added to 0."""
        self.queue()
        return [self.ops.to_host(array).copy() for array in (self.y, self.dx, self.dw, self.db)]

    def queue(self) -> None:
        self.dw.fill(0)
        self.db.fill(0)
        self.ops.conv(self.x, self.w, self.bias, self.y, geo=self.geo)
        self.ops.conv_backward(self.x, self.w, self.dy, self.dx, self.dw, self.db, geo=self.geo)


def wanted(name: str) -> tuple[np.ndarray, ...]:
    if name != "window over the end":
        return expected(CASES[name])
    case, found = CASES[name], Passes(BACKENDS["float64"], CASES[name])
    assert case.geo.out_shape(case.spatial) == (1, 1)
    return tuple(found.run())


def check(found: list[np.ndarray], name: str) -> None:
    for what, a, b in zip(("y", "dx", "dw", "db"), found, wanted(name), strict=True):
        assert worst(a, b) < 1e-5, what
