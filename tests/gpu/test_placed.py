"""The two towers of the paper's AlexNet, each on a GPU of its own."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netproto.cli.main import main
from netproto.layers.base import TEST
from netproto.net.loading import collect_weights, copy_weights
from netproto.net.net import Net
from netproto.net.placed import PlacedNet
from netproto.ops.gpu import GpuOps
from netproto.schema import upgrade

from . import fakecupy

FOLDER = Path(__file__).parents[2] / "examples" / "paper_alexnet"


def small() -> Any:
    """For two pictures of 99 x 99, and fewer answers of fc6 and fc7."""
    message = upgrade.load_net(str(FOLDER / "two_towers_deploy.prototxt"))
    message.layer[0].input_param.shape[0].dim[:] = [2, 3, 99, 99]
    for layer in message.layer:
        if layer.name.startswith(("fc6", "fc7")):
            layer.inner_product_param.num_output = 96
    return message


def test_two_gpus_give_what_one_gives(gpu_ops: Callable[..., GpuOps]) -> None:
    message = small()
    pictures = np.random.default_rng(5).uniform(-120, 120, (2, 3, 99, 99)).astype(np.float32)
    alone = Net(message, ops=gpu_ops(), phase=TEST, seed=1)
    alone.ops.upload(pictures, alone.blobs["data"].data)
    alone.forward()
    weights = collect_weights(alone)
    wanted = {name: alone.ops.to_host(alone.blobs[name].data) for name in ("prob", "both2")}

    placed = PlacedNet(copy.deepcopy(message), everywhere=[gpu_ops(), gpu_ops(device=1)], seed=2)
    copy_weights(placed, weights, strict=True)
    placed.ops.upload(pictures, placed.blobs["data"].data)
    for _ in range(2):
        placed.forward()
        for name, values in wanted.items():
            found = placed.ops.to_host(placed.blobs[name].data)
            np.testing.assert_allclose(found, values, rtol=0, atol=1e-5 * np.abs(values).max(), err_msg=name)
    assert {blob.data.device.id for blob in placed.params["fc6_a"]} == {0}
    assert {blob.data.device.id for blob in placed.params["fc6_b"]} == {1}
    with fakecupy.counting() as cost:
        placed.forward()
    assert (cost.sync, cost.copy, cost.d2h, cost.h2d) == (0, 0, 0, 0)


NET = """
layer { name: "data" type: "DummyData" top: "x" top: "y" dummy_data_param { shape { dim: 4 dim: 3 } shape { dim: 4 }
  data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "b" type: "InnerProduct" bottom: "x" top: "b" device: 1
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "both" type: "Concat" bottom: "a" bottom: "b" top: "both" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "both" bottom: "y" top: "loss" }
layer { name: "sum" type: "Reduction" bottom: "b" top: "sum" device: 1 }
"""


@pytest.mark.usefixtures("cupy")
def test_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(
        f"net: '{tmp_path}/net.prototxt' base_lr: 0.1 lr_policy: 'fixed' max_iter: 1 snapshot_prefix: '{tmp_path}/w'"
    )
    assert main(["train", "--solver", str(tmp_path / "solver.prototxt")]) == 0
    found = []
    for gpus in ("0", "0,1", "1,0"):
        capfd.readouterr()
        code = main(
            ["test", "--model", f"{tmp_path}/net.prototxt", "--weights", f"{tmp_path}/w_iter_1.npz", "--iterations", "2", "--gpu", gpus]
        )
        said = "".join(capfd.readouterr())
        assert code == 0, said
        found.append([float(value) for value in re.findall(r"\] (?:loss|sum) = (\S+)", said)])
    assert len(found[0]) == 2
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-5)


def test_the_giver_waits_before_it_overwrites_what_is_taken(gpu_ops: Callable[..., GpuOps]) -> None:
    giver, taker = gpu_ops(), gpu_ops(device=1)
    giver.activate()
    theirs = giver.zeros((3,))
    taker.activate()
    mine = taker.empty((3,))
    taker.receive(theirs, giver, mine)
    giver.activate()
    giver.fill(theirs, 1)
    taker.activate()
    assert taker.to_host(mine).tolist() == [0, 0, 0]
