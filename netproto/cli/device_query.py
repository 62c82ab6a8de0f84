"""Show the GPUs that netproto could compute on."""

from __future__ import annotations

from argparse import Namespace

from ..errors import DeviceError
from . import device, options
from .flags import Parser

EXAMPLE = "netproto device-query --gpu all"


def add_flags(parser: Parser) -> None:
    options.add_gpu(parser)


def run(args: Namespace) -> int:
    """A line per GPU. Raises DeviceError if one is asked for that is not there; without --gpu, none is an answer, too."""
    try:
        indices = device.indices(args.gpu or "all")
    except DeviceError as error:
        if args.gpu:
            raise
        print(f"{error.what}. {error.hint}")
        return 0
    for index in indices:
        print(device.describe(index))
    return 0
