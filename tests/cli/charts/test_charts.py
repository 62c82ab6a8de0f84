"""Charts as SVG and as pixels."""

import xml.etree.ElementTree as ET
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.cli.charts import Chart, Panel, Series, write
from netproto.cli.charts.chart import COLOURS, DASHES, LEFT, PANEL, RIGHT, WIDTH
from netproto.errors import FormatError

SVG = "{http://www.w3.org/2000/svg}"


def drawn(tmp_path: Path, chart: Chart) -> list[ET.Element]:
    """The lines of an SVG, grid and frames left out."""
    write(str(tmp_path / "chart.svg"), chart)
    root = ET.parse(tmp_path / "chart.svg").getroot()
    return [
        line
        for line in root.iter(f"{SVG}polyline")
        if line.get("stroke-width") in ("1", "1.8") and line.get("stroke") not in ("#e4e4e4", "#999999")
    ]


def points(line: ET.Element) -> list[tuple[float, ...]]:
    return [tuple(map(float, pair.split(","))) for pair in line.get("points", "").split()]


def test_points_stand_where_they_belong(tmp_path: Path) -> None:
    series = Series("a", [(0, 0.0), (10, nan), (20, 9.5), (30, inf), (40, 19.0)])
    (line,) = drawn(tmp_path, Chart("t", "x", [Panel("p", [series])]))
    (x0, y0), (x1, y1), (x2, y2) = points(line)
    assert (x0, x1, x2) == pytest.approx([LEFT, (LEFT + WIDTH - RIGHT) / 2, WIDTH - RIGHT], abs=0.1)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 - y2 == pytest.approx(PANEL * 19 / 19.95, abs=0.2), "the axis begins at 0 and leaves room above"


def test_a_panel_of_orders_of_magnitude_leaves_out_what_has_none(tmp_path: Path) -> None:
    (line,) = drawn(tmp_path, Chart("t", "x", [Panel("p", [Series("a", [(0, 1.0), (1, 0.0), (2, -1.0), (3, 0.1), (4, 0.01)])], log=True)]))
    heights = [y for _, y in points(line)]
    assert len(heights) == 3
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=0.2)


def test_looks(tmp_path: Path) -> None:
    line = [(0.0, 1.0), (1.0, 2.0)]
    of_one = Chart("t", "x", [Panel("p", [Series("a", line), Series("b", line)])])
    assert [(e.get("stroke"), e.get("stroke-dasharray")) for e in drawn(tmp_path, of_one)] == [(COLOURS[0], None), (COLOURS[1], None)]
    of_two = Chart("t", "x", [Panel("p", [Series(n, line, group) for group in ("one", "two") for n in ("a", "b")])])
    dash = " ".join(f"{d:g}" for d in DASHES[1])
    looks = [(e.get("stroke"), e.get("stroke-dasharray")) for e in drawn(tmp_path, of_two)]
    assert looks == [(COLOURS[0], None), (COLOURS[0], dash), (COLOURS[1], None), (COLOURS[1], dash)]


def test_a_long_line_is_thinned_and_keeps_its_extremes(tmp_path: Path) -> None:
    values = [(float(i), float(i % 7)) for i in range(100_000)]
    values[54_321] = (54_321.0, 14.0)
    (line,) = drawn(tmp_path, Chart("t", "x", [Panel("p", [Series("a", values)])]))
    assert len(points(line)) < 5 * WIDTH
    highest = min(points(line), key=lambda p: p[1])
    assert highest[0] == pytest.approx(LEFT + 0.54321 * (WIDTH - LEFT - RIGHT), abs=0.2)


def test_names_are_written_as_they_are(tmp_path: Path) -> None:
    chart = Chart("a < b & c", "x", [Panel('"p"', [Series("<loss>", [(0, 1.0), (1, 2.0)])])])
    write(str(tmp_path / "chart.svg"), chart)
    texts = [e.text for e in ET.parse(tmp_path / "chart.svg").getroot().iter(f"{SVG}text")]
    assert {"a < b & c", '"p"', "<loss>", "x", "0.0", "1.0"} <= set(texts)


def test_many_names_stand_in_several_lines(tmp_path: Path) -> None:
    series = [Series(f"a rather long name {i}", [(0, 1.0), (1, 2.0)]) for i in range(12)]
    chart = Chart("t", "x", [Panel("p", series)])
    assert {line for _, line, _ in chart.panels[0].legend()} == {0, 1, 2}
    write(str(tmp_path / "chart.svg"), chart)
    places = [
        (float(e.get("x", 0)), float(e.get("y", 0)))
        for e in ET.parse(tmp_path / "chart.svg").getroot().iter(f"{SVG}text")
        if "long" in str(e.text)
    ]
    assert len(set(places)) == 12
    assert max(x for x, _ in places) < WIDTH - 120


def test_pixels(tmp_path: Path) -> None:
    series = [
        Series("a", [(0, 1.0), (1, 1.0)], "g"),
        Series("b", [(0, 2.0), (1, 2.0)], "g"),
        Series("c", [(0, 3.0), (1, 3.0)], "h", dots=True),
    ]
    chart = Chart("title", "x", [Panel("p", series)])
    write(str(tmp_path / "chart.png"), chart)
    pixels = np.asarray(Image.open(tmp_path / "chart.png").convert("RGB")).astype(int)
    assert pixels.shape == (2 * chart.size[1], 2 * chart.size[0], 3)
    column = pixels[200:, WIDTH]
    colours = {tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in COLOURS[:2]}
    assert colours <= {tuple(map(int, pixel)) for pixel in pixels.reshape(-1, 3)}
    assert (column == (255, 255, 255)).all(axis=1).mean() > 0.8
    solid = (pixels[:, :, 2] > pixels[:, :, 0] + 60).sum(axis=1)
    lengths = sorted(row for row in solid if row > 500)
    dashed = [row for row in lengths if row < 0.75 * lengths[-1]]
    assert len(dashed) in (2, 3, 4), "the second of a group has gaps"


def test_another_suffix(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"chart\.pdf: no picture of a chart has this suffix\. Use \.png or \.svg"):
        write(str(tmp_path / "chart.pdf"), Chart("t", "x"))
