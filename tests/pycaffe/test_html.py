"""What a notebook shows."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from .helpers import NET, small_net


class Cells(HTMLParser):
    """The text of each table cell."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] and self.open[-1] in ("td", "th"):
            self.cells[-1] += data


def test_a_net_is_a_table_of_layers(tmp_path: Path) -> None:
    net = small_net(tmp_path, text=NET.replace('name: "small"', 'name: "a < b"'))
    text = net._repr_html_()
    cells = Cells(text).cells
    assert "a &lt; b, phase TEST: 5 layers, 268 learned numbers" in text
    row = cells.index("conv")
    assert cells[row : row + 5] == ["conv", "Convolution", "data", "conv 2 x 3 x 3 x 5", "3 x 3 x 3 x 3, 3"]


def test_blobs_are_a_table_of_values(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.blobs["ip"].data[...] = np.arange(8).reshape(2, 4)
    cells = Cells(net.blobs._repr_html_()).cells
    assert cells[cells.index("ip") + 1] == "2 x 4, values from 0 to 7, mean 3.5"
    assert repr(net.blobs["ip"]) == "<Blob 2 x 4>"
    learned = Cells(net.params._repr_html_()).cells
    assert learned[learned.index("conv") + 1].endswith("3, values from 0.5 to 0.5, mean 0.5")
