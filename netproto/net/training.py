"""A net that runs whole passes forward and backward, with nobody looking in between: gradients take turns in memory, chains run as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..blob import Array, Blob, Shape
from ..errors import ModelError
from ..layers.base import Internal
from ..layers.batch_norm import BatchNorm
from ..layers.convolution import Convolution
from ..layers.inner_product import InnerProduct
from ..layers.relu import ReLU
from ..schema.places import place_of
from . import diff_memory, products
from .chains import Chain, chains_of, gathering, rectified_products, set_apart, unused_copies
from .net import Net, call


class TrainingNet(Net):
    """Makes what a Net makes, but for rounding; what its blobs hold before the last layer that writes to them, and their diffs, are lost.

    A net with debug_info runs layer by layer, as it speaks of each.

    products: leave the gradients of InnerProducts' weights as products (products.py), which `factors` gives in the place of diffs.
    """

    def __init__(self, message: Any, *, products: bool = False, **options: Any):
        self._wants_products = products
        super().__init__(message, **options)

    def _plan(self) -> None:
        whole = not self.message.debug_info
        self._products = products.plan(self.graph) if whole and self._wants_products else {}
        for i in self._products.values():
            self.graph.nodes[i].layer.param_propagate_down[0] = False
        self.chains = {chain.first: chain for chain in chains_of(self.graph)} if whole else {}
        self._gathering = gathering(self.graph, self.chains.values())
        self._apart = set_apart(self.graph) if whole else {}
        self._rectified = rectified_products(self.graph) if whole else {}
        self._along = {i for chain in self.chains.values() for i in chain.along}
        self._done_backward = self._along | set(self._gathering.values())
        self._done_forward = self._along | set(self._rectified.values())
        self._no_copies = unused_copies(self.chains.values(), self._apart)

    def _share(self) -> None:
        for first, *others in diff_memory.plan(self.graph, [self.graph.nodes[i].tops[0] for i in self._products.values()]):
            for other in others:
                self._blobs[other].share_diff(self._blobs[first])
            self._blobs[first].diff  # noqa: B018 the largest takes the memory, before others do
        for i, maker in self._apart.items():
            blob = self._bottoms[i][0]
            made = Blob(blob.shape, self.ops)
            made.share_diff(blob)
            self._bottoms[i] = [made]
            self._tops[maker] = [made if top is blob else top for top in self._tops[maker]]

    def _internal_arrays(self, i: int, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        arrays = super()._internal_arrays(i, bottom, top)
        return {name: array for name, array in arrays.items() if i not in self._no_copies or name != "bottom"}

    # -- passes --------------------------------------------------------------------------------------------------------------

    def forward(self, start: int = 0, end: int | None = None, *, loss: Array | None = None) -> Array:
        """Run the net; `loss` (shape ()), or a new 0, with the weighted sum of losses added. A part of it cannot run."""
        self._whole(not start and end is None)
        total = self.ops.zeros(()) if loss is None else loss
        for i in range(len(self.layers)):
            call(self.callbacks.before_forward, i)
            if i in self.chains:
                self._forward_chain(self.chains[i])
            elif i in self._rectified:
                self._forward_rectified(i)
            elif i not in self._done_forward:
                self.forward_layer(i, total)
            call(self.callbacks.after_forward, i)
        return total

    def backward(self, start: int | None = None, end: int = 0) -> None:
        """Run the backward pass, where a gradient is needed. Parameter gradients are added to what is there: `clear_param_diffs` first."""
        self._whole(start is None and not end)
        for i in range(len(self.layers) - 1, -1, -1):
            call(self.callbacks.before_backward, i)
            if i in self.chains:
                self._backward_chain(self.chains[i])
            elif i not in self._done_backward and self.graph.nodes[i].need_backward:
                self.backward_layer(i)
            call(self.callbacks.after_backward, i)

    def clear_param_diffs(self) -> None:
        for i, param in enumerate(self.learnable):
            if i not in self._products:
                self.ops.fill(param.blob.diff, 0)

    def factors(self, learned: int) -> tuple[Array, Array] | None:
        i = self._products.get(learned)
        if i is None:
            return None
        layer = self.layers[i]
        assert isinstance(layer, InnerProduct)
        return layer.factors(self._tops[i][0], self._bottoms[i][0])

    def _forward_chain(self, chain: Chain) -> None:
        for i in (chain.first, *chain.along):
            self._reshape_layer(i)
        layer, bottom, top, slope = self.layers[chain.first], self._bottoms[chain.first], self._tops[chain.first], self._slope(chain)
        if isinstance(layer, BatchNorm):
            scale, shift = (None if blob is None else blob.data for blob in self._scale_blobs(chain))
            layer.forward_through(bottom, top, scale, shift, slope)
        else:
            self.ops.rectified_sum([blob.data for blob in bottom], top[0].data, slope=slope)

    def _forward_rectified(self, i: int) -> None:
        relu, layer = self.layers[self._rectified[i]], self.layers[i]
        assert isinstance(layer, Convolution | InnerProduct)
        assert isinstance(relu, ReLU)
        self._reshape_layer(i)
        self._reshape_layer(self._rectified[i])
        layer.forward_rectified(self._bottoms[i][0], self._tops[i][0], relu.slope)

    def _backward_chain(self, chain: Chain) -> None:
        nodes = [self.graph.nodes[i] for i in (chain.first, *chain.along)]
        if not any(node.need_backward for node in nodes):
            return
        layer, bottom, top, slope = self.layers[chain.first], self._bottoms[chain.first], self._tops[chain.first], self._slope(chain)
        if isinstance(layer, BatchNorm):
            scale = self._scale_blobs(chain)[0]
            dscale, dshift = (None if chain.scale is None else self.layers[chain.scale].param_diff(index) for index in range(2))
            layer.backward_through(top, bottom, None if scale is None else scale.data, dscale, dshift, slope)
        else:
            wanted = [blob.diff for blob, down in zip(bottom, nodes[0].propagate_down, strict=True) if down]
            above = self._tops[self._gathering[chain.first]] if chain.first in self._gathering else top
            self.ops.rectified_sum_backward(top[0].data, [blob.diff for blob in above], wanted, slope=slope)

    def _scale_blobs(self, chain: Chain) -> tuple[Blob | None, Blob | None]:
        """The factor and the constant of the chain's Scale, where they are there."""
        blobs = [] if chain.scale is None else self.layers[chain.scale].blobs
        return (blobs[0] if blobs else None), (blobs[1] if len(blobs) > 1 else None)

    def _slope(self, chain: Chain) -> float:
        layer = None if chain.relu is None else self.layers[chain.relu]
        return layer.slope if isinstance(layer, ReLU) else 1.0

    def _whole(self, whole: bool) -> None:
        if not whole:
            raise ModelError("a net that keeps no gradients runs as a whole", place=place_of(self.message))
