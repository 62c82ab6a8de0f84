"""Each solver type against its formula, written out here by hand in float64."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.solver.rules import RULES

from .helpers import make_solver, weights_of

RATE, MOMENTUM, DECAY, DELTA, RMS, MOMENTUM2 = 0.1, 0.9, 0.01, 1e-2, 0.95, 0.99


def sgd(w, g, h, t, rate):
    h[0] = MOMENTUM * h[0] + rate * g
    return w - h[0]


def nesterov(w, g, h, t, rate):
    old, h[0] = h[0], MOMENTUM * h[0] + rate * g
    return w - ((1 + MOMENTUM) * h[0] - MOMENTUM * old)


def adagrad(w, g, h, t, rate):
    h[0] = h[0] + g**2
    return w - rate * g / (np.sqrt(h[0]) + DELTA)


def rmsprop(w, g, h, t, rate):
    h[0] = RMS * h[0] + (1 - RMS) * g**2
    return w - rate * g / (np.sqrt(h[0]) + DELTA)


def adadelta(w, g, h, t, rate):
    h[0] = MOMENTUM * h[0] + (1 - MOMENTUM) * g**2
    u = g * np.sqrt((DELTA + h[1]) / (DELTA + h[0]))
    h[1] = MOMENTUM * h[1] + (1 - MOMENTUM) * u**2
    return w - rate * u


def adam(w, g, h, t, rate):
    h[0] = MOMENTUM * h[0] + (1 - MOMENTUM) * g
    h[1] = MOMENTUM2 * h[1] + (1 - MOMENTUM2) * g**2
    return w - rate * np.sqrt(1 - MOMENTUM2 ** (t + 1)) / (1 - MOMENTUM ** (t + 1)) * h[0] / (np.sqrt(h[1]) + DELTA)


FORMULAS = {"SGD": sgd, "Nesterov": nesterov, "AdaGrad": adagrad, "RMSProp": rmsprop, "AdaDelta": adadelta, "Adam": adam}


def test_every_rule_has_a_formula_here() -> None:
    assert set(RULES) == set(FORMULAS)


@pytest.mark.parametrize("ops", [Ops, CpuOps], ids=["portable", "cpu"])
@pytest.mark.parametrize("regularization", ["L2", "L1"])
@pytest.mark.parametrize("kind", FORMULAS)
def test_updates_follow_the_formula(kind: str, regularization: str, ops: type[Ops]) -> None:
    settings = f"momentum: {MOMENTUM} weight_decay: {DECAY} delta: {DELTA} rms_decay: {RMS} momentum2: {MOMENTUM2}"
    solver = make_solver(f'type: "{kind}" regularization_type: "{regularization}" {settings}', ops=ops())
    multipliers = {"ip/0": (1.0, 1.0), "ip/1": (2.0, 0.0)}
    wanted = {k: w.astype(np.float64) for k, w in weights_of(solver).items()}
    history = {k: [np.zeros_like(w) for _ in range(2)] for k, w in wanted.items()}
    for t in range(4):
        solver.gradients()
        for p in solver.net.learnable:
            lr_mult, decay_mult = multipliers[p.key]
            w = wanted[p.key]
            penalty = np.sign(w) if regularization == "L1" else w
            g = p.blob.diff.astype(np.float64) + DECAY * decay_mult * penalty
            wanted[p.key] = FORMULAS[kind](w, g, history[p.key], t, RATE * lr_mult)
        solver.apply_update()
        solver.iter += 1
        for key, value in weights_of(solver).items():
            np.testing.assert_allclose(value, wanted[key], rtol=2e-5, atol=2e-6, err_msg=f"{key} at {t}")
