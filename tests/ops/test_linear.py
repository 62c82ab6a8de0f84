"""Matrix products against float64 ones."""

from __future__ import annotations

import numpy as np
import pytest

from .backends import BACKENDS, drawn, spoil, spoilt, worst

SHAPES = {  # batch, inputs, outputs
    "small": (2, 3, 5),
    "one picture": (1, 37, 50),
    "whole blocks": (16, 32, 48),
    "long": (7, 1030, 17),
    "wide": (3, 19, 1100),
    "many pictures": (70, 300, 33),
    "one output": (20, 16, 1),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_values(shape: str, transpose: bool, backend: str) -> None:
    ops, (m, k, n) = BACKENDS[backend], SHAPES[shape]
    x, w, bias, dy = drawn(ops, m, k), drawn(ops, *((k, n) if transpose else (n, k))), drawn(ops, n), drawn(ops, m, n, seed=1)
    y, dx, dw, db = spoilt(ops, dy.shape), spoilt(ops, x.shape), np.ones_like(w), np.full_like(bias, 2)
    spoil(ops)
    ops.linear(x, w, bias, y, transpose=transpose)
    spoil(ops)
    ops.linear_backward(x, w, dy, dx, dw, db, transpose=transpose)
    x, w, bias, dy = (a.astype("float64") for a in (x, w, bias, dy))
    matrix = w.T if transpose else w
    assert worst(y, x @ matrix.T + bias) < 1e-6
    assert worst(dx, dy @ matrix) < 1e-6
    assert worst(dw - 1, x.T @ dy if transpose else dy.T @ x) < 1e-6
    assert worst(db - 2, dy.sum(axis=0)) < 1e-6


@pytest.mark.parametrize("backend", ["portable", "cpu"])
@pytest.mark.parametrize("transpose", [False, True])
def test_what_is_not_wanted_is_left_out(transpose: bool, backend: str) -> None:
    ops = BACKENDS[backend]
    x, w, dy = drawn(ops, 3, 4), drawn(ops, *((4, 5) if transpose else (5, 4))), drawn(ops, 3, 5)
    y, dw = spoilt(ops, (3, 5)), np.zeros_like(w)
    ops.linear(x, w, None, y, transpose=transpose)
    assert worst(y, x @ (w if transpose else w.T)) < 1e-6
    ops.linear_backward(x, w, dy, None, dw, None, transpose=transpose)
    assert worst(dw, x.T @ dy if transpose else dy.T @ x) < 1e-6
    ops.linear_backward(x, w, dy, None, None, None, transpose=transpose)
