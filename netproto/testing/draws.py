"""Contents of bottoms that a row of the table asks for by name, where normal numbers of both signs will not do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Shape = tuple[int, ...]


def _distinct(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    count = int(np.prod(shape))
    return (generator.permutation(count).reshape(shape) - count / 2) / max(count, 1) * 4


def _probability(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Positive, summing to 1 over axis 1."""
    values = generator.uniform(0.1, 1, shape)
    return values / values.sum(axis=min(1, values.ndim - 1), keepdims=True)


def _continuation(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """0 at the first timestep, so that every sequence begins there; then 0 or 1."""
    values = generator.integers(0, 2, shape).astype(np.float64)
    values[0] = 0
    return values


def _boxes(generator: np.random.Generator, count: int) -> np.ndarray:
    """Boxes of xmin, ymin, xmax, ymax, some of which stick out of the image."""
    centre, half = generator.uniform(0, 1, (count, 2)), generator.uniform(0.1, 0.3, (count, 2))
    return np.concatenate([centre - half, centre + half], axis=1)


def _priors(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """(1, 2, 4 P): P boxes and their variances."""
    boxes = _boxes(generator, shape[2] // 4)
    return np.stack([boxes.ravel(), generator.uniform(0.1, 0.3, boxes.size)]).reshape(shape)


def _objects(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """(1, 1, G, 8): G objects of the classes 1 and 2 on images 0 and 1."""
    rows = np.zeros(shape[2:])
    rows[:, 0], rows[:, 1] = np.arange(len(rows)) % 2, 1 + np.arange(len(rows)) % 3 // 2
    rows[:, 3:7] = _boxes(generator, len(rows))
    rows[-1, 7] = 1
    return rows.reshape(shape)


def _places(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Whole numbers below the size of a plane, each once in a plane."""
    planes = [generator.permutation(int(np.prod(shape[2:]))) for _ in range(shape[0] * shape[1])]
    return np.asarray(planes, np.float64).reshape(shape)


def _regions(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """(R, 5): regions of images 0 and 1, within 36 x 28 pixels."""
    start, side = generator.uniform(0, 20, (shape[0], 2)), generator.uniform(1, [16, 8], (shape[0], 2))
    image = np.arange(shape[0])[:, None] % 2
    return np.concatenate([image, start, start + side], axis=1).reshape(shape)


def _image_size(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Height, width and scale of an image."""
    return np.asarray([70, 105, 0.25][: shape[1]]).reshape(shape)


def _detections(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """(1, 1, K, 7): K detections of the classes 1 and 2 on images 0 and 1."""
    rows = np.zeros(shape[2:])
    rows[:, 0], rows[:, 1] = np.arange(len(rows)) % 2, 1 + np.arange(len(rows)) % 3 // 2
    rows[:, 2], rows[:, 3:7] = generator.uniform(0, 1, len(rows)), _boxes(generator, len(rows))
    return rows.reshape(shape)


def _yolo_objects(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """(N, 1, G, 5): objects of the classes 0 to 2, one less on each image than on the one before; then rows of 0."""
    rows = np.zeros(shape)
    for image in range(shape[0]):
        there = shape[2] - image
        rows[image, 0, :there, 0] = generator.integers(0, 3, there)
        rows[image, 0, :there, 1:] = generator.uniform(0.1, 0.9, (there, 4))
    return rows


DRAWS: dict[str, Callable[[np.random.Generator, Shape], np.ndarray]] = {
    "normal": lambda g, s: g.standard_normal(s),
    "wide": lambda g, s: 5 * g.standard_normal(s),
    "positive": lambda g, s: g.uniform(0.2, 2, s),
    "unit": lambda g, s: g.uniform(0.05, 0.95, s),
    "probability": _probability,
    "distinct": _distinct,
    "binary": lambda g, s: g.integers(0, 2, s).astype(np.float64),
    "ones": lambda g, s: np.ones(s),
    "continuation": _continuation,
    "detections": _detections,
    "yolo_objects": _yolo_objects,
    "places": _places,
    "regions": _regions,
    "image_size": _image_size,
    "priors": _priors,
    "objects": _objects,
}
