"""Which steps of a forward pass run as one program of the backend (ops/reference/program.py), and its instructions. Numbers only.

The values of a program are roots: blobs with memory of their own, which others may look at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..blob import Shape
from ..layers.concat import Concat
from ..layers.convolution import Convolution
from ..layers.flatten import Flatten
from ..layers.inner_product import InnerProduct
from ..layers.pooling import Pooling
from ..layers.relu import ReLU
from ..layers.softmax import Softmax
from ..layers.split import Split
from ..ops.reference.program import Convolve, Instruction, Normalise, Pool, Product, Rectify
from .data_memory import blobs_of
from .fusion import Step, passes_on, roots_of
from .graph import Graph


@dataclass
class Section:
    """Neighbouring steps that run as one. given: the roots that are read from outside or looked at afterwards."""

    steps: list[Step]
    given: list[int]

    @cached_property
    def nodes(self) -> list[int]:
        return [i for step in self.steps for i in step.nodes]


def sections_of(graph: Graph, steps: Sequence[Step], kept: Collection[int], takes: Callable[[Instruction], bool]) -> list[Step | Section]:
    """The steps with those put together that the backend takes, where there are two or more that multiply."""
    roots, shapes = roots_of(graph, kept), dict(enumerate(graph.shapes))
    taken = [_is_taken(graph, step, roots, shapes, takes) for step in steps]
    runs = _runs(taken)
    while torn := [number for run in runs if taken[run[0]] for number in _torn(graph, steps, run)]:
        for number in torn:
            taken[number] = False
        runs = _runs(taken)
    found: list[Step | Section] = []
    for run in runs:
        inside = [steps[number] for number in run]
        if not taken[run[0]] or sum(step.top >= 0 for step in inside) < 2:
            found += inside
        else:
            found.append(Section(inside, _given(graph, steps, run, roots, kept)))
    return found


def instructions_of(
    graph: Graph, section: Section, roots: Mapping[int, int], shapes: Mapping[int, Shape], takes: Callable[[Instruction], bool]
) -> list[tuple[Instruction, Step]] | None:  # fmt: skip
    """The instructions of a section, each with its step, for blobs of these shapes; None where there are none for these shapes."""
    if not all(_is_taken(graph, step, roots, shapes, takes) for step in section.steps):
        return None
    made = ((_instruction(graph, step, roots, shapes), step) for step in section.steps)
    return [(instruction, step) for instruction, step in made if instruction is not None]


def _runs(taken: Sequence[bool]) -> list[list[int]]:
    """The numbers of the steps: neighbours that are taken together, others by themselves."""
    runs: list[list[int]] = []
    for number, now in enumerate(taken):
        if now and runs and taken[number - 1]:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _is_taken(
    graph: Graph, step: Step, roots: Mapping[int, int], shapes: Mapping[int, Shape], takes: Callable[[Instruction], bool]
) -> bool:  # fmt: skip
    if any(graph.nodes[step.node].loss_weights):
        return False
    instruction = _instruction(graph, step, roots, shapes)
    return _does_nothing(graph, step, roots) if instruction is None else takes(instruction)


def _does_nothing(graph: Graph, step: Step, roots: Mapping[int, int]) -> bool:
    """Whether there is nothing to do, as the tops are the bottoms, or were written in their places."""
    node = graph.nodes[step.node]
    if _joins(graph, step):
        return True
    passed = passes_on(node.layer) and roots[node.tops[0]] == roots[node.bottoms[0]]
    return step.top < 0 and (type(node.layer) in (Split, Flatten) or passed)


def _torn(graph: Graph, steps: Sequence[Step], run: Sequence[int]) -> list[int]:
    """Steps of a run that make a Concat of which not all is made there, or are one."""
    makers: dict[int, list[int]] = {}
    for number in run:
        if (into := steps[number].into) is not None:
            makers.setdefault(into[0], []).append(number)
    joins = {graph.nodes[steps[n].node].tops[0]: n for n in run if _joins(graph, steps[n])}
    whole = {top for top, n in joins.items() if len(makers.get(top, ())) == len(graph.nodes[steps[n].node].bottoms)}
    return [n for top, numbers in makers.items() if top not in whole for n in numbers] + [n for top, n in joins.items() if top not in whole]


def _joins(graph: Graph, step: Step) -> bool:
    node = graph.nodes[step.node]
    return type(node.layer) is Concat and len(node.bottoms) > 1


def _given(graph: Graph, steps: Sequence[Step], run: Sequence[int], roots: Mapping[int, int], kept: Collection[int]) -> list[int]:
    inside = {roots[blob] for number in run for blob in _written(graph, steps[number])}
    seen = {roots[blob] for number in run for blob in blobs_of(graph, steps[number])}
    elsewhere = {roots[blob] for number, step in enumerate(steps) if number not in run for blob in blobs_of(graph, step)}
    return sorted((seen - inside) | (seen & (elsewhere | {roots[blob] for blob in kept})))


def _written(graph: Graph, step: Step) -> list[int]:
    if step.top < 0:
        return graph.nodes[step.node].tops
    return [step.into[0] if step.into else step.top]


def _instruction(graph: Graph, step: Step, roots: Mapping[int, int], shapes: Mapping[int, Shape]) -> Instruction | None:
    """What a step is in a program; None where it is nothing, or nothing that a program knows."""
    node, layer = graph.nodes[step.node], graph.nodes[step.node].layer
    if len(node.bottoms) != 1 or len(node.tops) != 1:
        return None
    top = step.into[0] if step.into else step.top if step.top >= 0 else node.tops[0]
    bottom, add = node.bottoms[0], None if step.add is None else roots[step.add]
    x, y = roots[bottom], roots[top]
    if isinstance(layer, InnerProduct) and step.top >= 0 and not layer.transpose:
        return Product(x, y, layer.inputs, layer.outputs, add, step.slope)
    if any(shapes[roots[blob]] != shapes[blob] for blob in (bottom, top, *([] if step.add is None else [step.add]))):
        return None
    if isinstance(layer, Convolution) and step.top >= 0 and len(shapes[x]) == 4:
        return Convolve(x, y, layer.weight_shape(), layer.geometry, add, step.slope, step.into[1] if step.into else 0)
    if type(layer) is Pooling and (geometry := layer.plain_geometry(shapes[x])):
        return Pool(x, y, geometry, layer.method == "AVE")
    if type(layer) is ReLU and not layer.bounded:
        return Rectify(x, y, layer.slope)
    if type(layer) is Softmax and len(shapes[x]) == 2 and layer.axis_of(shapes[x]) == 1:
        return Normalise(x, y)
    return None
