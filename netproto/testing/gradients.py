"""Checks for layers, for this project's tests and for users' own layers.

The gradient check compares one directional derivative with the backward pass, along one random unit direction over all inputs and learned
blobs together (Chainer 7's way), in float64. Near a kink of a piecewise function the numeric derivative says nothing: the point is
drawn again, as Caffe's GradientChecker skips such elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blob import Blob
from ..layers.base import Layer
from ..net.net import Net
from ..ops.base import Ops
from ..schema import messages, text, upgrade

Array = NDArray[Any]


def net_of(prototxt: str, *, phase: int = 0, ops: Ops | None = None, seed: int = 1) -> Net:
    """A net of a prototxt given as a string, on the portable operations in float64 where no ops are given."""
    message = upgrade.net(text.parse(prototxt, messages.NetParameter, file="<string>"))
    return Net(message, ops=ops or Ops("float64"), phase=phase, seed=seed)


@dataclass
class GradientCheck:
    """How a layer's backward pass did against the numeric derivative along one direction."""

    analytic: float
    numeric: float
    scale: float

    @property
    def error(self) -> float:
        """The difference, relative to the larger of the derivative and the typical size of one direction's derivative."""
        return abs(self.analytic - self.numeric) / max(abs(self.analytic), abs(self.numeric), self.scale, 1e-8)


@dataclass
class LayerProbe:
    """One layer of a net with its blobs, run as a function of all that it can be differentiated by.

    net: a net whose last layer is the one to probe. variable: indices of the layer's bottoms that a gradient is wanted for.
    """

    net: Net
    variable: Sequence[int]
    seed: int = 7
    bottoms: list[Blob] = field(init=False)
    tops: list[Blob] = field(init=False)

    def __post_init__(self) -> None:
        node = self.net.graph.nodes[-1]
        self.index = len(self.net.layers) - 1
        self.layer: Layer = self.net.layers[-1]
        self.bottoms = [self.net.blob(b) for b in node.bottoms]
        self.tops = [self.net.blob(t) for t in node.tops]
        self.generator = np.random.default_rng(self.seed)
        self.in_place = [b for b in node.bottoms if b in node.tops]

    def variables(self) -> list[Blob]:
        """What is differentiated: the bottoms asked for, and the learned blobs that learn."""
        learned = [b for b, wanted in zip(self.layer.blobs, self.layer.param_propagate_down, strict=True) if wanted]
        return [self.bottoms[i] for i in self.variable] + learned

    def forward(self) -> list[Array]:
        """Run the layer from the present inputs with the present random draws; copies of the tops."""
        draws = self.layer.random.draws
        self.net.forward_layer(self.index)
        self.layer.random.draws = draws
        return [self._host(t.data) for t in self.tops]

    def gradients(self, upstream: Sequence[Array]) -> list[Array]:
        """Run backward from these gradients of the tops; copies of the gradients of `variables()`."""
        for top, gradient in zip(self.tops, upstream, strict=True):
            self.net.ops.upload(gradient, top.diff)
        for blob in self.layer.blobs:
            self.net.ops.fill(blob.diff, 0)
        wanted = [i in self.variable for i in range(len(self.bottoms))]
        self.layer.backward(self.tops, wanted, self.bottoms)
        return [self._host(v.diff) for v in self.variables()]

    def check(self, *, epsilon: float = 1e-5, attempts: int = 20, redraw: Callable[[], None] | None = None) -> GradientCheck:
        """The derivative along a random direction, by backward and by central differences.

        redraw: fills the inputs anew; called when the point was near a kink. Raises AssertionError if every attempt was.
        """
        for _ in range(attempts):
            result = self._check_once(epsilon)
            if result is not None:
                return result
            if redraw is not None:
                redraw()
        raise AssertionError(f"{self.layer.name}: every one of {attempts} points was near a kink")

    def _check_once(self, epsilon: float) -> GradientCheck | None:
        start = [self._host(v.data) for v in self.variables()]
        stale = [self._host(b.data) for b in self.layer.blobs]
        upstream = [self.generator.standard_normal(t.shape) for t in self.forward()]
        direction = _unit_direction(self.generator, [v.shape for v in self.variables()])

        def along(step: float) -> float:
            self._restore(stale, start, direction, step)
            return float(sum((u * t).sum() for u, t in zip(upstream, self.forward(), strict=True)))

        at = {k: along(k * epsilon) for k in (-2, -1, 0, 1, 2)}
        if _near_kink(at, epsilon):
            return None
        self._restore(stale, start, direction, 0.0)
        self.forward()
        gradients = self.gradients(upstream)
        self._restore(stale, start, direction, 0.0)
        analytic = float(sum((g * d).sum() for g, d in zip(gradients, direction, strict=True)))
        numeric = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * epsilon)
        count = sum(g.size for g in gradients)
        scale = float(np.sqrt(sum((g**2).sum() for g in gradients) / max(count, 1)))
        return GradientCheck(analytic, numeric, scale)

    def _restore(self, blobs: Sequence[Array], start: Sequence[Array], direction: Sequence[Array], step: float) -> None:
        """Learned blobs as they were (a forward pass may change them), then the variables moved along the direction."""
        for blob, value in zip(self.layer.blobs, blobs, strict=True):
            self.net.ops.upload(value, blob.data)
        for variable, value, d in zip(self.variables(), start, direction, strict=True):
            self.net.ops.upload(value + step * d, variable.data)

    def _host(self, array: Any) -> Array:
        """A copy of a backend's array."""
        return np.array(self.net.ops.to_host(array))


def _unit_direction(generator: np.random.Generator, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """A random direction of length 1 in which no component is near 0."""
    drawn = [generator.standard_normal(s) for s in shapes]
    count = max(sum(d.size for d in drawn), 1)
    norm = np.sqrt(sum((d**2).sum() for d in drawn)) or 1.0
    least = 0.1 / np.sqrt(count)
    drawn = [d / norm for d in drawn]
    return [np.where(np.abs(d) < least, np.where(d < 0, -least, least), d) for d in drawn]


def _near_kink(at: dict[int, float], epsilon: float) -> bool:
    """Whether five points on a line are not on one smooth curve: where they are, the curvature seen over one and over two steps agrees."""
    curvature = (at[1] - 2 * at[0] + at[-1]) / epsilon
    wide_curvature = (at[2] - 2 * at[0] + at[-2]) / (4 * epsilon)
    slope = abs(at[2] - at[-2]) / (4 * epsilon)
    return abs(curvature - wide_curvature) > 1e-6 * max(slope, 1e-3 * abs(at[0]), 1e-3)
