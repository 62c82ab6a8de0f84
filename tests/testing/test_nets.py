"""The example nets with drawn pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import rules, upgrade
from netproto.schema.messages import NetState
from netproto.testing.nets import PICTURES, example_net, examples

TRAIN = 0


def trained(name: str) -> list[Any]:
    return list(rules.filter_net(upgrade.load_net(str(examples() / name)), NetState(phase=TRAIN)).layer)


@pytest.mark.parametrize("name", PICTURES)
def test_only_the_data_is_another(name: str) -> None:
    found, written = list(example_net(name, 3).layer), trained(name)
    assert [layer for layer in found if layer.type != "DummyData"] == [layer for layer in written if layer.type != "Data"]
    assert [layer.top for layer in found] == [layer.top for layer in written]


@pytest.mark.parametrize("name", PICTURES)
def test_a_small_net_has_all_layers(name: str) -> None:
    found, written = example_net(name, 3, small=True).layer, trained(name)
    assert [(layer.name, layer.bottom, layer.top) for layer in found] == [(layer.name, layer.bottom, layer.top) for layer in written]


def test_pictures_are_drawn_anew_or_grey() -> None:
    drawn, grey = (
        Net(example_net("cifar10/quick_train_test.prototxt", 2, drawn=d), ops=CpuOps(), phase=TRAIN, seed=3) for d in (True, False)
    )
    passes = []
    for _ in range(2):
        drawn.forward()
        passes.append(drawn.blobs["data"].data.copy())
    assert passes[0].shape == (2, 3, 32, 32)
    assert passes[0].min() >= 0
    assert passes[0].max() <= 1
    assert not np.array_equal(*passes)
    grey.forward()
    assert (grey.blobs["data"].data == 0.5).all()
    assert (grey.blobs["label"].data == 1).all()
