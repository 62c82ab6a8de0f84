"""Where nodes and edges are."""

from __future__ import annotations

import random

import pytest

from netproto.pycaffe.draw.layout import Layout, layout

SIZES = [(40.0, 20.0), (70.0, 30.0), (20.0, 50.0), (100.0, 10.0), (33.0, 33.0)]


def random_graph(seed: int, nodes: int, edges: int) -> tuple[list[tuple[float, float]], list[tuple[int, int]]]:
    generator = random.Random(seed)
    pairs = {tuple(sorted(generator.sample(range(nodes), 2))) for _ in range(edges)}
    return [generator.choice(SIZES) for _ in range(nodes)], sorted(pairs)


def boxes(made: Layout) -> list[tuple[float, float, float, float]]:
    return [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(made.nodes, made.sizes, strict=True)]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_nothing_overlaps_and_all_is_inside(seed: int, rankdir: str) -> None:
    made = layout(*random_graph(seed, 23, 40), rankdir)
    found = boxes(made)
    for i, (left, top, right, bottom) in enumerate(found):
        assert 0 <= left < right <= made.width
        assert 0 <= top < bottom <= made.height
        for other in found[:i]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    for x, y in (point for route in made.routes for point in route):
        assert 0 <= x <= made.width
        assert 0 <= y <= made.height


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("rankdir", "axis", "sign"), [("TB", 1, 1), ("BT", 1, -1), ("LR", 0, 1), ("RL", 0, -1)])
def test_edges_flow_one_way_from_border_to_border(seed: int, rankdir: str, axis: int, sign: int) -> None:
    sizes, edges = random_graph(seed, 17, 30)
    made = layout(sizes, edges, rankdir)
    for (source, target), route in zip(edges, made.routes, strict=True):
        flow = [sign * point[axis] for point in route]
        assert flow == sorted(flow)
        for node, point, side in ((source, route[0], sign), (target, route[-1], -sign)):
            assert point[axis] == pytest.approx(made.nodes[node][axis] + side * sizes[node][axis] / 2)
            assert point[1 - axis] == pytest.approx(made.nodes[node][1 - axis])


def test_no_edge_runs_through_a_node() -> None:
    sizes, edges = [(40.0, 20.0)] * 12, [*((i, i + 1) for i in range(11)), (0, 11), (2, 7), (3, 9)]
    made = layout(sizes, edges, "TB")
    for (source, target), route in zip(edges, made.routes, strict=True):
        for x, y in route[1:-1]:
            inside = [i for i, (left, top, right, bottom) in enumerate(boxes(made)) if left < x < right and top <= y <= bottom]
            assert not set(inside) - {source, target}


def test_a_chain_is_a_straight_line() -> None:
    made = layout([SIZES[i % 5] for i in range(9)], [(i, i + 1) for i in range(8)], "TB")
    assert len({round(x, 6) for x, _ in made.nodes}) == 1
    assert [y for _, y in made.nodes] == sorted(y for _, y in made.nodes)


def test_a_long_edge_beside_a_chain_is_straight_and_shared() -> None:
    edges = [*((i, i + 1) for i in range(6)), (0, 4), (0, 6)]
    made = layout([(40.0, 20.0)] * 7, edges, "TB")
    long = made.routes[-1]
    assert len({round(x, 6) for x, _ in long[2:-2]}) == 1
    assert made.routes[-2][1:6] == long[1:6]


def test_edges_that_need_not_cross_do_not() -> None:
    made = layout([(40.0, 20.0)] * 6, [(0, 5), (1, 4), (2, 3)], "TB")
    places = [x for x, _ in made.nodes]
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert (places[a] < places[b]) == (places[5 - a] < places[5 - b])


def test_a_source_stands_before_what_reads_it() -> None:
    made = layout([(40.0, 20.0)] * 5, [(0, 1), (1, 2), (2, 3), (4, 3)], "LR")
    assert made.nodes[4][0] == made.nodes[2][0]


def test_circles_and_nothing_at_all() -> None:
    made = layout([(40.0, 20.0)] * 4, [(0, 1), (1, 2), (2, 0), (2, 3)], "TB")
    assert [made.nodes[i][1] for i in range(4)] == sorted(made.nodes[i][1] for i in range(4))
    assert made.routes[2][0][1] < made.nodes[2][1]
    assert layout([], [], "TB").nodes == []
