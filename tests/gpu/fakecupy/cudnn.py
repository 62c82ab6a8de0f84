"""The name `cudnn`: as much of cuDNN's frontend as netproto uses, by NumPy, on what pointers lead to.

Order and state are those of the real one: filters before there are plans do nothing, so they are refused; a tensor that is written has a
shape; a handle runs on the stream that it was given. `refused` holds the passes (conv_fprop, conv_dgrad, conv_wgrad) without a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import numpy as np

from . import convolution, names
from .array import at, perform
from .device import FakeGpuError, current_stream

__version__ = names.cudnn_tables()["version"]
WORKSPACE = 96
refused: set[str] = set()
Compute = Callable[..., np.ndarray]
"""compute(*inputs, the shape of what comes of them)."""


class cudnnGraphNotSupportedError(Exception):
    """There is no plan for a graph."""


data_type, heur_mode, numerical_note, build_plan_policy = (
    Enum(name, list(names.cudnn_tables()[f"cudnn.{name}"])) for name in ("data_type", "heur_mode", "numerical_note", "build_plan_policy")
)


class Handle:
    def __init__(self) -> None:
        self.stream = 0


def create_handle() -> Handle:
    return Handle()


def set_stream(handle: Handle, stream: int) -> None:
    handle.stream = stream


class Tensor:
    def __init__(self, dim: Sequence[int], stride: Sequence[int]):
        self.dim, self.stride, self.written = list(dim), list(stride), False

    def set_output(self, value: bool) -> Tensor:
        self.written = value
        return self

    def set_data_type(self, dtype: Any) -> Tensor:
        assert dtype is data_type.FLOAT
        return self

    def set_dim(self, dim: Sequence[int]) -> Tensor:
        if self.dim and list(dim) != self.dim:
            raise ValueError(f"a tensor of {self.dim} is said to be {dim}")
        self.dim = list(dim)
        return self

    def set_stride(self, stride: Sequence[int]) -> Tensor:
        self.stride = list(stride)
        return self

    def numbers(self, address: int) -> np.ndarray:
        if address % 16:
            raise FakeGpuError(f"a tensor at {address:#x}, which is not a multiple of 16")
        size = 1 + sum((extent - 1) * step for extent, step in zip(self.dim, self.stride, strict=True))
        flat = at(address, 4 * size).view(np.float32)
        return np.lib.stride_tricks.as_strided(flat, self.dim, [4 * step for step in self.stride])


class pygraph:
    def __init__(
        self, io_data_type: Any = None, intermediate_data_type: Any = None, compute_data_type: Any = None, handle: Handle | None = None
    ):
        assert {io_data_type, intermediate_data_type, compute_data_type} == {data_type.FLOAT}
        self.handle, self.stage = handle, "described"
        self.steps: list[tuple[str, Compute, Tensor, list[Tensor]]] = []
        self.notes: set[Any] = set()
        self.most = 0

    def tensor(self, dim: list[int], stride: list[int], name: str = "") -> Tensor:
        return Tensor(dim, stride)

    def conv_fprop(self, image: Tensor, weight: Tensor, padding: list[int], stride: list[int], dilation: list[int]) -> Tensor:
        window = convolution.Window(padding, stride, dilation)
        return self._step("conv_fprop", window.forward, [image, weight], window.top(image.dim, weight.dim))

    def conv_dgrad(self, loss: Tensor, filter: Tensor, padding: list[int], stride: list[int], dilation: list[int]) -> Tensor:  # noqa: A002
        return self._step("conv_dgrad", convolution.Window(padding, stride, dilation).data_gradient, [loss, filter])

    def conv_wgrad(self, image: Tensor, loss: Tensor, padding: list[int], stride: list[int], dilation: list[int]) -> Tensor:
        return self._step("conv_wgrad", convolution.Window(padding, stride, dilation).weight_gradient, [image, loss])

    def bias(self, input: Tensor, bias: Tensor) -> Tensor:  # noqa: A002
        assert bias.dim == [1, input.dim[1], *[1] * (len(input.dim) - 2)]
        return self._step("bias", lambda x, added, _: x + added, [input, bias], input.dim)

    def _step(self, name: str, compute: Compute, inputs: list[Tensor], dim: Sequence[int] = ()) -> Tensor:
        self._at("described", "described")
        out = Tensor(dim, [])
        self.steps.append((name, compute, out, inputs))
        return out

    def _at(self, before: str, after: str) -> None:
        if self.stage != before:
            raise RuntimeError(f"a graph that is {self.stage}, not {before}")
        self.stage = after

    def validate(self) -> None:
        self._at("described", "valid")
        for _, _, out, inputs in self.steps:
            if out.written and not (out.dim and out.stride):
                raise ValueError("a tensor that is written has neither shape nor strides")
            assert all(tensor.dim for tensor in inputs)

    def build_operation_graph(self) -> None:
        self._at("valid", "lowered")

    def create_execution_plans(self, heuristics: list[Any]) -> None:
        assert set(heuristics) <= set(heur_mode)
        self._at("lowered", "planned")

    def deselect_numeric_notes(self, notes: list[Any]) -> pygraph:
        self._at("planned", "planned")
        self.notes |= {numerical_note(note) for note in notes}
        return self

    def deselect_workspace_greater_than(self, workspace_limit: int) -> pygraph:
        self._at("planned", "planned")
        self.most = workspace_limit
        return self

    def check_support(self) -> None:
        self._at("planned", "supported")
        if refused & {name for name, *_ in self.steps}:
            raise cudnnGraphNotSupportedError("No valid engine configs\nfor a graph")

    def build_plans(self, policy: Any) -> None:
        assert policy is build_plan_policy.HEURISTICS_CHOICE
        self._at("supported", "built")

    def get_workspace_size(self) -> int:
        self._at("built", "built")
        return WORKSPACE

    def execute(self, tensor_dict: dict[Tensor, int], workspace: int, handle: Handle) -> None:
        self._at("built", "built")
        if handle is not self.handle or handle.stream != current_stream().ptr:
            raise FakeGpuError("a handle of another graph, or that runs on another stream")
        perform(self._run, tensor_dict, workspace)

    def _run(self, addresses: dict[Tensor, int], workspace: int) -> None:
        at(workspace, WORKSPACE)[...] = 0xFF
        values = {tensor: tensor.numbers(address) for tensor, address in addresses.items()}
        for _, compute, out, inputs in self.steps:
            made = compute(*(values[tensor] for tensor in inputs), out.dim)
            if out.written:
                values[out][...] = made
            else:
                values[out] = made
