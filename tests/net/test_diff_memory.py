"""Gradients that share memory: the numbers are those of a net that keeps each, and fewer bytes are taken."""

from collections.abc import Iterator
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np
import pytest

from netproto.layers.base import TRAIN
from netproto.net import diff_memory
from netproto.net.footprint import footprint
from netproto.net.net import Net
from netproto.net.training import TrainingNet
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text, upgrade

DATA = """
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param { shape { dim: 3 dim: 4 dim: 9 dim: 7 } shape { dim: 3 }
  data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } } }
"""


def conv(name: str, bottom: str, outputs: int, kernel: int, *, relu: bool = True) -> str:
    layer = f"""layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}" convolution_param {{ num_output: {outputs}
      kernel_size: {kernel} pad: {kernel // 2} weight_filler {{ type: "msra" }} bias_filler {{ type: "uniform" }} }} }}\n"""
    return layer + (f'layer {{ name: "relu_{name}" type: "ReLU" bottom: "{name}" top: "{name}" }}\n' if relu else "")


def head(bottom: str, i: int = 1, weight: float = 1) -> str:
    return f"""
layer {{ name: "ip{i}" type: "InnerProduct" bottom: "{bottom}" top: "ip{i}"
  inner_product_param {{ num_output: 5 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss{i}" type: "SoftmaxWithLoss" bottom: "ip{i}" bottom: "label" top: "loss{i}" loss_weight: {weight} }}
"""


NORM = 'layer { name: "norm" type: "LRN" bottom: "a" top: "norm" }\n'
POOL = 'layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool" pooling_param { kernel_size: 3 stride: 2 } }\n'
CHAIN = DATA + conv("a", "data", 8, 3) + NORM + POOL + conv("b", "pool", 6, 3) + head("b")
BRANCHES = (
    *(DATA, conv("a", "data", 6, 3), conv("b", "a", 5, 1), conv("c", "a", 4, 3), conv("d", "c", 5, 3)),
    'layer { name: "joined" type: "Concat" bottom: "b" bottom: "d" top: "joined" }\n',
    *(head("joined", 1, 0.3), conv("e", "joined", 10, 1, relu=False)),
    'layer { name: "sum" type: "Eltwise" bottom: "joined" bottom: "e" top: "sum" }\n',
    'layer { name: "flat" type: "Flatten" bottom: "sum" top: "flat" }\n',
    head("flat", 2),
)
SIDES = """
layer { name: "accuracy" type: "Accuracy" bottom: "ip1" bottom: "label" top: "accuracy" }
layer { name: "fixed" type: "InnerProduct" bottom: "a" top: "fixed" param { lr_mult: 0 } param { lr_mult: 0 }
  inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "quiet" type: "Silence" bottom: "fixed" }
"""
FORGETFUL = """
layer { name: "side" type: "Python" bottom: "a" bottom: "a" top: "side" python_param { module: "forgetful" layer: "Forgetful" } }
layer { name: "l1" type: "Reduction" bottom: "side" top: "l1" loss_weight: 0.01 }
"""
PYTHON = """
import caffe
class Forgetful(caffe.Layer):
    def setup(self, bottom, top): pass
    def reshape(self, bottom, top): top[0].reshape(*bottom[0].shape)
    def forward(self, bottom, top): top[0].data[...] = bottom[0].data
    def backward(self, top, propagate_down, bottom): bottom[0].diff[...] = top[0].diff
"""
NETS = {
    "chain": CHAIN,
    "branches": "".join(BRANCHES),
    "sides": CHAIN + SIDES,
    "forced": f"force_backward: true {CHAIN} {SIDES}",
    "written": f"""force_backward: true {CHAIN}
      layer {{ name: "out" type: "HDF5Output" bottom: "a" bottom: "label" hdf5_output_param {{ file_name: "PLACE/out.h5" }} }}""",
    "activation loss": CHAIN + 'layer { name: "l1" type: "Reduction" bottom: "a" top: "l1" loss_weight: 0.01 }',
}


