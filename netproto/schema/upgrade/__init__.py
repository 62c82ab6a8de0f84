"""Nets and solvers of every age in their newest form. Caffe: src/caffe/util/upgrade_proto.cpp."""

from .net import load_net, net
from .solver import load_solver, solver

__all__ = ["load_net", "load_solver", "net", "solver"]
