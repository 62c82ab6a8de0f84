"""Draw the sample that netproto ships, from the four idx files of Fashion-MNIST: 2,000 training and 500 test pictures.

usage: python tools/make_sample.py FOLDER

FOLDER holds train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two t10k files; Debian's package dataset-fashion-mnist
puts them in /usr/share/datasets/fashion-mnist. Each split has as many pictures of each class; the draw is the same every time.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from netproto.data import datasets
from netproto.sample import sheets

FILES = {"train": "train", "test": "t10k"}


def draw(pictures: np.ndarray, labels: np.ndarray, split: str) -> np.ndarray:
    """(N, 28, 28) of the split, class after class; within a class in the order of the draw."""
    per_class = sheets.COUNTS[split] // len(sheets.CLASSES)
    order = np.array(sheets.shuffled(len(labels), f"draw {split}"))
    return np.concatenate([pictures[order[labels[order] == label][:per_class]] for label in range(len(sheets.CLASSES))])


def main() -> None:
    folder = Path(sys.argv[1])
    for split, stem in FILES.items():
        pictures, labels = datasets.read_mnist(f"{folder}/{stem}-images-idx3-ubyte.gz", f"{folder}/{stem}-labels-idx1-ubyte.gz")
        target = Path(sheets.__file__).with_name(f"{split}.png")
        Image.fromarray(sheets.to_sheet(draw(pictures, labels, split))).save(target, optimize=True)
        print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
