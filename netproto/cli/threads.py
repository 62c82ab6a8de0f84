"""--threads and --deterministic: how many cores compute, and whether that may show in the last digits.

Kernels give the same bits for any number of threads; BLAS, which does what has no kernel, need not. It reads its number of threads when
numpy is loaded: so these flags are looked for before anything of a command is imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .flags import Parser, positive

THREADS = "OMP_NUM_THREADS"
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What the builds of numpy's BLAS obey before OMP_NUM_THREADS."""


def add_flags(parser: Parser) -> None:
    parser.flag("threads", type=positive, metavar="N", help=f"cores to compute with; default {THREADS}, or all there are")
    parser.switch("deterministic", help="the same bits for any number of threads: BLAS gets one, kernels keep theirs")


@contextmanager
def obeyed(argv: Sequence[str]) -> Iterator[None]:
    """Within it, what is loaded takes the threads that the flags among argv allow. Raises UsageError for a value that is none."""
    parser = Parser("netproto", "", "")
    add_flags(parser)
    args = parser.glance(argv)
    wanted = {THREADS: str(args.threads)} if args.threads else {}
    if args.threads or args.deterministic:
        wanted |= dict.fromkeys(BLAS_THREADS, "1" if args.deterministic else str(args.threads))
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
