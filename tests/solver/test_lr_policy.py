"""The seven policies against numbers worked out from Caffe's formulas, and what is refused."""

from __future__ import annotations

from math import exp

import pytest

from netproto.errors import SolverError
from netproto.schema import messages, text
from netproto.solver import lr_policy


def solver(body: str):
    return text.parse(f"base_lr: 0.5 {body}", messages.SolverParameter, file="s.prototxt")


@pytest.mark.parametrize(
    ("body", "rates"),
    [
        ('lr_policy: "fixed"', {0: 0.5, 1000: 0.5}),
        ('lr_policy: "step" gamma: 0.1 stepsize: 10', {0: 0.5, 9: 0.5, 10: 0.05, 25: 0.005}),
        ('lr_policy: "exp" gamma: 0.5', {0: 0.5, 1: 0.25, 3: 0.0625}),
        ('lr_policy: "inv" gamma: 0.25 power: 2', {0: 0.5, 4: 0.125}),
        ('lr_policy: "poly" power: 2 max_iter: 10', {0: 0.5, 5: 0.125, 10: 0.0, 11: 0.0}),
        ('lr_policy: "sigmoid" gamma: -0.5 stepsize: 4', {4: 0.25, 6: 0.5 / (1 + exp(1))}),
    ],
)
def test_rates(body: str, rates: dict[int, float]) -> None:
    for iteration, wanted in rates.items():
        assert lr_policy.learning_rate(solver(body), iteration, 0)[0] == pytest.approx(wanted, rel=1e-6)


def test_multistep_passes_one_step_per_iteration() -> None:
    message, step, rates = solver('lr_policy: "multistep" gamma: 0.1 stepvalue: 2 stepvalue: 2 stepvalue: 5'), 0, []
    for iteration in range(7):
        rate, step = lr_policy.learning_rate(message, iteration, step)
        rates.append(rate)
    assert rates == pytest.approx([0.5, 0.5, 0.05, 0.005, 0.005, 0.0005, 0.0005])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "s.prototxt:1:1: the solver has no lr_policy"),
        ('lr_policy: "stepp"', r"s.prototxt:1:14: unknown lr_policy 'stepp'. Did you mean 'step'"),
        ('lr_policy: "step" gamma: 0.1', "stepsize above 0"),
        ('lr_policy: "poly"', "max_iter above 0"),
        ('lr_policy: "multistep" stepvalue: 5 stepvalue: 2', r"stepvalues \[5, 2\] do not rise"),
    ],
)
def test_what_cannot_be_obeyed_is_refused(body: str, said: str) -> None:
    with pytest.raises(SolverError, match=said):
        lr_policy.check(solver(body))
