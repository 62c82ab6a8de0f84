"""cupy.cuda.nccl: sums over several devices, whose threads must all make the same calls in the same order.

On GPUs a call that the others do not make, or make otherwise, waits for ever; here it is an error.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import device
from .array import at
from .counting import counters
from .device import FakeGpuError, current_device, current_stream

available = True
NCCL_SUM, NCCL_AVG = 0, 4
NCCL_FLOAT32, NCCL_FLOAT64 = 7, 8
TYPES = {NCCL_FLOAT32: np.float32, NCCL_FLOAT64: np.float64}
ID_BYTES = 128
PATIENCE = 60.0  # seconds

_numbers = itertools.count(1)
_cliques: dict[bytes, _Clique] = {}
_joining = threading.Lock()


class NcclError(RuntimeError):
    """A call that NCCL refuses, or that was aborted."""


@dataclass
class _Call:
    """What all ranks must ask for alike, and one rank's memory for it."""

    what: tuple[Any, ...]
    source: np.ndarray
    target: np.ndarray


@dataclass
class _Clique:
    """The communicators that work together. calls: what each rank has asked for."""

    ranks: int
    calls: dict[int, list[_Call]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.meeting = threading.Barrier(self.ranks, timeout=PATIENCE)

    def meet(self) -> None:
        try:
            self.meeting.wait()
        except threading.BrokenBarrierError:
            raise NcclError("aborted, or a rank has not made the call that the others wait in") from None

    def run(self, rank: int, calls: list[_Call]) -> None:
        self.calls[rank] = calls
        self.meet()
        if rank == 0:
            self._compute()
        self.meet()

    def _compute(self) -> None:
        asked = [[call.what for call in self.calls[rank]] for rank in range(self.ranks)]
        if any(other != asked[0] for other in asked):
            self.meeting.abort()
            raise FakeGpuError(f"the ranks have asked for different things: {asked}")
        for together in zip(*(self.calls[rank] for rank in range(self.ranks)), strict=True):
            kind, option = together[0].what[:2]
            sources = [call.source.copy() for call in together]
            result = sources[option] if kind == "broadcast" else sum(sources[1:], sources[0]) / (self.ranks if option == NCCL_AVG else 1)
            for call in together:
                call.target[...] = result


class _Group(threading.local):
    """What the thread has asked for since groupStart."""

    calls: list[tuple[_Clique, int, _Call]] | None = None


_group = _Group()


def groupStart() -> None:
    if _group.calls is not None:
        raise NotImplementedError("groups in groups")
    _group.calls = []


def groupEnd() -> None:
    calls, _group.calls = _group.calls, None
    if calls is None:
        raise NcclError("NCCL_ERROR_INVALID_USAGE: groupEnd without groupStart")
    for (clique, rank), part in _by_communicator(calls):
        clique.run(rank, part)


def _by_communicator(calls: list[tuple[_Clique, int, _Call]]) -> Iterator[tuple[tuple[_Clique, int], list[_Call]]]:
    for who in {(id(clique), rank): (clique, rank) for clique, rank, _ in calls}.values():
        yield who, [call for clique, rank, call in calls if (clique, rank) == who]


def get_version() -> int:
    return 22809


def get_unique_id() -> bytes:
    return next(_numbers).to_bytes(ID_BYTES, "little")


class NcclCommunicator:
    """One rank's. It belongs to the device that is current when it is made."""

    def __init__(self, ndev: int, commId: bytes, rank: int, config: Any = None):
        if not isinstance(commId, bytes) or len(commId) != ID_BYTES or not 0 <= rank < ndev:
            raise NcclError("NCCL_ERROR_INVALID_ARGUMENT")
        with _joining:
            clique = _cliques.setdefault(commId, _Clique(ndev))
        self._clique: _Clique | None = clique
        self._rank, self._device = rank, current_device()
        clique.meet()

    @staticmethod
    def initAll(devices: list[int]) -> list[NcclCommunicator]:
        if not isinstance(devices, list) or len(set(devices)) < len(devices) or not set(devices) <= set(range(device.COUNT)):
            raise NcclError(f"NCCL_ERROR_INVALID_ARGUMENT: {devices}")
        clique, made = _Clique(len(devices)), []
        for rank, index in enumerate(devices):
            communicator = NcclCommunicator.__new__(NcclCommunicator)
            communicator._clique, communicator._rank, communicator._device = clique, rank, index
            made.append(communicator)
        return made

    def allReduce(self, sendbuf: int, recvbuf: int, count: int, datatype: int, op: int, stream: int) -> None:
        if op not in (NCCL_SUM, NCCL_AVG):
            raise NotImplementedError(f"operation {op}")
        self._ask("allReduce", op, sendbuf, recvbuf, count, datatype, stream)

    def bcast(self, buff: int, count: int, datatype: int, root: int, stream: int) -> None:
        self._ask("broadcast", root, buff, buff, count, datatype, stream)

    def _ask(self, kind: str, option: int, source: int, target: int, count: int, datatype: int, stream: int) -> None:
        if self._clique is None:
            raise NcclError("NCCL_ERROR_INVALID_ARGUMENT: the communicator was destroyed")
        if current_device() != self._device or stream != current_stream().ptr:
            raise FakeGpuError(f"a communicator of device {self._device} is used on device {current_device()}, or on another stream")
        counters.launch += 1
        kind_of = np.dtype(TYPES[datatype])
        held = [at(address, count * kind_of.itemsize).view(kind_of) for address in (source, target)]
        call = _Call((kind, option, count, datatype), *held)
        if _group.calls is None:
            self._clique.run(self._rank, [call])
        else:
            _group.calls.append((self._clique, self._rank, call))

    def abort(self) -> None:
        if self._clique is not None:
            self._clique.meeting.abort()
        self._clique = None

    def destroy(self) -> None:
        self._clique = None


def __getattr__(name: str) -> Any:
    raise AttributeError(f"the fake of NCCL has no {name}")
