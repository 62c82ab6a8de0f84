"""netproto run: scripts and modules in which `import caffe` finds netproto."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import Result

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 5 } }
"""


def test_a_script_with_arguments_of_its_own(program: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "n.prototxt").write_text(NET)
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "beside.py").write_text("import caffe\nfrom caffe.proto import caffe_pb2\nPHASE = caffe_pb2.TEST\n")
    (folder / "s.py").write_text(
        "import sys, caffe, beside\nprint(sys.argv[1:], __name__, caffe.Net(sys.argv[1], beside.PHASE).forward()['ip'].shape)\n"
    )
    done = program("run", folder / "s.py", "n.prototxt", "--gpu", "-x=3", "--", "--debug")
    assert (done.code, done.out) == (0, "['n.prototxt', '--gpu', '-x=3', '--', '--debug'] __main__ (2, 5)\n")


def test_a_module_with_arguments_of_its_own(program: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text("import sys, caffe\nprint(sys.argv[1:], __name__, caffe.TEST)\n")
    assert program("run", "-m", "tool", "-v", "--m=x").out == "['-v', '--m=x'] __main__ 1\n"
    assert program("run", "--m=tool", "run").out == "['run'] __main__ 1\n"


def test_a_script_logs_as_caffe_does(program: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import caffe\ncaffe.init_log()\ncaffe.log('hello')\n")
    assert program("run", "s.py").err.endswith("] hello\n")
    assert not program("run", "s.py", env={"GLOG_minloglevel": "1"}).err
    assert not program("run", "--minloglevel=1", "s.py").err


def test_the_exit_code_is_the_scripts(program: Callable[..., Result], tmp_path: Path) -> None:
    for written, code, said in [("", 0, ""), ("None", 0, ""), ("7", 7, ""), ("'no luck'", 1, "no luck\n")]:
        (tmp_path / "s.py").write_text(f"import sys\nsys.exit({written})\n")
        done = program("run", "s.py")
        assert (done.code, done.err) == (code, said)


def test_a_traceback_shows_the_scripts_lines_only(program: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "n.prototxt").write_text(NET.replace("InnerProduct", "InerProduct"))
    (tmp_path / "s.py").write_text("import caffe\n\ndef load():\n    return caffe.Net('n.prototxt', 1)\n\nload()\n")
    done = program("run", "s.py")
    lines = done.err.splitlines()
    assert done.code == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert [line.split('"')[1].rsplit("/")[-1] for line in lines if line.startswith("  File")] == ["s.py", "s.py"]
    assert lines[-1].startswith("netproto.errors.ModelError: n.prototxt:3:")
    assert "Did you mean 'InnerProduct'" in lines[-1]


def test_an_error_of_the_scripts_own(program: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('no') from error\n")
    done = program("run", "s.py")
    assert (done.code, done.out) == (1, "")
    assert "KeyError: 'a'" in done.err
    assert done.err.endswith("ValueError: no\n")
    assert "netproto" not in done.err


def test_what_is_not_there(program: Callable[..., Result]) -> None:
    done = program("run", "none.py")
    assert (done.code, done.err) == (1, "netproto: error: none.py: there is no such script\n")
    done = program("run", "-m", "no_such_tool")
    assert (done.code, done.err) == (1, "netproto: error: there is no module 'no_such_tool'\n")
    done = program("run")
    assert (done.code, done.err) == (2, "netproto: error: which script? netproto run SCRIPT, or netproto run -m MODULE\n")


def test_help_has_an_example(program: Callable[..., Result]) -> None:
    done = program("run", "--help")
    assert done.code == 0
    assert "netproto run classify.py" in done.out
