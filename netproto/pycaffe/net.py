"""pycaffe's Net. Caffe: python/caffe/pycaffe.py and _caffe.cpp."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ModelError, did_you_mean
from ..formats import weights as weights_files
from ..host_blob import HostBlob as Blob
from ..net.loading import collect_weights, copy_weights
from ..net.net import Net as CoreNet
from ..schema import upgrade
from .mode import current_ops, next_seed


class Net:
    """A net for scripts.

    Net(file, phase, level=0, stages=(), weights=None), or in the old order Net(file, weights, phase).
    """

    def __init__(self, network_file: str, *args: Any, **options: Any):
        weights, phase = _phase_and_weights(args, options)
        message = upgrade.load_net(str(network_file))
        net = CoreNet(
            message, ops=current_ops(), phase=phase, level=options.get("level", 0), stages=options.get("stages") or (), seed=next_seed()
        )
        self._bind(net)
        if weights is not None:
            self.copy_from(weights)

    @classmethod
    def around(cls, net: CoreNet) -> Net:
        """A script's view of a net that exists, such as a solver's."""
        self = cls.__new__(cls)
        self._bind(net)
        return self

    def _bind(self, net: CoreNet) -> None:
        self.core = net
        self.blobs: OrderedDict[str, Blob] = OrderedDict((name, Blob(blob)) for name, blob in net.blobs.items())
        self.params: OrderedDict[str, list[Blob]] = OrderedDict((name, [Blob(b) for b in blobs]) for name, blobs in net.params.items())

    # -- names ---------------------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.core.name

    @property
    def inputs(self) -> list[str]:
        return self.core.inputs

    @property
    def outputs(self) -> list[str]:
        return self.core.outputs

    @property
    def blob_loss_weights(self) -> OrderedDict[str, float]:
        return OrderedDict((name, self.core.blob_loss_weight(name)) for name in self.blobs)

    # -- passes --------------------------------------------------------------------------------------------------------------

    def forward(
        self, blobs: Sequence[str] | None = None, start: str | None = None, end: str | None = None, **inputs: Any
    ) -> dict[str, Any]:
        """Run the net; {output name: array}.

        blobs: more blobs to give. start, end: names of the first and last layer to run. inputs: arrays for input blobs, all or none.
        """
        names = list(blobs or [])
        first = self._layer_index(start) if start is not None else 0
        last = self._layer_index(end) if end is not None else len(self.core.layers) - 1
        outputs = self.core.top_names(self.core.graph.nodes[last]) if end is not None else self.outputs
        if inputs:
            self._set_inputs(inputs)
        self.core.forward(first, last)
        return {name: self.blobs[name].data for name in [*outputs, *names]}

    def backward(self, diffs: Sequence[str] | None = None, start: str | None = None, end: str | None = None, **tops: Any) -> dict[str, Any]:
        """Run the net backward and give {input name: gradient}.

        diffs: more blobs whose gradient to give. start, end: names of the layers to begin and stop at. tops: gradients for output blobs.
        """
        names = list(diffs or [])
        first = self._layer_index(start) if start is not None else None
        last = self._layer_index(end) if end is not None else 0
        outputs = self.core.bottom_names(self.core.graph.nodes[last]) if end is not None else self.inputs
        for name, value in tops.items():
            blob = self._blob(name)
            _check_shape(name, value, blob.shape)
            blob.diff[...] = value
        self.core.backward(first, last)
        return {name: self.blobs[name].diff for name in [*outputs, *names]}

    def _set_inputs(self, inputs: dict[str, Any]) -> None:
        if set(inputs) != set(self.inputs):
            raise ModelError(f"arrays came for {sorted(inputs)}, but the net's inputs are {sorted(self.inputs)}", hint="Give all of them")
        for name, value in inputs.items():
            _check_shape(name, value, self.blobs[name].shape)
            self.blobs[name].data[...] = value

    def _layer_index(self, name: str) -> int:
        names = self.core.layer_names
        if name not in names:
            raise ModelError(f"the net has no layer {name!r}", hint=did_you_mean(name, names))
        return names.index(name)

    def _blob(self, name: str) -> Blob:
        if name not in self.blobs:
            raise ModelError(f"the net has no blob {name!r}", hint=did_you_mean(name, self.blobs))
        return self.blobs[name]

    def reshape(self) -> None:
        """Carry new shapes of the inputs through the net."""
        self.core.reshape()

    def clear_param_diffs(self) -> None:
        """Set the gradients of all learned blobs to zero."""
        self.core.clear_param_diffs()

    # -- weights -------------------------------------------------------------------------------------------------------------

    def copy_from(self, path: str) -> None:
        """Load trained weights by layer name."""
        copy_weights(self.core, weights_files.load(str(path)))

    def save(self, path: str) -> None:
        """Write the weights in the format that the file's name asks for."""
        weights_files.save(str(path), collect_weights(self.core))

    def share_with(self, other: Net) -> None:
        """Use the learned blobs of another net for layers of the same name."""
        self.core.share_params_with(other.core)


def _phase_and_weights(args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, int]:
    """(weights or None, phase) from pycaffe's two ways to call Net."""
    if len(args) == 2:
        return args[0], args[1]
    phase = args[0] if args else options.get("phase")
    if len(args) > 2 or phase not in (0, 1):
        raise ModelError("Net(file, phase) wants caffe.TRAIN or caffe.TEST", hint="Or, in the old order, Net(file, weights, phase)")
    return options.get("weights"), phase


def _check_shape(name: str, value: Any, shape: tuple[int, ...]) -> None:
    got = np.shape(value)
    if got[:1] != shape[:1] or np.size(value) != int(np.prod(shape)):
        raise ModelError(f"blob {name!r} has the shape {shape}, the array {got}", hint="First: net.blobs[name].reshape(...)")
