"""The shipped pictures: two PNG contact sheets of Fashion-MNIST, one per split, that any viewer opens.

A sheet has `ACROSS` cells in a row and the same number of rows for each of the ten classes, class 0 at the top: where a cell stands is its
label.
"""

from __future__ import annotations

import hashlib
from importlib import resources

import numpy as np
from PIL import Image

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
SIDE = 28
ACROSS = 50
COUNTS = {"train": 2000, "test": 500}


def load(split: str) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of a split, uint8 (N, 28, 28), and their labels, (N,), class after class; split: 'train' or 'test'."""
    with resources.files(__package__).joinpath(f"{split}.png").open("rb") as file:
        pictures = from_sheet(np.asarray(Image.open(file)))
    return pictures, np.repeat(np.arange(len(CLASSES)), len(pictures) // len(CLASSES))


def to_sheet(pictures: np.ndarray) -> np.ndarray:
    """(N, 28, 28) -> (28 N / 50, 28 * 50): the first 50 pictures are the top row."""
    return pictures.reshape(-1, ACROSS, SIDE, SIDE).swapaxes(1, 2).reshape(-1, ACROSS * SIDE)


def from_sheet(sheet: np.ndarray) -> np.ndarray:
    """The inverse of to_sheet."""
    return sheet.reshape(-1, SIDE, ACROSS, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)


def shuffled(count: int, seed: str) -> list[int]:
    """0 .. count - 1 in an order that the seed alone decides, on every platform and with every numpy."""
    return sorted(range(count), key=lambda i: hashlib.blake2b(f"{seed}/{i}".encode(), digest_size=8).digest())
