"""The environments of the programs that netproto is compared with. They are no dependencies: they are installed where no one else looks."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

PACKAGES = {
    "torch": ["torch==2.13.0", "numpy"],
    "opencv": ["opencv-python-headless<5", "numpy"],
    "onnxruntime": ["onnxruntime", "numpy"],
}


def default_folder() -> Path:
    """Where the environments are, if nobody says otherwise: in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "netproto-benchmarks"


def python(peer: str, folder: Path) -> str:
    """The interpreter of a peer's own environment, made at the first call."""
    place = folder / peer
    interpreter = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (place / "complete").exists():
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([str(interpreter), "-m", "pip", "install", "-q", *PACKAGES[peer]], check=True)
        (place / "complete").touch()
    return str(interpreter)
