"""idx files as MNIST has them, for tests."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np


def write_idx(path: Path, array: np.ndarray, kind: int = 8) -> str:
    path.write_bytes(bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())
    return str(path)
