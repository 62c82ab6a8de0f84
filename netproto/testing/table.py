"""What a row of THE TABLE (cases/) says, and the inputs that it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .draws import DRAWS, Shape

STEPS = "it moves in steps: its derivative is 0 wherever there is one"
"""Why a row has no gradient."""


@dataclass(frozen=True)
class Case:
    """One layer with options that change its numbers.

    type: the layer type. name: unique among the type's rows. body: prototxt inside `layer { }`. bottoms: shapes. tops: how many.
    labels: bottoms that hold whole numbers below n. inputs: bottoms that hold other than normal numbers of both signs: see draws.py.
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
