"""tools/cudnn_graphs.py, as far as it goes without cuDNN: its convolutions are those that a net of the examples asks for."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from netproto.net.net import Net
from netproto.ops import gpu_cudnn
from netproto.ops.gpu import GpuOps
from netproto.schema import upgrade

from .fakecupy import cudnn

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "tools").is_dir(), reason="tools/ is not beside the tests")


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("cudnn_graphs", ROOT / "tools" / "cudnn_graphs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("example", ["cifar10/quick_deploy.prototxt", "tensorflow_alexnet/deploy.prototxt"])
def test_what_it_plans_is_what_a_net_asks_for(
    example: str, tool: ModuleType, gpu_ops: Callable[..., GpuOps], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cudnn", cudnn)
    path = ROOT / "examples" / example
    planned = {work for convolution in tool.convolutions(path, 1) for work in convolution.passes if work.kind == gpu_cudnn.FORWARD}
    message = upgrade.load_net(str(path))
    message.layer[0].input_param.shape[0].dim[0] = 1
    ops = gpu_ops(cudnn=True)
    Net(message, ops=ops, phase=1).forward()
    assert ops.cudnn is not None
    assert planned == set(ops.cudnn._plans)


def test_every_pass_has_the_shapes_of_a_convolution(tool: ModuleType) -> None:
    handle = cudnn.create_handle()
    for path in sorted(tool.EXAMPLES.rglob("*deploy.prototxt")):
        for convolution in tool.convolutions(path, 2):
            assert [work.kind for work in convolution.passes] == [gpu_cudnn.FORWARD, gpu_cudnn.DATA, gpu_cudnn.WEIGHTS]
            for work in convolution.passes:
                assert gpu_cudnn.build(cudnn, work, tf32=False, handle=handle).workspace
