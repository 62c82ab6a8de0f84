"""Kernels: thread orders, declarations, the launcher's checks, products, and what the rows of THE TABLE do not reach."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from netproto.blob import Blob
from netproto.errors import DeviceError
from netproto.ops import gpu_convolution, gpu_kernels
from netproto.ops.base import Ops
from netproto.ops.geometry import ConvGeometry
from netproto.ops.gpu import GpuOps
from netproto.ops.gpu_kernels import Kernels
from netproto.schema import messages
from netproto.solver.rules import RULES, Step
from netproto.testing.cases import CASES
from netproto.testing.probes import make_probe
from netproto.testing.table import Case
from tests.golden import replay

from . import fakecupy, shim

MakeOps = Callable[..., GpuOps]
WITH_BARRIERS = ("BN", "BatchNorm", "Bias", "ContrastiveLoss", "Convolution", "Deconvolution", "EuclideanLoss", "PReLU")
WITH_BARRIERS += ("Scale", "SigmoidCrossEntropyLoss", "Softmax", "SoftmaxWithLoss")


@pytest.fixture
def order() -> Iterator[None]:
    yield
    shim.Kernel.order = 0


def results(case: Case, ops: Ops, order: int) -> list[np.ndarray]:
    shim.Kernel.order = order
    probe = make_probe(case, ops)
    tops = probe.forward()
    upstream = [np.random.default_rng(15).standard_normal(t.shape).astype(np.float32) for t in tops]
    return [*tops, *(probe.gradients(upstream) if case.gradient is True else [])]


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize("case", [c for c in CASES if c.type in WITH_BARRIERS], ids=str)
def test_no_bit_depends_on_the_order_of_threads(case: Case, gpu_ops: MakeOps) -> None:
    forwards = results(case, gpu_ops(), 0)
    for order in (1, 2):
        for a, b in zip(forwards, results(case, gpu_ops(), order), strict=True):
            np.testing.assert_array_equal(a, b)


def dot(ops: GpuOps, count: int, order: int) -> np.ndarray:
    shim.Kernel.order = order
    a, b = np.random.default_rng(16).standard_normal((2, count)).astype(np.float32)
    total = ops.zeros(())
    ops.add_dot(ops.asarray(a), ops.asarray(b), total)
    return np.array(ops.to_host(total))


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize("count", [700, 70_001], ids=["one_block", "many_blocks"])
def test_no_bit_of_a_long_sum_depends_on_the_order_of_threads(count: int, gpu_ops: MakeOps) -> None:
    assert len({float(dot(gpu_ops(), count, order)) for order in (0, 1, 2)}) == 1


def test_every_kernel_with_a_barrier_is_run_in_all_orders(gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    launched: set[str] = set()
    blocks = Kernels.blocks
    monkeypatch.setattr(Kernels, "blocks", lambda self, name, *arguments: launched.add(name) or blocks(self, name, *arguments))
    for case in CASES:
        if case.type in WITH_BARRIERS:
            results(case, gpu_ops(), 0)
    for count in (700, 70_001):
        dot(gpu_ops(), count, 0)
    families = {family: shim.build(gpu_kernels.source(family)).kernels.values() for family in gpu_kernels.families()}
    assert {kernel.name for kernels in families.values() for kernel in kernels if kernel.synchronising} <= launched


@pytest.mark.parametrize("family", gpu_kernels.families())
def test_declarations_are_what_the_compiler_sees(family: str) -> None:
    if shim.COMPILER is None:
        pytest.skip(shim.NO_COMPILER)
    for name, kernel in shim.build(gpu_kernels.source(family)).kernels.items():
        read = [f"{p.dtype.kind}{p.dtype.itemsize}{'*' * p.pointer}" for p in gpu_kernels.declarations()[name].parameters]
        assert read == kernel.parameters


def test_signatures_are_those_of_the_portable_operations() -> None:
    for name, function in inspect.getmembers(Ops, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(GpuOps, name)).parameters == inspect.signature(function).parameters, name


def test_every_kernel_has_an_operation() -> None:
    operations = "".join(path.read_text() for path in gpu_kernels.FOLDER.parent.glob("gpu_*.py"))
    assert not [name for name in gpu_kernels.declarations() if f'"{name}"' not in operations]


@pytest.mark.parametrize("rule", list(RULES))
def test_an_update_is_one_launch(rule: str, gpu_ops: MakeOps) -> None:
    drawn = np.random.default_rng(6).uniform(0.1, 1, (5, 3, 7)).astype(np.float32)
    message = messages.SolverParameter(type=rule, momentum=0.9, rms_decay=0.98, delta=1e-3)
    found = []
    for ops in (Ops(), gpu_ops()):
        blob = Blob((3, 7), ops)
        history = [ops.asarray(values) for values in drawn[2:4].copy()][: RULES[rule].slots]
        ops.upload(drawn[0], blob.data)
        ops.upload(drawn[1] - 0.5, blob.diff)
        with fakecupy.counting() as cost:
            RULES[rule].update(ops, message, blob, history, Step(rate=0.01, decay=0.1, l1=True, scale=0.5))
        found.append([np.array(ops.to_host(array)) for array in (blob.data, *history)])
    assert (cost.launch, cost.alloc) == (1, 0)
    for portable, gpu in zip(*found, strict=True):
        np.testing.assert_allclose(gpu, portable, rtol=1e-4, atol=1e-6)


def test_the_launcher_refuses_arrays_that_do_not_fit(gpu_ops: MakeOps) -> None:
    ops = gpu_ops()
    good = ops.zeros((3, 5))
    ops.kernels.each("relu", 15, good, 0.5, good)
    for bad in (ops.zeros((3, 5), "int32"), good.T, np.zeros((3, 5), np.float32), 7):
        with pytest.raises(TypeError, match="relu: x must be a C-contiguous float32 array"):
            ops.kernels.each("relu", 15, bad, 0.5, good)
    with pytest.raises(ValueError, match="zip"):
        ops.kernels.each("relu", 15, good, 0.5)
    with pytest.raises(DeviceError, match="more than a GPU kernel can count"):
        ops.kernels.each("relu", 2**31, good, 0.5, good)


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize("count", [1, 7, 300, 65536, 65537, 200_003])
def test_sums_of_products_short_and_long(count: int, gpu_ops: MakeOps) -> None:
    ops, generator, found = gpu_ops(), np.random.default_rng(7), set()
    a, b = (generator.standard_normal(count).astype(np.float32) for _ in range(2))
    for shim.Kernel.order in (0, 1, 2):
        total = ops.asarray(np.array(2.5))
        ops.add_dot(ops.asarray(a), ops.asarray(b), total)
        found.add(float(total))
    assert len(found) == 1
    assert found.pop() == pytest.approx(2.5 + float(a.astype("f8") @ b.astype("f8")), abs=1e-3)


@pytest.mark.parametrize(("ta", "tb", "shared_a", "shared_b", "add"), list(itertools.product([False, True], repeat=5)))
def test_products(ta: bool, tb: bool, shared_a: bool, shared_b: bool, add: bool, gpu_ops: MakeOps) -> None:
    ops, generator = gpu_ops(), np.random.default_rng(5)
    a, b = (generator.standard_normal((2, *shape)).astype(np.float32) for shape in ((7, 3) if ta else (3, 7), (5, 7) if tb else (7, 5)))
    c = generator.standard_normal((2, 3, 5)).astype(np.float32)
    a, b = a[0] if shared_a else a, b[0] if shared_b else b
    wanted = np.matmul(a.swapaxes(-1, -2) if ta else a, b.swapaxes(-1, -2) if tb else b) + (c if add else 0)
    out = ops.asarray(c)
    ops.gemm(ops.asarray(a), ops.asarray(b), out, ta=ta, tb=tb, add=add)
    np.testing.assert_allclose(ops.to_host(out), np.broadcast_to(wanted, c.shape), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("group", [1, 2, 6])
@pytest.mark.parametrize("workspace", [1, 700, 2**26])
def test_convolution_a_few_images_at_a_time(group: int, workspace: int, gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_convolution, "WORKSPACE", workspace)
    geo = ConvGeometry((3, 2), (2, 1), (1, 0), (1, 2), group)
    shapes: dict[str, tuple[int, ...]] = {"x": (5, 6, 7, 9), "w": (12, 6 // group, 3, 2), "bias": (12,)}
    shapes["y"] = (5, 12, *geo.out_shape((7, 9)))
    drawn = {name: np.random.default_rng(4).standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    found = []
    for ops in (Ops(), gpu_ops()):
        x, w, bias, dy = (ops.asarray(drawn[name].copy()) for name in ("x", "w", "bias", "y"))
        y, dx, dw, db = ops.empty(dy.shape), ops.empty(x.shape), ops.zeros(w.shape), ops.zeros(bias.shape)
        ops.conv(x, w, bias, y, geo=geo)
        ops.conv_backward(x, w, dy, dx, dw, db, geo=geo)
        found.append([ops.to_host(array) for array in (y, dx, dw, db)])
    for portable, gpu in zip(*found, strict=True):
        assert replay.off(gpu, portable) < 1e-5


def test_windows_over_many_axes(gpu_ops: MakeOps) -> None:
    geo = ConvGeometry((2, 3, 1, 2), (1, 2, 1, 2), (1, 0, 0, 1), (2, 1, 1, 1), 1)
    x = np.random.default_rng(4).standard_normal((2, 3, 5, 7, 2, 4)).astype(np.float32)
    out = geo.out_shape(x.shape[2:])
    found = []
    for ops in (Ops(), gpu_ops()):
        columns, back = ops.empty((2, 3 * 12, *out)), ops.empty(x.shape)
        ops.im2col(ops.asarray(x), columns, geo=geo)
        ops.col2im(columns, back, geo=geo)
        found.append([ops.to_host(columns), ops.to_host(back)])
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)


@pytest.mark.parametrize("count", [1, 4, 7, 1001])
def test_draws_have_the_bits_of_every_backend(count: int, gpu_ops: MakeOps) -> None:
    found: list[Any] = []
    for ops in (Ops(), gpu_ops()):
        words, x, y = ops.empty((count,), "uint32"), ops.asarray(np.ones(count)), ops.empty((count,))
        mask = ops.empty((count,), "uint8")
        ops.words(words, key=2**63 + 12345, ordinal=2**33 + 7)
        ops.dropout(x, y, mask, ratio=0.3, key=99, ordinal=3)
        found.append([ops.to_host(array) for array in (words, mask, y)])
    for portable, gpu in zip(*found, strict=True):
        np.testing.assert_array_equal(portable, gpu)


def test_batches_of_any_size_go_through_one_place(gpu_ops: MakeOps) -> None:
    ops = gpu_ops()
    memory = ops.empty((12,))
    for count in (4, 12, 7, 7, 12, 3):
        values = np.random.default_rng(count).standard_normal(count)
        ops.upload(values, memory[:count])
        np.testing.assert_array_equal(ops.to_host(memory[:count]), values.astype(np.float32))


def test_tensor_cores_are_used_only_if_asked(gpu_ops: MakeOps) -> None:
    cublas = gpu_ops().xp.cuda.cublas
    assert gpu_ops().gemm._compute == cublas.CUBLAS_COMPUTE_32F
    assert gpu_ops(tf32=True).gemm._compute == cublas.CUBLAS_COMPUTE_32F_FAST_TF32
