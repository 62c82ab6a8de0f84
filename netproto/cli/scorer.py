"""A trained net that gives probabilities of classes."""

from __future__ import annotations

import logging

import numpy as np

from ..errors import DataError, FormatError, Place
from ..formats.weights import Weights
from ..net.deploy import Deployed
from ..net.inference import InferenceNet
from ..net.loading import copy_weights
from ..ops.base import Ops
from . import classes

log = logging.getLogger(__name__)


class Scorer:
    """A deployed net with weights. Raises FormatError if the file has none for it; warns of layers without, or refuses them if strict."""

    def __init__(self, deployed: Deployed, weights: Weights, ops: Ops, *, strict: bool = False):
        self.deployed, self.ops = deployed, ops
        self.net = InferenceNet(deployed.net, ops=ops, keep=[deployed.scores], given=weights.complete())
        report = copy_weights(self.net, weights)
        if not report.loaded:
            raise FormatError("has no weights for any layer of the net", place=Place(report.source), hint="Is it another net's file?")
        if report.kept and strict:
            raise FormatError(f"has no weights for {', '.join(report.kept)}", place=Place(report.source))
        if report.kept:
            log.warning("%s has no weights for %s: what they make of the pictures means nothing", report.source, ", ".join(report.kept))

    @property
    def output(self) -> str:
        """What is taken for the probabilities, in words."""
        scores, maker = self.deployed.scores, self.deployed.maker
        return repr(scores) if maker in classes.PROBABILITIES else f"the softmax of {scores!r}"

    def probabilities(self, data: np.ndarray) -> np.ndarray:
        """(N, classes) for N inputs of the net. Raises DataError if the net does not give scores for each."""
        blob = self.net.blobs[self.deployed.input]
        blob.reshape(data.shape)
        self.ops.copy(self.ops.asarray(data), blob.data)
        self.net.forward()
        scores = np.array(self.ops.to_host(self.net.blobs[self.deployed.scores].data))
        if scores.ndim < 2 or len(scores) != len(data):
            what = f"{self.deployed.scores!r} has the shape {scores.shape}, so it has no scores for each of {len(data)} pictures"
            raise DataError(what, hint="--output BLOB names another")
        return classes.probabilities(scores.reshape(len(data), -1), self.deployed.maker)
