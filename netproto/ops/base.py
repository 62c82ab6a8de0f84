"""Ops: every operation on arrays that a layer or a solver can name, portable and correct.

One mixin of `reference/` per family; `cpu.py` and `gpu.py` override single operations where it pays. The caller gives the arrays that are
written, after those that are read; gradients of data are overwritten, gradients of parameters are added to.
"""

from __future__ import annotations

from .reference.accuracy import Accuracy
from .reference.activation import Activation
from .reference.arithmetic import Arithmetic
from .reference.arrays import Array, Arrays
from .reference.batch_norm import BatchNorm
from .reference.channelwise import Channelwise
from .reference.convolution import Convolution
from .reference.detection import Detection
from .reference.distance_loss import DistanceLoss
from .reference.elementwise import Elementwise
from .reference.evaluation import Evaluation
from .reference.linear import Linear
from .reference.lookup import Lookup
from .reference.loss import Loss
from .reference.mining import Mining
from .reference.normal_chain import NormalChain
from .reference.normalisation import Normalisation
from .reference.pixels import Pixels
from .reference.pooling import Pooling
from .reference.program import Program
from .reference.proposals import Proposals
from .reference.rectified import Rectified
from .reference.recurrent import Recurrent
from .reference.reduction import Reduction
from .reference.regions import Regions
from .reference.resampling import Resampling
from .reference.residual import Residual
from .reference.rng import Rng
from .reference.shape import Shaping
from .reference.sigmoid_loss import SigmoidLoss
from .reference.unfold import Unfold
from .reference.unit_norm import UnitNorm
from .reference.update import Update
from .reference.yolo import Yolo

__all__ = ["Array", "Arrays", "Ops"]


class Ops(
    Program,
    NormalChain,
    Residual,
    Rectified,
    Evaluation,
    Yolo,
    Mining,
    Proposals,
    Regions,
    Resampling,
    UnitNorm,
    Detection,
    Recurrent,
    Arithmetic,
    Reduction,
    Shaping,
    Elementwise,
    Activation,
    Unfold,
    Convolution,
    Linear,
    Loss,
    DistanceLoss,
    SigmoidLoss,
    Accuracy,
    BatchNorm,
    Channelwise,
    Lookup,
    Normalisation,
    Pooling,
    Pixels,
    Update,
    Rng,
):
    """The portable operations: a new family is a file of `reference/` and a name here, before the families that it uses."""
