"""Batches on their way to the device: what they arrive as, what they wait for, and that a wait that is missing shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from netproto.ops import gpu_staging
from netproto.ops.gpu import GpuOps

from . import fakecupy
from .fakecupy import FakeGpuError
from .fakecupy.device import Stream, current_stream

MakeOps = Callable[..., GpuOps]
SHAPE = (5, 7, 11)


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_staging, "SMALL", 64)


def drawn(seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def compute(ops: GpuOps, x: Any, times: int = 5) -> None:
    for _ in range(times):
        ops.relu(x, x, slope=1.0)


def test_batches_arrive_while_others_are_computed(gpu_ops: MakeOps) -> None:
    ops = gpu_ops()
    x, seen = ops.empty(SHAPE), []
    for seed in range(6):
        ops.upload(drawn(seed), x)
        compute(ops, x)
        seen.append(np.array(ops.to_host(x)))
    for seed, found in enumerate(seen):
        np.testing.assert_array_equal(found, drawn(seed))


def test_what_a_warm_batch_costs(gpu_ops: MakeOps) -> None:
    ops = gpu_ops()
    x = ops.empty(SHAPE)
    for seed in range(3):
        ops.upload(drawn(seed), x)
    with fakecupy.counting() as cost:
        ops.upload(drawn(3), x)
    assert cost == fakecupy.Counters(h2d=1, launch=1)


def test_a_small_batch_goes_straight_to_its_place(gpu_ops: MakeOps) -> None:
    ops = gpu_ops()
    x = ops.empty((3, 5))
    ops.upload(drawn(1, (3, 5)), x)
    with fakecupy.counting() as cost:
        ops.upload(drawn(2, (3, 5)), x)
    assert cost == fakecupy.Counters(h2d=1)
    np.testing.assert_array_equal(ops.to_host(x), drawn(2, (3, 5)))


def test_a_copy_waits_only_for_the_batch_before_to_be_taken(gpu_ops: MakeOps) -> None:
    ops = gpu_ops()
    x, computing = ops.empty(SHAPE), current_stream()
    ops.upload(drawn(1), x)
    taken = computing.tick
    compute(ops, x)
    ops.upload(drawn(2), x)
    assert ops._copying.seen[computing.ptr] == taken
    assert computing.seen[ops._copying.ptr] == ops._copying.tick


@pytest.mark.parametrize(("whose", "what"), [("computing", "has written is used"), ("copying", "reads is overwritten")])
def test_a_missing_wait_shows(whose: str, what: str, gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    ops = gpu_ops()
    x = ops.empty(SHAPE)
    ops.upload(drawn(1), x)
    wait = Stream.wait_event

    def forgetful(self: Stream, event: Any) -> None:
        if (self is ops._copying) == (whose == "computing"):
            wait(self, event)

    monkeypatch.setattr(Stream, "wait_event", forgetful)
    with pytest.raises(FakeGpuError, match=what):
        ops.upload(drawn(2), x)


def test_pinned_memory_that_is_filled_too_early_shows(gpu_ops: MakeOps, monkeypatch: pytest.MonkeyPatch) -> None:
    ops = gpu_ops()
    x = ops.empty(SHAPE)
    done = type(ops.xp.cuda.Event()).done
    monkeypatch.setattr(type(ops.xp.cuda.Event()), "done", property(lambda self: True))
    ops.upload(drawn(1), x)
    ops.upload(drawn(2), x)
    with pytest.raises(FakeGpuError, match="pinned memory was written"):
        ops.upload(drawn(3), x)
    monkeypatch.setattr(type(ops.xp.cuda.Event()), "done", done)
