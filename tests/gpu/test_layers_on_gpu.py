"""Every row of THE TABLE and every recorded case of Caffe, on GpuOps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netproto.ops.base import Ops
from netproto.testing.cases import CASES
from netproto.testing.probes import make_probe
from netproto.testing.table import Case
from tests.golden import replay

MakeOps = Callable[..., Ops]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layers_agree_with_the_portable_operations(case: Case, gpu_ops: MakeOps) -> None:
    portable, gpu = make_probe(case, Ops()), make_probe(case, gpu_ops())
    for a, b in zip(portable.forward(), gpu.forward(), strict=True):
        assert replay.off(b, a) < 1e-5
    if case.gradient is not True:
        return
    upstream = [np.random.default_rng(15).standard_normal(t.shape).astype(np.float32) for t in gpu.tops]
    for a, b in zip(portable.gradients(upstream), gpu.gradients(upstream), strict=True):
        assert replay.off(b, a) < 1e-5


@pytest.mark.parametrize("path", replay.layer_cases(), ids=lambda p: p.stem)
def test_caffes_recorded_values(path: Path, gpu_ops: MakeOps) -> None:
    errors = replay.layer_errors(path, gpu_ops())
    assert errors
    assert max(errors.values()) < 1e-5, errors


@pytest.mark.parametrize("case", replay.solver_cases(), ids=lambda p: p.name)
def test_twelve_iterations_as_caffe_did_them(case: Path, tmp_path: Path, gpu_ops: MakeOps) -> None:
    errors = replay.solver_errors(case, tmp_path, gpu_ops())
    assert {"loss", "resume_loss", "test_accuracy"} <= set(errors)
    assert max(errors.values()) < 1e-4, errors
