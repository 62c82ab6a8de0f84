"""Convolutions by cuDNN, where the user or a layer asks for it: a graph for each pass and shape, planned when first met and kept.

cuDNN is an accelerator and never needed: what it does not take is unfolded. Its plans are those that give the same bits every time.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
from dataclasses import dataclass
from math import prod
from typing import Any

from ..errors import DeviceError
from .geometry import Axes, ConvGeometry
from .gpu_arrays import GpuArrays
from .reference.arrays import Array

log = logging.getLogger(__name__)

HINT = "pip install 'netproto[cudnn13x]' for a driver of CUDA 13, 'netproto[cudnn12x]' for one of CUDA 12"
WORKSPACE = 2**28
"""The most bytes that a plan may work in."""
ALIGNMENT = 16
"""Bytes: where cuDNN lets an array begin."""
AXES = (2, 3)

FORWARD, DATA, WEIGHTS = "forward pass", "gradient of the data", "gradient of the weights"


@dataclass(frozen=True)
class Work:
    """One pass of a convolution. arrays: what it reads, by role (x, w, bias, dy), with shapes; out: the shape of what it writes."""

    kind: str
    arrays: tuple[tuple[str, Axes], ...]
    out: Axes
    geo: ConvGeometry


@dataclass(frozen=True)
class Plan:
    """What cuDNN does for a Work. tensors: those of the graph by role, `out` too. workspace: bytes."""

    graph: Any
    tensors: dict[str, Any]
    workspace: int


def work_of(kind: str, geo: ConvGeometry, out: Axes, shapes: dict[str, Axes]) -> Work:
    """The Work for arrays of these shapes, by role."""
    seen = {role: (1, *shape, *(1,) * len(geo.kernel)) if role == "bias" else shape for role, shape in shapes.items()}
    return Work(kind, tuple(seen.items()), out, geo)


def build(cudnn: Any, work: Work, *, tf32: bool, **where: Any) -> Plan:
    """cuDNN's plan. where: the handle of a device, or device_property and sm_version of one that is not there.

    Raises what cuDNN does where it has none, cudnnGraphNotSupportedError mostly.
    """
    real = cudnn.data_type.FLOAT
    graph = cudnn.pygraph(io_data_type=real, intermediate_data_type=real, compute_data_type=real, **where)
    tensors = {role: graph.tensor(name=role, dim=list(shape), stride=_strides(shape)) for role, shape in work.arrays}
    out = tensors["out"] = _described(graph, tensors, work)
    out.set_output(True).set_data_type(real).set_dim(list(work.out)).set_stride(_strides(work.out))
    graph.validate()
    graph.build_operation_graph()
    graph.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
    note = cudnn.numerical_note
    unwanted = [note.NONDETERMINISTIC, note.REDUCED_PRECISION_REDUCTION]
    graph.deselect_numeric_notes(unwanted if tf32 else [*unwanted, note.TENSOR_CORE, note.DOWN_CONVERT_INPUTS])
    graph.deselect_workspace_greater_than(WORKSPACE)
    graph.check_support()
    graph.build_plans(cudnn.build_plan_policy.HEURISTICS_CHOICE)
    return Plan(graph, tensors, graph.get_workspace_size())


def _described(graph: Any, tensors: dict[str, Any], work: Work) -> Any:
    """The graph's last tensor."""
    geo = work.geo
    window = {"padding": list(geo.pad), "stride": list(geo.stride), "dilation": list(geo.dilation)}
    if work.kind == DATA:
        return graph.conv_dgrad(loss=tensors["dy"], filter=tensors["w"], **window)
    if work.kind == WEIGHTS:
        return graph.conv_wgrad(image=tensors["x"], loss=tensors["dy"], **window)
    y = graph.conv_fprop(image=tensors["x"], weight=tensors["w"], **window)
    return graph.bias(input=y, bias=tensors["bias"]) if "bias" in tensors else y


def _strides(shape: Axes) -> list[int]:
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


