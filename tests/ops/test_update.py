"""Single passes: SGD, ReLU, fill, copy; and what Dropout draws."""

from __future__ import annotations

import numpy as np
import pytest

from . import naive
from .backends import BACKENDS, drawn, spoil, spoilt, worst

COUNT = 70001  # more than one worker's share, and no whole number of vectors


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("l1", [False, True])
def test_sgd(l1: bool, backend: str) -> None:
    ops = BACKENDS[backend]
    data, diff, history = (drawn(ops, COUNT, seed=i) for i in range(3))
    w, g, v = (a.astype("float64") for a in (data, diff, history))
    spoil(ops)
    ops.sgd_update(data, diff, history, rate=0.1, momentum=0.7, decay=0.3, l1=l1, scale=0.5)
    v = 0.7 * v + 0.1 * (0.5 * g + 0.3 * (np.sign(w) if l1 else w))
    assert worst(history, v) < 1e-6
    assert worst(data, w - v) < 1e-6
    np.testing.assert_array_equal(diff, g.astype(ops.dtype))


PRODUCTS = {  # batch, inputs, outputs
    "small": (2, 3, 5),
    "one picture": (1, 37, 50),
    "whole blocks": (16, 32, 48),
    "more than a run": (3, 1100, 19),
    "more than a group": (70, 530, 75),
    "one output": (20, 16, 1),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("l1", [False, True])
@pytest.mark.parametrize("shape", PRODUCTS)
def test_sgd_by_a_product(shape: str, l1: bool, backend: str) -> None:
    ops, (m, k, n) = BACKENDS[backend], PRODUCTS[shape]
    x, dy, data, history = drawn(ops, m, k), drawn(ops, m, n), drawn(ops, n, k), drawn(ops, n, k, seed=1)
    w, v, g = data.astype("float64"), history.astype("float64"), dy.T.astype("float64") @ x
    spoil(ops)
    ops.sgd_update_by_product(data, dy, x, history, rate=0.1, momentum=0.7, decay=0.3, l1=l1, scale=0.5)
    v = 0.7 * v + 0.1 * (0.5 * g + 0.3 * (np.sign(w) if l1 else w))
    assert worst(history, v) < 1e-6
    assert worst(data, w - v) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("slope", [0, 0.25, 3])
def test_relu(slope: float, in_place: bool, backend: str) -> None:
    ops = BACKENDS[backend]
    x, dy = drawn(ops, COUNT), drawn(ops, COUNT, seed=1)
    wanted, gradient = np.where(x > 0, x, slope * x), np.where(x > 0, dy, slope * dy)
    y, dx = (x.copy(), dy.copy()) if in_place else (spoilt(ops, x.shape), spoilt(ops, x.shape))
    spoil(ops)
    ops.relu(y if in_place else x, y, slope=slope)
    ops.relu_backward(y, dx if in_place else dy, dx, slope=slope)
    assert worst(y, wanted) < 1e-7
    assert worst(dx, gradient) < 1e-7


@pytest.mark.parametrize("backend", BACKENDS)
def test_relu_keeps_nan(backend: str) -> None:
    ops = BACKENDS[backend]
    x = ops.asarray([np.nan, -np.inf, np.inf, -0.0])
    y = spoilt(ops, x.shape)
    ops.relu(x, y, slope=0)
    np.testing.assert_array_equal(y, [np.nan, 0, np.inf, 0])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [(3, 5), (131, 700)])
def test_fill_and_copy(shape: tuple[int, ...], backend: str) -> None:
    ops = BACKENDS[backend]
    a, b = spoilt(ops, shape), spoilt(ops, shape)
    ops.fill(a, 3)
    assert (a == 3).all()
    source = drawn(ops, *shape)
    ops.copy(source, b)
    np.testing.assert_array_equal(b, source)
    ops.copy(source.T, np.ascontiguousarray(b.T))
    ops.fill(a[:, ::2], 5)
    assert (a[:, ::2] == 5).all()
    assert (a[:, 1::2] == 3).all()


@pytest.mark.parametrize(
    ("key", "ordinal", "block", "wanted"),
    [
        (0, 0, 0, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        (2**64 - 1, 2**64 - 1, 2**64 - 1, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (0x299F31D0A4093822, 0x0370734413198A2E, 0x85A308D3243F6A88, [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
    ],
)
def test_the_oracle_of_philox_gives_the_answers_of_random123(key: int, ordinal: int, block: int, wanted: list[int]) -> None:
    """The known answers that Random123 publishes for philox4x32-10 (kat_vectors)."""
    assert naive.philox(block, ordinal, key) == wanted


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("key", "ordinal"), [(0, 0), (0x123456789ABCDEF0, 77), (2**64 - 1, 2**33 + 5)])
def test_words(key: int, ordinal: int, backend: str) -> None:
    out = np.zeros((3, 11), "uint32")
    BACKENDS[backend].words(out, key=key, ordinal=ordinal)
    assert out.ravel().tolist() == naive.words(33, key, ordinal)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(("ratio", "count"), [(0.5, 33), (0.3, 130001), (0, 6)])
def test_dropout(ratio: float, count: int, in_place: bool, backend: str) -> None:
    ops = BACKENDS[backend]
    x, dy = drawn(ops, count), drawn(ops, count, seed=1)
    before = x.copy()
    y, mask = (x if in_place else spoilt(ops, x.shape)), np.full(count, 9, "uint8")
    spoil(ops)
    ops.dropout(x, y, mask, ratio=ratio, key=2**63 + 3, ordinal=2**32 + 1)
    words = np.asarray(naive.words(min(count, 1000), 2**63 + 3, 2**32 + 1))
    np.testing.assert_array_equal(mask[: len(words)], words >= ratio * 2**32)
    assert abs(mask.mean() - (1 - ratio)) < (0.01 if count > 1000 else 1)
    assert worst(y, before.astype("float64") * mask / (1 - ratio)) < 1e-6
    dx = dy if in_place else spoilt(ops, dy.shape)
    wanted = dy.astype("float64") * mask / (1 - ratio)
    ops.dropout_backward(dy, mask, dx, ratio=ratio)
    assert worst(dx, wanted) < 1e-6


def test_dropout_draws_the_same_bits_everywhere() -> None:
    masks = []
    for ops in BACKENDS.values():
        x, mask = drawn(ops, 130001), np.zeros(130001, "uint8")
        ops.dropout(x, x, mask, ratio=0.4, key=9, ordinal=4)
        masks.append(mask)
    for mask in masks[1:]:
        np.testing.assert_array_equal(mask, masks[0])
