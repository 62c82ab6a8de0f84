"""Pooling against loops."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.ops.base import Ops
from netproto.ops.geometry import PoolGeometry

from . import naive
from .backends import BACKENDS, drawn, spoil, spoilt, worst

CASES = {
    # map, kernel, stride, pad, pooled map
    "3/2": ((7, 9), (3, 3), (2, 2), (0, 0), (3, 4)),
    "3/2 rounded up": ((8, 6), (3, 3), (2, 2), (0, 0), (4, 3)),
    "2/2": ((6, 9), (2, 2), (2, 2), (0, 0), (3, 5)),
    "overlap": ((7, 5), (3, 4), (1, 1), (0, 0), (5, 2)),
    "pad": ((7, 5), (3, 3), (2, 2), (1, 1), (4, 3)),
    "pad beyond the map": ((3, 4), (5, 5), (1, 1), (4, 4), (7, 8)),
    "axes differ": ((11, 8), (2, 3), (3, 1), (1, 0), (4, 6)),
    "stride beyond kernel": ((11, 13), (2, 2), (3, 4), (0, 0), (4, 4)),
    "empty windows": ((3, 7), (1, 2), (4, 5), (0, 0), (2, 3)),
    "global": ((5, 7), (5, 7), (1, 1), (0, 0), (1, 1)),
}


def arrays(ops: Ops, case: str) -> tuple[np.ndarray, np.ndarray, PoolGeometry]:
    size, kernel, stride, pad, out = CASES[case]
    return drawn(ops, 2, 3, *size), drawn(ops, 2, 3, *out), PoolGeometry(kernel, stride, pad, out)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", CASES)
def test_max(case: str, backend: str) -> None:
    ops = BACKENDS[backend]
    x, dy, geo = arrays(ops, case)
    y, mask, dx = spoilt(ops, dy.shape), np.full(dy.shape, 99, "int32"), spoilt(ops, x.shape)
    spoil(ops)
    ops.max_pool(x, y, mask, geo=geo)
    ops.max_pool_backward(dy, mask, dx, geo=geo)
    wanted = naive.max_pool(x, dy, geo.kernel, geo.stride, geo.pad)
    np.testing.assert_array_equal(y, wanted[0].astype(ops.dtype))
    np.testing.assert_array_equal(mask, wanted[1])
    alone = spoilt(ops, y.shape)
    ops.max_pool_values(x, alone, geo=geo)
    np.testing.assert_array_equal(alone, y)
    assert worst(dx, wanted[2]) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_values_that_are_no_numbers(backend: str) -> None:
    ops = BACKENDS[backend]
    x = drawn(ops, 2, 19, 9, 21)
    x[0, 3, 2:7, 2:9], x[1, 17, :, 5], x[0, 18, :4] = np.nan, np.inf, -np.inf
    y, alone, mask = spoilt(ops, (2, 19, 4, 10)), spoilt(ops, (2, 19, 4, 10)), np.empty((2, 19, 4, 10), "int32")
    geo = PoolGeometry((3, 3), (2, 2), (0, 0), (4, 10))
    ops.max_pool(x, y, mask, geo=geo)
    ops.max_pool_values(x, alone, geo=geo)
    np.testing.assert_array_equal(alone, y)
    assert np.isinf(y).any()
    assert (mask < 0).any()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", [name for name in CASES if name != "empty windows"])
def test_average(case: str, backend: str) -> None:
    ops = BACKENDS[backend]
    x, dy, geo = arrays(ops, case)
    y, dx = spoilt(ops, dy.shape), spoilt(ops, x.shape)
    spoil(ops)
    ops.ave_pool(x, y, geo=geo)
    ops.ave_pool_backward(dy, dx, geo=geo)
    wanted = naive.ave_pool(x, dy, geo.kernel, geo.stride, geo.pad)
    assert worst(y, wanted[0]) < 1e-6
    assert worst(dx, wanted[1]) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_empty_window_averages_to_nan(backend: str) -> None:
    ops = BACKENDS[backend]
    x = drawn(ops, 1, 2, 4, 5)
    y, dx = spoilt(ops, (1, 2, 2, 2)), spoilt(ops, x.shape)
    geo = PoolGeometry((1, 1), (4, 5), (0, 0), (2, 2))
    ops.ave_pool(x, y, geo=geo)
    ops.ave_pool_backward(np.ones_like(y), dx, geo=geo)
    assert np.isnan(y).tolist() == [[[[False, True], [True, True]]] * 2]
    np.testing.assert_array_equal(y[:, :, 0, 0], x[:, :, 0, 0])
    assert dx.sum() == 2
    assert (dx[:, :, 0, 0] == 1).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_first_of_equal_values_is_taken(stride: int, backend: str) -> None:
    ops = BACKENDS[backend]
    x = ops.asarray(np.random.default_rng(3).integers(0, 3, (2, 2, 9, 9)))
    out = ((9 - 3) // stride + 1,) * 2
    y, mask = spoilt(ops, (2, 2, *out)), np.full((2, 2, *out), 99, "int32")
    ops.max_pool(x, y, mask, geo=PoolGeometry((3, 3), (stride,) * 2, (0, 0), out))
    np.testing.assert_array_equal(mask, naive.max_pool(x, y, (3, 3), (stride,) * 2, (0, 0))[1])


@pytest.mark.parametrize("backend", BACKENDS)
def test_nan_and_the_lowest_values_are_never_the_largest(backend: str) -> None:
    ops = BACKENDS[backend]
    x = ops.asarray([[[[np.nan, -np.inf, np.nan, 5], [np.nan, -np.inf, 2, np.nan]]]])
    y, mask = spoilt(ops, (1, 1, 1, 2)), np.full((1, 1, 1, 2), 99, "int32")
    ops.max_pool(x, y, mask, geo=PoolGeometry((2, 2), (2, 2), (0, 0), (1, 2)))
    np.testing.assert_array_equal(mask, [[[[-1, 3]]]])
    np.testing.assert_array_equal(y, np.asarray([[[[-naive.FLT_MAX, 5]]]], ops.dtype))


@pytest.mark.parametrize("backend", BACKENDS)
def test_stochastic_takes_elements_as_often_as_they_are_large(backend: str) -> None:
    ops = BACKENDS[backend]
    x = ops.asarray(np.tile([[1.0, 2.0], [0.0, 5.0]], (3, 100, 1, 1)))
    y, mask, dx = spoilt(ops, (3, 100, 1, 1)), np.full((3, 100, 1, 1), 99, "int32"), spoilt(ops, x.shape)
    geo = PoolGeometry((2, 2), (2, 2), (0, 0), (1, 1))
    ops.stochastic_pool(x, y, mask, geo=geo, key=11, ordinal=2)
    np.testing.assert_array_equal(np.asarray([1, 2, 0, 5])[mask], y)
    shares = np.bincount(mask.ravel(), minlength=4) / mask.size
    np.testing.assert_allclose(shares, [1 / 8, 2 / 8, 0, 5 / 8], atol=0.06)
    ops.max_pool_backward(np.full_like(y, 3), mask, dx, geo=geo)
    assert dx.sum() == 3 * mask.size


@pytest.mark.parametrize("backend", BACKENDS)
def test_stochastic_draws_what_its_words_say(backend: str) -> None:
    ops = BACKENDS[backend]
    x = ops.asarray(np.arange(1, 19).reshape(1, 2, 3, 3))
    y, mask = spoilt(ops, (1, 2, 2, 2)), np.full((1, 2, 2, 2), 99, "int32")
    ops.stochastic_pool(x, y, mask, geo=PoolGeometry((2, 2), (2, 2), (0, 0), (2, 2)), key=5, ordinal=7)
    words = iter(naive.words(8, 5, 7))
    for at, pixels, _ in naive.pool_windows(x, (2, 2), (2, 2), (2, 2), (0, 0)):
        values = [x[0, at[1], row, column] for row, column in pixels]
        limit, chosen, total = (next(words) + 0.5) / 2**32 * sum(values), 0, values[0]
        while total < limit:
            chosen += 1
            total += values[chosen]
        assert mask[at] == pixels[chosen][0] * 3 + pixels[chosen][1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_stochastic_when_testing_weights_each_value_by_itself(backend: str) -> None:
    ops = BACKENDS[backend]
    x = ops.asarray([[[[1, 2, 0, 0], [3, 4, 0, 0]]]])
    y = spoilt(ops, (1, 1, 1, 2))
    ops.stochastic_pool_test(x, y, geo=PoolGeometry((2, 2), (2, 2), (0, 0), (1, 2)))
    np.testing.assert_allclose(y, [[[[3, 0]]]], rtol=1e-6)
