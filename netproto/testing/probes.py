"""A row of THE TABLE as a layer that runs."""

from __future__ import annotations

import numpy as np

from ..ops.base import Ops
from .gradients import LayerProbe, net_of
from .table import Case

PHASES = {"TRAIN": 0, "TEST": 1}


def make_probe(case: Case, ops: Ops, seed: int = 11) -> LayerProbe:
    """The row's layer with its inputs drawn, and its learned blobs drawn too where their fillers leave them zero."""
    probe = LayerProbe(net_of(case.prototxt(), phase=PHASES[case.phase], ops=ops), case.differentiable)
    generator = np.random.default_rng(seed)
    redraw(case, probe, generator)
    for blob, learns in zip(probe.layer.blobs, probe.layer.param_propagate_down, strict=True):
        if learns and not np.any(ops.to_host(blob.data)):
            ops.upload(generator.standard_normal(blob.shape), blob.data)
    return probe


def redraw(case: Case, probe: LayerProbe, generator: np.random.Generator) -> None:
    """Fill the bottoms anew."""
    for i, bottom in enumerate(probe.bottoms):
        probe.net.ops.upload(case.draw(i, generator), bottom.data)
