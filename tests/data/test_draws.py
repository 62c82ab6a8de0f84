"""Draws of single records are those of the whole-array generator."""

import numpy as np
import pytest

from netproto.data import draws
from netproto.ops.base import Ops


@pytest.mark.parametrize("key", [0, 7, 2**64 - 3])
@pytest.mark.parametrize("ordinal", [0, 5, 2**32 + 9, 2**40])
def test_words_are_those_of_the_ops(key, ordinal):
    wanted = np.zeros(4, np.uint32)
    Ops().words(wanted, key=key, ordinal=ordinal)
    assert draws.words(key, ordinal) == tuple(wanted.tolist())


def test_below_reaches_every_number_evenly():
    counts = np.zeros(5, int)
    for ordinal in range(2000):
        counts[draws.below(draws.words(3, ordinal)[1], 5)] += 1
    assert counts.sum() == 2000
    assert counts.min() > 340
    assert draws.below(0, 5) == 0
    assert draws.below(2**32 - 1, 5) == 4


def test_subkeys_differ():
    assert len({draws.subkey(k, p) for k in (1, 2) for p in ("skip", "shuffle")}) == 4
