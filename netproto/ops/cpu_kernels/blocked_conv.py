"""Convolution of blocked maps, one worker's part of it: the sum over runs of channels at the places that a table of offsets names.

Where a window is more than a pixel, workers copy the bands that they read (blocked_bands.py), so that each tap is a shift. Nothing is
summed across workers: the result is the same for any number of them.
"""

from __future__ import annotations

from .blocked_bands import blocked_band, plain_band
from .blocked_tiles import LINE, blocked_row, channelwise_row, plain_row
from .jit import inlined, kernel
from .records import Record, part_of, record_of

IN_PLACE, COPIED, PLAIN = 0, 1, 2
"""How the bottom is read: where it lies; from copies of bands; the same of a plain map (N, C, H, W)."""

CONV = record_of(
    "x", "x_image", "x_block", "y", "y_image", "other", "other_image", "w", "w_block", "bias", "slope", "plain", "offsets", "runs",
    "batch", "groups", "channels", "filters", "height", "width", "out_height", "out_width", "sh", "sw", "ph", "pw",
    "down", "across", "deep", "reach", "pitch", "bands", "rows", "chunk", "copies", "copy", "copy_block", "source", "by_filters",
)  # fmt: skip
"""x, y, other, w, bias, slope, plain (as of blocked_row), offsets, copies: addresses. image: from image to image; block: from block to
block, or from channel to channel of a plain map. channels, filters: blocks in a group, or channels of a plain map. bands: of an image, each
of so many output rows, the last one maybe fewer; chunk: how many of them a worker copies at a time, `copy` bytes each. source: one of those
above."""


@kernel
def conv(at: Record, worker: int, count: int) -> None:
    """y = the convolution plus bias and `other`, through the ReLU: a worker's bands, or its filters of all bands."""
    pairs, total = (at.filters + 1) // 2, at.batch * at.bands
    copies = at.copies + worker * at.chunk * at.copy
    first, last = (0, total) if at.by_filters else part_of(total, worker, count)
    first_pair, last_pair = part_of(at.groups * pairs, worker, count) if at.by_filters else (0, at.groups * pairs)
    for start in range(first, last if first_pair < last_pair else first, at.chunk):
        end = min(last, start + at.chunk)
        if at.source != IN_PLACE:
            for band in range(start, end):
                _copy(at, band, copies + (band - start) * at.copy)
        for pair in range(first_pair, last_pair):
            group, block = pair // pairs, pair % pairs * 2
            for band in range(start, end):
                _filter(at, band, group, block, copies + (band - start) * at.copy)


@inlined
def _copy(at: Record, band: int, target: int) -> None:
    """All blocks or channels of a band."""
    image, top = band // at.bands, band % at.bands * at.rows
    rows = min(at.rows, at.out_height - top) + at.deep - at.rows
    window, phases = (at.sh, at.sw, at.ph, at.pw), (at.down, at.across, at.deep, at.pitch)
    for block in range(at.groups * at.channels):
        x, place = at.x + image * at.x_image + block * at.x_block, target + block * at.copy_block
        if at.source == PLAIN:
            plain_band(x, at.height, at.width, top, rows, window, phases, place)
        else:
            blocked_band(x, at.height, at.width, top, rows, window, phases, place)


@inlined
def _filter(at: Record, band: int, group: int, block: int, copy: int) -> None:
    """One or two blocks of filters of a group, on a band."""
    image, top = band // at.bands, band % at.bands * at.rows
    vectors, number = min(2, at.filters - block), group * at.filters + block
    map_size = at.out_height * at.out_width * LINE
    w, bias = at.w + number * at.w_block, at.bias + number * LINE
    for row in range(top, min(top + at.rows, at.out_height)):
        place = number * map_size + row * at.out_width * LINE
        y = at.y + image * at.y_image + place
        other = at.other + image * at.other_image + place if at.other != 0 else 0
        if at.source == PLAIN:
            x = copy + group * at.channels * at.copy_block + (row - top) * at.pitch * 4
            plain_row(at.out_width, vectors, x, at.offsets, at.runs, w, bias, other, at.slope, y, map_size)
        else:
            if at.source == COPIED:
                x = copy + group * at.channels * at.copy_block + (row - top) * at.pitch * LINE
            else:
                x = at.x + image * at.x_image + group * at.channels * at.x_block + row * at.width * LINE
            blocked_row(at.out_width, vectors, x, at.offsets, at.runs, w, bias, other, at.slope, at.plain, y, map_size)


@kernel
def depthwise(at: Record, worker: int, count: int) -> None:
    """The same with one filter for each channel: a worker's blocks of all bands, or bands of all blocks. `channels` blocks, `runs` taps.

    Copies of rows of x are in the first cache while outputs read them: `deep` places take turns, and there is a table of offsets for each
    place that a window can begin at. `reach` rows are in a window.
    """
    copy, map_size = at.copies + worker * at.copy, at.out_height * at.out_width * LINE
    window, phases = (1, at.sw, at.ph, at.pw), (1, at.across, at.deep, at.pitch)
    first, last = part_of(at.batch * at.channels * at.bands, worker, count)
    for item in range(first, last):
        image, place = item // (at.bands * at.channels), item % (at.bands * at.channels)
        block, band = (place // at.bands, place % at.bands) if at.by_filters else (place % at.channels, place // at.channels)
        top = band * at.rows
        x = at.x + image * at.x_image + block * at.x_block
        w, y = at.w + block * at.w_block, at.y + image * at.y_image + block * map_size + top * at.out_width * LINE
        there = 0
        for row in range(min(at.rows, at.out_height - top)):
            begin = row * at.sh
            there = max(there, begin)
            while there < begin + at.reach:
                place = there % at.deep
                rows = min(at.deep - place, begin + at.deep - there)
                blocked_band(x, at.height, at.width, top * at.sh + there, rows, window, phases, copy + place * at.pitch * LINE)
                there += rows
            offsets = at.offsets + begin % at.deep * at.runs * 8
            channelwise_row(at.out_width, copy, offsets, at.runs, w, at.bias + block * LINE, at.slope, y + row * at.out_width * LINE)
