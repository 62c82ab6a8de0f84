"""Keeps a net in ONNX Runtime and runs it on demand (serve.py): `worker_onnxruntime.py FOLDER`. Needs ONNX Runtime alone."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from serve import serve


def main() -> None:
    folder = Path(sys.argv[1])
    session = onnxruntime.InferenceSession(str(folder / "net.onnx"), providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: np.load(folder / "input.npy")}
    output = float(np.abs(session.run(None, feed)[0]).mean())
    serve(lambda: session.run(None, feed), version=onnxruntime.__version__, output=output)


if __name__ == "__main__":
    main()
