"""The arrays of a recurrent layer, by name. No array work here."""

from __future__ import annotations

from typing import Any, NamedTuple

Array = Any


class Sequences(NamedTuple):
    """What a recurrent operation reads, or the gradients of it.

    x: (T, N, K), T timesteps of N streams. static: (N, S), the same at every timestep, or None. A gradient that is not wanted is None.
    """

    x: Array
    static: Array


class LstmWeights(NamedTuple):
    """Learned blobs of an LSTM with D units, or their gradients, of which any may be None. The gates stand in the order i, f, o, g.

    x (4 D, K), bias (4 D), static (4 D, S) or None, hidden (4 D, D).
    """

    x: Array
    bias: Array
    static: Array
    hidden: Array


class RnnWeights(NamedTuple):
    """Learned blobs of an RNN with D units, or their gradients, of which any may be None.

    x (D, K), bias (D), static (D, S) or None, hidden (D, D), output (D, D), output_bias (D).
    """

    x: Array
    bias: Array
    static: Array
    hidden: Array
    output: Array
    output_bias: Array
