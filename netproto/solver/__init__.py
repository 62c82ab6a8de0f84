"""Training: the loop, the rules of the six solvers, the rate policies, snapshots, and what a run says."""

from .solver import Action, Solver

__all__ = ["Action", "Solver"]
