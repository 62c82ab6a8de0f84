"""`install()`: netproto.pycaffe under the name `caffe`, for a whole process."""

from __future__ import annotations

import importlib
import sys

from .. import caffe_name
from ..errors import NetprotoError

PACKAGE = __name__.rpartition(".")[0]
MODULES = ("proto", "proto.caffe_pb2", "io", "net_spec", "coord_map", "draw", "classifier", "detector")
"""pycaffe's modules that scripts import by name."""
INNER = ("pycaffe", "_caffe")
"""pycaffe's modules whose names the package has too."""


def install() -> None:
    """Let `import caffe` and its modules mean netproto.pycaffe from now on.

    Raises NetprotoError if another Caffe has been imported already.
    """
    package = sys.modules[PACKAGE]
    if sys.modules.get(caffe_name.NAME, package) is not package:
        raise NetprotoError(
            "another module `caffe` has been imported already", hint="Call netproto.pycaffe.install() before the first `import caffe`"
        )
    caffe_name.offer()
    for module in ("", *(f".{name}" for name in MODULES)):
        importlib.import_module(caffe_name.NAME + module)
    for name in INNER:
        sys.modules[f"{caffe_name.NAME}.{name}"] = package
