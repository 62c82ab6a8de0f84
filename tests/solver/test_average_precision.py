"""The average precision of detections, and what a test of a detector says."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from netproto.errors import SolverError
from netproto.ops.base import Ops
from netproto.schema import messages, text, upgrade
from netproto.solver import Solver
from netproto.solver.average_precision import AveragePrecisions, average_precision
from netproto.testing import net_of

NET = """
layer {{ name: "in" type: "Input" top: "found" top: "truth" input_param {{ shape {{ dim: 1 dim: 1 dim: {found} dim: 7 }}
  shape {{ dim: 1 dim: 1 dim: {truth} dim: 8 }} }} }}
layer {{ name: "eval" type: "DetectionEvaluate" bottom: "found" bottom: "truth" top: "eval" detection_evaluate_param {{ num_classes: 3 }} }}
"""
SCORES = [0.9, 0.8, 0.7, 0.6, 0.5]
RIGHT = [True, False, True, True, False]
DETECTIONS = list(zip(SCORES, RIGHT, strict=True))[::-1]  # the best is not first


def test_eleven_points() -> None:
    """Recalls 1/4, 1/4, 2/4, 3/4, 3/4; precisions 1, 1/2, 2/3, 3/4, 3/5."""
    wanted = (3 * 1 + 5 * 0.75) / 11  # recalls 0 to 0.2; 0.3 to 0.7; none beyond
    assert average_precision(DETECTIONS, 4, "11point") == pytest.approx(wanted)


def test_integral() -> None:
    assert average_precision(DETECTIONS, 4, "Integral") == pytest.approx((1 + 2 / 3 + 3 / 4) / 4)


def test_max_integral() -> None:
    """Between two recalls, the best precision from the lower one on, as SSD has it."""
    assert average_precision(DETECTIONS, 4, "MaxIntegral") == pytest.approx(0.25 * 0.75 + 0.25 * 0.75 + 0.25 * 1)


@pytest.mark.parametrize("version", ["11point", "MaxIntegral", "Integral"])
def test_all_right_is_one_and_nothing_is_none(version: str) -> None:
    assert average_precision([(0.5, True), (0.4, True), (0.3, False)], 2, version) == pytest.approx(1)
    assert average_precision([(0.5, False)], 2, version) == 0
    assert average_precision([], 2, version) == 0
    assert average_precision([(0.5, False)], 0, version) == 0


def fill(net: object, found: list[list[float]], truth: list[list[float]]) -> None:
    net.blobs["found"].data[...] = [[found]]  # type: ignore[attr-defined]
    net.blobs["truth"].data[...] = [[truth]]  # type: ignore[attr-defined]
    net.forward()  # type: ignore[attr-defined]


def test_detections_of_several_batches_are_one_list(caplog: pytest.LogCaptureFixture) -> None:
    net = net_of(NET.format(found=2, truth=2), phase=1)
    total = AveragePrecisions("Integral", show_classes=True)
    box = [0.0, 0.0, 0.5, 0.5]
    fill(net, [[0, 1, 0.9, *box], [0, 1, 0.8, *box]], [[0, 1, 0, *box, 0], [1, 2, 0, *box, 0]])
    total.add(net)
    fill(net, [[0, 1, 0.85, *box], [0, 1, 0.1, 0.6, 0.6, 0.9, 0.9]], [[0, 1, 0, *box, 0], [1, 2, 0, *box, 0]])
    total.add(net)
    with caplog.at_level(logging.INFO):
        ((name, value, weight),) = total
    assert (name, weight) == ("eval", 0)
    assert value == pytest.approx((1 * 0.5 + 1 * 0.5) / 2)  # class 1: both found before the first wrong one; class 2: none
    assert [record.getMessage() for record in caplog.records] == ["class1: 1", "No detection of class 2"]


def test_a_difficult_object_is_neither_right_nor_wrong() -> None:
    net = net_of(NET.format(found=1, truth=2).replace("num_classes: 3", "num_classes: 3 evaluate_difficult_gt: false"), phase=1)
    total = AveragePrecisions("Integral", show_classes=False)
    fill(net, [[0, 1, 0.9, 0, 0, 0.5, 0.5]], [[0, 1, 0, 0, 0, 0.5, 0.5, 1], [0, 1, 0, 0.6, 0.6, 1, 1, 0]])
    total.add(net)
    assert next(iter(total))[1] == 0


def solver_of(rest: str, net: str) -> Solver:
    message = messages.SolverParameter()
    message.CopyFrom(
        text.parse(f"base_lr: 0.1 lr_policy: 'fixed' test_iter: 2 test_interval: 1 max_iter: 1 {rest}", messages.SolverParameter)
    )
    message.net_param.CopyFrom(text.parse(net, messages.NetParameter))
    return Solver(upgrade.solver(message), ops=Ops())


DUMMY = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 dim: 3 } } include { phase: TRAIN } }
layer { name: "l" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } include { phase: TRAIN } }
layer { name: "r" type: "Reduction" bottom: "y" top: "z" loss_weight: 1 include { phase: TRAIN } }
layer { name: "f" type: "DummyData" top: "found" top: "truth" include { phase: TEST }
  dummy_data_param { shape { dim: 1 dim: 1 dim: 1 dim: 7 } shape { dim: 1 dim: 1 dim: 1 dim: 8 } data_filler { value: 1 } } }
layer { name: "e" type: "DetectionEvaluate" bottom: "found" bottom: "truth" top: "map" include { phase: TEST }
  detection_evaluate_param { num_classes: 2 } }
"""


def test_a_solver_says_the_mean_average_precision(caplog: pytest.LogCaptureFixture) -> None:
    solver = solver_of("eval_type: 'detection' ap_version: '11point'", DUMMY)
    with caplog.at_level(logging.INFO):
        solver.test_all()
    assert "    Test net output #0: map = 0" in [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("eval_type: 'segmentation'", "unknown eval_type 'segmentation'"),
        ("ap_version: '10point'", "unknown ap_version '10point'. Known: 11point"),
    ],
)
def test_what_is_not_known(rest: str, message: str) -> None:
    with pytest.raises(SolverError, match=message):
        solver_of(rest, DUMMY)


def test_outputs_that_are_no_detections() -> None:
    net = net_of("layer { name: 'x' type: 'DummyData' top: 'x' dummy_data_param { shape { dim: 2 dim: 3 } } }")
    with pytest.raises(SolverError, match=r"output 'x' has the shape \(2, 3\), but eval_type: 'detection' wants rows of 5"):
        AveragePrecisions("11point", show_classes=False).add(net)


def test_means_of_rows_that_change_their_number() -> None:
    from netproto.solver.report import MeanOutputs

    net = net_of(NET.format(found=3, truth=1), phase=1)
    means = MeanOutputs()
    fill(net, [[0, 1, 0.9, 0, 0, 1, 1]] * 3, [[0, 1, 0, 0, 0, 1, 1, 0]])
    means.add(net)
    fill(net, [[0, 1, 0.9, 0, 0, 1, 1], *np.full((2, 7), -1).tolist()], [[0, 1, 0, 0, 0, 1, 1, 0]])
    with pytest.raises(SolverError, match="a batch of the test gives 15 numbers, the one before 25"):
        means.add(net)
