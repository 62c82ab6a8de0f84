"""install(): scripts that say `import caffe` find netproto."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SCRIPT = """
import netproto.pycaffe
netproto.pycaffe.install()
netproto.pycaffe.install()
import sys
assert {"caffe", "caffe.proto", "caffe.proto.caffe_pb2", "caffe.io", "caffe.net_spec", "caffe.draw"} <= set(sys.modules)
import caffe, caffe.io, caffe.draw, caffe.coord_map
from caffe import layers as L, params as P, to_proto
from caffe.proto import caffe_pb2
from caffe.coord_map import crop
from caffe.net_spec import Top
from caffe.pycaffe import Net, SGDSolver
from caffe._caffe import Layer
assert caffe is netproto.pycaffe and caffe_pb2 is netproto.pycaffe.proto.caffe_pb2
assert (Net, Layer) == (caffe.Net, caffe.Layer)
assert caffe.__spec__.name == "netproto.pycaffe"
"""


def python(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=folder, env=environment, timeout=120)


def test_all_of_pycaffes_modules(tmp_path: Path) -> None:
    done = python(SCRIPT, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_caffe_on_the_path_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "caffe").mkdir()
    (tmp_path / "caffe" / "__init__.py").write_text("from ._caffe import Net\n")
    done = python("import sys; sys.path.insert(0, '.')\n" + SCRIPT, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_another_caffe_that_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "caffe.py").write_text("")
    done = python("import caffe, netproto.pycaffe\nnetproto.pycaffe.install()", tmp_path)
    assert "another module `caffe` has been imported already. Call netproto.pycaffe.install() before" in done.stderr


def test_without_install_caffe_is_not_found(tmp_path: Path) -> None:
    assert "No module named 'caffe'" in python("import netproto.pycaffe\nimport caffe", tmp_path).stderr
