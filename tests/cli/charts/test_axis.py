"""Axes and their ticks."""

import pytest

from netproto.cli.charts.axis import Axis, fitted


@pytest.mark.parametrize(
    ("low", "high", "count", "texts"),
    [
        (0, 300, 8, ["0", "50", "100", "150", "200", "250", "300"]),
        (0, 450000, 8, ["0", "100,000", "200,000", "300,000", "400,000"]),
        (0.0979, 0.1002, 6, ["0.0980", "0.0985", "0.0990", "0.0995", "0.1000"]),
        (-0.7, 1.3, 6, ["-0.5", "0.0", "0.5", "1.0"]),
        (2.5e-9, 7.5e-9, 6, ["3e-09", "4e-09", "5e-09", "6e-09", "7e-09"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, count: int, texts: list[str]) -> None:
    ticks = Axis(low, high, 0, 100).ticks(count)
    assert [text for _, text in ticks] == texts
    assert [value for value, _ in ticks] == pytest.approx([float(text.replace(",", "")) for text in texts])


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [
        (0.03, 7, [0.05, 0.1, 0.2, 0.5, 1, 2, 5]),
        (1e-5, 1, [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]),
        (1e-12, 1, [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 0.01, 1]),
    ],
)
def test_ticks_of_orders_of_magnitude(low: float, high: float, values: list[float]) -> None:
    assert [value for value, _ in Axis(low, high, 0, 100, log=True).ticks(6)] == pytest.approx(values)


def test_an_axis_of_less_than_a_decade_has_ordinary_ticks() -> None:
    assert [text for _, text in Axis(2, 5, 0, 100, log=True).ticks(6)] == ["2.0", "2.5", "3.0", "3.5", "4.0", "4.5", "5.0"]


def test_places() -> None:
    assert Axis(10, 30, 100, 500).place(15) == 200
    assert Axis(10, 30, 500, 100).place(15) == 400
    assert Axis(0.01, 100, 0, 40, log=True).place(10) == pytest.approx(30)


def test_an_axis_shows_its_values_and_zero_where_it_is_near() -> None:
    assert (fitted([1.0, 21.0], 0, 1).low, fitted([1.0, 21.0], 0, 1).high) == (0, 22)
    assert (fitted([11.0, 21.0], 0, 1).low, fitted([11.0, 21.0], 0, 1).high) == (10.5, 21.5)
    assert fitted([-1.0, 19.0], 0, 1).low == -2
    assert (fitted([3.0, 7.0], 0, 1, tight=True).low, fitted([3.0, 7.0], 0, 1, tight=True).high) == (3, 7)
    assert fitted([1.0, 1e20], 0, 1, log=True).low == pytest.approx(0.1)


@pytest.mark.parametrize("values", [[], [5.0], [0.0], [-3.0]])
def test_an_axis_has_a_length_whatever_it_shows(values: list[float]) -> None:
    axis = fitted(values, 0, 100)
    assert all(0 <= axis.place(value) <= 100 for value in values)
    assert axis.low < axis.high
