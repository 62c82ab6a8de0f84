"""LRN against loops."""

from __future__ import annotations

import numpy as np
import pytest

from . import naive
from .backends import BACKENDS, drawn, spoil, spoilt, worst

ACROSS = {
    "usual": {"size": 5, "alpha": 1.0, "beta": 0.75, "k": 1.0},
    "strong": {"size": 3, "alpha": 2.0, "beta": 0.75, "k": 2.0},
    "other power": {"size": 3, "alpha": 0.5, "beta": 0.4, "k": 1.5},
    "wider than the blob": {"size": 19, "alpha": 1.0, "beta": 1.25, "k": 1.0},
    "one": {"size": 1, "alpha": 1.0, "beta": 0.75, "k": 0.5},
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [(2, 7, 3, 5), (3, 6, 29, 31)])
@pytest.mark.parametrize("case", ACROSS)
def test_across(case: str, shape: tuple[int, ...], backend: str) -> None:
    ops, numbers = BACKENDS[backend], ACROSS[case]
    x, dy = drawn(ops, *shape), drawn(ops, *shape, seed=1)
    y, scale, dx = (spoilt(ops, shape) for _ in range(3))
    spoil(ops)
    ops.lrn_across(x, y, scale, **numbers)
    alone = spoilt(ops, shape)
    ops.lrn_across_values(x, alone, **numbers)
    np.testing.assert_array_equal(alone, y)
    spoil(ops)
    ops.lrn_across_backward(x, y, scale, dy, dx, **{name: numbers[name] for name in ("size", "alpha", "beta")})
    for got, wanted in zip((y, scale, dx), naive.lrn_across(x, dy, **numbers), strict=True):
        assert worst(got, wanted) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [3, 5])
def test_within(size: int, backend: str) -> None:
    ops, alpha, beta = BACKENDS[backend], 2.0, 0.75
    x, dy = drawn(ops, 2, 3, 6, 7), drawn(ops, 2, 3, 6, 7, seed=1)
    y, scale, dx = (spoilt(ops, x.shape) for _ in range(3))
    spoil(ops)
    ops.lrn_within(x, y, scale, size=size, alpha=alpha, beta=beta)
    spoil(ops)
    ops.lrn_within_backward(x, scale, dy, dx, size=size, alpha=alpha, beta=beta)
    window = (size, size), (1, 1), (size // 2, size // 2)
    wanted = 1 + alpha * naive.ave_pool(x.astype("float64") ** 2, dy, *window)[0]
    back = naive.ave_pool(x, -alpha * beta * dy * x * wanted ** (-beta - 1), *window)[1]
    assert worst(scale, wanted) < 1e-6
    assert worst(y, x * wanted**-beta) < 1e-6
    assert worst(dx, dy * wanted**-beta + 2 * x * back) < 1e-6


def test_the_number_of_workers_changes_no_bit() -> None:
    found = []
    for name in ("cpu", "one worker", "three workers"):
        ops = BACKENDS[name]
        x, dy = drawn(ops, 3, 6, 29, 31), drawn(ops, 3, 6, 29, 31, seed=1)
        y, scale, dx = (spoilt(ops, x.shape) for _ in range(3))
        ops.lrn_across(x, y, scale, size=5, alpha=1, beta=0.75, k=1)
        ops.lrn_across_backward(x, y, scale, dy, dx, size=5, alpha=1, beta=0.75)
        found.append(np.stack([y, dx]))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
