"""Nodes in ranks, edges between them: where everything is in a picture of a graph that flows one way.

Sugiyama's method: ranks by the longest path; an order in each rank with few crossings (mean place of the neighbours, up and down); then
paths without a fork are made straight, and moved towards what they lead to as far as the sizes of others allow. Edges over several ranks
get a bend in each, which edges from the same node share. Here "along" is the direction of flow, "across" the other one.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from math import inf

Point = tuple[float, float]
Size = tuple[float, float]

RANK_GAP, NODE_GAP, MARGIN = 34.0, 18.0, 12.0
ORDER_SWEEPS, PLACE_SWEEPS = 12, 40


@dataclass
class Layout:
    """Places in pixels, from the upper left. nodes: centres; sizes: (width, height); routes: the corners of each edge."""

    width: float
    height: float
    nodes: list[Point]
    sizes: list[Size]
    routes: list[list[Point]]


def layout(sizes: Sequence[Size], edges: Sequence[tuple[int, int]], rankdir: str) -> Layout:
    """Place nodes of these sizes (width, height). rankdir: TB, BT, LR or RL."""
    upright = rankdir in ("TB", "BT")
    along = [height if upright else width for width, height in sizes]
    across = [width if upright else height for width, height in sizes]
    plan = _Plan(len(sizes), edges)
    order = _ordered(plan)
    across += [0.0] * (plan.count - plan.nodes)
    places = _places(plan, order, across)
    low, high = _bands(plan, along)
    extent = max((place + size / 2 for place, size in zip(places, across, strict=True)), default=0.0) + MARGIN
    length = max(high, default=0.0) + MARGIN

    def point(across_: float, along_: float) -> Point:
        flowing = length - along_ if rankdir in ("BT", "RL") else along_
        return (across_, flowing) if upright else (flowing, across_)

    centres = [(low[plan.ranks[i]] + high[plan.ranks[i]]) / 2 for i in range(len(sizes))]
    routes = []
    for chain in plan.chains:
        ahead = 1 if plan.ranks[chain[-1]] >= plan.ranks[chain[0]] else -1
        corners = [
            edge for item in chain for edge in ((places[item], low[plan.ranks[item]]), (places[item], high[plan.ranks[item]]))[::ahead]
        ]
        first, last = chain[0], chain[-1]
        corners[0] = places[first], centres[first] + ahead * along[first] / 2
        corners[-1] = places[last], centres[last] - ahead * along[last] / 2
        routes.append([point(*corner) for corner in dict.fromkeys(corners)])
    width, height = point(extent, length) if rankdir in ("TB", "LR") else point(extent, 0)
    return Layout(width, height, [point(places[i], centres[i]) for i in range(len(sizes))], list(sizes), routes)


class _Plan:
    """Ranks of nodes and bends, the chain of nodes and bends that each edge is, and the neighbours of each in the ranks beside it."""

    def __init__(self, nodes: int, edges: Sequence[tuple[int, int]]):
        self.ranks = _ranks(nodes, edges)
        self.nodes = nodes
        self._bends: dict[tuple[int, int], int] = {}
        self.chains = [self._chain(source, target) for source, target in edges]
        self.count = len(self.ranks)
        self.before: list[list[int]] = [[] for _ in self.ranks]
        self.after: list[list[int]] = [[] for _ in self.ranks]
        for a, b in dict.fromkeys(pair for chain in self.chains for pair in pairwise(chain)):
            if self.ranks[a] != self.ranks[b]:
                upper, lower = (a, b) if self.ranks[a] < self.ranks[b] else (b, a)
                self.after[upper].append(lower)
                self.before[lower].append(upper)

    def _chain(self, source: int, target: int) -> list[int]:
        first, last = self.ranks[source], self.ranks[target]
        step = 1 if last >= first else -1
        return [source, *(self._bend(source, rank) for rank in range(first + step, last, step)), target]

    def _bend(self, source: int, rank: int) -> int:
        """The bend of a node's edges in a rank."""
        if (source, rank) not in self._bends:
            self._bends[source, rank] = len(self.ranks)
            self.ranks.append(rank)
        return self._bends[source, rank]

    def rows(self) -> list[list[int]]:
        """The nodes and bends of each rank, by number."""
        rows: list[list[int]] = [[] for _ in range(max(self.ranks, default=-1) + 1)]
        for item, rank in enumerate(self.ranks):
            rows[rank].append(item)
        return rows


