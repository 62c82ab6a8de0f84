"""What a row of THE TABLE (cases.py) says, and the inputs that it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """One layer with options that change its numbers.

    type: the layer type. name: unique among the type's rows. body: prototxt inside `layer { }`. bottoms: shapes. tops: how many.
    labels: bottoms that hold whole numbers below n. inputs: bottoms that hold something else than normal numbers of both signs; see DRAWS.
    in_place: the first top is the first bottom. gradient: True, or the reason why there is none to check.
    variable: the bottoms to differentiate by; all that are not labels where None. golden: recorded cases of this row's options.
    """

    type: str
    name: str
    body: str = ""
    bottoms: list[Shape] = field(default_factory=list)
    tops: int = 1
    phase: str = "TRAIN"
    labels: dict[int, int] = field(default_factory=dict)
    inputs: dict[int, str] = field(default_factory=dict)
    in_place: bool = False
    gradient: bool | str = True
    variable: list[int] | None = None
    golden: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.type}-{self.name}"

    @property
    def differentiable(self) -> list[int]:
        """The bottoms that the layer is differentiated by."""
        if self.variable is not None:
            return self.variable
        return [i for i in range(len(self.bottoms)) if i not in self.labels]

    def prototxt(self) -> str:
        """A net of Input layers b0, b1, ... and this layer `L` with tops t0, t1, ..."""
        lines = ['name: "case" force_backward: true']
        for i, shape in enumerate(self.bottoms):
            dims = " ".join(f"dim: {d}" for d in shape)
            lines.append(f'layer {{ name: "in{i}" type: "Input" top: "b{i}" input_param {{ shape {{ {dims} }} }} }}')
        bottoms = " ".join(f'bottom: "b{i}"' for i in range(len(self.bottoms)))
        names = ["b0" if self.in_place and i == 0 else f"t{i}" for i in range(self.tops)]
        tops = " ".join(f'top: "{n}"' for n in names)
        lines.append(f'layer {{ name: "L" type: "{self.type}" {bottoms} {tops} {self.body} }}')
        return "\n".join(lines)

    def draw(self, i: int, generator: np.random.Generator) -> np.ndarray:
        """Contents for bottom i."""
        shape = self.bottoms[i]
        if i in self.labels:
            return generator.integers(0, self.labels[i], shape).astype(np.float64)
        return DRAWS[self.inputs.get(i, "normal")](generator, shape)


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


DRAWS = {
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
