"""`import netproto.pycaffe as caffe`: pycaffe's names for scripts that were written for it.

Caffe: python/caffe. What a script gets are numpy arrays; those of the CPU are the net's own memory, so what is written to them counts.
"""

from ..layers.base import TEST, TRAIN
from ..layers.python import UserLayer as Layer
from .mode import set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from .net import Net
from .solver import SGDSolver, get_solver

__all__ = ["TEST", "TRAIN", "Layer", "Net", "SGDSolver", "get_solver", "set_device", "set_mode_cpu", "set_mode_gpu", "set_random_seed"]
