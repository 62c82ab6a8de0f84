"""Draw the sample that netproto ships, from the four idx files of Fashion-MNIST: 2,000 training and 500 test pictures.

usage: python tools/make_sample.py FOLDER

FOLDER holds train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two t10k files; Debian's package dataset-fashion-mnist
puts them in /usr/share/datasets/fashion-mnist. Each split has as many pictures of each class; the draw is the same every time.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from netproto.sample import sheets

FILES = {"train": "train", "test": "t10k"}


def read_idx(path: Path) -> np.ndarray:
    """The array of a gzipped idx file of bytes: two zero bytes, the type (8), the rank, the big-endian sizes, the elements."""
    content = gzip.decompress(path.read_bytes())
    rank = content[3]
    shape = np.frombuffer(content, ">u4", rank, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def draw(pictures: np.ndarray, labels: np.ndarray, split: str) -> np.ndarray:
    """(N, 28, 28) of the split, class after class; within a class in the order of the draw."""
    per_class = sheets.COUNTS[split] // len(sheets.CLASSES)
    order = np.array(sheets.shuffled(len(labels), f"draw {split}"))
    return np.concatenate([pictures[order[labels[order] == label][:per_class]] for label in range(len(sheets.CLASSES))])


def main() -> None:
    folder = Path(sys.argv[1])
    for split, stem in FILES.items():
        pictures = read_idx(folder / f"{stem}-images-idx3-ubyte.gz")
        labels = read_idx(folder / f"{stem}-labels-idx1-ubyte.gz")
        target = Path(sheets.__file__).with_name(f"{split}.png")
        Image.fromarray(sheets.to_sheet(draw(pictures, labels, split))).save(target, optimize=True)
        print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
