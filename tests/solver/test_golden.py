"""Whole training runs against BVLC Caffe's: losses, weights, test outputs, and going on from Caffe's own snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netproto.ops.cpu import CpuOps
from tests.golden import replay


@pytest.mark.parametrize("case", replay.solver_cases(), ids=lambda p: p.name)
def test_twelve_iterations_as_caffe_did_them(case: Path, tmp_path: Path) -> None:
    errors = replay.solver_errors(case, tmp_path, CpuOps())
    assert {"loss", "resume_loss", "test_accuracy"} <= set(errors)
    assert max(errors.values()) < 1e-4, errors


@pytest.mark.parametrize("case", replay.solver_cases(), ids=lambda p: p.name)
def test_resuming_an_own_snapshot_goes_on_as_if_never_stopped(case: Path, tmp_path: Path) -> None:
    with replay.solver_case(case, tmp_path):
        solver = replay.make_solver(CpuOps())
        whole = replay.train(solver, 12)
        solver.close()
        resumed = replay.make_solver(CpuOps())
        resumed.message.ClearField("snapshot_format")
        resumed.step(6)
        _, state = resumed.snapshot()
        resumed.close()
        again = replay.make_solver(CpuOps())
        again.restore(str(state))
        np.testing.assert_array_equal(replay.train(again, 6), whole[6:])
        again.close()
