from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..schema import messages
from ..schema.messages import enum_name
from .base import LAYERS, TEST, Arity, Internal, count
from .kept_bottom import KeptBottom

SEGNET_FIELDS = ("scale_filler", "shift_filler", "bn_mode", "var_eps")


@LAYERS.register("BN")
class BN(KeptBottom):
    """Batch normalisation that scales and shifts, in two definitions; scale_filler, shift_filler, bn_mode or var_eps ask for the second.

    Shapes: (N, C, ...) -> the same; SegNet's may have two more tops, the batch's means and variances (1, C, 1, 1).
    Learned, all of them (1, C, 1, 1), and 0 where no filler is written: slope and bias. In the first definition, two blobs follow that no
        solver changes: the mean and the variance that were gathered; that one starts as 1 if `frozen`, as nothing else then changes it.
    Formula: y = slope (x - mean) / sqrt(var + eps) + bias, var being the biased variance.
        PSPNet, TSN: in training, mean and var are the batch's, and of each what was gathered becomes momentum times itself plus (1 -
        momentum) times the batch's; in testing, or if `frozen`, they are those that were gathered. `frozen` keeps slope and bias fixed.
        SegNet: mean and var are always the batch's, and eps is var_eps; bn_mode INFERENCE is y = slope x + bias.
    Caffe: none; bn_layer.cpp of hszhao/PSPNet and of alexgkendall/caffe-segnet.
    Differences: the definition of happynear/caffe-windows and of weiliu89/caffe, branch fcn, is taken as SegNet's, which it is but for its
        moving averages. They are saved with no weights there, and asking for them is an error of the parser here.
    """

    type = "BN"
    tops = Arity(1, 3)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.bn_param
        self.require(len(bottom[0]) > 1, f"the bottom has the shape {bottom[0]}, but two axes at least are wanted")
        self.segnet = any(param.HasField(field) for field in SEGNET_FIELDS) or len(self.message.top) > 1
        self.plain = self.segnet and enum_name(param, "bn_mode") == "INFERENCE"
        self.require(len(self.message.top) == 1 or not self.plain, "bn_mode INFERENCE computes no means: it has one top", field="top[1]")
        self.eps: float = param.var_eps if self.segnet else param.eps
        self.shape = (1, bottom[0][1], 1, 1)
        learned = self.segnet or not param.frozen
        fillers = (param.scale_filler, param.shift_filler) if self.segnet else (param.slope_filler, param.bias_filler)
        for filler in fillers:
            self.declare_param(self.shape, filler, learned=learned)
        if not self.segnet:
            self.declare_param(self.shape, learned=False)
            ones = messages.FillerParameter(type="constant", value=1)
            self.declare_param(self.shape, ones if param.frozen else None, learned=False)
        self._refuse_learning()

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require(bottom[0][1] == self.shape[1], f"it has {self.shape[1]} channels, but the bottom {bottom[0]} has others")
        return [bottom[0], self.shape, self.shape][: len(self.message.top)]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        channels = self.shape[1:2]
        stats = {} if self.plain else {"mean": Internal(channels), "var": Internal(channels), "unit": Internal(bottom[0])}
        return {**super().internal_arrays(bottom, top), **stats}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        view = _view(bottom[0].shape)
        x = self.keep(bottom[0]).reshape(view)
        if not self.plain:
            mean, var, unit = self._statistics()
            self._take_statistics(x, mean, var)
            for blob, value in zip(top[1:], (mean, var), strict=False):
                self.ops.copy(value, blob.data.reshape(-1))
            x = unit.reshape(view)
            self.ops.normalise(self.kept(bottom[0]).reshape(view), mean, var, x, eps=self.eps)
        self.ops.scale(x, self._flat(0), self._flat(1), top[0].data.reshape(view))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        view = _view(bottom[0].shape)
        kept = self.kept(bottom[0]).reshape(view)
        x = kept if self.plain else self.internals["unit"].reshape(view)
        dx = bottom[0].diff.reshape(view) if propagate_down[0] else None
        dslope, dbias = (self.param_diff(i) for i in (0, 1))
        dy = top[0].diff.reshape(view)
        self.ops.scale_backward(
            x, self._flat(0), dy, dx, None if dslope is None else dslope.reshape(-1), None if dbias is None else dbias.reshape(-1)
        )
        if dx is None or self.plain:
            return
        mean, var, _ = self._statistics()
        if self._gathered:
            self.ops.normalise_backward(var, dx, dx, eps=self.eps)
        else:
            self.ops.batch_norm_backward(kept, mean, var, dx, dx, eps=self.eps)

    @property
    def _gathered(self) -> bool:
        """Whether mean and variance are those that were gathered, not the batch's."""
        return not self.segnet and (self.phase == TEST or bool(self.message.bn_param.frozen))

    def _take_statistics(self, x: Array, mean: Array, var: Array) -> None:
        if self._gathered:
            self.ops.copy(self._flat(2), mean)
            self.ops.copy(self._flat(3), var)
            return
        self.ops.batch_stats(x, mean, var)
        if not self.segnet:
            fraction = self.message.bn_param.momentum
            self.ops.moving_average(mean, self._flat(2), fraction=fraction)
            self.ops.moving_average(var, self._flat(3), fraction=fraction)

    def _statistics(self) -> tuple[Array, Array, Array]:
        return self.internals["mean"], self.internals["var"], self.internals["unit"]

    def _flat(self, index: int) -> Array:
        return self.blobs[index].data.reshape(-1)

    def _refuse_learning(self) -> None:
        """A blob that is gathered, or frozen, has no gradient, whatever lr_mult says: forks set it to 0, and so must the file's be."""
        for spec, declared in zip(self.message.param, self.params, strict=False):
            if not declared.learned:
                spec.lr_mult = spec.decay_mult = 0


def _view(shape: Shape) -> Shape:
    return shape[0], shape[1], count(shape, 2)
