"""--sample: the Fashion-MNIST pictures that ship with netproto, where the database that a net names is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import DataError

OFFER = "To try the net without it, on 2,500 pictures that ship with netproto: --sample"
ABSENT = "the sample pictures are not part of this version yet"


@contextmanager
def offered(taken: bool) -> Iterator[None]:
    """An error about a database or folder that is not there tells of --sample, unless that was given."""
    try:
        yield
    except DataError as error:
        if taken or error.place is None or "(Data)" not in error.layer or os.path.exists(error.place.file):
            raise
        hint = f"{error.hint}. {OFFER}" if error.hint else OFFER
        raise DataError(error.what, place=error.place, layer=error.layer, hint=hint) from None


def in_solver(message: Any, *, level: int, stages: Sequence[str]) -> Any:
    raise DataError(ABSENT)


def in_test_net(net: Any, level: int, stages: Sequence[str]) -> tuple[Any, int]:
    raise DataError(ABSENT)


def in_net(net: Any) -> Any:
    raise DataError(ABSENT)
