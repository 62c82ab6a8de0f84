"""Which layers make the host wait for the device: docs/gpu.md names them all, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from netproto.ops.gpu import GpuOps
from netproto.testing.cases import CASES
from netproto.testing.probes import make_probe
from netproto.testing.table import Case

from . import fakecupy

PAGE = Path(__file__).parents[2] / "docs" / "gpu.md"
LIST = re.compile(r"These layers\s+wait for the device[^:]*:(.*?)\.", re.DOTALL)


def waits(case: Case, ops: GpuOps) -> int:
    """How often the host waits, or reads, in a second forward and backward pass of a row's layer."""
    probe = make_probe(case, ops)
    wanted = [i in case.differentiable for i in range(len(case.bottoms))]

    def both() -> None:
        probe.net.forward_layer(probe.index)
        if case.gradient is True:
            probe.layer.backward(probe.tops, wanted, probe.bottoms)

    for top in probe.tops:
        ops.fill(top.diff, 0.5)
    both()
    with fakecupy.counting() as cost:
        both()
    return cost.sync + cost.d2h


@pytest.mark.skipif(not PAGE.exists(), reason="docs/ is not beside the tests")
def test_the_page_names_the_layers_that_wait(gpu_ops: Callable[..., GpuOps]) -> None:
    ops = gpu_ops()
    found = LIST.search(PAGE.read_text())
    assert found is not None
    named = re.findall(r"`(\w+)`", found[1])
    assert set(named) == {case.type for case in CASES if waits(case, ops)}
    assert named == sorted(named)


@pytest.mark.parametrize("kind", ["ReLU", "Reduction"])
def test_what_does_not_wait(kind: str, gpu_ops: Callable[..., GpuOps]) -> None:
    assert not any(waits(case, gpu_ops()) for case in CASES if case.type == kind)
