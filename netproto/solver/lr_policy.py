"""The learning rate of an iteration. Caffe: SGDSolver::GetLearningRate of src/caffe/solvers/sgd_solver.cpp."""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import Any

from ..errors import SolverError, did_you_mean
from ..registry import Registry
from ..schema.places import place_of

Policy = Callable[[Any, int, int], float]
POLICIES: Registry[Policy] = Registry("lr_policy")
"""By name: (SolverParameter, iteration, steps passed) -> rate. `steps passed` counts the stepvalues that multistep has reached."""


def learning_rate(message: Any, iteration: int, current_step: int) -> tuple[float, int]:
    """The rate at an iteration, and the steps passed by then, for a checked SolverParameter.

    multistep passes one stepvalue at most per call, as Caffe does: what was passed is part of a solver's state.
    """
    if message.lr_policy == "multistep" and current_step < len(message.stepvalue) and iteration >= message.stepvalue[current_step]:
        current_step += 1
    return POLICIES[message.lr_policy](message, iteration, current_step), current_step


def check(message: Any) -> None:
    """Raise SolverError where the policy is missing, unknown, or lacks what it divides by."""
    name = message.lr_policy
    if not name:
        raise SolverError("the solver has no lr_policy", place=place_of(message), hint="Known: " + ", ".join(sorted(POLICIES)))
    if name not in POLICIES:
        raise SolverError(f"unknown lr_policy {name!r}", place=place_of(message, "lr_policy"), hint=did_you_mean(name, POLICIES))
    if name == "step" and message.stepsize <= 0:
        raise SolverError("lr_policy 'step' wants a stepsize above 0", place=place_of(message, "stepsize"))
    if name == "poly" and message.max_iter <= 0:
        raise SolverError("lr_policy 'poly' wants a max_iter above 0", place=place_of(message, "max_iter"))
    if list(message.stepvalue) != sorted(message.stepvalue):
        raise SolverError(f"the stepvalues {list(message.stepvalue)} do not rise", place=place_of(message, "stepvalue"))


@POLICIES.register("fixed")
def fixed(message: Any, iteration: int, current_step: int) -> float:
    return float(message.base_lr)


@POLICIES.register("step")
def step(message: Any, iteration: int, current_step: int) -> float:
    return float(message.base_lr * message.gamma ** (iteration // message.stepsize))


@POLICIES.register("exp")
def exponential(message: Any, iteration: int, current_step: int) -> float:
    return float(message.base_lr * message.gamma**iteration)


@POLICIES.register("inv")
def inverse(message: Any, iteration: int, current_step: int) -> float:
    return float(message.base_lr * (1 + message.gamma * iteration) ** -message.power)


@POLICIES.register("multistep")
def multistep(message: Any, iteration: int, current_step: int) -> float:
    return float(message.base_lr * message.gamma**current_step)


@POLICIES.register("poly")
def polynomial(message: Any, iteration: int, current_step: int) -> float:
    """Falls to 0 at max_iter, and stays there, where Caffe would give NaN."""
    return float(message.base_lr * max(0.0, 1 - iteration / message.max_iter) ** message.power)


@POLICIES.register("sigmoid")
def sigmoid(message: Any, iteration: int, current_step: int) -> float:
    return float(message.base_lr / (1 + exp(-message.gamma * (iteration - message.stepsize))))
