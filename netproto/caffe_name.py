"""Lets users' code that says `import caffe` find netproto.pycaffe, in the process of netproto and nowhere else."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

NAME, HOME = "caffe", "netproto.pycaffe"


def offer() -> None:
    """Let `caffe` and `caffe.x` mean netproto.pycaffe and its modules, unless a module `caffe` has been imported already.

    A Caffe that is installed beside netproto is passed over: its compiled half seldom fits the Python that runs here.
    """
    if NAME not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != NAME and not fullname.startswith(NAME + "."):
            return None
        home = HOME + fullname[len(NAME) :]
        if importlib.util.find_spec(home) is None:
            return None
        return ModuleSpec(fullname, _Loader(home))


class _Loader(Loader):
    """Gives the module of another name."""

    def __init__(self, home: str):
        self.home = home

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.home)
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: only the spec, which the import system has replaced, is put back."""
        module.__spec__ = self.own_spec
