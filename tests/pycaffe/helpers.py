"""Small net files for scripts' tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import netproto.pycaffe as caffe

NET = """
name: "small" force_backward: true
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 5 dim: 7 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 3 kernel_size: 3 weight_filler { type: "gaussian" std: 1 } bias_filler { value: 0.5 } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 4 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""

TRAINED = """
name: "trained"
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
  shape { dim: 5 dim: 3 } shape { dim: 5 } data_filler { type: "gaussian" } data_filler { type: "constant" value: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 4 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" loss_weight: 3 }
"""


def write(folder: Path, text: str, name: str = "net.prototxt") -> str:
    """The path of a file with this text."""
    path = folder / name
    path.write_text(text)
    return str(path)


def small_net(folder: Path, phase: int = caffe.TEST, text: str = NET) -> caffe.Net:
    """NET with numbers in its input."""
    net = caffe.Net(write(folder, text), phase)
    for name in net.inputs:
        net.blobs[name].data[...] = np.random.default_rng(3).standard_normal(net.blobs[name].shape)
    return net


def python_layer(layer: str, param_str: str = "") -> str:
    """A net of one Python layer of tests/layers/user_layers.py."""
    return f"""
    force_backward: true
    layer {{ name: "in" type: "Input" top: "x" input_param {{ shape {{ dim: 2 dim: 3 dim: 5 }} }} }}
    layer {{ name: "mine" type: "Python" bottom: "x" top: "y"
             python_param {{ module: "tests.layers.user_layers" layer: "{layer}" param_str: "{param_str}" }} }}
    """
