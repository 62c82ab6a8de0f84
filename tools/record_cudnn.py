"""Write down the names of an installed cuDNN frontend with their parameters, for the fake of tests/gpu. No GPU is needed, and no cuDNN.

usage: python tools/record_cudnn.py [FILE]
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import cudnn
from record_cupy import parameters

NAMES = Path(__file__).parents[1] / "tests" / "gpu" / "fakecupy" / "cudnn_names.json"
ENUMS = ("build_plan_policy", "data_type", "heur_mode", "numerical_note")


def method(name: str, function: Any) -> dict[str, Any] | None:
    """A graph's method without self. One that takes anything hands it on to a compiled one, whose docstring has its signatures."""
    found = parameters(function)
    compiled = getattr(cudnn._pybind_module.backend_graph, name, None)
    lines = [line for line in (getattr(compiled, "__doc__", None) or "").splitlines() if line.startswith(f"{name}(self")]
    if found and found["any"] and lines:
        found = {"names": [], "keywords": [], "any": False}
        found["names"] = list(dict.fromkeys(argument for line in lines for argument in re.findall(r"(\w+): ", line)))
    return found and found | {"names": [argument for argument in found["names"] if argument != "self"]}


def main() -> None:
    graph, tensor = (
        {name: method(name, function) for name, function in vars(kind).items() if callable(function) and name[0] != "_"}
        for kind in (cudnn.pygraph, cudnn.Tensor)
    )
    tables = {
        "cudnn": {name: parameters(thing) if callable(thing) else None for name, thing in vars(cudnn).items() if name[0] != "_"}
        | {"pygraph": parameters(cudnn.pygraph)},
        "cudnn.pygraph": graph,
        "cudnn.Tensor": tensor,
        **{f"cudnn.{enum}": dict.fromkeys(getattr(cudnn, enum).__members__) for enum in ENUMS},
    }
    lines = [f' "version": "{cudnn.__version__}"']
    for place, table in tables.items():
        rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(table.items()))
        lines.append(f' "{place}": {{\n{rows}\n }}')
    Path(sys.argv[1] if len(sys.argv) > 1 else NAMES).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