def net_of(name: str, place: object, *, share: bool) -> Net:
    message = upgrade.net(text.parse(NETS[name].replace("PLACE", str(place)), messages.NetParameter, file="net"))
    return (TrainingNet if share else Net)(message, ops=CpuOps(), phase=TRAIN, seed=3)


def gradients(net: Net) -> dict[str, np.ndarray]:
    """Of two passes, whose diffs begin with what the first has left."""
    net.clear_param_diffs()
    for _ in range(2):
        net.forward()
        net.backward()
    return {param.key: param.blob.diff.copy() for param in net.learnable}


def taken(net: Net) -> int:
    """The bytes of memory behind all diffs that were looked at: each place once, with what the largest has there."""
    blobs = [net.blob(i) for i in range(len(net.graph.shapes))]
    diffs = [blob.diff for blob in blobs if blob.diff_store.array is not None]
    return sum({diff.ctypes.data: diff.nbytes for diff in sorted(diffs, key=lambda diff: diff.nbytes)}.values())


@pytest.mark.parametrize("name", NETS)
def test_the_gradients_are_those_of_a_net_that_keeps_every_diff(name: str, tmp_path: Path) -> None:
    kept, shared = net_of(name, tmp_path, share=False), net_of(name, tmp_path, share=True)
    mine, its = gradients(shared), gradients(kept)
    assert np.abs(its["a/0"]).max() > 0
    for key, values in its.items():
        assert mine[key].tobytes() == values.tobytes(), key
    assert taken(shared) < taken(kept)
    kept.close()
    shared.close()


@pytest.mark.parametrize("name", NETS)
def test_what_is_in_a_group_is_never_needed_at_once(name: str, tmp_path: Path) -> None:
    """Against a walk through the backward pass that marks, step by step, what is written and still to be read."""
    net = net_of(name, tmp_path, share=False)
    groups = diff_memory.plan(net.graph)
    for group in groups:
        sizes = [prod(net.graph.shapes[blob]) for blob in group]
        assert all(a >= b for a, b in pairwise(sizes))
    for alive in needed_at_once(net):
        for group in groups:
            assert len(alive & set(group)) <= 1
    net.close()


def test_what_a_python_layer_sees_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "forgetful.py").write_text(PYTHON)
    monkeypatch.syspath_prepend(str(tmp_path))
    message = text.parse(f"{CHAIN} {FORGETFUL}", messages.NetParameter, file="net")
    graph = Net(upgrade.net(message), ops=CpuOps(), phase=TRAIN).graph
    seen = {graph.blob_names[blob] for group in diff_memory.plan(graph) for blob in group}
    assert seen == {"norm", "pool", "b", "ip1", "a", "a_relu_a_0_split_0"}


def needed_at_once(net: Net) -> Iterator[set[int]]:
    steps = [node for node in reversed(net.graph.nodes) if node.need_backward]
    touched = [{*node.tops, *(b for b, wanted in zip(node.bottoms, node.propagate_down, strict=True) if wanted)} for node in steps]
    for i in range(len(steps)):
        before, later = set().union(*touched[: i + 1]), set().union(*touched[i:])
        yield before & later


def test_diffs_of_a_chain_take_turns() -> None:
    graph = net_of("chain", "", share=False).graph
    named = [[graph.blob_names[blob] for blob in group] for group in diff_memory.plan(graph)]
    assert named == [["norm", "b"], ["a", "pool", "ip1"]]


@pytest.mark.parametrize("name", ["chain", "branches", "sides", "activation loss"])
def test_the_footprint_knows(name: str, tmp_path: Path) -> None:
    for share in (False, True):
        net = net_of(name, tmp_path, share=share)
        gradients(net)
        assert footprint(net.graph, training=True, lean=share).gradients == taken(net)
        net.close()
