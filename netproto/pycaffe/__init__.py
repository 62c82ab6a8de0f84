"""`import netproto.pycaffe as caffe`: pycaffe's names for scripts that were written for it.

Caffe: python/caffe. What a script gets are numpy arrays; those of the CPU are the net's own memory, so what is written to them counts.
`install()` lets scripts that say `import caffe` find this package.
"""

from ..layers import LAYERS as _LAYERS
from ..layers.base import TEST, TRAIN
from ..layers.python import UserLayer as Layer
from . import io, logs, proto
from .blob import Blob
from .classifier import Classifier
from .detector import Detector
from .logs import init_log, log
from .mode import (
    set_device,
    set_mode_cpu,
    set_mode_gpu,
    set_multiprocess,
    set_random_seed,
    set_solver_count,
    set_solver_rank,
    solver_count,
    solver_rank,
)
from .naming import install
from .nccl import NCCL, has_nccl
from .net import Net
from .net_spec import NetSpec, layers, params, to_proto
from .solver import (
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    RMSPropSolver,
    SGDSolver,
    Solver,
    get_solver,
)
from .timer import Timer

__version__ = "1.0.0"
"""The version of Caffe whose pycaffe this follows."""


def layer_type_list() -> list[str]:
    """The names of all layer types."""
    return sorted(_LAYERS)


logs.obey_environment()

__all__ = [
    "NCCL",
    "TEST",
    "TRAIN",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "Blob",
    "Classifier",
    "Detector",
    "Layer",
    "NesterovSolver",
    "Net",
    "NetSpec",
    "RMSPropSolver",
    "SGDSolver",
    "Solver",
    "Timer",
    "get_solver",
    "has_nccl",
    "init_log",
    "install",
    "io",
    "layer_type_list",
    "layers",
    "log",
    "params",
    "proto",
    "set_device",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_multiprocess",
    "set_random_seed",
    "set_solver_count",
    "set_solver_rank",
    "solver_count",
    "solver_rank",
    "to_proto",
]
