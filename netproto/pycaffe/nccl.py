"""NCCL's names. Caffe: include/caffe/parallel.hpp."""

from __future__ import annotations

from typing import Any

from ..errors import DeviceError

HINT = "Train in one process: caffe.get_solver(file).solve()"


def has_nccl() -> bool:
    """Whether scripts can tie processes together by NCCL: no."""
    return False


class NCCL:
    """Not to be had, which scripts that start one process for each GPU are told."""

    def __init__(self, solver: Any, uid: bytes):
        raise DeviceError("netproto.pycaffe does not offer NCCL", hint=HINT)

    @staticmethod
    def new_uid() -> bytes:
        raise DeviceError("netproto.pycaffe does not offer NCCL", hint=HINT)
