"""Timer. Caffe: include/caffe/util/benchmark.hpp."""

from __future__ import annotations

import time


class Timer:
    """A stopwatch: start(), stop(), then `ms`."""

    def __init__(self) -> None:
        self._started: float | None = None
        self._elapsed = 0.0

    def start(self) -> None:
        """Begin anew."""
        self._started = time.perf_counter()

    def stop(self) -> None:
        """End; the time since `start` is in `ms`."""
        if self._started is not None:
            self._elapsed = time.perf_counter() - self._started
            self._started = None

    @property
    def ms(self) -> float:
        """Milliseconds between `start` and `stop`; stops a timer that runs. 0 if it was never started."""
        self.stop()
        return self._elapsed * 1e3
