"""The name `cupyx`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .array import PinnedArray


def empty_pinned(shape: Any, dtype: Any = float, order: str = "C") -> PinnedArray:
    return np.empty(shape, dtype).view(PinnedArray)
