"""pycaffe's Net. Caffe: python/caffe/pycaffe.py and _caffe.cpp."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from ..errors import ModelError, did_you_mean
from ..formats import caffemodel, hdf5
from ..formats import weights as weights_files
from ..host_blob import HostBlob
from ..layers.memory_data import MemoryData
from ..layers.python import UserLayer
from ..net.graph import AUTOMATIC
from ..net.loading import collect_weights, copy_weights
from ..net.net import Net as CoreNet
from ..schema import upgrade
from . import summary
from .batches import batches, length
from .blob import Blob
from .layer import NetLayer, face
from .mode import current_ops, fresh_seed, next_seed, solver_count, solver_rank
from .names import Named
from .user_errors import passes_users_errors

log = logging.getLogger(__name__)

Path = str | os.PathLike[str]


class Net:
    """A net for scripts.

    Net(network_file, phase, level=0, stages=None, weights=None), or in the old order Net(network_file, weights, phase).
    phase: caffe.TRAIN or caffe.TEST. The arrays that a net gives are views: the next pass overwrites them.
    """

    @passes_users_errors
    def __init__(
        self,
        network_file: Path,
        phase: Any = None,
        level: int | None = None,
        stages: Sequence[str] | None = None,
        weights: Path | None = None,
    ):
        if isinstance(phase, (str, os.PathLike)):
            log.warning("DEPRECATION WARNING - use this instead: Net('%s', %s, weights='%s')", network_file, level, phase)
            weights, phase, level = phase, level, None
        if phase not in (0, 1):
            raise ModelError(f"the phase is caffe.TRAIN or caffe.TEST, not {phase!r}", hint="Net(network_file, phase, weights=file)")
        seed, message = next_seed(), upgrade.load_net(network_file)
        trained = None if weights is None else weights_files.load(weights)
        self._bind(
            CoreNet(
                message,
                ops=current_ops(),
                phase=phase,
                level=level or 0,
                stages=stages or (),
                seed=fresh_seed() if seed is None else seed,
                rank=solver_rank(),
                ranks=solver_count(),
                given=() if trained is None else trained.complete(),
            )
        )
        if trained is not None:
            self._take(trained)

    @classmethod
    def around(cls, core: CoreNet) -> Net:
        """A script's view of a net that exists, such as a solver's."""
        self = cls.__new__(cls)
        self._bind(core)
        return self

    def _bind(self, core: CoreNet) -> None:
        self.core = core
        self.layers: list[NetLayer | UserLayer] = [face(layer) for layer in core.layers]
        self.layer_dict = Named(zip(core.layer_names, self.layers, strict=True), "layer")
        learned = ((name, layer.blobs) for name, layer in self.layer_dict.items() if layer.blobs)
        self.params: Named[list[HostBlob]] = Named(learned, "layer with learned blobs")
        self.blobs: Named[Blob] = Named(((name, Blob(blob)) for name, blob in core.blobs.items()), "blob")

    # -- names ---------------------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.core.name

    @property
    def inputs(self) -> list[str]:
        """The names of the blobs that a script fills."""
        return self.core.inputs

    @property
    def outputs(self) -> list[str]:
        """The names of the blobs that no layer reads, in alphabetical order."""
        return self.core.outputs

    @property
    def blob_loss_weights(self) -> Named[float]:
        """Blob name -> how much it counts in the loss."""
        return Named(((name, self.core.blob_loss_weight(name)) for name in self.blobs), "blob")

    @property
    def top_names(self) -> Named[list[str]]:
        """Layer name -> the names of its tops."""
        return Named(zip(self._layer_names, map(self.core.top_names, self.core.graph.nodes), strict=True), "layer")

    @property
    def bottom_names(self) -> Named[list[str]]:
        """Layer name -> the names of its bottoms."""
        return Named(zip(self._layer_names, map(self.core.bottom_names, self.core.graph.nodes), strict=True), "layer")

    @property
    def _layer_names(self) -> list[str]:
        return self.core.layer_names

    @property
    def _blob_names(self) -> list[str]:
        return list(self.blobs)

    @property
    def _blobs(self) -> list[Blob]:
        return list(self.blobs.values())

    @property
    def _inputs(self) -> list[int]:
        return self._ids(self.inputs)

    @property
    def _outputs(self) -> list[int]:
        return self._ids(self.outputs)

    @property
    def _blob_loss_weights(self) -> list[float]:
        return list(self.blob_loss_weights.values())

    def _top_ids(self, layer: int) -> list[int]:
        return self._ids(self.core.top_names(self.core.graph.nodes[layer]))

    def _bottom_ids(self, layer: int) -> list[int]:
        return self._ids(self.core.bottom_names(self.core.graph.nodes[layer]))

    def _ids(self, names: Iterable[str]) -> list[int]:
        known = self._blob_names
        return [known.index(name) for name in names if name != AUTOMATIC]

    # -- passes --------------------------------------------------------------------------------------------------------------

    @passes_users_errors
    def forward(
        self, blobs: Sequence[str] | None = None, start: str | None = None, end: str | None = None, **inputs: Any
    ) -> dict[str, Any]:
        """Run the net; {output name: array}.

        blobs: more blobs to give. start, end: names of the first and last layer to run. inputs: arrays for the input blobs, all or none.
        Raises ModelError for names that the net does not have, and for arrays that do not fit.
        """
        first, last = self._layer_index(start, 0), self._layer_index(end, len(self.layers) - 1)
        outputs = self._named_blobs(self.outputs if end is None else self.top_names[end], blobs)
        if inputs:
            _check_names(inputs, self.inputs)
            self._fill(inputs, "data")
        self._forward(first, last)
        return {name: self.blobs[name].data for name in outputs}

    @passes_users_errors
    def backward(self, diffs: Sequence[str] | None = None, start: str | None = None, end: str | None = None, **tops: Any) -> dict[str, Any]:
        """Run the net backward; {input name: gradient}.

        diffs: more blobs whose gradient to give. start, end: names of the layers to begin and stop at. tops: gradients for output blobs.
        Raises ModelError for names that the net does not have, and for arrays that do not fit.
        """
        first, last = self._layer_index(start, len(self.layers) - 1), self._layer_index(end, 0)
        inputs = self._named_blobs(self.inputs if end is None else self.bottom_names[end], diffs)
        self._fill(tops, "diff")
        self._backward(first, last)
        return {name: self.blobs[name].diff for name in inputs}

    def forward_all(self, blobs: Sequence[str] | None = None, **inputs: Any) -> dict[str, np.ndarray]:
        """Run any number of rows through the net, batch by batch; {output name: array of as many rows}."""
        count = length(inputs)
        passes = [_copies(self.forward(blobs=blobs, **batch)) for batch in batches(inputs, self._batch_size)]
        return _joined(passes, count)

    def forward_backward_all(
        self, blobs: Sequence[str] | None = None, diffs: Sequence[str] | None = None, **arrays: Any
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Run any number of rows forward and backward, batch by batch; (outputs, gradients), each {name: array of as many rows}.

        arrays: for input blobs (forward) and output blobs (backward); what the net holds is used where none are given.
        """
        count = length(arrays)
        forward = {name: array for name, array in arrays.items() if name in self.inputs}
        backward = {name: array for name, array in arrays.items() if name not in self.inputs}
        outputs, gradients = [], []
        of_each = (batches(part, self._batch_size) if part else () for part in (forward, backward))
        for inputs, tops in zip_longest(*of_each, fillvalue={}):
            outputs.append(_copies(self.forward(blobs=blobs, **inputs)))
            gradients.append(_copies(self.backward(diffs=diffs, **tops)))
        return _joined(outputs, count), _joined(gradients, count)

    def _forward(self, start: int, end: int) -> float:
        """Run the layers of these numbers, the last included; the loss."""
        self._push()
        return float(self.core.forward(start, end))

    def _backward(self, start: int, end: int) -> None:
        self._push()
        self.core.backward(start, end)

    def _push(self) -> None:
        """Let a device have what was written to its blobs' copies here, and be the current one."""
        self.core.ops.activate()
        for blob in (*self.blobs.values(), *(b for blobs in self.params.values() for b in blobs)):
            blob.push()

    @property
    def _batch_size(self) -> int:
        return next(iter(self.blobs.values())).shape[0]

    def _fill(self, arrays: Mapping[str, Any], which: str) -> None:
        for name, array in arrays.items():
            blob = self._known_blob(name)
            _check_shape(name, array, blob.shape)
            getattr(blob, which)[...] = array

    def _named_blobs(self, names: Iterable[str], more: Iterable[str] | None) -> list[str]:
        """Each once, nameless ones left out. Raises ModelError for one that the net does not have."""
        wanted = dict.fromkeys(name for name in (*names, *(more or ())) if name != AUTOMATIC)
        for name in wanted:
            self._known_blob(name)
        return list(wanted)

    def _known_blob(self, name: str) -> Blob:
        if name not in self.blobs:
            raise ModelError(f"the net has no blob {name!r}", hint=did_you_mean(name, self.blobs))
        return self.blobs[name]

    def _layer_index(self, name: str | None, default: int) -> int:
        if name is None:
            return default
        if name not in self.layer_dict:
            raise ModelError(f"the net has no layer {name!r}", hint=did_you_mean(name, self.layer_dict))
        return self._layer_names.index(name)

    # -- callbacks -----------------------------------------------------------------------------------------------------------

    def before_forward(self, run: Callable[[int], Any]) -> None:
        """Have a function called with a layer's number before its forward pass."""
        self.core.callbacks.before_forward.append(self.calling(run))

    def after_forward(self, run: Callable[[int], Any]) -> None:
        """Have a function called with a layer's number after its forward pass."""
        self.core.callbacks.after_forward.append(self.calling(run))

    def before_backward(self, run: Callable[[int], Any]) -> None:
        """Have a function called with a layer's number before its backward pass."""
        self.core.callbacks.before_backward.append(self.calling(run))

    def after_backward(self, run: Callable[[int], Any]) -> None:
        """Have a function called with a layer's number after its backward pass."""
        self.core.callbacks.after_backward.append(self.calling(run))

    def calling(self, run: Callable[..., Any]) -> Callable[..., None]:
        """A callback that runs a script's function: what it wrote to blobs counts at once, and what it reads next time is new."""

        def call(*args: Any) -> None:
            run(*args)
            self._push()

        return call

    # -- memory --------------------------------------------------------------------------------------------------------------

    @passes_users_errors
    def reshape(self) -> None:
        """Carry new shapes of the inputs through the net."""
        self.core.ops.activate()
        self.core.reshape()

    def clear_param_diffs(self) -> None:
        """Set the gradients of all learned blobs to zero."""
        self._push()
        self.core.clear_param_diffs()

    def set_input_arrays(self, data: Any, labels: Any) -> None:
        """Give a MemoryData layer its data (n, channels, height, width) and n labels; n is a multiple of its batch_size."""
        layer = self.core.layers[0]
        if not isinstance(layer, MemoryData):
            raise ModelError("set_input_arrays is for nets whose first layer is of the type MemoryData", hint="net.forward(data=array)")
        layer.reset(np.ascontiguousarray(data, np.float32), np.ascontiguousarray(labels, np.float32))

    # -- weights -------------------------------------------------------------------------------------------------------------

    def copy_from(self, trained_file: Path) -> None:
        """Load trained weights by layer name, from a file of any format that netproto reads."""
        self._push()
        self._take(weights_files.load(trained_file))

    load_hdf5 = copy_from

    def _take(self, trained: weights_files.Weights) -> None:
        for line in copy_weights(self.core, trained).lines():
            log.info("%s", line)

    def save(self, path: Path) -> None:
        """Write the weights: a .caffemodel, or the format of .npz, .h5 and .safetensors where the path ends so."""
        self._push()
        weights = collect_weights(self.core)
        if os.path.splitext(path)[1].lower() in weights_files.SUFFIXES:
            weights_files.save(path, weights)
        else:
            caffemodel.save(os.fspath(path), weights)

    def save_hdf5(self, path: Path) -> None:
        """Write the weights as Caffe's HDF5."""
        self._push()
        hdf5.save(path, collect_weights(self.core))

    def share_with(self, other: Net) -> None:
        """Use the learned blobs of another net for layers of the same name."""
        self.core.share_params_with(other.core)

    def __repr__(self) -> str:
        return f"<Net {self.name!r}: {len(self.layers)} layers, {len(self.blobs)} blobs>"

    def _repr_html_(self) -> str:
        return summary.as_html(self.core)


def _check_names(arrays: Mapping[str, Any], inputs: Sequence[str]) -> None:
    if set(arrays) != set(inputs):
        raise ModelError(f"arrays came for {sorted(arrays)}, but the net's inputs are {sorted(inputs)}", hint="Give all of them")


def _check_shape(name: str, array: Any, shape: tuple[int, ...]) -> None:
    """Raise ModelError unless the array has the blob's rows and can be broadcast to its shape."""
    got = np.shape(array)
    try:
        fits = got[:1] == shape[:1] and np.broadcast_shapes(got, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        hint = f"net.blobs[{name!r}].reshape{got} makes room for it"
        raise ModelError(f"blob {name!r} has the shape {shape}, the array {got}", hint=hint)


def _copies(arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(array) for name, array in arrays.items()}


def _joined(passes: Sequence[Mapping[str, np.ndarray]], count: int) -> dict[str, np.ndarray]:
    """The arrays of several passes end to end, `count` rows of each. Scalars give one value a pass."""
    joined = {name: [np.atleast_1d(each[name]) for each in passes] for name in passes[0]}
    return {name: np.concatenate(arrays)[:count] for name, arrays in joined.items()}
