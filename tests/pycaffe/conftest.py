"""The same draws in every run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netproto.pycaffe import mode


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    before = vars(mode._mode).copy()
    mode.set_random_seed(1)
    yield
    vars(mode._mode).update(before)
