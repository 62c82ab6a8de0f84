"""Write down every public name of an installed CuPy with its parameters, for the fake of tests/gpu. No GPU is needed.

usage: python tools/record_cupy.py [FILE]
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import warnings
from pathlib import Path
from typing import Any

NAMES = Path(__file__).parents[1] / "tests" / "gpu" / "fakecupy" / "names.json"
KEYWORD = r"(\w+)\s*(?:=[^,]*)?$"


def parameters(thing: Any) -> dict[str, Any] | None:
    """{"names": those that may be given by position, "keywords": those that may not, "any": whether *args or **kwargs}; None: unknown."""
    try:
        found = inspect.signature(thing).parameters.values()
    except (ValueError, TypeError):
        return _from_docstring(thing)
    return {
        "names": [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)],
        "keywords": [p.name for p in found if p.kind is p.KEYWORD_ONLY],
        "any": any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in found),
    }


def _from_docstring(thing: Any) -> dict[str, Any] | None:
    """Compiled functions say their signature in the first line."""
    return _from_line((getattr(thing, "__doc__", None) or "").strip().split("\n")[0])


def _from_line(line: str) -> dict[str, Any] | None:
    match = re.match(r"[\w.]+\((.*?)\)(?: ->.*)?$", line)
    if not match:
        return None
    before, _, after = match[1].replace("self, ", "").replace("self", "").partition("*,")
    names, keywords = ([m[1] for part in text.split(",") if (m := re.search(KEYWORD, part.strip()))] for text in (before, after))
    return {"names": names, "keywords": keywords, "any": "**" in match[1]}


def public(module: Any, *, ufunc: Any = ()) -> dict[str, Any]:
    table = {}
    for name in dir(module):
        thing = getattr(module, name, None)
        if name.startswith("_"):
            continue
        if ufunc and isinstance(thing, ufunc):
            table[name] = {"names": [None] * (thing.nin + thing.nout), "keywords": ["out", "casting", "dtype"], "any": False}
        else:
            table[name] = parameters(thing) if callable(thing) else None
    return table


def main() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import cupy
        import cupyx
        from cupy.cuda import device, memory, runtime
    tables = {
        "cupy": public(cupy, ufunc=cupy.ufunc),
        "ndarray": public(cupy.ndarray),
        "cupyx": public(cupyx),
        "cupy.cuda": public(cupy.cuda) | {"cublas": None, "nccl": None},  # modules that are loaded when they are first asked for
        "cupy.cuda.Stream": public(cupy.cuda.Stream),
        "cupy.cuda.Event": public(cupy.cuda.Event),
        "cupy.cuda.Graph": public(cupy.cuda.Graph),
        "cupy.cuda.MemoryPool": public(cupy.cuda.MemoryPool),
        "cupy.cuda.Device": public(cupy.cuda.Device),
        "cupy.cuda.runtime": public(runtime),
        "cupy.cuda.device": public(device),
        "cupy.cuda.memory": public(memory),
        "cupy.cuda.cublas": compiled_names("cublas"),
        "cupy.cuda.nccl": compiled_constants("nccl", "NCCL_") | compiled_signatures("nccl") | {"available": None},
        "cupy.cuda.nccl.NcclCommunicator": compiled_signatures("nccl", "NcclCommunicator."),
    }
    lines = [f' "version": "{cupy.__version__}"']
    for place, table in tables.items():
        rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(table.items()))
        lines.append(f' "{place}": {{\n{rows}\n }}')
    Path(sys.argv[1] if len(sys.argv) > 1 else NAMES).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def compiled_names(library: str) -> dict[str, None]:
    """The functions that a compiled binding names. It cannot be imported where its library is missing."""
    names = set(re.findall(rb"\b(?:[a-z]\w*(?:Ex|Batched)|getStream|setMathMode|CUBLAS_[A-Z0-9_]+)\b", binding(library)))
    return {name.decode(): None for name in names if len(name) < 60}


def compiled_constants(library: str, prefix: str) -> dict[str, None]:
    """The constants of a compiled binding."""
    return dict.fromkeys(name.decode() for name in re.findall(rb"(?<=\0)(%b[A-Z0-9]+)(?=\0)" % prefix.encode(), binding(library)))


def compiled_signatures(library: str, owner: str = "") -> dict[str, dict[str, Any] | None]:
    """The functions, or an owner's methods, of a compiled binding, by the signatures that it holds for their docstrings."""
    lines = re.findall(rb"\0%b((?!operator|decltype)[A-Za-z]\w*\([\w ,=]*\))[\0\n]" % re.escape(owner.encode()), binding(library))
    return {line.partition("(")[0]: _from_line(line) for line in map(bytes.decode, lines)}


def binding(library: str) -> bytes:
    """The file of a compiled binding."""
    import cupy_backends.cuda.libs

    (path,) = Path(cupy_backends.cuda.libs.__file__).parent.glob(f"{library}.*.so")
    return path.read_bytes()


if __name__ == "__main__":
    main()