class Cudnn:
    """The plans of one device.

    cudnn, cupy: the libraries. tf32: whether tensor cores may round factors to 10 bits. Raises DeviceError where cuDNN does not start.
    """

    def __init__(self, cudnn: Any, cupy: Any, *, tf32: bool):
        self._cudnn, self._cupy, self._tf32 = cudnn, cupy, tf32
        self._plans: dict[Work, Plan | None] = {}
        try:
            self._handle = cudnn.create_handle()
        except RuntimeError as error:
            raise DeviceError(f"cuDNN cannot be used: {_line(error)}", hint=HINT) from None

    def plan(self, work: Work) -> Plan | None:
        """None where cuDNN has no plan, which is logged once."""
        if work not in self._plans:
            self._plans[work] = self._built(work)
        return self._plans[work]

    def run(self, plan: Plan, arrays: dict[str, Array], workspace: Array) -> None:
        """Queue a plan on the current stream. arrays: by role."""
        self._cudnn.set_stream(handle=self._handle, stream=self._cupy.cuda.get_current_stream().ptr)
        pointers = {tensor: arrays[role].data.ptr for role, tensor in plan.tensors.items()}
        plan.graph.execute(pointers, workspace.data.ptr, handle=self._handle)

    def _built(self, work: Work) -> Plan | None:
        try:
            return build(self._cudnn, work, tf32=self._tf32, handle=self._handle)
        except (self._cudnn.cudnnGraphNotSupportedError, RuntimeError, ValueError, NotImplementedError) as error:
            log.warning("Layer %s: cuDNN has no plan for its %s, it is computed without: %s", work.geo.layer, work.kind, _line(error))
            return None


class GpuCudnn(GpuArrays):
    """Passes of convolutions that cuDNN does."""

    tf32: bool
    cudnn: Cudnn | None
    """cuDNN, once it is loaded."""
    prefers_cudnn: bool
    """Whether it computes all convolutions but those with `engine: CAFFE`, or only those with `engine: CUDNN`."""
    _lacks_cudnn: bool

    def by_cudnn(self, kind: str, geo: ConvGeometry, out: Array, **arrays: Array | None) -> bool:
        """Let cuDNN do a pass, out = what comes of the arrays; False where it does not."""
        cudnn = self.cudnn_for(geo)
        there = {role: array for role, array in arrays.items() if array is not None}
        if cudnn is None or not _takes(geo, out if kind == DATA else there["x"], [out, *there.values()]):
            return False
        plan = cudnn.plan(work_of(kind, geo, out.shape, {role: array.shape for role, array in there.items()}))
        if plan is None:
            return False
        cudnn.run(plan, {**there, "out": out}, self.scratch("cudnn", (max(plan.workspace, 1),), "uint8"))
        return True

    def load_cudnn(self) -> None:
        """Load cuDNN if it is not loaded yet. Raises DeviceError where it cannot be used."""
        if self.cudnn is None:
            self.cudnn = Cudnn(frontend(), self.xp, tf32=self.tf32)

    def cudnn_for(self, geo: ConvGeometry) -> Cudnn | None:
        """cuDNN if it is to compute a convolution. A layer that asks for it in vain is told of, once."""
        if geo.engine == "CAFFE" or not (self.prefers_cudnn or geo.engine == "CUDNN"):
            return None
        if self.cudnn is None and not self._lacks_cudnn:
            try:
                self.load_cudnn()
            except DeviceError as error:
                self._lacks_cudnn = True
                log.warning("Layer %s asks for cuDNN, and is computed without: %s", geo.layer, error)
        return self.cudnn


def frontend() -> Any:
    """The module of cuDNN's frontend. Raises DeviceError where it is missing."""
    if importlib.util.find_spec("cudnn") is None:
        raise DeviceError("cuDNN cannot be used: nvidia-cudnn-frontend is not installed", hint=HINT)
    try:
        return importlib.import_module("cudnn")
    except Exception as error:  # an import of compiled libraries fails in many ways
        raise DeviceError(f"cuDNN cannot be used: {_line(error)}", hint=HINT) from None


def _takes(geo: ConvGeometry, images: Array, arrays: list[Array]) -> bool:
    """Whether cuDNN may be asked: windows inside of the padded images, and arrays that begin where it can read."""
    inside = all(size + 2 * pad >= extent for size, pad, extent in zip(images.shape[2:], geo.pad, geo.extent, strict=True))
    return len(geo.kernel) in AXES and inside and all(a.size and a.data.ptr % ALIGNMENT == 0 for a in arrays)


def _line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
