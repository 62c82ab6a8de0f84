"""Training by CUDA graphs: the same bits as without, at a handful of launches; and what cannot be captured."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netproto.errors import DeviceError, ModelError, NetprotoError, SolverError
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.ops.gpu import GpuOps
from netproto.schema import messages, text, upgrade
from netproto.solver import Solver
from netproto.solver.captured import CapturedSteps, RepeatedPass
from netproto.solver.rules import RULES
from netproto.testing.cases import CASES
from netproto.testing.probes import make_probe, redraw
from netproto.testing.table import Case

from . import fakecupy

MakeOps = Callable[..., GpuOps]
DATA = """
layer { name: "data" type: "DummyData" top: "x" top: "label" dummy_data_param { shape { dim: 4 dim: 3 dim: 6 dim: 5 } shape { dim: 4 }
  data_filler { type: "gaussian" std: 2 } data_filler { type: "constant" value: 1 } } }"""
LAYERS = """
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv" param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" dropout_param { dropout_ratio: 0.3 } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 } }
layer { name: "hidden" type: "InnerProduct" bottom: "pool" top: "hidden"
  inner_product_param { num_output: 11 weight_filler { type: "xavier" } } }
layer { name: "drop2" type: "Dropout" bottom: "hidden" top: "hidden" }
layer { name: "score" type: "InnerProduct" bottom: "hidden" top: "score" param { lr_mult: 0.5 }
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "score" bottom: "label" top: "accuracy" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" }"""
INPUT = 'layer { name: "data" type: "Input" top: "x" top: "label" input_param { shape { dim: 4 dim: 3 dim: 6 dim: 5 } shape { dim: 4 } } }'
EVERY_ITERATION = "lr_policy: 'inv' gamma: 0.1 power: 0.75"

HOST_READS = {"BatchReindex", "BoxAnnotatorOHEM", "DetectionEvaluate", "DetectionOutput", "Filter", "MultiBoxLoss", "PSROIPooling"}
HOST_READS |= {"PriorBox", "Proposal", "Python", "ROIPooling", "RegionLoss", "SegAccuracy", "YoloDetectionOutput"}
HOST_READS |= {"Accuracy-axis_of_classes", "Accuracy-ignore", "DummyData-drawn"}
PORTABLE_PRODUCTS = {"Interp", "HingeLoss-l2"}
DRAWS_TWICE = {"SPP-stochastic"}
CANNOT = [case for case in CASES if {case.type, str(case)} & (HOST_READS | PORTABLE_PRODUCTS | DRAWS_TWICE)]
"""Rows of layers that wait for the device, that CuPy would not let be captured, or that draw more than once in a pass."""


def make_solver(ops: Ops, body: str = "", net: str = DATA + LAYERS, **options: Any) -> Solver:
    message = text.parse(f"base_lr: 0.01 weight_decay: 0.01 random_seed: 5 {body}", messages.SolverParameter)
    if not message.lr_policy:
        message.MergeFrom(text.parse(EVERY_ITERATION, messages.SolverParameter))
    message.net_param.CopyFrom(text.parse(net, messages.NetParameter))
    return Solver(upgrade.solver(message), ops=ops, **options)


def learned(solver: Solver) -> list[np.ndarray]:
    """All that was learned, histories and running means too."""
    arrays = [blob.data for blobs in solver.net.params.values() for blob in blobs]
    arrays += [array for slot in solver.history for array in slot]
    return [np.array(solver.ops.to_host(array)) for array in arrays]


def trained(solver: Solver, iterations: int = 6) -> list[np.ndarray]:
    """The losses of some iterations, then all that was learned."""
    losses: list[float] = []
    solver.on_iteration.append(lambda solver, loss, rate: losses.append(float(loss)))
    solver.step(iterations)
    assert solver.net.draws()["drop"] == iterations * solver.message.iter_size
    return [np.array(losses), *learned(solver)]


def assert_same(plain: list[np.ndarray], captured: list[np.ndarray]) -> None:
    assert all(np.isfinite(array).all() for array in plain)
    for a, b in zip(plain, captured, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rule", list(RULES))
def test_every_solver_type(rule: str, gpu_ops: MakeOps) -> None:
    body = f"type: '{rule}' delta: 1e-4 {'' if rule in ('AdaGrad', 'RMSProp') else 'momentum: 0.9'}"
    assert_same(*(trained(make_solver(gpu_ops(), body, cuda_graph=cuda_graph)) for cuda_graph in (False, True)))


@pytest.mark.parametrize(
    "body",
    [
        "lr_policy: 'exp' gamma: 0.7",
        "lr_policy: 'step' gamma: 0.5 stepsize: 2",
        "lr_policy: 'poly' power: 0.5 max_iter: 6",
        "lr_policy: 'sigmoid' gamma: -0.7 stepsize: 3",
        "lr_policy: 'multistep' gamma: 0.1 stepvalue: 3 stepvalue: 4",
        "iter_size: 2",
        "clip_gradients: 0.1",
        "clip_gradients: 0.1 iter_size: 2 type: 'Adam' momentum: 0.9",
        "clip_gradients: 1000",
        "regularization_type: 'L1' average_loss: 3",
        "display: 2 debug_info: true",
    ],
)
def test_what_changes_from_iteration_to_iteration(body: str, gpu_ops: MakeOps) -> None:
    assert_same(*(trained(make_solver(gpu_ops(), body, cuda_graph=cuda_graph)) for cuda_graph in (False, True)))


def test_nets_that_nobody_looks_into(gpu_ops: MakeOps) -> None:
    assert_same(*(trained(make_solver(gpu_ops(), lean_training=True, cuda_graph=cuda_graph)) for cuda_graph in (False, True)))


def test_a_number_that_was_baked_in_shows(gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = trained(make_solver(gpu_ops()))
    change = CapturedSteps.change
    monkeypatch.setattr(CapturedSteps, "change", lambda self, rates: change(self, self.rates(self.solver.rate())))
    assert any((a != b).any() for a, b in zip(plain, trained(make_solver(gpu_ops(), cuda_graph=True)), strict=True))


def test_draws_that_were_baked_in_show(gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = trained(make_solver(gpu_ops()))
    monkeypatch.setattr(GpuOps, "later", lambda self: None)
    assert any((a != b).any() for a, b in zip(plain, trained(make_solver(gpu_ops(), cuda_graph=True)), strict=True))


def test_what_a_warm_iteration_costs(gpu_ops: MakeOps) -> None:
    plain, captured = (make_solver(gpu_ops(), "clip_gradients: 1", cuda_graph=cuda_graph) for cuda_graph in (False, True))
    costs = []
    for solver in (plain, captured):
        solver.step(3)
        with fakecupy.counting() as cost:
            solver.step(1)
        costs.append(cost)
    assert (costs[1].alloc, costs[1].sync, costs[1].copy, costs[1].d2h, costs[1].h2d) == (0, 0, 0, 0, 1)
    graphs, rates, draws, losses = 3, 4, 1, 2
    assert costs[1].launch == graphs + rates + draws + losses
    assert costs[1].node >= costs[0].launch - 1


def test_going_on_from_a_snapshot(gpu_ops: MakeOps, tmp_path: Path) -> None:
    found = []
    for cuda_graph in (False, True):
        solver = make_solver(gpu_ops(), f"momentum: 0.9 snapshot_prefix: '{tmp_path}/{cuda_graph}'", cuda_graph=cuda_graph)
        solver.step(4)
        _, state = solver.snapshot()
        solver.step(3)
        solver.restore(str(state))
        solver.step(3)
        found.append(learned(solver))
    assert_same(*found)


def feed(solver: Solver, images: int) -> None:
    """Fill the Input blobs with as many images."""
    generator = np.random.default_rng(images)
    for name, shape in {"x": (images, 3, 6, 5), "label": (images,)}.items():
        blob = solver.net.blobs[name]
        blob.reshape(shape)
        solver.ops.upload(generator.integers(0, 3, shape), blob.data)


def test_batches_of_other_shapes_and_a_test_that_needs_more_room(gpu_ops: MakeOps) -> None:
    test = f"test_iter: 1 test_interval: 100 test_initialization: false test_net_param {{ {DATA.replace('dim: 4', 'dim: 9')} {LAYERS} }}"
    found = []
    for cuda_graph in (False, True):
        solver = make_solver(gpu_ops(), test, INPUT + LAYERS, cuda_graph=cuda_graph)
        for images in (4, 4, 4, 7, 7, 7, 2, 7, 4, 4, 4):
            feed(solver, images)
            solver.step(1)
            if images == 7:
                solver.test_all()
        found.append(learned(solver))
    assert_same(*found)


def test_callbacks_are_called(gpu_ops: MakeOps) -> None:
    solver = make_solver(gpu_ops(), cuda_graph=True)
    solver.step(3)
    called: list[int] = []
    solver.net.callbacks.after_backward.append(called.append)
    solver.step(2)
    assert called == 2 * list(reversed(range(len(solver.net.layers))))


def test_clipping_is_told_where_it_is_displayed(gpu_ops: MakeOps, caplog: pytest.LogCaptureFixture) -> None:
    told = []
    for ops, cuda_graph in ((CpuOps(), False), (gpu_ops(), False), (gpu_ops(), True)):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            make_solver(ops, "clip_gradients: 0.1 display: 2", cuda_graph=cuda_graph).step(5)
        told.append([record.args for record in caplog.records if record.msg.startswith("Gradient clipping")])
    assert [len(lines) for lines in told] == [5, 3, 3]
    for gpu in told[1:]:
        np.testing.assert_allclose(gpu, told[0][::2], rtol=1e-4)


# -- what cannot be captured -----------------------------------------------------------------------------------------------------


def test_a_layer_with_a_life_on_the_host_is_refused_at_once(gpu_ops: MakeOps, tmp_path: Path) -> None:
    written = f"hdf5_output_param {{ file_name: '{tmp_path}/x.h5' }}"
    output = f"layer {{ name: 'out' type: 'HDF5Output' bottom: 'score' bottom: 'label' {written} }}"
    with pytest.raises(ModelError, match=r"layer 'out' \(HDF5Output\): what the layer does on the host cannot be captured. Leave --cuda-"):
        make_solver(gpu_ops(), net=DATA + LAYERS + output, cuda_graph=True)


def test_a_layer_that_waits_is_named(gpu_ops: MakeOps) -> None:
    classes = "layer { name: 'each' type: 'Accuracy' bottom: 'score' bottom: 'label' top: 'a' top: 'b' }"
    solver = make_solver(gpu_ops(), net=DATA + LAYERS + classes, cuda_graph=True)
    with pytest.raises(ModelError, match=r"layer 'each' \(Accuracy\): the layer cannot be captured: .*the host reads"):
        solver.step(2)


def test_an_update_that_cannot_be_captured_is_named(gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GpuOps, "sgd_update", lambda self, data, *arrays, **options: float(data.sum()))
    solver = make_solver(gpu_ops(), cuda_graph=True)
    with pytest.raises(SolverError, match=r"the update of SGD cannot be captured: .*the host reads"):
        solver.step(2)


def test_the_cpu_has_nothing_to_capture() -> None:
    with pytest.raises(DeviceError, match="--cuda-graph wants --gpu"):
        make_solver(CpuOps(), cuda_graph=True)


# -- layer by layer --------------------------------------------------------------------------------------------------------------


def passes(case: Case, ops: GpuOps, *, captured: bool) -> list[np.ndarray]:
    """What a row's layer makes of three batches, each with other upstream gradients."""
    probe, generator, found = make_probe(case, ops), np.random.default_rng(8), []

    def operations() -> None:
        probe.net.forward_layer(probe.index)
        if case.gradient is True:
            for blob in probe.layer.blobs:
                ops.fill(blob.diff, 0)
            probe.layer.backward(probe.tops, [i in probe.variable for i in range(len(probe.bottoms))], probe.bottoms)

    step = RepeatedPass(ops, operations, lambda: [probe.layer.random]) if captured else operations
    for _ in range(3):
        redraw(case, probe, generator)
        for top in probe.tops:
            ops.upload(generator.standard_normal(top.shape), top.diff)
        step()
        arrays = [*(top.data for top in probe.tops), *(blob.data for blob in probe.layer.blobs)]
        arrays += [blob.diff for blob in probe.variables()] if case.gradient is True else []
        found.append([np.array(ops.to_host(array)) for array in arrays])
    return [array for arrays in found for array in arrays]


@pytest.mark.parametrize("case", [case for case in CASES if case not in CANNOT], ids=str)
def test_every_layer(case: Case, gpu_ops: MakeOps) -> None:
    for a, b in zip(passes(case, gpu_ops(), captured=False), passes(case, gpu_ops(), captured=True), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", CANNOT, ids=str)
def test_layers_that_cannot_be_captured(case: Case, gpu_ops: MakeOps) -> None:
    with pytest.raises(NetprotoError, match=r"the host|cuBLAS API|draws more than once|Capture"):
        passes(case, gpu_ops(), captured=True)
