"""A tiny net of pictures, with weights, in the current folder."""

from pathlib import Path

import numpy as np
from PIL import Image

from netproto.formats import weights as weights_files
from netproto.formats.weights import Weights

CLASSES = 5
BODY = """
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 2 kernel_size: 3 stride: 2 } }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip" inner_product_param { num_output: 5 } }
"""
DEPLOY = (
    'name: "tiny" layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 10 dim: 3 dim: 7 dim: 7 } } }'
    + BODY
    + 'layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }'
)
TRAIN_VAL = (
    """name: "tiny"
layer { name: "data" type: "ImageData" top: "data" top: "label"
  transform_param { crop_size: 7 scale: 0.0078125 mean_value: 104 mean_value: 117 mean_value: 123 mirror: true }
  image_data_param { source: "list.txt" batch_size: 3 new_height: 10 new_width: 11 } }
"""
    + BODY
    + """
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "top3" type: "Accuracy" bottom: "ip" bottom: "label" top: "top3" accuracy_param { top_k: 3 } include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
)


def arrays(seed: int = 11) -> dict[str, list[np.ndarray]]:
    """The weights of the tiny net."""
    generator = np.random.default_rng(seed)
    shapes = {"conv": [(2, 3, 3, 3), (2,)], "ip": [(5, 18), (5,)]}
    return {name: [(0.03 * generator.standard_normal(s)).astype(np.float32) for s in each] for name, each in shapes.items()}


def scores(data: np.ndarray) -> np.ndarray:
    """What the tiny net makes of (N, 3, 7, 7): (N, 5), in float64."""
    weights = {name: [a.astype(np.float64) for a in each] for name, each in arrays().items()}
    maps = np.zeros((len(data), 2, 3, 3))
    for y in range(3):
        for x in range(3):
            window = data[:, :, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3].astype(np.float64)
            maps[:, :, y, x] = np.tensordot(window, weights["conv"][0], axes=((1, 2, 3), (1, 2, 3))) + weights["conv"][1]
    return maps.reshape(len(data), -1) @ weights["ip"][0].T + weights["ip"][1]


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def write(folder: Path) -> None:
    """Nets, weights with and without the net, three pictures, their list, and names of classes."""
    generator = np.random.default_rng(13)
    (folder / "deploy.prototxt").write_text(DEPLOY)
    (folder / "train_val.prototxt").write_text(TRAIN_VAL)
    weights_files.save(folder / "own.npz", Weights(arrays(), net_text=TRAIN_VAL))
    weights_files.save(folder / "bare.caffemodel", Weights(arrays()))
    for i, size in enumerate([(20, 33, 3), (33, 20, 3), (10, 11, 3)]):
        Image.fromarray(generator.integers(0, 256, size, np.uint8)).save(folder / f"{'abc'[i]}.png")
    (folder / "list.txt").write_text("a.png 2\nb.png 0\nc.png 4\n")
    (folder / "names.txt").write_text("\n".join(f"n{i} kind {i}" for i in range(CLASSES)) + "\n")
