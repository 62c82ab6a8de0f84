"""Small solvers whose data are Input blobs, filled by the test."""

from __future__ import annotations

import numpy as np

from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text, upgrade
from netproto.solver import Solver

NET = """
name: "small"
layer { name: "data" type: "Input" top: "x" top: "y" input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  inner_product_param { num_output: 5 weight_filler { type: "gaussian" std: 0.5 } bias_filler { value: 0.1 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "y" top: "loss" }
"""


def make_solver(body: str = "", net: str = NET, *, ops: Ops | None = None, prefix: str = "snap", **options) -> Solver:
    """A solver on NET with a fixed rate of 0.1, seed 3 and no display, and whatever `body` adds or changes."""
    given = text.parse(body, messages.SolverParameter, file="s.prototxt")
    message = messages.SolverParameter(
        base_lr=0.1, lr_policy="fixed", max_iter=8, random_seed=3, snapshot_prefix=prefix, solver_mode=0, snapshot_after_train=False
    )
    message.net_param.CopyFrom(text.parse(net, messages.NetParameter, file="n.prototxt"))
    message.MergeFrom(given)
    solver = Solver(upgrade.solver(message), ops=ops or CpuOps(), **options)
    for each in (solver.net, *solver.test_nets):
        feed(each)
    return solver


def feed(net, seed: int = 9) -> None:
    """Fill the Input blobs x (normal numbers) and y (labels below 5)."""
    generator = np.random.default_rng(seed)
    if "x" in net.inputs:
        net.blobs["x"].data[...] = generator.standard_normal(net.blobs["x"].shape)
        net.blobs["y"].data[...] = generator.integers(0, 5, net.blobs["y"].shape)


def weights_of(solver: Solver) -> dict[str, np.ndarray]:
    return {p.key: np.array(p.blob.data) for p in solver.net.learnable}
