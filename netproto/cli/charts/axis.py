"""Axes: from values to places, with ticks at round numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

ROUND = (1, 2, 5, 10)
ROOM = 0.05
"""The part of a loose axis that stays free at each end."""


@dataclass(frozen=True)
class Axis:
    """From `low` at the place `start` to `high` at `end`. log: equal ratios, not equal differences, are equally long."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        low, high, value = (log10(v) for v in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self, count: int) -> list[tuple[float, str]]:
        """About `count` round values, and how they are written."""
        if self.log and self.high >= 10 * self.low:
            return [(value, f"{value:g}") for value in _decades(self.low, self.high, count)]
        step = _round_step((self.high - self.low) / count)
        values = [i * step for i in range(ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9) + 1)]
        return [(value, _written(value, step)) for value in values]


def fitted(values: Sequence[float], start: float, end: float, *, tight: bool = False, log: bool = False) -> Axis:
    """An axis that shows all the values; with some room at its ends, unless it is tight. Values below 0 are shown only if there are any."""
    low, high = min(values, default=1.0 if log else 0.0), max(values, default=1.0)
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
    elif log:
        ratio = (high / low) ** ROOM
        low, high = low / ratio, high * ratio
    elif not tight:
        room = (high - low) * ROOM
        low, high = (low - room if low < 0 or low > room else 0.0), high + room
    return Axis(low, high, start, end, log)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, ... that is not below."""
    power = 10.0 ** floor(log10(least))
    return float(next(power * factor for factor in ROUND if power * factor >= least * (1 - 1e-9)))


def _decades(low: float, high: float, count: int) -> list[float]:
    """Powers of ten; with 2 and 5 between them where they are few."""
    first, last = floor(log10(low)), ceil(log10(high))
    every = max(1, round((last - first) / count))
    factors = (1, 2, 5) if last - first <= count // 2 else (1,)
    values = [factor * 10.0**power for power in range(first, last + 1, every) for factor in factors]
    return [value for value in values if low <= value <= high]


def _written(value: float, step: float) -> str:
    """With as many decimals as the step has."""
    decimals = max(0, -floor(log10(step) + 1e-9))
    return f"{value:,.{decimals}f}" if decimals <= 6 else f"{value:g}"