def _ranks(nodes: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The longest path to each node; nodes that nothing leads to stand right before what they lead to. A circle is cut at its first."""
    after: list[list[int]] = [[] for _ in range(nodes)]
    waits_for = [0] * nodes
    for source, target in edges:
        after[source].append(target)
        waits_for[target] += 1
    sources = [not waiting for waiting in waits_for]
    ranks, done = [0] * nodes, [False] * nodes
    ready = [i for i in range(nodes) if sources[i]]
    for first in range(nodes):
        if not ready and not done[first]:
            ready.append(first)
        while ready:
            node = ready.pop()
            if done[node]:
                continue
            done[node] = True
            for target in after[node]:
                waits_for[target] -= 1
                if not done[target]:
                    ranks[target] = max(ranks[target], ranks[node] + 1)
                    if not waits_for[target]:
                        ready.append(target)
    for node in range(nodes):
        if sources[node] and after[node]:
            ranks[node] = max(0, min(ranks[target] for target in after[node]) - 1)
    return ranks


def _ordered(plan: _Plan) -> list[list[int]]:
    """The order in each rank with the fewest crossings that were seen."""
    rows = plan.rows()
    best, fewest = [list(row) for row in rows], _crossings(plan, rows)
    for sweep in range(ORDER_SWEEPS):
        if not fewest:
            break
        beside, walk = (plan.before, rows[1:]) if sweep % 2 == 0 else (plan.after, rows[-2::-1])
        place = {item: float(i) for row in rows for i, item in enumerate(row)}
        for row in walk:
            means = {item: _mean([place[n] for n in beside[item]], place[item]) for item in row}
            row.sort(key=means.__getitem__)
            place.update((item, float(i)) for i, item in enumerate(row))
        crossings = _crossings(plan, rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _crossings(plan: _Plan, rows: list[list[int]]) -> int:
    """How many pairs of edges between neighbouring ranks cross."""
    total = 0
    for upper, lower in pairwise(rows):
        place = {item: i for i, item in enumerate(lower)}
        seen: list[int] = []
        for item in upper:
            ends = sorted(place[n] for n in plan.after[item])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _places(plan: _Plan, order: list[list[int]], across: list[float]) -> list[float]:
    """The centre of each node and bend across the flow."""
    paths = _paths(plan, order)
    path_of = {item: number for number, path in enumerate(paths) for item in path}
    left: list[dict[int, float]] = [{} for _ in paths]
    right: list[dict[int, float]] = [{} for _ in paths]
    for row in order:
        for one, next_one in pairwise(row):
            a, b = path_of[one], path_of[next_one]
            distance = (across[one] + across[next_one]) / 2 + NODE_GAP
            left[b][a] = right[a][b] = max(left[b].get(a, 0.0), distance)
    ends = [[path_of[n] for n in (*plan.before[path[0]], *plan.after[path[-1]])] for path in paths]
    places = _relaxed(left, right, ends)
    start = min((places[path_of[i]] - across[i] / 2 for i in range(plan.count)), default=0.0) - MARGIN
    return [places[path_of[i]] - start for i in range(plan.count)]


def _relaxed(left: list[dict[int, float]], right: list[dict[int, float]], ends: list[list[int]]) -> list[float]:
    """Where each path is. left, right: the paths beside it, and how far from them it must be; ends: the paths that it leads to.

    From the place farthest left that leaves everybody room, each moves towards its ends, those in front first.
    """
    sequence = list(TopologicalSorter(dict(enumerate(left))).static_order())
    places = [0.0] * len(left)
    for path in sequence:
        places[path] = max((places[a] + distance for a, distance in left[path].items()), default=0.0)
    for sweep in range(PLACE_SWEEPS):
        for path in sequence if sweep % 2 else reversed(sequence):
            wanted = _mean([places[n] for n in ends[path]], places[path])
            least = max((places[a] + distance for a, distance in left[path].items()), default=-inf)
            most = min((places[b] - distance for b, distance in right[path].items()), default=inf)
            places[path] = min(max(wanted, least), most)
    return places


def _paths(plan: _Plan, order: list[list[int]]) -> list[list[int]]:
    """All nodes and bends in paths without a fork, of which no two cross: where they would, one is cut in two."""
    links: dict[int, int] = {}
    for row, next_row in pairwise(order):
        place = {item: i for i, item in enumerate(next_row)}
        last = -1
        for item in row:
            after = plan.after[item]
            if len(after) == 1 and len(plan.before[after[0]]) == 1 and place[after[0]] > last:
                links[item] = after[0]
                last = place[after[0]]
    inner = set(links.values())
    paths = [[item] for item in range(plan.count) if item not in inner]
    for path in paths:
        while path[-1] in links:
            path.append(links[path[-1]])
    return paths


def _bands(plan: _Plan, along: list[float]) -> tuple[list[float], list[float]]:
    """Where each rank begins and ends along the flow."""
    low, high, edge = [], [], MARGIN
    for row in plan.rows():
        low.append(edge)
        edge += max((along[item] for item in row if item < plan.nodes), default=0.0)
        high.append(edge)
        edge += RANK_GAP
    return low, high


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
