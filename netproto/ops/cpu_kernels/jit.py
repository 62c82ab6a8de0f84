"""How kernels are compiled: without the GIL, kept in Numba's cache, with C's division."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numba

FAST = {"reassoc", "contract", "nsz"}
"""What a sum may do to become vectors: reorder, fuse, forget the sign of zero. Not: take for granted that NaN and Inf do not come."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile at first call and keep the machine code in Numba's cache."""
    compiled = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=FAST)(function)
    _stamp(compiled)
    return compiled


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A piece of kernels, compiled into each of its callers so that its constant arguments unroll its loops."""
    return numba.njit(nogil=True, error_model="numpy", fastmath=FAST, inline="always")(function)


def _stamp(compiled: Any) -> None:
    """Let what is cached depend on all files of this folder.

    Numba looks only at the kernel's own file, and machine code holds the kernel's callees too: after an edit or an upgrade of their files
    it would be stale. The stamp has no public name; where it is not found, Numba's own is left.
    """
    index: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(index, "_source_stamp"):
        index._source_stamp = index._source_stamp, _sources()


@cache
def _sources() -> str:
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
