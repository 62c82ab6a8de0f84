"""What layers have in common that put the elements of a blob in another order: the bottom seen in more axes, and these permuted."""

from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import Layer


class Rearrangement(Layer):
    """A layer that says how it sees its bottom, and in which order it takes those axes."""

    def view(self, shape: Shape) -> Shape:
        """The bottom's shape with the axes that are permuted."""
        raise NotImplementedError

    def order(self) -> Sequence[int]:
        """Which of the view's axes each of the top's is."""
        raise NotImplementedError

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        view, order = self.view(bottom[0].shape), self.order()
        self.ops.permute(bottom[0].data.reshape(view), top[0].data.reshape([view[axis] for axis in order]), order=order)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            view, order = self.view(bottom[0].shape), self.order()
            dy = top[0].diff.reshape([view[axis] for axis in order])
            self.ops.permute_backward(dy, bottom[0].diff.reshape(view), order=order)
