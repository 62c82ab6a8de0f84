"""Bands of maps, copied with what pads them, so that every tap of a window is a shift: what the convolutions of blocked maps read.

A band is some rows of outputs of one image. Its copy has, for each block of channels (or for each channel of a plain map), the phases of
the padded map, which are the pixels a stride apart; in each, rows of a common pitch. Addresses are in bytes.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from .blocked_tiles import LINE
from .jit import inlined, kernel
from .transpose import pick, pick_far
from .vectors import INDEX, LANES, ZERO, load, repeat, store

Window = tuple[int, int, int, int]
"""(sh, sw, ph, pw): strides and padding."""
Phases = tuple[int, int, int, int]
"""(phases down, phases across, rows of a phase, pitch in pixels)."""


@intrinsic
def _emit_copy(context: Any, source: Any, step: Any, target: Any, count: Any) -> Any:
    """target[i] = source[i], vectors, those of the source `step` bytes apart; count at least 1."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, step, target, count = args

        def copy(i: Any, _: list[Any]) -> list[Any]:
            value = load(builder, builder.add(source, builder.mul(i, step)))
            store(builder, value, builder.add(target, builder.mul(i, INDEX(LINE))))
            return []

        repeat(builder, count, 1, [], copy)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), emit


@intrinsic
def _emit_clear(context: Any, target: Any, count: Any) -> Any:
    """`count` vectors, at least 1, become 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        target, count = args

        def clear(i: Any, _: list[Any]) -> list[Any]:
            store(builder, ZERO, builder.add(target, builder.mul(i, INDEX(LINE))))
            return []

        repeat(builder, count, 1, [], clear)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 2), emit


_copy: Any = _emit_copy
_clear: Any = _emit_clear


@inlined
def copy_lines(source: int, step: int, target: int, count: int) -> None:
    """`count` vectors from `step` bytes apart to side by side."""
    if count > 0:
        _copy(source, step, target, count)


@inlined
def clear_lines(target: int, count: int) -> None:
    if count > 0:
        _clear(target, count)


@kernel
def blocked_band(x: int, height: int, width: int, top: int, rows: int, window: Window, phases: Phases, target: int) -> None:
    """One block of channels of a band that begins at the output row `top` and has so many rows in each phase; x: the block of an image."""
    sh, sw, ph, pw = window
    down, across, deep, pitch = phases
    for phase in range(down * across):
        left = phase % across - pw
        lo = min(pitch, max(0, (sw - 1 - left) // sw))
        hi = max(lo, min(pitch, (width - 1 - left) // sw + 1))
        for row in range(rows):
            y, place = (top + row) * sh + phase // across - ph, target + (phase * deep + row) * pitch * LINE
            if 0 <= y < height:
                clear_lines(place, lo)
                copy_lines(x + (y * width + lo * sw + left) * LINE, sw * LINE, place + lo * LINE, hi - lo)
                clear_lines(place + hi * LINE, pitch - hi)
            else:
                clear_lines(place, pitch)


@kernel
def plain_band(x: int, height: int, width: int, top: int, rows: int, window: Window, phases: Phases, target: int) -> None:
    """One channel of a plain map, as blocked_band. It writes up to LANES numbers behind its end."""
    sh, sw, ph, pw = window
    down, across, deep, pitch = phases
    for phase in range(down * across):
        left = phase % across - pw
        for row in range(rows):
            y, place = (top + row) * sh + phase // across - ph, target + (phase * deep + row) * pitch * 4
            inside = 0 <= y < height
            source = x + (y * width + left) * 4
            for q in range(0, pitch, LANES):
                lo, hi = max(0, (sw - 1 - left) // sw) - q, ((width - 1 - left) // sw + 1 if inside else 0) - q
                if sw == 1:
                    pick(1, source + q * 4, lo, hi, 0, place + q * 4)
                elif sw == 2:
                    pick(2, source + q * 8, lo, hi, 0, place + q * 4)
                else:
                    pick_far(source + q * sw * 4, sw, lo, hi, 0, place + q * 4)
