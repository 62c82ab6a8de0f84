"""Write docs/layers.md: every layer type with what its docstring says.

usage: python tools/layer_reference.py
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from netproto.layers import LAYERS  # noqa: E402
from netproto.layers.base import Layer  # noqa: E402

PAGE = ROOT / "docs" / "layers.md"
HEAD = """# Layers

Made by `python tools/layer_reference.py` from the layers themselves. Shapes are those of the bottoms -> those of the tops; N is the batch,
C the channels. `in place`: the top may be the bottom.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(section(name, LAYERS[name]) for name in sorted(LAYERS, key=str.lower))])


def section(name: str, layer: type[Layer]) -> str:
    """One layer type: its arity, and the facts of its docstring as a list."""
    summary, *facts = inspect.getdoc(layer).split("\n\n")
    place = ", in place" if layer.in_place else ""
    lines = [f"## {name}", "", " ".join(summary.split()), "", f"Bottoms: {layer.bottoms}. Tops: {layer.tops}{place}.", ""]
    for paragraph in facts:
        for line in paragraph.split("\n"):
            heads = line[:1].isupper() and ":" in line.split(" ")[0]
            lines.append(f"- {line}" if heads else f"  {line.strip()}")
    return "\n".join(lines) + "\n"


def main() -> None:
    PAGE.write_text(page())
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
