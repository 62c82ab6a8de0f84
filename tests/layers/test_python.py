"""Python layers: what the user's code is given, when it is called, and what is said when it fails."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of

USER_FILE = Path(__file__).with_name("user_layers.py")


class DeviceOps(CpuOps):
    """Operations whose arrays are not the host's: what goes to the host is a copy, as from a GPU."""

    def to_host(self, array: np.ndarray) -> np.ndarray:
        return np.array(array)


def python_net(
    layer: str,
    *,
    param_str: str = "",
    bottom: str = "x",
    top: str = "y",
    module: str = "tests.layers.user_layers",
    phase: int = 0,
    ops: Ops | None = None,
) -> Net:
    bottoms = f'bottom: "{bottom}"' if bottom else ""
    return net_of(
        f"""
        force_backward: true
        layer {{ name: "in" type: "Input" top: "x" input_param {{ shape {{ dim: 2 dim: 3 dim: 5 }} }} }}
        layer {{ name: "mine" type: "Python" {bottoms} top: "{top}"
                 python_param {{ module: "{module}" layer: "{layer}" param_str: "{param_str}" }} }}
        """,
        phase=phase,
        ops=ops or CpuOps(),
    )


@pytest.mark.parametrize("ops", [CpuOps(), DeviceOps()], ids=["host", "device"])
def test_forward_backward_and_learned_blobs(ops: Ops) -> None:
    net = python_net("Affine", param_str="2", ops=ops)
    blob = net.params["mine"][0]
    assert blob.shape == (3, 1)
    assert blob.data.tolist() == [[3]] * 3
    blob.data[...] = 5
    net.blobs["x"].data[...] = 7
    net.forward()
    assert (net.blobs["y"].data == 19).all()
    net.blobs["y"].diff[...] = 1
    net.clear_param_diffs()
    net.backward()
    net.backward()
    assert (net.blobs["x"].diff == 2).all()
    assert blob.diff.tolist() == [[20]] * 3


def test_reshape_is_called_before_every_forward_and_tops_may_grow() -> None:
    net = python_net("Counter", bottom="", phase=1)
    calls = net.layers[-1].user.calls
    assert calls == ["setup", "reshape"]
    assert net.blobs["y"].shape == (1, 2)
    for n in (1, 2, 3):
        net.forward()
        assert calls[2:] == ["reshape", "forward"] * n
        assert net.blobs["y"].data.tolist() == [[1, 1]] * n


def test_layers_behind_follow_a_top_that_changes_shape() -> None:
    net = net_of(
        """
        layer { name: "mine" type: "Python" top: "y" python_param { module: "tests.layers.user_layers" layer: "Counter" } }
        layer { name: "flat" type: "Flatten" bottom: "y" top: "flat" flatten_param { axis: 0 } }
        """
    )
    assert net.blobs["flat"].shape == (2,)
    net.forward()
    net.forward()
    assert net.blobs["flat"].shape == (4,)


def test_new_shapes_of_the_bottoms_reach_the_tops() -> None:
    net = python_net("Affine", param_str="1")
    net.blobs["x"].reshape((7, 3, 2))
    net.reshape()
    assert net.blobs["y"].shape == (7, 3, 2)
    net.forward()
    assert net.blobs["y"].data.shape == (7, 3, 2)


@pytest.mark.parametrize("ops", [CpuOps(), DeviceOps()], ids=["host", "device"])
def test_in_place(ops: Ops) -> None:
    net = python_net("Negate", top="x", ops=ops)
    net.blobs["x"].data[...] = 7
    net.forward()
    assert (net.blobs["x"].data == -7).all()
    net.blobs["x"].diff[...] = 2
    net.layers[-1].backward([net.blobs["x"]], [True], [net.blobs["x"]])
    assert (net.blobs["x"].diff == -2).all()


def test_a_class_with_its_own_init() -> None:
    net = python_net("OwnInit", bottom="", phase=1)
    assert net.blobs["y"].shape == (4,)
    assert net.params["mine"][0].shape == (3,)


def test_a_python_loss_counts_with_its_weight() -> None:
    net = net_of(
        """
        force_backward: true
        layer { name: "in" type: "Input" top: "a" top: "b" input_param { shape { dim: 2 dim: 3 } } }
        layer { name: "loss" type: "Python" bottom: "a" bottom: "b" top: "loss" loss_weight: 0.5
                python_param { module: "tests.layers.user_layers" layer: "Loss" } }
        """
    )
    net.blobs["a"].data[...] = 2
    assert float(net.forward()) == 0.5 * 24 / 4
    net.backward()
    assert net.blobs["b"].diff.tolist() == [[-0.5] * 3] * 2


def test_import_caffe_is_netproto_under_both_names() -> None:
    python_net("Affine", param_str="1")
    import netproto.pycaffe

    assert sys.modules["caffe"] is netproto.pycaffe
    assert netproto.pycaffe.__spec__ is not None
    assert netproto.pycaffe.__spec__.name == "netproto.pycaffe"
    import caffe.mode

    assert caffe.mode is netproto.pycaffe.mode
    with pytest.raises(ModuleNotFoundError):
        import caffe.nothing


def line_of(text: str) -> int:
    return next(i for i, line in enumerate(USER_FILE.read_text().splitlines(), 1) if text in line)


@pytest.mark.parametrize("method", ["setup", "reshape", "forward", "backward"])
def test_an_error_in_the_users_code_names_layer_file_and_line(method: str) -> None:
    def run() -> None:
        net = python_net("Broken", param_str=method)
        net.forward()
        net.backward()

    with pytest.raises(ModelError) as caught:
        run()
    said = str(caught.value)
    assert said.startswith("<string>:")
    assert "layer 'mine' (Python): " in said
    assert f"Broken.{method} failed at {USER_FILE}:{line_of('the line that errors')}: RuntimeError: no luck in {method}" in said
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_an_error_in_a_library_names_the_users_line() -> None:
    with pytest.raises(ModelError, match=rf"OldName.setup failed at .*user_layers.py:{line_of('np.linalg.inv')}: LinAlgError"):
        python_net("OldName", param_str="3")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layer": "Afine"}, r"module 'tests.layers.user_layers' has no class 'Afine'\. Did you mean 'Affine'"),
        ({"layer": "NoCaffeLayer"}, r"tests.layers.user_layers.NoCaffeLayer does not derive from caffe.Layer"),
        ({"layer": "np"}, "does not derive from caffe.Layer"),
        ({"layer": "X", "module": "no_such"}, r"there is no module 'no_such'\. Add the folder of no_such.py to PYTHONPATH"),
        ({"layer": "X", "module": "tests.layers.nothing"}, r"there is no module 'tests.layers.nothing'"),
        ({"layer": "X", "module": ""}, "python_param.module is not given"),
    ],
)
def test_a_class_that_is_not_there(options: dict[str, str], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        python_net(**options)


def test_a_missing_method_is_named() -> None:
    net = python_net("NoBackward")
    net.forward()
    with pytest.raises(ModelError, match=r"the user's layer has no NoBackward.backward"):
        net.backward()


def test_a_module_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "user_syntax.py").write_text("x = 1\nprint 'old'\n")
    (tmp_path / "user_import.py").write_text("x = 1\n\nimport not_installed_anywhere\n")
    with pytest.raises(ModelError, match=r"importing user_syntax failed at .*user_syntax.py:2: SyntaxError"):
        python_net("X", module="user_syntax")
    with pytest.raises(ModelError, match=r"importing user_import failed at .*user_import.py:3: ModuleNotFoundError: .*not_installed"):
        python_net("X", module="user_import")
