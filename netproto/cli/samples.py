"""--sample: the Fashion-MNIST pictures that ship with netproto, where the database that a net names is missing."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import DataError
from ..layers.base import TEST, TRAIN
from . import nets

OFFER = "To try the net without it, on 2,500 pictures that ship with netproto: --sample"

log = logging.getLogger(__name__)

SEED = 2
"""Where draws start on the sample, unless the solver file says where: a rate made for a million pictures diverges from some starts."""


@contextmanager
def offered(taken: bool) -> Iterator[None]:
    """An error about a database that is not there tells of --sample, unless that was given."""
    try:
        yield
    except DataError as error:
        if taken or error.place is None or "(Data)" not in error.layer or os.path.exists(error.place.file):
            raise
        hint = f"{error.hint}. {OFFER}" if error.hint else OFFER
        raise DataError(error.what, place=error.place, layer=error.layer, hint=hint) from None


def in_net(net: Any, phase: int) -> tuple[Any, int]:
    """The net with the sample where data is missing; and how many batches show each test picture once, 0 if no test data was replaced."""
    from ..sample import prepare

    prepared = prepare(net, phase=phase)
    for note in prepared.notes:
        log.warning("%s", note)
    if not prepared.notes:
        log.info("--sample replaces nothing: no Data layer of the net lacks its database")
    if not prepared.test_iter:
        return prepared.net, 0
    return prepared.net, _cover_once(net, prepared.net)


def in_solver(solver: Any) -> Any:
    """The SolverParameter with the sample in its nets where data is missing, and each test_iter such that a test sees each picture once."""
    batches: dict[str, list[int]] = {"own": [], "shared": []}

    def replaced(which: str, phase: int) -> nets.Edit:
        def edit(net: Any) -> Any:
            net, count = in_net(net, phase)
            batches[which].append(count)
            return net

        return edit

    shared = bool(solver.HasField("net") or solver.HasField("net_param"))
    solver = nets.edit_train_net(solver, replaced("shared", TRAIN))
    solver = nets.edit_test_nets(solver, replaced("own", TEST))
    counts = batches["own"] + (batches["shared"] if shared else [0]) * len(solver.test_iter)
    for i, count in enumerate(counts[: len(solver.test_iter)]):
        if count and count != solver.test_iter[i]:
            log.warning("test_iter is %d, not %d: so a test sees each picture of the sample once", count, solver.test_iter[i])
            solver.test_iter[i] = count
    if solver.random_seed < 0:
        log.warning("random_seed is %d: so every run on the sample is the same", SEED)
        solver.random_seed = SEED
    return solver


def _cover_once(before: Any, after: Any) -> int:
    """Make the batches of replaced test layers divide the pictures evenly; how many batches that are."""
    from ..sample.cache import SOURCES
    from ..sample.sheets import COUNTS

    batches, pictures = 0, COUNTS["test"]
    for old, new in zip(before.layer, after.layer, strict=True):
        param = new.data_param
        if param.source == old.data_param.source or os.path.basename(param.source) != SOURCES["test"]:
            continue
        fitting = max(n for n in range(1, pictures + 1) if pictures % n == 0 and n <= max(param.batch_size, 1))
        if fitting != param.batch_size:
            log.warning(
                "Layer %r has a batch_size of %d, not %d: so batches divide the pictures evenly", new.name, fitting, param.batch_size
            )
            param.batch_size = fitting
        batches = max(batches, pictures // fitting)
    return batches
