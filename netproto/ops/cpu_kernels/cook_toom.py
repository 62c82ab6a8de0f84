"""The matrices of short convolutions: Cook-Toom, as Winograd used it, made exactly from a list of points.

F(m, r) makes m outputs of a filter with r taps from n = m + r - 1 inputs by n products instead of m * r:
y = A' [(G g) * (B' d)]. Polynomials of degree m - 1 and r - 1 are multiplied by their values at n - 1 points and at infinity; A and G take
the values, B interpolates. Small points of both signs keep the rounding errors small.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import numpy

Row = list[Fraction]


POINTS = {
    6: [Fraction(0), *(sign * Fraction(p, 4) for p in (3, 6) for sign in (1, -1))],
    7: [sign * Fraction(p, 8) for p in (2, 7, 14) for sign in (1, -1)],
    8: [Fraction(0), *(sign * Fraction(p, 4) for p in (2, 4, 7) for sign in (1, -1))],
}
"""By n, besides infinity. Of the pairs of small fractions that were tried, those with the smallest errors in all three products: 1e-6, 3e-6
and 5e-6 of the largest value for n = 6, 7 and 8, against float64. The usual 0, 1, -1, 2, -2 give 8e-6 for n = 6."""


@cache
def matrix(name: str, outputs: int, taps: int) -> numpy.ndarray:
    """A matrix of F(outputs, taps), n = outputs + taps - 1: "A" (n, outputs), "G" (n, taps), "B" (n, n); with ' transposed. float64."""
    a, g, b = cook_toom(outputs, taps, POINTS[outputs + taps - 1])
    found = {"A": a, "G": g, "B": b}[name[0]]
    return found.T.copy() if name.endswith("'") else found


def cook_toom(outputs: int, taps: int, points: Sequence[Fraction]) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """A, G, B on outputs + taps - 2 different points and infinity."""
    nodes = [
        (values(point, outputs), [v / distance(point, points) for v in values(point, taps)], [*product(others(point, points)), Fraction(0)])
        for point in points
    ]
    nodes.append((last(outputs), last(taps), product(points)))
    a, g, b = (numpy.array([[float(v) for v in node[i]] for node in nodes]) for i in range(3))
    return a, g, b.T.copy()


def values(point: Fraction, terms: int) -> Row:
    """The powers of a point that a polynomial's coefficients are weighted by."""
    return [point**i for i in range(terms)]


def last(terms: int) -> Row:
    """The value at infinity: the leading coefficient."""
    return [Fraction(int(i == terms - 1)) for i in range(terms)]


def others(point: Fraction, points: Sequence[Fraction]) -> list[Fraction]:
    return [other for other in points if other != point]


def distance(point: Fraction, points: Sequence[Fraction]) -> Fraction:
    """The product of the differences to all other points: the denominator of Lagrange's interpolation."""
    result = Fraction(1)
    for other in others(point, points):
        result *= point - other
    return result


def product(roots: Sequence[Fraction]) -> Row:
    """The coefficients, lowest first, of the polynomial with these roots and a leading 1."""
    row = [Fraction(1)]
    for root in roots:
        row = [(row[i - 1] if i else Fraction(0)) - (root * row[i] if i < len(row) else Fraction(0)) for i in range(len(row) + 1)]
    return row
