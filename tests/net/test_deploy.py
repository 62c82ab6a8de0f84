"""Nets without their data and losses."""

import pytest

from netproto.errors import ModelError
from netproto.net import deploy
from netproto.schema import messages, text, upgrade

TRAIN_VAL = """
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN } data_param { source: "a" batch_size: 7 } }
layer { name: "data" type: "ImageData" top: "data" top: "label" include { phase: TEST } image_data_param { source: "b" batch_size: 5 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 2 kernel_size: 3 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "aux" type: "InnerProduct" bottom: "conv" top: "aux" inner_product_param { num_output: 5 } }
layer { name: "aux_loss" type: "SoftmaxWithLoss" bottom: "aux" bottom: "label" top: "aux_loss" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip" inner_product_param { num_output: 5 } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "of_loss" type: "Power" bottom: "loss" top: "of_loss" }
"""
DEPLOY = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 7 dim: 5 } } }
layer { name: "other" type: "Input" top: "im_info" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 5 } }
layer { name: "tanh" type: "TanH" bottom: "ip" top: "again" }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
layer { name: "last" type: "TanH" bottom: "ip" top: "last" }
layer { name: "both" type: "Concat" bottom: "ip" bottom: "im_info" top: "both" }
"""


def net_of(string: str) -> object:
    return upgrade.net(text.parse(string, messages.NetParameter, file="net.prototxt"))


def names(deployed: deploy.Deployed) -> list[str]:
    return [layer.name for layer in deployed.net.layer]


def test_a_training_net_becomes_what_it_was_trained_for() -> None:
    made = deploy.deployed(net_of(TRAIN_VAL), (1, 3, 7, 5))
    assert names(made) == ["data", "conv", "relu", "ip"]
    assert (made.input, made.scores, made.maker) == ("data", "ip", "InnerProduct")
    assert made.net.layer[0].type == "Input"
    assert list(made.net.layer[0].top) == ["data"]
    assert list(made.net.layer[0].input_param.shape[0].dim) == [1, 3, 7, 5]


def test_another_blob_may_be_asked_for() -> None:
    made = deploy.deployed(net_of(TRAIN_VAL), (1, 3, 7, 5), output="conv")
    assert names(made) == ["data", "conv", "relu"]
    assert (made.scores, made.maker) == ("conv", "Convolution")


@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
def test_data_of_one_phase_serves(phase: str) -> None:
    lines = [line for line in TRAIN_VAL.splitlines() if 'type: "' not in line or "Data" not in line or phase in line]
    assert names(deploy.deployed(net_of("\n".join(lines)), (1, 3, 7, 5))) == ["data", "conv", "relu", "ip"]


def test_a_deploy_net_keeps_its_input_and_its_softmax() -> None:
    net = net_of(DEPLOY)
    made = deploy.deployed(net, (1, 9, 9, 9))
    assert names(made) == ["in", "ip", "prob"]
    assert (made.input, made.scores, made.maker) == ("x", "prob", "Softmax")
    assert list(made.net.layer[0].input_param.shape[0].dim) == [2, 3, 7, 5]
    assert len(net.layer) == 7, "the net itself stays as it is"


def test_without_a_softmax_the_last_top_that_nobody_reads() -> None:
    lines = [line for line in DEPLOY.splitlines() if "Softmax" not in line]
    assert deploy.deployed(net_of("\n".join(lines))).scores == "last"


def test_data_layer() -> None:
    assert deploy.data_layer(net_of(TRAIN_VAL)).type == "ImageData"
    assert deploy.data_layer(net_of(TRAIN_VAL.replace("phase: TEST } image", "phase: TRAIN } image"))).type == "Data"
    assert deploy.data_layer(net_of(DEPLOY)) is None


def test_input_shape() -> None:
    assert deploy.input_shape(net_of(DEPLOY)) == (2, 3, 7, 5)
    assert deploy.input_shape(net_of(TRAIN_VAL)) is None


@pytest.mark.parametrize(
    ("string", "output", "said"),
    [
        (TRAIN_VAL, "con", "the net makes no blob 'con' without labels. Did you mean 'conv'?"),
        (TRAIN_VAL, "loss", "the net makes no blob 'loss' without labels"),
        (
            'layer { name: "p" type: "Parameter" top: "p" parameter_param { shape { dim: 3 } } }',
            "",
            "neither an Input nor a layer that reads",
        ),
        ('layer { name: "in" type: "Input" top: "x" }', "", "nothing is left of the net"),
    ],
)
def test_nets_that_cannot_be_used(string: str, output: str, said: str) -> None:
    with pytest.raises(ModelError, match=r"net\.prototxt") as error:
        deploy.deployed(net_of(string), (1, 3, 7, 5), output=output)
    assert said in str(error.value)
