"""Weights that do the work of the layers behind them: copies, so that the learned blobs stay as they are."""

from __future__ import annotations

from ..blob import Array
from ..layers.base import Layer
from ..layers.batch_norm import BatchNorm
from ..layers.bias import Bias
from ..layers.convolution import Convolution
from ..layers.inner_product import InnerProduct
from ..ops.base import Ops


def folded(layer: Convolution | InnerProduct, behind: list[Layer]) -> tuple[Array, Array | None]:
    """The weight and bias of a layer that make what it and the layers behind it make; its own where there are none.

    behind: BatchNorm with statistics that are given, Scale and Bias, each with one number for a channel.
    """
    weight, bias = layer.blobs[0].data, layer.blobs[1].data if len(layer.blobs) > 1 else None
    if not behind:
        return weight, bias
    ops = layer.ops
    made, level = ops.empty(weight.shape), ops.zeros((layer.outputs,))
    ops.copy(weight, made)
    if bias is not None:
        ops.copy(bias, level)
    rows = made.T if isinstance(layer, InnerProduct) and layer.transpose else made.reshape(layer.outputs, -1)
    for each in behind:
        _fold(ops, each, rows, level)
    return made, level


def _fold(ops: Ops, layer: Layer, weight: Array, bias: Array) -> None:
    learned = [blob.data for blob in layer.blobs]
    if isinstance(layer, BatchNorm):
        mean, var = ops.empty(learned[0].shape), ops.empty(learned[0].shape)
        ops.global_stats(learned[0], learned[1], learned[2], mean, var)
        ops.fold_statistics(weight, bias, mean, var, eps=layer.message.batch_norm_param.eps)
        if layer.scaled:
            ops.fold_scale(weight, bias, learned[3], learned[4])
    elif isinstance(layer, Bias):
        ops.fold_scale(weight, bias, None, learned[0])
    else:
        ops.fold_scale(weight, bias, learned[0], learned[1] if len(learned) > 1 else None)
